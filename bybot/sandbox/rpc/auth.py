"""``auth.*``: logging in and out."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.mtproto.auth_service import QrLogin
from bybot.sandbox.mtproto.codes import CodeLogin
from bybot.sandbox.rpc import views
from bybot.sandbox.rpc.account import to_authorization
from bybot.sandbox.rpc.registry import Context, RpcError, rpc
from bybot.sandbox.world.model import Account


def _authorization(account: Account) -> types.auth.Authorization:
    return types.auth.Authorization(user=views.to_user(account, account))


def _sent_code(ctx: Context, login: CodeLogin) -> types.auth.SentCode:
    return types.auth.SentCode(
        type=types.auth.SentCodeTypeApp(length=len(login.code)),
        phone_code_hash=login.hash,
        timeout=ctx.switches.resend_after_seconds,
    )


@rpc(functions.auth.SendCodeRequest, needs_login=False)
async def send_code(ctx: Context, request: Any) -> Any:
    return _sent_code(ctx, ctx.auth.send_code(ctx.key, request.phone_number))


@rpc(functions.auth.ResendCodeRequest, needs_login=False)
async def resend_code(ctx: Context, request: Any) -> Any:
    return _sent_code(ctx, ctx.auth.resend_code(ctx.key, request.phone_number, request.phone_code_hash))


@rpc(functions.auth.CancelCodeRequest, needs_login=False)
async def cancel_code(ctx: Context, request: Any) -> Any:
    ctx.auth.cancel_code(request.phone_number, request.phone_code_hash)
    return True


@rpc(functions.auth.SignInRequest, needs_login=False)
async def sign_in(ctx: Context, request: Any) -> Any:
    code = request.phone_code or ""
    return _authorization(ctx.auth.sign_in(ctx.key, request.phone_number, request.phone_code_hash, code))


@rpc(functions.auth.CheckPasswordRequest, needs_login=False)
async def check_password(ctx: Context, request: Any) -> Any:
    proof = request.password
    if not isinstance(proof, types.InputCheckPasswordSRP):
        raise RpcError(400, "PASSWORD_HASH_INVALID")
    return _authorization(ctx.auth.check_password(ctx.key, proof.srp_id, proof.A, proof.M1))


@rpc(functions.auth.ImportBotAuthorizationRequest, needs_login=False)
async def import_bot_authorization(ctx: Context, request: Any) -> Any:
    bot = ctx.world.bot_by_token(request.bot_auth_token)
    if bot is None:
        raise RpcError(400, "ACCESS_TOKEN_INVALID")
    if bot.dc_id != ctx.key.dc:
        raise RpcError(303, f"USER_MIGRATE_{bot.dc_id}")
    ctx.auth.keys.log_in(ctx.key, bot.id, ctx.world.clock.now())
    return _authorization(bot)


def _token_answer(ctx: Context, outcome: QrLogin | Account) -> Any:
    if isinstance(outcome, QrLogin):
        if (home := ctx.auth.home_of(outcome)) is not None:
            return types.auth.LoginTokenMigrateTo(dc_id=home, token=outcome.token)
        return types.auth.LoginToken(expires=outcome.expires, token=outcome.token)
    return types.auth.LoginTokenSuccess(authorization=_authorization(outcome))


@rpc(functions.auth.ExportLoginTokenRequest, needs_login=False)
async def export_login_token(ctx: Context, request: Any) -> Any:
    if ctx.account is not None:
        return _token_answer(ctx, ctx.account)
    return _token_answer(ctx, ctx.auth.export_token(ctx.live))


@rpc(functions.auth.ImportLoginTokenRequest, needs_login=False)
async def import_login_token(ctx: Context, request: Any) -> Any:
    return _token_answer(ctx, ctx.auth.import_token(ctx.live, request.token))


@rpc(functions.auth.ExportAuthorizationRequest, anywhere=True)
async def export_authorization(ctx: Context, request: Any) -> Any:
    """Raises RpcError: DC_ID_INVALID, USER_MIGRATE_X."""
    if request.dc_id == ctx.key.dc or request.dc_id not in ctx.server.network.servers:
        raise RpcError(400, "DC_ID_INVALID")
    if ctx.me.dc_id != ctx.key.dc and not ctx.switches.exports_after_a_move:
        raise RpcError(303, f"USER_MIGRATE_{ctx.me.dc_id}")
    data = ctx.auth.transfers.export(ctx.me, ctx.key, request.dc_id)
    return types.auth.ExportedAuthorization(id=ctx.me.id, bytes=data)


@rpc(functions.auth.ImportAuthorizationRequest, needs_login=False)
async def import_authorization(ctx: Context, request: Any) -> Any:
    return _authorization(ctx.auth.transfers.take(request.id, request.bytes, ctx.key))


@rpc(functions.auth.AcceptLoginTokenRequest)
async def accept_login_token(ctx: Context, request: Any) -> Any:
    login = ctx.auth.accept_token(ctx.me, request.token)
    update = types.UpdateShort(update=types.UpdateLoginToken(), date=ctx.world.clock.now())
    ctx.server.push_to(login.session, update)
    return to_authorization(login.session.key, current=False)


@rpc(functions.auth.LogOutRequest, anywhere=True)
async def log_out(ctx: Context, request: Any) -> Any:
    ctx.auth.revoke(ctx.key)
    ctx.server.unsubscribe(ctx.live)
    return types.auth.LoggedOut()


@rpc(functions.auth.ResetAuthorizationsRequest)
async def reset_authorizations(ctx: Context, request: Any) -> Any:
    ctx.auth.require_settled(ctx.key)
    for key in ctx.auth.keys.of_account(ctx.me.id):
        if key is not ctx.key:
            ctx.auth.revoke(key, message="SESSION_REVOKED")
    return True
