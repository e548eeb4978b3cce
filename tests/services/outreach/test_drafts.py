"""What the model drafts around a call, what is not believed of it, and the mail that a person sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from bot.settings import Settings
from domain.errors import Code, Refused, Rejected
from domain.mail import Sender
from domain.model import Reason, Sharing, Unavailable
from domain.outreach.calls import CallResult, Connection, Outcome, Party
from domain.outreach.follow_ups import Occasion
from domain.outreach.objections import Objection
from domain.outreach.scripts import Heading, Scene, Stage
from prompts.llm import LanguageModel
from services import mail, model
from services.deps import Deps
from services.outreach import calls, drafts, follow_ups, objections, suppressions
from storage.tables import Mail
from tests.servers.model import Json, ModelServer
from tests.services.office import Office

SPOKE = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.INTERESTED, "月末の入力に3日かかる")
# What is asked and believed is the same on both databases; whom nobody writes to is tried on both.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OWN = "今かかっている入力の時間を金額にした資料をお渡しします。来期の予算取りにお役立てください。"


@pytest.fixture
async def asking(deps: Deps, model_server: ModelServer, office: Office) -> AsyncIterator[Deps]:
    settings = Settings(_env_file=None, **model_server.settings)
    assert settings.language_model is not None
    configured = LanguageModel(settings.language_model)
    opened = replace(deps, model=configured, public_url="https://bot.example/")
    await model.set_rules(opened, office.mori, Sharing.MASKED, 1000, recordings=False)
    await mail.set_sender(opened, office.boss, Sender("株式会社ほしみ", "東京都", "info@hoshimi.example"))
    yield opened
    await configured.close()


async def lead_spoken_to(office: Office, deps: Deps, **values: Any) -> int:
    lead_id = await office.lead("青葉 一郎", email="aoba@customer.example", **values)
    await calls.log(deps, office.sato, lead_id, SPOKE)
    return lead_id


@on_sqlite
async def test_adapted_answer_rests_on_the_teams_own_or_is_not_shown(
    asking: Deps, office: Office, model_server: ModelServer
) -> None:
    lead_id = await lead_spoken_to(office, asking)
    number = await objections.add(asking, office.mori, Objection("予算がない", ("別の返し方です。", OWN)))
    good = "青葉様、入力にかかっている3日の時間を金額にした資料をお渡しします。来期の予算取りにお役立てください。"
    # The team masks: the server sees no name, and the answer has it all the same.
    model_server.answer = lambda asked: Json({"answer": 2, "text": good.replace("青葉", name_in(asked.input))})
    adapted = await drafts.answer(asking, office.sato, lead_id, number)
    assert (adapted.source, adapted.text) == (OWN, good.replace("青葉", "青葉 一郎"))
    assert "青葉" not in model_server.requests[-1].input
    for wrong in (
        {"answer": 3, "text": good},
        {"answer": 1, "text": good},
        {"answer": 2, "text": "まったく新しい割引をご用意いたします。"},
        {"answer": 2, "text": f"{OWN}50 %お安くなります。"},
        {"answer": 2, "text": " "},
    ):
        model_server.answer = lambda _asked, given=wrong: Json(given)  # type: ignore[misc]
        with pytest.raises(Unavailable) as unavailable:
            await drafts.answer(asking, office.sato, lead_id, number)
        assert unavailable.value.reason is Reason.FAILED


def name_in(shown: str) -> str:
    """The placeholder of the person's name, as it stands in the question."""
    return shown.partition('"person": "')[2].partition('"')[0]


@on_sqlite
async def test_line_of_the_brief_has_no_figure_that_the_records_do_not_have(
    asking: Deps, office: Office, model_server: ModelServer
) -> None:
    lead_id = await lead_spoken_to(office, asking)
    model_server.enqueue(
        Json({"line": "月末の入力に3日かかる件の続きです。"}), Json({"line": "入力に5日かかる件です。"})
    )
    assert await drafts.line(asking, office.sato, lead_id) == "月末の入力に3日かかる件の続きです。"
    assert "月末の入力" in model_server.requests[-1].input
    assert "月末の入力" not in model_server.requests[-1].instructions
    with pytest.raises(Unavailable):
        await drafts.line(asking, office.sato, lead_id)


