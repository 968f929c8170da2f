"""The control surface: HTTP with JSON, for tests, demos and the chat page.

``GET /control/<name>?…`` reads, ``POST /control/<name>`` with a JSON object acts, ``DELETE /control/faults`` and
``DELETE /control/counters`` start anew. Errors are ``{"error": text}`` with status 400 (404 for an unknown name).
People and chats are named as in seeds; ``as`` is the person who acts. Logins, data centres and the hard states of
accounts are in :mod:`bybot.sandbox.control_accounts`.
:class:`bybot.sandbox.control_client.ControlClient` has a method for each.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from telethon.tl import types

from bybot.sandbox import actors, control_accounts
from bybot.sandbox.control_table import Action, Actions, Params
from bybot.sandbox.seed import find_account, find_channel, find_peer, plant
from bybot.sandbox.world.channels import ALL_RIGHTS
from bybot.sandbox.world.errors import TelegramError

if TYPE_CHECKING:
    from bybot.sandbox.server import Sandbox

_actions = Actions()
reads, acts = _actions.reads, _actions.acts


def routes(sandbox: Sandbox) -> list[Route]:
    """All of the control surface."""
    readers = _actions.readers | control_accounts.actions.readers
    writers = _actions.writers | control_accounts.actions.writers

    async def read(request: Request) -> Response:
        return await _answer(sandbox, readers.get(request.path_params["name"]), dict(request.query_params))

    async def act(request: Request) -> Response:
        try:
            params = await request.json()
        except ValueError:
            params = None
        if not isinstance(params, dict):
            return JSONResponse({"error": "the body must be a JSON object"}, status_code=400)
        return await _answer(sandbox, writers.get(request.path_params["name"]), params)

    async def reset(request: Request) -> Response:
        if request.path_params["name"] == "counters":
            sandbox.counters.reset()
        elif request.path_params["name"] == "faults":
            wanted = request.query_params.get("id")
            sandbox.faults.clear(int(wanted) if wanted else None)
        else:
            return JSONResponse({"error": "there is no such thing"}, status_code=404)
        return JSONResponse({"ok": True})

    async def file(request: Request) -> Response:
        found = sandbox.world.files.get(int(request.path_params["id"]))
        if found is None:
            return JSONResponse({"error": "there is no such file"}, status_code=404)
        if found.kind == "photo":
            return Response(found.data, media_type="image/png" if found.data[:1] == b"\x89" else "image/jpeg")
        headers = {"Content-Disposition": "attachment"}
        return Response(found.data, media_type="application/octet-stream", headers=headers)

    async def events(request: Request) -> Response:
        try:
            person = find_account(sandbox.world, request.query_params.get("as", ""))
        except LookupError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        stream = sandbox.live.stream(person)
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    return [
        Route("/control/file/{id:int}", file, methods=["GET"]),
        Route("/control/events", events, methods=["GET"]),
        Route("/control/{name}", read, methods=["GET"]),
        Route("/control/{name}", act, methods=["POST"]),
        Route("/control/{name}", reset, methods=["DELETE"]),
    ]


async def _answer(sandbox: Sandbox, action: Action | None, params: Params) -> Response:
    if action is None:
        return JSONResponse({"error": "there is no such action"}, status_code=404)
    try:
        return JSONResponse(await action(sandbox, params))
    except KeyError as error:
        return JSONResponse({"error": f"{error.args[0]!r} is missing"}, status_code=400)
    except TelegramError as error:
        return JSONResponse({"error": error.message}, status_code=400)
    except (LookupError, ValueError, TypeError) as error:
        return JSONResponse({"error": str(error)}, status_code=400)


# Reading ------------------------------------------------------------------------------------------------------


@reads
async def world(sandbox: Sandbox, params: Params) -> Any:
    """Accounts, channels and addresses."""
    return {
        "accounts": [
            actors.account_json(account) | {"password": sandbox.passwords.get(account.id)}
            for account in sandbox.world.accounts.all()
        ],
        "channels": [actors.channel_json(sandbox.world, channel) for channel in sandbox.world.channels.all()],
        "addresses": sandbox.addresses(),
        "now": sandbox.world.clock.now().isoformat(),
    }


@reads
async def chat(sandbox: Sandbox, params: Params) -> Any:
    """``as``, ``with``, ``after``, ``limit``: a chat's newest messages, oldest first."""
    viewer = find_account(sandbox.world, params["as"])
    peer = find_peer(sandbox.world, params["with"])
    after, limit = int(params.get("after", 0)), int(params.get("limit", 100))
    return actors.chat_json(sandbox.world, viewer, peer, after=after, limit=limit)


