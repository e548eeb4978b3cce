"""What the doctor says of the language model, and of the engine that listens to recordings."""

from __future__ import annotations

import os
from typing import Final

from bot.doctor import SECONDS, Finding, State
from bot.settings import Settings
from domain.model import Outcome
from handlers.i18n import Translator
from prompts.llm import LanguageModel, ModelFailed
from services import listening
from services.listening_engine import DEFAULT, MODEL

OPENAI: Final = "api.openai.com"


async def recordings(t: Translator) -> list[Finding]:
    """Whether the engine that listens on this machine, where one is installed, has its model."""
    if not listening.local():
        return []
    part, name = t("Recordings"), os.environ.get(MODEL) or DEFAULT
    try:
        why = await listening.engine_fault()
    except TimeoutError:
        return [
            Finding(
                State.BAD,
                part,
                t(
                    "The engine on this machine has not loaded the model {name} within {n} seconds.",
                    name=name,
                    n=round(listening.CHECK_SECONDS),
                ),
                t("Check that the disk and the memory suffice for it, or name a smaller one in WHISPER_MODEL."),
            )
        ]
    if not why:
        return [Finding(State.GOOD, part, t("An engine on this machine listens, with the model {name}.", name=name))]
    return [
        Finding(
            State.BAD,
            part,
            t("The engine on this machine cannot load the model {name}: {why}", name=name, why=why),
            t(
                "Put the model into a folder here and name the folder in WHISPER_MODEL; or let this machine reach the "
                "network once, where the engine fetches it with the first recording."
            ),
        )
    ]


async def language_model(settings: Settings, t: Translator) -> list[Finding]:
    """Whether the server lets us in, has the models that are named, and what they cost is known."""
    part = t("Language model")
    chosen = settings.language_model
    if chosen is None:
        return [
            Finding(
                State.NOTE,
                part,
                t("None is set up: notes, drafts and answers are made without one."),
                t("Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own."),
            )
        ]
    server = chosen.base_url or OPENAI
    model = LanguageModel(chosen)
    try:
        known = set(await model.models(SECONDS))
    except ModelFailed as failed:
        if failed.outcome is Outcome.REJECTED:
            return [
                Finding(
                    State.BAD,
                    part,
                    t("{server} does not let us in.", server=server),
                    t("Check OPENAI_API_KEY and OPENAI_BASE_URL."),
                )
            ]
        return [
            Finding(
                State.BAD,
                part,
                t("{server} gives no answer: {reason}", server=server, reason=failed.outcome.value),
                t("Check OPENAI_BASE_URL, and this machine's network, proxy and name service."),
            )
        ]
    finally:
        await model.close()
    named = list(dict.fromkeys([chosen.standard, chosen.small, chosen.embedding, chosen.transcription]))
    absent = [name for name in named if name not in known]
    if absent:
        return [
            Finding(
                State.NOTE,
                part,
                t("{server} does not list these models: {models}", server=server, models=", ".join(absent)),
                t("Name some that it has in OPENAI_MODEL, OPENAI_MODEL_SMALL, _EMBEDDING and _TRANSCRIPTION."),
            )
        ]
    unpriced = [name for name in named if name not in chosen.prices]
    if unpriced:
        return [
            Finding(
                State.NOTE,
                part,
                t(
                    "{server} is ready. What these models cost is not known: {models}",
                    server=server,
                    models=", ".join(unpriced),
                ),
                t("Set OPENAI_PRICES: without, they count as dear, and budgets are used up sooner."),
            )
        ]
    return [Finding(State.GOOD, part, t("{server} is ready: {models}", server=server, models=", ".join(named)))]
