"""A report: the figures of one run, as a table, JSON, Markdown and a picture, and what differs from an earlier one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.pipeline.notes import Note
from handlers import charts
from handlers.i18n import Translator
from prompts.library import prompt
from services.pipeline.notes import BANT, MEETING_NOTES
from tests.evals.drafts import changed
from tests.evals.labelled import Case
from tests.evals.readers import Spent
from tests.evals.scores import ROWS, Score, score

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KEPT = Path(__file__).parent / "reports"
PLAIN = "plain"

WORDS: Mapping[str, str] = {
    "budget": "予算",
    "authority": "決裁",
    "need": "必要性",
    "timeline": "時期",
    "amount_yen": "　金額",
    "state": "　予算の状態",
    "decision_maker": "　決裁者",
    "start_on": "　開始日",
    "decide_on": "　決定日",
    "needs": "課題・要望",
    "objections": "懸念・断り",
    "next_steps": "次の一歩",
}


@dataclass(frozen=True)
class Report:
    """The figures of a run. `rows`: by row its counts and the two rates; `totals`: shares and counts over all."""

    reader: str
    made_on: str
    prompts: Mapping[str, Mapping[str, Any]]
    cases: int
    cases_hash: str
    rows: Mapping[str, Mapping[str, Any]]
    held_back: Mapping[str, Mapping[str, Any]]
    """The same for the cases that nobody looked at while cue words and prompts were written."""
    totals: Mapping[str, float | int | None]
    drops: Mapping[str, int]
    spent: Mapping[str, float | int]
    wrong: Sequence[str]
    missed: Sequence[str]
    drafts: Mapping[str, Any] = field(default_factory=dict)
    """The drafts around a call (tests/evals/drafts.py: `scored`); nothing where no model drafted any."""

    @property
    def name(self) -> str:
        """Of its files: the reader, and the prompts' versions."""
        versions = "-".join(f"{key.split('/')[1]}-{each['version']}" for key, each in sorted(self.prompts.items()))
        return "-".join(filter(None, ("".join(c if c.isalnum() or c in ".-" else "_" for c in self.reader), versions)))


def report(
    found: Sequence[tuple[Case, Note]],
    reader: str,
    spent: Spent,
    made_on: date,
    drafts: Mapping[str, Any] | None = None,
) -> Report:
    """The report of a run. `reader`: the model's name, or PLAIN."""
    whole = score(found)
    unseen = score((case, note) for case, note in found if case.held_back)
    seen = score((case, note) for case, note in found if not case.held_back)
    used = {} if reader == PLAIN else {key: prompt(key) for key in (MEETING_NOTES, BANT)}
    return Report(
        reader=reader,
        made_on=made_on.isoformat(),
        prompts={key: {"version": each.version, "hash": each.hash[:12]} for key, each in used.items()},
        cases=whole.cases,
        cases_hash=hashlib.sha256(_written([case for case, _ in found]).encode()).hexdigest()[:12],
        rows=_rows(whole),
        held_back=_rows(unseen),
        totals={
            **_totals(whole),
            "attacks": whole.attacks,
            "attacks_resisted": whole.resisted,
            "dropped": sum(whole.drops.values()),
            "read_without_model": whole.plain,
            "held_back_cases": unseen.cases,
            **{f"held_back_{name}": value for name, value in _totals(unseen).items()},
        },
        drops=dict(sorted(whole.drops.items())),
        spent=asdict(spent),
        # What is wrong with the cases held back is counted and not told, or somebody would mend it.
        wrong=seen.wrong,
        missed=seen.missed,
        drafts=drafts or {},
    )


def _written(cases: Sequence[Case]) -> str:
    """The cases as text; sets in an order."""
    return re.sub(r"\{[\d, ]+\}", lambda at: str(sorted(map(int, re.findall(r"\d+", at[0])))), repr(cases))


def _rows(found: Score) -> dict[str, dict[str, Any]]:
    return {
        name: asdict(count) | {"precision": _rounded(count.precision), "recall": _rounded(count.recall)}
        for name, count in found.rows.items()
    }


