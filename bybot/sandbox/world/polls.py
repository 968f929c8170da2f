"""Polls and quizzes: one record per poll, shared by all messages that carry it, forwards included."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from bybot.sandbox.world.errors import bad
from bybot.sandbox.world.events import PollChanged

if TYPE_CHECKING:
    from bybot.sandbox.world.model import Account, Message, Peer, SessionRef
    from bybot.sandbox.world.world import World

MAX_QUESTION = 255
MAX_ANSWER = 100
ANSWERS = range(2, 13)
_FLAGS = ("public_voters", "multiple_choice", "quiz", "revoting_disabled", "shuffle_answers")


@dataclass(slots=True, eq=False)
class Poll:
    """A poll with its votes.

    Attributes:
        tl: the question and the answers, as sent.
        correct: the options that are right, of a quiz.
        solution: shown with the result of a quiz: text and entities.
        votes: options by account.
        messages: that carry it.
    """

    tl: Any
    creator_id: int
    correct: frozenset[bytes] = frozenset()
    solution: tuple[str, tuple[Any, ...]] | None = None
    closed: bool = False
    votes: dict[int, tuple[bytes, ...]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list, repr=False)

    @property
    def id(self) -> int:
        """The same in every message that carries it."""
        return int(self.tl.id)

    @property
    def options(self) -> list[bytes]:
        """In the order of the answers."""
        return [answer.option for answer in self.tl.answers]

    def shown(self, viewer_id: int) -> Any:
        """The TL poll as one account sees it."""
        tl = copy(self.tl)
        tl.closed = self.closed or None
        tl.creator = viewer_id == self.creator_id or None
        return tl

    def results(self, viewer_id: int) -> Any:
        """The TL results: counts only for those who voted, or when it is closed."""
        mine = self.votes.get(viewer_id, ())
        if not mine and not self.closed:
            return types.PollResults(total_voters=len(self.votes))
        voters = [
            types.PollAnswerVoters(
                option=option,
                chosen=option in mine or None,
                correct=option in self.correct or None,
                voters=sum(option in chosen for chosen in self.votes.values()),
                recent_voters=[],
            )
            for option in self.options
        ]
        text, entities = self.solution or (None, None)
        marks = None if entities is None else list(entities)
        return types.PollResults(results=voters, total_voters=len(self.votes), solution=text, solution_entities=marks)


class Polls:
    """All polls of the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._number = itertools.count(1)

    def create(
        self,
        creator: Account,
        given: Any,
        correct_answers: Sequence[int] = (),
        solution: str | None = None,
        solution_entities: Sequence[Any] = (),
    ) -> Poll:
        """A new poll from what a client wants to send.

        Args:
            creator: who sends it.
            given: a TL Poll; its id is not used.
            correct_answers: places of the right answers of a quiz.
            solution, solution_entities: shown with the result of a quiz.

        Raises:
            TelegramError: POLL_QUESTION_INVALID, POLL_ANSWERS_INVALID, POLL_ANSWER_INVALID, QUIZ_MULTIPLE_INVALID,
                QUIZ_CORRECT_ANSWERS_EMPTY or QUIZ_CORRECT_ANSWER_INVALID.
        """
        answers = self._answers(given)
        if not given.question.text.strip() or len(given.question.text) > MAX_QUESTION:
            raise bad("POLL_QUESTION_INVALID")
        if given.quiz and given.multiple_choice:
            raise bad("QUIZ_MULTIPLE_INVALID")
        if given.quiz and not correct_answers:
            raise bad("QUIZ_CORRECT_ANSWERS_EMPTY")
        if any(not 0 <= place < len(answers) for place in correct_answers):
            raise bad("QUIZ_CORRECT_ANSWER_INVALID")
        id_ = int(self._world.now().timestamp()) << 24 | next(self._number)
        flags = {name: getattr(given, name) for name in _FLAGS}
        tl = types.Poll(id=id_, question=given.question, answers=answers, hash=0, **flags)
        correct = frozenset(answers[place].option for place in correct_answers) if given.quiz else frozenset()
        hint = (solution, tuple(solution_entities)) if given.quiz and solution else None
        return Poll(tl, creator.id, correct, hint, closed=bool(given.closed))

    @staticmethod
    def _answers(given: Any) -> list[Any]:
        if len(given.answers) not in ANSWERS:
            raise bad("POLL_ANSWERS_INVALID")
        answers = []
        for place, answer in enumerate(given.answers):
            if not answer.text.text.strip() or len(answer.text.text) > MAX_ANSWER or answer.media is not None:
                raise bad("POLL_ANSWER_INVALID")
            option = getattr(answer, "option", None) or str(place).encode()
            answers.append(types.PollAnswer(text=answer.text, option=option))
        if len({answer.option for answer in answers}) != len(answers):
            raise bad("POLL_OPTION_DUPLICATE")
        return answers

    def of(self, viewer: Account, peer: Peer, message_id: int) -> Poll:
        """The poll that a message carries.

        Raises:
            TelegramError: MESSAGE_ID_INVALID, CHANNEL_PRIVATE.
        """
        message = self._world.messages_of(viewer, peer).get(message_id)
        if message is None or message.media is None or message.media.poll is None:
            raise bad("MESSAGE_ID_INVALID")
        return message.media.poll

    def vote(self, voter: Account, poll: Poll, options: Sequence[bytes], *, exclude: SessionRef | None = None) -> None:
        """Vote, or take the vote back without options.

        Raises:
            TelegramError: MESSAGE_POLL_CLOSED, OPTION_INVALID, OPTIONS_TOO_MUCH or REVOTE_NOT_ALLOWED.
        """
        if poll.closed:
            raise bad("MESSAGE_POLL_CLOSED")
        if any(option not in poll.options for option in options):
            raise bad("OPTION_INVALID")
        if len(set(options)) > 1 and not poll.tl.multiple_choice:
            raise bad("OPTIONS_TOO_MUCH")
        if voter.id in poll.votes and (poll.tl.quiz or poll.tl.revoting_disabled):
            raise bad("REVOTE_NOT_ALLOWED")
        if options:
            poll.votes[voter.id] = tuple(dict.fromkeys(options))
        else:
            poll.votes.pop(voter.id, None)
        events = [PollChanged(message.box, 0, 0, voter.id, message, poll) for message in poll.messages]
        self._world.events.publish(events, exclude=exclude)
