"""What people see of an operation's answer. Pure but for the printing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

Facts = dict[str, Any]

#: What a script may tell apart by the exit code of ``info``; every other status is 1.
EXIT_CODES: Final[Mapping[str, int]] = {"active": 0, "logging_in": 0, "no_session": 66, "leased": 75, "error": 75}
_COLOURS: Final = {
    "active": "green",
    "leased": "yellow",
    "logging_in": "yellow",
    "detached": "yellow",
    "no_session": "dim",
}
_NAMES: Final = {
    "user_id": "user",
    "account_id": "Telegram account",
    "is_bot": "a bot",
    "created_at": "created",
    "last_used_at": "last used",
    "saved_at": "last saved",
    "token": "fencing token",
    "seconds_left": "seconds left",
}


def text(value: Any, style: str = "") -> Text:
    """A value without anything that a terminal would obey. Times without their fractions."""
    shown = moment(value)
    return Text("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown), style=style)


def moment(value: Any) -> str:
    """A time as ``2026-01-02 03:04:05`` in UTC; anything else as text, None as a dash."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and len(value) >= 19 and value[4:5] == value[7:8] == "-":
        try:
            return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        except ValueError:
            return value
    return str(value)


def status(value: Any) -> Text:
    """A status in its colour."""
    return text(value, _COLOURS.get(str(value), "red"))


