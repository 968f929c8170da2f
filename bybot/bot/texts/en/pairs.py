"""English: pairs, their rules, progress, notices."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # Pairs ---------------------------------------------------------------------------------------------------------
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
    "pair.copies_deleted": "{count} {count:copy is|copies are} being deleted.",
    "pair.copies_kept": "{count} {count:copy stays|copies stay}.",
    "pair.nothing_waits": "Nothing waits for an answer any more.",
    "pair.not_before": "⏳ Telegram asks to wait until {until} ({left}).",
    "pair.due": "🕒 The next post goes at {until} ({left}).",
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
    "state.undoing": "↩️ deleting the copies",
    "state.paused": "⏸ paused",
    "state.waiting": "⏳ waiting for Telegram",
    "state.no_session": "⚪️ waiting for /login",
    "state.limited": "🔴 account limited by Telegram",
    "state.broken": "🔴 stopped by a problem",
    "state.finished": "✅ finished",
    # The wizard for a pair -----------------------------------------------------------------------------------------
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
    "wizard.range_again": (
        "I do not understand that. Tap a button, or send a number from 1 to {most}, ids such as <code>120-480</code>, "
        "or a day such as <code>2026-01-31</code>."
    ),
    "wizard.choose": "Please tap one of the buttons.",
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
    "wizard.what_last": "the last {count} {count:post|posts}, then new ones",
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
    # Checking and undoing ------------------------------------------------------------------------------------------
    "audit.title": "🔎 <b>{source}</b>\n     ↓\n<b>{target}</b>",
    "audit.looked": "Compared: {count} {count:post|posts}",
    "audit.missing": "❗️ Missing in the target: <b>{count}</b>",
    "audit.doubled": "❗️ There twice: <b>{count}</b>",
    "audit.fine": "✅ Nothing is missing, nothing is there twice.",
    "audit.filling": "{count} {count:post is|posts are} filled in, below the newest ones.",
    "audit.doubles_gone": "{count} second {count:copy was|copies were} deleted.",
    "audit.nothing": "There is nothing to do any more.",
    "audit.undo_ask": (
        "↩️ <b>Delete all copies?</b>\n\n{source} → {target}\n\nAll that this pair copied to the target is deleted "
        "({count} {count:post|posts}), and the pair pauses. Resumed, it copies everything once more from its beginning."
    ),
    "audit.undoing": "The copies are being deleted.",
    # The rules of a pair -------------------------------------------------------------------------------------------
    "rules.title": "⚙️ <b>Rules</b>\n{source} → {target}",
    "rules.none": "Every post is copied as it is.",
    "rules.set": "Done. It holds from the next post on.",
    "rules.cancelled": "Stopped. The rules are as they were.",
    "rules.without": "🚫 Left out: {what}",
    "rules.only": "✅ Only posts with: {what}",
    "rules.replaced": "✏️ {old} → {new}",
    "rules.above": "⬆️ Above each post: {what}",
    "rules.below": "⬇️ Below each post: {what}",
    "rules.delay": "🕒 {minutes} {minutes:minute|minutes} after its source",
    "rules.quiet": "🌙 Nothing from {first} to {last} ({zone})",
    "rules.per_hour": "🐢 At most {count} {count:post|posts} an hour",
    "rules.only_links": "🔘 Of the buttons: only links to {what}",
    "rules.ask_domains": (
        "Telegram takes no buttons from a user: links of buttons become links below the text. "
        "Which sites may they lead to? Send their names.\n\n"
        "<code>harbour.example, ships.example</code> – links there, and below; all other buttons are dropped\n"
        "<code>-</code> – buttons are kept as far as Telegram allows"
    ),
    "rules.ask_times": (
        "When shall posts go? Send any of these, in lines or separated by commas.\n\n"
        "<code>30</code> – minutes after their source\n"
        "<code>23:00-7:00 +2</code> – quiet hours, and how far your clock is ahead of UTC\n"
        "<code>20/h</code> – at most so many in an hour\n"
        "<code>-</code> – all at once"
    ),
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
    "rules.ask_above": (
        "Which text shall stand above each post? Its formatting is kept. <code>-</code> for none.\n\n"
        "Begin with a line <code>every 5</code> or <code>30%</code> for every fifth post, or for some by chance."
    ),
    "rules.ask_below": (
        "Which text shall stand below each post? Its formatting is kept. <code>-</code> for none.\n\n"
        "Begin with a line <code>every 5</code> or <code>30%</code> for every fifth post, or for some by chance."
    ),
    "rules.bad_pattern": "🔤 That regular expression is wrong at character {position}. Correct it and send it again.",
    "rules.added_too_long": "🔤 That text is longer than {most} characters. Shorten it and send it again.",
    "rules.not_understood": "I do not understand that. Look at the examples and send it again.",
    "rules.tried": (
        "🔍 <b>On the last {count} {count:post|posts}</b>\n"
        "As they are: {same}, changed: {changed}, left out: {left_out}. Nothing was sent."
    ),
    "rules.sample_changed": "✏️ <b>{id}</b>  {before}\n→ {after}",
    "rules.sample_left_out": "🚫 <b>{id}</b>  {before}\n({why})",
    "rules.why_words": "words",
    "rules.why_matching": "a regular expression",
    "rules.why_kinds": "its kind",
    "rules.why_extensions": "its file name",
    "rules.why_size": "its size",
    "rules.why_senders": "its writer",
    "rules.why_fixed": "its words cannot be changed",
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
    "media.dice": "dice",
    "media.other": "others",
    # Progress ------------------------------------------------------------------------------------------------------
    "progress.title": "📚 <b>{source} → {target}</b>",
    "progress.bar": "<code>{bar}</code> {percent} %",
    "progress.count": "{done} of {total} {total:post|posts}",
    "progress.count_open": "{done} {done:post|posts}",
    "progress.left": "about {time} left",
    "progress.done": "✅ History copied: <b>{done}</b> {done:post|posts}. New posts follow by themselves.",
    "progress.skipped": "Left out (protected, deleted or refused): {skipped}",
    "progress.wait": "⏳ Telegram asks to wait until {until} ({left}).",
    # Notices -------------------------------------------------------------------------------------------------------
    "notice.protected": (
        "🔒 <b>{source}</b> forbids forwarding its posts. I skip them and do not go around the protection. "
        "Ask the owner of the channel to allow forwarding."
    ),
    "notice.protected_some": (
        "🔒 Some posts of <b>{source}</b> are protected from forwarding. I leave those out and do not go around the "
        "protection; all others are copied."
    ),
    "notice.left_out": (
        "⚠️ {source} → {target}: Telegram does not take some posts there (kind: {what}). They are left "
        "out and counted; "
        "everything else is copied."
    ),
    "notice.left_out_rules": (
        "⚠️ {source} → {target}: your rules change posts that cannot be sent anew (kind: {what}), such "
        "as a quiz, whose "
        "right answer only its author knows. They are left out and counted, not sent unchanged."
    ),
    "notice.incomplete": (
        "↩️ {source} → {target}: Telegram lets some replies be copied only without what they answer (kind: {what}). "
        "They are copied and counted; all other replies keep it."
    ),
    "notice.incomplete_buttons": (
        "🔘 {source} → {target}: Telegram takes no buttons from a user, so some copies lack buttons that their posts "
        "have (kind: {what}). They are counted. Under Rules, buttons with links can become links below the text."
    ),
    "notice.incomplete_moves": (
        "📍 {source} → {target}: a live location was copied where it stood, and Telegram does not let that copy move. "
        "Such copies are counted; a location that is copied while it moves goes on moving."
    ),
    "notice.right_missing": (
        "📌 Your account may not pin in <b>{target}</b>, so pins of <b>{source}</b> are not followed. "
        "Posts are copied. Give the account the right to pin, then pause and resume the pair."
    ),
    "notice.right_missing_topics": (
        "🗂 Your account may not make topics in <b>{target}</b>, so posts of topics that are missing there go to the "
        "general one. Give it the right to manage topics, then pause and resume the pair."
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
        "✅ <b>{source} → {target}</b>\n\nHistory copied: <b>{copied}</b> {copied:post|posts}. New posts "
        "follow by themselves."
    ),
    "notice.finished": "✅ <b>{source} → {target}</b>\n\nFinished: <b>{copied}</b> {copied:post|posts} copied.",
    "notice.undone": (
        "↩️ {count} {count:copy|copies} of <b>{source}</b> in <b>{target}</b> {count:was|were} deleted. "
        "The pair is paused; resumed, it copies "
        "everything once more."
    ),
    "notice.day_full": (
        "🕒 Your account has sent as many posts today as it safely may. I go on by myself at {until} ({left}); nothing "
        "is skipped."
    ),
    "notice.gaps": (
        "🔎 I compared some posts of <b>{source}</b> with <b>{target}</b>: {missing} {missing:is|are} "
        "missing, {doubled} {doubled:is|are} there "
        "twice. Check the copies to fill in or delete them."
    ),
    "notice.rebuilt": (
        "🧩 What I had stored about <b>{source}</b> → <b>{target}</b> was damaged or gone. I read both and made it "
        "again: {count} {count:copy|copies} found. Nothing is sent twice."
    ),
    "notice.failed": (
        "🔴 The pair {source} → {target} met a problem and stands still. Resume it in /pairs to try again."
    ),
    "notice.other": "ℹ️ {text}",
}
