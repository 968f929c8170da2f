"""English: logging in and out, accounts, devices, what became of a session."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # Login ---------------------------------------------------------------------------------------------------------
    "login.phone": (
        "📱 <b>Your phone number</b>\n\n"
        "Send the number of your Telegram account with its country code, for example <code>+44 7700 900123</code>. "
        "I delete your message at once.\n\n"
        "Have a second screen? A QR code needs no number."
    ),
    "login.phone_again": (
        "That is not a phone number. Send it with the country code, for example <code>+44 7700 900123</code>."
    ),
    "login.code": (
        "🔢 <b>Enter the code</b>\n\n"
        "{where}\n"
        "⏳ Valid for about {left}.\n\n"
        "⚠️ Tap the digits below. <b>Never type or forward the code in a chat</b>: Telegram would cancel it.\n\n"
        "<code>{entered}</code>"
    ),
    "login.code_resent": "🔁 A new code is on its way. Only the newest one counts.",
    "login.where.app": "Telegram sent it to your Telegram app: open the chat “Telegram”.",
    "login.where.sms": "Telegram sent it to you by SMS.",
    "login.where.call": "Telegram calls you and says the code.",
    "login.where.flash_call": "Telegram calls you: the code is the end of the caller's number.",
    "login.where.missed_call": "Telegram calls you: the code is the end of the caller's number.",
    "login.where.email": "Telegram sent it to the e-mail address of your account.",
    "login.where.fragment": "Telegram sent it to your anonymous number on Fragment.",
    "login.where.other": "Telegram sent it to you.",
    "login.resend_wait": "You can ask for a new code in {seconds}.",
    "login.code_wrong": "❌ That code is not right. Look at the newest message from Telegram.",
    "login.code_expired": "⌛ That code is no longer valid. Ask for a new one.",
    "login.code_typed": (
        "🚫 <b>Please do not type the code.</b>\n\n"
        "Telegram cancels a login code as soon as it appears in any chat, in any disguise: with spaces, dashes or "
        "letters too. That code is probably dead. I deleted your message; ask for a new code and tap it on "
        "the keypad."
    ),
    "login.keypad_please": "Please tap the code on the keypad above. Nothing of it may be typed here.",
    "login.busy": "We are in the middle of a login. It continues below.",
    "login.qr": (
        "🔳 <b>Scan this</b>\n\n"
        "On the phone that is logged in: Telegram › Settings › Devices › <b>Link Desktop Device</b>, and point "
        "the camera here.\n\n⏳ The picture renews itself in {left}."
    ),
    "login.qr_waiting": "The picture above is waiting for your camera.",
    "login.password": (
        "🔒 <b>Your two-step password</b>\n\n"
        "Your account has a second password. Send it now; I delete your message at once and do not keep it."
    ),
    "login.hint": "Hint: <b>{hint}</b>",
    "login.password_wrong": "❌ That password is not right. Try again.",
    "login.done": "🎉 <b>Logged in</b> as <b>{account}</b>.",
    "login.already": "You are already logged in as <b>{account}</b>.",
    "login.cancelled": "Login stopped. Nothing was kept. /login starts again.",
    "login.timeout": "⌛ The login took too long and was stopped. /login starts again.",
    "login.restarted": "I was restarted in the middle of your login. It continues here.",
    "login.not_deleted": "I could not delete your message. Please delete it yourself.",
    # Logout --------------------------------------------------------------------------------------------------------
    "logout.ask": (
        "🚪 <b>Log out?</b>\n\nI log <b>{account}</b> out at Telegram and erase the stored session. "
        "Your pairs are kept and stand still until you log in again."
    ),
    "logout.done": "👋 <b>Logged out.</b>\n\n{report}",
    "logout.kept": "Fine, you stay logged in.",
    "logout.none": "You are not logged in. /login starts.",
    "report.telegram": "✅ logged out at Telegram",
    "report.telegram_failed": (
        "⚠️ Telegram could not be told. End it yourself: Telegram › Settings › Devices › <b>{device}</b>"
    ),
    "report.session": "✅ stored session erased",
    "report.part_failed": "⚠️ could not be erased: {part}. Try again later.",
    "report.pairs": "✅ pairs removed: {count}",
    "report.backups": (
        "ℹ️ sealed backups made before: {count}. They still hold a copy until newer ones replace them; "
        "nothing of it comes back by itself"
    ),
    "report.profile": "✅ settings and state of this chat erased",
    "report.consent": "✅ your consent is forgotten",
    # Accounts and devices ------------------------------------------------------------------------------------------
    "accounts.title": "👤 <b>Your accounts</b> ({count})",
    "accounts.none": "👤 No Telegram account of yours is logged in here yet.",
    "accounts.line": "<b>{number}.</b> {account}\n     {state}",
    "accounts.choose": "Tap a number for more. Each account has its own login and its own pairs.",
    "accounts.one": "👤 <b>{account}</b>",
    "accounts.pairs": "Pairs: {pairs}",
    "account.gone": "This account is no longer logged in here.",
    "logout.choose": "🚪 Which account shall I log out?",
    "devices.choose_account": "📱 The devices of which account?",
    "devices.title": "📱 <b>Devices of {account}</b> ({count})",
    "devices.this": "<b>{number}. {device}</b> (this bot)",
    "devices.line": "<b>{number}.</b> {device}",
    "devices.facts": "{place} · {active}",
    "devices.choose": "✖️ ends the login of that number.",
    "devices.only": "This account is logged in nowhere else.",
    "devices.ask": (
        "✖️ <b>End this login?</b>\n\n{device}, {country}\n\nWhoever uses it is logged out of <b>{account}</b>."
    ),
    "devices.ended": "✅ Ended: {device}",
    "devices.gone": "That login is no longer there.",
    # What happened to a session ------------------------------------------------------------------------------------
    "news.frozen": (
        "❄️ Telegram has frozen your account: it may read, but not write. I keep it logged in, and its pairs stand "
        "still. To appeal, write to {appeal} from that account. I tell you when it is free again."
    ),
    "news.frozen_until": "Without an appeal Telegram deletes the account {until} ({left}).",
    "news.thawed": "🟢 Telegram has given your account back: it may write again. Resume its pairs in /pairs.",
    "news.unused": (
        "💤 Nobody has used your account here for long, so I log it out {until} ({left}). Your pairs are kept. "
        "If you want it to stay, press the button."
    ),
    "news.cleaned": (
        "💤 I have logged your account out, because nobody had used it here for {days} {days:day|days}. "
        "Your settings and pairs "
        "are kept; /login goes on where they stopped."
    ),
    "news.kept": "✅ Fine, your account stays logged in.",
    "advice.duplicated": (
        "Was it you, with the same session in another program? Stop that one first. If not, end all unknown devices: "
        "Telegram › Settings › Devices."
    ),
    "advice.revoked": "If you did not end it yourself, look through Telegram › Settings › Devices.",
    "advice.deactivated": "/forget_me erases what I keep of it.",
    "advice.banned": "To appeal, write to recover@telegram.org with the account's phone number.",
    "advice.mismatch": "Nothing was done with it. Tell the operator of this bot.",
    "admin.title": "🛠 <b>For the operator</b>",
    "admin.over": "🔴 <code>{user}</code>: the login ended ({reason})",
    "admin.frozen": "❄️ <code>{user}</code>: Telegram froze the account",
    "admin.thawed": "🟢 <code>{user}</code>: the account is no longer frozen",
    "admin.unreadable": "🔴 <code>{user}</code>: the stored session cannot be opened ({error}); it was left as it is",
    "admin.refused": (
        "🔴 Telegram does not serve this program ({error}), as seen with <code>{user}</code>. Check API_ID, API_HASH "
        "and the version of bybot."
    ),
    "admin.job_failed": "🟠 {job} did not succeed ({error}). I go on trying.",
    "admin.job_works": "🟢 {job} works again.",
    "admin.writes_near": (
        "🟠 {used} of today's {most} writes into the store are used. "
        "I write at longer intervals until tomorrow; nothing is lost."
    ),
    "admin.writes_used_up": (
        "🔴 The store takes no more writes today ({used} counted). "
        "Work waits for it and goes on by itself; nothing is lost. More room: enable billing for the Firebase project."
    ),
    "admin.more": "… and {count} more. See /session_stats.",
    "job.cleanup": "Logging unused accounts out",
    "job.backup": "The backup",
}
