"""/metrics, in Prometheus' text form: numbers for everybody, and who is online for the operator alone.

Scrape it without a header for the totals. With the operator's token (``Authorization: Bearer ...``) each person's
devices are listed too: user ids are personal and no business of whoever finds the address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bybot.mirror.figures import Figures
from bybot.sessions.measures import Measures


class Writes(Protocol):
    """How many documents were written today, of how many (0: any), and how much work is stretched for it."""

    per_day: int

    @property
    def used(self) -> int: ...

    @property
    def stretch(self) -> float: ...


_NONE = Figures()


def create_metrics(
    measure: Callable[[], Measures],
    is_operator: Callable[[str | None], bool],
    figures: Callable[[], Figures] = Figures,
    writes: Writes | None = None,
) -> APIRouter:
    """The route.

    Args:
        measure: the numbers of now.
        is_operator: whether an Authorization header is the operator's.
        figures: the numbers of the mirror.
        writes: the store's; None: they are not counted.
    """
    router = APIRouter()

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        detailed = is_operator(request.headers.get("Authorization"))
        page = render(measure(), figures(), writes, detailed=detailed)
        return Response(page, media_type=CONTENT_TYPE_LATEST)

    return router


def render(measures: Measures, figures: Figures = _NONE, writes: Writes | None = None, *, detailed: bool) -> bytes:
    """The page.

    Args:
        detailed: list people too.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(measures, figures, writes, detailed))
    return generate_latest(registry)


class _Numbers(Collector):
    def __init__(self, measures: Measures, figures: Figures, writes: Writes | None, detailed: bool) -> None:
        self._measures = measures
        self._figures = figures
        self._writes = writes
        self._detailed = detailed

    def collect(self) -> Iterator[Metric]:
        m = self._measures
        yield GaugeMetricFamily("bybot_acting", "1 when this process may act, 0 while it waits.", int(m.acting))
        yield _by("bybot_records", "Records of sessions in use, by state.", "state", m.records)
        yield CounterMetricFamily("bybot_records_created", "Records that were made.", m.created)
        yield CounterMetricFamily("bybot_records_expired", "Records that expired.", m.expired)
        yield CounterMetricFamily("bybot_records_deleted", "Records that were deleted.", m.deleted)
        yield GaugeMetricFamily("bybot_users_online", "People with a connected session.", m.users_online)
        yield GaugeMetricFamily("bybot_devices_online", "Devices that use a connected session.", m.devices_online)
        yield _by("bybot_clients", "Clients of Telegram, by what they do.", "state", m.clients)
        yield GaugeMetricFamily("bybot_frozen", "Accounts that Telegram has frozen.", m.frozen)
        yield CounterMetricFamily("bybot_checks", "Questions to Telegram whether a login is valid.", m.checks)
        ended = CounterMetricFamily("bybot_logins_ended", "Logins that Telegram ended, by reason.", labels=["reason"])
        for reason, count in m.ended.items():
            ended.add_metric([reason], count)
        yield ended
        yield from _traffic(m)
        yield from _mirror(self._figures)
        if self._writes is not None:
            yield from _budget(self._writes)
        if self._detailed:
            online = {user: int(count > 0) for user, count in m.people.items()}
            yield _by("bybot_user_online", "1 when the person has a connected session.", "user", online)
            yield _by("bybot_user_devices", "Devices that use a person's sessions now.", "user", m.people)


def _mirror(f: Figures) -> Iterator[Metric]:
    yield _by("bybot_pairs", "Pairs that run here, by what they do.", "state", f.pairs)
    yield GaugeMetricFamily("bybot_posts_copied", "Messages that the pairs here have copied.", f.copied)
    yield GaugeMetricFamily("bybot_posts_left_out", "Messages that could not be copied.", f.left_out)
    yield GaugeMetricFamily("bybot_posts_missing", "Posts that audits found missing in targets.", f.missing)
    yield GaugeMetricFamily("bybot_posts_doubled", "Posts that audits found twice in targets.", f.doubled)


def _budget(writes: Writes) -> Iterator[Metric]:
    yield GaugeMetricFamily("bybot_store_writes_today", "Documents written today.", writes.used)
    yield GaugeMetricFamily("bybot_store_writes_budget", "Documents a day has room for; 0: any.", writes.per_day)
    text = "How many times longer than usual work waits between two writes that may wait."
    yield GaugeMetricFamily("bybot_store_stretch", text, writes.stretch)


def _traffic(m: Measures) -> Iterator[Metric]:
    # Gauges: they fall when a session is given away.
    for what in ("bytes", "messages"):
        ways = {way: m.traffic[f"{what}_{way}"] for way in ("sent", "received")}
        yield _by(f"bybot_traffic_{what}", f"MTProto {what} of the sessions held now.", "way", ways)
    yield GaugeMetricFamily("bybot_requests", "Answered requests of the sessions held now.", m.traffic["requests"])
    yield GaugeMetricFamily("bybot_reconnects", "Repaired connections of those held now.", m.traffic["reconnects"])
    if m.latency is not None:
        yield GaugeMetricFamily(
            "bybot_latency_seconds", "From a request to its answer, mean of recent ones.", m.latency
        )


def _by(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
