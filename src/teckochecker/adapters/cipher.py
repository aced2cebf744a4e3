"""Secrets at rest: AES-256-GCM under keys derived from `SECRET_KEY`.

A sealed text reads `tck1.<key id>.<seal id>.<nonce and ciphertext>`. Everything before the last dot, and the
secret's type, is authenticated along with the value: a text of another type, or one whose parts were
exchanged, does not open. Fernet tokens open too, made with a key of `SECRET_KEY` or with the SHA-256 of its
text; `reseal` replaces them.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable

from attrs import field, frozen
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from teckochecker.application.errors import WrongKey
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.secret import Credential, Sealed, SecretType

_FORMAT = "tck1"
_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
_NONCE = 12
_FERNET = "gAAAA"  # how every Fernet token begins: version 128 and the upper bytes of its time


def new_key() -> str:
    """A fresh key for `SECRET_KEY`: 32 random bytes in the 44 signs of a Fernet key."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def checked_key(text: str) -> str:
    """A key of `SECRET_KEY`, as it was given.

    Raises:
        InvalidValue: it is no key; the sentence does not show it.
    """
    if not _KEY.fullmatch(text):
        raise InvalidValue(
            "SECRET_KEY is not a valid key (44 characters of URL-safe base64, the last one '='); "
            "make one with: teckochecker init --create-env",
            field="SECRET_KEY",
        )
    return text


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encoded(raw) != text:  # the decoder overlooks foreign signs and spare bits
        raise ValueError("not the text that sealing makes")
    return raw


def _bound(head: str, type: SecretType) -> bytes:
    return f"{head}.{type.value}".encode()


@frozen(repr=False, eq=False)
class _Key:
    """One key of `SECRET_KEY`, and what is derived from it. The id names it and gives nothing away."""

    id: str
    aes: AESGCM
    fernet: MultiFernet

    @classmethod
    def of(cls, text: str) -> _Key:
        raw = base64.urlsafe_b64decode(checked_key(text))

        def derived(purpose: bytes, length: int) -> bytes:
            return HKDF(SHA256(), length, salt=None, info=b"teckochecker secrets v1 " + purpose).derive(raw)

        return cls(
            id=derived(b"key id", 6).hex(),
            aes=AESGCM(derived(b"aes-256-gcm", 32)),
            fernet=_fernet(text),
        )


def _fernet(text: str) -> MultiFernet:
    hashed = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return MultiFernet([Fernet(hashed), *([Fernet(text)] if _KEY.fullmatch(text) else [])])


@frozen(repr=False, eq=False)
class EarlierKey:
    """The SECRET_KEY of the earlier version, which took any text for one. It opens Fernet tokens alone."""

    _fernet: MultiFernet = field(converter=_fernet)

    def __repr__(self) -> str:
        return "EarlierKey(***)"

    def open(self, sealed: Sealed, type: SecretType) -> Credential:
        """The value in the clear.

        Raises:
            WrongKey: this key does not open it.
            InvalidValue: what came out is no value that a secret can have.
        """
        try:
            return Credential(self._fernet.decrypt(sealed.encode()).decode(errors="replace"))
        except InvalidToken as error:
            raise WrongKey(f"This key does not open the {type.value} secret") from error


def _ring(texts: Iterable[str]) -> tuple[_Key, ...]:
    keys = tuple(_Key.of(text) for text in texts)
    if not keys:
        raise InvalidValue("SECRET_KEY is not set; make one with: teckochecker init --create-env", field="SECRET_KEY")
    return keys


@frozen(repr=False, eq=False)
class AesGcmCipher:
    """Seals with the first of its keys, and opens what any of them sealed.

    Raises:
        InvalidValue: no key was given, or a text that is none.
    """

    _keys: tuple[_Key, ...] = field(converter=_ring)

    def __repr__(self) -> str:
        return "AesGcmCipher(***)"

    def seal(self, plain: Credential, type: SecretType) -> Sealed:
        """The value under the first key; another text every time."""
        key = self._keys[0]
        head = f"{_FORMAT}.{key.id}.{_encoded(secrets.token_bytes(12))}"
        nonce = secrets.token_bytes(_NONCE)
        ciphertext = key.aes.encrypt(nonce, plain.reveal().encode(), _bound(head, type))
        return Sealed(f"{head}.{_encoded(nonce + ciphertext)}")

    def open(self, sealed: Sealed, type: SecretType) -> Credential:
        """The value in the clear.

        Raises:
            WrongKey: none of the keys opens it, it was altered or sealed for another type, or it is empty.
        """
        if not sealed:
            raise WrongKey("This secret came without its value; give it one: teckochecker secret replace NAME")
        raw = self._from_fernet(sealed) if sealed.startswith(_FERNET) else self._from_aes(sealed, type)
        return Credential(raw.decode(errors="replace"))

    def reseal(self, sealed: Sealed, type: SecretType) -> Sealed:
        """The same value under the first key; the same text when the first key sealed it.

        Raises:
            WrongKey: as `open`.
        """
        return sealed if self.current(sealed) else self.seal(self.open(sealed, type), type)

    def current(self, sealed: Sealed) -> bool:
        """The first key sealed it, in today's format."""
        return sealed.startswith(f"{_FORMAT}.{self._keys[0].id}.")

    def _from_aes(self, sealed: Sealed, type: SecretType) -> bytes:
        head, _, body = sealed.rpartition(".")
        key = next((key for key in self._keys if head.startswith(f"{_FORMAT}.{key.id}.")), None)
        if key is None:
            raise _no_key()
        try:
            raw = _decoded(body)
            return key.aes.decrypt(raw[:_NONCE], raw[_NONCE:], _bound(head, type))
        except (InvalidTag, ValueError) as error:
            raise WrongKey(
                "The stored text of this secret was altered or belongs to another one; give the secret its value again"
            ) from error

    def _from_fernet(self, sealed: Sealed) -> bytes:
        for key in self._keys:
            try:
                return key.fernet.decrypt(sealed.encode())
            except InvalidToken:
                continue
        raise _no_key()


def _no_key() -> WrongKey:
    return WrongKey(
        "SECRET_KEY does not open this secret: put the key that sealed it after the present one and a comma "
        "(SECRET_KEY=new,old), or give the secret its value again"
    )
