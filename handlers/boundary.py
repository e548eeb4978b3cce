"""Errors inside the listener, turned into a message a person can act on. Nothing typed is lost by it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError

from domain.errors import Code, Refused, Rejected
from domain.leads import Stage
from domain.members import Permission, Role, may, require
from domain.qualification.verdict import MAX_MONTHS
from handlers import trail
from handlers.blocks import section
from handlers.i18n import Markup, Translator
from handlers.interaction import Answer, Errors, Interaction, Kept, Reply
from handlers.messages import Rendered
from handlers.pacing import DEFAULT_AFTER, retry_after
from handlers.routes import Route
from handlers.terms import PERMISSIONS, STAGES
from handlers.trail import Outcome

log = logging.getLogger(__name__)


def sentence(t: Translator, refused: Refused) -> str:
    """Why a use case refused, and what to do."""
    detail = refused.detail
    match refused.code:
        case Code.NOT_ALLOWED:
            permission = Permission(str(detail["permission"]))
            # Only those are named who can help: for some things that is an admin alone.
            if may(Role.MANAGER, permission):
                return t(
                    "Your role may not {what}. Please ask a manager or an admin of your team.",
                    what=t(PERMISSIONS[permission]),
                )
            return t("Your role may not {what}. Please ask an admin of your team.", what=t(PERMISSIONS[permission]))
        case Code.NOT_FOUND:
            return t("This record no longer exists. Please search for it again with /lead find.")
        case Code.REQUIRED:
            return t("Please fill this in.")
        case Code.TOO_LONG:
            return t("At most {most} characters, please.", most=detail.get("most", ""))
        case Code.DATE_IN_PAST:
            return t("This date has passed. Please choose today or a later day.")
        case Code.DUPLICATE:
            return t("This already exists. Please choose the existing record.")
        case Code.STALE:
            return t(
                "Somebody else has changed this in the meantime. What you typed is still here: "
                "copy what you need, close this and open it again."
            )
        case Code.ALREADY_DONE:
            by = detail.get("by")
            if by:
                return t("{name} has already done this.", name=by)
            return t("This has already been done.")
        case Code.WRONG_STAGE:
            stage = detail.get("current")
            if stage:
                return t("Not possible while the lead is “{stage}”.", stage=t(STAGES[Stage(str(stage))]))
            return t("Not possible in the lead's present stage.")
        case Code.INCOMPLETE:
            return t("Something is still missing here.")
        case Code.NO_CHANNEL:
            return t("Please choose the field-sales channel.")
        case Code.DO_NOT_CALL:
            return t(
                "This person must not be called (do not call), so no call is logged. "
                "If that has changed, a manager can allow calls again on the lead's card."
            )
        case Code.DO_NOT_WRITE:
            return t(
                "This person is not to be written to (do not call, or no mails), so nothing is sent. "
                "If that has changed, a manager can allow it again on the lead's card."
            )
        case Code.TOO_LATE:
            return t("The time in which this could be undone has passed.")
        case Code.INVALID:
            return _invalid(t, refused.field, detail)


def _invalid(t: Translator, field: str | None, detail: Mapping[str, str | int]) -> str:
    if field in ("email", "guests"):
        return t("This is not an e-mail address. Example: name@example.co.jp")
    if field == "phone":
        return t("This is not a phone number. Example: 03-1234-5678")
    if field == "corporate_number":
        return t("This is not a corporate number: 13 digits, the first of them a check digit.")
    if field == "start_within_months":
        return t("A whole number from {least} to {most}, please.", least=1, most=MAX_MONTHS)
    if "least" in detail:
        return t("A whole number from {least} to {most}, please.", least=detail["least"], most=detail["most"])
    return t("Please check this entry.")


def anchor(view: Mapping[str, Any]) -> str | None:
    """The input under which an error of the whole form is shown: the last one, next to the button just pressed."""
    inputs = [block["block_id"] for block in view.get("blocks", []) if block.get("type") == "input"]
    return inputs[-1] if inputs else None


def _in_form(interaction: Interaction, by_field: Mapping[str | None, str]) -> Answer:
    inputs = {block["block_id"] for block in interaction.view.get("blocks", []) if block.get("type") == "input"}
    last = anchor(interaction.view)
    shown: dict[str, str] = {}
    for field, text in by_field.items():
        place = field if field in inputs else last
        if place is None:
            return Kept(warning(" ".join(by_field.values())))
        shown[place] = f"{shown[place]} {text}" if place in shown else text
    return Errors(shown)


def warning(text: str) -> Rendered:
    """A short message about something that did not work."""
    plain = Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return Rendered(text, [section(Markup(f":warning: {plain}"))])


def new_reference() -> str:
    """What a fault is logged under, and the person is told."""
    reference = secrets.token_hex(4).upper()
    trail.note(reference=reference)
    return reference


def crowded(t: Translator, *, submitting: bool) -> str:
    """What a person is told whose turn did not come."""
    if submitting:
        return t(
            "Too much is going on just now, so this was not finished. What you typed is still here: please try again "
            "in a few seconds."
        )
    return t(
        "Too much is going on just now, so this was not finished. Please look whether it was done, and otherwise try "
        "again in a few seconds."
    )


def fault(t: Translator, reference: str, *, submitting: bool) -> str:
    """What a person is told of a fault on our side."""
    if submitting:
        return t(
            "This did not work because of a fault on our side. Nothing was saved; what you typed is still here. "
            "Please try again, and tell your admin this reference if it happens again: {reference}",
            reference=reference,
        )
    return t(
        "This did not work because of a fault on our side. Please try again, "
        "and tell your admin this reference if it happens again: {reference}",
        reference=reference,
    )


def _busy_for(failed: Exception) -> int | None:
    """How many seconds Slack wants no such call; None where something else failed."""
    if not isinstance(failed, SlackApiError) or getattr(failed.response, "status_code", None) != 429:
        return None
    after = retry_after(getattr(failed.response, "headers", {}))
    return max(1, round(DEFAULT_AFTER if after is None else after))


async def answer(route: Route, interaction: Interaction, *, submitting: bool) -> Answer:
    """Run a handler. Refusals become sentences (on their fields, if a form was submitted); anything unexpected is
    logged under a reference that the person sees too.
    """
    t = interaction.t
    try:
        # The services ask again; asked here too, nobody fills in a form that would be refused in the end.
        require(interaction.actor.role, route.permission)
        answered = await route.handler(interaction)
        trail.ended(Outcome.REJECTED if isinstance(answered, Errors) else Outcome.OK)
        return answered
    except Rejected as rejected:
        trail.ended(Outcome.REJECTED)
        by_field: dict[str | None, str] = {r.field: sentence(t, r) for r in rejected.refusals}
    except Refused as refused:
        trail.ended(Outcome.REFUSED)
        by_field = {refused.field: sentence(t, refused)}
    except Exception as failed:
        seconds = _busy_for(failed)
        if seconds is not None:
            trail.ended(Outcome.REFUSED)
            log.warning("Slack had no room for what somebody waited for")
            by_field = {None: t("Slack is busy just now. Please try again in {seconds} seconds.", seconds=seconds)}
            return _in_form(interaction, by_field) if submitting else Reply(warning(by_field[None]))
        trail.ended(Outcome.FAULT)
        if interaction.deps.database.full(failed):
            # Said in a line: whoever has too much to do does not write books about it.
            log.warning("No connection to the database was free for somebody who waited")
            by_field = {None: crowded(t, submitting=submitting)}
            return _in_form(interaction, by_field) if submitting else Reply(warning(by_field[None]))
        reference = new_reference()
        log.exception("A handler failed (reference %s)", reference)
        by_field = {None: fault(t, reference, submitting=submitting)}
    if submitting:
        return _in_form(interaction, by_field)
    return Reply(warning(" ".join(by_field.values())))
