"""What the assistant says of itself: its greeting, what can be asked, and that it did not understand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from slack_sdk.models.blocks import Block

from domain.assistant import understand
from domain.members import Role, may
from handlers.blocks import context, section
from handlers.i18n import Markup, Translator, escape
from handlers.i18n import mark as _
from handlers.messages import Rendered
from handlers.routes import Routes

PROMPTS: Final[Mapping[Role, Sequence[str]]] = {
    Role.INSIDE_SALES: (
        _("Today's call list"),
        _("Promised calls"),
        _("Inquiries nobody has answered"),
        _("This week's connect rate"),
    ),
    Role.FIELD_SALES: (
        _("Today's meetings"),
        _("Handoffs waiting for an answer"),
        _("Free slots next week"),
        _("This month's landing"),
    ),
    Role.MANAGER: (
        _("This month's landing"),
        _("Why did the connect rate change last week?"),
        _("Who set the most meetings this month?"),
        _("Inquiries nobody has answered"),
    ),
    Role.MARKETING: (
        _("Inquiries nobody has answered"),
        _("How fast are inquiries answered?"),
        _("This month's new leads by source"),
        _("This month's figures"),
    ),
    Role.CUSTOMER_SUCCESS: (
        _("Today's meetings"),
        _("Handoffs waiting for an answer"),
        _("This month's figures"),
        _("What can you do?"),
    ),
    Role.ADMIN: (
        _("This month's landing"),
        _("This week's figures"),
        _("Inquiries nobody has answered"),
        _("What can you do?"),
    ),
}
"""What a thread in the pane begins with, by role: each is a request that is understood in both languages."""

EXAMPLES: Final[Sequence[tuple[str, Sequence[str]]]] = (
    (
        _("Calls"),
        (
            _("Today's call list"),
            _("Whom should I call next?"),
            _("Promised calls"),
            _("Call Mr. Yamada tomorrow at 10:00"),
            _("Log a call with Mr. Yamada: no answer"),
        ),
    ),
    (
        _("Leads"),
        (
            _("What is the status of Aoba Seiki?"),
            _("Leads without a next step"),
            _("Inquiries nobody has answered"),
            _("Handoffs waiting for an answer"),
            _("Returned handoffs"),
        ),
    ),
    (
        _("Meetings"),
        (
            _("Today's meetings"),
            _("Free slots next week"),
            _("Book a meeting with Mr. Yamada next Tuesday at 14:00"),
        ),
    ),
    (
        _("Figures"),
        (
            _("Last week's connect rate"),
            _("Why did the connect rate change last week?"),
            _("This month's landing"),
            _("Who set the most meetings this month?"),
        ),
    ),
)

OFFERED: Final = frozenset(
    [prompt for prompts in PROMPTS.values() for prompt in prompts] + [each for _, some in EXAMPLES for each in some]
)
"""All that we offer to be asked."""


def greeting(t: Translator, name: str) -> Markup:
    """The first words in a new thread."""
    return t.md(
        "Hello {name}! Ask me about calls, leads, meetings and figures, or tell me what to book or log. "
        "Before I change anything, I show it to you.",
        name=name,
    )


def help_message(t: Translator, role: Role, routes: Routes) -> Rendered:
    """What can be asked, by subject, with what this member's role may not do left out."""
    title = t("What I can do")
    blocks: list[Block] = [section(Markup(f"*{escape(title)}*\n{escape(t('Just write it, in your own words:'))}"))]
    for subject, examples in EXAMPLES:
        possible = [example for example in examples if _allowed(example, role, routes)]
        if possible:
            lines = "\n".join(f"• {escape(t(example))}" for example in possible)
            blocks.append(section(Markup(f"*{escape(t(subject))}*\n{lines}")))
    blocks.append(
        context(
            t.md("Drop a CSV file with companies into our direct messages and I import it."),
            t.md("All commands: `/lead help`"),
        )
    )
    return Rendered(title, blocks)


def _allowed(example: str, role: Role, routes: Routes) -> bool:
    request = understand(example)
    return request is None or may(role, routes.tools[request.tool].permission)


def unknown(t: Translator, role: Role) -> Rendered:
    """That it was not understood, with what this member asks for most."""
    text = t.md("I did not understand that, and no lead is called so. For example, ask me:")
    lines = "\n".join(f"• {escape(t(prompt))}" for prompt in PROMPTS[role])
    more = context(t.md("“Help” shows everything I can do."))
    return Rendered(text, [section(Markup(f"{text}\n{lines}")), more])
