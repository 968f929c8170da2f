"""The sandbox of the bench, in a process of its own: ``python -m bench.server``.

Reads one JSON command per line from standard input and answers each with one line; ends when standard input ends.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import itertools
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from bench.spec import MARK
from bench.stream import Stream
from bybot.sandbox.corpus import Corpus
from bybot.sandbox.rpc.views import access_hash
from bybot.sandbox.seed import plant_corpus
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.model import Account, Channel, Media

BOT_TOKEN = "7000000002:Bench-Bell-Rings-At-Noon-And-Night"
_FIRST_SESSION_ACCOUNT = 500_000


class Commands:
    """What the harness may ask for.

    What is made lives as long as the process (``gc.freeze``): the collector need not visit it again and again.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._world = sandbox.world
        self._numbers = itertools.count(1)
        self._people = itertools.count(_FIRST_SESSION_ACCOUNT)
        self._copier = self._person("copier")
        self._poster = self._person("poster")
        self._watcher = self._person("watcher")
        self._stream = Stream(self._world, self._poster)
        self._world.create_bot("Bench", "bybot_bench_bot", BOT_TOKEN)

    def _person(self, name: str) -> Account:
        return self._world.create_account(name.title(), username=f"bench_{name}")

    def _channel(self, owner: Account, kind: str) -> Channel:
        return self._world.create_channel(owner, kind, username=f"bench_{kind}_{next(self._numbers)}")

    def _key(self, account: Account) -> str:
        key = os.urandom(256)
        self._sandbox.auth.add_ready_key(key, account.id)
        return key.hex()

    def _user(self, account: Account) -> dict[str, Any]:
        return {"account": account.id, "key": self._key(account)}

    def hello(self) -> dict[str, Any]:
        """Addresses, the public key, and the bot's token."""
        return {
            "dc": self._sandbox.dc_spec,
            "rsa_pem": self._sandbox.rsa_public_key_pem,
            "bot_api": self._sandbox.bot_api_url,
            "bot_token": BOT_TOKEN,
            "firestore": self._sandbox.firestore_address,
        }

    def copier(self) -> dict[str, Any]:
        """A new key of the copying account: every run logs in anew."""
        return self._user(self._copier)

    async def corpus(self, count: int) -> dict[str, Any]:
        """A source with a history: a tenth of the ids are holes, a tenth replies, a tenth parts of albums."""
        channel = self._channel(self._poster, "source")
        corpus = Corpus(count=count, holes=0.1, replies=0.1, albums=0.1, videos=0, protected=0)
        await plant_corpus(self._world, self._poster, channel, corpus)
        self._world.join(self._copier, channel)
        gc.freeze()
        return {"source": channel.username}

    def target(self) -> dict[str, Any]:
        """A new, empty target of the copying account."""
        return {"target": self._channel(self._copier, "target").username}

    def live(self) -> dict[str, Any]:
        """A new copying account, a source of the poster that it follows, and a target that the watcher follows."""
        copier = self._person(f"copier_{next(self._numbers)}")
        source, target = self._channel(self._poster, "live_source"), self._channel(copier, "live_target")
        self._world.join(copier, source)
        self._world.join(self._watcher, target)
        return {"copier": self._user(copier), "source": source.username, "target": target.username}

    def observers(self) -> dict[str, Any]:
        """New keys of poster and watcher."""
        return {"poster": self._user(self._poster), "watcher": self._user(self._watcher)}

    def film(self, chat: str, size: int) -> dict[str, Any]:
        """The poster posts a file of so many bytes."""
        channel = self._world.channel_by_username(chat)
        assert channel is not None
        file = self._world.store_file(os.urandom(size), mime="application/zip")
        self._world.send_message(self._poster, channel.peer, media=Media(file))
        return {}

    def posts(self, chat: str) -> dict[str, Any]:
        """How many posts a channel holds, service messages left out; how many of them reply, and have been marked."""
        channel = self._world.channel_by_username(chat)
        assert channel is not None
        posts = [message for message in channel.messages if message.action is None]
        return {
            "posts": len(posts),
            "replies": sum(message.reply_to is not None for message in posts),
            "albums": len({message.grouped_id for message in posts} - {None}),
            "marked": sum(message.text.startswith(MARK.strip()) for message in posts),
        }

    def sessions(self, count: int) -> dict[str, Any]:
        """So many accounts, each with two ready keys: one for each side."""
        users = []
        for _ in range(count):
            number = next(self._people)
            account = self._world.create_account(f"Person {number}", id=number)
            users.append(
                {
                    "account": account.id,
                    "access_hash": account.access_hash,
                    "pts": account.pts,
                    "raw": self._key(account),
                    "ours": self._key(account),
                }
            )
        return {"users": users}

    def crowd(self, count: int, each: int) -> dict[str, Any]:
        """So many copying accounts, each with so many sources that it follows and targets of its own."""
        users = [self._one_of_crowd(each) for _ in range(count)]
        gc.freeze()
        return {"users": users}

    def _one_of_crowd(self, each: int) -> dict[str, Any]:
        number = next(self._people)
        account = self._world.create_account(f"Person {number}", id=number)
        pairs = [self._pair_of(account) for _ in range(each)]
        return {**self._user(account), "access_hash": account.access_hash, "pts": account.pts, "pairs": pairs}

    def _pair_of(self, account: Account) -> dict[str, Any]:
        source, target = self._channel(self._poster, "crowd_source"), self._channel(account, "crowd_target")
        self._world.join(account, source)
        ends = {"source": source, "target": target}
        return {
            name: {"id": channel.id, "access_hash": access_hash(account, channel)} for name, channel in ends.items()
        }

    async def stream(self, pairs: list[tuple[int, int]], count: int, rate: float) -> dict[str, Any]:
        """Post into sources of a crowd; the seconds that the copies took."""
        return {"latencies": await self._stream.run(pairs, count, rate)}

    def violations(self) -> dict[str, Any]:
        """What a sound run leaves at zero."""
        counters = self._sandbox.counters
        return {"unknown": dict(counters.unknown), "duplicates": counters.duplicate_violations}


async def serve() -> None:
    """Run the sandbox and answer commands."""
    async with Sandbox(firestore_port=0) as sandbox:
        commands = Commands(sandbox)
        while line := await asyncio.to_thread(sys.stdin.readline):
            request: dict[str, Any] = json.loads(line)
            handler: Callable[..., Any] = getattr(commands, request.pop("do"))
            answer = handler(**request)
            print(json.dumps(await answer if inspect.isawaitable(answer) else answer), flush=True)


if __name__ == "__main__":
    asyncio.run(serve())
