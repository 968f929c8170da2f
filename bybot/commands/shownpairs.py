"""What people see of files of pairs on the command line. Pure but for the printing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console

from bybot.commands.shown import Facts, text

_WORDS: Final[Mapping[str, str]] = {
    "missing_field": "it is missing",
    "unknown_field": "there is no such field",
    "wrong_value": "this is not what it takes",
    "bad_rule": "there is no such rule: {detail}",
    "bad_pattern": "the pattern is wrong at character {detail}",
    "no_equivalent": "bybot has nothing like it: {detail}",
    "partly": "bybot does nearly the same, see docs/pairs-file.md: {detail}",
    "refused_on_purpose": "{detail} takes protected posts around their protection; bybot does not",
    "name_moved": "the name belongs to another chat by now",
    "range_ends_later": "the range ends in the future",
    "chat_not_found": "the account finds no such chat",
    "chat_not_readable": "the account cannot read it",
    "chat_not_writable": "the account may not post there",
    "same_chat": "source and target are the same chat",
    "pair_exists": "the pair is there already",
    "pair_cycle": "posts would go round in a circle",
    "no_discussion": "the source or the target has no comments",
    "discussion_not_readable": "the account cannot read the comments there",
    "discussion_not_writable": "the account may not write comments there",
}


def exported(console: Console, facts: Facts) -> None:
    """What ``export`` shows: beside the file, when that is printed itself."""
    beside = Console(stderr=True, highlight=False, soft_wrap=True) if facts["where"] == "standard output" else console
    count = facts["pairs"]
    beside.print(text(f"{count} pair{'' if count == 1 else 's'} of {facts['user_id']}: {facts['where']}"))


def imported(console: Console, facts: Facts) -> None:
    """What ``import`` shows."""
    verbs = {"new": "Would be made" if facts["dry_run"] else "Made", "exists": "There already", "failed": "Not made"}
    colours = {"new": "green", "exists": "", "failed": "red"}
    for item in facts["items"]:
        paused = " (paused)" if item["paused"] and item["fate"] == "new" else ""
        line = f"{verbs[item['fate']]}: {item['source']} → {item['target']}{paused}"
        console.print(text(line, colours[item["fate"]]))
        for trouble in item["troubles"]:
            console.print(text(f"  {_trouble(trouble)}"))
    if facts["remarks"]:
        console.print("Not taken over, or not quite:")
    for remark in facts["remarks"]:
        console.print(text(f"  {_trouble(remark)}", "yellow"))
    if facts["preferences"]:
        verb = "would be taken over" if facts["dry_run"] else "taken over"
        console.print(text(f"Settings {verb}: {', '.join(facts['preferences'])}"))
    if facts["secrets"]:
        console.print(text("The file holds logins or keys of another program; bybot has not kept them.", "yellow"))
    if not facts["items"]:
        console.print("The file has no pairs.")


def imported_exit(facts: Facts) -> int:
    """1 when something was not made."""
    return 1 if any(item["fate"] == "failed" for item in facts["items"]) else 0


def _trouble(trouble: Mapping[str, Any]) -> str:
    words = _WORDS.get(trouble["code"], "it could not be done now ({code}); import the file again later")
    what = words.format(code=trouble["code"], detail=trouble["detail"])
    return f"line {trouble['line']}, {trouble['field']}: {what}"
