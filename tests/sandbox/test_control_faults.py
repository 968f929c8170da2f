"""Faults and counters by themselves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from bybot.clock import ManualClock
from bybot.sandbox.faults import PROCESS_UNKNOWN, Counters, Faults, Outcome, plain_name
from bybot.sandbox.world.errors import TelegramError


@dataclass
class Who:
    id: int


@dataclass
class Ctx:
    account: Who | None


ANN, WEI, NOBODY = Ctx(Who(1)), Ctx(Who(2)), Ctx(None)


async def refused(faults: Faults, ctx: Any, method: str) -> str | None:
    try:
        await faults.before_rpc(ctx, method)
    except TelegramError as error:
        return error.message
    return None


def test_request_names_are_compared_in_any_spelling() -> None:
    assert plain_name("messages.forwardMessages") == plain_name("ForwardMessagesRequest") == "forwardmessages"


async def test_a_fault_without_account_hits_everybody_even_before_login() -> None:
    faults = Faults()
    faults.add(kind="error", code=500, message="INTERNAL", times=None)
    assert [await refused(faults, ctx, "help.getConfig") for ctx in (ANN, WEI, NOBODY)] == ["INTERNAL"] * 3
    faults.clear()
    assert await refused(faults, ANN, "help.getConfig") is None


async def test_a_flood_until_it_is_over_counts_down() -> None:
    clock = ManualClock()
    faults = Faults(clock)
    faults.add(kind="flood", account=1, method="SendMessage", seconds=10, until_over=True, error="SLOWMODE_WAIT")
    assert await refused(faults, ANN, "messages.sendMessage") == "SLOWMODE_WAIT_10"
    clock.advance(7.5)
    assert await refused(faults, ANN, "messages.sendMessage") == "SLOWMODE_WAIT_3"
    assert await refused(faults, WEI, "messages.sendMessage") is None
    clock.advance(3)
    assert await refused(faults, ANN, "messages.sendMessage") is None


async def test_latency_is_waited_out() -> None:
    clock = ManualClock()
    faults = Faults(clock)
    faults.add(kind="latency", seconds=2)
    waiting = asyncio.create_task(faults.before_rpc(ANN, "users.getUsers"))
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.advance(2)
    await waiting


async def test_the_nth_request_is_cut_and_held_until_cleared() -> None:
    faults = Faults()
    fault = faults.add(kind="cut", account=1, method="messages.sendMessage", nth=2, hold=True)
    outcomes = [faults.after_rpc(ANN, "messages.sendMessage") for _ in range(3)]
    assert outcomes == [Outcome.ANSWER, Outcome.CUT, Outcome.ANSWER]
    assert await faults.wait_fired(fault.id, 1)
    held = asyncio.create_task(faults.before_rpc(ANN, "users.getUsers"))
    await faults.before_rpc(WEI, "users.getUsers")
    await asyncio.sleep(0)
    assert not held.done()
    faults.clear(fault.id)
    await held
    assert faults.active() == []


async def test_waiting_for_a_fault_that_does_not_come_ends() -> None:
    faults = Faults()
    assert not await faults.wait_fired(faults.add(kind="cut").id, 0.01)


def test_differences_too_long_are_per_channel() -> None:
    faults = Faults()
    faults.add(kind="difference_too_long", account=1, channel=7)
    assert not faults.difference_too_long(1, 8)
    assert not faults.difference_too_long(2, 7)
    assert faults.difference_too_long(1, 7)
    assert not faults.difference_too_long(1, 7)


def test_skews_add_up() -> None:
    faults = Faults()
    faults.add(kind="clock_skew", seconds=30)
    faults.add(kind="clock_skew", seconds=-10)
    assert faults.clock_skew == 20


async def test_bot_calls_suffer_by_bot_and_method() -> None:
    faults = Faults()
    faults.add(kind="bot_error", account=9, method="sendMessage")
    faults.add(kind="bot_flood", account=9, seconds=3)
    faults.add(kind="bot_cut", method="getMe")
    assert await faults.before_bot_call(8, "sendMessage") is None
    flood = await faults.before_bot_call(9, "sendMessage")
    assert flood is not None
    assert (flood.code, flood.retry_after) == (429, 3)
    error = await faults.before_bot_call(9, "sendMessage")
    assert error is not None
    assert (error.code, error.description) == (502, "Bad Gateway")
    cut = await faults.before_bot_call(9, "getMe")
    assert cut is not None
    assert cut.cut


@pytest.mark.parametrize("spec", [{}, {"kind": "rain"}, {"kind": "flood", "second": 1}])
def test_a_wrong_fault_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"unknown fault|no such field"):
        Faults().add(**spec)


def test_unknown_requests_are_summed_over_the_process_until_forgotten() -> None:
    before = dict(PROCESS_UNKNOWN)
    first, second = Counters(), Counters()
    first.unknown["a.b"] += 1
    first.unknown["a.b"] += 1
    second.unknown["a.b"] += 1
    assert PROCESS_UNKNOWN["a.b"] == 3
    first.unknown.clear()
    assert PROCESS_UNKNOWN["a.b"] == 1
    second.reset()
    assert dict(PROCESS_UNKNOWN) == before


def test_counters_are_shown_in_a_stable_order() -> None:
    counters = Counters()
    counters.calls["users.getUsers", 2] += 1
    counters.calls["users.getUsers", None] += 2
    counters.calls["auth.signIn", 2] += 1
    counters.bot_calls["getMe", 9] += 1
    shown = counters.as_json()
    assert [(c["method"], c["account"], c["count"]) for c in shown["calls"]] == [
        ("auth.signIn", 2, 1),
        ("users.getUsers", None, 2),
        ("users.getUsers", 2, 1),
    ]
    assert counters.calls_of("GetUsersRequest") == 3
    assert counters.calls_of("users.getUsers", 2) == 1
    assert shown["bot_calls"] == [{"method": "getMe", "bot": 9, "count": 1}]
