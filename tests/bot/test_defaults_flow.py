"""Defaults for all pairs, and further filters, through the chat: set, inherited, made a pair's own, tried."""

from __future__ import annotations

import pytest

from bybot.bot.filtertext import (
    duplicates_of,
    languages_of,
    next_duplicates,
    turned_languages,
    with_extensions,
    with_language,
    with_senders,
    with_size,
)
from bybot.bot.ruletext import with_added
from bybot.bot.texts import LANGUAGES, Language
from bybot.bot.views import rulefilters
from bybot.bot.views import rules as views
from bybot.bot.views.base import View
from bybot.bot.views.rules import Held
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Duplicates, Extensions, Kinds, Languages, Matching, Senders, Size, Words
from bybot.mirror.rules.language import LANGUAGES as KNOWN
from bybot.mirror.rules.post import Media
from bybot.mirror.rules.rich import Rich
from bybot.mirror.rules.slots import SLOTS
from bybot.mirror.rules.transforms import Add, RemoveLinks, Replace
from bybot.sandbox.control_client import ControlClient
from tests.bot.support import Person, Product, until
from tests.bot.test_pair_flow import copies
from tests.bot.test_rules_flow import to_rules
from tests.bot.test_texts import PAIR


async def test_defaults_hold_for_a_pair_until_it_sets_its_own(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await to_rules(wei)
    screen = await wei.say_and_wait("/rules", "默认规则")
    await wei.press(screen, "页脚…")
    await wei.wait("下方要加什么文字")
    await wei.say("— All of mine")
    await wei.wait("你的配对从各自的下一个帖子起生效", "每个帖子下方：— All of mine")
    await control.post("@editor", "@harbour_news", "first")
    await until(lambda: copies(product) == ["first\n\n— All of mine"])
    await wei.press(await wei.say_and_wait("/pairs", "🔗", button="1"), "1")
    await wei.press(await wei.wait("状态"), "规则")
    await wei.press(await wei.wait("— All of mine", "来自默认规则"), "自己设置或沿用默认")
    await wei.press(await wei.wait("这个配对自己设置哪些", button="🔗 页脚"), "页脚")
    await wei.press(await wei.wait("这个配对自己设置哪些", button="✏️ 页脚"), "返回")
    await wei.press(await wei.wait("⚙️ 规则", "— All of mine", button="页脚…"), "页脚…")
    await wei.wait("下方要加什么文字")
    await wei.say("每 2 条\n— Only here")
    await wei.wait("编号能被 2 整除的帖子下方：— Only here")
    for text in ("second", "third"):
        await control.post("@editor", "@harbour_news", text)
    await until(lambda: sorted(text.partition("\n")[2] for text in copies(product)[1:]) == ["", "\n— Only here"])


async def test_further_filters_are_chosen_written_and_tried(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.press(await to_rules(wei), "更多筛选")
    await wei.press(await wei.wait("还要略过哪些帖子"), "语言…")
    await wei.press(await wei.wait("请点选语言"), "English")
    await wei.press(await wei.wait("请点选语言", button="✅ English"), "只复制这些语言的帖子")
    await wei.press(await wei.wait("请点选语言", button="🚫 English"), "返回")
    await wei.press(await wei.wait("略过：English", button="重复内容：照常复制"), "重复内容")
    await wei.press(await wei.wait("最近 100 个帖子、7 天内", button="略过"), "文件大小")
    await wei.wait("文件可以多大")
    await wei.say("huge")
    await wei.wait("看不懂")
    await wei.say("20 MB")
    screen = await wei.wait("略过：English", "最近 100 个帖子", "文件最大 20 MB")
    for text in (
        "今天港口开放，欢迎大家来",
        "The harbour opens today and you are welcome",
        "今天 港口开放，欢迎大家来",
        "好",
    ):
        await control.post("@editor", "@harbour_news", text)
    await until(lambda: copies(product) == ["今天港口开放，欢迎大家来", "好"])
    await wei.press(screen, "试试")
    await wei.wait("什么都没有发送", "语言", "之前发过同样的内容")


def test_endings_writers_and_sizes_are_read_as_people_write_them() -> None:
    assert with_extensions(Rules(), "PDF， .epub").filters == (Extensions(frozenset({"pdf", "epub"}), allow=False),)
    assert with_extensions(Rules(), "+pdf").filters == (Extensions(frozenset({"pdf"}), allow=True),)
    assert with_senders(Rules(), "5, -1001").filters == (Senders(frozenset({5, -1001}), allow=False),)
    sizes = {"20 MB": Size(0, 20 << 20), "1.5g": Size(0, 3 << 29), "1-20 MB": Size(1 << 20, 20 << 20),
             "300 KB – 1 GB": Size(300 << 10, 1 << 30), "5 MB -": Size(5 << 20), "-7": Size(0, 7 << 20)}  # fmt: skip
    assert {text: with_size(Rules(), text).filters for text in sizes} == {text: (s,) for text, s in sizes.items()}
    held = with_size(with_extensions(with_senders(Rules(), "5"), "a"), "1")
    assert with_size(with_extensions(with_senders(held, "-"), " - "), "-") == Rules()


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (with_extensions, "pdf, +epub"),
        (with_extensions, "no ending at all"),
        (with_extensions, ","),
        (with_senders, "@somebody"),
        (with_senders, "+5, 6"),
        (with_size, "big"),
        (with_size, "20 30"),
        (with_size, "20-10"),
        (with_size, ""),
    ],
)
def test_what_cannot_be_read_is_refused(read: object, text: str) -> None:
    assert callable(read)
    with pytest.raises(ValueError, match=r".*"):
        read(Rules(), text)


