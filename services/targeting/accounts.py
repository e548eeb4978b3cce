"""Companies: found, seen and added (work item 1-3)."""

from __future__ import annotations

from dataclasses import dataclass, fields

from domain.data.search import parse
from domain.errors import Code, Refused, Rejected
from domain.members import Permission, require
from services.data.quality import account_keys
from services.deps import Actor, Deps
from services.targeting.records import AccountFacts
from storage import account_search, accounts
from storage.members import audit

MAX_NAME = 200
MAX_ADDRESS = 500
MAX_WEBSITE = 500


@dataclass(frozen=True, slots=True)
class AccountFound:
    """A company in a list."""

    account_id: int
    name: str
    reading: str
    industry: str
    address: str
    corporate_number: str | None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A company as typed."""

    name: str
    corporate_number: str = ""
    reading: str = ""
    industry: str = ""
    address: str = ""
    website: str = ""
    name_en: str = ""


class AccountExists(Refused):
    """The company is probably there already: `accounts`, the one with the same number first."""

    def __init__(self, found: tuple[AccountFound, ...], field: str) -> None:
        super().__init__(Code.DUPLICATE, field)
        self.accounts = found


async def find(deps: Deps, actor: Actor, text: str, limit: int = 20) -> list[AccountFound]:
    """Companies of which a name, reading, number or website holds what was typed; best first.

    Raises `Refused(NOT_ALLOWED)`.
    """
    require(actor.role, Permission.READ)
    query = parse(text)
    if query is None or limit < 1:
        return []
    async with deps.reading(actor.team_id) as session:
        return [AccountFound(*row) for row in await account_search.search(session, query, limit)]


async def get(deps: Deps, actor: Actor, account_id: int) -> AccountFacts:
    """One company. Raises `Refused(NOT_ALLOWED | NOT_FOUND)`."""
    require(actor.role, Permission.READ)
    async with deps.reading(actor.team_id) as session:
        account = await accounts.get(session, account_id)
    if account is None:
        raise Refused(Code.NOT_FOUND, "account_id")
    names = [field.name for field in fields(AccountFacts) if field.name != "account_id"]
    return AccountFacts(account.id, **{name: getattr(account, name) for name in names})


async def create(deps: Deps, actor: Actor, new: NewAccount, *, despite_duplicates: bool = False) -> int:
    """Add a company; its id.

    Raises `Rejected` with every field that is wrong; `AccountExists` when a company has the same corporate number,
    or when one has the same name and `despite_duplicates` is False; `Refused(NOT_ALLOWED)`.
    """
    require(actor.role, Permission.EDIT_LEADS)
    tidy = NewAccount(**{f.name: _tidy(getattr(new, f.name)) for f in fields(NewAccount)})
    keys = account_keys(
        tidy.name,
        corporate_number=tidy.corporate_number,
        reading=tidy.reading,
        name_en=tidy.name_en,
        website=tidy.website,
    )
    refusals = _too_long(tidy)
    if not keys.name_key:
        refusals.append(Refused(Code.INVALID if tidy.name else Code.REQUIRED, "name"))
    if tidy.corporate_number and keys.corporate_number is None:
        refusals.append(Refused(Code.INVALID, "corporate_number"))
    if refusals:
        raise Rejected(*refusals)
    now = deps.now()
    async with deps.writing(actor.team_id) as session:
        await accounts.lock(session)
        there = await accounts.alike(session, keys.name_key, keys.corporate_number)
        same_number = keys.corporate_number is not None and any(
            row.corporate_number == keys.corporate_number for row in there
        )
        if there and (same_number or not despite_duplicates):
            # A number belongs to one company, so not even a person can say that these are two.
            found = tuple(AccountFound(*row) for row in there)
            raise AccountExists(found, "corporate_number" if same_number else "name")
        account_id = await accounts.insert(
            session,
            name=tidy.name,
            name_key=keys.name_key,
            search_text=keys.search_text,
            corporate_number=keys.corporate_number,
            reading=tidy.reading,
            name_en=tidy.name_en,
            industry=tidy.industry,
            address=tidy.address,
            website=tidy.website,
            now=now,
        )
        await audit(session, actor.member_id, "account.create", f"accounts:{account_id}", {"name": tidy.name}, now)
    return account_id


def _tidy(typed: str) -> str:
    # PostgreSQL keeps no NUL.
    return " ".join(typed.replace("\0", "").split())


def _too_long(new: NewAccount) -> list[Refused]:
    most = {"address": MAX_ADDRESS, "website": MAX_WEBSITE, "corporate_number": 40}
    return [
        Refused(Code.TOO_LONG, field.name, most=most.get(field.name, MAX_NAME))
        for field in fields(NewAccount)
        if len(getattr(new, field.name)) > most.get(field.name, MAX_NAME)
    ]
