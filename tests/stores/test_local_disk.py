"""What the local store leaves on the disk, what it makes of damage, and where it refuses to work."""

from __future__ import annotations

import json
import logging
import os
import stat
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bybot.clock import ManualClock, SystemClock
from bybot.errors import ConfigurationError, CorruptDocument, StaleWrite, StoreUnavailable
from bybot.stores import metadata, mounts
from bybot.stores.base import Condition, Delete, Key, Patch, Put, Where
from bybot.stores.files import Files, file_name, id_of_file_name
from bybot.stores.local import LocalFileStore

ONE, TWO = Key("user_sessions", "1"), Key("user_sessions", "2")
THING = Key("things", "a")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalFileStore]:
    store = LocalFileStore(tmp_path, "bot", SystemClock())
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "bot"


def modes_below(base: Path) -> dict[Path, int]:
    return {path: stat.S_IMODE(path.stat().st_mode) for path in [base, *base.rglob("*")]}


def all_contents(base: Path) -> list[bytes]:
    return [path.read_bytes() for path in base.rglob("*") if path.is_file()]


def kept_contents(base: Path) -> list[bytes]:
    return [path.read_bytes() for path in base.glob("*.corrupt-*")]


def kept_aside(base: Path) -> list[str]:
    return sorted(path.name.partition(".corrupt-")[0] for path in base.rglob("*.corrupt-*"))


async def test_files_are_where_the_layout_says_and_readable_by_their_owner_only(
    store: LocalFileStore, base: Path
) -> None:
    old = os.umask(0)
    try:
        await store.commit([Put(ONE, {"session_data": b"bytes", "owner": "me"}), Put(THING, {"n": 1})])
        await store.commit([Put(TWO, {"state": "new"})])
    finally:
        os.umask(old)
    assert (base / "user_1.session").read_bytes() == b"bytes"
    assert not (base / "user_2.session").exists()
    sessions = json.loads((base / "metadata.json").read_text())["sessions"]
    assert {id_: entry["fields"] for id_, entry in sessions.items()} == {"1": {"owner": "me"}, "2": {"state": "new"}}
    assert json.loads((base / "things" / "a.json").read_text())["fields"] == {"n": 1}
    modes = modes_below(base)
    assert {path.name: oct(mode) for path, mode in modes.items()} == {
        path.name: oct(0o700 if path.is_dir() else 0o600) for path in modes
    }


async def test_directories_that_are_made_on_the_way_are_closed_to_others(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path / "a" / "b", "bot", SystemClock())
    await store.open()
    await store.close()
    assert {oct(mode) for path, mode in modes_below(tmp_path / "a").items() if path.is_dir()} == {"0o700"}


async def test_everything_is_there_after_a_restart(store: LocalFileStore, tmp_path: Path) -> None:
    done = await store.commit([Put(ONE, {"session_data": b"bytes", "n": 1}), Put(THING, {"n": 1})])
    await store.close()
    again = LocalFileStore(tmp_path, "bot", SystemClock())
    await again.open()
    for key in (ONE, THING):
        read = await again.get(key)
        assert read is not None
        assert (read.version, read.update_time) == (done.versions[key], done.time)
    await again.commit([Patch(ONE, {"n": 2}, if_=done.versions[ONE])])
    await again.close()


async def test_server_time_rises_over_a_restart_with_a_clock_that_went_back(tmp_path: Path) -> None:
    clock = ManualClock()
    first = LocalFileStore(tmp_path, "bot", clock)
    await first.open()
    before = (await first.commit([Put(THING, {})])).time
    await first.close()
    clock.jump_wall(-86_400)
    second = LocalFileStore(tmp_path, "bot", clock)
    await second.open()
    assert await second.now() >= before
    assert (await second.commit([Put(Key("things", "b"), {})])).time > before
    await second.close()


async def test_two_bots_in_one_directory_do_not_see_each_other(store: LocalFileStore, tmp_path: Path) -> None:
    other = LocalFileStore(tmp_path, "other", SystemClock())
    await other.open()
    await store.commit([Put(ONE, {"session_data": b"mine"})])
    assert await other.get(ONE) is None
    await other.close()


