"""What was found when a job was checked, in the four words of the pages, what must be corrected first."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from attrs import frozen

from teckochecker.domain.findings import Checked, Finding, Level

_LEVELS: Final = (
    (Level.ERROR, "Must be corrected", "failed", "failed"),
    (Level.WARNING, "Can be saved, but look", "warning", "warning"),
    (Level.UNCHECKED, "Could not be checked", "none", "lost"),
    (Level.FINE, "Fine", "fine", "fine"),
)


@frozen
class Group:
    """Findings of one weight, which is `css` as a colour and `icon` as a sign."""

    word: str
    css: str
    icon: str
    findings: Sequence[Finding]


def grouped(checked: Checked | None, about: Container[str] | None = None) -> Sequence[Group]:
    """The findings, all or those about these things; weights without any are left out."""
    found = [one for one in checked.findings if about is None or one.about in about] if checked else []
    groups = [
        Group(word, css, icon, [one for one in found if one.level is level]) for level, word, css, icon in _LEVELS
    ]
    return [group for group in groups if group.findings]
