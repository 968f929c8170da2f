"""The control surface's actions on logins, on data centres, and on the hard states of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bybot.sandbox.control_table import Actions, Params
from bybot.sandbox.mtproto.keys import AuthKey
from bybot.sandbox.seed import find_account

if TYPE_CHECKING:
    from bybot.sandbox.server import Sandbox

actions = Actions()
_CODES = {"AUTH_KEY_DUPLICATED": 406}


@actions.reads
async def authorizations(sandbox: Sandbox, params: Params) -> Any:
    """``as``: the logins of an account."""
    person = find_account(sandbox.world, params["as"])
    return {"authorizations": [_key_json(key) for key in sandbox.auth.keys.of_account(person.id)]}


def _key_json(key: AuthKey) -> dict[str, Any]:
    return {
        "hash": str(key.hash),
        "device_model": key.device.device_model,
        "api_id": key.device.api_id,
        "address": key.address,
        "dc": key.dc,
        "logged_in": key.logged_in.isoformat() if key.logged_in else None,
        "active": key.active.isoformat(),
    }


# Logins -------------------------------------------------------------------------------------------------------


@actions.acts
async def revoke(sandbox: Sandbox, params: Params) -> Any:
    """``account``, ``hash`` (of one login; all), ``error`` (AUTH_KEY_UNREGISTERED): end logins, as another device does.

    With ``destroy`` the keys themselves are forgotten: whoever speaks with one is told -404.
    """
    keys = _chosen(sandbox, params)
    message = str(params.get("error", "AUTH_KEY_UNREGISTERED"))
    for key in keys:
        if params.get("destroy"):
            sandbox.auth.keys.destroy(key)
        else:
            sandbox.auth.revoke(key, code=_CODES.get(message, 401), message=message)
    return {"revoked": len(keys)}


@actions.acts
async def age(sandbox: Sandbox, params: Params) -> Any:
    """``account``, ``days``: its logins are that old. Those younger than a day cannot end others."""
    person = find_account(sandbox.world, params["account"])
    sandbox.auth.age(person, float(params["days"]))
    return {"logins": len(sandbox.auth.keys.of_account(person.id))}


def _chosen(sandbox: Sandbox, params: Params) -> list[AuthKey]:
    person = find_account(sandbox.world, params["account"])
    wanted = params.get("hash")
    keys = [key for key in sandbox.auth.keys.of_account(person.id) if wanted is None or str(key.hash) == str(wanted)]
    if wanted is not None and not keys:
        raise LookupError(f"the account has no login {wanted}")
    return keys


# Accounts -----------------------------------------------------------------------------------------------------


@actions.acts
async def ban(sandbox: Sandbox, params: Params) -> Any:
    """``account``: Telegram bans it. ``deactivate`` with ``on: false`` takes that back."""
    sandbox.auth.ban(find_account(sandbox.world, params["account"]))
    return {"banned": True}


@actions.acts
async def deactivate(sandbox: Sandbox, params: Params) -> Any:
    """``account``, ``on``: it is deleted, or comes back."""
    person = find_account(sandbox.world, params["account"])
    sandbox.auth.deactivate(person, on=bool(params.get("on", True)))
    return {"deactivated": person.deactivated}


@actions.acts
async def freeze(sandbox: Sandbox, params: Params) -> Any:
    """``account``, ``on``: it may read but not write."""
    person = find_account(sandbox.world, params["account"])
    person.frozen = bool(params.get("on", True))
    person.frozen_since = sandbox.world.now() if person.frozen else None
    return {"frozen": person.frozen}


# Data centres -------------------------------------------------------------------------------------------------


@actions.acts
async def move(sandbox: Sandbox, params: Params) -> Any:
    """``account``, ``dc``: another data centre keeps it now; requests at the one before get USER_MIGRATE."""
    person = find_account(sandbox.world, params["account"])
    person.dc_id = sandbox.network.require(int(params["dc"]))
    return {"dc": person.dc_id}


@actions.acts
async def place(sandbox: Sandbox, params: Params) -> Any:
    """``file`` (an id; all), ``dc``: another data centre serves it; downloads elsewhere get FILE_MIGRATE."""
    dc_id = sandbox.network.require(int(params["dc"]))
    files = sandbox.world.files
    wanted = params.get("file")
    found = files.all() if wanted is None else [files.get(int(wanted))]
    for file in found:
        if file is None:
            raise LookupError(f"there is no file {wanted}")
        files.move(file, dc_id)
    return {"moved": len(found)}


@actions.acts
async def nearest(sandbox: Sandbox, params: Params) -> Any:
    """``dc`` (or null): new clients are sent there with NETWORK_MIGRATE before they log in."""
    wanted = params.get("dc")
    sandbox.auth.nearest_dc = None if wanted is None else sandbox.network.require(int(wanted))
    return {"dc": sandbox.auth.nearest_dc}
