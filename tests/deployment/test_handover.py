"""A deploy: the new process runs beside the old one, takes everything over, and nobody notices."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial

import pytest

from bybot.clock import SystemClock
from bybot.config import Settings
from bybot.deployment import Deployment
from bybot.errors import WrongKey
from bybot.mirror.model import Everything
from bybot.parts import create_store
from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.seed import find_account, find_channel
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.model import Message
from tests.bot.support import Person
from tests.deployment.conftest import MakeSettings
from tests.deployment.test_deployment import ANN, vault_of
from tests.sessions.support import plant_session
from tests.waiting import until

TARGET = -1001000000200


class Traffic:
    """Posts in the source without a pause."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        editor = find_account(self._sandbox.world, "@liwei")
        for number in itertools.count(1):
            self._sandbox.world.send_message(editor, self.source.peer, text=f"post {number}")
            await asyncio.sleep(0.03)

    @property
    def source(self) -> object:
        return find_channel(self._sandbox.world, "@source")

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def posts(sandbox: Sandbox, channel: str | int) -> list[Message]:
    return [message for message in find_channel(sandbox.world, channel).messages if message.action is None]


@asynccontextmanager
async def following(settings: Settings, sandbox: Sandbox) -> AsyncIterator[Deployment]:
    """A deployment that mirrors the source into the target."""
    store = create_store(settings, SystemClock())
    await store.open()
    await plant_session(sandbox, store, ANN, seal=vault_of(settings))
    await store.close()
    async with Deployment(settings) as deployment:
        await deployment.ready()
        await until(lambda: deployment.manager.ready_users() == [str(ANN)])
        await deployment.mirror.add_pair(ANN, "@source", TARGET, Everything())
        yield deployment


async def more_posts(sandbox: Sandbox) -> None:
    copied = len(posts(sandbox, TARGET))
    await until(lambda: len(posts(sandbox, TARGET)) > copied + 5)


def states_are(deployment: Deployment, manager: str, runner: str) -> bool:
    return (deployment.manager.state, deployment.runner.state) == (manager, runner)


def longest_gap(messages: list[Message]) -> float:
    times: list[datetime] = [message.date for message in messages]
    return max((b - a).total_seconds() for a, b in itertools.pairwise(times))


@pytest.mark.parametrize("kind", ["files", "firestore"])
async def test_two_deploys_one_after_the_other_lose_no_post_and_repeat_none(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox, kind: str
) -> None:
    settings = make_settings(**(firestore if kind == "firestore" else {}))
    async with following(settings, sandbox) as first:
        traffic = Traffic(sandbox)
        old = first
        async with AsyncExitStack() as stack:
            for _ in range(2):
                await more_posts(sandbox)
                new = await stack.enter_async_context(Deployment(settings))
                await until(partial(states_are, new, "active", "polling"), 20)
                await until(partial(states_are, old, "waiting", "waiting"))
                await old.stop()
                await more_posts(sandbox)
                old = new
            await traffic.stop()
            await until(lambda: len(posts(sandbox, TARGET)) >= len(posts(sandbox, "@source")), 20)
    assert [m.text for m in posts(sandbox, TARGET)] == [m.text for m in posts(sandbox, "@source")]
    assert longest_gap(posts(sandbox, TARGET)) < 5
    assert sandbox.counters.duplicate_violations == 0


async def test_a_version_that_never_becomes_healthy_leaves_the_old_one_alone(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox
) -> None:
    settings = make_settings(**firestore)
    async with following(settings, sandbox) as old:
        broken = make_settings(**firestore, SESSION_ENCRYPTION_KEYS="6r1cUvlTkNqfKqzXwLZkFVVKpHHTLqiyuHxpBm0b3Xk=")
        async with Deployment(broken) as new:
            with pytest.raises(WrongKey):
                await new.ready()
            token = old.manager.token(ANN)
            await asyncio.sleep(settings.lease_seconds * 2)
        assert (old.manager.state, old.runner.state) == ("active", "polling")
        assert old.manager.token(ANN) == token


async def test_a_new_process_that_dies_after_it_took_over_gives_the_old_one_everything_back(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox
) -> None:
    settings = make_settings(**firestore)
    async with following(settings, sandbox) as old:
        async with Deployment(settings) as new:
            await until(lambda: new.manager.state == "active" and old.manager.state == "waiting", 20)
            await new.manager._ownership.halt()  # it says nothing any more: its lease lapses
            await until(lambda: old.manager.state == "active", 20)
        await until(lambda: old.manager.ready_users() == [str(ANN)])
        traffic = Traffic(sandbox)
        await more_posts(sandbox)
        await traffic.stop()


async def test_a_login_begun_in_the_chat_of_the_old_process_is_finished_in_that_of_the_new_one(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.bot.support.BOT", "@tiny_bot")
    settings = make_settings(**firestore, LEASE_SECONDS="3")
    async with Deployment(settings) as old, ControlClient(sandbox.control_url) as control:
        await until(lambda: old.runner.state == "polling")
        wei = Person(control, 5000200, "+8613800138000")
        await wei.to_keypad()
        code = await control.wait_code(wei.phone)
        async with Deployment(settings) as new:
            await until(partial(states_are, new, "active", "polling"), 20)
            keypad = await wei.wait("🔢", button="⌫")
            await wei.tap(keypad, code)
            await wei.wait("🎉")
            await until(lambda: new.manager.ready_users() == ["5000200"])
            await until(partial(states_are, old, "waiting", "waiting"))
    assert sandbox.counters.duplicate_violations == 0


class Router:
    """What stands in front of the processes of a service, and sends everything to one of them."""

    def __init__(self) -> None:
        self.port = 0
        self._to = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    def switch(self, to: int) -> None:
        """Send everything to this port from now on; connections to the former one end."""
        self._to = to
        for writer in self._open:
            writer.close()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._to)
            self._open.add(inner_writer)
            try:
                await asyncio.wait(
                    {
                        asyncio.create_task(_copy(reader, inner_writer)),
                        asyncio.create_task(_copy(inner_reader, writer)),
                    },
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                self._open.discard(inner_writer)
                inner_writer.close()
                writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


async def test_the_first_update_that_reaches_a_new_process_makes_it_take_over_and_is_answered(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox
) -> None:
    router = Router()
    await router.start()
    address = f"http://127.0.0.1:{router.port}"
    # Without an update it would ask after twenty seconds only.
    settings = make_settings(**firestore, RENDER="true", RENDER_EXTERNAL_URL=address, LEASE_SECONDS="6", PORT="0")
    try:
        async with Deployment(settings) as old, ControlClient(sandbox.control_url) as control:
            router.switch(old.web.port)
            await until(lambda: old.runner.state == "webhook")
            await control.say("@ann", "@tiny_bot", "/help")

            async def answers() -> int:
                return sum(not message["out"] for message in await control.chat("@ann", "@tiny_bot"))

            await until(answers)
            async with Deployment(settings) as new:
                await until(lambda: new.runner.state == "waiting")
                await until(lambda: new.manager._ownership.holder is not None)
                before = await answers()
                router.switch(new.web.port)
                await control.say("@ann", "@tiny_bot", "/help")

                async def answered() -> bool:
                    return await answers() > before

                await until(answered, 15)
                assert (new.manager.state, new.runner.state) == ("active", "webhook")
                await until(lambda: (old.manager.state, old.runner.state) == ("waiting", "waiting"))
    finally:
        await router.stop()