def test_duplicates_and_languages_are_switched_round() -> None:
    rules, seen = Rules(), []
    for _ in range(4):
        rules = next_duplicates(rules)
        seen.append(duplicates_of(rules))
    assert [each and each.posts for each in seen] == [100, 500, 2000, None]
    rules = with_language(with_language(rules, "en"), "zh")
    assert languages_of(rules) == Languages(frozenset({"en", "zh"}))
    assert languages_of(turned_languages(rules)) == Languages(frozenset({"en", "zh"}), allow=False)
    assert with_language(with_language(rules, "en"), "zh") == turned_languages(Rules()) == Rules()


def test_a_header_or_footer_at_some_posts_only() -> None:
    assert with_added(Rules(), "below", Rich("every 5\nend")).transforms == (Add(Rich("end"), "below", 5),)
    assert with_added(Rules(), "above", Rich("30％\n头")).transforms == (Add(Rich("头"), "above", 1, 0.3),)
    assert with_added(Rules(), "below", Rich("every 5")).transforms == (Add(Rich("every 5"), "below"),)
    for wrong in ("every 0\nend", "0%\nend", "every 5\n "):
        with pytest.raises(ValueError, match=r"\w"):
            with_added(Rules(), "below", Rich(wrong))


FULL = Rules(
    (Words(("<b>",)), Words(("x" * 200,), allow=True), Matching("<i>" * 40), Kinds(frozenset(Media), allow=False),
     Extensions(frozenset({"exe"})), Size(1, 5000), Senders(frozenset({5})), Languages(frozenset(KNOWN)), Duplicates()),
    (RemoveLinks(), Replace("<a>", "&" * 99), Add(Rich("<u>" * 99), "above", 3), Add(Rich("<u>"), chance=0.25)),
    buttons="allow",
    domains=("a.example",) * 9,
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_fits_and_its_buttons_too(language: Language) -> None:
    for held in (Held(FULL), Held.of(PAIR), Held.of(PAIR.under(FULL))):
        screens: list[View] = [show(language, held) for show in (views.rules, views.kinds, rulefilters.more)]
        screens += [rulefilters.languages(language, held), rulefilters.own(language, held)]
        for screen in screens:
            assert len(screen.text) < 4096
            assert sum(len(row) for row in screen.rows) <= 100
            assert all(len(str(button.callback_data).encode()) <= 64 for row in screen.rows for button in row)
    assert "<b>x" not in views.rules(language, Held(FULL)).text
    assert len(rulefilters.own(language, Held.of(PAIR)).rows) == -(-len(SLOTS) // 2) + 1
