"""After a whole life of a login nothing that the product wrote tells a secret: disk, store and logs."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.server import Sandbox
from bybot.sandbox.tour.processes import Child
from tests.bot.support import ANN, PASSWORD, PHONES, TOKEN, Person
from tests.drills.conftest import API_HASH, KEY
from tests.drills.scan import find, find_in_folder, patterns
from tests.waiting import until

NEW_KEY = base64.b64encode(bytes(range(101, 133))).decode()


@asynccontextmanager
async def bot(product: Path, variables: dict[str, str]) -> AsyncIterator[Child]:
    """The product as operators run it, telling everything into its log."""
    environment = variables | {"LOG_LEVEL": "DEBUG", "ENV_FILE": "/nonexistent"}
    child = Child("bot", ["-m", "bybot", "run"], directory=product, log=product / "bot.log", environment=environment)
    await child.start()
    try:
        yield child
    finally:
        await child.stop()


async def command(product: Path, variables: dict[str, str], *arguments: str) -> None:
    """One command of the command line, whose words are kept in the log too."""
    environment = variables | {"LOG_LEVEL": "DEBUG", "ENV_FILE": "/nonexistent", "COLUMNS": "200"}
    log = product / "commands.log"
    child = Child("command", ["-m", "bybot", *arguments], directory=product, log=log, environment=environment)
    await child.start()
    code = await asyncio.wait_for(child.process.wait(), 40)
    assert code == 0, child.tail()


async def live_a_life(sandbox: Sandbox, control: ControlClient, ann: Person) -> str:
    """Log in by keypad and password, mirror a channel. Returns the code."""
    keypad = await ann.to_keypad()
    code = await control.wait_code(ann.phone)
    await ann.tap(keypad, code)
    await ann.wait("two-step password")
    await ann.say("not the " + PASSWORD)
    await ann.wait("not right")
    await ann.say(PASSWORD)
    await ann.wait("Logged in")
    await ann.say_and_wait("/pairs", button="Add a pair")
    await ann.press(await ann.wait(button="Add a pair"), "Add a pair")
    await ann.wait("1 of 3")
    await ann.say("@harbour_news")
    await ann.wait("2 of 3")
    await ann.say("-1001000000200")
    await ann.press(await ann.wait(button="Everything"), "Everything")
    await ann.press(await ann.wait(button="Start"), "Start")
    await ann.wait("Pair added")
    await control.post("@editor", "@harbour_news", "good morning")

    async def copied() -> bool:
        return any(post["text"] == "good morning" for post in await control.chat("@ann", -1001000000200))

    await until(copied, 20)
    return code


def documents(sandbox: Sandbox) -> bytes:
    """Everything that the Firestore server holds."""
    assert sandbox._firestore is not None
    places: Any = sandbox._firestore._service._database._places
    records = [record for place in places.values() for each in place.values() for record in each.values()]
    return b"\n".join(record.body.SerializeToString() + str(record.body).encode() for record in records)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("store", ["files", "firestore"])
async def test_no_key_code_phone_password_or_token_is_written_in_clear(
    sandbox: Sandbox,
    control: ControlClient,
    ann: Person,
    product: Path,
    variables: dict[str, str],
    firestore: dict[str, str],
    store: str,
    tmp_path: Path,
) -> None:
    everything = variables | (firestore if store == "firestore" else {})
    exported = tmp_path / "exported.session"
    async with bot(product, everything):
        code = await live_a_life(sandbox, control, ann)
        keys = {f"the auth key of {key.account_id}": key.data for key in sandbox.auth.keys}
        await command(product, everything, "backup")
        await command(product, everything, "sessions", "list")
        await command(product, everything, "sessions", "export", str(ANN), "--to", str(exported))
    both = everything | {"SESSION_ENCRYPTION_KEYS": f"{NEW_KEY},{KEY}"}
    await command(product, both, "sessions", "rotate-keys")
    await command(product, both, "backup")
    await command(product, both, "sessions", "attach", str(ANN))
    async with bot(product, both):
        await ann.say_and_wait("/logout")

    phone = PHONES[ANN].removeprefix("+")
    wanted = patterns(
        keys | {"a sealing key": base64.b64decode(KEY), "the new sealing key": base64.b64decode(NEW_KEY)},
        {
            "the password": PASSWORD,
            "the token": TOKEN.split(":")[1],
            "the API hash": API_HASH,
            "a sealing key as it is configured": KEY,
            "the new key as it is configured": NEW_KEY,
        },
        {"the phone": phone, "the code": code},
    )
    assert [name for name, each in wanted.items() if not each.pattern] == []
    # The scan finds what is there: the exported file holds the key, which is what it is for.
    assert find(wanted, "exported", exported.read_bytes())
    assert (product / "bot.log").stat().st_size > 10_000
    found = find_in_folder(wanted, product)
    if store == "firestore":
        held = documents(sandbox)
        assert b"user_sessions" in held
        found += find(wanted, "Firestore", held)
    assert found == []
