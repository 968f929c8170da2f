"""Files carried over: read from the source part by part, and uploaded anew for the target.

Never more than a few parts are in memory, whatever the size of the file. The upload becomes media of the account
(messages.uploadMedia) before anything is posted, so that albums are posted whole, a post that has to wait keeps its
file, and a stop or a crash before that leaves nothing: the post is not there, and is carried once more, under the same
random id.

Telethon tries to compress every part before it sends it, on the event loop: about 10 ms for 512 KB that cannot be
compressed, about 2 ms where the package `isal` is installed, which Telethon then uses by itself.

Nothing is carried around a protection: it is asked for before the first byte and again before the media is used.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from telethon import errors, helpers, utils
from telethon.tl import functions, types

from bybot.mirror.account import Account
from bybot.mirror.download import Download
from bybot.mirror.files import (
    Original,
    can_carry,
    cover_original,
    file_id,
    in_place,
    is_guarded,
    looks_carried,
    original_of,
    thumb_original,
    uploaded,
)
from bybot.mirror.lane import call
from bybot.mirror.outcome import Judgement, Meaning, judge, stop_error
from bybot.mirror.reader import Reader
from bybot.mirror.sender import NotCarried, Unsure

log = logging.getLogger(__name__)

#: The kinds of request as pacing knows them.
GET: Final = "GetFile"
SAVE: Final = "SaveFilePart"
PLACE: Final = "UploadMedia"
MOVING: Final = (GET, SAVE, PLACE)
#: Parts in memory at once: one on its way in, the others on their way out.
WINDOW: Final = 2
_SAVE_SECONDS: Final = 60.0
_TRIES: Final = 4
#: Files that are kept in mind after they were carried, for posts that are edited.
_KEPT: Final = 1_000
_PROTECTED: Final = Judgement(Meaning.PROTECTED, "protected")
_GONE: Final = Judgement(Meaning.REFUSED, "gone")
_OTHER: Final = Judgement(Meaning.REFUSED, "MEDIA_INVALID")


class _StaleReference(Exception):
    """The file reference is too old."""


@dataclass(slots=True)
class Transfer:
    """Carries files for one pair.

    Attributes:
        account: whose connected client does it, at whose pace.
        source: reads the source.
        target: input peer.
        protected: asks Telegram whether the source forbids forwarding now.
        on_wait: told about every wait.
    """

    account: Account
    source: Reader
    target: Any
    protected: Callable[[], Awaitable[bool]]
    on_wait: Callable[[Judgement], None] = lambda _: None

    #: Id of a message to the id of its file that was carried last; most pairs carry none.
    _carried: OrderedDict[int, int | None] | None = None

    def has_file(self, message: Any, copy: Any) -> bool:
        """Whether a copy has the file that its source has now, be it by reference or uploaded anew."""
        if file_id(message) is None or file_id(message) == file_id(copy):
            return file_id(message) == file_id(copy)
        if self._carried and message.id in self._carried:
            return self._carried[message.id] == file_id(message)
        return looks_carried(message, copy)

    async def carry(self, messages: Sequence[Any]) -> dict[int, Any]:
        """Upload the files of a post anew.

        Args:
            messages: of one post or album.

        Returns:
            What to send in place of the media, by message id; without messages that have no file to carry.

        Raises:
            NotCarried: it is protected, or Telegram does not take it.
            Unsure: the post has changed meanwhile; read it again.
            ConnectionError: the client is not connected any more.
            AccountLimited, ChatNotWritable, ChatNotReadable, SessionRevoked: nothing can be sent until that changes.
        """
        await self._guard(messages)
        carried = {message.id: await self._carry_one(message) for message in messages if can_carry(message)}
        await self._guard(messages)
        self._keep_in_mind(messages)
        return carried

    def _keep_in_mind(self, messages: Sequence[Any]) -> None:
        kept = self._carried = self._carried or OrderedDict()
        kept.update({message.id: file_id(message) for message in messages})
        while len(kept) > _KEPT:
            kept.popitem(last=False)

    async def _guard(self, messages: Sequence[Any]) -> None:
        if any(is_guarded(message) for message in messages) or await self.protected():
            raise NotCarried(_PROTECTED)

    async def _carry_one(self, message: Any) -> Any:
        post = _Post(message, self.source)
        file = await self._pour(post, original_of)
        thumb = await self._pour(post, thumb_original) if thumb_original(message.media) else None
        cover = await self._cover(post) if cover_original(message.media) else None
        placed = in_place(message.media, await self._place(uploaded(message.media, file, thumb)), cover)
        if placed is None:
            raise NotCarried(_OTHER)
        return placed

    async def _cover(self, post: _Post) -> Any:
        file = await self._pour(post, cover_original)
        placed = await self._place(types.InputMediaUploadedPhoto(file))
        if not isinstance(getattr(placed, "photo", None), types.Photo):
            raise NotCarried(_OTHER)
        return utils.get_input_photo(placed.photo)

    async def _place(self, media: Any) -> Any:
        """Make media of an upload."""
        request = functions.messages.UploadMediaRequest(self.target, media)
        return await self._ask(PLACE, lambda: call(self.account.client, request, timeout=_SAVE_SECONDS))

    # Parts ----------------------------------------------------------------------------------------------------

    async def _pour(self, post: _Post, which: Callable[[Any], Original | None]) -> Any:
        """Carry one file, part by part. Returns it as an InputFile or InputFileBig."""
        original = post.original(which)
        download = Download(self.account.client, original)
        upload = _Upload(helpers.generate_random_long(), original)
        free = asyncio.Semaphore(WINDOW)
        try:
            async with asyncio.TaskGroup() as under_way:
                for number in range(original.parts):
                    await free.acquire()
                    data = await self._part(download, number, post, which)
                    under_way.create_task(self._save(upload.request(number, data), free))
                    del data  # the request has it, and goes with its answer
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        finally:
            await download.close()
        return upload.file

    async def _part(
        self, download: Download, number: int, post: _Post, which: Callable[[Any], Original | None]
    ) -> bytes:
        """One part of the original, with a renewed reference where that is needed."""
        for _ in range(2):
            try:
                data: bytes = await self._ask(GET, lambda: download.part(number))
            except _StaleReference:
                download.original = await post.renewed(which)
                continue
            if len(data) != download.original.size_of(number):
                raise NotCarried(Judgement(Meaning.REFUSED, "incomplete"))
            return data
        raise NotCarried(Judgement(Meaning.REFUSED, "FILE_REFERENCE_EXPIRED"))

    async def _save(self, request: Any, free: asyncio.Semaphore) -> None:
        """Upload one part. Repeating it is harmless: it takes the place of itself."""
        await self._ask(SAVE, lambda: call(self.account.client, request, timeout=_SAVE_SECONDS))
        free.release()

    # Requests -------------------------------------------------------------------------------------------------

    async def _ask(self, kind: str, ask: Callable[[], Awaitable[Any]]) -> Any:
        """A request that may be repeated, after all waits, a few times where no answer comes."""
        tries = 0
        while True:
            await self.account.pacing.part(kind)
            try:
                return await ask()
            except Exception as error:
                judgement = _judge(error, kind)
                tries += judgement.meaning is Meaning.UNKNOWN
                await self._after(judgement, error, kind, tries)

    async def _after(self, judgement: Judgement, error: Exception, kind: str, tries: int) -> None:
        match judgement.meaning:
            case Meaning.WAIT:
                # Accounts without Premium get files more slowly; that is no sign of sending too much.
                wait = (
                    self.account.pacing.hold
                    if isinstance(error, errors.FloodPremiumWaitError)
                    else self.account.pacing.flooded
                )
                wait(kind, judgement.seconds)
                self.on_wait(judgement)
            case Meaning.UNKNOWN | Meaning.BUSY:
                if not self.account.client.is_connected():
                    raise ConnectionError(f"no answer to {kind}: {judgement.name}") from error
                if tries >= _TRIES:
                    raise NotCarried(judgement) from error
                await asyncio.sleep(0.25 * 2**tries)
            case Meaning.STALE_FILE if kind == GET:
                raise _StaleReference from error
            case Meaning.LIMITED | Meaning.NO_SESSION | Meaning.NO_TARGET | Meaning.NO_SOURCE:
                raise stop_error(judgement) from error
            case _:
                raise NotCarried(judgement) from error


def _judge(error: Exception, kind: str) -> Judgement:
    """What an error means here: a login that a file's data centre does not know (any more) is not the session's."""
    judgement = judge(error)
    if kind == GET and judgement.meaning is Meaning.NO_SESSION:
        return Judgement(Meaning.UNKNOWN, judgement.name)
    return judgement


@dataclass
class _Upload:
    """A file that is uploaded. Its checksum grows with its parts."""

    id: int
    original: Original

    def __post_init__(self) -> None:
        self._digest = hashlib.md5(usedforsecurity=False)

    def request(self, number: int, data: bytes) -> Any:
        """What uploads the next part."""
        if self.original.is_big:
            return functions.upload.SaveBigFilePartRequest(self.id, number, self.original.parts, data)
        self._digest.update(data)
        return functions.upload.SaveFilePartRequest(self.id, number, data)

    @property
    def file(self) -> Any:
        """The upload, when all parts are there."""
        original = self.original
        if original.is_big:
            return types.InputFileBig(self.id, original.parts, original.name)
        return types.InputFile(self.id, original.parts, original.name, self._digest.hexdigest())


@dataclass
class _Post:
    """A message whose file is carried."""

    message: Any
    source: Reader

    def original(self, which: Callable[[Any], Original | None]) -> Original:
        """One of its files. Raises NotCarried when it is not there (any more)."""
        original = which(self.message.media)
        if original is None:
            raise NotCarried(_GONE)
        return original

    async def renewed(self, which: Callable[[Any], Original | None]) -> Original:
        """The same file with a fresh reference.

        Raises:
            NotCarried: the message is gone, or protected by now.
            Unsure: it has another file by now.
        """
        before = self.original(which).location.id
        message = (await self.source.by_ids([self.message.id])).get(self.message.id)
        if message is None:
            raise NotCarried(_GONE)
        if is_guarded(message):
            raise NotCarried(_PROTECTED)
        self.message = message
        original = self.original(which)
        if original.location.id != before:
            raise Unsure(Judgement(Meaning.STALE_FILE, "edited"))
        return original
