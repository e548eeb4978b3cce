"""Companies and people."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.tables.base import Base, Grams, Key, OfTeam
from storage.tables.personal import Personal, personal


class Account(OfTeam, Base):
    """A company."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("team_id", "corporate_number"),
        Index("ix_accounts_team_name_key", "team_id", "name_key"),
        # Those that a row with a number may turn out to be: found without reading every company of that name.
        Index(
            "ix_accounts_unnumbered",
            "team_id",
            "name_key",
            postgresql_where=text("corporate_number IS NULL"),
            sqlite_where=text("corporate_number IS NULL"),
        ),
        Index("ix_accounts_grams", "grams", postgresql_using="gin").ddl_if(dialect="postgresql"),
    )

    # Without an index of its own: the unique constraint's begins with the team, and imports pay for each index.
    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"))
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    corporate_number: Mapped[str | None] = mapped_column(String(13))
    """法人番号, 13 digits."""
    name: Mapped[str] = mapped_column(Text)
    reading: Mapped[str] = mapped_column(Text, default="")
    """Katakana, as given."""
    name_en: Mapped[str] = mapped_column(Text, default="")
    industry: Mapped[str] = mapped_column(Text, default="")
    listed: Mapped[str] = mapped_column(Text, default="")
    capital_million_yen: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str] = mapped_column(Text, default="")
    employees: Mapped[int | None] = mapped_column(Integer)
    website: Mapped[str] = mapped_column(Text, default="")
    business: Mapped[str] = mapped_column(Text, default="")
    name_key: Mapped[str] = mapped_column(Text)
    """The name folded for comparison, without its corporate form: equal keys are probably one company."""
    search_text: Mapped[str] = mapped_column(Text)
    """What a search is checked against (domain/data/search.py)."""
    grams: Mapped[list[int] | None] = mapped_column(Grams)
    """PostgreSQL: the grams of `search_text` as numbers, under a GIN index: numbers take half the room of text and a
    third less time to add. SQLite keeps its grams as words in the full-text table `account_search`, whose row ids
    begin with team and length of the name (storage/account_search.py)."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Contact(OfTeam, Base):
    """A person at a company."""

    __tablename__ = "contacts"
    __table_args__ = (
        Index("ix_contacts_account", "account_id"),
        Index("ix_contacts_team_phone", "team_id", "phone"),
        Index("ix_contacts_team_email", "team_id", "email_key"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text, info=personal(Personal.NAME))
    reading: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.NAME))
    name_key: Mapped[str] = mapped_column(Text, info=personal(Personal.NAME))
    department: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.ROLE))
    title: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.ROLE))
    phone: Mapped[str] = mapped_column(String(32), default="", info=personal(Personal.CONTACT))
    """E.164, or as typed where no such number exists (extensions)."""
    email: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.CONTACT))
    email_key: Mapped[str] = mapped_column(Text, default="", info=personal(Personal.CONTACT))
    buying_role: Mapped[str] = mapped_column(String(32), default="unknown")
    do_not_call_at: Mapped[datetime | None]
    """Since when nobody may call this person: set together with the number's suppression."""
    opted_out_at: Mapped[datetime | None]
    """Since when nobody may write to this person: set together with the address's suppression."""
    erased_at: Mapped[datetime | None]
    """When what is known of this person was erased; what is left is a place that figures count."""
    created_at: Mapped[datetime]

    account: Mapped[Account] = relationship(lazy="raise")
