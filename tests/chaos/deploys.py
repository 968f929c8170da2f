"""A round of deploys: whole programs take over from each other while an editor posts, and some of them are killed."""

from __future__ import annotations

import asyncio
import base64
import itertools
import random
import time
from collections import Counter
from typing import Any

from bybot.sandbox.seed import find_channel
from tests.chaos import child, program
from tests.chaos.ground import LEASE, Ground, Runner, until
from tests.chaos.rounds import SETTLE, Outcome

_PAUSE = 0.04  # seconds between two posts


def cast(number: int, first: int) -> dict[str, Any]:
    """The bot and the channels of one round; the first account owns the target, the second posts."""
    return {
        "bots": [{"name": "Deployed", "username": f"deployed_{number}_bot", "token": token(number)}],
        "channels": [
            {"title": "Source", "username": f"source_{number}", "creator": first + 1, "members": [first]},
            {"title": "Target", "username": f"target_{number}", "creator": first},
        ],
    }


def token(number: int) -> str:
    return f"70{number:08d}:AAEk3nFv8ZpQmT0rXw5LcUyB2hJdGs9oKiM"


class Deploys:
    """See the module.

    Args:
        first: the account whose posts are mirrored; the next one is the editor.
    """

    def __init__(self, ground: Ground, dice: random.Random, first: int) -> None:
        self.outcome = Outcome()
        self._ground = ground
        self._dice = dice
        self._first = first
        self._began = time.monotonic()
        self._violations = ground.sandbox.counters.duplicate_violations

    def _note(self, what: str) -> None:
        self.outcome.story.append(f"{time.monotonic() - self._began:6.2f} {what}")

    async def play(self) -> Outcome:
        """Three deploys, one after the other."""
        ground, user = self._ground, str(self._first)
        await ground.plant(user, self._first)
        posting = asyncio.create_task(self._post())
        try:
            old = self._start()
            if not await until(lambda: old.state == "active", 15):
                self.outcome.orphaned.append("the first process did not come up")
                return self.outcome
            old.send("pair", self._first, f"@source_{ground.number}", f"@target_{ground.number}")
            await until(lambda: old.said("done", "pair"), 10)
            for _ in range(2):
                old = await self._deploy(old)
            posting.cancel()
            await asyncio.gather(posting, return_exceptions=True)
            since = time.monotonic()
            await until(lambda: len(set(self._texts("target"))) >= len(self._texts("source")), SETTLE + 10)
            self.outcome.recovered_in = 0.0
            self._note(f"all posts are there after {time.monotonic() - since:.2f} s")
            old.end()
            await until(lambda: not old.alive, 12)
        finally:
            posting.cancel()
            await asyncio.gather(posting, return_exceptions=True)
            ground.close()
        self._compare()
        doubled = ground.sandbox.counters.duplicate_violations - self._violations
        if doubled:
            self.outcome.doubled.append(f"{doubled} requests on an older connection of a key")
        return self.outcome

    async def _deploy(self, old: Runner) -> Runner:
        """A new version beside the old one, which ends when the new one is at work; or somebody dies in between."""
        new = self._start()
        await until(lambda: new.state == "waiting", 15)
        fate = self._dice.choice(["all goes well", "all goes well", "the old one dies", "the new one dies"])
        self._note(f"a deploy: {fate}")
        if fate != "all goes well":
            await until(lambda: new.state in ("taking", "active"), 10)
            await asyncio.sleep(self._dice.uniform(0, 0.15))
            victim, other = (old, new) if fate == "the old one dies" else (new, old)
            victim.kill()
        else:
            await until(lambda: new.state == "active" and old.state == "waiting", 15)
            self._note("taken over")
            old.end()
            other = new
        if not await until(lambda: other.state == "active", 15):
            self.outcome.orphaned.append("nobody took over after a deploy")
        return other

    def _start(self) -> Runner:
        ground = self._ground
        facts = ground.facts(watchdog=False)
        variables = {
            "BOT_TOKEN": token(ground.number),
            "API_ID": "12345",
            "API_HASH": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "TELEGRAM_DC": ground.sandbox.dc_spec,
            "TELEGRAM_RSA_KEY_FILE": ground.sandbox.addresses()["rsa_key_file"] or "",
            "BOT_API_URL": ground.sandbox.bot_api_url,
            "SESSIONS_DIR": str(ground.directory),
            "SESSION_ENCRYPTION_KEYS": base64.b64encode(child.KEY).decode(),
            "ALLOWED_USERS": "*",
            "PORT": "0",
            "HOST": "127.0.0.1",
            "PACE": "off",
            "LEASE_SECONDS": str(LEASE),
            "BOT_ID": ground.bot_id,
        }
        if ground.kind == "firestore":
            variables |= {
                "USE_LOCAL_STORAGE": "false",
                "FIREBASE_PROJECT_ID": "p",
                "FIRESTORE_EMULATOR_HOST": ground.firestore.address or "",
            }
        runner = Runner.start({**facts, "variables": variables}, program.main)
        ground.runners.append(runner)
        return runner

    # Posts ------------------------------------------------------------------------------------------------------

    async def _post(self) -> None:
        world = self._ground.sandbox.world
        source = find_channel(world, f"@source_{self._ground.number}")
        for count in itertools.count(1):
            world.send_message(world.account(self._first + 1), source.peer, text=f"post {count}")
            await asyncio.sleep(_PAUSE)

    def _texts(self, name: str) -> list[str]:
        channel = find_channel(self._ground.sandbox.world, f"@{name}_{self._ground.number}")
        return [message.text for message in channel.messages if message.action is None]

    def _compare(self) -> None:
        source, target = self._texts("source"), self._texts("target")
        self._note(f"{len(source)} posts")
        missing, twice = set(source) - set(target), [text for text, n in Counter(target).items() if n > 1]
        if missing:
            self.outcome.lost.append(f"{len(missing)} of {len(source)} posts are missing")
        if twice:
            self.outcome.doubled.append(f"{len(twice)} posts were copied twice")
        if not missing and not twice and source != target:
            self.outcome.torn.append("the posts are in another order")