@reads
async def code(sandbox: Sandbox, params: Params) -> Any:
    """``phone`` or ``as``: the newest login code."""
    phone = params.get("phone") or find_account(sandbox.world, params["as"]).phone or ""
    return {"code": sandbox.auth.next_code(phone)}


@reads
async def counters(sandbox: Sandbox, params: Params) -> Any:
    """Calls by name and account, unknown requests, duplicate violations."""
    return sandbox.counters.as_json()


@reads
async def faults(sandbox: Sandbox, params: Params) -> Any:
    """All faults with how often they took effect."""
    return {"faults": sandbox.faults.active()}


# Acting -------------------------------------------------------------------------------------------------------


@acts
async def seed(sandbox: Sandbox, params: Params) -> Any:
    """Add what a seed describes."""
    sandbox.passwords |= await plant(sandbox.world, sandbox.auth, params)
    return await world(sandbox, {})


@acts
async def post(sandbox: Sandbox, params: Params) -> Any:
    """``as``, ``chat``, and what :func:`bybot.sandbox.seed.plant_post` takes: the ids of what was posted."""
    person = find_account(sandbox.world, params["as"])
    peer = find_peer(sandbox.world, params["chat"])
    return {"ids": [message.id for message in actors.say(sandbox.world, person, peer, params)]}


@acts
async def say(sandbox: Sandbox, params: Params) -> Any:
    """``as``, ``bot``, ``text``: a person writes to a bot."""
    person, bot = find_account(sandbox.world, params["as"]), find_account(sandbox.world, params["bot"])
    return {"ids": [message.id for message in actors.say(sandbox.world, person, bot.peer, params)]}


@acts
async def edit(sandbox: Sandbox, params: Params) -> Any:
    """``as``, ``chat``, ``id``, ``text`` or ``html``."""
    person = find_account(sandbox.world, params["as"])
    peer = find_peer(sandbox.world, params["chat"])
    return {"id": actors.edit(sandbox.world, person, peer, int(params["id"]), params).id}


@acts
async def delete(sandbox: Sandbox, params: Params) -> Any:
    """``as``, ``chat``, ``ids``."""
    person = find_account(sandbox.world, params["as"])
    peer = find_peer(sandbox.world, params["chat"])
    return {"ids": list(sandbox.world.delete_messages(person, peer, [int(id_) for id_ in params["ids"]]))}


@acts
async def press(sandbox: Sandbox, params: Params) -> Any:
    """``as``, ``bot``, ``message_id``, ``data`` or ``label``: what the bot answered."""
    person, bot = find_account(sandbox.world, params["as"]), find_account(sandbox.world, params["bot"])
    return await actors.press(
        sandbox.world,
        person,
        bot,
        int(params["message_id"]),
        data=params.get("data"),
        label=params.get("label"),
    )


