"""Random ids that are not random: derived, so that Telegram answers a repeated send with the first copy.

Telegram remembers the random ids of an account and a peer for ever and carries out each only once
(https://core.telegram.org/api/updates). An id that depends on nothing but the pair, its epoch and the source message
makes every send idempotent over crashes, machines and lost answers. The pair's rules are no part of it: a post that may
have been sent before its rules changed is repeated with the id that it had, and keeps the text that it got.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

#: Part of a post: the copy itself. Other parts are for further messages that one source message brings forth.
COPY = 0
#: The part of a topic that is made for one of the source; the one below it: made again.
TOPIC_PART = -1


def random_ids(pair_id: str, epoch: int, source_chat: int) -> Callable[..., int]:
    """A function from a source id (and a part) to its random id: positive, 63 bits, never zero.

    Args:
        pair_id: the pair's id; a pair that is removed and added again has another one.
        epoch: raised, durably, when a second copy of the same posts is wanted.
        source_chat: marked id of the chat the source ids count in.
    """
    base = f"{pair_id}|{epoch}|{source_chat}|0|".encode()

    def of(source_id: int, part: int = COPY) -> int:
        state = hashlib.blake2b(base + b"%d|%d" % (source_id, part), digest_size=8, person=b"bybot-random-id")
        return (int.from_bytes(state.digest(), "big") >> 1) or 1

    return of
