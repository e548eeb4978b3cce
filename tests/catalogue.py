"""`make messages`: bring the translation catalogues up to date with the sources."""

from __future__ import annotations

import ast
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from handlers.i18n import DOMAIN, LANGUAGES, LOCALES

ROOT = Path(__file__).parent.parent
KEYWORDS = {"t": 1, "md": 1, "plural": 2, "_": 1, "mark": 1}
"""How many of a call's first arguments are msgids."""
FOLDERS = ("handlers", "bot")


def template() -> Catalog:
    """Every msgid in the sources, in calls by the names of KEYWORDS.

    Read from the syntax tree, because before Python 3.12 a tokenizer does not see calls inside f-strings.
    """
    catalogue = Catalog(project="Kakehashi", charset="utf-8")
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    arguments = KEYWORDS.get(_name(node.func), 0)
                    texts = [a.value for a in node.args[:arguments] if isinstance(a, ast.Constant)]
                    if arguments and len(texts) == arguments and all(isinstance(text, str) for text in texts):
                        catalogue.add(tuple(texts) if arguments > 1 else texts[0])
    return catalogue


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def untranslated(catalogue: Catalog) -> list[str]:
    """Msgids without a translation, or with a doubtful one."""
    found = []
    for message in catalogue:
        strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        if message.id and (message.fuzzy or not all(strings)):
            found.append(message.id if isinstance(message.id, str) else message.id[0])
    return found


def path_of(language: str) -> Path:
    """Where a language's catalogue lies."""
    return LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def load(language: str) -> Catalog:
    """A language's catalogue; an empty one if there is none yet."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, project="Kakehashi", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> Catalog:
    """The catalogue with new msgids added and vanished ones dropped. English says what its msgids say."""
    catalogue = load(language)
    catalogue.update(template(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    if language == "en":
        for message in catalogue:
            if message.id:
                message.string = message.id if isinstance(message.id, str) else tuple(message.id)
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """A catalogue as its file: sorted, without places and dates, so that only real changes show."""
    buffer = BytesIO()
    write_po(buffer, catalogue, omit_header=False, no_location=True, sort_output=True, width=120)
    lines = buffer.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(('"POT-Creation', '"PO-Revision'))).encode()


def main() -> None:
    """Write all catalogues and say what is left to translate."""
    for language in LANGUAGES:
        catalogue = updated(language)
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        path_of(language).write_bytes(written(catalogue))
        missing = untranslated(catalogue)
        print(f"{language}: {len(catalogue)} entries, {len(missing)} untranslated", *missing, sep="\n  ")  # noqa: T201 - a command's output


if __name__ == "__main__":
    main()
