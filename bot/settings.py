"""Every setting of a process, read once from the environment and `.env`."""

from __future__ import annotations

import hashlib
import os
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.logs import LogFormat
from domain.model import prices
from prompts.llm import ModelSettings
from services.keys import Keys
from services.networks import networks
from services.oauth import GOOGLE, MICROSOFT, OAuthApp, OAuthApps
from services.smtp import MailServer, NoAddress, Security, address
from storage.connections import LEAST, Shares, shares
from storage.database import normalise_url

DEMO_DATABASE = Path("data/local/demo.db")
"""The demonstration's own database, made anew by each `make run`."""


USUAL_PORTS: Final = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


class ProcessRole(StrEnum):
    """What a process does for the installation. By default each process does everything."""

    EDGE = "edge"
    """Slack and customers' browsers reach it; it answers what people do."""
    WORKER = "worker"
    """It works on the queues: messages, longer work, the clock's work of a day."""
    CLOCK = "clock"
    """It enqueues what is due."""


ALL_ROLES: Final = frozenset(ProcessRole)


class Settings(BaseSettings):
    """Frozen after start; each field's environment variable is its name in capitals."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    slack_bot_token: SecretStr | None = Field(None, description="xoxb-…, from OAuth & Permissions")
    slack_app_token: SecretStr | None = Field(None, description="xapp-…, with the scope connections:write")
    slack_signing_secret: SecretStr | None = Field(None, description="Basic Information; for HTTP")
    slack_client_id: str = Field("", description="Basic Information; for an app that workspaces install themselves")
    slack_client_secret: SecretStr | None = Field(None, description="Basic Information")
    slack_api_url: str = Field("https://slack.com/api/", description="Another server that speaks Slack's Web API")
    # With their passwords: shown nowhere.
    database_url: str = Field("sqlite:///data/local/kakehashi.db", description="SQLite or PostgreSQL", repr=False)
    database_owner_url: str = Field(
        "", description="The same database for its owner, who migrates; empty: as above", repr=False
    )
    database_connections: Annotated[int, Field(ge=LEAST)] = 22
    """PostgreSQL: how many connections this process opens at the most, for everything it does. Four processes then fit
    into the 100 that PostgreSQL takes by default, and leave some for a backup and for whoever looks."""
    database_wait_seconds: Annotated[float, Field(gt=0)] = 2.0
    """How long what somebody waits for is given until one of them is free: Slack waits three seconds for us."""
    roles: Annotated[frozenset[ProcessRole], NoDecode] = Field(
        ALL_ROLES, description="Which of edge, worker and clock this process is; empty: all"
    )
    web_host: str = Field("127.0.0.1", description="Where the bot listens when Slack reaches it over HTTP")
    web_port: Annotated[int, Field(ge=0, le=65535)] = 3000
    public_url: str = Field("", description="Where customers reach the pages: https://…; empty: here")
    secret_key: SecretStr | None = Field(None, description="Signs links and encrypts what others entrusted to us")
    smtp_host: str = Field("", description="The mail server; empty: no mail is sent")
    smtp_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """0: the usual one: 587 for starttls, 465 for tls, 25 for none."""
    smtp_user: str = ""
    smtp_password: SecretStr | None = None
    smtp_security: Security = Security.STARTTLS
    smtp_authorities: str = Field("", description="File with the authorities that the server's certificate comes from")
    mail_from: str = Field("", description="The address that letters come from")
    mail_retry_seconds: Annotated[float, Field(gt=0)] = 15.0
    """The first pause before a letter that the server did not take is tried again; each is twice the one before."""
    mail_shown: bool = False
    """Without a mail server: letters are shown in Slack instead of being sent. For demonstrations."""
    google_client_id: str = ""
    google_client_secret: SecretStr | None = None
    google_authorise_url: str = GOOGLE.authorise_url
    google_token_url: str = GOOGLE.token_url
    google_api_url: str = GOOGLE.api_url
    microsoft_client_id: str = ""
    microsoft_client_secret: SecretStr | None = None
    microsoft_authority_url: str = MICROSOFT.authorise_url
    microsoft_api_url: str = MICROSOFT.api_url
    caldav_private_networks: str = Field(
        "", description="Private networks in which members' CalDAV servers may be: 10.1.0.0/16, fd00:1::/64"
    )
    """None by default: whoever may type an address could reach, through the bot, what only its own network can."""
    openai_api_key: SecretStr | None = Field(None, description="Of the language model; empty and no base URL: none")
    openai_base_url: str = Field("", description="Another server that speaks OpenAI's protocol; empty: OpenAI's")
    openai_model: str = Field("gpt-5.1", description="What answers most prompts")
    openai_model_small: str = Field("gpt-5-mini", description="What answers easy ones, sooner and for less")
    openai_model_embedding: str = Field("text-embedding-3-small", description="What texts are compared with")
    openai_model_transcription: str = Field("gpt-4o-transcribe-diarize", description="What writes recordings down")
    openai_prices: str = Field(
        "", description="Yen for a million tokens, read/written: model=200/1600; for a minute of sound: model=1/min"
    )
    """A model that is not named counts as dear (domain/model.py: DEAR), so that teams' budgets hold all the same."""
    openai_concurrency: Annotated[int, Field(ge=1)] = 8
    """Questions that this process has under way at once."""
    openai_attempt_seconds: Annotated[float, Field(gt=0)] = 60.0
    openai_deadline_seconds: Annotated[float, Field(gt=0)] = 120.0
    openai_recording_seconds: Annotated[float, Field(gt=0)] = 600.0
    openai_retry_seconds: Annotated[float, Field(ge=0)] = 1.0
    """The most that the first pause takes before a question is asked again; each may be twice the one before."""
    log_level: Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = "INFO"
    log_format: LogFormat | None = None
    """None: text on a terminal, else JSON."""
    metrics_token: SecretStr | None = Field(None, description="Whoever brings it may read /metrics; empty: nobody")
    otel_exporter_otlp_endpoint: str = Field("", description="The collector of traces, over HTTP; empty: no traces")
    otel_exporter_otlp_headers: SecretStr | None = Field(None, description="What it asks for: name=value,name=value")
    delivery_limit: Annotated[int, Field(ge=1)] = 5
    """Messages a channel may receive within `delivery_seconds`: half of what Slack allows (one a second)."""
    delivery_seconds: Annotated[float, Field(gt=0)] = 10.0
    timed_limit: Annotated[int, Field(ge=1)] = 20
    """Messages of the clock (reminders, and a morning's to everybody) that a workspace may receive within
    `timed_seconds`: less than `BUDGETS` of handlers/delivery.py allow, so that whoever clicks finds room."""
    timed_seconds: Annotated[float, Field(gt=0)] = 5.0
    delivery_settle_seconds: Annotated[float, Field(ge=0)] = 5.0
    """How long a message that may have been posted already is given to appear, before it is looked for."""
    queue_poll_seconds: Annotated[float, Field(gt=0)] = 0.2
    recover_seconds: Annotated[float, Field(gt=0)] = 15.0
    """How often we look for work that a dead process left; it is taken over at the second look."""

    @field_validator(
        "slack_bot_token",
        "slack_app_token",
        "slack_signing_secret",
        "slack_client_secret",
        "secret_key",
        "metrics_token",
        "otel_exporter_otlp_headers",
        "smtp_password",
        "google_client_secret",
        "microsoft_client_secret",
        "openai_api_key",
    )
    @classmethod
    def _set(cls, secret: SecretStr | None) -> SecretStr | None:
        # A line left empty in .env is a setting not made; an empty secret would sign for everybody.
        return secret if secret is not None and secret.get_secret_value().strip() else None

    @field_validator("roles", mode="before")
    @classmethod
    def _several(cls, named: object) -> object:
        if isinstance(named, str):
            named = [name.strip().lower() for name in named.split(",") if name.strip()]
        return named or ALL_ROLES

    @field_validator("log_format", mode="before")
    @classmethod
    def _chosen(cls, form: object) -> object:
        return form or None

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if url:
            normalise_url(url)
        return url

    @field_validator("caldav_private_networks")
    @classmethod
    def _known_networks(cls, named: str) -> str:
        networks(named)
        return named

    @field_validator("openai_prices")
    @classmethod
    def _known_prices(cls, named: str) -> str:
        prices(named)
        return named

    @field_validator("openai_base_url")
    @classmethod
    def _over_http(cls, url: str) -> str:
        url = url.strip()
        if url and urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("OPENAI_BASE_URL is to begin with https:// (or http:// for a server of your own).")
        return url

    @field_validator("slack_api_url", "public_url", "otel_exporter_otlp_endpoint")
    @classmethod
    def _ends_with_slash(cls, url: str) -> str:
        return url if not url or url.endswith("/") else f"{url}/"

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Self:
        if self.smtp_host:
            try:
                address(self.mail_from)
            except NoAddress as missing:
                raise ValueError(
                    "MAIL_FROM is to be the address that letters come from when SMTP_HOST is set."
                ) from missing
        return self

    @property
    def mail_server(self) -> MailServer | None:
        """Where letters go; None: no mail is sent."""
        if not self.smtp_host:
            return None
        return MailServer(
            host=self.smtp_host,
            port=self.smtp_port or USUAL_PORTS[self.smtp_security],
            sender=address(self.mail_from),
            user=self.smtp_user,
            password=_plain(self.smtp_password),
            security=self.smtp_security,
            retry_seconds=self.mail_retry_seconds,
            authorities=self.smtp_authorities or None,
        )

    @property
    def language_model(self) -> ModelSettings | None:
        """Where the language model is; None: there is none."""
        if self.openai_api_key is None and not self.openai_base_url:
            return None
        return ModelSettings(
            standard=self.openai_model,
            small=self.openai_model_small,
            embedding=self.openai_model_embedding,
            transcription=self.openai_model_transcription,
            api_key=_plain(self.openai_api_key),
            base_url=self.openai_base_url,
            prices=prices(self.openai_prices),
            concurrency=self.openai_concurrency,
            attempt_seconds=self.openai_attempt_seconds,
            deadline_seconds=self.openai_deadline_seconds,
            recording_seconds=self.openai_recording_seconds,
            retry_seconds=self.openai_retry_seconds,
        )

    @property
    def oauth(self) -> OAuthApps:
        """This installation as an app at Google and Microsoft."""
        return OAuthApps(
            google=OAuthApp(
                self.google_client_id,
                _plain(self.google_client_secret),
                self.google_authorise_url,
                self.google_token_url,
                self.google_api_url.rstrip("/"),
            ),
            microsoft=OAuthApp(
                self.microsoft_client_id,
                _plain(self.microsoft_client_secret),
                self.microsoft_authority_url,
                self.microsoft_authority_url,
                self.microsoft_api_url.rstrip("/"),
            ),
        )

    @property
    def shares(self) -> Shares:
        """How this process divides its connections to PostgreSQL."""
        return shares(
            self.database_connections, edge=ProcessRole.EDGE in self.roles, worker=ProcessRole.WORKER in self.roles
        )

    @property
    def many_workspaces(self) -> bool:
        """Whether workspaces install the app themselves. A bot token is the one of the only workspace there is."""
        return self.slack_bot_token is None and bool(self.slack_client_id or self.slack_client_secret)

    @property
    def over_http(self) -> bool:
        """Whether Slack is to reach the bot over HTTP: there is a signing secret, which nothing else needs; or there
        are many workspaces."""
        return self.slack_signing_secret is not None or self.many_workspaces

    def prepare_folder(self) -> None:
        """Make the folder of a SQLite file."""
        parsed = normalise_url(self.database_url)
        if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)

    def keys(self) -> Keys:
        """The installation's key: SECRET_KEY, or one made at the first start and kept beside the SQLite file.

        Raises ValueError on PostgreSQL without SECRET_KEY: several processes must share it.
        """
        if self.secret_key is not None:
            return Keys(hashlib.sha256(self.secret_key.get_secret_value().encode()).digest())
        parsed = normalise_url(self.database_url)
        if parsed.get_backend_name() != "sqlite":
            raise ValueError(
                "SECRET_KEY is not set. Make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
            )
        if not parsed.database or parsed.database == ":memory:":
            return Keys()
        return Keys(_kept(Path(f"{parsed.database}.key")))


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


def _kept(path: Path) -> bytes:
    """The key in a file that only its owner may read; made when it is not there."""
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(made, "wb") as file:
        file.write(secrets.token_bytes(32))
    return path.read_bytes()
