"""Sentences in English about the defaults of a person, and about further filters."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "command.rules": "Rules for all your pairs",
    "rules.title_mine": (
        "⚙️ <b>Your defaults</b>\nThese rules hold for all pairs of all your accounts where a pair sets nothing itself."
    ),
    "rules.from_mine": "🔗 from your defaults",
    "rules.set_mine": "Done. Your pairs follow from their next post on.",
    "button.rules_own": "🔗 Own or from your defaults…",
    "rules.own": (
        "What does this pair set itself? Tap to change.\n\n🔗 follows your defaults (/rules)\n✏️ is the pair's own"
    ),
    "button.rules_more": "🧰 More filters…",
    "rules.more": "Which further posts shall be left out?",
    "button.rules_languages": "🌐 Languages…",
    "button.rules_extensions": "📎 File endings…",
    "button.rules_size": "⚖️ File sizes…",
    "button.rules_senders": "👤 Writers…",
    "button.rules_duplicates_off": "♻️ The same again: copied",
    "button.rules_duplicates_on": "♻️ The same again: left out ({posts}, {days} d)",
    "rules.languages": (
        "Tap the languages that matter. A post whose language is not clear is always copied: one with few words, "
        "with names and numbers only, or with several languages."
    ),
    "button.rules_languages_only": "✅ Only posts in these languages",
    "button.rules_languages_without": "🚫 All posts but those in these languages",
    "rules.same_again": "♻️ Left out: what was posted within the last {posts} posts and {days} days",
    "rules.size_from": "⚖️ Files from {least}",
    "rules.size_to": "⚖️ Files up to {most}",
    "rules.size_between": "⚖️ Files from {least} to {most}",
    "rules.above_every": "⬆️ Above every post whose number divides by {every}: {what}",
    "rules.below_every": "⬇️ Below every post whose number divides by {every}: {what}",
    "rules.above_share": "⬆️ Above {share} % of the posts: {what}",
    "rules.below_share": "⬇️ Below {share} % of the posts: {what}",
    "rules.ask_extensions": (
        "Files with which endings shall be left out?\n\n"
        "<code>exe, apk</code> – these are left out\n"
        "<code>+pdf, +epub</code> – of files, only these are copied\n"
        "<code>-</code> – all files are copied"
    ),
    "rules.ask_size": (
        "How large may files be?\n\n"
        "<code>20 MB</code> – up to that\n"
        "<code>1 MB - 20 MB</code> – from and to\n"
        "<code>1 MB -</code> – from that on\n"
        "<code>-</code> – any size"
    ),
    "rules.ask_senders": (
        "Whose posts shall be left out? Send their ids, as numbers. In channels, posts have no writer unless they are "
        "signed; those are always copied.\n\n"
        "<code>123456789</code> – posts by this one are left out\n"
        "<code>+123456789</code> – only posts by this one\n"
        "<code>-</code> – posts by everybody"
    ),
    "rules.why_languages": "its language",
    "rules.why_duplicates": "the same was posted before",
    "slot.words": "Words",
    "slot.kinds": "Kinds",
    "slot.extensions": "File endings",
    "slot.size": "File sizes",
    "slot.senders": "Writers",
    "slot.languages": "Languages",
    "slot.duplicates": "The same again",
    "slot.replace": "Replacements",
    "slot.remove_links": "Links",
    "slot.remove_magnets": "Magnets",
    "slot.remove_hashtags": "Hashtags",
    "slot.remove_mentions": "Mentions",
    "slot.above": "Header",
    "slot.below": "Footer",
    "slot.edits": "Edited posts",
    "slot.deletions": "Deleted posts",
    "slot.buttons": "Buttons",
    "slot.pins": "Pinned posts",
    "slot.files": "Files",
    "slot.window": "Looking back",
    "slot.schedule": "Times",
}
