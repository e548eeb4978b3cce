"""What the settings say about mail and calendars."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bot.settings import Settings
from services.smtp import MailServer, Security


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def server(**values: Any) -> MailServer:
    found = settings(smtp_host="mail.example", mail_from="sales@kakehashi.example", **values).mail_server
    assert found is not None
    return found


def test_without_a_host_no_mail_is_sent() -> None:
    assert settings().mail_server is None


@pytest.mark.parametrize("sender", ["", "sales", "架け橋"])
def test_host_without_a_senders_address_is_refused_at_the_start(sender: str) -> None:
    with pytest.raises(ValidationError, match="MAIL_FROM"):
        settings(smtp_host="mail.example", mail_from=sender)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_each_security_has_its_usual_port(security: str, port: int) -> None:
    found = server(smtp_security=security)
    assert (found.port, found.security) == (port, Security(security))


def test_password_is_read_and_never_shown() -> None:
    given = settings(smtp_host="mail.example", mail_from="a@x.example", smtp_user="bot", smtp_password="hush")
    assert given.mail_server is not None
    assert given.mail_server.password == "hush"
    assert "hush" not in repr(given)
    assert "hush" not in repr(given.mail_server)


def test_app_at_a_provider_needs_both_its_id_and_its_secret() -> None:
    assert not settings(google_client_id="id").oauth.google.configured
    given = settings(google_client_id="id", google_client_secret="hush").oauth
    assert given.google.configured
    assert not given.microsoft.configured
    assert "hush" not in repr(given)
