"""Methods by which a bot gets its updates."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from bybot.sandbox.botapi.api import BotApi, method
from bybot.sandbox.botapi.errors import bad_request
from bybot.sandbox.botapi.requests import Call
from bybot.sandbox.botapi.updates import Webhook, valid_secret
from bybot.sandbox.botapi.views import unix
from bybot.sandbox.world.model import Account


@method("getUpdates")
async def get_updates(api: BotApi, bot: Account, call: Call) -> Any:
    return await api.inbox(bot).poll(
        call.integer("offset"), call.integer("limit", 100), call.integer("timeout"), call.json("allowed_updates")
    )


@method("setWebhook")
async def set_webhook(api: BotApi, bot: Account, call: Call) -> Any:
    inbox = api.inbox(bot)
    url = call.text("url").strip()
    secret = call.optional("secret_token")
    if secret is not None and not valid_secret(secret):
        raise bad_request("secret token contains unallowed characters")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise bad_request("bad webhook: invalid webhook URL specified")
    if call.flag("drop_pending_updates"):
        inbox.drop_pending()
    inbox.set_allowed(call.json("allowed_updates"))
    connections = call.integer("max_connections", 40)
    await inbox.set_webhook(Webhook(url, secret, connections) if url else None)
    return True


@method("deleteWebhook")
async def delete_webhook(api: BotApi, bot: Account, call: Call) -> Any:
    inbox = api.inbox(bot)
    if call.flag("drop_pending_updates"):
        inbox.drop_pending()
    if inbox.webhook is not None:
        await inbox.set_webhook(None)
    return True


@method("getWebhookInfo")
async def get_webhook_info(api: BotApi, bot: Account, call: Call) -> Any:
    inbox = api.inbox(bot)
    webhook = inbox.webhook
    info: dict[str, Any] = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": inbox.pending,
    }
    if webhook is not None:
        info["max_connections"] = webhook.max_connections
        if webhook.last_error_date is not None:
            info["last_error_date"] = unix(webhook.last_error_date)
            info["last_error_message"] = webhook.last_error_message
    if inbox.allowed is not None:
        info["allowed_updates"] = sorted(inbox.allowed)
    return info
