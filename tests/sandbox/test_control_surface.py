"""The control surface over HTTP: people act, faults bite, counters count."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from telethon import errors
from telethon.tl import functions, types

from bybot.sandbox.control_client import ControlClient, ControlError
from bybot.sandbox.pictures import picture
from bybot.sandbox.server import Sandbox
from tests.sandbox.support import new_client, ready_client, until

SOURCE = "@source"


async def test_a_post_carries_text_formatting_media_and_replies(sandbox: Sandbox, control: ControlClient) -> None:
    (first,) = await control.post("@liwei", SOURCE, html="<b>Bold</b> 😀 <i>it</i>", photo=3)
    (second,) = await control.post("@liwei", SOURCE, "answer", reply_to=first)
    album = await control.post("@liwei", SOURCE, "caption", album=[1, 2, 3])
    await control.post("@liwei", SOURCE, video=1, noforwards=True)
    messages = {m["id"]: m for m in await control.chat("@ann", SOURCE)}
    assert (messages[first]["text"], messages[first]["media"]["kind"]) == ("Bold 😀 it", "photo")
    assert [e["type"] for e in messages[first]["entities"]] == ["bold", "italic"]
    assert await control.file(messages[first]["media"]["url"]) == picture(3)
    assert messages[second]["reply_to"] == first
    assert len({messages[id_]["grouped_id"] for id_ in album}) == 1
    assert messages[max(messages)]["media"]["kind"] == "video"
    assert messages[max(messages)]["noforwards"]


async def test_edits_and_deletions_by_people(sandbox: Sandbox, control: ControlClient) -> None:
    (id_,) = await control.post("@liwei", SOURCE, "old")
    await control.do("edit", as_="@liwei", chat=SOURCE, id=id_, html="<b>new</b>")
    assert (await control.chat("@ann", SOURCE))[-1]["text"] == "new"
    assert await control.do("delete", as_="@liwei", chat=SOURCE, ids=[id_]) == {"ids": [id_]}
    assert all(m["id"] != id_ for m in await control.chat("@ann", SOURCE))


async def test_rights_are_those_of_telegram(control: ControlClient) -> None:
    with pytest.raises(ControlError, match="CHAT_WRITE_FORBIDDEN"):
        await control.post("@ann", SOURCE, "not mine")
    await control.do("membership", as_="@ann", chat=SOURCE, do="admin")
    await control.post("@ann", SOURCE, "mine now")
    await control.do("membership", as_="@ann", chat=SOURCE, do="demote")
    await control.do("membership", as_="@ann", chat=SOURCE, do="ban")
    with pytest.raises(ControlError, match="CHANNEL_PRIVATE"):
        await control.chat("@ann", SOURCE)
    await control.do("membership", as_="@ann", chat=SOURCE, do="forgive")
    await control.do("membership", as_="@ann", chat=SOURCE, do="join")
    assert await control.chat("@ann", SOURCE)


@pytest.mark.parametrize(
    ("name", "params", "text"),
    [
        ("post", {"chat": SOURCE}, "'as' is missing"),
        ("post", {"as": "@nobody", "chat": SOURCE}, "there is no account '@nobody'"),
        ("post", {"as": "@ann", "chat": "@nowhere"}, "there is no account '@nowhere'"),
        ("fault", {"kind": "earthquake"}, "unknown fault 'earthquake'"),
        ("fault", {"kind": "flood", "colour": 1}, "no such field"),
        ("dance", {}, "there is no such action"),
        ("membership", {"as": "@ann", "chat": SOURCE, "do": "fly"}, "unknown: do 'fly'"),
    ],
)
async def test_mistakes_are_named(control: ControlClient, name: str, params: dict[str, Any], text: str) -> None:
    with pytest.raises(ControlError, match=text):
        await control.do(name, **params)


async def test_a_login_code_is_read_from_the_outside(sandbox: Sandbox, control: ControlClient) -> None:
    assert await control.code("+447700900101") is None
    async with new_client(sandbox) as client:
        sent = await client.send_code_request("+447700900101")
        code = await control.wait_code("+447700900101")
        me = await client.sign_in("+447700900101", code, phone_code_hash=sent.phone_code_hash)
    assert me.id == 5000100
    chat = await control.chat("@ann", 777000)
    assert code in chat[-1]["text"]
    assert len(await control.authorizations("@ann")) == 1
    assert await control.revoke("@ann") == 1
    assert await control.authorizations("@ann") == []


async def test_a_qr_login_is_approved_by_a_person(sandbox: Sandbox, control: ControlClient) -> None:
    with pytest.raises(ControlError, match="no QR login is waiting"):
        await control.accept_qr("@ann")
    async with new_client(sandbox) as client:
        login = await client.qr_login()
        waiting = asyncio.create_task(login.wait(10))
        await asyncio.sleep(0)
        await control.accept_qr("@ann", login.url)
        assert (await waiting).id == 5000100
        assert (await client.get_me()).id == 5000100


async def test_requests_are_counted_by_name_and_account(sandbox: Sandbox, control: ControlClient) -> None:
    ann = sandbox.world.account(5000100)
    async with ready_client(sandbox, ann) as client:
        await client.get_me()
        await client.get_me()
    assert await control.calls_of("users.getUsers", ann.id) >= 2
    assert await control.calls_of("users.getUsers", 1) == 0
    assert (await control.counters())["unknown"] == {}
    await control.reset_counters()
    assert await control.calls_of("users.getUsers") == 0


# Faults -------------------------------------------------------------------------------------------------------


async def test_a_flood_hits_one_account_and_request(sandbox: Sandbox, control: ControlClient) -> None:
    ann, wei = sandbox.world.account(5000100), sandbox.world.account(5000200)
    async with (
        ready_client(sandbox, wei, flood_sleep_threshold=0) as other,
        ready_client(sandbox, ann, flood_sleep_threshold=0) as client,
    ):
        id_ = await control.fault("flood", account="@ann", method="users.getUsers", seconds=17)
        assert (await other.get_me()).id == wei.id
        await client(functions.help.GetConfigRequest())
        with pytest.raises(errors.FloodWaitError) as refused:
            await client(functions.users.GetUsersRequest([types.InputUserSelf()]))
        assert refused.value.seconds == 17
    assert await control.wait_fault(id_, timeout=1)
    assert [(f["id"], f["fired"]) for f in await control.faults()] == [(id_, 1)]
    await control.clear_faults()
    assert await control.faults() == []


async def test_errors_are_raised_as_often_as_told(sandbox: Sandbox, control: ControlClient) -> None:
    ask = functions.users.GetUsersRequest([types.InputUserSelf()])
    async with ready_client(sandbox, sandbox.world.account(5000100)) as client:
        await control.fault("error", method="users.getUsers", code=400, message="PEER_FLOOD", times=2)
        for _ in range(2):
            with pytest.raises(errors.PeerFloodError):
                await client(ask)
        assert (await client(ask))[0].id == 5000100


async def test_a_cut_is_applied_once_and_answered_after_the_reconnect(sandbox: Sandbox, control: ControlClient) -> None:
    wei = sandbox.world.account(5000200)
    async with ready_client(sandbox, wei, connection_retries=5) as client:
        peer = await client.get_input_entity("source")
        id_ = await control.fault("cut", account="@liwei", method="messages.sendMessage", hold=True)
        sending = asyncio.create_task(client.send_message(peer, "once"))
        assert await control.wait_fault(id_)
        assert (await control.chat("@ann", SOURCE))[-1]["text"] == "once"
        assert not sending.done()
        await control.clear_faults()
        async with asyncio.timeout(10):
            sent = await sending
    texts = [m for m in await control.chat("@ann", SOURCE) if m["text"] == "once"]
    assert [m["id"] for m in texts] == [sent.id]


async def test_pushes_are_lost_or_arrive_in_the_wrong_order(sandbox: Sandbox, control: ControlClient) -> None:
    ann = sandbox.world.account(5000100)
    got: list[int] = []
    push = sandbox.faults.push
    lost = await control.fault("lost_push", account="@ann")
    assert push(ann.id, 1) == []
    assert push(ann.id, 2) == [2]
    await control.fault("reversed_push", account="@ann")
    for update in (3, 4, 5):
        got += push(ann.id, update)
    assert got == [4, 3, 5]
    assert push(5000200, 6) == [6]
    assert await control.wait_fault(lost, timeout=1)


async def test_the_server_goes_away_and_comes_back(sandbox: Sandbox, control: ControlClient) -> None:
    ann = sandbox.world.account(5000100)
    address = sandbox.mtproto_address
    await control.do("pause")
    with pytest.raises(OSError):  # noqa: PT011  (refused is all that matters)
        await asyncio.open_connection(*address)
    await control.do("pause", on=False)
    async with ready_client(sandbox, ann) as client:
        assert (await client.get_me()).id == ann.id
        assert await control.do("cut", account="@ann") == {"closed": 1}


async def test_foreign_web_pages_are_kept_out(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient(base_url=sandbox.http_url, trust_env=False) as client:
        for headers in (
            {"Host": "evil.example"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
        ):
            assert (await client.get("/control/world", headers=headers)).status_code == 403
        own = {"Origin": sandbox.http_url, "Sec-Fetch-Site": "same-origin"}
        assert (await client.get("/control/world", headers=own)).status_code == 200
        assert (await client.post("/control/say", content=b"[]")).status_code == 400


# As a process of its own --------------------------------------------------------------------------------------


async def test_as_a_child_process_it_prints_its_addresses_and_keeps_its_keys(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"accounts": [{"name": "Zoe", "username": "zoe", "phone": "+15550100"}]}))
    keys = []
    for end in ("stop", "signal"):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bybot.sandbox", "--ready-json"),
            *("--seed", str(seed), "--state-dir", str(tmp_path / "state")),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        async with asyncio.timeout(30):
            ready = json.loads(await process.stdout.readline())
            async with ControlClient(ready["control"]) as control:
                assert (await control.world())["accounts"][1]["username"] == "zoe"
                if end == "stop":
                    await control.stop()
                else:
                    os.kill(process.pid, signal.SIGTERM)
            assert await process.wait() == 0
            await process.stdout.read()
        keys.append((ready["rsa_key"], (tmp_path / "state" / "server_public_key.pem").read_text()))
        assert ready["rsa_key_file"] == str(tmp_path / "state" / "server_public_key.pem")
    assert keys[0] == keys[1]
    assert keys[0][0] == keys[0][1]


async def test_a_port_in_use_is_said_in_one_line(sandbox: Sandbox) -> None:
    port = str(sandbox.mtproto_address[1])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bybot.sandbox", "--mtproto-port", port, "--seed", "none"),
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        _, said = await process.communicate()
    assert process.returncode == 1
    assert said.decode().startswith("The sandbox cannot start: ")
    assert said.decode().count("\n") == 1


async def test_the_same_process_can_run_two_sandboxes(sandbox: Sandbox) -> None:
    async with Sandbox() as other:
        assert other.mtproto_address != sandbox.mtproto_address
        assert len(other.world.accounts.all()) == 1
    await until(lambda: True)
