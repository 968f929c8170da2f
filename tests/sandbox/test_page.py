"""The chat page: what is served, how changes arrive, and what a visitor sees in a real browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.server import Sandbox
from tests.sandbox.botapi_support import people, running_bot
from tests.sandbox.browser import CHROMIUM, Page, browser


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=sandbox.http_url, trust_env=False, timeout=10) as client:
        yield client


async def test_the_page_is_served_with_headers_that_keep_others_out(http: httpx.AsyncClient) -> None:
    for path, kind in [
        ("/", "text/html"),
        ("/app.js", "text/javascript"),
        ("/view.js", "text/javascript"),
        ("/style.css", "text/css"),
        ("/icon.svg", "image/svg+xml"),
    ]:
        answer = await http.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "https://" not in answer.text.replace("https://${text}", "")  # nothing comes from elsewhere
    assert (await http.get("/", headers={"Host": "rebound.example"})).status_code == 403
    assert (await http.get("/nothing")).status_code == 404


async def _events(http: httpx.AsyncClient, person: str, ready: asyncio.Event, wanted: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with http.stream("GET", "/control/events", params={"as": person}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            if line == "event: ready":
                ready.set()
            elif line.startswith("data: {") and line != "data: {}":
                found.append(json.loads(line[6:]))
                if len(found) == wanted:
                    break
    return found


async def test_changes_arrive_as_events_for_those_whom_they_concern(
    http: httpx.AsyncClient, sandbox: Sandbox, control: ControlClient
) -> None:
    ready = asyncio.Event()
    listening = asyncio.create_task(_events(http, "@ann", ready, 4))
    await asyncio.wait_for(ready.wait(), 5)
    wei, bot = people(sandbox)[1:]
    sandbox.world.send_message(wei, bot.peer, text="not Ann's business")
    (id_,) = await control.post("@liwei", "@source", "one")
    await control.do("edit", as_="@liwei", chat="@source", id=id_, text="two")
    await control.do("delete", as_="@liwei", chat="@source", ids=[id_])
    sandbox.world.send_login_code(sandbox.world.account(5000100), "Login code: 12345")
    events = await asyncio.wait_for(listening, 5)
    channel = {"kind": "channel", "id": 1000000100}
    assert events == [
        {"kind": "new", "chat": channel, "ids": [id_]},
        {"kind": "edited", "chat": channel, "ids": [id_]},
        {"kind": "deleted", "chat": channel, "ids": [id_]},
        {"kind": "code", "chat": {"kind": "user", "id": 777000}, "ids": [1]},
    ]


async def test_a_stream_for_nobody_is_refused(http: httpx.AsyncClient) -> None:
    assert (await http.get("/control/events", params={"as": "@nobody"})).status_code == 400


# In a browser -------------------------------------------------------------------------------------------------


@pytest.fixture
async def page(sandbox: Sandbox) -> AsyncIterator[Page]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: the page was not looked at in a browser")
    async with browser() as opened:
        try:
            await opened.command("Browser.getVersion")
        except asyncio.IncompleteReadError:
            pytest.skip("Chromium does not start here: the page was not looked at in a browser")
        await opened.open(sandbox.page_url)
        await opened.until("document.querySelector('#live')?.textContent === 'live'")
        yield opened
        assert opened.problems == []


SOURCE = "[data-role=source] .messages"


async def test_a_visitor_writes_presses_and_sees_changes(sandbox: Sandbox, control: ControlClient, page: Page) -> None:
    ann, _, _ = people(sandbox)
    await page.click("#start")
    async with running_bot(sandbox) as bot:
        await control.wait_message("@ann", "@tiny_bot", lambda m: m["text"] == "/start")
        buttons = InlineKeyboardMarkup([[InlineKeyboardButton("Press me", callback_data="p")]])
        sent = await bot.send_message(ann.id, "<b>bold</b> &lt;b&gt;", parse_mode="HTML", reply_markup=buttons)
        await page.until("document.querySelector('#chat .bubble.in b')?.textContent === 'bold'")
        assert "<b>" in await page.run("document.querySelector('#chat .bubble.in .text').textContent")
        await page.click("#chat .buttons button", "Press me")
        update = (await bot.get_updates(offset=-1, timeout=10, allowed_updates=["callback_query"]))[-1]
        if update.callback_query is None:
            update = (await bot.get_updates(offset=update.update_id + 1, timeout=10))[-1]
        assert update.callback_query is not None
        await update.callback_query.answer("Pressed")
        await page.until("document.querySelector('#toast').textContent === 'Pressed'")
        await bot.edit_message_text("changed", ann.id, sent.message_id)
        await page.until("document.querySelector('#chat .bubble.in .text').textContent === 'changed'")
        await bot.delete_message(ann.id, sent.message_id)
        await page.until("!document.querySelector('#chat .bubble.in')")


async def test_a_visitor_attaches_a_file_and_finds_the_bots_to_download(
    sandbox: Sandbox, control: ControlClient, page: Page
) -> None:
    ann, _, _ = people(sandbox)
    await page.run(
        "const t = new DataTransfer(); t.items.add(new File(['some text'], 'pairs.json', {type: 'application/json'}));"
        "const f = document.querySelector('#file'); f.files = t.files; f.dispatchEvent(new Event('change'))"
    )
    sent = await control.wait_message("@ann", "@tiny_bot", lambda m: m["media"] is not None)
    assert (sent["media"]["name"], await control.file(sent["media"]["url"])) == ("pairs.json", b"some text")
    async with running_bot(sandbox) as bot:
        await bot.send_document(ann.id, b"made here", filename="out.json")
    await page.until("document.querySelector('#chat .bubble.in a.file')?.download === 'out.json'")
    assert await page.run("fetch(document.querySelector('#chat .bubble.in a.file').href).then((r) => r.text())") == (
        "made here"
    )


async def test_a_visitor_posts_and_sees_albums_and_codes(sandbox: Sandbox, control: ControlClient, page: Page) -> None:
    await page.run("document.querySelector('#post-text').value = 'a <b>post</b>'")
    await page.run("document.querySelector('#post').requestSubmit()")
    await page.until(f"document.querySelector('{SOURCE} b')?.textContent === 'post'")
    await page.click("[data-post=album]")
    await page.until(f"document.querySelectorAll('{SOURCE} .album img').length === 4")
    await page.until(
        f"[...document.querySelectorAll('{SOURCE} img')].every((i) => i.complete && i.naturalWidth === 480)"
    )
    sandbox.world.send_login_code(sandbox.world.account(5000100), "Login code: 48213. Do not give it away")
    await page.until("document.querySelector('#code').textContent === '48213'")
    await control.post("@ann", 1000000200, html="<a href='javascript:alert(1)'>x</a> &lt;script&gt;")
    await page.until("document.querySelector('[data-role=target] .text')?.textContent.includes('<script>')")
    await page.click("#people button", "伟")
    await page.until("document.querySelector('#people .chosen').textContent.includes('伟')")
    await page.until("document.querySelector('#service').hidden")


async def test_the_page_fits_small_and_dark_screens(sandbox: Sandbox, page: Page) -> None:
    await page.open(sandbox.page_url, width=390, height=800, dark=True)
    await page.until("document.querySelector('#live')?.textContent === 'live'")
    assert await page.run("document.documentElement.scrollWidth") <= 390
    background = await page.run("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(12, 17, 23)"
