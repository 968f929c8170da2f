"""The supervisor's calls about the rules of pairs: setting them, and trying them before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bybot.ids import person_of, user_id_from_key, user_key
from bybot.mirror.calls import Calls
from bybot.mirror.chats import input_peer
from bybot.mirror.model import ChannelPair
from bybot.mirror.reader import Reader
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.slots import SLOTS, differing, merged
from bybot.mirror.samples import Sample, samples_of


class RuleCalls(Calls):
    """A part of :class:`bybot.mirror.supervisor.Supervisor`."""

    async def set_rules(self, user: int | str, pair_id: str, rules: Rules) -> None:
        """From now on these hold for a pair and its tasks; posts that were copied stay as they are.

        What differs from the rules that held becomes the pair's own; the rest goes on following the defaults.

        Raises:
            PairNotFound, StoreUnavailable: as they say.
        """
        pair = await self._book.get(user, pair_id)
        await self._set(pair, rules, pair.own_slots | differing(rules, pair.rules))

    async def set_own(self, user: int | str, pair_id: str, own: Collection[str]) -> None:
        """Which slots a pair sets itself, at first as they are now; all others follow its person's defaults.

        Args:
            own: some of :data:`bybot.mirror.rules.slots.SLOTS`.

        Raises:
            PairNotFound, StoreUnavailable: as they say.
        """
        pair = await self._book.get(user, pair_id)
        slots = frozenset(own) & frozenset(SLOTS)
        await self._set(pair, merged(await self._book.defaults(user), pair.rules, slots), slots)

    async def _set(self, pair: ChannelPair, rules: Rules, own: frozenset[str]) -> None:
        parts = [pair.id, *(part.id for part in await self._book.children(pair.user, pair.id))]
        change = partial(replace, rules=rules, own=own)
        await self._change_rules({pair.user: parts}, lambda: self._book.change(pair.user, parts, change))

    async def default_rules(self, user: int | str) -> Rules:
        """The rules of a person's pairs where they set nothing themselves. Raises StoreUnavailable."""
        return await self._book.defaults(user)

    async def set_default_rules(self, user: int | str, rules: Rules) -> None:
        """From now on these hold for all pairs of a person, over all accounts, where they set nothing themselves.

        Raises:
            StoreUnavailable: it could not be written.
        """
        concerned: dict[int | str, list[str]] = {}
        for owner in map(user_id_from_key, await self._book.owners(person_of(user_key(user)))):
            pairs = await self._book.of(owner)
            changed = [pair.id for pair in pairs if pair.under(rules).rules != pair.rules]
            if changed:
                concerned[owner] = changed
        await self._change_rules(concerned, lambda: self._book.set_defaults(user, rules))

    async def _change_rules(
        self, concerned: Mapping[int | str, Sequence[str]], write: Callable[[], Awaitable[None]]
    ) -> None:
        """Write while these pairs, by account, stand still: what is under way lands by the old rules."""
        for user, pair_ids in concerned.items():
            await self._person(user).end_pairs(*pair_ids)
        try:
            await write()
        except BaseException:
            for user in concerned:
                self._on_ready(user)  # with the rules that they had
            raise
        for user in concerned:
            await self._person(user).start()

    async def try_rules(self, user: int | str, pair_id: str, rules: Rules, count: int = 20) -> list[Sample]:
        """What rules would make of the last posts of the source, oldest first. Nothing is sent.

        Args:
            count: messages, at most 100.

        Raises:
            PairNotFound, StoreUnavailable, SessionError, ChatNotReadable: as they say.
        """
        pair = await self._book.get(user, pair_id)
        async with self._client(user) as client:
            reader = Reader(client, input_peer(pair.source), self._person(user).pacing)
            return await samples_of(reader, rules, pair_id, count)
