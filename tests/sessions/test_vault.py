"""Encryption at rest: what opens, what does not, and what an error may say."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bybot.errors import KeyMissing, Tampered, WrongKey
from bybot.sessions.vault import Vault, generate_key, key_id, parse_key

OLD, NEW = bytes(32), bytes(range(32))


def vault(*keys: bytes, bot_id: str = "bot") -> Vault:
    return Vault(keys, bot_id=bot_id)


@given(st.binary(max_size=2000), st.text(max_size=20), st.text(max_size=20))
def test_what_is_sealed_opens_again(plain: bytes, user: str, purpose: str) -> None:
    sealed = vault(NEW).seal(plain, user=user, purpose=purpose)
    assert vault(NEW).open(sealed, user=user, purpose=purpose) == plain
    assert len(plain) < 8 or plain not in sealed


def test_the_first_key_seals_and_all_open() -> None:
    sealed = vault(OLD).seal(b"secret", user="1", purpose="session")
    rotated = vault(NEW, OLD)
    assert rotated.open(sealed, user="1", purpose="session") == b"secret"
    assert rotated.needs_resealing(sealed)
    again = rotated.seal(b"secret", user="1", purpose="session")
    assert not rotated.needs_resealing(again)
    with pytest.raises(WrongKey):
        vault(OLD).open(again, user="1", purpose="session")


def test_a_wrong_key_is_named_by_fingerprint_and_never_shown() -> None:
    sealed = vault(OLD).seal(b"secret", user="1", purpose="session")
    with pytest.raises(WrongKey) as caught:
        vault(NEW).open(sealed, user="1", purpose="session")
    message = str(caught.value)
    assert key_id(OLD).hex() in message
    assert key_id(NEW).hex() in message
    for key in (OLD, NEW):
        assert key.hex() not in message
        assert base64.b64encode(key).decode() not in message
    assert NEW.hex() not in repr(vault(NEW))


def test_without_a_key_sealed_data_is_refused_and_plain_data_passes() -> None:
    sealed = vault(NEW).seal(b"secret", user="1", purpose="session")
    with pytest.raises(KeyMissing):
        Vault.off().open(sealed, user="1", purpose="session")
    assert Vault.off().seal(b"plain", user="1", purpose="session") == b"plain"
    assert vault(NEW).open(b"plain", user="1", purpose="session") == b"plain"
    assert vault(NEW).needs_resealing(b"plain")


@pytest.mark.parametrize("other", [("2", "session", "bot"), ("1", "phone", "bot"), ("1", "session", "bot2")])
def test_a_value_belongs_to_one_person_purpose_and_bot(other: tuple[str, str, str]) -> None:
    user, purpose, bot_id = other
    sealed = vault(NEW).seal(b"secret", user="1", purpose="session")
    with pytest.raises(Tampered):
        vault(NEW, bot_id=bot_id).open(sealed, user=user, purpose=purpose)


def test_names_that_join_to_the_same_text_are_kept_apart() -> None:
    sealed = vault(NEW).seal(b"secret", user="ab", purpose="c")
    with pytest.raises(Tampered):
        vault(NEW).open(sealed, user="a", purpose="bc")


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(vault(NEW).seal(b"secret" * 100, user="1", purpose="session"))
    place = data.draw(st.integers(13, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Tampered):
        vault(NEW).open(bytes(sealed), user="1", purpose="session")


@pytest.mark.parametrize("cut", [14, 20, 30])
def test_a_cut_value_is_noticed(cut: int) -> None:
    sealed = vault(NEW).seal(b"secret", user="1", purpose="session")
    with pytest.raises(Tampered):
        vault(NEW).open(sealed[:cut], user="1", purpose="session")


def test_data_is_compressed_before_it_is_sealed() -> None:
    assert len(vault(NEW).seal(bytes(100_000), user="1", purpose="session")) < 1000


def test_text_in_documents_is_base64() -> None:
    text = vault(NEW).seal_text(b"+447700900101", user="1", purpose="phone")
    assert vault(NEW).open_text(text, user="1", purpose="phone") == b"+447700900101"
    with pytest.raises(Tampered):
        vault(NEW).open_text("not base64!", user="1", purpose="phone")


def test_a_generated_key_is_readable() -> None:
    assert len(parse_key(generate_key())) == 32


@pytest.mark.parametrize("text", ["", "short", "!!!", base64.b64encode(bytes(31)).decode()])
def test_what_is_no_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match="an encryption key is base64") as caught:
        parse_key(text)
    assert not text or text not in str(caught.value)