async def test_a_damaged_session_file_is_kept_aside_and_the_others_are_unaffected(
    store: LocalFileStore, base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await store.commit([Put(ONE, {"session_data": b"good", "n": 1}), Put(TWO, {"session_data": b"two", "n": 2})])
    (base / "user_1.session").write_bytes(b"bad!")
    with caplog.at_level(logging.CRITICAL):
        for _ in range(2):  # and it stays an error: a login that is damaged is not a login that is absent
            with pytest.raises(CorruptDocument) as caught:
                await store.get(ONE)
            assert caught.value.kept_at is not None
            assert (base / caught.value.kept_at).read_bytes() == b"bad!"
        assert [d.key for d in await store.query("user_sessions")] == [TWO]
    assert [d.data["n"] for d in await store.query("user_sessions", fields=["n"])] == [1, 2]
    read = await store.get(TWO)
    assert read is not None
    assert read.data["session_data"] == b"two"
    await store.commit([Patch(ONE, {"state": "damaged"})])
    await store.commit([Patch(ONE, {"session_data": b"new"})])
    read = await store.get(ONE)
    assert read is not None
    assert dict(read.data) == {"session_data": b"new", "n": 1, "state": "damaged"}


async def test_a_session_file_that_is_gone_is_an_error_until_it_is_replaced(store: LocalFileStore, base: Path) -> None:
    await store.commit([Put(ONE, {"session_data": b"good"})])
    (base / "user_1.session").unlink()
    with pytest.raises(CorruptDocument):
        await store.get(ONE)
    await store.commit([Delete(ONE)])
    assert await store.get(ONE) is None


async def test_a_damaged_document_is_kept_aside_and_the_others_are_unaffected(
    store: LocalFileStore, base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await store.commit([Put(THING, {"n": 1}), Put(Key("things", "b"), {"n": 2}), Put(Key("things", "c"), {"n": 3})])
    (base / "things" / "a.json").write_bytes(b'{"version": "x"')
    (base / "things" / "b.json").write_bytes(b"\xff\xff")
    with caplog.at_level(logging.CRITICAL):
        with pytest.raises(CorruptDocument, match="things/a") as caught:
            await store.get(THING)
        assert [d.key.id for d in await store.query("things")] == ["c"]
    assert caught.value.kept_at is not None
    assert (base / "things" / caught.value.kept_at).read_bytes() == b'{"version": "x"'
    assert kept_aside(base) == ["a.json", "b.json"]
    await store.commit([Put(THING, {"n": 9}, if_=Condition.ABSENT)])


async def test_a_write_that_depends_on_a_damaged_document_changes_nothing(
    store: LocalFileStore, base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await store.commit([Put(THING, {"n": 1})])
    (base / "things" / "a.json").write_bytes(b"[]")
    with caplog.at_level(logging.CRITICAL), pytest.raises(CorruptDocument):
        await store.commit([Put(Key("things", "b"), {}), Patch(THING, {"n": 2})])
    assert await store.query("things") == []


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"1": {"user_id": 1}}', b"\xff\xfe", b'{"format":1,"sessions":{"1":{}}}']
)
async def test_a_damaged_metadata_json_is_kept_aside_and_rebuilt(
    store: LocalFileStore, base: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await store.commit([Put(ONE, {"session_data": b"one", "token": 5}), Put(TWO, {"session_data": b"2", "token": 6})])
    version = (await store.commit([Put(Key("user_sessions", "Three"), {"session_data": b"three"})])).versions
    await store.commit([Patch(TWO, {"session_data": b"two", "token": 7})])
    (base / "metadata.json").write_bytes(damage)
    with caplog.at_level(logging.CRITICAL):
        read = {d.key.id: dict(d.data) for d in await store.query("user_sessions")}
    assert read == {
        "1": {"session_data": b"one", "token": 5},  # its file is the one of the copy before
        "2": {"session_data": b"two"},  # it changed since: its other fields are not known any more
        "Three": {"session_data": b"three"},
    }
    assert kept_aside(base) == ["metadata.json"]
    with pytest.raises(StaleWrite):
        await store.commit([Put(Key("user_sessions", "Three"), {}, if_=version[Key("user_sessions", "Three")])])
    read_again = await store.get(ONE)
    assert read_again is not None
    assert read_again.data["token"] == 5


async def test_sessions_survive_the_loss_of_metadata_json_and_its_copy(
    store: LocalFileStore, base: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await store.commit(
        [Put(ONE, {"session_data": b"one", "n": 1}), Put(Key("user_sessions", "aB~1"), {"session_data": b"x"})]
    )
    await store.close()
    (base / "metadata.json").write_bytes(b"?")
    (base / "metadata.json.bak").unlink(missing_ok=True)
    again = LocalFileStore(tmp_path, "bot", SystemClock())
    with caplog.at_level(logging.CRITICAL):
        await again.open()
    found = {d.key.id: dict(d.data) for d in await again.query("user_sessions")}
    assert found == {"1": {"session_data": b"one"}, "aB~1": {"session_data": b"x"}}
    await again.close()


async def test_a_session_file_that_somebody_put_there_is_never_overwritten(
    store: LocalFileStore, base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (base / "user_1.session").write_bytes(b"a stranger's")
    with caplog.at_level(logging.CRITICAL):
        await store.commit([Put(ONE, {"session_data": b"ours"})])
    assert (base / "user_1.session").read_bytes() == b"ours"
    assert kept_contents(base) == [b"a stranger's"]


def test_file_names_differ_where_case_does_not_count_and_come_back() -> None:
    ids = [
        "a",
        "A",
        "aA",
        "Aa",
        "AA",
        "aa",
        ":",
        "a:b",
        "%E4%BD",
        "~",
        "-",
        "_",
        "con",
        "x" * 220,
        "X" * 220,
        "X" * 219,
    ]
    names = [file_name(id_) for id_ in ids]
    assert len({name.lower() for name in names}) == len(ids)
    assert all(len(f"user_{name}.session.corrupt-20260101T000000.000000Z") <= 255 for name in names)
    assert [id_of_file_name(file_name(id_)) for id_ in ids if len(id_) < 100] == [id_ for id_ in ids if len(id_) < 100]
    assert id_of_file_name("a++b") is None


async def test_long_ids_work_as_any_other(store: LocalFileStore) -> None:
    keys = [Key(collection, "X" * 219 + last) for collection in ("things", "user_sessions") for last in "ab"]
    await store.commit([Put(key, {"session_data": key.id.encode()}) for key in keys])
    for collection in ("things", "user_sessions"):
        assert [d.key.id[-1] for d in await store.query(collection)] == ["a", "b"]


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "smb3", "9p", "fuse.sshfs"])
async def test_network_file_systems_are_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mounts"
    table.write_text(f"/dev/root / ext4 rw 0 0\nserver:/x {tmp_path}/far\\040away {kind} rw 0 0\n")
    monkeypatch.setattr(mounts, "_MOUNTS", table)
    store = LocalFileStore(tmp_path / "far away" / "sessions", "bot", SystemClock())
    with pytest.raises(ConfigurationError, match=kind) as caught:
        await store.open()
    assert "SESSIONS_DIR" in str(caught.value)
    near = LocalFileStore(tmp_path / "near", "bot", SystemClock())
    await near.open()
    await near.close()


def test_the_mounts_of_macos_are_understood() -> None:
    output = (
        "/dev/disk1s1 on / (apfs, local)\n//me@nas/x on /Volumes/my share (smbfs, nodev)\nmap auto on /home (autofs)\n"
    )
    table = mounts._from_mount_command(output)
    assert mounts.filesystem_type(Path("/Volumes/my share/a"), table) == "smbfs"
    assert mounts.filesystem_type(Path("/tmp"), table) == "apfs"


class FullDisk(Files):
    """Has no room left once told so."""

    full = False

    def before(self, operation: str, path: Path) -> None:
        if self.full and operation == "flush":
            raise OSError(28, "No space left on device")


async def test_a_full_disk_is_unavailable_and_loses_nothing(tmp_path: Path) -> None:
    files = FullDisk()
    store = LocalFileStore(tmp_path, "bot", SystemClock(), files=files)
    await store.open()
    await store.commit([Put(ONE, {"session_data": b"one", "n": 1})])
    files.full = True
    with pytest.raises(StoreUnavailable, match="No space left"):
        await store.commit([Patch(ONE, {"session_data": b"two", "n": 2}), Put(THING, {})])
    files.full = False
    read = await store.get(ONE)
    assert read is not None
    assert dict(read.data) == {"session_data": b"one", "n": 1}
    assert await store.get(THING) is None
    await store.commit([Patch(ONE, {"session_data": b"two", "n": 2})])
    await store.close()
    leftovers = list((tmp_path / "bot").rglob(".tmp-*"))
    assert leftovers == []


async def test_a_directory_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = LocalFileStore(tmp_path / "file", "bot", SystemClock())
    with pytest.raises(StoreUnavailable):
        await store.open()
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.get(ONE)


async def test_metadata_is_parsed_only_when_it_changed(
    store: LocalFileStore, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = 0
    original = metadata.decoded

    def counting(content: bytes) -> dict[str, metadata.Entry]:
        nonlocal parsed
        parsed += 1
        return original(content)

    monkeypatch.setattr(metadata, "decoded", counting)
    await store.commit([Put(ONE, {"session_data": b"one", "n": 1})])
    for _ in range(5):
        await store.get(ONE)
        await store.query("user_sessions", Where("n", 1))
        await store.commit([Patch(ONE, {"n": 1})])
    assert parsed == 0
    (base / "metadata.json").touch()
    await store.get(ONE)
    await store.get(ONE)
    assert parsed == 1


class CountingFiles(Files):
    def __init__(self) -> None:
        self.renamed: list[str] = []

    def before(self, operation: str, path: Path) -> None:
        if operation == "rename":
            self.renamed.append(path.name)


async def test_a_commit_of_many_sessions_rewrites_metadata_json_once_and_is_quick(tmp_path: Path) -> None:
    files = CountingFiles()
    store = LocalFileStore(tmp_path, "bot", SystemClock(), files=files)
    await store.open()
    for start in (0, 500):
        sessions = [
            Put(Key("user_sessions", f"{n}"), {"session_data": bytes(12_000), "owner": "me"})
            for n in range(start, start + 500)
        ]
        await store.commit(sessions)
    files.renamed.clear()
    begun = time.perf_counter()
    await store.commit([Patch(Key("user_sessions", f"{n}"), {"owner": "you"}) for n in range(500)])
    assert files.renamed == ["metadata.json.bak", "metadata.json"]
    assert len(await store.query("user_sessions")) == 1_000
    assert len(await store.query("user_sessions", Where("owner", "you"), fields=["owner"])) == 500
    for n in range(1_000):
        assert await store.get(Key("user_sessions", f"{n}")) is not None
    assert time.perf_counter() - begun < 5  # about 0.5 s on an idle machine
    await store.close()


async def test_update_times_are_near_the_clock(store: LocalFileStore) -> None:
    done = await store.commit([Put(THING, {})])
    assert abs(SystemClock().now() - done.time) < timedelta(seconds=5)


async def test_a_deleted_session_leaves_no_copy_of_its_bytes_or_fields(store: LocalFileStore, base: Path) -> None:
    (base / "user_1.session").write_bytes(b"secret stranger")
    await store.commit([Put(ONE, {"session_data": b"secret bytes", "phone": "secret number"})])
    await store.commit([Put(TWO, {"session_data": b"other bytes"})])
    assert kept_aside(base) == ["user_1.session"]
    await store.commit([Put(ONE, {"state": "deleted"})])
    assert not any(b"secret" in content for content in all_contents(base))
    other = await store.get(TWO)
    assert other is not None
    assert other.data["session_data"] == b"other bytes"
    (base / "metadata.json").write_bytes(b"{")
    assert (await store.get(TWO)) is not None  # from the copy, which is as new
