"""Rules through the chat: switched, written, tried, and at work."""

from __future__ import annotations

from typing import Any

import pytest

from bybot.bot.ruletext import (
    next_buttons,
    next_deletions,
    next_edits,
    refused_kinds,
    switched,
    with_added,
    with_domains,
    with_replacements,
    with_schedule,
    with_words,
    without_kind,
)
from bybot.errors import BadPattern
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Matching, Words
from bybot.mirror.rules.post import Media
from bybot.mirror.rules.rich import Rich
from bybot.mirror.rules.schedule import Schedule
from bybot.mirror.rules.transforms import Add, RemoveLinks, Replace
from bybot.sandbox.control_client import ControlClient
from tests.bot.support import WEI, Person, Product, until
from tests.bot.test_pair_flow import ARCHIVE, copies, to_confirmation


async def to_rules(wei: Person) -> Any:
    """A live pair, and the screen of its rules."""
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "只要新帖子")
    await wei.press(await wei.wait("准备好了"), "开始")
    await wei.press(await wei.wait("配对已添加"), "配对")
    await wei.press(await wei.wait("🔗"), "1")
    await wei.press(await wei.wait("状态"), "规则")
    return await wei.wait("每个帖子都原样复制")


async def test_rules_are_switched_written_and_at_work(product: Product, wei: Person, control: ControlClient) -> None:
    screen = await to_rules(wei)
    await wei.press(screen, "去话题标签")
    await wei.press(await wei.wait("规则", button="已去话题标签"), "词…")
    await wei.wait("含有哪些词的帖子要略过")
    await wei.say("/(/")
    await wei.wait("第 2 个字符处有误")
    await wei.say("赌场, casino")
    await wei.press(await wei.wait("好了，从下一个帖子起生效", "略过：赌场，casino"), "替换…")
    await wei.wait("要替换什么")
    await wei.say("only this")
    await wei.wait("看不懂")
    await wei.say("old => new")
    screen = await wei.wait("old → new")
    for text in ("old news #tag", "the casino opens", "last"):
        await control.post("@editor", "@harbour_news", text)
    await until(lambda: copies(product) == ["new news", "last"])
    await wei.press(screen, "试试")
    await wei.wait("什么都没有发送", "the casino opens", "→ new news")


