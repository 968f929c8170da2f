"""``help.*``: what a client asks about the data centre itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from telethon.tl import functions, types

from bybot.sandbox.rpc.registry import Context, rpc

_APPEAL_TIME = timedelta(days=365)


@rpc(functions.help.GetConfigRequest, needs_login=False)
async def get_config(ctx: Context, request: Any) -> Any:
    now = ctx.world.clock.now()
    return types.Config(
        date=now,
        expires=now + timedelta(hours=1),
        test_mode=False,
        this_dc=ctx.server.dc_id,
        dc_options=ctx.server.network.options(),
        dc_txt_domain_name="",
        chat_size_max=200,
        megagroup_size_max=200_000,
        forwarded_count_max=100,
        online_update_period_ms=210_000,
        offline_blur_timeout_ms=5_000,
        offline_idle_timeout_ms=30_000,
        online_cloud_timeout_ms=300_000,
        notify_cloud_delay_ms=30_000,
        notify_default_delay_ms=1_500,
        push_chat_period_ms=60_000,
        push_chat_limit=2,
        edit_time_limit=172_800,
        revoke_time_limit=2_147_483_647,
        revoke_pm_time_limit=2_147_483_647,
        rating_e_decay=2_419_200,
        stickers_recent_limit=200,
        channels_read_media_period=604_800,
        call_receive_timeout_ms=20_000,
        call_ring_timeout_ms=90_000,
        call_connect_timeout_ms=30_000,
        call_packet_timeout_ms=10_000,
        me_url_prefix="https://t.me/",
        caption_length_max=1_024,
        message_length_max=4_096,
        webfile_dc_id=ctx.server.dc_id,
    )


@rpc(functions.help.GetNearestDcRequest, needs_login=False)
async def get_nearest_dc(ctx: Context, request: Any) -> Any:
    this = ctx.server.dc_id
    return types.NearestDc(country="ZZ", this_dc=this, nearest_dc=ctx.auth.nearest_dc or this)


@rpc(functions.help.GetAppConfigRequest, needs_login=False)
async def get_app_config(ctx: Context, request: Any) -> Any:
    """Settings of the apps: for a frozen account, since when it is, and where to appeal."""
    account = ctx.account
    facts: dict[str, Any] = {}
    if account is not None and account.frozen:
        since = account.frozen_since or account.created
        facts["freeze_since_date"] = types.JsonNumber(since.timestamp() // 1)
        facts["freeze_until_date"] = types.JsonNumber((since + _APPEAL_TIME).timestamp() // 1)
        facts["freeze_appeal_url"] = types.JsonString("https://t.me/spambot")
    values = [types.JsonObjectValue(name, value) for name, value in facts.items()]
    digest = hash(tuple(sorted(facts))) & 0x7FFFFFFF
    return types.help.AppConfig(hash=digest, config=types.JsonObject(values))
