"""What is possible, said whenever somebody asks or mistypes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from handlers.blocks import context, divider, section
from handlers.i18n import Markup, Translator, escape
from handlers.messages import Rendered
from handlers.routes import Routes, Verb


def command_help(t: Translator, routes: Routes, command: str, verb: str) -> Rendered:
    """All verbs of a command; a verb that does not exist is named, with the nearest one that does."""
    verbs = routes.commands.get(command, {})
    blocks = []
    asked = verb.strip()
    if asked and asked.lower() not in {"help", "ヘルプ", "?", "？"}:
        near = difflib.get_close_matches(asked.lower(), verbs, n=1, cutoff=0.5)
        if near:
            found = t.md(
                "There is no `/{command} {verb}`. Did you mean `/{command} {near}`?",
                command=command,
                verb=asked,
                near=near[0],
            )
        else:
            found = t.md("There is no `/{command} {verb}`. This is possible:", command=command, verb=asked)
        blocks.append(section(Markup(f":grey_question: {found}")))
    lines = _verbs(t, command, verbs)
    blocks.append(section(Markup("\n".join(lines) or t("Nothing is possible with this command yet."))))
    return Rendered(t("What /{command} can do", command=command), blocks)


def _verbs(t: Translator, command: str, verbs: Mapping[str, Verb]) -> list[str]:
    return [f"• `/{command} {escape(t(verb.usage))}` – {escape(t(verb.summary))}" for verb in verbs.values()]


def welcome(t: Translator, routes: Routes) -> Rendered:
    """The answer to a mention or a message that says nothing we know."""
    blocks = [
        section(
            t.md(
                "*Hello, I am Kakehashi.* I help inside sales qualify leads and hand them to field sales. "
                "This is what I can do today:"
            )
        )
    ]
    for command, verbs in routes.commands.items():
        blocks.append(section(Markup("\n".join(_verbs(t, command, verbs)))))
    blocks += [
        divider(),
        context(
            t.md("Drop a CSV file with companies into our direct messages and I import it."),
            t.md("My Home tab shows your leads."),
        ),
    ]
    return Rendered(t("Hello, I am Kakehashi. Type /lead help to see what I can do."), blocks)
