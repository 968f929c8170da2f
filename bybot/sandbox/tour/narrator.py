"""Tells the tour as a story on a terminal; says nothing when the result is wanted as JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from bybot.sandbox.tour.model import TourResult

_SHORTEST = 40
_MOST_BUTTONS = 4


class Narrator:
    """Prints steps, what is said in the chat, progress bars and the result."""

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        self._console = console or Console(quiet=quiet, highlight=False)
        self._began = time.monotonic()
        self._steps = 0

    @property
    def seconds(self) -> float:
        """Since the story began."""
        return time.monotonic() - self._began

    def title(self, text: str) -> None:
        """The headline."""
        self._console.print(Panel(Text(text), expand=False))

    def step(self, text: str) -> None:
        """A new step of the story, numbered and timed."""
        self._steps += 1
        self._console.print()
        self._console.print(f"[bold]{self._steps:>2}.[/bold] {text}  [dim]({self.seconds:.1f} s)[/dim]")

    def detail(self, text: str) -> None:
        """A line of explanation below a step."""
        self._console.print(Padding(Text(text, style="dim"), (0, 0, 0, 4)))

    def said(self, who: str, text: str, buttons: list[str] | None = None) -> None:
        """A line of the chat, shortened; ``buttons`` are the labels below it."""
        line = Text(f"    {who}: ", style="cyan" if who == "bot" else "green")
        line.append(" ".join(text.split()), style="default")
        if buttons:
            # Buttons are shown whole, the text gives way.
            shown = [*buttons[:_MOST_BUTTONS], "…"] if len(buttons) > _MOST_BUTTONS else buttons
            labels = "  " + " ".join(f"[{label}]" for label in shown)
            line.truncate(max(_SHORTEST, self._console.width - cell_len(labels)), overflow="ellipsis")
            line.append(labels, style="dim")
        self._console.print(line, no_wrap=True, overflow="ellipsis")

    @contextmanager
    def progress(self, text: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar; call the yielded function with how many are done."""
        columns = (
            TextColumn("    {task.description}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console, transient=False) as bar:
            task = bar.add_task(text, total=total)
            yield lambda done: bar.update(task, completed=min(done, total))

    def result(self, result: TourResult) -> None:
        """The verdict as a table."""
        table = Table(show_header=False, box=None, padding=(0, 1))
        rows = [
            ("history posts copied", result.cloned),
            ("live posts copied", result.live),
            ("protected posts left alone", result.skipped_protected),
            ("restarts after SIGKILL", result.restarts),
            ("missing", result.missing),
            ("doubled", result.doubled),
            ("altered (text, formatting, file, album, reply, order)", result.altered),
            ("auth key used from two places", result.key_violations),
            ("requests that the sandbox does not know", result.unknown_requests),
        ]
        for name, value in rows:
            bad = value and name.split()[0] in ("missing", "doubled", "altered", "auth", "requests")
            table.add_row(name, Text(str(value), style="bold red" if bad else "bold"))
        table.add_row("seconds", f"{result.seconds:.1f}")
        verdict = "[bold green]The copy is faithful.[/]" if result.ok else "[bold red]The copy is not faithful.[/]"
        self._console.print()
        self._console.print(Panel(table, title=verdict, expand=False))
        for difference in result.differences[:10]:
            self._console.print(Text(f"    {difference['kind']}: {difference['fact']}", style="red"))

    def say(self, text: str = "") -> None:
        """Plain lines, with rich's markup."""
        self._console.print(text)
