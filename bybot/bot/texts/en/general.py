"""English: the menu, buttons, greeting, status, help."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # The menu of commands ------------------------------------------------------------------------------------------
    "command.start": "What this is",
    "command.login": "Log in with your Telegram account",
    "command.pairs": "Your channel pairs: add, pause, remove",
    "command.my_channels": "The channels of your account",
    "command.accounts": "Your Telegram accounts: add, log out, devices",
    "command.status": "How things stand",
    "command.logout": "Log out at Telegram",
    "command.cancel": "Stop what we are doing",
    "command.language": "English or Chinese",
    "command.forget_me": "Erase everything kept about you",
    "command.help": "All commands",
    # Buttons -------------------------------------------------------------------------------------------------------
    "button.agree": "✅ I agree",
    "button.login": "🔑 Log in",
    "button.accounts": "👤 My accounts",
    "button.add_account": "➕ Another account",
    "button.login_again": "🔑 Log in again",
    "button.logout": "🚪 Log out",
    "button.devices": "📱 Devices",
    "button.end_login": "Yes, end it",
    "button.log_out": "Yes, log out",
    "button.keep": "No, keep it",
    "button.keep_session": "✋ Stay logged in",
    "button.cancel": "✖️ Cancel",
    "button.back": "‹ Back",
    "button.clear": "Clear",
    "button.resend": "🔁 New code",
    "button.qr": "🔳 Use a QR code",
    "button.other_number": "‹ Another number",
    "button.phone": "📱 Use my number",
    "button.continue": "Go on",
    "button.start_over": "Start over",
    "button.add_pair": "➕ Add a pair",
    "button.pairs": "🔗 My pairs",
    "button.channels": "📋 My channels",
    "button.refresh": "🔄 Refresh",
    "button.pause": "⏸ Pause",
    "button.resume": "▶️ Resume",
    "button.audit_check": "🔎 Check the copies",
    "button.audit_fill": "➕ Fill in what is missing",
    "button.audit_doubles": "🧹 Delete second copies",
    "button.undo": "↩️ Delete all copies…",
    "button.undo_yes": "Yes, delete the copies",
    "button.remove": "🗑 Remove",
    "button.rules": "⚙️ Rules",
    "button.rules_words": "🔤 Words…",
    "button.rules_kinds": "🖼 Kinds…",
    "button.rules_replace": "✏️ Replace…",
    "button.rules_above": "⬆️ Header…",
    "button.rules_below": "⬇️ Footer…",
    "button.rules_links_on": "✅ Links removed",
    "button.rules_links_off": "▫️ Remove links",
    "button.rules_hashtags_on": "✅ Hashtags removed",
    "button.rules_hashtags_off": "▫️ Remove hashtags",
    "button.rules_mentions_on": "✅ Mentions removed",
    "button.rules_mentions_off": "▫️ Remove mentions",
    "button.rules_magnets_on": "✅ Magnets removed",
    "button.rules_magnets_off": "▫️ Remove magnets",
    "button.rules_times": "🕒 Times…",
    "button.rules_edits_edit": "Edited posts: the copy is edited",
    "button.rules_edits_new": "Edited posts: a new post follows",
    "button.rules_edits_ignore": "Edited posts: the copy stays",
    "button.rules_deletions_delete": "Deleted posts: the copy is deleted",
    "button.rules_deletions_keep": "Deleted posts: the copy stays",
    "button.rules_buttons_keep": "Buttons: kept if Telegram allows",
    "button.rules_buttons_text": "Buttons: as links below the text",
    "button.rules_buttons_drop": "Buttons: dropped",
    "button.rules_buttons_allow": "Buttons: links to some sites only",
    "button.rules_domains": "🔘 Sites that buttons lead to…",
    "button.rules_pins_follow": "Pinned posts: the copy is pinned",
    "button.rules_pins_ignore": "Pinned posts: nothing is pinned",
    "button.rules_files_reference": "Files: by reference, not uploaded",
    "button.rules_files_upload": "Files: uploaded anew, own copies",
    "button.rules_try": "🔍 Try on the last posts",
    "button.copies_delete": "🗑 Delete the copies",
    "button.copies_keep": "Keep them",
    "button.remove_yes": "Yes, remove it",
    "button.forget_yes": "Yes, erase everything",
    "button.pick": "📋 Pick from my channels",
    "button.mode_new": "🆕 Only new posts",
    "button.mode_last": "Last {count}",
    "button.mode_number": "🔢 Number…",
    "button.mode_span": "↔️ From … to …",
    "button.mode_all": "📚 Everything",
    "button.start_pair": "✅ Start",
    "button.help": "❓ Help",
    # Greeting and consent ------------------------------------------------------------------------------------------
    "start.hello": (
        "👋 <b>Hello, {name}!</b>\n\n"
        "I copy posts from Telegram channels you can read to channels you can write, through your own account: "
        "in order, none lost, none doubled, also when I am restarted."
    ),
    "start.logged_in": "You are logged in as <b>{account}</b>.",
    "start.next": "What shall we do?",
    "consent.notice": (
        "🔐 <b>Before you log in</b>\n\n"
        "• <b>What I can do then:</b> a login gives this bot your whole Telegram account: reading, posting, "
        "everything. I use it to read and copy the channels you choose. Log in only if you run this bot or "
        "trust who does.\n"
        "• <b>Where it is kept:</b> {storage}\n"
        "• <b>How to end it:</b> /logout here, or Telegram › Settings › Devices › <b>{device}</b>. "
        "/forget_me erases all I keep about you."
    ),
    "consent.storage.local": "in a file on the computer of whoever runs this bot{sealed}.",
    "consent.storage.firebase": "in the operator's Google Firestore, encrypted with the operator's key.",
    "consent.storage.memory": "in memory only; it is gone when I stop.",
    "consent.sealed": ", encrypted with the operator's key",
    "consent.thanks": "Thank you. You agreed; /logout ends it at any time.",
    # Status --------------------------------------------------------------------------------------------------------
    "status.title": "📊 <b>Status</b>",
    "status.account": "Account: <b>{account}</b>",
    "status.session": "Session: {state}",
    "status.since": "Logged in since: {since}",
    "status.pairs": "Pairs: {total}, running {running}",
    "status.reason": "Reason: {reason}",
    "session.active": "🟢 active",
    "session.no_session": "⚪️ not logged in",
    "session.revoked": "🔴 ended by Telegram",
    "session.leased": "🟡 held by another process",
    "session.expired": "🔴 expired",
    "session.error": "🟠 not reachable",
    "session.detached": "⏸ resting",
    "session.frozen": "❄️ frozen by Telegram",
    "session.logging_in": "🟡 logging in",
    "stats.title": "📈 <b>Sessions</b>",
    "stats.line": "{name}: <b>{value}</b>",
    "stats.total_sessions": "Stored sessions",
    "stats.active_sessions": "Connected now",
    "stats.user_sessions": "Sessions of people",
    "stats.bot_sessions": "Sessions of bots",
    "stats.bot_id": "Data space",
    "stats.mine": "Your session: {state}",
    # Channels ------------------------------------------------------------------------------------------------------
    "channels.title": "📋 <b>Your channels</b> ({count})",
    "channels.account": "👤 {account}",
    "channels.none": "Your account is in no channel or group yet.",
    "channels.legend": "✏️ you can post there · 🔒 forwarding is forbidden",
    "channels.line": "{icon} {title}{name} {marks}",
    "page": "Page {page} of {pages}",
    # Forget --------------------------------------------------------------------------------------------------------
    "forget.ask": (
        "🧹 <b>Erase everything?</b>\n\nI log all your accounts out at Telegram and erase their sessions, your pairs "
        "with their progress, your settings and this chat's state. Copies in your channels stay. "
        "This cannot be undone."
    ),
    "forget.ask_other": ("🧹 Erase everything kept about the person <code>{user}</code>, and log their account out?"),
    "forget.done": "🧹 <b>Done. This is what I did:</b>\n\n{report}",
    "forget.kept": "Nothing was erased.",
    "forget.usage": "Use it like this: <code>/forget_user 123456789</code>",
    # Language ------------------------------------------------------------------------------------------------------
    "language.ask": "🌐 Which language?",
    "language.done": "I speak English with you now.",
    # Help ----------------------------------------------------------------------------------------------------------
    "help.text": (
        "❓ <b>What I understand</b>\n\n"
        "/login – log in with your Telegram account\n"
        "/pairs – your channel pairs: add, pause, remove\n"
        "/rules – the rules of all your pairs\n"
        "/stats – what your pairs did, day by day\n"
        "/export, /import – your pairs as a file, and back\n"
        "/my_channels – the channels of your account\n"
        "/status – how things stand\n"
        "/session_stats – figures about sessions\n"
        "/create_session – check or start your session\n"
        "/accounts – your Telegram accounts: add, log out\n"
        "/devices – where your account is logged in\n"
        "/logout – log out at Telegram\n"
        "/language – English or 中文\n"
        "/cancel – stop what we are doing\n"
        "/forget_me – erase everything kept about you"
    ),
    "help.admin": "For administrators:\n/forget_user ID – erase everything kept about a person",
    "fallback": "I did not understand that. /help shows what I can do.",
    "nothing_to_cancel": "There is nothing to cancel.",
    "stale": "This button is no longer in use.",
    "stale_keypad": "This keypad is no longer in use. /login shows the current one.",
    # Access --------------------------------------------------------------------------------------------------------
    "access.stranger": (
        "🔒 This bot is private, so I cannot help you here. If you know who runs it, ask them to let you in; "
        "your Telegram id is <code>{user}</code>."
    ),
    "access.group": "I work in a private chat only. Write to me there.",
    "access.admins_only": "Only administrators of this bot may do that.",
    "button.private": "Open a private chat",
    # Units ---------------------------------------------------------------------------------------------------------
    "unit.s": "{n} s",
    "unit.min": "{n} min",
    "unit.h": "{n} h",
    "unit.d": "{n} d",
    "unit.ago": "active {time} ago",
    "unit.now": "active now",
    "unit.join": " ",
    "unit.at": "{time} UTC",
    "unit.in": "in {time}",
    "unit.protected": "{n} protected",
    "unit.service": "service messages: {n}",
    "unit.filtered": "{n} by your rules",
    "unit.refilled": "{n} filled in",
    "unit.undone": "{n} undone",
    "unit.edited": "{n} edited",
    "unit.deleted": "{n} deleted",
    "unit.not_edited": "{n} that Telegram would not change",
    "unit.reply_lost": "{n} without what they answer",
    "unit.orphaned": "{n} under posts without a copy",
    "unit.buttons_lost": "{n} without buttons",
    "unit.refused": "{n} refused by Telegram",
    "unit.gone": "{n} deleted meanwhile",
    "list.join": ", ",
}
