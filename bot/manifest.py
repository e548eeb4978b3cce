"""The Slack app manifest, made from the route tables: exactly what is used, no more."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from handlers.i18n import DEFAULT, translator
from handlers.i18n import mark as _
from handlers.installation.pages import redirect_url
from handlers.routes import Routes

SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "im:history",
    "im:write",
    "users:read",
    "users:read.email",
)
"""Each is asked for by a call we make: posting and finding posts again (chat, *:history, im:write), files dropped for
import and the CSV of rejected rows, names, languages and addresses of members (users). Selects of channels and people
need none: Slack fills them."""

COMMANDS = {
    "lead": _("Leads: find, add, qualify, hand off"),
    "call": _("Calls: whom to call next, log the result"),
    "inbound": _("Inquiries: who answers, how fast, which forms"),
    "meeting": _("Meetings: book, list, connect the calendar"),
    "kpi": _("KPIs: today, week, month, targets, digests"),
    "playbook": _("The playbook: call scripts, objections and answers"),
    "team": _("The team: hours, days off, leave, mail"),
    "data": _("Data: what is held about a customer"),
}
"""What Slack says of each command while one types it."""

LEAVERS = "user_change"
"""The event that tells of an account that was switched off: no route's, for nobody acts."""

REMOVALS = ("app_uninstalled", "tokens_revoked")
"""The events that tell that a workspace has removed the app or taken its token back."""

EVENTS = {"message": "message.im"}
"""Events whose name in a manifest differs from the type they arrive with."""


def manifest(
    routes: Routes, language: str = DEFAULT, request_url: str | None = None, public_url: str | None = None
) -> dict[str, Any]:
    """The manifest of a Socket Mode app, or with `request_url` of one that is reached there over HTTP, with
    descriptions in one language. With `public_url` (PUBLIC_URL) it is an app that workspaces install there."""
    if public_url is not None:
        public_url = f"{public_url.removesuffix('/')}/"
        request_url = request_url or urljoin(public_url, "slack/events")
    redirects = {} if public_url is None else {"redirect_urls": [redirect_url(public_url)]}
    address = {} if request_url is None else {"request_url": request_url}
    options = {} if request_url is None else {"message_menu_options_url": request_url}
    t = translator(language)
    commands = []
    events = [*(EVENTS.get(kind, kind) for kind in routes.events), LEAVERS]
    if public_url is not None:
        events += REMOVALS
    for command, verbs in routes.commands.items():
        commands.append(
            {
                "command": f"/{command}",
                "description": t(COMMANDS[command])
                if command in COMMANDS
                else t("What /{command} can do", command=command),
                "usage_hint": " | ".join(verbs),
                "should_escape": False,
                **({} if request_url is None else {"url": request_url}),
            }
        )
    shortcuts = [
        {"name": t(name), "type": kind, "callback_id": callback_id, "description": t(name)}
        for callback_id, (_, name, kind) in routes.shortcuts.items()
    ]
    return {
        "display_information": {
            "name": "Kakehashi",
            "description": t("The inside-sales assistant that lives in Slack"),
            "background_color": "#1f3a5f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "assistant_view": {
                "assistant_description": t("Ask about calls, leads, meetings and figures, in your own words"),
            },
            "bot_user": {"display_name": "Kakehashi", "always_online": True},
            "slash_commands": commands,
            **({"shortcuts": shortcuts} if shortcuts else {}),
        },
        "oauth_config": {**redirects, "scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": {
                **address,
                "bot_events": sorted(events),
            },
            "interactivity": {"is_enabled": True, **address, **options},
            "org_deploy_enabled": False,
            "socket_mode_enabled": request_url is None,
            "token_rotation_enabled": public_url is not None,
        },
    }
