"""Every sentence of the chat, in English. HTML of Telegram's kind; ``{names}`` are filled in, escaped."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # The menu of commands --------------------------------------------------------------------------------------
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
    # Buttons ---------------------------------------------------------------------------------------------------
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
    "button.rules_edits_edit": "Edited posts: the copy is edited",
    "button.rules_edits_new": "Edited posts: a new post follows",
    "button.rules_edits_ignore": "Edited posts: the copy stays",
    "button.rules_deletions_delete": "Deleted posts: the copy is deleted",
    "button.rules_deletions_keep": "Deleted posts: the copy stays",
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
    # Greeting and consent --------------------------------------------------------------------------------------
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
    # Login -----------------------------------------------------------------------------------------------------
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
    # Logout ----------------------------------------------------------------------------------------------------
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
    # Accounts and devices --------------------------------------------------------------------------------------
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
    # Status ----------------------------------------------------------------------------------------------------
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
    # Channels --------------------------------------------------------------------------------------------------
    "channels.title": "📋 <b>Your channels</b> ({count})",
    "channels.account": "👤 {account}",
    "channels.none": "Your account is in no channel or group yet.",
    "channels.legend": "✏️ you can post there · 🔒 forwarding is forbidden",
    "channels.line": "{icon} {title}{name} {marks}",
    "page": "Page {page} of {pages}",
    # Pairs -----------------------------------------------------------------------------------------------------
    "pairs.title": "🔗 <b>Your pairs</b> ({count})",
    "pairs.none": ("🔗 You have no pair yet.\n\nA pair copies the posts of one channel (source) to another (target)."),
    "pairs.line": "<b>{number}.</b> {source} → {target}\n     {state}",
    "pairs.account": "     👤 {account}",
    "pairs.choose": "Tap a number for more.",
    "pair.title": "🔗 <b>{source}</b>\n     ↓\n<b>{target}</b>",
    "pair.state": "State: {state}",
    "pair.copied": "Copied: <b>{copied}</b>",
    "pair.skipped": "Skipped: {skipped}",
    "pair.changed": "Changed afterwards: {changed}",
    "pair.copies_deleted": "{count} copies are being deleted.",
    "pair.copies_kept": "{count} copies stay.",
    "pair.nothing_waits": "Nothing waits for an answer any more.",
    "pair.not_before": "⏳ Telegram asks to wait until {until} ({left}).",
    "pair.remove_ask": (
        "🗑 <b>Remove this pair?</b>\n\n{source} → {target}\n\nCopies that were made stay where they are."
    ),
    "pair.removed": "🗑 Removed: {source} → {target}",
    "pair.gone": "This pair is no longer there.",
    "pair.paused": "Paused.",
    "pair.resumed": "Running again.",
    "state.starting": "🟡 starting",
    "state.history": "📚 copying history",
    "state.live": "🟢 live",
    "state.paused": "⏸ paused",
    "state.waiting": "⏳ waiting for Telegram",
    "state.no_session": "⚪️ waiting for /login",
    "state.limited": "🔴 account limited by Telegram",
    "state.broken": "🔴 stopped by a problem",
    "state.finished": "✅ finished",
    # The wizard for a pair -------------------------------------------------------------------------------------
    "wizard.account": (
        "➕ <b>New pair</b>\n\nWith which of your accounts? It needs to see the source and to post in the target."
    ),
    "wizard.source": (
        "➕ <b>New pair · 1 of 3: source</b>\n\n"
        "Which channel shall I copy <b>from</b>? Send its link, its @name or its id, or pick it from your list."
    ),
    "wizard.target": (
        "➕ <b>New pair · 2 of 3: target</b>\n\n"
        "Source: <b>{source}</b>\n\n"
        "Where shall I copy <b>to</b>? Send link, @name or id, or pick from the channels where you can post."
    ),
    "wizard.pick_source": "Pick the <b>source</b>:",
    "wizard.pick_target": "Pick the <b>target</b> (only where you can post):",
    "wizard.pick_none": "There is no channel to pick. Send a link, @name or id instead.",
    "wizard.range": (
        "➕ <b>New pair · 3 of 3: what</b>\n\n"
        "Source: <b>{source}</b>\nTarget: <b>{target}</b>\n\n"
        "Which posts shall I copy? New posts follow, unless you set an end."
    ),
    "wizard.number": "How many of the last posts? Send a number, for example <code>250</code>.",
    "wizard.number_again": "Please send a whole number from 1 to {most}.",
    "wizard.span": (
        "From which post to which? Send\n"
        "· message ids or a link to a post: <code>120-480</code>, or <code>120-</code> to go on for ever\n"
        "· days (UTC): <code>2026-01-31 - 2026-02-28</code>, or one day to go on for ever"
    ),
    "wizard.span_again": "I do not understand that range. For example <code>120-480</code> or <code>2026-01-31</code>.",
    "wizard.span_future": "That range ends in the future. Leave the end out to go on for ever.",
    "wizard.confirm": (
        "➕ <b>New pair · ready</b>\n\n"
        "Source: <b>{source}</b>\nTarget: <b>{target}</b>\nWhat: {what}\n{estimate}\n\nShall I start?"
    ),
    "wizard.what_new": "only new posts, from now on",
    "wizard.what_last": "the last {count} posts, then new ones",
    "wizard.what_ids": "messages {first} to {last}, and then no more",
    "wizard.what_ids_on": "message {first} and all after it",
    "wizard.what_days": "posts of {first} to {last}, and then no more",
    "wizard.what_days_on": "posts of {first} and later",
    "wizard.what_all": "everything, then new posts",
    "wizard.estimate": "Posts to copy now: about <b>{count}</b>, time: about <b>{time}</b>",
    "wizard.protected": ("🔒 {source} forbids forwarding. Its protected posts are skipped; I never go around that."),
    "wizard.added": "✅ <b>Pair added</b>\n\n{source} → {target}\nWhat: {what}",
    "wizard.cancelled": "Stopped. No pair was added.",
    "wizard.timeout": "⌛ I waited a while for the new pair and stopped. /pairs starts again.",
    "wizard.busy": "We are adding a pair. It continues below.",
    "wizard.counting": "Counting the posts…",
    "wizard.not_postable": "Your account cannot post in {target}. Choose another target.",
    # The rules of a pair ---------------------------------------------------------------------------------------
    "rules.title": "⚙️ <b>Rules</b>\n{source} → {target}",
    "rules.none": "Every post is copied as it is.",
    "rules.set": "Done. It holds from the next post on.",
    "rules.cancelled": "Stopped. The rules are as they were.",
    "rules.without": "🚫 Left out: {what}",
    "rules.only": "✅ Only posts with: {what}",
    "rules.replaced": "✏️ {old} → {new}",
    "rules.above": "⬆️ Above each post: {what}",
    "rules.below": "⬇️ Below each post: {what}",
    "rules.kinds": (
        "Which kinds of posts shall I copy? Tap to change. An album is left out when one of its parts would be."
    ),
    "rules.ask_words": (
        "Which words leave a post out? Send them, separated by commas or lines.\n\n"
        "<code>casino, advert</code> – posts with one of these are left out\n"
        "<code>+harbour, +port</code> – only posts with one of these are copied\n"
        "<code>/\\bwin \\d+/</code> – a regular expression\n"
        "<code>-</code> – no words any more"
    ),
    "rules.ask_replace": (
        "What shall I replace? One in a line.\n\n"
        "<code>old name =&gt; new name</code>\n"
        "<code>/(\\d+) USD/ =&gt; $\\1</code> – a regular expression with its groups\n"
        "<code>-</code> – nothing any more"
    ),
    "rules.ask_above": "Which text shall stand above each post? Its formatting is kept. <code>-</code> for none.",
    "rules.ask_below": "Which text shall stand below each post? Its formatting is kept. <code>-</code> for none.",
    "rules.bad_pattern": "🔤 That regular expression is wrong at character {position}. Correct it and send it again.",
    "rules.not_understood": "I do not understand that. Look at the examples and send it again.",
    "rules.tried": (
        "🔍 <b>On the last {count} posts</b>\n"
        "{same} go as they are, {changed} are changed, {left_out} are left out. Nothing was sent."
    ),
    "rules.sample_changed": "✏️ <b>{id}</b>  {before}\n→ {after}",
    "rules.sample_left_out": "🚫 <b>{id}</b>  {before}\n({why})",
    "rules.why_words": "words",
    "rules.why_matching": "a regular expression",
    "rules.why_kinds": "its kind",
    "rules.why_extensions": "its file name",
    "rules.why_size": "its size",
    "rules.why_senders": "its writer",
    "rules.why_timeout": "a pattern took too long",
    "rules.why_too_long": "it would be too long",
    "media.text": "text",
    "media.photo": "photos",
    "media.video": "videos",
    "media.round": "video messages",
    "media.voice": "voice messages",
    "media.audio": "music",
    "media.animation": "GIFs",
    "media.sticker": "stickers",
    "media.document": "files",
    "media.poll": "polls",
    "media.contact": "contacts",
    "media.location": "places",
    "media.other": "others",
    # Progress --------------------------------------------------------------------------------------------------
    "progress.title": "📚 <b>{source} → {target}</b>",
    "progress.bar": "<code>{bar}</code> {percent} %",
    "progress.count": "{done} of {total} posts",
    "progress.count_open": "{done} posts",
    "progress.left": "about {time} left",
    "progress.done": "✅ History copied: <b>{done}</b> posts. New posts follow by themselves.",
    "progress.skipped": "Left out (protected, deleted or refused): {skipped}",
    "progress.wait": "⏳ Telegram asks to wait until {until} ({left}).",
    # Notices ---------------------------------------------------------------------------------------------------
    "notice.protected": (
        "🔒 <b>{source}</b> forbids forwarding its posts. I skip them and do not go around the protection. "
        "Ask the owner of the channel to allow forwarding."
    ),
    "notice.protected_some": (
        "🔒 Some posts of <b>{source}</b> are protected from forwarding. I leave those out and do not go around the "
        "protection; all others are copied."
    ),
    "notice.flood": (
        "⏳ Telegram asks your account to wait until {until} ({left}). I go on by myself then; nothing is skipped."
    ),
    "notice.source_lost": (
        "🚪 Your account can no longer read <b>{source}</b>, so {source} → {target} stands still. "
        "Join again, then resume it in /pairs."
    ),
    "notice.target_lost": (
        "✏️ Your account may no longer post in <b>{target}</b>, so {source} → {target} stands still. "
        "Get the right back, then resume it in /pairs."
    ),
    "notice.bulk_deletion": (
        "🗑 {count} posts of <b>{source}</b> were deleted at once. Shall I delete their copies in <b>{target}</b> too? "
        "Until you answer they stay."
    ),
    "notice.limited": (
        "🔴 Telegram has limited your account, so its pairs stand still. Write to @SpamBot with your account to "
        "see why, and resume them in /pairs afterwards."
    ),
    "notice.session_lost": (
        "🔴 Telegram has ended the login of your account ({reason}). Your pairs are kept and stand still. "
        "/login goes on where they stopped."
    ),
    "notice.session_lost_one": (
        "🔴 Telegram has ended the login of this account ({reason}). Its pairs are kept and stand still. "
        "Log it in again in /accounts, and they go on where they stopped."
    ),
    "notice.history_done": (
        "✅ <b>{source} → {target}</b>\n\nHistory copied: <b>{copied}</b> posts. New posts follow by themselves."
    ),
    "notice.finished": "✅ <b>{source} → {target}</b>\n\nFinished: <b>{copied}</b> posts copied.",
    "notice.failed": (
        "🔴 The pair {source} → {target} met a problem and stands still. Resume it in /pairs to try again."
    ),
    "notice.other": "ℹ️ {text}",
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
    # What happened to a session --------------------------------------------------------------------------------
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
        "💤 I have logged your account out, because nobody had used it here for {days} days. Your settings and pairs "
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
    "admin.refused": (
        "🔴 Telegram does not serve this program ({error}), as seen with <code>{user}</code>. Check API_ID, API_HASH "
        "and the version of bybot."
    ),
    "admin.job_failed": "🟠 {job} did not succeed ({error}). I go on trying.",
    "admin.job_works": "🟢 {job} works again.",
    "admin.more": "… and {count} more. See /session_stats.",
    "job.cleanup": "Logging unused accounts out",
    "job.backup": "The backup",
    # Forget ----------------------------------------------------------------------------------------------------
    "forget.ask": (
        "🧹 <b>Erase everything?</b>\n\nI log all your accounts out at Telegram and erase their sessions, your pairs "
        "with their progress, your settings and this chat's state. Copies in your channels stay. "
        "This cannot be undone."
    ),
    "forget.ask_other": ("🧹 Erase everything kept about the person <code>{user}</code>, and log their account out?"),
    "forget.done": "🧹 <b>Done. This is what I did:</b>\n\n{report}",
    "forget.kept": "Nothing was erased.",
    "forget.usage": "Use it like this: <code>/forget_user 123456789</code>",
    # Language --------------------------------------------------------------------------------------------------
    "language.ask": "🌐 Which language?",
    "language.done": "I speak English with you now.",
    # Help ------------------------------------------------------------------------------------------------------
    "help.text": (
        "❓ <b>What I understand</b>\n\n"
        "/login – log in with your Telegram account\n"
        "/pairs – your channel pairs: add, pause, remove\n"
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
    # Access ----------------------------------------------------------------------------------------------------
    "access.stranger": (
        "🔒 This bot is private, so I cannot help you here. If you know who runs it, ask them to let you in; "
        "your Telegram id is <code>{user}</code>."
    ),
    "access.group": "I work in a private chat only. Write to me there.",
    "access.admins_only": "Only administrators of this bot may do that.",
    "button.private": "Open a private chat",
    # Errors ----------------------------------------------------------------------------------------------------
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
    "error.stale_write": "🔄 Something changed in the meantime. Please try again.",
    "error.newer_schema": (
        "⚠️ A newer version of me wrote down where we were, and I am an older one now. Nothing is lost; ask the "
        "operator to start the newer version again. Your pairs go on meanwhile."
    ),
    "error.corrupt_document": ("⚠️ Something stored about you could not be read. It was kept aside; ask the operator."),
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
    # Units -----------------------------------------------------------------------------------------------------
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
    "unit.edited": "{n} edited",
    "unit.deleted": "{n} deleted",
    "unit.not_edited": "{n} that Telegram would not change",
    "unit.refused": "{n} refused by Telegram",
    "unit.gone": "{n} deleted meanwhile",
    "list.join": ", ",
}