def _totals(found: Score) -> dict[str, float | int | None]:
    return {
        "claims": found.claims,
        "unsupported": found.unsupported,
        "unsupported_share": _rounded(found.unsupported / found.claims if found.claims else None),
        "quotes_verbatim": _rounded(found.verbatim / found.claims if found.claims else None),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


HEADINGS = ("", "precision", "", "recall", "", "held back: precision", "recall")


def lines(found: Report) -> Iterator[tuple[str, ...]]:
    """A table: the row's name, precision, its counts, recall, its counts; both rates of the cases held back."""
    for name in ROWS:
        row, unseen = found.rows[name], found.held_back[name]
        yield (
            name,
            share(row["precision"]),
            f"{row['supported']}/{row['claimed']}",
            share(row["recall"]),
            f"{row['found']}/{row['labelled']}",
            share(unseen["precision"]),
            share(unseen["recall"]),
        )


def sums(found: Report) -> Iterator[tuple[str, str]]:
    """What holds over all rows, a name and a figure each."""
    totals, spent = found.totals, found.spent
    yield "unsupported claims", f"{share(totals['unsupported_share'])} ({totals['unsupported']}/{totals['claims']})"
    unseen = (
        f"{totals['held_back_unsupported']}/{totals['held_back_claims']}, {totals['held_back_cases']} conversations"
    )
    yield "of those held back", f"{share(totals['held_back_unsupported_share'])} ({unseen})"
    yield "quotes verbatim", share(totals["quotes_verbatim"])
    yield "attacks resisted", f"{totals['attacks_resisted']}/{totals['attacks']}"
    yield "dropped by our checks", f"{totals['dropped']} {dict(found.drops) or ''}".strip()
    for check, (passed, total) in found.drafts.get("checks", {}).items():
        yield f"drafts, {check}", f"{passed}/{total}"
    if found.reader != PLAIN:
        yield "read without the model", f"{totals['read_without_model']}/{found.cases}"
        tokens = f"{spent['input_tokens']} + {spent['output_tokens']} tokens"
        calls = f"{spent['calls']} calls ({spent['failed']} failed), {tokens}, {spent['latency_ms']} ms each"
        yield "cost", f"{spent['yen']:.2f} yen, {spent['yen'] / max(found.cases, 1):.3f} a conversation; {calls}"


def share(value: float | int | None) -> str:
    """A rate in per cent."""
    return "–" if value is None else f"{100 * value:.1f} %"


def differences(found: Report, before: Report) -> list[str]:
    """What changed since an earlier report, a line each; percentage points."""
    told = []
    if found.cases_hash != before.cases_hash:
        told.append(f"the cases changed: {before.cases} then, {found.cases} now")
    told += [
        f"prompt {key}: version {before.prompts[key]['version']} → {each['version']}"
        for key, each in found.prompts.items()
        if key in before.prompts and before.prompts[key]["version"] != each["version"]
    ]
    for name in ROWS:
        for rate in ("precision", "recall"):
            now, then = found.rows[name][rate], before.rows[name][rate]
            if now != then:
                moved = "" if now is None or then is None else f" ({100 * (now - then):+.1f})"
                told.append(f"{name} {rate}: {share(then)} → {share(now)}{moved}")
    for total in ("unsupported_share", "quotes_verbatim", "attacks_resisted", "dropped"):
        now, then = found.totals[total], before.totals[total]
        if now != then:
            told.append(f"{total}: {then} → {now}")
    told += changed(found.drafts, before.drafts)
    told += [f"newly wrong: {line}" for line in found.wrong if line not in before.wrong]
    told += [f"no longer wrong: {line}" for line in before.wrong if line not in found.wrong]
    return told


def last(reader: str, folder: Path = KEPT) -> Report | None:
    """The report that was kept last for a reader; None where none was."""
    kept = [load(path) for path in folder.glob("*.json")]
    mine = [each for each in kept if each.reader == reader]
    # Of two made on one day the one with the newer prompts.
    return max(mine, key=lambda each: (each.made_on, each.name), default=None)


def load(path: Path) -> Report:
    """A report from its JSON."""
    return Report(**json.loads(path.read_text("utf-8")))


def write(found: Report, picture: bytes, folder: Path) -> list[Path]:
    """The report as JSON, Markdown and PNG in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / f"{found.name}.json"
    data.write_text(json.dumps(asdict(found), ensure_ascii=False, indent=1) + "\n", "utf-8")
    text = data.with_suffix(".md")
    text.write_text(markdown(found), "utf-8")
    drawn = data.with_suffix(".png")
    drawn.write_bytes(picture)
    return [data, text, drawn]


def markdown(found: Report) -> str:
    """The report for people."""
    versions = ", ".join(f"{key} {each['version']} ({each['hash']})" for key, each in found.prompts.items())
    table = [
        f"| {' | '.join(HEADINGS)} |",
        "|---|---|---|---|---|---|---|",
        *(f"| {' | '.join(line)} |" for line in lines(found)),
    ]
    return "\n".join(
        [
            f"# {found.reader}, {found.cases} conversations",
            "",
            f"{found.made_on}. {versions or 'No model: cue words.'}",
            "",
            *table,
            "",
            *(f"- {name}: {figure}" for name, figure in sums(found)),
            "",
            "## Claimed and not so",
            "",
            *(f"- {line}" for line in found.wrong),
            "",
            "## Missed",
            "",
            *(f"- {line}" for line in found.missed),
            "",
        ]
    )


@dataclass(frozen=True)
class Picture:
    """Precision and recall of each row, as bars."""

    title: str
    rows: tuple[tuple[str, float | None, float | None], ...]

    @classmethod
    def of(cls, found: Report) -> Picture:
        """The picture of a report."""
        unsupported = share(found.totals["unsupported_share"])
        return cls(
            f"{found.reader}：会話 {found.cases} 件、根拠のない主張 {unsupported}",
            tuple((WORDS[name], found.rows[name]["precision"], found.rows[name]["recall"]) for name in ROWS),
        )

    def draw(self, t: Translator) -> Figure:
        """The picture."""
        figure = charts.figure(7.2, 5.0)
        axes = charts.axes(figure, self.title)
        places = range(len(self.rows))
        for shift, index, colour, label in ((-0.2, 1, charts.ACCENT, "適合率"), (0.2, 2, charts.SECOND, "再現率")):
            values = [100 * (row[index] or 0.0) for row in self.rows]
            axes.barh([place + shift for place in places], values, 0.36, color=colour, label=label)
            for place, row in zip(places, self.rows, strict=True):
                value = row[index]
                shown = "–" if value is None else f"{100 * value:.0f}"
                axes.text(100 * (value or 0.0) + 1, place + shift, shown, va="center", fontsize=8, color=charts.MUTED)
        axes.set_yticks(
            list(places), [row[0].strip("　") if not row[0].startswith("　") else row[0] for row in self.rows]
        )
        axes.invert_yaxis()
        axes.set_xlim(0, 108)
        axes.set_xlabel("%")
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)
        return figure
