"""A person in the chat with the bot: reads, writes, and presses buttons by what stands on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.tour.model import TourFailed
from bybot.sandbox.tour.narrator import Narrator
from bybot.sandbox.tour.processes import Child, Children

_PATIENCE = 20.0


@dataclass(frozen=True)
class Line:
    """A message of the bot as the person sees it; ``buttons`` are its labels."""

    id: int
    text: str
    buttons: tuple[str, ...]
    seen: str  # changes with every edit


class Person:
    """Talks to the bot through the sandbox's test control, as somebody with a phone in hand would."""

    def __init__(
        self,
        control: ControlClient,
        account: str,
        bot: str,
        *,
        narrator: Narrator,
        children: Children,
        alive: Sequence[Child],
    ) -> None:
        self._control = control
        self._account = account
        self._bot = bot
        self._narrator = narrator
        self._children = children
        self._alive = alive
        self._told: set[tuple[int, str]] = set()

    async def say(self, text: str, *, shown: str | None = None) -> None:
        """Write to the bot; ``shown`` stands in the story instead of a secret."""
        self._narrator.said("you", shown or text)
        await self._control.say(self._account, self._bot, text)

    async def chat(self) -> list[Line]:
        """What the bot has written, oldest first."""
        return [_line(message) for message in await self._control.chat(self._account, self._bot) if not message["out"]]

    async def hears(self, wanted: Callable[[Line], bool], what: str) -> Line:
        """Wait until the bot's newest messages hold one that fits, and tell it in the story.

        Args:
            wanted: whether a message fits.
            what: the expected event, for the error.
        """
        line = await self._waits_for(wanted, what)
        if (line.id, line.seen) not in self._told:
            self._told.add((line.id, line.seen))
            self._narrator.said("bot", line.text, [label for label in line.buttons if label.strip()])
        return line

    async def _waits_for(self, wanted: Callable[[Line], bool], what: str) -> Line:
        found: list[Line] = []

        async def arrived() -> bool:
            found[:] = [line for line in await self.chat() if wanted(line)]
            return bool(found)

        try:
            await self._children.until(arrived, what, seconds=_PATIENCE, alive=self._alive)
        except TourFailed as error:
            newest = "\n".join(f"  bot: {line.text!r} {list(line.buttons)}" for line in (await self.chat())[-3:])
            raise TourFailed(
                f"{error.message}\nThe bot's newest messages:\n{newest}", next_step=error.next_step
            ) from None
        return found[-1]

    async def hears_button(self, label: str) -> Line:
        """Wait for a message with a button on which this word stands."""
        return await self.hears(
            lambda line: _find(line.buttons, label) is not None, f"a message with the button {label!r}"
        )

    async def press(self, label: str, *, told: bool = True) -> None:
        """Press the button with this word on it, in the newest message that has one."""
        line = await self.hears_button(label)
        button = _find(line.buttons, label)
        if told:
            self._narrator.said("you", f"presses [{button}]")
        await self._control.press(self._account, self._bot, line.id, label=button)

    async def type_code(self, code: str) -> None:
        """Tap the digits one after another on the keypad; nothing of it travels as a message."""
        self._narrator.said("you", f"taps {' '.join('•' * len(code))} on the keypad")
        for digit in code:
            keypad = await self._waits_for(lambda line: _is_keypad(line.buttons), "the keypad")
            await self._control.press(self._account, self._bot, keypad.id, label=_find(keypad.buttons, digit))


def _line(message: dict[str, Any]) -> Line:
    labels = tuple(str(button["text"]) for row in message.get("buttons") or () for button in row)
    text = unescape(re.sub(r"<[^>]+>", "", str(message.get("text") or "")))
    return Line(int(message["id"]), text, labels, f"{text}{labels}")


def _find(buttons: Sequence[str], label: str) -> str | None:
    """The button on which the label stands: alone before in company, so that ``1`` is not ``10``."""
    exact = [button for button in buttons if button.strip() == label]
    near = [button for button in buttons if re.search(rf"(?<!\w){re.escape(label)}(?!\w)", button, re.IGNORECASE)]
    return next(iter([*exact, *near]), None)


def _is_keypad(buttons: Sequence[str]) -> bool:
    return all(_find(buttons, str(digit)) for digit in range(10))
