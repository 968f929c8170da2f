"""English: errors, and why a login ended."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # Why a login ended ---------------------------------------------------------------------------------------------
    "reason.unregistered": "Telegram no longer knows this login",
    "reason.invalid_key": "Telegram no longer accepts this login",
    "reason.unknown_key": "Telegram no longer knows this login",
    "reason.duplicated": "the login was used in two places at once",
    "reason.revoked": "it was ended in the list of devices",
    "reason.expired": "it has expired",
    "reason.deactivated": "the account was deleted",
    "reason.banned": "the account was banned",
    "reason.logged_out": "it was logged out",
    "reason.mismatch": "the stored login answers as another account",
    "reason.other": "no reason was given",
    # Errors --------------------------------------------------------------------------------------------------------
    "error.error": "⚠️ That did not work: {message}",
    "error.login": "⚠️ Telegram did not accept this login. Start again: /login; if it happens again, ask the operator.",
    "error.unexpected": "😔 Sorry, something went wrong on my side. It was noted; please try again.",
    "error.forbidden": "⛔️ You may not do that. Ask an administrator of this bot.",
    "error.fresh_login": (
        "⏳ Telegram lets a login end others only when it is a day old, and this one is younger. Try again tomorrow, "
        "or end it on your phone: Telegram › Settings › Devices."
    ),
    "error.store_unavailable": (
        "🟠 My storage does not answer at the moment. Nothing was lost; try again in a minute."
    ),
    "error.quota_used_up": (
        "🟠 My storage takes no more today. Nothing was lost; the operator knows. Try again tomorrow."
    ),
    "error.stale_write": "🔄 Something changed in the meantime. Please try again.",
    "error.newer_schema": (
        "⚠️ A newer version of me wrote down where we were, and I am an older one now. Nothing is lost; ask the "
        "operator to start the newer version again. Your pairs go on meanwhile."
    ),
    "error.corrupt_document": ("⚠️ Something stored about you could not be read. It was kept aside; ask the operator."),
    "error.document_too_large": (
        "📦 That is more than I can keep for you: your pairs and their rules would be too large together. Remove "
        "pairs, shorten rules, or set what they share once: /rules."
    ),
    "error.vault": (
        "⚠️ Your stored session cannot be opened with the operator's key. Nothing was changed; ask the operator."
    ),
    "error.no_session": "You are not logged in yet. /login starts.",
    "error.session_revoked": "🔴 Telegram has ended this login ({reason}). Log in again: /login.",
    "error.detached": (
        "⏸ Your login is stored but resting: another copy of it may be in use, and two at once would end it for ever. "
        "Ask the operator to attach it, or log in anew: /login."
    ),
    "error.key_in_use": "⛔️ This login is stored for another session already. Log in anew: /login.",
    "error.owned_elsewhere": (
        "🟡 Your session is held by another process of this bot at the moment. Try again in a minute."
    ),
    "error.too_many_clients": "🟠 As many accounts as possible are connected at the moment. Try again in a minute.",
    "error.telegram_refused": "🔴 Telegram does not serve this bot's program. Its operator must look at it.",
    "error.account_frozen": (
        "❄️ Telegram has frozen this account, so I cannot log it in. Write to @SpamBot in Telegram to appeal, then "
        "try again: /login."
    ),
    "error.telegram_unreachable": "🟠 Telegram does not answer at the moment. Try again in a minute.",
    "error.invalid_phone": (
        "❌ Telegram does not know this number. Send it with the country code, for example <code>+44 "
        "7700 900123</code>."
    ),
    "error.invalid_code": "❌ That code is not right. Look at the newest message from Telegram.",
    "error.code_expired": "⌛ That code is no longer valid. Ask for a new one.",
    "error.wrong_password": "❌ That password is not right. Try again.",
    "error.login_banned": "⛔️ Telegram has banned this number. Write to recover@telegram.org.",
    "error.login_flood": "⏳ Telegram saw too many tries. Wait {time}, then start again: /login.",
    "error.login_timeout": "⌛ The login took too long. Start again: /login.",
    "error.login_cancelled": "The login was stopped. Start again: /login.",
    "error.no_login": "There is no login under way. Start one: /login.",
    "error.already_logged_in": "You are already logged in with this account. See /accounts.",
    "error.account_mismatch": (
        "⛔️ That is another Telegram account than the one this login belongs to, so it was not stored. "
        "To use it as well, add it in /accounts."
    ),
    "error.too_many_accounts": (
        "⛔️ You have as many accounts here as one person may have ({most}). Log one of them out first: /accounts."
    ),
    "error.chat_not_found": "❔ I cannot find that channel. Check the link or name, or pick it from the list.",
    "error.chat_not_readable": "🚪 Your account cannot read that channel. Join it first, then try again.",
    "error.chat_not_writable": (
        "✏️ Your account may not post there. Make it an administrator who may post, or choose another."
    ),
    "error.same_chat": "🔁 Source and target are the same channel. Choose another target.",
    "error.pair_exists": "🔗 You have this pair already. See /pairs.",
    "error.pair_not_found": "This pair is no longer there. See /pairs.",
    "error.pair_cycle": ("🔁 That would copy in a circle. Choose another target, or remove a pair of the circle."),
    "error.protected_content": "🔒 That channel forbids forwarding. Ask its owner to allow it.",
    "error.account_limited": "🔴 Telegram has limited your account. Write to @SpamBot with it to see why.",
    "error.bad_pattern": "🔤 That is no regular expression. Correct it and send it again.",
    "error.pattern_timeout": "🔤 That pattern takes too long. Make it simpler: nested repetition is what takes long.",
    "error.text_too_long": "🔤 The text would be longer than Telegram takes. Shorten what the rules add.",
}
