"""What the law asks of a letter, and why one is not sent (glossary, "Law")."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SENDER = "sender"
"""The kind of the team's rules that say who writes."""


class Audience(StrEnum):
    """Whom a letter is for."""

    CUSTOMER = "customer"
    """We write first: it carries the sender's details and an opt-out, and never goes to somebody who opted out."""
    ANSWER = "answer"
    """It answers what the person just did, such as choosing a time; so it goes to everybody, with the same footer."""
    MEMBER = "member"
    """One of our own team: no footer."""


class Trouble(StrEnum):
    """Why a letter was not sent, where it was not the mail server that refused it."""

    OFF = "off"
    """No mail server is set up."""
    OPTED_OUT = "opted_out"
    NO_SENDER = "no_sender"
    """The team has not said who writes, which the law wants in each letter to customers."""
    EXPIRED = "expired"
    ADDRESS = "address"
    """It is not an address that mail can be sent to."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes, as the footer of each letter to customers says."""

    company: str = ""
    address: str = ""
    contact: str = ""
    """Where questions are answered: a mail address or a telephone number."""

    @property
    def complete(self) -> bool:
        """Whether nothing is missing that the law wants."""
        return bool(self.company and self.address and self.contact)


def needs_footer(audience: Audience) -> bool:
    """Whether a letter carries the sender's details and the opt-out."""
    return audience is not Audience.MEMBER


def refused(audience: Audience, *, opted_out: bool, sender: Sender) -> Trouble | None:
    """Why a letter must not be sent; None where it may."""
    if audience is not Audience.CUSTOMER:
        return None
    if opted_out:
        return Trouble.OPTED_OUT
    return None if sender.complete else Trouble.NO_SENDER
