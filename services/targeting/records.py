"""Companies as frozen values: what leaves the services of this wing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.leads import AccountRow


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What is known about a company; "" and None where nothing is."""

    account_id: int
    name: str
    reading: str
    name_en: str
    corporate_number: str | None
    industry: str
    listed: str
    capital_million_yen: int | None
    address: str
    employees: int | None
    website: str
    business: str
    updated_at: datetime | None = None


def account_facts(row: AccountRow) -> AccountFacts:
    """A company from its row."""
    return AccountFacts(*row)
