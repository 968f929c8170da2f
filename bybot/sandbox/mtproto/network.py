"""The data centres of one Telegram: which there are, and what concerns all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from telethon.tl import types

if TYPE_CHECKING:
    from bybot.sandbox.mtproto.server import MtprotoServer


class Network:
    """Knows every data centre by its number; each adds itself.

    Attributes:
        servers: the data centres, in the order of their making.
    """

    def __init__(self) -> None:
        self.servers: dict[int, MtprotoServer] = {}

    def require(self, dc_id: int) -> int:
        """The same number.

        Raises:
            LookupError: there is no such data centre.
        """
        if dc_id not in self.servers:
            raise LookupError(f"there is no data centre {dc_id}; there are {', '.join(map(str, self.servers))}")
        return dc_id

    def options(self) -> list[types.DcOption]:
        """What help.getConfig tells of them."""
        return [
            types.DcOption(id=id_, ip_address=server.address[0], port=server.address[1])
            for id_, server in self.servers.items()
        ]

    def spec(self) -> str:
        """All of them as TELEGRAM_DC takes them: ``id:host:port``, separated by commas."""
        return ",".join(f"{id_}:{host}:{port}" for id_, (host, port) in self.addresses().items())

    def addresses(self) -> dict[int, tuple[str, int]]:
        """Host and port of each."""
        return {id_: server.address for id_, server in self.servers.items()}

    async def start(self, host: str, ports: Sequence[int]) -> None:
        """Let every data centre listen; those without a port take a free one.

        Raises:
            OSError: a port is in use.
        """
        for place, server in enumerate(self.servers.values()):
            await server.start(host, ports[place] if place < len(ports) else 0)

    async def stop(self) -> None:
        """Close every connection and end every request in progress."""
        for server in self.servers.values():
            await server.stop()

    async def restart(self) -> None:
        """Let all of them listen again where they did before."""
        for server in self.servers.values():
            await server.start(*server.address)

    def close_connections(self, account_id: int | None = None) -> int:
        """Cut the connections of an account, or all of them. Returns how many there were."""
        return sum(server.close_connections(account_id) for server in self.servers.values())
