"""English: pairs and settings to a file and from one."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "command.export": "Your pairs and settings as a file",
    "command.import": "Pairs from a file",
    # Export --------------------------------------------------------------------------------------------------------
    "exchange.file": (
        "📤 <b>{count} {count:pair|pairs}</b> and your settings.\n\nNo login, no posts and no message ids "
        "are in it. /import takes "
        "it back, here or at another bybot."
    ),
    # Import --------------------------------------------------------------------------------------------------------
    "exchange.account": "📥 <b>Import</b>\n\nWith which of your accounts? It needs to see the sources and to post in "
    "the targets.",
    "exchange.send": (
        "📥 <b>Import</b>\n\nSend me the file as a document: one of /export, or a configuration of tgcf "
        "(<code>tgcf.config.json</code>, <code>tgcf.config.yml</code>) or telemirror "
        "(<code>mirror.config.yml</code>, <code>.env</code>). At most {most} kB.\n\n"
        "Nothing is made before you have seen what it would be."
    ),
    "exchange.no_document": "Please send the file as a document, or stop: /cancel.",
    "exchange.looking": "🔎 Looking at every channel of the file…",
    "exchange.working": "⏳ Making the pairs…",
    "exchange.cancelled": "The import was stopped. Nothing was made.",
    "exchange.timeout": "⌛ The import was not finished in time. Nothing was made. Again: /import.",
    "exchange.title": "📥 <b>{name}</b> ({format})",
    "exchange.done": "📥 <b>Done</b> ({format})",
    "exchange.new": "✅ <b>New: {count}</b>",
    "exchange.made": "✅ <b>Made: {count}</b>",
    "exchange.exists": "☑️ There already: {count}",
    "exchange.failed": "❌ <b>Not possible: {count}</b>",
    "exchange.item": "{source} → {target}",
    "exchange.paused": "{item} ⏸",
    "exchange.paused_note": "⏸ They start paused: so the file says, or a rule of it has no equivalent. Look at their "
    "rules first.",
    "exchange.more": "… and {count} more",
    "exchange.whole": "📄 The whole list.",
    "exchange.remarks": "⚠️ <b>Not taken over, or not quite:</b>",
    "exchange.settings": "⚙️ The file has settings, too: {names}.",
    "exchange.settings_done": "⚙️ Settings taken over: {names}.",
    "exchange.setting.language": "language",
    "exchange.setting.rules": "rules for all pairs",
    "exchange.nothing": "Nothing of it can be taken over.",
    "exchange.secrets": (
        "🔐 The file holds logins or keys of another program. I have not kept them; your message with the file is "
        "deleted in the end."
    ),
    "exchange.trouble": "line {line}, <code>{field}</code>: {what}",
    "exchange.trouble.missing_field": "this is missing",
    "exchange.trouble.unknown_field": "there is no such field",
    "exchange.trouble.wrong_value": "this is not what it takes",
    "exchange.trouble.bad_rule": "there is no such rule: {detail}",
    "exchange.trouble.bad_pattern": "the pattern is wrong at character {detail}",
    "exchange.trouble.no_equivalent": "I have nothing like it: {detail}",
    "exchange.trouble.partly": "nearly the same here, see the guide: {detail}",
    "exchange.trouble.refused_on_purpose": "{detail} takes protected posts around their protection; I do not",
    "exchange.trouble.name_moved": "the name belongs to another chat by now",
    "exchange.trouble.range_ends_later": "the range ends in the future",
    "exchange.trouble.chat_not_found": "your account finds no such channel",
    "exchange.trouble.chat_not_readable": "your account cannot read it",
    "exchange.trouble.chat_not_writable": "your account may not post there",
    "exchange.trouble.same_chat": "source and target are the same",
    "exchange.trouble.pair_exists": "the pair is there already",
    "exchange.trouble.pair_cycle": "posts would go round in a circle",
    "exchange.trouble.account_limited": "Telegram has limited your account",
    "exchange.trouble.no_discussion": "the source or the target has no comments",
    "exchange.trouble.discussion_not_readable": "your account cannot read the comments there",
    "exchange.trouble.discussion_not_writable": "your account may not write comments there",
    "exchange.trouble.document_too_large": "your pairs and their rules would be too large together",
    "exchange.trouble.other": "it could not be done now; send the file again later",
    "button.import_new": "▶️ Make them: new posts only",
    "button.import_file": "📚 Make them: from where the file says",
    "button.import_settings": "⚙️ Take the settings over",
    "button.import_with": "⚙️ With its settings: yes",
    "button.import_without": "⚙️ With its settings: no",
    # What a file can have wrong --------------------------------------------------------------------------------------
    "error.unreadable_pairs": "📄 That file cannot be used: {what}.",
    "exchange.why.line": "line {line}: {what}",
    "exchange.why.empty": "it is empty",
    "exchange.why.too_large": "it is larger than {most} kB",
    "exchange.why.not_text": "it is not a text file",
    "exchange.why.broken": "it is not complete JSON or YAML",
    "exchange.why.twice": "a name stands there twice",
    "exchange.why.unknown": "it is neither a file of /export nor a configuration of tgcf or telemirror",
    "exchange.why.newer": "a newer version of me wrote it",
    "exchange.why.fields": "a field is missing, unknown, or not what it takes",
    "exchange.why.gone": "Telegram does not give it any more; send it again",
    "exchange.why.too_many": "it has more than {pairs} pairs",
}
