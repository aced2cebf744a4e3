from __future__ import annotations

import pytest

from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.role import Right, Role


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (Role.VIEWER, {Right.READ}),
        (Role.OPERATOR, {Right.READ, Right.JOBS}),
        (Role.LOCAL, {Right.READ, Right.JOBS, Right.SECRETS}),
        (Role.ADMIN, {Right.READ, Right.JOBS, Right.SECRETS, Right.ACCESS}),
    ],
)
def test_a_role_is_a_set_of_rights(role: Role, rights: set[Right]) -> None:
    assert {right for right in Right if role.may(right)} == rights


@pytest.mark.parametrize("text", ["viewer", " Operator ", "ADMIN"])
def test_a_token_may_have_three_roles(text: str) -> None:
    assert Role.of_token(text).value == text.strip().lower()


@pytest.mark.parametrize("text", ["local", "root", "", "ädmin\x00"])
def test_a_token_may_have_no_other_role(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"^Invalid role: '.*' \(it is viewer, operator or admin\)$"):
        Role.of_token(text)
