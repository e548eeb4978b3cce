"""The prompts: Markdown with a head that says what they take and give, each under a number that changes with it.

    ---
    id: pipeline/meeting_notes
    version: 1
    variables: [transcript, language]
    output: prompts.pipeline.outputs:MeetingNote
    model: standard
    temperature: 0
    max_output_tokens: 4000
    ---
    # Instructions
    What is to be done, in our words only.
    # Input
    {{ transcript | fenced("transcript") }}

Instructions hold no text of customers: only the variables in `OURS`, and those that the head names under `trusted`,
may stand there. `python -m prompts.library` writes down what each version says; versions that are written down stay.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from jinja2 import StrictUndefined, Template, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError

ROOT: Final = Path(__file__).parent
VERSIONS: Final = "versions.json"
OURS: Final = frozenset({"language", "today"})
"""Variables whose values are words of the product's own, so they may stand in the instructions."""

_FILE: Final = re.compile(r"---\n(?P<head>.*?)\n---\n(?P<body>.*)", re.DOTALL)
_BODY: Final = re.compile(r"\s*# Instructions\n(?P<instructions>.*?)\n# Input\n(?P<input>.*)", re.DOTALL)


class BadPrompt(ValueError):
    """A prompt is not written as it has to be; the text says which, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the model is told, and the material that it is told it about. The latter is data, never instructions."""

    instructions: str
    input: str


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z_]+/[a-z_]+$", max_length=64)]
    version: Annotated[int, Field(ge=1)]
    variables: tuple[str, ...]
    trusted: tuple[str, ...] = ()
    output: Annotated[str | None, Field(pattern=r"^prompts\.[a-z_.]+:[A-Za-z]+$")] = None
    model: Literal["standard", "small"] = "standard"
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_output_tokens: Annotated[int, Field(ge=16, le=100_000)]


@dataclass(frozen=True)
class Prompt:
    """A version of a prompt. `hash` is that of all it says. Without a `temperature` it is the model's own."""

    id: str
    version: int
    hash: str
    variables: frozenset[str]
    output: str | None
    """Module and class of what it gives; None: text."""
    model: Literal["standard", "small"]
    temperature: float | None
    max_output_tokens: int
    _instructions: Template
    _input: Template

    @cached_property
    def output_type(self) -> type[BaseModel] | None:
        """What it gives; None: text."""
        if self.output is None:
            return None
        module, _, name = self.output.partition(":")
        found: type[BaseModel] = getattr(importlib.import_module(module), name)
        return found

    def render(self, **variables: Any) -> Rendered:
        """The prompt with its variables. Raises BadPrompt where one is missing, or is none of its own."""
        if variables.keys() != self.variables:
            wrong = ", ".join(sorted(variables.keys() ^ self.variables))
            raise BadPrompt(f"{self.id}: missing or unknown: {wrong}")
        return Rendered(self._instructions.render(variables).strip(), self._input.render(variables).strip())


