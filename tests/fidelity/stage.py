"""The chats for the checks: made through Telethon, and deleted afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telethon import TelegramClient, functions, types, utils

from tests.fidelity.checks import Stage


async def _made(a: TelegramClient, title: str, *, megagroup: bool = False) -> Any:
    request = functions.channels.CreateChannelRequest(title, about="", broadcast=not megagroup, megagroup=megagroup)
    return utils.get_input_peer((await a(request)).chats[0])


def _channel(peer: Any) -> Any:
    return types.InputChannel(peer.channel_id, peer.access_hash)


@asynccontextmanager
async def stage(a: TelegramClient, b: TelegramClient) -> AsyncIterator[Stage]:
    """Four new chats of the first account; the second one joins the channel and the group by a link.

    Args:
        a, b: connected clients of two accounts.
    """
    news, copies = await _made(a, "Fidelity"), await _made(a, "Fidelity copies")
    talk, forum = await _made(a, "Fidelity talk", megagroup=True), await _made(a, "Fidelity topics", megagroup=True)
    try:
        await a(functions.channels.ToggleForumRequest(_channel(forum), enabled=True, tabs=False))
        for peer in (news, talk):
            link = await a(functions.messages.ExportChatInviteRequest(peer))
            await b(functions.messages.ImportChatInviteRequest(link.link.rpartition("+")[2]))
        await b.get_dialogs(limit=20)
        yield Stage(a, b, news, copies, talk, forum)
    finally:
        for peer in (news, copies, talk, forum):
            await a(functions.channels.DeleteChannelRequest(_channel(peer)))
