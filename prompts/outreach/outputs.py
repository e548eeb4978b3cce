"""What the prompts around a call give. A person reads each of them before anything is done with it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class CallScript(BaseModel):
    """A script's seven stages, in the order of domain/outreach/scripts.py."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reception: str
    opening: str
    purpose: str
    discovery: str
    value: str
    objection: str
    closing: str


class AdaptedAnswer(BaseModel):
    """One of the team's own answers for one customer. `answer`: its number, from 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer: int
    text: str


class BriefLine(BaseModel):
    """What a call is about, in a sentence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    line: str


class FollowUpMail(BaseModel):
    """A mail after a call."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str
    text: str
