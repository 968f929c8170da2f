"""Carrying a login over to another data centre: exported authorizations, good once and for a minute."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bybot.sandbox.mtproto.keys import AuthKey, AuthKeys
from bybot.sandbox.rpc.registry import RpcError

if TYPE_CHECKING:
    from bybot.sandbox.world.model import Account
    from bybot.sandbox.world.world import World

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class _Export:
    account_id: int
    key: AuthKey
    dc_id: int
    expires: datetime


class Transfers:
    """The exported authorizations of one Telegram.

    Args:
        world: whose accounts they are.
        keys: all auth keys, of every data centre.
    """

    def __init__(self, world: World, keys: AuthKeys) -> None:
        self._world = world
        self._keys = keys
        self._exports: dict[bytes, _Export] = {}

    def export(self, account: Account, key: AuthKey, dc_id: int) -> bytes:
        """The bytes with which a key of data centre ``dc_id`` becomes a part of this key's login."""
        now = self._world.clock.now()
        self._exports = {data: export for data, export in self._exports.items() if export.expires > now}
        data = secrets.token_bytes(128)
        self._exports[data] = _Export(account.id, key, dc_id, now + timedelta(seconds=_SECONDS))
        return data

    def take(self, account_id: int, data: bytes, key: AuthKey) -> Account:
        """Log a key in. At the account's own data centre the login goes on under it, and the exporting key is a part.

        Raises:
            RpcError: AUTH_BYTES_INVALID, USER_ID_INVALID; 401 when the exporting login ended meanwhile.
        """
        export = self._exports.pop(data, None)
        now = self._world.clock.now()
        if export is None or export.dc_id != key.dc or export.expires <= now:
            raise RpcError(400, "AUTH_BYTES_INVALID")
        if export.account_id != account_id:
            raise RpcError(400, "USER_ID_INVALID")
        if export.key.account_id != account_id:
            raise RpcError(*(export.key.ended or (401, "AUTH_KEY_UNREGISTERED")))
        account = self._world.account(account_id)
        login = self._login(export.key)
        self._keys.log_in(key, account_id, login.logged_in or now, parent=login)
        key.active = now
        if account.dc_id == key.dc:
            self._keys.succeed(key, login)
        return account

    def _login(self, key: AuthKey) -> AuthKey:
        """The key whose login this one is a part of; the key itself when it is one of its own."""
        parent = None if key.parent is None else self._keys.get(key.parent)
        return key if parent is None else parent
