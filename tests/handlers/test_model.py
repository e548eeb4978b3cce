"""`/team model`: managers decide what is sent and what it may cost, and see what came of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.run import running
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from domain.model import ModelRules, Reason, Sharing, Unavailable
from handlers.i18n import translator
from handlers.model_words import unavailable_line
from prompts import library
from services import members, model
from tests.handlers.conftest import IS, MANAGER, World, with_model
from tests.servers.model import Failure, ModelServer, Text

TEAM, CHANNEL = "T01HOSHIMI", "C01ISTEAM0"
PROMPT = "---\nid: tests/talk\nversion: 1\nvariables: [note]\nmax_output_tokens: 100\n---\n# Instructions\n.\n# Input\n"

# A click is the same on both databases, and the services are tested on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_manager_decides_what_is_sent_and_sees_what_it_cost(
    world_workspace: RunningWorkspace,
    team_at_work: None,
    settings: Settings,
    model_server: ModelServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "talk.md").write_text(PROMPT + "{{ note }}\n", "utf-8")
    monkeypatch.setattr(library, "LIBRARY", library.Library(tmp_path))
    chosen = with_model(settings, model_server)
    async with running(chosen, http=False) as house:
        world = World(world_workspace, house)
        answer = await world.person(IS).command(CHANNEL, "/team", "model")
        assert world.person(IS).screen()["views"] == [], answer
        assert "まだ使われていません" not in str(answer)
        await world.person(MANAGER).command(CHANNEL, "/team", "model")
        assert "まだ使われていません" in str(world.modal(MANAGER))
        filled = {"sharing": {"v": "masked"}, "recordings": {"v": ["recordings"]}, "budget": {"v": "-3"}}
        done = await world.person(MANAGER).submit(world.modal(MANAGER)["id"], filled)
        assert done["result"] == "errors"
        filled["budget"]["v"] = "1200"
        await world.person(MANAGER).submit(world.modal(MANAGER)["id"], filled)
        assert "置き換えて送ります" in str(world.modal(MANAGER))
        actor = await members.who(house.deps, TEAM, MANAGER)
        assert actor is not None
        seen = await model.overview(house.deps, actor)
        assert seen.rules == ModelRules(Sharing.MASKED, 1200, recordings=True)
        model_server.enqueue(Text("はい", output_tokens=1000), Failure(401))
        asked = [model.ask(house.deps, TEAM, "tests/talk", None, {"note": "x"}) for _ in range(2)]
        assert await asked[0] == "はい"
        with pytest.raises(Unavailable):
            await asked[1]
        await world.person(MANAGER).command(CHANNEL, "/team", "model")
        shown = [block["text"]["text"] for block in world.modal(MANAGER)["blocks"] if block["type"] == "section"]
        # A hundred tokens at 200 yen a million, and a thousand at 1,600.
        told = "`tests/talk`　2円　回答あり 1、設定が受け付けられず 1"
        assert shown == ["*今月*　1,200円のうち2円を使用", told]
        counted = house.metrics.registry.get_sample_value
        labels = {"prompt": "tests/talk", "model": "gpt-5.1"}
        assert counted("kakehashi_model_calls_total", {**labels, "outcome": "ok"}) == 1
        assert counted("kakehashi_model_calls_total", {**labels, "outcome": "rejected"}) == 1
        assert counted("kakehashi_model_cost_yen_total", labels) == pytest.approx(1.62)
        assert counted("kakehashi_model_call_seconds_count", labels) == 2


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_its_line_in_both_languages(database_url: str, reason: Reason) -> None:
    said = {unavailable_line(translator(language), reason) for language in ("ja", "en")}
    assert len(said) == 2
