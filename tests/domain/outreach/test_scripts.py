"""Call scripts: all seven stages, the one that fits, the gaps filled in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Code, Rejected
from domain.leads import Source
from domain.leads import Stage as LeadStage
from domain.outreach.scripts import (
    GAP_NAMES,
    Gap,
    Heading,
    Occasion,
    Scene,
    Script,
    Stage,
    best,
    filled,
    named,
    scene_of,
    spoken_name,
)

WHOLE = {stage: f"{stage}を話す" for stage in Stage}
HEADING = Heading("新規", Scene.FIRST_CALL)
OCCASION = Occasion(Scene.FIRST_CALL, "ja", "機械", "情報システム部 部長")


def refused(script: Script) -> dict[str | None, Code]:
    with pytest.raises(Rejected) as rejected:
        script.check()
    return {each.field: each.code for each in rejected.value.refusals}


@pytest.mark.parametrize("missing", list(Stage))
def test_script_without_one_of_its_seven_stages_is_refused_there(missing: Stage) -> None:
    for stages in ({**WHOLE, missing: "  \n"}, {stage: text for stage, text in WHOLE.items() if stage is not missing}):
        assert refused(Script(HEADING, stages)) == {missing.value: Code.REQUIRED}


def test_every_field_at_fault_is_named_and_a_whole_script_loses_only_its_edges() -> None:
    wrong = Script(Heading(" ", Scene.EVENT, "fr", "x" * 61), {**WHOLE, Stage.VALUE: "あ" * 2001})
    assert refused(wrong) == {
        "name": Code.REQUIRED,
        "language": Code.INVALID,
        "segment": Code.TOO_LONG,
        "value": Code.TOO_LONG,
    }
    checked = Script(Heading(" 新規 ", Scene.EVENT), {**WHOLE, Stage.VALUE: " 話す\n"}).check()
    assert (checked.heading.name, checked.stages[Stage.VALUE], len(checked.stages)) == ("新規", "話す", 7)


@pytest.mark.parametrize(
    ("source", "stage", "reached", "dialled", "scene"),
    [
        (Source.OUTBOUND_LIST, LeadStage.NEW, False, False, Scene.FIRST_CALL),
        (Source.OUTBOUND_LIST, LeadStage.WORKING, False, True, Scene.FIRST_CALL),
        (Source.OUTBOUND_LIST, LeadStage.WORKING, True, True, Scene.FOLLOW_UP),
        (Source.INBOUND_FORM, LeadStage.NEW, False, False, Scene.INBOUND),
        (Source.INBOUND_FORM, LeadStage.WORKING, True, True, Scene.FOLLOW_UP),
        (Source.TRADE_SHOW, LeadStage.NEW, False, False, Scene.EVENT),
        (Source.TRADE_SHOW, LeadStage.NURTURING, True, True, Scene.RECYCLE),
    ],
)
def test_scene_follows_from_where_the_lead_came_from_and_whether_the_person_was_reached(
    source: Source, stage: LeadStage, reached: bool, dialled: bool, scene: Scene
) -> None:
    assert scene_of(source, stage, reached=reached, dialled=dialled) is scene


def test_script_made_for_just_such_people_comes_before_one_for_all_and_one_for_others_not_at_all() -> None:
    everybody = Heading("全員", Scene.FIRST_CALL)
    industry = Heading("機械", Scene.FIRST_CALL, segment="機械")
    person = Heading("情シス", Scene.FIRST_CALL, persona="情報システム")
    both = Heading("機械の情シス", Scene.FIRST_CALL, segment="機械", persona="部長")
    others = [
        Heading("建設", Scene.FIRST_CALL, segment="建設"),
        Heading("英語", Scene.FIRST_CALL, "en"),
        Heading("再架電", Scene.FOLLOW_UP),
        Heading("経理", Scene.FIRST_CALL, persona="経理"),
    ]
    order = [both, industry, person, everybody]
    for left in range(len(order)):
        numbered = list(enumerate([*others, *reversed(order[left:])]))
        found = best(numbered, OCCASION)
        assert found is not None
        assert dict(numbered)[found] is order[left]
    assert best(list(enumerate(others)), OCCASION) is None
    assert best([(7, everybody), (3, everybody)], OCCASION) == 7


def test_gaps_are_filled_in_either_language_and_what_is_not_known_stays_to_be_seen() -> None:
    values = {Gap.CONTACT: "片山", Gap.COMPANY: "さざなみ 運送", Gap.PAIN: " "}
    text = "{担当者}様、{contact}さん、{ 会社 }、{課題}、{自由}、{"
    assert filled(text, values, "ja") == "片山様、片山さん、さざなみ 運送、［課題］、{自由}、{"
    assert filled("{pain} at {company}", values, "en") == "[pain] at さざなみ 運送"
    assert named("{company} {担当者} {x}", "ja") == "{会社} {担当者} {x}"
    assert (spoken_name("片山 裕美"), spoken_name("Emily Miller"), spoken_name("片山")) == (
        "片山",
        "Emily Miller",
        "片山",
    )


@given(st.text(), st.dictionaries(st.sampled_from(Gap), st.text()), st.sampled_from(["ja", "en"]))
def test_what_fills_a_gap_is_never_taken_for_a_gap_itself(text: str, values: dict[Gap, str], language: str) -> None:
    nested = dict.fromkeys(Gap, f"{{{GAP_NAMES['ja'][Gap.PAIN]}}}")
    assert filled("{company}", nested, language) == "{課題}"
    filled(text, values, language)
    assert named(named(text, language), language) == named(text, language)
