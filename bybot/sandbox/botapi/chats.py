"""Methods about the bot itself, chats, files and button presses."""

from __future__ import annotations

import json
import re
from typing import Any

from bybot.sandbox.botapi.api import BotApi, method
from bybot.sandbox.botapi.errors import bad_request
from bybot.sandbox.botapi.files import DOWNLOAD_LIMIT, unique_id
from bybot.sandbox.botapi.messages import chat_peer
from bybot.sandbox.botapi.requests import Call
from bybot.sandbox.botapi.views import chat_json, user_json
from bybot.sandbox.world.model import Account

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_PROFILE = {"Name": ("name", 64), "Description": ("description", 512), "ShortDescription": ("short_description", 120)}


@method("getMe")
async def get_me(api: BotApi, bot: Account, call: Call) -> Any:
    return user_json(bot, me=True)


@method("getChat")
async def get_chat(api: BotApi, bot: Account, call: Call) -> Any:
    peer = chat_peer(api, bot, call)
    owner = api.world.resolve(peer)
    if peer.kind == "channel":
        api.world.messages_of(bot, peer)  # refuses chats that the bot cannot see
    return chat_json(owner, full=True)


@method("getFile")
async def get_file(api: BotApi, bot: Account, call: Call) -> Any:
    file_id = call.text("file_id")
    file = api.files.find(file_id)
    if file.size > DOWNLOAD_LIMIT:
        raise bad_request("file is too big")
    path = api.files.path_of(file)
    return {"file_id": file_id, "file_unique_id": unique_id(file), "file_size": file.size, "file_path": path}


@method("answerCallbackQuery")
async def answer_callback_query(api: BotApi, bot: Account, call: Call) -> Any:
    text = call.optional("text")
    if text is not None and len(text) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    # An id that is no number is as unknown as one that was never given out.
    query_id = call.text("callback_query_id")
    number = int(query_id) if query_id.isdigit() else 0
    api.world.answer_callback(bot, number, text, call.flag("show_alert"), call.optional("url"))
    return True


# Commands -----------------------------------------------------------------------------------------------------


def _command_key(bot: Account, call: Call) -> tuple[int, str]:
    scope = call.json("scope") or {"type": "default"}
    return bot.id, json.dumps([scope, call.text("language_code")], sort_keys=True)


@method("setMyCommands")
async def set_my_commands(api: BotApi, bot: Account, call: Call) -> Any:
    commands = call.json("commands")
    if not isinstance(commands, list):
        raise bad_request("can't parse commands JSON object")
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    kept = []
    for item in commands:
        name, description = str(item.get("command", "")).removeprefix("/"), str(item.get("description", ""))
        if not _COMMAND.fullmatch(name):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(description) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        kept.append({"command": name, "description": description})
    api.commands[_command_key(bot, call)] = kept
    return True


@method("getMyCommands")
async def get_my_commands(api: BotApi, bot: Account, call: Call) -> Any:
    return api.commands.get(_command_key(bot, call), [])


@method("deleteMyCommands")
async def delete_my_commands(api: BotApi, bot: Account, call: Call) -> Any:
    api.commands.pop(_command_key(bot, call), None)
    return True


def _register_profile(part: str, parameter: str, limit: int) -> None:
    @method(f"setMy{part}")
    async def set_part(api: BotApi, bot: Account, call: Call) -> Any:
        text = call.text(parameter)
        if len(text) > limit:
            raise bad_request(f"bot {parameter.replace('_', ' ')} is too long")
        api.profile[bot.id, part, call.text("language_code")] = text
        return True

    @method(f"getMy{part}")
    async def get_part(api: BotApi, bot: Account, call: Call) -> Any:
        default = bot.first_name if part == "Name" else ""
        return {parameter: api.profile.get((bot.id, part, call.text("language_code"))) or default}


for _part, (_parameter, _limit) in _PROFILE.items():
    _register_profile(_part, _parameter, _limit)
