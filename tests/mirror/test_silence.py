"""Whatever happens to a pair, no log and no repr tells what people wrote, or who they are."""

from __future__ import annotations

import logging

import pytest

from bybot.errors import BybotError
from bybot.mirror import Everything
from bybot.mirror.exchange.reading import read
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Duplicates, Languages, Matching
from bybot.mirror.rules.rich import Rich
from bybot.mirror.rules.transforms import Add, Replace
from bybot.sandbox.samples import media_of
from bybot.sandbox.server import Sandbox
from bybot.stores.base import Delete
from bybot.stores.memory import MemoryStore
from tests.mirror.talk import Talk, following, talk_of
from tests.mirror.test_supervisor import process, sandbox, store
from tests.sessions.support import ANN, until

__all__ = ["sandbox", "store"]

#: Stands in every text: what must be found nowhere.
WORD = "zephyrine"
RULES = Rules(
    filters=(Matching("secretly$", allow=False), Duplicates(), Languages(frozenset({"he"}), allow=False)),
    transforms=(Replace("(old) ([0-9])", r"\2 \1", pattern=True), Add(Rich("said so"), "below")),
    files="upload",
)


async def live_through(talk: Talk, store: MemoryStore) -> None:
    """Posts, files, comments, edits, refusals, a task, a lost map, an import that does not work."""
    world, faults = talk.world, talk.sandbox.faults
    async with following(talk.sandbox, store, rules=RULES) as (p, pair):
        faults.add(kind="error", method="sendMessage", code=400, message="MESSAGE_EMPTY", times=1)
        faults.add(kind="error", method="getFile", code=500, message="INTERNAL", times=1)
        faults.add(kind="cut", account=ANN, method="forwardMessages", nth=1)
        posts = [talk.post(f"{WORD} old {n}") for n in range(4)]
        posts.append(talk.post(f"{WORD} photo", media=media_of(world, "photo", 1)))
        talk.post(f"{WORD}, told secretly")
        talk.say(posts[1], f"{WORD} comment")
        await until(lambda: len(shown(talk)) >= 4, 30)
        world.edit_message(talk.wei, talk.source.peer, posts[2].id, text=f"{WORD} edited")
        await until(lambda: any("edited" in text for text in shown(talk)), 20)
        await p.mirror.try_rules(ANN, pair.id, RULES)
        await p.mirror.add_task(ANN, pair.id, Everything())
        await p.mirror.audit(ANN, pair.id)
        await until(lambda: talk.shown(), 20)
        run = p.mirror._people[str(ANN)].runs[pair.id]
        assert run.engine is not None
        for thing in (p.mirror, run, run.engine, run.engine.journal, run.engine.journal.seen):
            assert WORD not in repr(thing)
    await store.commit([Delete(document.key) for document in await store.query("pair_states")])
    async with process(talk.sandbox, store) as p:
        post = talk.post(f"{WORD} after all was lost")
        await until(lambda: any("after all" in text for text in shown(talk)), 30)
        world.delete_messages(talk.wei, talk.source.peer, [post.id])


def shown(talk: Talk) -> list[str]:
    return [message.text for message in talk.target.messages if message.action is None]


@pytest.mark.timeout(120)
async def test_the_life_of_a_pair_leaves_no_word_and_no_number_of_anybody_in_the_logs(
    sandbox: Sandbox, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await live_through(talk_of(sandbox), store)
    assert len(caplog.records) > 50, "everything is told"
    assert WORD not in caplog.text
    account = sandbox.world.account(ANN)
    assert account.phone.removeprefix("+") not in caplog.text
    for key in sandbox.auth.keys:
        assert key.data.hex() not in caplog.text
        assert repr(key.data)[2:20] not in caplog.text


@pytest.mark.parametrize(
    "data",
    [
        f"login:\n  SESSION_STRING: 1BV{WORD}\nforwards: {{source: {WORD}",
        f'{{"format": "bybot-pairs", "version": 1, "pairs": [{{"source": "{WORD}", "{WORD}": 1}}',
        f'{{"format": "bybot-pairs", "version": "{WORD}"}}',
    ],
)
def test_a_file_of_pairs_that_cannot_be_read_is_not_quoted(data: str) -> None:
    with pytest.raises(BybotError) as refused:
        read(data.encode())
    assert WORD not in f"{refused.value!r} {refused.value.message} {vars(refused.value)}"
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("login", [f"1BV{WORD}", f"'{WORD}'"])
@pytest.mark.parametrize("mapping", ["[-100123&-100456]", "[broken"])
def test_the_logins_of_other_programs_are_not_kept_with_their_pairs(login: str, mapping: str) -> None:
    data = f"API_ID=1\nAPI_HASH={login}\nSESSION_STRING={login}\nCHAT_MAPPING={mapping}\n"
    document = read(data.encode())
    assert document.secrets
    assert WORD not in repr(document)
