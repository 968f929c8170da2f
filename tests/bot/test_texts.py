"""Texts and views: complete in both languages, safe, and small enough for Telegram."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bybot import errors
from bybot.bot.callbacks import Press, new_ticket
from bybot.bot.handlers import BUTTONS, COMMANDS, MENU
from bybot.bot.handlers import exchange as handler
from bybot.bot.handlers.account import Account
from bybot.bot.texts import CATALOGUES, LANGUAGES, Fact, Html, Language, en, has, language_of, t, zh
from bybot.bot.texts.errors import error_text
from bybot.bot.texts.formats import bar, duration, number, short
from bybot.bot.typed import digits_in, looks_like_code
from bybot.bot.views import accounts, devices, exchange, info, login, notices, pairs, sessionnews, wizard
from bybot.bot.views import numbers as numberviews
from bybot.bot.views.base import View
from bybot.mirror.exchange import reading
from bybot.mirror.exchange.model import Fate, Item, Report, Spot, Trouble, Wrong
from bybot.mirror.model import (
    ChannelPair,
    ChatRef,
    Counts,
    Estimate,
    Everything,
    Last,
    New,
    Notice,
    NoticeKind,
    PairState,
    PairStatus,
    Progress,
)
from bybot.sandbox.botapi.html import parse_html
from bybot.sessions.devices import Device
from bybot.sessions.failures import EXPLAINED
from bybot.sessions.news import NewsKind, SessionNews

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
EVIL = ChatRef(-1009999999999, "<b>&lt; \u202e" + "x" * 200, username="evil", can_post=True, protected=True)
PAIR = ChannelPair("01890a5d-ac96-774b-bcce-b302099a8057", "5", EVIL, EVIL, New(), NOW)


NEWS = [
    *(SessionNews(NewsKind.OVER, "5~77", {"reason": reason}) for reason in [*EXPLAINED, "<b>"]),
    *(
        SessionNews(kind, "123456789", {"until": NOW, "days": 30, "error": "<e>", "job": "backup", "appeal": "<a>"})
        for kind in NewsKind
    ),
    *(SessionNews(kind) for kind in NewsKind if kind is not NewsKind.UNUSED),
]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_sentences_with_the_same_placeholders() -> None:
    english, chinese = CATALOGUES["en"], CATALOGUES["zh"]
    assert set(english) == set(chinese)
    assert {key for key in english if placeholders(english[key]) != placeholders(chinese[key])} == set()


@pytest.mark.parametrize("language", [en, zh], ids=["en", "zh"])
def test_no_sentence_stands_in_two_files(language: ModuleType) -> None:
    parts = [
        language.general,
        language.logins,
        language.pairs,
        language.tasks,
        language.comments,
        language.exchange,
        language.rules,
        language.errors,
    ]
    assert sum(len(part.TEXTS) for part in parts) == len(language.TEXTS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_html_that_telegram_accepts(language: Language) -> None:
    for key, text in CATALOGUES[language].items():
        parse_html(text.format(**dict.fromkeys(placeholders(text), Fact("x"))))
        assert text, key


def test_every_error_state_notice_and_reason_has_words() -> None:
    codes = {
        kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.BybotError)
    }
    internal = {"record_not_found", "record_expired", "record_exists", "too_many_records",
                "error", "store", "session", "mirror", "configuration", "key_missing", "wrong_key", "tampered",
                "fenced", "invalid_transition", "owner_unreachable", "portable",
                "unreadable_session", "unreadable_backup"}  # fmt: skip
    assert {code for code in codes - internal if not has(f"error.{code}")} == set()
    assert all(has(f"state.{state}") for state in PairState)
    assert all(has(f"notice.{kind}") for kind in NoticeKind)
    assert all(has(f"reason.{reason}") for reason in EXPLAINED)
    assert all(has(f"admin.{news.kind}") for news in NEWS if sessionnews.concerns_admins(news))
    assert all(has(f"command.{name}") for name in MENU)
    assert set(MENU) <= set(COMMANDS)


def test_everything_that_a_file_can_have_wrong_has_words() -> None:
    assert all(has(f"exchange.trouble.{code}") for code in Wrong)
    sources = Path(reading.__file__).parent.glob("*.py")
    whys = {why for path in [*sources, Path(handler.__file__)] for why in re.findall(r'why="(\w+)"', path.read_text())}
    assert len(whys) == 10
    assert all(has(f"exchange.why.{why}") for why in whys)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_becomes_a_sentence_without_its_own_text(language: Language) -> None:
    for error in (
        errors.LoginFlood("secret", seconds=90),
        errors.SessionRevoked("secret", reason="revoked"),
        errors.SessionRevoked("secret", reason="something new"),
        errors.OwnedElsewhere("secret", holder="host"),
        errors.WrongKey("secret"),
        errors.BybotError("secret"),
        errors.MirrorError("secret"),
        ValueError("secret"),
    ):
        assert "secret" not in error_text(language, error, NOW)


#: Ids as long as Telegram's may be.
WORKS = Account(f"{2**52 - 1}~{2**52 - 1}", "<b> & " + "界" * 60, "active", None, NOW)
ENDED = Account(f"{2**52 - 1}", "<i>", "revoked", "revoked", NOW)
DEVICE = Device(0, True, "<model>" * 9, "<b>", "<app>", "<Country>", NOW, NOW - timedelta(hours=30))


def status(**changes: object) -> PairStatus:
    facts: dict[str, object] = {
        "pair": PAIR, "state": PairState.HISTORY,
        "progress": Progress("history", 40, 2, 100, 2.0, NOW + timedelta(hours=30)),
        "counts": Counts(40, 1, 1), "not_before": NOW + timedelta(minutes=5), "reason": errors.ChatNotWritable("x"),
    }  # fmt: skip
    return PairStatus(**(facts | changes))  # type: ignore[arg-type]


def report(count: int = 300, **changes: Any) -> Report:
    """What a file of that many wrong entries and that many good ones would do."""
    spot = Spot(99_999, "pairs[300].rules.transforms[100].text.entities[100].<b>&" + "x" * 200)
    codes = [*Wrong, "chat_not_found", "new code"]
    troubles = [Trouble(code, spot, "<i>" + "界" * 200) for code in codes]
    item = Item(spot, EVIL.title, EVIL.title, Fate.NEW, paused=True, history=True)
    failed = [replace(item, fate=Fate.FAILED, troubles=(trouble,)) for trouble in troubles]
    items = [*[item] * count, replace(item, fate=Fate.EXISTS), *failed * (count // len(failed))]
    facts: dict[str, Any] = {"format": "telemirror", "dry_run": True, "start": "new", "secrets": True}
    facts |= {"items": tuple(items), "remarks": tuple(troubles * 9), "preferences": ("language", "rules")}
    return Report(**facts | changes)


def views(language: Language) -> list[View]:
    """Every screen, with the worst titles."""
    ticket = new_ticket()
    many = [EVIL] * 40
    notes = [
        Notice(
            kind,
            PAIR,
            {
                "until": NOW + timedelta(hours=1),
                "seconds": 3600,
                "copied": 5,
                "skipped": 1,
                "reason": "<x>",
                "error": "<y>",
            },
        )
        for kind in NoticeKind
    ]
    return [
        login.consent(language, storage="local", sealed=True, device="<d>", then="login"),
        login.consent(language, storage="firebase", sealed=True, device="<d>"),
        login.consent(language, storage="memory", sealed=False, device="<d>"),
        login.phone(language, ticket),
        login.keypad(language, ticket, where="app", entered=2, length=5, seconds_left=299.2),
        login.keypad(language, ticket, where="nowhere", entered=0, length=5, seconds_left=-3, usable=False),
        login.typed(language, ticket),
        login.qr(language, ticket, seconds_left=30),
        login.password(language, ticket, hint="<i>"),
        login.password(language, ticket, hint=""),
        login.done(language, "<b>"),
        info.greeting(language, "<b>", "<i>"),
        info.greeting(language, "", None),
        info.status(language, [WORKS, ENDED], pairs=2, running=1),
        info.status(language, [], pairs=0, running=0),
        info.stats(language, {"total_sessions": 1, "bot_id": "<b>"}, [WORKS, ENDED]),
        info.stats(language, {"total_sessions": 1, "bot_id": "<b>"}, []),
        info.channels(language, [], 0, WORKS),
        info.channels(language, many, 99, WORKS, [WORKS, ENDED]),
        accounts.account_list(language, [WORKS, ENDED] * 5),
        accounts.account_list(language, []),
        accounts.account(language, WORKS, pairs=3),
        accounts.account(language, ENDED, pairs=0),
        accounts.choose(language, [WORKS, ENDED], "logout.choose", "lo", "ask"),
        devices.device_list(language, WORKS, [DEVICE, *[replace(DEVICE, id=-(2**63), current=False)] * 60], NOW),
        devices.device_list(language, WORKS, [DEVICE], NOW),
        devices.ask(language, WORKS, replace(DEVICE, id=-(2**63), current=False)),
        info.languages(language),
        exchange.exported(language, 3),
        exchange.account(language, ticket, [WORKS, ENDED]),
        exchange.send(language, ticket),
        exchange.planned(language, ticket, "<b>" + "x" * 300, report()),
        exchange.planned(language, ticket, "", report(0)),
        exchange.planned(language, ticket, "a", report(0, items=(), remarks=(), preferences=())),
        exchange.done(language, report(dry_run=False)),
        info.help_(language, admin=True),
        info.logout(language, "<b>", WORKS.user),
        info.forget(language),
        info.forget(language, other=5),
        pairs.pair_list(language, []),
        pairs.pair_list(language, [status()] * 20, 1),
        pairs.pair(language, status(), NOW),
        pairs.pair(language, status(), NOW, {PAIR.user: "<b>", WORKS.user: "<i>"}),
        pairs.pair_list(language, [status(), status(pair=replace(PAIR, user=WORKS.user))], 0, {PAIR.user: "<b>"}),
        pairs.pair(language, status(state=PairState.LIVE, progress=Progress("live", 4, 0, None), reason=None), NOW),
        pairs.remove(language, status()),
        wizard.account(language, ticket, [WORKS, ENDED]),
        wizard.source(language, ticket, back=True),
        wizard.target(language, ticket, EVIL),
        wizard.pick(language, ticket, "source", many, 2),
        wizard.pick(language, ticket, "target", [], 0),
        wizard.choose_range(language, ticket, EVIL, EVIL),
        wizard.ask_number(language, ticket),
        wizard.confirm(language, ticket, EVIL, EVIL, New(), None),
        wizard.confirm(language, ticket, EVIL, EVIL, Last(5), Estimate(5, 7)),
        wizard.confirm(language, ticket, EVIL, EVIL, Everything(), Estimate(5000, 700)),
        wizard.added(language, EVIL, EVIL, New()),
        notices.progress(language, PAIR, Progress("history", 40, 2, 100, 2.0), NOW),
        notices.progress(language, PAIR, Progress("history", 0, 0, None, 0.0, NOW + timedelta(seconds=5)), NOW),
        notices.progress(language, PAIR, Progress("live", 40, 2, 100), NOW),
        *(notices.notice(language, note, NOW) for note in notes),
        *(sessionnews.session_news(language, news, NOW) for news in NEWS if sessionnews.concerns_owner(news)),
        *(sessionnews.session_news(language, news, NOW, account="<b>") for news in NEWS),
        sessionnews.for_admins(language, [news for news in NEWS if sessionnews.concerns_admins(news)], 7),
        sessionnews.kept(language),
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_view_fits_telegram_and_its_buttons_lead_somewhere(language: Language) -> None:
    for view in views(language):
        text, _entities = parse_html(view.text)
        assert 0 < len(text) <= 4096
        for row in view.rows:
            assert 1 <= len(row) <= 4
            for button in row:
                assert isinstance(button.callback_data, str)
                assert 1 <= len(button.callback_data.encode()) <= 64
                press = Press.parse(button.callback_data)
                assert press is not None
                assert press.area in BUTTONS


def test_facts_are_escaped_and_html_is_kept() -> None:
    assert t("en", "login.hint", hint="<&>") == "Hint: <b>&lt;&amp;&gt;</b>"
    assert t("en", "login.hint", hint=Html("<i>x</i>")) == "Hint: <b><i>x</i></b>"


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("zh", "zh"),
        ("zh-hans", "zh"),
        ("zh_TW", "zh"),
        ("en", "en"),
        ("de", "en"),
        (None, "en"),
        ("", "en"),
        ("zha", "en"),
    ],
)
def test_the_language_is_read_from_telegrams_code(code: str | None, language: Language) -> None:
    assert language_of(code) == language


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 s"),
        (59.2, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3661, "1 h 2 min"),
        (90000, "1 d 1 h"),
        (86399, "1 d"),
    ],
)
def test_durations_are_short_and_rounded_up(seconds: float, text: str) -> None:
    assert duration("en", seconds) == text


def test_numbers_bars_and_titles() -> None:
    assert number(12345) == "12\u202f345"
    assert (bar(0), bar(0.5), bar(2)) == ("░" * 12, "▓" * 6 + "░" * 6, "▓" * 12)
    assert short("频道" * 20, 10) == "频道频道…"
    assert short("two\nlines\u0000here") == "two lines here"


@given(st.text(max_size=300), st.integers(2, 60))
def test_a_short_title_is_never_wider_than_asked(title: str, width: int) -> None:
    assert len(short(title, width)) <= width + 1


@pytest.mark.parametrize(
    "text",
    ["12345", "1 2 3 4 5", "1-2-3-4-5", "a1b2c3d4e5", "１２３４５", "①②③④⑤", "١٢٣٤٥", "one two three four five",
     "一二三四五", "壹贰叁肆伍", "Login code: 12345. Do not give this code to anyone", "𝟏𝟐𝟑𝟒𝟓", "1️⃣2️⃣3️⃣4️⃣5️⃣"],
)  # fmt: skip
def test_a_code_is_recognised_in_any_disguise(text: str) -> None:
    assert digits_in(text) == "12345"
    assert looks_like_code(text)


@pytest.mark.parametrize(
    "text", ["", "hello", "how does one phone someone often?", "I have 2 phones", "在哪里", "what do I do?"]
)
def test_ordinary_words_are_no_code(text: str) -> None:
    assert not looks_like_code(text)


def test_callback_data_makes_the_round_trip_and_is_bounded() -> None:
    press = Press("pr", "view", "", "a:b")
    assert Press.parse(press.data()) == press
    assert Press.parse("something else") is None
    assert Press.parse(None) is None
    with pytest.raises(ValueError, match="64"):
        Press("pr", "view", "", "x" * 60).data()
    with pytest.raises(ValueError, match="colon"):
        Press("p:r", "view").data()


def test_a_word_fits_its_number() -> None:
    assert [t("en", "task.what_last", count=number(count)) for count in (1, 2, 1000)] == [
        "the last 1 post", "the last 2 posts", "the last 1\u202f000 posts",
    ]  # fmt: skip
    assert t("en", "notice.undone_task", count=1, source="a", target="b").startswith(
        "↩️ 1 copy that a task of a → b made was deleted."
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_pair_can_be_chosen_for_its_numbers(language: Language) -> None:
    statuses = [status(pair=replace(PAIR, id=f"p{at:015}")) for at in range(20)]
    seen = [
        press.argument
        for page in range(3)
        for row in numberviews.choose(language, statuses, page).rows
        for press in [Press.parse(str(row[0].callback_data))]
        if press is not None and press.action == "view"
    ]
    assert seen == [status.pair.id for status in statuses]
