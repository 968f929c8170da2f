"""Permits and terms: what ends them, and that nothing brings them back."""

from __future__ import annotations

import pytest

from bybot.clock import ManualClock
from bybot.sessions.permit import Instant, Permit, PermitRevoked, Term


def term(clock: ManualClock, seconds: float | None = 30) -> Term:
    return Term("me", clock=clock, seconds=seconds, sent=Instant.of(clock))


def test_a_permit_holds_until_its_term_ends_and_never_again() -> None:
    clock = ManualClock()
    held = term(clock)
    permit = Permit(held, "1", 1)
    clock.advance(29.9)
    permit.check()
    clock.advance(0.2)
    with pytest.raises(PermitRevoked):
        permit.check()
    assert held.extend(Instant.of(clock)) is False
    with pytest.raises(PermitRevoked):
        permit.check()


def test_the_term_counts_from_before_the_renewal_was_sent() -> None:
    clock = ManualClock()
    held = term(clock)
    clock.advance(10)
    sent = Instant.of(clock)
    clock.advance(15)  # the answer took that long
    assert held.extend(sent) is True
    assert held.left() == pytest.approx(15)


def test_a_forward_jump_of_the_wall_clock_ends_the_term() -> None:
    clock = ManualClock()
    held = term(clock)
    clock.jump_wall(31)
    assert not held.alive()


def test_a_backward_jump_of_the_wall_clock_does_not_prolong_the_term() -> None:
    clock = ManualClock()
    held = term(clock)
    clock.jump_wall(-1000)
    clock.advance(30)
    assert not held.alive()


def test_an_acknowledgement_after_the_end_does_not_bring_the_term_back() -> None:
    clock = ManualClock()
    held = term(clock)
    clock.advance(29)
    sent = Instant.of(clock)
    clock.advance(2)
    assert held.extend(sent) is False
    assert not held.alive()


def test_a_clock_that_was_set_back_does_not_hide_a_machine_that_stood_still_afterwards() -> None:
    clock = ManualClock()
    held = term(clock)
    clock.jump_wall(-25)
    assert held.alive()
    clock.jump_wall(31)  # a paused machine: its other clocks stood still
    assert not held.alive()


def test_a_clock_that_is_drawn_to_and_fro_a_little_costs_nothing() -> None:
    clock = ManualClock()
    held = term(clock)
    for _ in range(10_000):
        clock.jump_wall(0.01)
        assert held.alive()
        clock.jump_wall(-0.01)
    assert held.left() == pytest.approx(30)


def test_revoking_a_permit_aborts_its_connections() -> None:
    class Connection:
        aborted = False

        def abort(self) -> None:
            self.aborted = True

    connection = Connection()
    permit = Permit(term(ManualClock()), "1", 1)
    permit.attach(connection)
    permit.revoke()
    assert connection.aborted
    with pytest.raises(PermitRevoked):
        permit.check()
