"""Patterns and texts made to hold the program up: they end within their limit, and nobody else waits for them."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import Any

import pytest

from bybot.errors import BadPattern, PatternTimeout
from bybot.mirror.rules import patterns
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Filter, Languages, Matching, Words
from bybot.mirror.rules.rich import Rich
from bybot.mirror.rules.transforms import (
    Place,
    RemoveHashtags,
    RemoveLinks,
    RemoveMagnets,
    RemoveMentions,
    Replace,
    Transform,
)
from tests.mirror.rules.posts import message

PATTERNS = [
    r"(a+)+$",
    r"(a|aa)+$",
    r"(a|a?)+$",
    r"(.*a){25}b",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(?:a*)*b",
    r"(x+x+)+y",
    r"([^\s]+\s?)+!!",
    r"(?=(a+))*b",
    r"(中+中+)+国",
    r"(?:(?:a{1,99}){1,99}){1,99}b",
]
TEXTS = ["a" * 4000 + "!", "x" * 4096, "a " * 2000, "中" * 4096, "😀" * 2048, "aA" * 2000]
#: Texts made for the patterns of the program's own.
PLAGUES = ["#" * 4096, "@a" * 2000, "#a@" * 1300, "https://" * 500, "www." * 1000, "t.me/" * 800, "magnet:?" * 500,
           "#a " * 1300, "https://a.example/(" * 200, "\u200d" * 4096, "a\u0301" * 2000, " " * 4096, "\n" * 4096,
           "x@" * 2000, "$a" * 2000]  # fmt: skip
OWN: list[Transform] = [RemoveLinks(), RemoveHashtags(), RemoveMentions(), RemoveMagnets(), Replace("a", "b")]


async def ticks(work: Any) -> int:
    """How often the loop came round while something ran beside it."""
    count = 0
    task = asyncio.create_task(asyncio.to_thread(work))
    while not task.done():
        await asyncio.sleep(0.001)
        count += 1
    await task
    return count


@pytest.mark.parametrize("pattern", PATTERNS)
async def test_a_hostile_pattern_ends_and_the_loop_goes_on(pattern: str) -> None:
    def judge() -> None:
        for text in TEXTS:
            for rules in (Rules((Matching(pattern),)), Rules(transforms=(Replace(pattern, "b", pattern=True),))):
                verdict = rules.judge((message(text),), "p")
                assert verdict.keep or verdict.why in ("timeout", "matching", "too_long")

    assert await ticks(judge) >= 1


def test_at_least_one_of_them_runs_into_its_limit_and_leaves_the_post_out() -> None:
    verdicts = [Rules((Matching(pattern),)).judge((message(TEXTS[1]),), "p") for pattern in PATTERNS]
    assert "timeout" in {verdict.why for verdict in verdicts if not verdict.keep}


@pytest.mark.parametrize("text", PLAGUES, ids=range(len(PLAGUES)))
async def test_a_hostile_text_is_nothing_to_rules_without_patterns(text: str) -> None:
    filters: tuple[Filter, ...] = (Words(("nothing",)), Languages(frozenset({"en"})))

    def judge() -> None:
        for transform in OWN:
            transform.apply(Rich(text), Place("p", 1))
        assert Rules(filters, tuple(OWN)).judge((message(text),), "p").why in ("", "languages", "too_long")

    async with asyncio.timeout(20):
        await asyncio.to_thread(judge)


@pytest.mark.parametrize("pattern", ["(" * 999, "[" * 500, "a" * 1001, "a{2,1}", "(?<=a+)(?P<a>(?P<a>"])
def test_what_is_no_pattern_is_refused_with_its_position(pattern: str) -> None:
    with pytest.raises(BadPattern) as caught:
        Matching(pattern)
    assert 0 <= caught.value.position <= len(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["(?:a{1000}){1000}", "(?:(?:a{100}){100}){100}", "((x{30}y){30}[z]{20}){40,}", "(?:a{9999}b){2}" + "c" * 5],
)
def test_repetitions_of_repetitions_are_refused_before_they_take_memory(pattern: str) -> None:
    with pytest.raises(BadPattern, match="repeats too much") as caught:
        Matching(pattern)
    assert pattern[caught.value.position] == "{"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [(r"\d{4}-\d{2}-\d{2}", "2026-03-01"), ("(?:a{9}b){99}", ("a" * 9 + "b") * 99),
     (r"[{5}]{3}\{9999}{2}", "{5}{9999}}"),
     ("a{500}", "a" * 500), (r"(?:\(a{100}){9}", "(" + "a" * 100)],
)  # fmt: skip
def test_ordinary_repetitions_are_taken(pattern: str, text: str) -> None:
    verdict = Rules((Matching(pattern, allow=True),)).judge((message(text * 9),), "p")
    assert verdict.keep


def test_time_that_the_rest_of_the_process_took_is_not_the_patterns() -> None:
    done = threading.Event()

    def busy() -> None:
        while not done.is_set():
            sum(range(2_000))

    others = [threading.Thread(target=busy) for _ in range(6)]
    for other in others:
        other.start()
    try:
        for _ in range(30):
            assert len(list(patterns.matches(r"\b\w+\b", "word " * 400))) == 400
    finally:
        done.set()
        for other in others:
            other.join()


@pytest.mark.parametrize("collects", [True, False])
def test_time_that_a_garbage_collection_took_is_not_the_patterns(collects: bool) -> None:
    tries: list[tuple[float, bool]] = []

    def run(limit: float, beside: bool) -> str:
        tries.append((limit, beside))
        if len(tries) == 3:
            return "found"
        if collects:
            gc.collect()
        began = time.thread_time()
        while time.thread_time() - began < limit:
            pass
        raise TimeoutError

    if collects:
        assert patterns._limited("a", run) == "found"
    else:
        with pytest.raises(PatternTimeout):
            patterns._limited("a", run)
    assert [beside for _, beside in tries] == [False, True, False][: 2 + collects]