@on_sqlite
async def test_draft_of_a_script_has_seven_stages_and_names_figures_nobody_gave(
    asking: Deps, office: Office, model_server: ModelServer
) -> None:
    heading = Heading("新規", Scene.FIRST_CALL)
    stages = {stage.value: "少々よろしいでしょうか。" for stage in Stage}
    given = {**stages, "value": "入力が80 %減り、120社で使われています。"}
    model_server.enqueue(Json(given), Json({**stages, "closing": " "}))
    drafted = await drafts.script(asking, office.mori, heading, "入力が大変", "導入120社", "ほしみ")
    assert list(drafted.stages) == list(Stage)
    assert drafted.figures == {"80"}
    with pytest.raises(Unavailable):
        await drafts.script(asking, office.mori, heading, "", "", "ほしみ")
    with pytest.raises(Refused):
        await drafts.script(asking, office.sato, heading, "", "", "ほしみ")


@on_sqlite
async def test_mail_after_a_call_is_drafted_and_sent_once_by_a_persons_click(
    asking: Deps, office: Office, model_server: ModelServer
) -> None:
    lead_id = await lead_spoken_to(office, asking)
    about = await follow_ups.prepare(asking, office.sato, lead_id)
    assert (about.occasion, about.today, about.surname, about.us) == (Occasion.CALL, True, "青葉", "株式会社ほしみ")
    model_server.enqueue(Json({"subject": "お電話の\nお礼", "text": "3日を1日に。\n\n"}))
    drafted = await drafts.mail(asking, office.sato, about, "お礼", "本文", "ja")
    assert (drafted.subject, drafted.text, drafted.figures) == ("お電話の お礼", "3日を1日に。", {"1"})
    # Drafting sends nothing.
    assert await office.rows(Mail) == 0
    for _ in range(2):
        await follow_ups.send(asking, office.sato, lead_id, "お礼", "本文", language="ja", request_key="k")
    async with asking.reading(office.team_id) as session:
        (letter,) = await session.scalars(sa.select(Mail))
    assert (letter.to_address, letter.audience, letter.report_to) == ("aoba@customer.example", "customer", "USATO")
    assert letter.contact_id is not None
    (written,) = await office.audited(follow_ups.SENT)
    assert written == {"key": letter.key}
    # A form from before that letter sends no second one unasked.
    again = partial(follow_ups.send, asking, office.sato, lead_id, "お礼", "本文", language="ja")
    with pytest.raises(follow_ups.WrittenMeanwhile) as meanwhile:
        await again(request_key="form 2", written=about.written)
    assert not await again(request_key="k", written=about.written)
    assert (meanwhile.value.written, await office.rows(Mail)) == (1, 1)
    assert await again(request_key="form 2", written=1)
    assert await office.rows(Mail) == 2
    with pytest.raises(Rejected) as rejected:
        await follow_ups.send(asking, office.sato, lead_id, " ", "資料 {資料のリンク}", language="ja", request_key="l")
    assert [(r.field, r.code) for r in rejected.value.refusals] == [
        ("subject", Code.REQUIRED),
        ("text", Code.INCOMPLETE),
    ]


async def test_nobody_is_written_to_against_the_law(asking: Deps, office: Office) -> None:
    async def refused(lead_id: int, deps: Deps = asking) -> tuple[Code, str | None]:
        found = []
        for work in (
            follow_ups.prepare(deps, office.sato, lead_id),
            follow_ups.send(deps, office.sato, lead_id, "お礼", "本文", language="ja", request_key="k"),
        ):
            with pytest.raises(Refused) as error:
                await work
            found.append((error.value.code, error.value.field))
        assert len(set(found)) == 1
        return found[0]

    spoken = await lead_spoken_to(office, asking, phone="03-5555-0101")
    assert await refused(await office.lead("未架電 二郎", email="b@customer.example")) == (Code.INCOMPLETE, "occasion")
    assert await refused(await office.lead("宛先 無し")) == (Code.REQUIRED, "email")
    assert await refused(spoken, replace(asking, public_url=None)) == (Code.INCOMPLETE, "opt_out")
    await suppressions.stop_calling(asking, office.sato, spoken, "")
    assert await refused(spoken) == (Code.DO_NOT_WRITE, None)
    await suppressions.allow_calling(asking, office.mori, spoken, "本人から")
    await suppressions.stop_writing(asking, office.sato, spoken, "")
    assert await refused(spoken) == (Code.DO_NOT_WRITE, None)
    # Somebody else with the same address asked for it.
    other = await office.lead("別人 三郎", email="AOBA@customer.example")
    assert await refused(other) == (Code.DO_NOT_WRITE, None)
    assert await office.rows(Mail) == 0
