"""The tour itself: what happens, in which order, told while it happens.

options = TourOptions(store="firestore")
result = await run_tour(options)          # the story goes to the terminal unless options.as_json
exit_code = await play(options)           # the same, with the ending or the JSON object printed
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.tour import cast
from bybot.sandbox.tour.model import Sabotage, TourFailed, TourOptions, TourResult
from bybot.sandbox.tour.narrator import Narrator
from bybot.sandbox.tour.person import Person
from bybot.sandbox.tour.processes import Children
from bybot.sandbox.tour.scenes import Scenes
from bybot.sandbox.tour.stage import Stage

__all__ = ["Sabotage", "TourFailed", "TourOptions", "TourResult", "play", "run_tour"]


async def play(options: TourOptions) -> int:
    """Play the tour and print its story or its JSON object.

    Returns:
        The exit code: 0 only when nothing is missing, doubled or altered.

    Raises:
        TourFailed: it could not be played to its end.
    """
    with _sigterm_cancels():
        result = await run_tour(options)
    if options.as_json:
        print(json.dumps(result.as_dict()), flush=True)
    return result.exit_code


async def run_tour(options: TourOptions, narrator: Narrator | None = None) -> TourResult:
    """Play the tour.

    Args:
        options: what to play.
        narrator: who tells it; None: a terminal, or nobody when the result is wanted as JSON.

    Returns:
        What came out, good or bad.

    Raises:
        TourFailed: it could not be played to its end; the directory with the logs is kept and named.
    """
    narrator = narrator or Narrator(quiet=options.as_json)
    directory = options.directory or Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="bybot-tour-"))
    try:
        result = await _play(options, narrator, directory)
    except TourFailed as error:
        error.next_step = error.next_step or f"The logs are in {directory}"
        raise
    if result.ok and options.directory is None:
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
    else:
        narrator.detail(f"The logs are in {directory}")
    return result


async def _play(options: TourOptions, narrator: Narrator, directory: Path) -> TourResult:
    result = TourResult(options.store)
    began = time.monotonic()
    narrator.title(
        "A tour of bybot. Everything is real but Telegram itself:\n"
        "a sandbox speaks Telegram's protocols on this machine, without internet or an account."
    )
    async with Children() as children:
        stage = Stage(children, directory, options.store, options.sabotage)
        narrator.step("Process 1 of 3: the sandbox Telegram starts")
        await stage.start_sandbox()
        async with ControlClient(stage.addresses.control) as control:
            scenes = Scenes(options, stage, control, children, narrator, result)
            await scenes.world()
            narrator.step("Process 2 of 3: bybot starts, as an operator runs it: python -m bybot run")
            bot = await stage.start_bot()
            assert stage.sandbox is not None
            person = Person(
                control, cast.YOU, cast.BOT, narrator=narrator, children=children, alive=[stage.sandbox, bot]
            )
            await scenes.login(person)
            await scenes.add_pair(person)
            await scenes.history_and_crash()
            await scenes.live()
            await scenes.stop()
            await scenes.verdict()
            result.seconds = time.monotonic() - began
            narrator.result(result)
            _ending(narrator)
            if options.keep:
                await _keep(stage, narrator)
    return result


def _ending(narrator: Narrator) -> None:
    narrator.say()
    narrator.say("See it in the browser:   [bold]make sandbox[/bold]")
    narrator.say('As on Render:            [bold]make demo ARGS="--store firestore"[/bold]')
    narrator.say(
        "Run it for real:         copy [bold].env.example[/bold] to [bold].env[/bold], fill in BOT_TOKEN, API_ID and "
        "API_HASH, then [bold]make run[/bold]"
    )


async def _keep(stage: Stage, narrator: Narrator) -> None:
    narrator.say(f"\nThe sandbox is still here: [bold]{stage.addresses.page}[/bold]   (Ctrl-C ends it)")
    await stage.start_bot()
    await asyncio.Event().wait()


@contextlib.contextmanager
def _sigterm_cancels() -> Iterator[None]:
    """SIGTERM ends the tour as Ctrl-C does, so that no child is left behind."""
    loop = asyncio.get_running_loop()
    task: asyncio.Task[Any] | None = asyncio.current_task()
    assert task is not None
    try:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    except (NotImplementedError, RuntimeError):  # not the main thread, or no signals on this system
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