def table(*columns: str) -> Table:
    """An empty table that stays readable in a pipe."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        made.add_column(column, no_wrap=column != "Note", overflow="fold")
    return made


def emit(console: Console, what: RenderableType) -> None:
    """Print a table; without blanks at the ends of lines where the output is no terminal."""
    if console.is_terminal:
        console.print(what)
        return
    with console.capture() as captured:
        console.print(what)
    for line in captured.get().splitlines():
        console.print(line.rstrip(), markup=False)


def pairs(console: Console, facts: Mapping[str, Any], names: Iterable[str]) -> None:
    """Names and values, a line each; what is not there is left out."""
    shown = [(name, facts[name]) for name in names if facts.get(name) not in (None, "")]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in shown:
        grid.add_row(_NAMES.get(name, name.replace("_", " ")), status(value) if name == "status" else text(value))
    emit(console, grid)


# Sessions -----------------------------------------------------------------------------------------------------------


def sessions(console: Console, facts: Facts) -> None:
    """What ``list`` shows."""
    rows = facts["sessions"]
    if not rows:
        console.print("No sessions are stored. People log in with /login in the chat.")
        return
    made = table("User", "Status", "Connected", "Account", "Last used (UTC)", "Note")
    for row in rows:
        made.add_row(
            text(row["user_id"]),
            status(row["status"]),
            text(row["connected"]),
            text(row["account_id"]),
            text(row["last_used_at"]),
            text(row["reason"]) if row["reason"] else "",
        )
    emit(console, made)
    console.print(_count(facts["total"], "session"))


def info(console: Console, facts: Facts) -> None:
    """What ``info`` shows: everything that is known."""
    first = ["user_id", "status", "message", "reason", "since", "owner", "connected", "account_id"]
    pairs(console, facts, first + [name for name in facts if name not in first])


def info_exit(facts: Facts) -> int:
    """See :data:`EXIT_CODES`."""
    return EXIT_CODES.get(facts["status"], 1)


def test(console: Console, facts: Facts) -> None:
    """What ``test`` shows."""
    if facts["works"]:
        name = f"{facts['name']} (@{facts['username']})" if facts.get("username") else facts["name"]
        line = f"The session of {facts['user_id']} works: {name}, account {facts['account_id']}."
        console.print(text(line, "green"))
        return
    console.print(text(f"The session of {facts['user_id']} does not work. {facts['message']}", "bold red"))
    if facts.get("next_step"):
        console.print(text(facts["next_step"]))


def test_exit(facts: Facts) -> int:
    """0 when it works."""
    return 0 if facts["works"] else 1


def deletion(console: Console, facts: Facts) -> None:
    """What ``clear`` shows."""
    user = facts["user_id"]
    if not facts["existed"] and not facts["removed"]:
        console.print(text(f"There is no stored session of {user}. `python -m bybot sessions list` shows all."))
        return
    if facts["existed"]:
        told = "logged out at Telegram and" if facts["logged_out"] else "NOT logged out at Telegram, but"
        gone = "removed" if "session" in facts["removed"] else "NOT removed"
        console.print(text(f"The session of {user} was {told} {gone}."))
    else:
        console.print(text(f"The login under way of {user} was ended."))
    for failure in facts["failures"]:
        console.print(text(failure, "red"))


def deletion_exit(facts: Facts) -> int:
    """0 when all of it worked, 66 when there was nothing."""
    if facts["failures"]:
        return 1
    return 0 if facts["existed"] or facts["removed"] else 66


def cleanup(console: Console, facts: Facts) -> None:
    """What ``cleanup`` shows."""
    verb = "would be removed" if facts["dry_run"] else "removed"
    console.print(f"{facts['checked']} checked, {len(facts['removed'])} {verb}, {len(facts['skipped'])} left alone")
    for title, entries in (("Failed", facts["failed"]), ("Left alone", facts["skipped"])):
        for user, why in entries.items():
            console.print(text(f"  {title}: {user}: {why}", "red" if title == "Failed" else ""))
    for user in facts["removed"]:
        console.print(text(f"  {verb.capitalize()}: {user}"))


def cleanup_exit(facts: Facts) -> int:
    """1 when one could not be removed."""
    return 1 if facts["failed"] else 0


# Logins that come and go --------------------------------------------------------------------------------------------


def exported(console: Console, facts: Facts) -> None:
    """What ``export`` shows."""
    user, form, where = facts["user_id"], facts["form"], facts["where"]
    console.print(text(f"The session of {user} was exported as a {form}: {where}"))
    console.print(text("Whoever reads it has the account. Here the session is detached: nothing uses it"))
    console.print(text(f"until you state that the other copy is stopped: `python -m bybot sessions attach {user}`."))


def exported_string(console: Console, facts: Facts) -> None:
    """Nothing but the string goes to standard output; what there is to say goes beside it."""
    beside = Console(stderr=True, highlight=False, soft_wrap=True)
    exported(beside, facts)


def imported(console: Console, facts: Facts) -> None:
    """What ``import`` shows."""
    user = facts["user_id"]
    console.print(text(f"A {facts['form']} was stored as the session of {user}, data centre {facts['dc_id']}."))
    if facts["state"] == "detached":
        console.print(text("It is detached. Once no other program uses this login:"))
        console.print(text(f"`python -m bybot sessions attach {user}`"))
    else:
        _connected(console, facts)


def migrated(console: Console, facts: Facts) -> None:
    """What ``import`` shows of sessions of an older layout."""
    if not any(facts[kind] for kind in ("migrated", "aside", "duplicates", "refused")):
        console.print("No session of an older layout was found.")
        return
    verb = "would become" if facts["dry_run"] else "became"
    for source, user in facts["migrated"].items():
        console.print(text(f"{source} {verb} the session of {user}"))
    for source, user in facts["aside"].items():
        console.print(text(f"{source} {verb} {user}: an older login of the same person, kept aside"))
    for source in facts["duplicates"]:
        console.print(text(f"{source} holds the same login as another one; it was left alone", "yellow"))
    for source, why in facts["refused"].items():
        console.print(text(f"{source} was left as it is: {why}", "red"))
    for source in facts["removed"]:
        console.print(text(f"{source} is gone: its copy was read back"))
    if facts["migrated"] and not facts["ready"] and not facts["dry_run"]:
        console.print("They are detached. Once no other program uses a login: `python -m bybot sessions attach USER`.")


def migrated_exit(facts: Facts) -> int:
    """1 when something was left as it is."""
    return 1 if facts["refused"] else 0


def attached(console: Console, facts: Facts) -> None:
    """What ``attach`` shows."""
    console.print(text(f"The session of {facts['user_id']} may be used here from now on."))
    _connected(console, facts)


def _connected(console: Console, facts: Facts) -> None:
    if facts["connected"]:
        console.print(text(f"It works: account {facts['account_id']}.", "green"))
    else:
        console.print(text(f"It is not connected yet. {facts.get('reason') or ''}".strip(), "yellow"))


# Backups and keys ----------------------------------------------------------------------------------------------------


def backup(console: Console, facts: Facts) -> None:
    """What ``backup`` shows."""
    size = _size(facts["bytes"])
    documents, logins = _count(facts["documents"], "document"), _count(facts["sessions"], "session")
    console.print(text(f"{documents}, {logins} among them, {size}:"))
    console.print(text(facts["where"], "bold"))
    if not facts["sealed"]:
        console.print(text("It is NOT sealed: no key is configured, and whoever reads it has the logins.", "bold red"))
    for name in facts["removed"]:
        console.print(text(f"Thrown away for it: {name}"))


def backups(console: Console, facts: Facts) -> None:
    """What ``backup --list`` shows."""
    if not facts["backups"]:
        console.print("No backups are kept. `python -m bybot backup` makes one; BACKUP_HOURS makes them by itself.")
        return
    made = table("Name", "Made (UTC)", "Size", "Sealed with", "Note")
    for entry in facts["backups"]:
        sealed = entry["sealed_with"] or "nothing"
        made.add_row(
            text(entry["name"]), text(entry["created_at"]), _size(entry["bytes"]), sealed, text(entry["where"])
        )
    emit(console, made)


def restored(console: Console, facts: Facts) -> None:
    """What ``restore`` shows."""
    console.print(text(f"Backup {facts['name']} of {moment(facts['created_at'])} UTC:"))
    made = table("Collection", "Restored", "Kept", "Forgotten")
    names = sorted({*facts["restored"], *facts["kept"], *facts["forgotten"]})
    for name in names:
        made.add_row(text(name), *(str(facts[kind].get(name, 0)) for kind in ("restored", "kept", "forgotten")))
    if names:
        emit(console, made)
    for user in facts["ready"]:
        console.print(text(f"Ready: {user}"))
    for user in facts["detached"]:
        console.print(text(f"Detached: {user}"))
    for user, why in facts["refused"].items():
        console.print(text(f"Not restored: {user}: {why}", "red"))
    if facts["detached"]:
        console.print("Once nothing else uses a detached login: `python -m bybot sessions attach USER`.")


def restored_exit(facts: Facts) -> int:
    """1 when a session was refused."""
    return 1 if facts["refused"] else 0


def rotation(console: Console, facts: Facts) -> None:
    """What ``rotate-keys`` shows."""
    sealed, already = facts["resealed"], facts["already"]
    console.print(
        text(f"Key {facts['fingerprint']}: {_count(sealed, 'document')} sealed anew, {already} already were.")
    )
    for name, why in facts["failed"].items():
        console.print(text(f"Left as it was: {name}: {why}", "red"))
    if facts["old_backups"]:
        console.print(text("These backups open only with an older key; keep it as long as you keep them:"))
        for where in facts["old_backups"]:
            console.print(text(f"  {where}"))
    elif facts["complete"]:
        console.print("The older keys can be removed from SESSION_ENCRYPTION_KEYS.")


def rotation_exit(facts: Facts) -> int:
    """1 when something was left as it was."""
    return 0 if facts["complete"] else 1


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _size(count: int) -> str:
    if count < 10_000:
        return f"{count} bytes"
    return f"{count / 1000:.0f} kB" if count < 10_000_000 else f"{count / 1_000_000:.0f} MB"
