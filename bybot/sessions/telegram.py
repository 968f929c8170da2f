"""Where Telegram is and how clients are built for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from telethon import TelegramClient
from telethon.crypto import rsa

from bybot.sessions.connection import TRANSPORTS, UNSENT_FOR, PermitConnection, PermitMTProxy, connection_factory
from bybot.sessions.datacenter import PRODUCTION
from bybot.sessions.datacenter import DataCenter as DataCenter
from bybot.sessions.dcswitch import Moves
from bybot.sessions.permit import Permit
from bybot.sessions.stored import StoredSession

# Telethon flushes what it caches of users and chats into the session above this many.
_ENTITY_CACHE = 1000
_PROXY_SCHEMES = {"socks5": "socks5", "socks5h": "socks5", "socks4": "socks4", "http": "http"}
_PROXY_PORTS = {"socks5": 1080, "socks4": 1080, "http": 8080}


@dataclass(frozen=True)
class Proxy:
    """A proxy for MTProto: ``kind`` is socks5, socks4, http or mtproto (``secret`` is set)."""

    kind: str
    host: str
    port: int
    username: str | None = None
    password: str | None = None
    secret: str | None = None

    def __repr__(self) -> str:
        return f"Proxy({self.kind}://{self.host}:{self.port})"

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """From ``socks5://``, ``http://`` or a ``tg://proxy?server=&port=&secret=`` link.

        Raises:
            ValueError: another form; the message never shows the link.
        """
        parts = urlsplit(url)
        if parts.scheme == "tg" or parts.hostname in ("t.me", "telegram.me"):
            return cls._parse_link(parse_qs(parts.query))
        kind = _PROXY_SCHEMES.get(parts.scheme)
        if kind is None or not parts.hostname:
            raise ValueError("a proxy is socks5://host:port, http://host:port or a tg://proxy link")
        username = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls(kind, parts.hostname, parts.port or _PROXY_PORTS[kind], username, password)

    @classmethod
    def _parse_link(cls, query: dict[str, list[str]]) -> Proxy:
        server, port, secret = (query.get(name, [""])[0] for name in ("server", "port", "secret"))
        if not server or not port.isdigit() or not secret:
            raise ValueError("a proxy link has server, port and secret")
        return cls("mtproto", server, int(port), secret=secret)

    def for_telethon(self) -> tuple[Any, ...]:
        """The tuple that the connection reads."""
        if self.kind == "mtproto":
            return (self.host, self.port, self.secret)
        return (self.kind, self.host, self.port, True, self.username, self.password)


@dataclass(frozen=True)
class Credentials:
    """An application's id and hash, from my.telegram.org."""

    api_id: int
    api_hash: str

    def __repr__(self) -> str:
        return f"Credentials(api_id={self.api_id})"


class TelegramEndpoint:
    """Builds clients.

    Args:
        api_id, api_hash: the operator's application.
        device_model: shown in the account's list of devices.
        dc: another Telegram's data centres, the first of which is where new logins begin; None: the real one.
        rsa_pem: that Telegram's public key (PEM, PKCS#1). Telethon keeps keys for the whole process.
        proxy: for every connection.
        transport: full, abridged, intermediate or obfuscated; an MTProto proxy has its own.
        unsent_for: seconds until the kernel drops unacknowledged bytes.
        request_timeout: seconds for opening a TCP connection.
    """

    def __init__(
        self,
        api_id: int,
        api_hash: str,
        *,
        device_model: str = "bybot",
        app_version: str | None = None,
        dc: DataCenter | Sequence[DataCenter] | None = None,
        rsa_pem: str | None = None,
        proxy: Proxy | None = None,
        transport: str = "full",
        unsent_for: float = UNSENT_FOR,
        request_timeout: float = 10.0,
    ) -> None:
        self.credentials = Credentials(api_id, api_hash)
        places = [dc] if isinstance(dc, DataCenter) else list(dc or ())
        self.dc = places[0] if places else None
        self._places = {place.id: place for place in places}
        self.proxy = proxy
        self.unsent_for = unsent_for
        self._device_model = device_model
        self._app_version = app_version
        self._timeout = request_timeout
        mtproxy = proxy is not None and proxy.kind == "mtproto"
        self._connection: type[PermitConnection] = PermitMTProxy if mtproxy else TRANSPORTS[transport]
        self._proxy = None if proxy is None else proxy.for_telethon()
        if rsa_pem is not None:
            rsa.add_key(rsa_pem, old=False)

    def __repr__(self) -> str:
        return f"TelegramEndpoint(dc={self.dc}, proxy={self.proxy})"

    def client(
        self,
        session: StoredSession,
        permit: Permit,
        *,
        credentials: Credentials | None = None,
    ) -> TelegramClient:
        """A client that is not connected yet and speaks only under the permit.

        Args:
            session: gets this endpoint's address where it has none, or where its data centre has moved.
            credentials: another application than the operator's.
        """
        place = self._places.get(session.dc_id) if session.dc_id else self.dc
        if place is None and self.dc is None and not session.server_address:
            place = PRODUCTION.get(session.dc_id)
        if place is not None and (session.server_address, session.port) != (place.host, place.port):
            session.set_dc(place.id, place.host, place.port)
        app = credentials or self.credentials
        client = TelegramClient(
            session,
            app.api_id,
            app.api_hash,
            connection=self._connection,
            use_ipv6=self.dc is not None and ":" in self.dc.host,
            proxy=self._proxy,
            timeout=self._timeout,
            device_model=self._device_model,
            app_version=self._app_version,
            flood_sleep_threshold=0,  # waits are kept by whoever sends, per account and kind of request
            raise_last_call_error=True,
            entity_cache_limit=_ENTITY_CACHE,
        )
        client._connection = connection_factory(self._connection, permit, self.unsent_for)
        Moves(client, self._places)
        return client
