"""``account.*``: the two-step password, and the list of places where an account is logged in."""

from __future__ import annotations

import os
from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.mtproto.handshake import DH_PRIME
from bybot.sandbox.mtproto.keys import AuthKey
from bybot.sandbox.rpc.registry import Context, RpcError, rpc
from bybot.sandbox.srp import PasswordRecord, algorithm


def to_authorization(key: AuthKey, *, current: bool) -> types.Authorization:
    """One line of the list of devices."""
    device = key.device
    return types.Authorization(
        hash=0 if current else key.hash,
        device_model=device.device_model,
        platform="",
        system_version=device.system_version,
        api_id=device.api_id,
        app_name=f"App {device.api_id}",
        app_version=device.app_version,
        date_created=key.logged_in or key.created,
        date_active=key.active,
        ip=key.address,
        country="Sandbox",
        region="",
        current=current,
    )


@rpc(functions.account.GetPasswordRequest, needs_login=False)
async def get_password(ctx: Context, request: Any) -> Any:
    account = ctx.auth.password_owner(ctx.key)
    record: PasswordRecord | None = account.password
    question: dict[str, Any] = {}
    if record is not None:
        challenge = ctx.auth.challenge(ctx.key, record)
        question = {
            "current_algo": record.algorithm,
            "srp_B": challenge.b_public,
            "srp_id": challenge.id,
            "hint": record.hint or None,
        }
    return types.account.Password(
        new_algo=algorithm(os.urandom(8), os.urandom(16)),
        new_secure_algo=types.SecurePasswordKdfAlgoPBKDF2HMACSHA512iter100000(salt=os.urandom(8)),
        secure_random=os.urandom(256),
        has_password=record is not None,
        **question,
    )


@rpc(functions.account.UpdatePasswordSettingsRequest)
async def update_password_settings(ctx: Context, request: Any) -> Any:
    account, new = ctx.me, request.new_settings
    if account.password is not None:
        proof = request.password
        if not isinstance(proof, types.InputCheckPasswordSRP):
            raise RpcError(400, "PASSWORD_HASH_INVALID")
        ctx.auth.check_password(ctx.key, proof.srp_id, proof.A, proof.M1)
    if new.new_password_hash is None:
        raise RpcError(400, "NEW_SETTINGS_INVALID")
    if not new.new_password_hash:
        account.password = None
        return True
    verifier = int.from_bytes(new.new_password_hash, "big")
    if not 1 < verifier < DH_PRIME - 1:
        raise RpcError(400, "NEW_SETTINGS_INVALID")
    account.password = PasswordRecord(new.new_algo.salt1, new.new_algo.salt2, verifier, new.hint or "")
    return True


@rpc(functions.account.GetAuthorizationsRequest)
async def get_authorizations(ctx: Context, request: Any) -> Any:
    keys = sorted(ctx.auth.keys.of_account(ctx.me.id), key=lambda key: key is not ctx.key)
    return types.account.Authorizations(
        authorization_ttl_days=180,
        authorizations=[to_authorization(key, current=key is ctx.key) for key in keys],
    )


@rpc(functions.account.ResetAuthorizationRequest)
async def reset_authorization(ctx: Context, request: Any) -> Any:
    for key in ctx.auth.keys.of_account(ctx.me.id):
        if key.hash == request.hash and key is not ctx.key:
            ctx.auth.require_settled(ctx.key)
            ctx.auth.revoke(key)
            return True
    raise RpcError(400, "HASH_INVALID")
