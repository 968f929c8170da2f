"""What people write: the author of the source, and others in the target."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, Final

from bybot.sandbox.samples import media_of
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Message
from tests.force.oracle import SAME, SPAM, Oracle, Post, is_same
from tests.force.stage import SPEED, Stage, key_of

#: A text that several posts have.
TWIN: Final = "twin red"


class Author:
    """Writes on one stage, and tells the oracle. Each step's number decides what its name leaves open."""

    def __init__(self, stage: Stage, oracle: Oracle) -> None:
        self._stage = stage
        self._oracle = oracle
        self._world = stage.world
        self._numbers = itertools.count(1)

    def _send(self, what: str = "", **options: Any) -> Post:
        text = f"p{next(self._numbers)} red {what}".strip()
        message = self._world.send_message(self._stage.editor, self._stage.source.peer, text=text, **options)
        return self._posted(message)

    def _posted(self, message: Message) -> Post:
        return self._oracle.posted(
            message.id, key_of(message), message.text, group=message.grouped_id, reply_to=message.reply_to
        )

    def _post(self, number: int) -> None:
        self._send()

    def _many(self, number: int) -> None:
        for _ in range(5 + number % 25):
            self._send()

    def _spam(self, number: int) -> None:
        self._send(SPAM)

    def _photo(self, number: int) -> None:
        self._send(media=media_of(self._world, "photo", next(self._numbers)))

    def _sticker(self, number: int) -> None:
        media = media_of(self._world, "sticker", next(self._numbers))
        self._posted(self._world.send_message(self._stage.editor, self._stage.source.peer, media=media))

    def _album(self, number: int) -> None:
        media = [media_of(self._world, "album", next(self._numbers)) for _ in range(2 + number % 4)]
        text = f"p{next(self._numbers)} red album"
        drafts = [Draft(text=text if at == 0 else "", media=each) for at, each in enumerate(media)]
        for message in self._world.send_album(self._stage.editor, self._stage.source.peer, drafts):
            self._posted(message)

    def _twins(self, number: int) -> None:
        """An album and a photo with the same caption, in any order."""
        for album in (number % 2, 1 - number % 2):
            media = [media_of(self._world, "album", next(self._numbers)) for _ in range(1 + album)]
            drafts = [Draft(text=TWIN if at == 0 else "", media=each) for at, each in enumerate(media)]
            for message in self._world.send_album(self._stage.editor, self._stage.source.peer, drafts):
                self._posted(message)

    def _same(self, number: int) -> None:
        """A post that nothing tells from others."""
        for _ in range(1 + number % 3):
            message = self._world.send_message(self._stage.editor, self._stage.source.peer, text=f"{SAME} red")
            self._posted(message).key = f"{SAME} {message.id}"

    def _by_hand(self, number: int) -> None:
        """Somebody posts into the target: something new, or what the last post of the source says."""
        stage, last = self._stage, list(self._stage.source.messages)[-1]
        account = stage.ann if number % 4 < 2 else stage.editor
        if number % 2 or last.action is not None:
            message = self._world.send_message(account, stage.target.peer, text=f"by hand {next(self._numbers)}")
        else:
            message = self._world.send_message(account, stage.target.peer, text=last.text, media=last.media)
        stage.by_hand.add(message.id)
        self._oracle.others[message.id] = message.text

    def _there(self, number: int, *, same: bool = False) -> Post | None:
        """One of the last posts that are not deleted; of those that are all the same only if wanted."""
        known = self._oracle.posts.values()
        posts = [post for post in known if not post.deleted and (same or not is_same(post.key))][-12:]
        return posts[number % len(posts)] if posts else None

    def _reply(self, number: int) -> None:
        answered = self._there(number)
        self._send("answer", reply_to=answered.id if answered is not None else None)

    def _edit(self, number: int) -> None:
        post = self._there(number)
        if post is not None and post.text:
            spam = SPAM if SPAM in post.text else ""
            text = f"{post.text.split()[0]} red edit {next(self._numbers)} {spam}".strip()
            self._world.edit_message(self._stage.editor, self._stage.source.peer, post.id, text=text)
            self._oracle.edited(post.id, text)

    def _delete(self, number: int) -> None:
        post = self._there(number, same=self._oracle.deletes)
        if post is not None:
            self._world.delete_messages(self._stage.editor, self._stage.source.peer, [post.id])
            self._oracle.deleted(post.id)

    async def _hurried(self, number: int) -> None:
        """An edit while the copy is on its way."""
        slow = self._world.random_ids.slow
        slow[self._stage.ann.id] = 0.05 * SPEED
        first = next((post.id for post in self._oracle.posts.values() if not is_same(post.key)), None)
        self._send("answer", reply_to=first if number % 2 else None)
        await asyncio.sleep(0.02 + 0.01 * (number % 3))
        self._edit(-1)
        slow.pop(self._stage.ann.id, None)

    async def _late(self, number: int) -> None:
        """A post below others that are there already."""
        stage, texts = self._stage, f"p{next(self._numbers)} red late"
        appear = self._world.sending.send_late(stage.editor, stage.source, [Draft(text=texts)])
        above = self._send()
        with_patience = 0.5 if number % 3 else 0.0
        await self._until(lambda: any(copy.key == above.key for copy in stage.copies()), with_patience)
        for message in appear():
            self._posted(message).loose = True

    async def _until(self, condition: Callable[[], Any], seconds: float) -> bool:
        end = asyncio.get_running_loop().time() + seconds
        while True:
            value = condition()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return True
            if asyncio.get_running_loop().time() > end:
                return False
            await asyncio.sleep(0.005)