class Library:
    """The prompts below a folder, by their ids; each is read once."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self._read: dict[str, Prompt] = {}

    def prompt(self, prompt_id: str) -> Prompt:
        """A prompt. Raises KeyError where there is none, BadPrompt where it is not written as it has to be."""
        found = self._read.get(prompt_id)
        if found is None:
            if re.fullmatch(r"[a-z_]+/[a-z_]+", prompt_id) is None:
                raise KeyError(prompt_id)
            found = self._read[prompt_id] = self._parse(prompt_id)
        return found

    def ids(self) -> list[str]:
        """All there are, in order."""
        return sorted(path.relative_to(self.root).with_suffix("").as_posix() for path in self.root.glob("*/*.md"))

    def versions(self) -> dict[str, dict[str, str]]:
        """What is written down: by id the hash of each version, by its number."""
        path = self.root / VERSIONS
        found: dict[str, dict[str, str]] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return found

    def changed(self) -> list[str]:
        """What stands otherwise in the files than it is written down, a sentence each."""
        written, wrong = self.versions(), []
        for prompt in map(self.prompt, self.ids()):
            known = written.get(prompt.id, {})
            if known.get(str(prompt.version), prompt.hash) != prompt.hash:
                wrong.append(f"{prompt.id}: version {prompt.version} said something else. Give it a new number.")
            elif known and max(map(int, known)) > prompt.version:
                wrong.append(f"{prompt.id}: version {max(map(int, known))} was there already.")
            elif str(prompt.version) not in known:
                wrong.append(f"{prompt.id}: version {prompt.version} is new: run python -m prompts.library")
        return wrong

    def write_down(self) -> list[str]:
        """Write down the versions that are new; what cannot be written down, because it is there already and says
        something else."""
        written = self.versions()
        for prompt in map(self.prompt, self.ids()):
            known = written.setdefault(prompt.id, {})
            if prompt.version > max(map(int, known), default=0):
                known[str(prompt.version)] = prompt.hash
        text = json.dumps(written, indent=2, sort_keys=True, ensure_ascii=False)
        (self.root / VERSIONS).write_text(f"{text}\n", "utf-8")
        return self.changed()

    def _parse(self, prompt_id: str) -> Prompt:
        try:
            text = (self.root / f"{prompt_id}.md").read_text("utf-8").replace("\r\n", "\n")
        except FileNotFoundError as missing:
            raise KeyError(prompt_id) from missing
        parts = _FILE.fullmatch(text)
        body = _BODY.fullmatch(parts["body"]) if parts else None
        if parts is None or body is None:
            raise BadPrompt(f"{prompt_id}: a head between ---, then “# Instructions” and “# Input”.")
        try:
            head = _Head.model_validate(yaml.safe_load(parts["head"]))
        except (yaml.YAMLError, ValidationError) as wrong:
            raise BadPrompt(f"{prompt_id}: {wrong}") from wrong
        if head.id != prompt_id:
            raise BadPrompt(f"{prompt_id}: its head says {head.id}.")
        declared = frozenset(head.variables)
        used = {part: _variables(body[part]) for part in ("instructions", "input")}
        if used["instructions"] | used["input"] != declared:
            wrong_ones = ", ".join(sorted((used["instructions"] | used["input"]) ^ declared))
            raise BadPrompt(f"{prompt_id}: not both declared and used: {wrong_ones}")
        foreign = used["instructions"] - OURS - set(head.trusted)
        if foreign:
            raise BadPrompt(f"{prompt_id}: in the instructions there may be words of ours only: {sorted(foreign)}")
        return Prompt(
            id=head.id,
            version=head.version,
            hash=hashlib.sha256(text.encode()).hexdigest(),
            variables=declared,
            output=head.output,
            model=head.model,
            temperature=head.temperature,
            max_output_tokens=head.max_output_tokens,
            _instructions=_ENVIRONMENT.from_string(body["instructions"]),
            _input=_ENVIRONMENT.from_string(body["input"]),
        )


def _variables(template: str) -> set[str]:
    return meta.find_undeclared_variables(_ENVIRONMENT.parse(template))


def fenced(text: object, name: str) -> str:
    """A text between marks of this name. They carry a part of the text's own hash, so that nothing in the text can end
    them: who writes it does not know the hash before it is written."""
    written = str(text)
    mark = hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f'<{name} id="{mark}">\n{written}\n</{name} id="{mark}">'


# Not HTML: what stands in a prompt is to read as it was written.
_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=True)
_ENVIRONMENT.filters["fenced"] = fenced


LIBRARY: Final = Library()


def prompt(prompt_id: str) -> Prompt:
    """A prompt of the product's own. Raises KeyError, BadPrompt."""
    return LIBRARY.prompt(prompt_id)


def main() -> int:
    """Write down what is new; the process's exit code."""
    wrong = LIBRARY.write_down()
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