@acts
async def membership(sandbox: Sandbox, params: Params) -> Any:
    """``as``, ``chat``, ``do``: join, leave, ban, forgive, admin or demote."""
    person, channel = find_account(sandbox.world, params["as"]), find_channel(sandbox.world, params["chat"])
    channels = sandbox.world.channels
    match params["do"]:
        case "join":
            sandbox.world.join(person, channel)
        case "leave":
            channels.leave(person, channel)
        case "ban":
            channels.ban(channel, person)
        case "forgive":
            channels.ban(channel, person, types.ChatBannedRights(until_date=None))
        case "admin":
            channels.set_admin(channel, person, ALL_RIGHTS)
        case "demote":
            channels.set_admin(channel, person, types.ChatAdminRights())
        case other:
            raise ValueError(f"unknown: do {other!r}")
    return actors.channel_json(sandbox.world, channel)


@acts
async def protect(sandbox: Sandbox, params: Params) -> Any:
    """``chat``, ``on``: forbid forwarding from a channel, or allow it."""
    channel = find_channel(sandbox.world, params["chat"])
    sandbox.world.channels.set_noforwards(channel, bool(params.get("on", True)))
    return {"noforwards": channel.noforwards}


@acts
async def block(sandbox: Sandbox, params: Params) -> Any:
    """``as``, ``bot``, ``on``: a person blocks a bot, or unblocks it."""
    person, bot = find_account(sandbox.world, params["as"]), find_account(sandbox.world, params["bot"])
    on = bool(params.get("on", True))
    if on:
        person.blocked.add(bot.id)
    else:
        person.blocked.discard(bot.id)
    sandbox.bot_api.blocked(bot, person, on=on)
    return {"blocked": on}


@acts
async def fault(sandbox: Sandbox, params: Params) -> Any:
    """A fault (see :mod:`bybot.sandbox.faults`); ``account`` may be a name."""
    spec = dict(params)
    if isinstance(spec.get("account"), str):
        spec["account"] = find_account(sandbox.world, spec["account"]).id
    if isinstance(spec.get("channel"), str):
        spec["channel"] = find_channel(sandbox.world, spec["channel"]).id
    return {"id": sandbox.faults.add(**spec).id}


@acts
async def wait_fault(sandbox: Sandbox, params: Params) -> Any:
    """``id``, ``timeout``: wait until a fault has taken effect."""
    timeout = min(float(params.get("timeout", 30)), 120)
    return {"fired": await sandbox.faults.wait_fired(int(params["id"]), timeout)}


@acts
async def cut(sandbox: Sandbox, params: Params) -> Any:
    """``account`` (or all): close its MTProto connections."""
    wanted = params.get("account")
    account_id = None if wanted is None else find_account(sandbox.world, wanted).id
    return {"closed": sandbox.network.close_connections(account_id)}


@acts
async def accept_qr(sandbox: Sandbox, params: Params) -> Any:
    """``as``, ``url`` or ``token``: a person approves a login shown as a QR picture; without both, the newest one."""
    person = find_account(sandbox.world, params["as"])
    if text := params.get("url") or params.get("token"):
        token = _token(str(text))
    elif (newest := sandbox.auth.newest_qr()) is not None:
        token = newest.token
    else:
        raise LookupError("no QR login is waiting")
    login = sandbox.auth.accept_token(person, token)
    now = sandbox.world.clock.now()
    sandbox.mtproto.push_to(login.session, types.UpdateShort(update=types.UpdateLoginToken(), date=now))
    return {"accepted": True}


def _token(text: str) -> bytes:
    value = parse_qs(urlsplit(text).query).get("token", [""])[0] if "://" in text else text
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except (ValueError, binascii.Error):
        raise ValueError("that is no login token") from None


@acts
async def pause(sandbox: Sandbox, params: Params) -> Any:
    """``on``: the MTProto server goes away, or comes back at the same address."""
    if params.get("on", True):
        await sandbox.pause()
    else:
        await sandbox.resume()
    return {"paused": bool(params.get("on", True))}


@acts
async def stop(sandbox: Sandbox, params: Params) -> Any:
    """End the sandbox, where it runs as a process of its own."""
    sandbox.stopped.set()
    return {"stopping": True}
