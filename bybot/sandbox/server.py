"""A whole Telegram in one process: the world, MTProto, the Bot API, the control surface and the chat page.

async with Sandbox(seed=load_seed("demo")) as sandbox:
    ...  # sandbox.dc_spec, sandbox.rsa_public_key_pem, sandbox.bot_api_url, sandbox.control_url
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from starlette.applications import Starlette

from bybot.clock import Clock, SystemClock
from bybot.sandbox import control, page
from bybot.sandbox.botapi import http as bot_http
from bybot.sandbox.botapi.api import BotApi
from bybot.sandbox.faults import Counters, Faults
from bybot.sandbox.http import HttpServer, LocalOnly
from bybot.sandbox.live import Live
from bybot.sandbox.mtproto.auth_service import AuthService
from bybot.sandbox.mtproto.network import Network
from bybot.sandbox.mtproto.server import MtprotoServer
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.rsa import ServerKey, process_key
from bybot.sandbox.seed import plant
from bybot.sandbox.socks import SocksServer
from bybot.sandbox.world.model import HOME_DC
from bybot.sandbox.world.world import World

if TYPE_CHECKING:
    from bybot.sandbox.firestore.server import FirestoreServer

KEY_FILE = "server_key.pem"
PUBLIC_KEY_FILE = "server_public_key.pem"


@dataclass(frozen=True)
class Ports:
    """Where the servers of a sandbox listen; 0 is any free port, None leaves a server out."""

    mtproto: int = 0
    http: int = 0
    firestore: int | None = None
    socks: int | None = None


class Sandbox:
    """One sandbox Telegram; an async context manager.

    Args:
        host: address of all servers.
        dcs: the numbers of the data centres; more than one for logins and files that live elsewhere. People and files
            are at number 2 unless a seed or the control surface says otherwise.
        mtproto_port, http_port: 0 takes a free one; the first is of the first data centre, others take any.
        firestore_port, socks_port: None leaves these servers out.
        state_dir: where the server's key and the auth keys are kept over a restart; None keeps them in memory.
        switches: rules that tests choose.
        seed: what the world starts with; see :mod:`bybot.sandbox.seed`.
        clock: where the world's dates come from.

    Attributes:
        world, faults, counters, auth, network, bot_api, live: the parts.
        mtproto: the first data centre.
        passwords: two-step passwords that came with seeds, by account id, for the chat page.
        stopped: set when the control surface was asked to end the sandbox.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        dcs: Sequence[int] = (HOME_DC,),
        mtproto_port: int = 0,
        http_port: int = 0,
        firestore_port: int | None = None,
        socks_port: int | None = None,
        state_dir: Path | None = None,
        switches: Switches | None = None,
        seed: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.host = host
        self.dcs = tuple(dcs)
        self.ports = Ports(mtproto_port, http_port, firestore_port, socks_port)
        self.state_dir = state_dir
        self.switches = switches or Switches()
        self.clock: Clock = clock or SystemClock()
        self.world = World(self.clock)
        self.faults = Faults(self.clock)
        self.counters = Counters()
        self.stopped = asyncio.Event()
        self.firestore_address = ""
        self.socks_address: tuple[str, int] = ("", 0)
        self.passwords: dict[int, str] = {}
        self._seed = seed or {}
        self._http_port = 0
        self._http: HttpServer | None = None
        self._firestore: FirestoreServer | None = None
        self._socks: SocksServer | None = None
        self._paused = False

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # Life -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Plant the seed and listen.

        Raises:
            OSError: a port is in use.
            ValueError, LookupError: the seed is wrong.
        """
        if self.state_dir is None:
            key = await asyncio.to_thread(process_key)
        else:
            key = await asyncio.to_thread(ServerKey.load_or_create, self.state_dir / KEY_FILE)
            (self.state_dir / PUBLIC_KEY_FILE).write_text(key.public_pem)
        self.auth = AuthService(self.world, switches=self.switches, state_dir=self.state_dir)
        self.network = Network()
        for dc_id in self.dcs:
            self._add_data_centre(dc_id, key)
        self.mtproto = self.network.servers[self.dcs[0]]
        self.bot_api = BotApi(self.world, self.faults, self.counters)
        self.live = Live(self.world)
        self.passwords |= await plant(self.world, self.auth, self._seed)
        await self.network.start(self.host, [self.ports.mtproto])
        routes = [*bot_http.routes(self.bot_api), *control.routes(self), *page.routes()]
        self._http = HttpServer(LocalOnly(Starlette(routes=routes)))
        self._http_port = await self._http.start(self.host, self.ports.http)
        if self.ports.firestore is not None:
            from bybot.sandbox.firestore.server import FirestoreServer

            self._firestore = FirestoreServer(self.clock)
            self.firestore_address = str(await self._firestore.start(self.host, self.ports.firestore))
        if self.ports.socks is not None:
            self._socks = SocksServer()
            self.socks_address = await self._socks.start(self.host, self.ports.socks)

    def _add_data_centre(self, dc_id: int, key: ServerKey) -> None:
        MtprotoServer(
            self.world, self.auth, self.faults, self.counters, self.switches, key, dc_id=dc_id, network=self.network
        )

    async def stop(self) -> None:
        """End every server; what waits for an answer is cut off."""
        self.faults.clear()
        if self._socks is not None:
            await self._socks.stop()
        if hasattr(self, "live"):
            self.live.close()
            await self.bot_api.close()
        if self._http is not None:
            await self._http.stop()
        if self._firestore is not None:
            await self._firestore.stop()
        if hasattr(self, "network"):
            if not self._paused:
                await self.network.stop()
            self.auth.close()

    async def pause(self) -> None:
        """Take the data centres away: connections are cut and new ones refused."""
        if not self._paused:
            self._paused = True
            await self.network.stop()

    async def resume(self) -> None:
        """Bring the data centres back at the same addresses."""
        if self._paused:
            await self.network.restart()
            self._paused = False

    # Addresses ------------------------------------------------------------------------------------------------

    @property
    def firestore(self) -> FirestoreServer:
        """The Firestore server; only with a firestore_port."""
        if self._firestore is None:
            raise LookupError("this sandbox has no Firestore")
        return self._firestore

    @property
    def mtproto_address(self) -> tuple[str, int]:
        """Host and port of the first data centre."""
        return self.mtproto.address

    @property
    def http_url(self) -> str:
        """Of the HTTP server, without a slash at its end."""
        return f"http://{self.host}:{self._http_port}"

    @property
    def bot_api_url(self) -> str:
        """What python-telegram-bot takes as ``base_url``; the token follows."""
        return f"{self.http_url}/bot"

    @property
    def control_url(self) -> str:
        """Of the control surface."""
        return f"{self.http_url}/control"

    @property
    def page_url(self) -> str:
        """Of the chat page."""
        return f"{self.http_url}/"

    @property
    def dc_spec(self) -> str:
        """The data centres as TELEGRAM_DC takes them: ``id:host:port``, separated by commas."""
        return self.network.spec()

    @property
    def rsa_public_key_pem(self) -> str:
        """The server's public key in PKCS#1, what the file of TELEGRAM_RSA_KEY_FILE holds."""
        return self.mtproto.rsa_key.public_pem

    def addresses(self) -> dict[str, Any]:
        """All addresses, for a parent process and for people."""
        return {
            "mtproto": list(self.mtproto_address),
            "dc": self.dc_spec,
            "rsa_key": self.rsa_public_key_pem,
            "rsa_key_file": str((self.state_dir / PUBLIC_KEY_FILE).resolve()) if self.state_dir else None,
            "http": self.http_url,
            "bot_api": self.bot_api_url,
            "control": self.control_url,
            "page": self.page_url,
            "firestore": self.firestore_address or None,
            "socks": f"socks5://{self.socks_address[0]}:{self.socks_address[1]}" if self._socks else None,
        }
