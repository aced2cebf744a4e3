"""What is sealed opens with its own key, for its own type, unaltered, and in no other case."""

import base64
import hashlib

import pytest
from cryptography.fernet import Fernet
from hypothesis import assume, given
from hypothesis import strategies as st

from teckochecker.adapters.cipher import AesGcmCipher, new_key
from teckochecker.application.errors import WrongKey
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.secret import Credential, Sealed, SecretType

OLD, NEW, OTHER = new_key(), new_key(), new_key()
CIPHER = AesGcmCipher((NEW,))
OPENAI, KEBOOLA = SecretType.OPENAI, SecretType.KEBOOLA
VALUE = Credential("sk-proj-0123456789abcdef")

values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=300)
types = st.sampled_from(SecretType)


def fernet_of_hash(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))


@given(values, types)
def test_what_was_sealed_opens(value: str, type: SecretType) -> None:
    assert CIPHER.open(CIPHER.seal(Credential(value), type), type).reveal() == value


def test_the_longest_value_opens() -> None:
    longest = Credential("x" * 4096)
    assert CIPHER.open(CIPHER.seal(longest, OPENAI), OPENAI) == longest


def test_every_seal_is_another_text_of_four_parts_that_does_not_show_the_value() -> None:
    texts = {CIPHER.seal(VALUE, OPENAI) for _ in range(50)}
    assert len(texts) == 50
    assert {text.count(".") for text in texts} == {3}
    assert not any(VALUE.reveal() in text for text in texts)
    assert all(text.startswith("tck1.") and text.isascii() for text in texts)


def test_a_text_of_another_type_does_not_open() -> None:
    with pytest.raises(WrongKey, match="altered or belongs to another"):
        CIPHER.open(CIPHER.seal(VALUE, OPENAI), KEBOOLA)


@pytest.mark.parametrize("part", [1, 2, 3])
def test_parts_of_two_texts_do_not_mix(part: int) -> None:
    both = AesGcmCipher((NEW, OLD))
    ours = both.seal(VALUE, OPENAI).split(".")
    ours[part] = AesGcmCipher((OLD,)).seal(VALUE, OPENAI).split(".")[part]
    with pytest.raises(WrongKey):
        both.open(Sealed(".".join(ours)), OPENAI)


@given(st.data())
def test_no_altered_text_opens(data: st.DataObject) -> None:
    sealed = CIPHER.seal(VALUE, OPENAI)
    place = data.draw(st.integers(0, len(sealed) - 1))
    sign = data.draw(st.characters(min_codepoint=0x20, max_codepoint=0x24F))
    altered = sealed[:place] + sign + sealed[place + data.draw(st.integers(0, 1)) :]
    assume(altered != sealed)
    with pytest.raises(WrongKey):
        CIPHER.open(Sealed(altered), OPENAI)


@given(st.data())
def test_no_flipped_bit_goes_unnoticed(data: st.DataObject) -> None:
    head, _, body = CIPHER.seal(VALUE, OPENAI).rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    flipped = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    with pytest.raises(WrongKey, match="altered"):
        CIPHER.open(Sealed(f"{head}.{flipped}"), OPENAI)


@given(st.text(max_size=60))
def test_a_text_that_nobody_sealed_does_not_open(text: str) -> None:
    for start in ("", "gAAAA", CIPHER.seal(VALUE, OPENAI)[:19]):
        with pytest.raises(WrongKey):
            CIPHER.open(Sealed(start + text), OPENAI)


def test_another_key_does_not_open_it_and_the_sentence_names_the_cure() -> None:
    with pytest.raises(WrongKey, match=r"SECRET_KEY=new,old.*give the secret its value again"):
        AesGcmCipher((OTHER,)).open(CIPHER.seal(VALUE, OPENAI), OPENAI)


@given(values, types)
def test_a_new_key_in_front_keeps_old_texts_open_and_reseals_them(value: str, type: SecretType) -> None:
    old = AesGcmCipher((OLD,)).seal(Credential(value), type)
    turning = AesGcmCipher((NEW, OLD))
    assert turning.open(old, type).reveal() == value
    assert not turning.current(old)
    resealed = turning.reseal(old, type)
    assert turning.current(resealed)
    assert CIPHER.open(resealed, type).reveal() == value


def test_a_text_of_the_first_key_is_left_as_it_is() -> None:
    turning = AesGcmCipher((NEW, OLD))
    sealed = turning.seal(VALUE, OPENAI)
    assert turning.current(sealed)
    assert turning.reseal(sealed, OPENAI) == sealed


@pytest.mark.parametrize("fernet", [Fernet(OLD), fernet_of_hash(OLD)], ids=["key", "hash of the key"])
@pytest.mark.parametrize("keys", [(OLD,), (NEW, OLD)], ids=["alone", "behind a new key"])
def test_a_fernet_token_opens_and_is_resealed(fernet: Fernet, keys: tuple[str, ...]) -> None:
    token = Sealed(fernet.encrypt(VALUE.reveal().encode()).decode())
    cipher = AesGcmCipher(keys)
    assert cipher.open(token, KEBOOLA) == VALUE
    assert not cipher.current(token)
    assert cipher.open(cipher.reseal(token, KEBOOLA), KEBOOLA) == VALUE


def test_a_fernet_token_of_another_key_does_not_open() -> None:
    token = Sealed(Fernet(OTHER).encrypt(b"sk-value").decode())
    with pytest.raises(WrongKey, match="SECRET_KEY=new,old"):
        CIPHER.open(token, OPENAI)


def test_a_new_key_has_the_form_of_a_fernet_key_and_no_equal() -> None:
    keys = {new_key() for _ in range(50)}
    assert len(keys) == 50
    assert all(len(key) == 44 and Fernet(key) for key in keys)


@given(st.text(max_size=60))
def test_a_text_that_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        AesGcmCipher((NEW, f"{text}#not-a-key"))
    assert str(refused.value) == (
        "SECRET_KEY is not a valid key (44 characters of URL-safe base64, the last one '='); "
        "make one with: teckochecker init --create-env"
    )


def test_no_key_at_all_is_refused() -> None:
    with pytest.raises(InvalidValue, match="SECRET_KEY is not set"):
        AesGcmCipher(())


def test_the_cipher_shows_nothing_of_itself() -> None:
    assert repr(CIPHER) == str(CIPHER) == "AesGcmCipher(***)"
    assert repr(CIPHER._keys[0]).startswith("<")


def test_a_text_written_by_version_one_opens_for_ever() -> None:
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    stored = Sealed(
        "tck1.b65409926841.r0IS70wM-qUbAY79.XPTmFMo6tz_UXsK9tJAMmkRsf87xu3_lEenCzvmPQW4C4a9k5fhTv73i76M3iZxlpXXC"
    )
    assert AesGcmCipher((key,)).open(stored, KEBOOLA).reveal() == "901-10493007-VDtExample"
