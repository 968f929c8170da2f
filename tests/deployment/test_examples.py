"""The programs in examples/ run as they stand, each as a process of its own."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bybot.clock import SystemClock
from bybot.parts import create_store
from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.server import Sandbox
from bybot.sessions.vault import Vault
from tests.deployment.conftest import KEY, MakeSettings
from tests.sessions.support import plant_session
from tests.waiting import until

ROOT = Path(__file__).parent.parent.parent
ANN = 5000100


@pytest.fixture
async def logged_in(make_settings: MakeSettings, sandbox: Sandbox, control: ControlClient) -> None:
    """Ann has a stored session."""
    store = create_store(make_settings(), SystemClock())
    await store.open()
    await plant_session(sandbox, store, ANN, seal=Vault.from_text([KEY], bot_id="bybot_local"))
    await store.close()


@pytest.fixture
async def control(sandbox: Sandbox) -> AsyncIterator[ControlClient]:
    async with ControlClient(sandbox.control_url) as client:
        yield client


@asynccontextmanager
async def example(variables: dict[str, str], *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env={**inherited, **variables, "PYTHONPATH": str(ROOT), "ENV_FILE": "/nonexistent"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_the_session_manager_alone(variables: dict[str, str], logged_in: None) -> None:
    async with example(variables, str(ROOT / "examples/session_manager.py"), str(ANN)) as process:
        out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, err.decode()
    assert "Logged in as Ann (5000100)" in out.decode()
    assert "1 of 1 sessions" in out.decode()


# Runs statements that await at the top, as an interactive prompt does.
AWAITING = """
import ast, asyncio, sys
asyncio.run(eval(compile(sys.argv[1], "README", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)))
"""


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
async def test_the_lines_that_the_readme_shows_run_as_they_stand(
    variables: dict[str, str], make_settings: MakeSettings, sandbox: Sandbox, name: str
) -> None:
    snippets = re.findall(r"^```python\n(.*?)^```", (ROOT / name).read_text(), re.M | re.S)
    assert ["get_user_client" in snippet for snippet in snippets] == [True, False]
    store = create_store(make_settings(), SystemClock())
    await store.open()
    await plant_session(sandbox, store, "123", ANN, seal=Vault.from_text([KEY], bot_id="bybot_local"))
    await store.close()
    for snippet, said in zip(snippets, ("Ann\n", ""), strict=True):
        async with example(variables, "-W", "error", "-c", AWAITING, snippet) as process:
            out, err = await asyncio.wait_for(process.communicate(), 30)
        assert (process.returncode, out.decode()) == (0, said), err.decode()
    assert sandbox.counters.calls_of("auth.sendCode") == 0


async def test_the_session_manager_says_when_there_is_no_session(variables: dict[str, str]) -> None:
    async with example(variables, str(ROOT / "examples/session_manager.py"), "77") as process:
        out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert "no_session" in out.decode()


async def test_inside_an_existing_bot(variables: dict[str, str], logged_in: None, control: ControlClient) -> None:
    async with example(variables, str(ROOT / "examples/existing_bot.py")) as process:
        await control.say("@ann", "@tiny_bot", "/whoami")
        await control.say("@liwei", "@tiny_bot", "/whoami")

        async def answers(person: str, text: str) -> bool:
            return any(m["text"] == text for m in await control.chat(person, "@tiny_bot"))

        await until(lambda: answers("@ann", "You are Ann."), seconds=30)
        await until(lambda: answers("@liwei", "You are not logged in."), seconds=30)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_a_mirror_script_copies_and_goes_on_after_a_stop(
    variables: dict[str, str], logged_in: None, sandbox: Sandbox, control: ControlClient
) -> None:
    def copies() -> list[str]:
        ann = sandbox.world.account_by_id(ANN)
        target = next(c for c in sandbox.world.channels.all() if c.title == "Target")
        return [m.text for m in sandbox.world.history(ann, target.peer) if m.text]

    for text in ("one", "two", "three"):
        await control.post("@liwei", "@source", text=text)
    command = [str(ROOT / "examples/mirror_script.py"), str(ANN), "@source", "-1001000000200"]
    for expected in (["one", "two", "three"], ["one", "two", "three", "four"]):
        async with example(variables, *command) as process:
            await until(lambda: sorted(copies()) == sorted(expected), seconds=30)  # noqa: B023
            process.send_signal(2)
            await asyncio.wait_for(process.wait(), 20)
        await control.post("@liwei", "@source", text="four")
    assert len(copies()) == len(set(copies()))


async def test_a_copy_is_checked_mended_and_undone_by_a_script(
    variables: dict[str, str], logged_in: None, sandbox: Sandbox, control: ControlClient
) -> None:
    ann = sandbox.world.account_by_id(ANN)
    assert ann is not None
    target = next(c for c in sandbox.world.channels.all() if c.title == "Target")

    def copies() -> list[str]:
        return [m.text for m in target.messages if m.action is None]

    async def check(action: str) -> str:
        command = [str(ROOT / "examples/mirror_check.py"), str(ANN), "@source", "-1001000000200", action]
        async with example(variables, *command) as process:
            out, err = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, err.decode()
        return out.decode()

    for text in ("one", "two", "see https://example.org/ there"):
        await control.post("@liwei", "@source", text=text)
    script = [str(ROOT / "examples/mirror_script.py"), str(ANN), "@source", "-1001000000200"]
    async with example(variables, *script) as process:
        await until(lambda: len(copies()) == 3, seconds=30)
        process.send_signal(2)
        await asyncio.wait_for(process.wait(), 20)
    assert "'see https://example.org/ there' -> 'see there'" in await check("try")
    assert "3 posts compared: 0 missing, 0 double" in await check("audit")
    lost = next(m.id for m in target.messages if m.text == "two")
    sandbox.world.delete_messages(ann, target.peer, [lost])
    sandbox.world.send_message(ann, target.peer, text="one")
    assert "3 posts compared: 1 missing, 1 double" in await check("audit")
    assert "1 second copies deleted, 1 posts filled in" in await check("fill")
    assert sorted(copies()) == ["one", "see https://example.org/ there", "two"]
    assert "3 copies deleted" in await check("undo")
    assert copies() == []
