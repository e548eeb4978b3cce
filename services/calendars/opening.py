"""The calendar of each kind."""

from __future__ import annotations

from collections.abc import Sequence

from domain.appointments import Problem
from services.calendars.caldav_calendar import CalDavCalendar
from services.calendars.calendar import Access, Calendar, Kind, Unusable
from services.calendars.google_calendar import GoogleCalendar
from services.calendars.microsoft_calendar import MicrosoftCalendar
from services.networks import Network
from services.oauth import OAuthApps


def open_calendar(access: Access, apps: OAuthApps, allowed: Sequence[Network] = ()) -> Calendar:
    """A calendar, ready to be asked; `allowed`: the private networks in which a CalDAV server may be. Raises Unusable
    where this installation is no app at its provider."""
    if access.kind is Kind.CALDAV:
        return CalDavCalendar(access, allowed)
    app = apps.google if access.kind is Kind.GOOGLE else apps.microsoft
    if not app.configured:
        raise Unusable(Problem.NOT_SET_UP)
    return GoogleCalendar(access, app) if access.kind is Kind.GOOGLE else MicrosoftCalendar(access, app)
