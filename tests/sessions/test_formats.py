"""Sessions of other programs: every known form is read, what is written is what they read, rubbish is refused.

The layouts of Pyrogram and Kurigram are built here column by column, as those programs create them.
"""

from __future__ import annotations

import base64
import os
import sqlite3
import struct
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.crypto import AuthKey
from telethon.sessions import SQLiteSession, StringSession

from bybot.errors import UnreadableSession
from bybot.sessions import image as images
from bybot.sessions.formats import pyrogram, telethon
from bybot.sessions.formats.detect import load, read
from bybot.sessions.formats.pyrogram import Owner
from bybot.sessions.image import Entity, Image, UpdateState

KEY = os.urandom(256)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
ME, CHANNEL, GROUP = 5000100, -1001000000100, -4000
KNOWN = [
    Entity(0, ME, None, None, None),
    Entity(ME, 77, "ann", "447700900101", "Ann"),
    Entity(CHANNEL, 88, "src", None, "S"),
]
IMAGE = Image(2, "149.154.167.51", 443, KEY, None, KNOWN, {0: UpdateState(11, 2, 1_760_000_000, 3)})
OWNER = Owner(12345, ME, False)

#: How each layout of Telethon came to be, from the first one on.
TELETHON = [
    "create table version (version integer primary key);"
    "create table sessions (dc_id integer primary key, server_address text, port integer, auth_key blob);"
    "create table entities (id integer primary key, hash integer not null, username text, phone integer, name text);",
    "create table sent_files (md5_digest blob, file_size integer, file_id integer, part_count integer);",
    "drop table sent_files; create table sent_files (md5_digest blob, file_size integer, type integer, id integer,"
    " hash integer, primary key(md5_digest, file_size, type));",
    "create table update_state (id integer primary key, pts integer, qts integer, date integer, seq integer);",
    "alter table sessions add column takeout_id integer;",
    "",
    "alter table entities add column date integer;",
    "alter table sessions add column tmp_auth_key blob;",
]  # fmt: skip

#: How each layout of Pyrogram (1 to 3) and Kurigram (4 to 7) came to be.
PYROGRAM = [
    "create table sessions (dc_id integer primary key, test_mode integer, auth_key blob, date integer not null,"
    " user_id integer, is_bot integer);"
    "create table peers (id integer primary key, access_hash integer, type integer not null, username text,"
    " phone_number text, last_update_on integer not null default 0);"
    "create table version (number integer primary key);",
    "",
    "alter table sessions add api_id integer;",
    "create table usernames (id integer, username text);",
    "create table update_state (id integer primary key, pts integer, qts integer, date integer, seq integer);",
    "create index idx_usernames_id on usernames (id);",
    "alter table sessions add server_address text; alter table sessions add port integer;",
]


def telethon_file(version: int) -> bytes:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript("".join(TELETHON[:version]))
        db.execute("insert into version values (?)", (version,))
        db.execute(
            "insert into sessions (dc_id, server_address, port, auth_key) values (2, '149.154.167.51', 443, ?)", (KEY,)
        )
        db.execute(
            "insert into entities (id, hash, username, phone, name) values (?, 77, 'ann', 447700900101, 'A')", (ME,)
        )
        if version >= 4:
            db.execute("insert into update_state values (0, 11, 2, 1760000000, 3)")
        db.commit()
        return db.serialize()


def pyrogram_file(version: int, *, key: bytes | None = KEY, test: int = 0) -> bytes:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript("".join(PYROGRAM[:version]))
        db.execute("insert into version values (?)", (version,))
        db.execute(
            "insert into sessions (dc_id, test_mode, auth_key, date, user_id, is_bot) values (2,?,?,0,?,0)",
            (test, key, ME),
        )
        if version >= 3:
            db.execute("update sessions set api_id = 777")
        if version >= 7:
            db.execute("update sessions set server_address = '127.0.0.1', port = 4430")
        rows = [(ME, 77, "user"), (CHANNEL, 88, "supergroup"), (GROUP, 0, "group")]
        db.executemany("insert into peers (id, access_hash, type) values (?, ?, ?)", rows)
        if version >= 4:
            db.execute("insert into usernames values (?, 'ann')", (ME,))
        else:
            db.execute("update peers set username = 'ann' where id = ?", (ME,))
        db.commit()
        return db.serialize()


def test_telethons_own_strings_are_read_with_both_kinds_of_address() -> None:
    for address in ("149.154.167.91", "2001:67c:4e8:f004::a"):
        session = StringSession()
        session.set_dc(4, address, 443)
        session.auth_key = AuthKey(KEY)
        login = read(session.save())
        assert (login.form, login.dc_id, login.server_address, login.port) == ("telethon-string", 4, address, 443)
        assert login.auth_key == KEY
        assert read(f"\n {session.save().rstrip('=')} ") == login
        assert telethon.write_string(login.image()) == session.save()


@pytest.mark.parametrize("version", range(1, 9))
def test_telethons_files_of_every_layout_are_read(version: int) -> None:
    login = read(telethon_file(version))
    assert (login.form, login.dc_id, login.server_address, login.port) == ("telethon-file", 2, "149.154.167.51", 443)
    assert login.auth_key == KEY
    assert len(login.entities) == (version >= 6)  # what older ones noted may be wrong
    assert (0 in login.states) == (version >= 4)