async def test_a_footer_keeps_its_formatting_and_a_kind_is_left_out(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.press(await to_rules(wei), "页脚…")
    await wei.wait("下方要加什么文字")
    await wei.say_and_wait("x" * 501, "超过 500 个字符", "下方要加什么文字")
    await wei.say("— Harbour")
    await wei.press(await wei.wait("每个帖子下方：— Harbour"), "类型…")
    await wei.press(await wei.wait("要复制哪些类型"), "投票")
    await wei.press(await wei.wait("要复制哪些类型", button="🚫 投票"), "返回")
    await wei.press(await wei.wait("略过：投票", button="帖子被置顶：不置顶副本"), "帖子被置顶")
    await wei.press(await wei.wait("略过：投票", button="帖子被置顶：副本也置顶"), "链接按钮")
    await wei.press(await wei.wait("略过：投票", button="链接按钮：变成正文下方的链接"), "文件：引用原文件")
    await wei.wait("略过：投票", button="文件：重新上传")
    await control.post("@editor", "@harbour_news", "ship")
    await until(lambda: copies(product) == ["ship\n\n— Harbour"])


def test_words_are_read_as_people_write_them() -> None:
    rules = with_words(Rules(), "casino， 广告\n+harbour\n/win \\d+/")
    assert rules.filters == (Matching(r"win \d+"), Words(("casino", "广告")), Words(("harbour",), allow=True))
    assert with_words(rules, " - ").filters == ()
    with pytest.raises(BadPattern):
        with_words(Rules(), "/(/")
    with pytest.raises(ValueError, match="words"):
        with_words(Rules(), ",,")


def test_replacements_come_after_what_takes_away_and_before_what_adds() -> None:
    rules = with_added(Rules(), "below", Rich("end"))
    rules = switched(with_replacements(rules, "a => b\n/(x)/ -> \\1\\1\nc =>"), "links")
    assert [type(each) for each in rules.transforms] == [RemoveLinks, Replace, Replace, Replace, Add]
    assert rules.transforms[3] == Replace("c", "")
    assert switched(rules, "links").transforms == rules.transforms[1:]
    with pytest.raises(BadPattern):
        with_replacements(Rules(), r"/(x)/ => \2")
    with pytest.raises(ValueError, match="nothing"):
        with_replacements(Rules(), "nothing to see")
    with pytest.raises(ValueError, match="long"):
        with_added(Rules(), "above", Rich("x" * 501))


def test_kinds_and_policies_are_switched_round() -> None:
    rules = without_kind(without_kind(Rules(), Media.POLL), Media.VIDEO)
    assert refused_kinds(rules) == {Media.POLL, Media.VIDEO}
    assert without_kind(without_kind(rules, Media.POLL), Media.VIDEO).filters == ()
    assert [r.edits for r in (next_edits(Rules()), next_edits(next_edits(Rules())))] == ["new", "ignore"]
    assert next_edits(next_edits(next_edits(Rules()))) == Rules()
    assert next_deletions(Rules()).deletions == "keep"


def test_times_are_read_as_people_write_them() -> None:
    read = with_schedule(Rules(), "30分钟，２３:００-7 +8\n20 / h").schedule
    assert read == Schedule(delay=30, quiet_from=1380, quiet_until=420, offset=480, per_hour=20)
    assert with_schedule(Rules(), "22:30 – 24 UTC-5:30").schedule == Schedule(0, 1350, 0, -330)
    assert with_schedule(Rules(schedule=read), " - ").schedule == Schedule()
    for wrong in ("soon", "25-7", "600/h", "9999999", "12:99-13", "7-25"):
        with pytest.raises(ValueError, match=r"\w"):
            with_schedule(Rules(), wrong)


async def test_times_are_written_and_hold_posts_back(product: Product, wei: Person, control: ControlClient) -> None:
    await wei.press(await to_rules(wei), "时间…")
    await wei.wait("什么时候发送")
    await wei.say("whenever")
    await wei.wait("看不懂")
    await wei.say("1/h")
    await wei.wait("每小时最多 1 条")
    for text in ("first", "second"):
        await control.post("@editor", "@harbour_news", text)
    await until(lambda: copies(product) == ["first"])
    await wei.press(await wei.say_and_wait("/pairs", "🔗", button="1"), "1")
    await wei.press(await wei.wait("状态"), "刷新")
    await wei.wait("下一条在")
    assert copies(product) == ["first"]


def test_sites_of_buttons_are_read_as_people_write_them() -> None:
    read = with_domains(Rules(), "https://www.Harbour.example/，ships.example\nharbour.example")
    assert (read.buttons, read.domains) == ("allow", ("harbour.example", "ships.example"))
    assert with_domains(read, " - ") == next_buttons(read) == Rules()
    steps = [next_buttons(Rules()), next_buttons(next_buttons(Rules()))]
    assert [rules.buttons for rules in steps] == ["text", "drop"]
    for wrong in ("", "harbour", "a b.example", "https://"):
        with pytest.raises(ValueError, match="site"):
            with_domains(Rules(), wrong)


async def test_buttons_lead_only_to_the_sites_that_were_written(product: Product, wei: Person) -> None:
    await wei.press(await to_rules(wei), "按钮链接只保留")
    await wei.wait("可以指向哪些网站")
    await wei.say("harbour.example")
    await wei.press(await wei.wait("只保留指向这些网站的链接：harbour.example", button="只保留部分网站"), "只保留部分")
    await wei.wait("每个帖子都原样复制", button="Telegram 允许时保留")
    assert (await product.mirror.list_pairs(WEI))[0].pair.rules == Rules()
