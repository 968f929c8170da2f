"""The scenes of the tour, in the order in which they are played."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.tour import cast
from bybot.sandbox.tour.model import TourFailed, TourOptions, TourResult
from bybot.sandbox.tour.narrator import Narrator
from bybot.sandbox.tour.person import Person
from bybot.sandbox.tour.processes import Children
from bybot.sandbox.tour.stage import Stage

_KILL_SECONDS = 60.0
# So long may nothing arrive before the checker is asked what is missing.
_STANDSTILL_SECONDS = 15.0
# So long the target is watched for copies that come on top.
_QUIET_SECONDS = 1.5
_POLL_SECONDS = 0.03
_LIVE_GAP_SECONDS = 0.05


class Scenes:
    """Plays one scene after another and writes down what came out."""

    def __init__(
        self,
        options: TourOptions,
        stage: Stage,
        control: ControlClient,
        children: Children,
        narrator: Narrator,
        result: TourResult,
    ) -> None:
        self._options = options
        self._stage = stage
        self._control = control
        self._children = children
        self._narrator = narrator
        self._result = result
        self._last_history_id = 0
        self._expected = 0
        self._posted_live = 0
        self._fault: int | None = None

    # Before the product -------------------------------------------------------------------------------------

    async def world(self) -> None:
        """People, channels, and a history."""
        count, protected = self._options.history, cast.protected(self._options.history)
        await self._control.seed(cast.seed(count, self._options.seed))
        self._last_history_id = (await self._control.chat(cast.EDITOR, cast.SOURCE, limit=1))[-1]["id"]
        self._expected = count - protected
        self._narrator.detail(
            f"You follow the channel “{cast.SOURCE_TITLE}” with {count:,} posts: formatted text, photos, albums, "
            f"replies, a video, {protected} protected posts. “{cast.TARGET_TITLE}” is your own and empty."
        )

    # The chat -----------------------------------------------------------------------------------------------

    async def login(self, you: Person) -> None:
        """Consent, phone, keypad, two-step password."""
        self._narrator.step("You talk to the bot and log in, by keypad and two-step password")
        await you.say("/start")
        await you.press("I agree")
        await you.hears(lambda line: "phone number" in line.text, "the question for the phone number")
        await you.say(f"+{cast.YOUR_PHONE}", shown=f"+{cast.YOUR_PHONE[:5]}•••••   (deleted from the chat at once)")
        await you.hears(lambda line: "Enter the code" in line.text, "the question for the code")
        await you.type_code(await self._control.wait_code(cast.YOUR_PHONE))
        await you.hears(lambda line: "two-step password" in line.text, "the question for the password")
        await you.say(cast.PASSWORD, shown="••••••••   (deleted from the chat at once)")
        await you.hears(lambda line: "Logged in" in line.text, "the end of the login")

    async def add_pair(self, you: Person) -> None:
        """Source, target, everything; and a cut is prepared for the middle."""
        self._narrator.step("You add a pair: copy everything, then follow")
        await you.say("/pairs")
        await you.press("Add a pair")
        await you.hears(lambda line: "1 of 3" in line.text, "the question for the source")
        await you.say(f"https://t.me/{cast.SOURCE.removeprefix('@')}")
        await you.hears(lambda line: "2 of 3" in line.text, "the question for the target")
        await you.say(cast.TARGET)
        await you.press("Everything")
        await you.hears_button("Start")
        await self._prepare_cut()
        await you.press("Start")
        await you.hears(lambda line: "Pair added" in line.text, "the new pair")

    async def _prepare_cut(self) -> None:
        """Somewhere in the middle a forward is applied, but its answer is held back."""
        nth = max(2, self._options.history // 15)
        self._fault = await self._control.fault(
            "cut", account=cast.YOU, method="messages.forwardMessages", nth=nth, hold=True
        )

    # Copying and the crash -----------------------------------------------------------------------------------

    async def history_and_crash(self) -> None:
        """History is copied; in the middle the bot is killed, and goes on by itself."""
        self._narrator.step("bybot copies the history; in the middle it will be killed")
        with self._narrator.progress("copied", self._expected) as bar:

            async def cut() -> bool:
                bar(await self._copies())
                return await self._fired()

            await self._children.until(cut, "the cut in the middle", seconds=_KILL_SECONDS, alive=self._alive())
            killed_at = await self._copies()
            await self._bot().kill()
        self._narrator.step(f"SIGKILL after {killed_at:,} posts, while Telegram has applied a forward and not answered")
        await self._control.clear_faults()
        self._result.restarts += 1
        while_dead = max(1, self._options.live // 5)
        self._narrator.detail(f"While the bot is dead, the channel goes on: {while_dead} new posts.")
        await self._post(while_dead)
        where = "with an empty disk and another host name" if self._options.store == "firestore" else "on the same disk"
        self._narrator.step(f"bybot starts again, {where}; nobody tells it anything")
        await self._stage.start_bot()
        await self._until_copied("copied")

    async def live(self) -> None:
        """New posts follow one by one."""
        rest = self._options.live - self._posted_live
        self._narrator.step(f"{rest} new posts follow live")
        await self._post(rest, gap=_LIVE_GAP_SECONDS)
        await self._until_copied("copied")

    async def stop(self) -> None:
        """SIGTERM: the bot finishes what it must and ends."""
        self._narrator.step("The bot is stopped politely (SIGTERM)")
        code = await self._bot().stop(30)
        if code != 0:
            raise self._bot().failure(f"the bot ended with exit code {code} after SIGTERM")

    async def verdict(self) -> None:
        """The checker and the sandbox's own counters."""
        self._narrator.step("Process 3 of 3: the checker, plain Telethon that knows nothing of bybot, compares")
        result = self._result
        total = await self._posts(cast.SOURCE) + await self._copies()
        with self._narrator.progress("read", total) as bar:
            report = await self._stage.check(bar)
        history = [post for post in report["copied"] if post <= self._last_history_id]
        result.cloned, result.live = len(history), len(report["copied"]) - len(history)
        result.missing, result.doubled = len(report["missing"]), len(report["doubled"])
        result.altered = len(report["differences"])
        result.differences = report["differences"]
        result.skipped_protected = report["skipped_protected"]
        counters = await self._control.counters()
        result.key_violations = counters["duplicate_violations"]
        result.unknown_requests = sum(counters["unknown"].values())

    # Helpers ------------------------------------------------------------------------------------------------

    def _bot(self) -> Any:
        if self._stage.bot is None:
            raise TourFailed("the bot was not started")
        return self._stage.bot

    def _alive(self) -> list[Any]:
        return [self._stage.sandbox, self._bot()]

    async def _copies(self) -> int:
        return await self._posts(cast.TARGET)

    async def _posts(self, chat: str) -> int:
        """How many posts a channel holds; one message tells that it was created."""
        found = await self._control.get("chat", as_=cast.YOU, with_=chat, limit=1)
        return int(found["total"]) - 1

    async def _fired(self) -> bool:
        return any(fault["id"] == self._fault and fault["fired"] for fault in await self._control.faults())

    async def _post(self, count: int, gap: float = 0.0) -> None:
        end = self._posted_live + count
        while self._posted_live < end:
            item = cast.live_post(self._posted_live + 1, end - self._posted_live, self._last_history_id)
            posted = len(await self._control.post(cast.EDITOR, cast.SOURCE, **item))
            self._posted_live += posted
            self._expected += posted
            await asyncio.sleep(gap)

    async def _until_copied(self, label: str) -> None:
        """Wait for every copy; when nothing arrives any more, leave it to the checker to say what is missing."""
        wanted = self._expected - self._options.sabotage.drop + self._options.sabotage.double
        with self._narrator.progress(label, wanted) as bar:
            copies, since = -1, time.monotonic()
            while True:
                now = await self._copies()
                bar(now)
                if now != copies:
                    copies, since = now, time.monotonic()
                still = time.monotonic() - since
                if still > (_QUIET_SECONDS if now >= wanted else _STANDSTILL_SECONDS):
                    return
                for child in self._alive():
                    child.check()
                await asyncio.sleep(_POLL_SECONDS)
