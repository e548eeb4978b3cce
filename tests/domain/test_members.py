"""Who may do what: the whole matrix, written out."""

from __future__ import annotations

import pytest

from domain.errors import Code, Refused
from domain.members import MATRIX, Permission, Role, check_role_change, may, require

P = Permission
EVERYBODY = {P.READ, P.EDIT_LEADS}
LEADING = {P.QUALIFY, P.HAND_OFF, P.TAKE_HANDOFF, P.OVERRIDE_VERDICT, P.EDIT_POLICY, P.IMPORT, P.EDIT_TEAM}
SELLING = {P.LOG_CALLS, P.BOOK_MEETINGS, P.CLOSE_MEETINGS}
LEADING |= SELLING | {P.CLAIM, P.EDIT_TARGETS, P.EDIT_PLAYBOOK}
EXPECTED = {
    Role.INSIDE_SALES: EVERYBODY | SELLING | {P.QUALIFY, P.HAND_OFF, P.IMPORT, P.CLAIM},
    Role.FIELD_SALES: EVERYBODY | SELLING | {P.QUALIFY, P.TAKE_HANDOFF},
    Role.MARKETING: EVERYBODY | {P.IMPORT},
    Role.CUSTOMER_SUCCESS: EVERYBODY,
    Role.MANAGER: EVERYBODY | LEADING,
    Role.ADMIN: EVERYBODY | LEADING | {P.EDIT_ZONE, P.HANDLE_PERSONAL_DATA},
}


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_role_may_do_what_the_matrix_says(role: Role, permission: Permission) -> None:
    allowed = permission in EXPECTED[role]
    assert may(role, permission) is allowed
    if allowed:
        require(role, permission)
        return
    with pytest.raises(Refused) as refused:
        require(role, permission)
    assert (refused.value.code, refused.value.detail["permission"]) == (Code.NOT_ALLOWED, permission.value)


def test_every_permission_is_in_the_matrix() -> None:
    assert set(MATRIX) == set(Permission)


@pytest.mark.parametrize("target", Role)
@pytest.mark.parametrize("current", Role)
@pytest.mark.parametrize("actor", Role)
def test_roles_are_given_by_managers_and_the_admins_by_admins(actor: Role, current: Role, target: Role) -> None:
    touches_admin = Role.ADMIN in (current, target)
    allowed = actor is Role.ADMIN or (actor is Role.MANAGER and not touches_admin)
    if allowed:
        check_role_change(actor, current, target)
        return
    with pytest.raises(Refused) as refused:
        check_role_change(actor, current, target)
    assert refused.value.code is Code.NOT_ALLOWED
