"""Takes secrets out of finished text: the values that are known, and whatever looks like one."""

from __future__ import annotations

import base64
import re
from functools import cached_property
from typing import Final

from attrs import define, field, frozen

from teckochecker.domain.secret import Credential

MASK: Final = "***"

_SHORT = 8
"""Values below this length are hidden as whole words only, or they would eat into everything."""

_LOOKS_SECRET: Final = (
    (re.compile(r"(?<![A-Za-z0-9])(?:sk-|whsec_|tck_)[A-Za-z0-9_+/=-]{4,}"), MASK),
    (re.compile(r"(?<![\w-])[0-9]{1,10}-(?:[0-9]{1,12}-)?[A-Za-z0-9]{16,}(?![\w-])"), MASK),  # Keboola's tokens
    (re.compile(r"\b(bearer)\s+[^\s\"',;\\]+", re.IGNORECASE), rf"\1 {MASK}"),
    (
        re.compile(
            r"\b(x-storageapi-token|authorization)(\\*[\"']?\s*[:=,]\s*(?:b?\\*[\"'])?)[^\s\"',;\\]+", re.IGNORECASE
        ),
        rf"\1\2{MASK}",
    ),
    # The password of an address may itself hold `/` and `@`; a line break that was escaped ends the search.
    (re.compile(r"(://[^\s:/@\"']*:)(?:(?!\\n)[^\s@]){0,512}@(?:[^\s/@\"']*@)*"), rf"\1{MASK}@"),
)


@frozen
class _Form:
    """One way in which a value may be written. A text without its `anchor` cannot hold it."""

    pattern: str
    anchor: str

    @cached_property
    def regex(self) -> re.Pattern[str]:
        return re.compile(self.pattern)


def _anchor(text: str) -> str:
    """The longest part that no encoding changes."""
    return max(re.split(r"[^A-Za-z0-9_.-]", text), key=len)


def _pattern(text: str) -> str:
    """Finds `text` as it is, and escaped by JSON, `repr` or percent signs, however many times over."""
    return "".join(_sign(run[0], len(run[0])) for run in re.finditer(r"\\+|.", text, re.DOTALL))


def _sign(sign: str, count: int) -> str:
    if sign.isalnum() or sign in "_.-":
        return re.escape(sign)
    quoted = f"%(?:25)*{ord(sign[0]):02X}"
    plain = rf"\\{{{count},}}+" if sign[0] == "\\" else rf"\\*+{re.escape(sign)}"
    return rf"(?:{plain}|(?i:{quoted}){{{count}}})"


def _base64_forms(value: str) -> tuple[_Form, ...]:
    """The value inside a longer text in base64: it may begin at any of three places of a group of signs."""
    forms = []
    for lead, skip in ((0, 0), (1, 2), (2, 3)):
        raw = b"\0" * lead + value.encode()
        whole = base64.b64encode(raw).decode()
        core = whole[skip : len(whole) - (0, 3, 2)[len(raw) % 3]]
        pattern = re.sub(r"\\\+|\+", "[+-]", core.replace("/", "\0")).replace("\0", r"(?:\\*+/|_|%2F)")
        forms.append(_Form(pattern, max(re.split(r"[+/]", core), key=len)))
    return tuple(forms)


def _forms(value: str) -> tuple[_Form, ...]:
    pattern, anchor = _pattern(value), _anchor(value)
    if len(value) < _SHORT:
        return (_Form(rf"(?<!\w){pattern}(?!\w)", anchor),)
    return (_Form(pattern, anchor), *_base64_forms(value))


@define(eq=False, repr=False)
class Redactor:
    """Knows the secret values of this process."""

    _known: dict[str, tuple[_Form, ...]] = field(factory=dict, init=False)
    _forms: tuple[_Form, ...] = field(default=(), init=False)

    def register(self, secret: Credential) -> None:
        """Hide this value from now on, however it is written. Registering it again costs nothing."""
        value = secret.reveal()
        if value not in self._known:
            self._known[value] = _forms(value)
            longest_first = sorted(self._known, key=len, reverse=True)  # one may be part of another
            self._forms = tuple(form for known in longest_first for form in self._known[known])

    def clean(self, text: str) -> str:
        """The text without secrets."""
        for form in self._forms:
            if form.anchor in text:
                text = form.regex.sub(MASK, text)
        for pattern, mask in _LOOKS_SECRET:
            text = pattern.sub(mask, text)
        return text