def test_a_file_of_the_telethon_that_is_installed_is_read_and_what_is_written_opens_there(tmp_path: Path) -> None:
    plain = SQLiteSession(str(tmp_path / "x"))
    plain.set_dc(2, "149.154.167.51", 443)
    plain.auth_key = AuthKey(KEY)
    plain.close()
    assert read(load(tmp_path / "x.session")).auth_key == KEY
    (tmp_path / "y.session").write_bytes(images.write(IMAGE, now=NOW))
    assert read(load(tmp_path / "y.session")).account_id == ME


@pytest.mark.parametrize(
    ("layout", "values"),
    [
        (">B?256sI?", (2, False, KEY, ME, False)),
        (">B?256sQ?", (2, False, KEY, ME, False)),
        (">BI?256sQ?", (2, 777, False, KEY, ME, False)),
    ],
)
def test_pyrogram_strings_of_every_length_are_read(layout: str, values: tuple[object, ...]) -> None:
    text = base64.urlsafe_b64encode(struct.pack(layout, *values)).decode()
    for form in (text, text.rstrip("="), f" {text}\n"):
        login = read(form)
        assert (login.form, login.dc_id, login.account_id, login.is_bot) == ("pyrogram-string", 2, ME, False)
        assert (login.server_address, login.port) == ("149.154.167.51", 443)
        assert login.auth_key == KEY
    assert login.api_id == (777 if "I?256sQ" in layout else None)


@pytest.mark.parametrize("version", range(1, 8))
def test_pyrogram_and_kurigram_files_of_every_layout_are_read(version: int) -> None:
    login = read(pyrogram_file(version))
    assert (login.form, login.dc_id, login.account_id, login.is_bot) == ("pyrogram-file", 2, ME, False)
    assert login.auth_key == KEY
    assert (login.server_address, login.port) == (("127.0.0.1", 4430) if version == 7 else ("149.154.167.51", 443))
    ids = {entity.id: entity for entity in login.entities}
    assert set(ids) == ({ME, CHANNEL, GROUP} if version >= 2 else set())  # the first one named them in another way
    assert version < 2 or (ids[ME].username, ids[CHANNEL].hash) == ("ann", 88)


def test_a_login_of_the_test_servers_goes_to_their_addresses() -> None:
    assert read(pyrogram_file(3, test=1)).server_address == "149.154.167.40"


def test_what_is_written_for_pyrogram_is_what_it_reads() -> None:
    text = pyrogram.write_string(IMAGE, OWNER)
    assert len(text) == 362
    login = read(text)
    assert (login.auth_key, login.account_id, login.api_id, login.is_bot) == (KEY, ME, 12345, False)
    login = read(pyrogram.write_file(IMAGE, OWNER, now=NOW))
    assert (login.auth_key, login.account_id, login.api_id) == (KEY, ME, 12345)
    assert {entity.id for entity in login.entities} == {ME, CHANNEL}


def test_a_file_in_write_ahead_mode_is_read_and_one_that_is_in_use_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "k.session"
    path.write_bytes(pyrogram_file(7))
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma journal_mode = wal")
        db.execute("update sessions set date = 5")
        db.commit()
        with pytest.raises(UnreadableSession, match="in use"):
            load(path)
    before = path.read_bytes()
    assert read(load(path)).auth_key == KEY
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "data",
    [
        b"",
        "",
        "1" + "A" * 352,  # no key in it
        base64.urlsafe_b64encode(struct.pack(">B?256sI?", 99, False, KEY, 1, False)).decode(),
        telethon_file(8)[:3000],
        telethon_file(8).replace(KEY, bytes(256)),
        pyrogram_file(3, key=None),
        images.write(Image(2, "", 443, KEY), now=NOW),
        b"SQLite format 3\x00" + bytes(100),
        b"\xff\xfe",
        StringSession().save(),
    ],
)
def test_what_is_no_session_is_refused_without_being_shown(data: bytes | str) -> None:
    with pytest.raises(UnreadableSession) as caught:
        read(data)
    assert "A" * 20 not in str(caught.value)


def test_layouts_that_are_newer_than_known_are_refused_by_name() -> None:
    for data, column in ((telethon_file(8), "version"), (pyrogram_file(7), "number")):
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(data)
            db.execute(f"update version set {column} = 99")
            db.commit()
            with pytest.raises(UnreadableSession, match="layout 99"):
                read(db.serialize())


@given(st.binary(max_size=400) | st.text(max_size=400))
def test_rubbish_is_refused_and_breaks_nothing(data: bytes | str) -> None:
    with pytest.raises(UnreadableSession):
        read(data)


@given(st.data())
def test_a_damaged_file_is_read_or_refused_and_breaks_nothing(data: st.DataObject) -> None:
    for whole in (telethon_file(8), pyrogram_file(7)):
        damaged = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 30))):
            damaged[data.draw(st.integers(16, len(whole) - 1))] = data.draw(st.integers(0, 255))
        try:
            read(bytes(damaged)).image()
        except UnreadableSession:
            continue


def test_no_key_is_shown_when_a_login_is_printed() -> None:
    for data in (telethon.write_string(IMAGE), pyrogram_file(7)):
        assert KEY.hex() not in repr(read(data))
        assert repr(KEY)[2:40] not in repr(read(data))
