"""The words of call scripts: names of scenes and stages, and the plain script that is there before a team has written
one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from domain.outreach.scripts import Heading, Scene, Script, Stage, named
from handlers.i18n import Markup, Translator
from handlers.i18n import mark as _

SCENES: Final[Mapping[Scene, str]] = {
    Scene.FIRST_CALL: _("First call"),
    Scene.INBOUND: _("Inquiry"),
    Scene.EVENT: _("After an event"),
    Scene.FOLLOW_UP: _("Follow-up call"),
    Scene.RECYCLE: _("Calling again after a while"),
}
STAGES: Final[Mapping[Stage, str]] = {
    Stage.RECEPTION: _("Reception"),
    Stage.OPENING: _("Greeting"),
    Stage.PURPOSE: _("Reason for the call"),
    Stage.DISCOVERY: _("Questions"),
    Stage.VALUE: _("What we offer"),
    Stage.OBJECTION: _("Worries"),
    Stage.CLOSING: _("The next appointment"),
}
PURPOSES: Final[Mapping[Scene, str]] = {
    Scene.FIRST_CALL: _(
        "I am calling because companies in your line of business often tell us about “{pain}”. "
        "May I take two minutes of your time?"
    ),
    Scene.INBOUND: _(
        "Thank you very much for your inquiry. So that we can send you just what helps, I would like to ask a few "
        "questions about it. May I take two minutes of your time?"
    ),
    Scene.EVENT: _(
        "Thank you very much for visiting us at the event the other day. I would like to hear what caught your "
        "interest. May I take two minutes of your time?"
    ),
    Scene.FOLLOW_UP: _(
        "Thank you very much for your time the other day. I am calling about what you told me then, “{pain}”. "
        "May I take two minutes of your time?"
    ),
    Scene.RECYCLE: _(
        "Thank you very much for considering us some time ago. I am calling to hear whether anything has changed "
        "since about “{pain}”. May I take two minutes of your time?"
    ),
}
COMMON: Final[Mapping[Stage, str]] = {
    Stage.RECEPTION: _(
        "Hello, this is {me} of {us}. Could you please put me through to {contact}?\n"
        "(If asked what it is about) It is about the work of your department; I would like to ask {contact} directly.\n"
        "(If absent) Thank you. When would be a good time to call again?"
    ),
    Stage.OPENING: _("Hello {contact}, my name is {me}, from {us}. I am sorry to interrupt you at work."),
    Stage.DISCOVERY: _(
        "How do you deal with “{pain}” today?\n"
        "Since when has it been like that, and what does it cost you in time or money?\n"
        "What have you tried so far, and who else at {company} is concerned with it?\n"
        "If something were done about it, by when would that have to be?"
    ),
    Stage.VALUE: _(
        "Thank you, that helps me to understand. At a customer with the same worry we could ease the work: "
        "(give one case of your own, with its figures).\n"
        "I believe that the same could help {company}. What do you think?"
    ),
    Stage.OBJECTION: _(
        "I quite understand that you say so. May I ask what worries you most about it?\n"
        "(Listen to the end, sum it up, answer with one fact)\n"
        "Would that settle your worry, or is there anything else?"
    ),
    Stage.CLOSING: _(
        "Then I would like our specialist to show it to you in 30 minutes. Would next Tuesday at 10:00 or Thursday at "
        "14:00 suit you?\n"
        "Thank you. I will send the invitation by mail. Will anybody else of {company} take part?\n"
        "Thank you very much for your valuable time today."
    ),
}


def plain(t: Translator, scene: Scene) -> dict[Stage, str]:
    """The plain script of a scene in the translator's language, its gaps open."""
    said = {**COMMON, Stage.PURPOSE: PURPOSES[scene]}
    return {stage: named(t(said[stage]), t.language) for stage in Stage}


def plain_script(t: Translator, scene: Scene) -> Script:
    """The same as a script without a name of its own."""
    return Script(Heading(t("Plain script"), scene, t.language), plain(t, scene))


def described(t: Translator, heading: Heading) -> str:
    """新規架電 ・ 機械 ・ 部長."""
    parts = (t(SCENES[heading.scene]), heading.segment, heading.persona)
    return "　".join(part for part in parts if part)


def drafted_line(t: Translator, figures: Iterable[str]) -> Markup:
    """What is to be seen of a draft: that it is one, and figures that the model was not given."""
    line = t.md("Drafted by the model. Please read and correct it; nothing is saved or sent before you do so.")
    foreign = sorted(figures)
    if not foreign:
        return line
    warned = t.md(":warning: Figures that nobody gave it: {figures}. Please check them.", figures=t.listed(foreign))
    return Markup(f"{line}\n{warned}")
