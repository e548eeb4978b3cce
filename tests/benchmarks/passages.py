"""How well and how quickly what was written down is found.

    python -m tests.benchmarks.passages [--size 100000] [--database sqlite|postgresql] [--vectors]

First the labelled questions (tests/knowledge): the share whose answer is among the first one and the first five, alone
and among so many other passages; then how long a search takes, and how long making passages findable. `--vectors`:
instead, the ways to keep vectors (tests/benchmarks/vectors.py), for 1,000 and for `--size` passages.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from domain.pipeline.passages import Kind
from services.deps import Deps
from services.pipeline import knowledge
from storage import passages as queries
from storage.database import connect
from storage.migrations import upgrade
from storage.passages import Draft, Source
from tests import knowledge as labelled
from tests.benchmarks import vectors
from tests.benchmarks.imports import ACTOR, open_team, server
from tests.conftest import as_program

BATCH = 1_000
WHO = (
    *("先方の担当者は", "課長から", "部長に確認したところ", "社長は", "情報システム部では", "購買の方は"),
    *("現場の主任が", "経理としては", "本社の意向で", "支店長が", "工場側は", "窓口の方によると"),
    *("The buyer said that ", "Their manager: "),
)
WHAT = (
    *("予算を", "稟議を", "見積もりを", "契約の更新を", "導入の時期を", "デモの日程を", "資料の送付を"),
    *("他社との比較を", "在庫の管理を", "受注の入力を", "納期の回答を", "人員の配置を", "研修の計画を"),
    *("セキュリティの確認を", "請求の処理を", "the contract ", "the budget ", "a demo for the team "),
    *("training ", "the invoice "),
)
HOW = (
    *("来月まで待ってほしいとのこと", "前向きに進めている", "もう一度電話で相談したい", "見直している最中"),
    *("急いでいない", "社内で検討している", "年内に終えたい", "別の部署に任せている", "まだ決めていない"),
    *("メールで送ってほしい", "will be discussed next week", "is on hold for now", "was approved already"),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--vectors", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # PostgreSQL, started as root, runs as somebody else.
        folder.chmod(0o755)
        if arguments.vectors:
            print("passages  dims way                           p50 ms  worst ms   MB more  found")
            with server("postgresql", folder) as new_database:
                for size in sorted({1_000, arguments.size}):
                    for dimensions in (256, 1536):
                        vectors.measure(folder, new_database(), size, dimensions)
            return
        print("database    passages  recall@1  recall@5  by meaning@5   p50 ms   p99 ms  made a second")
        for database in arguments.database or ["sqlite", "postgresql"]:
            with server(database, folder) as new_database:
                owner_url = new_database()
                url = owner_url if database == "sqlite" else as_program(owner_url)
                upgrade(owner_url, program=url)
                asyncio.run(_measured(database, url, arguments.size))


async def _measured(name: str, url: str, size: int) -> None:
    await open_team(url)
    database = connect(url)
    outbox: Any = None  # A search posts nothing.
    deps = Deps(database, outbox)
    try:
        made = await labelled.write_down(deps, ACTOR)
        await _line(deps, name, made, len(made), "")
        began = time.perf_counter()
        await _others(deps, size - len(made))
        rate = (size - len(made)) / (time.perf_counter() - began)
        await _line(deps, name, made, size, f"{rate:,.0f}")
    finally:
        await database.dispose()


async def _line(deps: Deps, name: str, made: dict[int, str], size: int, rate: str) -> None:
    asked = labelled.questions()
    shares = [1 - len(await labelled.missed(deps, ACTOR, made, at)) / len(asked) for at in (1, labelled.AT)]
    meant = labelled.questions(by_meaning=True)
    shares.append(1 - len(await labelled.missed(deps, ACTOR, made, by_meaning=True)) / len(meant))
    times = []
    for text, _ in asked:
        began = time.perf_counter()
        await knowledge.search(deps, ACTOR, text)
        times.append((time.perf_counter() - began) * 1000)
    p99 = statistics.quantiles(times, n=100, method="inclusive")[98]
    print(
        f"{name:<11} {size:>8,} {shares[0]:>9.3f} {shares[1]:>9.3f} {shares[2]:>13.3f} "
        f"{statistics.median(times):>8.1f} {p99:>8.1f} {rate:>14}",
        flush=True,
    )


async def _others(deps: Deps, count: int) -> None:
    """Passages of the common words of such notes, put together by lot; none of them answers a question."""
    chance = random.Random(7)
    now = deps.now()
    for begin in range(0, count, BATCH):
        drafts = []
        for number in range(begin, min(begin + BATCH, count)):
            said = [
                f"{chance.choice(WHO)}{chance.choice(WHAT)}{chance.choice(HOW)}（{chance.randrange(10**4)}）"
                for _ in range(chance.randrange(1, 6))
            ]
            text = "。".join(said)
            source = Source(Kind.CALL, 10**9 + number, "", text, None, ACTOR.member_id, now)
            drafts.append(Draft(source, 0, text))
        async with deps.writing(ACTOR.team_id) as session:
            await queries.add(session, drafts)


if __name__ == "__main__":
    main()
