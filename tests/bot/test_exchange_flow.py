"""/export and /import in the chat, from the file to the copies."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.transforms import RemoveLinks
from bybot.sandbox.control_client import ControlClient, Message
from bybot.stores.base import Key
from tests.bot.support import BOT, WEI, Person, Product, labels_of
from tests.bot.test_pair_flow import ARCHIVE, copies, to_confirmation
from tests.waiting import until

COPIES = -1000000000000 - ARCHIVE


async def attach(person: Person, data: bytes, name: str = "pairs.json", **item: Any) -> int:
    """Send a document to the bot."""
    file = {"name": name, "mime": "application/json", "base64": base64.b64encode(data).decode()}
    return await person.say("", file=file, **item)


def pairs_file(*pairs: tuple[Any, Any], settings: dict[str, Any] | None = None, **more: Any) -> bytes:
    entries = [{"source": {"name": source}, "target": {"id": target}} | more for source, target in pairs]
    return json.dumps({"format": "bybot-pairs", "version": 1, "settings": settings or {}, "pairs": entries}).encode()


async def file_of(control: ControlClient, message: Message) -> bytes:
    return await control.file(message["media"]["url"])


async def test_pairs_and_settings_go_out_as_a_file_and_come_back(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.log_in()
    await to_confirmation(wei, "@harbour_news", f"-100{ARCHIVE}", "只要新帖子")
    await wei.press(await wei.wait("准备好了"), "开始")
    await until(lambda: _pairs(product))
    await product.mirror.set_default_rules(WEI, Rules(transforms=(RemoveLinks(),)))
    await wei.say("/language zh")
    await wei.say("/export")
    sent = await wei.wait("1 个配对")
    assert sent["media"]["name"].startswith("bybot-pairs-20")
    data = await file_of(control, sent)
    written = json.loads(data)
    assert written["settings"]["language"] == "zh"
    assert [pair["source"]["name"] for pair in written["pairs"]] == ["@harbour_news"]
    for never in (b"access_hash", str(WEI).encode()):
        assert never not in data
    await product.mirror.remove_all(WEI)
    await product.mirror.set_default_rules(WEI, Rules())
    await wei.say("/language en")
    await wei.say_and_wait("/import", "tgcf", button="Cancel")
    await attach(wei, data)
    looked = await wei.wait("New: 1", "language, rules for all pairs", button="Make them: new posts only")
    assert not await _pairs(product), "nothing is made before the person has seen it"
    await wei.press(looked, "Make them: new posts only")
    await wei.wait("完成", "已建立：1 个", "语言，所有配对的规则")
    assert (await product.mirror.default_rules(WEI)).transforms == (RemoveLinks(),)
    await control.post("@editor", "@harbour_news", "see https://example.org/ there")
    await until(lambda: copies(product) == ["see there"])
    await wei.say_and_wait("/import", "telemirror")
    await attach(wei, data)
    again = await wei.wait("已存在：1 个", button="采用设置")
    assert not any("建立" in label for label in labels_of(again))


async def _pairs(product: Product, user: int = WEI) -> list[Any]:
    return await product.mirror.list_pairs(user)


async def test_a_file_may_bring_history_and_leave_its_settings(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await control.post("@editor", "@harbour_news", "old")
    await wei.log_in()
    await wei.say_and_wait("/import", "tgcf")
    data = pairs_file(("@harbour_news", COPIES), settings={"language": "en"},
                      mode={"kind": "everything"})  # fmt: skip
    await attach(wei, data)
    looked = await wei.wait("新的：1 个", button="连同设置：是")
    await wei.press(looked, "连同设置：是")
    looked = await wei.wait("新的：1 个", button="连同设置：否")
    await wei.press(looked, "从文件写的地方开始")
    await wei.wait("已建立：1 个")
    await until(lambda: copies(product) == ["old"])
    assert (await product.bot.services.profiles.get(WEI)).language is None


async def test_what_cannot_be_read_is_explained_and_the_next_file_is_awaited(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.say_and_wait("/import", "还没有登录")
    await wei.log_in()
    await wei.say_and_wait("/import", "tgcf")
    await wei.say_and_wait("a text", "请以文件形式发送", "tgcf")
    await control.say(WEI, BOT, "", photo=1)
    for data, words in (
        (b"{broken", "第 1 行"),
        (b"\x89PNG\0", "不是文本"),
        (b"x" * 1_000_001, "大于"),
        (b'{"format": "bybot-pairs", "version": 9}', "更高版本"),
        (b"hello: world", "既不是"),
    ):
        await attach(wei, data, "some.json")
        await wei.wait("不能用", words, button="取消")
    await attach(wei, pairs_file(("@harbour_news", COPIES), ("@nobody_here", -1), ("@liwei", -2)))
    report = await wei.wait("新的：1 个", "无法建立：2 个", "找不到这个频道")
    assert "pairs[2].source" in report["text"]
    await wei.press(report, "取消")
    await wei.wait("导入已取消")
    assert not await _pairs(product)


async def test_a_configuration_with_logins_does_not_stay_in_the_chat(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.log_in()
    await wei.say_and_wait("/import", "tgcf")
    secret = "1BVtsOK8Bu0-a-session-string"
    config = {
        "login": {"API_HASH": "0123456789abcdef", "SESSION_STRING": secret},
        "forwards": [{"source": "harbour_news", "dest": [COPIES], "use_this": True}],
        "plugins": {"mark": {"check": True, "image": "image.png"}},
    }
    sent = await attach(wei, json.dumps(config).encode(), "tgcf.config.json")
    report = await wei.wait("tgcf.config.json", "新的：1 个", "plugins.mark", "登录信息")
    state = await product.store.get(Key("bot_states", str(WEI)))
    assert secret not in repr(state) + report["text"]
    await wei.press(report, "建立：只复制新帖")
    await wei.wait("已建立：1 个")
    await until(lambda: _gone(wei, sent))


async def _gone(person: Person, message_id: int) -> bool:
    return all(message["id"] != message_id for message in await person.chat())


async def test_a_long_report_comes_as_a_file_too(product: Product, wei: Person, control: ControlClient) -> None:
    await wei.log_in()
    await wei.say("/language en")
    await wei.say_and_wait("/import", "tgcf")
    await attach(wei, pairs_file(*((f"@nobody_{number}", COPIES) for number in range(20))))
    report = await wei.wait("Not possible: 20", "and 14 more")
    assert not any("Make" in label for label in labels_of(report))
    whole = await file_of(control, await wei.wait("The whole list"))
    assert whole.decode().count("your account finds no such channel") == 20


async def test_an_account_that_cannot_be_asked_now_leaves_the_file_awaited(
    product: Product, wei: Person, control: ControlClient
) -> None:
    await wei.log_in()
    await wei.say_and_wait("/import", "tgcf")
    await control.fault("flood", method="messages.getDialogs", seconds=1, times=1)
    data = pairs_file(("@harbour_news", COPIES))
    await attach(wei, data)
    await wei.wait("Telegram 暂时没有响应", "tgcf", button="取消")
    await asyncio.sleep(1.1)  # the client itself keeps the wait that it was asked for
    await attach(wei, data)
    await wei.press(await wei.wait("新的：1 个"), "建立：只复制新帖")
    await wei.wait("已建立：1 个")
