"""Who may do what. The one place where roles are checked."""

from __future__ import annotations

from enum import StrEnum

from domain.errors import Code, Refused


class Role(StrEnum):
    """A member's job in the sales organisation."""

    INSIDE_SALES = "inside_sales"
    FIELD_SALES = "field_sales"
    MANAGER = "manager"
    MARKETING = "marketing"
    CUSTOMER_SUCCESS = "customer_success"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a route asks for."""

    READ = "read"
    """Find and see accounts and leads, the App Home, help."""
    EDIT_LEADS = "edit_leads"
    QUALIFY = "qualify"
    HAND_OFF = "hand_off"
    TAKE_HANDOFF = "take_handoff"
    """Accept or return a handoff."""
    OVERRIDE_VERDICT = "override_verdict"
    EDIT_POLICY = "edit_policy"
    IMPORT = "import"
    LOG_CALLS = "log_calls"
    CLAIM = "claim"
    """Take a lead that came in by itself."""
    BOOK_MEETINGS = "book_meetings"
    CLOSE_MEETINGS = "close_meetings"
    """Say whether a meeting was held."""
    EDIT_TARGETS = "edit_targets"
    EDIT_TEAM = "edit_team"
    """Change the team's settings, its members' roles and what field sales covers."""
    EDIT_ZONE = "edit_zone"
    """Change the zone in which the team's days are counted: all figures of the past follow."""
    EDIT_PLAYBOOK = "edit_playbook"
    """Write and change the team's call scripts, objections and answers."""
    HANDLE_PERSONAL_DATA = "handle_personal_data"
    """Disclose to a customer what is held about them, and erase it."""


_EVERYBODY = frozenset(Role)

MATRIX: dict[Permission, frozenset[Role]] = {
    Permission.READ: _EVERYBODY,
    Permission.EDIT_LEADS: _EVERYBODY,
    Permission.QUALIFY: frozenset({Role.INSIDE_SALES, Role.FIELD_SALES, Role.MANAGER, Role.ADMIN}),
    Permission.HAND_OFF: frozenset({Role.INSIDE_SALES, Role.MANAGER, Role.ADMIN}),
    Permission.TAKE_HANDOFF: frozenset({Role.FIELD_SALES, Role.MANAGER, Role.ADMIN}),
    Permission.OVERRIDE_VERDICT: frozenset({Role.MANAGER, Role.ADMIN}),
    Permission.EDIT_POLICY: frozenset({Role.MANAGER, Role.ADMIN}),
    Permission.IMPORT: frozenset({Role.INSIDE_SALES, Role.MANAGER, Role.MARKETING, Role.ADMIN}),
    Permission.LOG_CALLS: frozenset({Role.INSIDE_SALES, Role.FIELD_SALES, Role.MANAGER, Role.ADMIN}),
    Permission.CLAIM: frozenset({Role.INSIDE_SALES, Role.MANAGER, Role.ADMIN}),
    Permission.BOOK_MEETINGS: frozenset({Role.INSIDE_SALES, Role.FIELD_SALES, Role.MANAGER, Role.ADMIN}),
    Permission.CLOSE_MEETINGS: frozenset({Role.INSIDE_SALES, Role.FIELD_SALES, Role.MANAGER, Role.ADMIN}),
    Permission.EDIT_TARGETS: frozenset({Role.MANAGER, Role.ADMIN}),
    Permission.EDIT_TEAM: frozenset({Role.MANAGER, Role.ADMIN}),
    Permission.EDIT_ZONE: frozenset({Role.ADMIN}),
    Permission.EDIT_PLAYBOOK: frozenset({Role.MANAGER, Role.ADMIN}),
    Permission.HANDLE_PERSONAL_DATA: frozenset({Role.ADMIN}),
}


def may(role: Role, permission: Permission) -> bool:
    """Whether a member of this role may do this."""
    return role in MATRIX[permission]


def require(role: Role, permission: Permission) -> None:
    """Raise `Refused(NOT_ALLOWED)` unless the role may do this."""
    if not may(role, permission):
        raise Refused(Code.NOT_ALLOWED, permission=permission.value)


def check_role_change(actor: Role, current: Role, target: Role) -> None:
    """Raise `Refused(NOT_ALLOWED)` unless `actor` may turn somebody's role from `current` into `target`.

    Only an admin makes or unmakes an admin: else every manager could become one.
    """
    require(actor, Permission.EDIT_TEAM)
    if Role.ADMIN in (current, target) and actor is not Role.ADMIN:
        raise Refused(Code.NOT_ALLOWED, permission=Permission.EDIT_TEAM.value)
