"""Where calendars of Google and Microsoft are asked, and as which app."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """This installation as an app at one provider. The addresses are another's only in tests and national clouds."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    authorise_url: str = ""
    """Where a person agrees."""
    token_url: str = ""
    api_url: str = ""
    """Ends without "/"."""
    authorities: str | None = None
    """A file with the certificates of authorities that its servers are checked against; None: the system's."""

    @property
    def configured(self) -> bool:
        """Whether an admin has set it up."""
        return bool(self.client_id and self.client_secret)


GOOGLE = OAuthApp(
    authorise_url="https://accounts.google.com/o/oauth2/v2/auth",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
    api_url="https://www.googleapis.com",
)
MICROSOFT = OAuthApp(
    authorise_url="https://login.microsoftonline.com/common",
    token_url="https://login.microsoftonline.com/common",  # noqa: S106 - an address; msal finds the rest by itself
    api_url="https://graph.microsoft.com/v1.0",
)


@dataclass(frozen=True, slots=True)
class OAuthApps:
    """The apps of this installation."""

    google: OAuthApp = GOOGLE
    microsoft: OAuthApp = MICROSOFT
