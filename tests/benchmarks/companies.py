"""Made-up companies in any number, with the shares of characters, lengths and filled columns of real ones.

A name is the front of one real name and the back of another (and so are its reading and its English name), now and
then with a piece of a third between them; where a form stands, and which columns are filled, is as in the source.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

EXCERPT = Path(__file__).parents[2] / "data" / "companies-500.csv"
COLUMNS = (
    "corporate_number",
    "name",
    "name_kana",
    "name_en",
    "industry",
    "listed",
    "capital_million_yen",
    "address",
    "employees",
    "website",
    "business",
)
_FORMS = {
    "name": ("株式会社", "有限会社", "合同会社"),
    "name_kana": ("カブシキガイシャ", "カブシキカイシャ", "ユウゲンガイシャ"),
}


def corporate_number(twelve: int) -> str:
    """Twelve digits with their check digit in front."""
    digits = f"{twelve:012d}"
    weighted = sum(int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return f"{9 - weighted % 9}{digits}"


def companies(size: int, *, seed: int = 1, source: Path = EXCERPT) -> Iterator[list[str]]:
    """`size` companies in the order of COLUMNS, each with another corporate number; the same for the same seed."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        real = list(csv.DictReader(file))
    parts = [{column: _bare(row[column], _FORMS.get(column, ())) for column in COLUMNS[1:4]} for row in real]
    chance = random.Random(seed)
    for index in range(size):
        front, back, third = (chance.randrange(len(real)) for _ in range(3))
        row = real[back]
        three = chance.random() < 0.3
        made = {}
        for column in COLUMNS[1:4]:
            one, two = parts[front][column], parts[back][column]
            between = parts[third][column]
            middle = between[: len(between) // 3] if three else ""
            made[column] = one[: (len(one) + 1) // 2] + middle + two[len(two) // 2 :]
        form, spoken = ("株式会社", "カブシキガイシャ") if chance.random() < 0.94 else ("有限会社", "ユウゲンガイシャ")
        if chance.random() < 0.5:
            made["name"], made["name_kana"] = form + made["name"], spoken + made["name_kana"]
        else:
            made["name"], made["name_kana"] = made["name"] + form, made["name_kana"] + spoken
        if row["name_en"]:
            made["name_en"] += " CO.,LTD."
        else:
            made["name_en"] = ""
        yield [
            # A step that shares no factor with 10¹² meets every number once.
            corporate_number(index * 618_033_988_749 % 10**12),
            made["name"],
            made["name_kana"],
            made["name_en"],
            row["industry"],
            row["listed"],
            row["capital_million_yen"],
            row["address"],
            row["employees"],
            f"https://www.{_label(made['name_en'])}{chance.randrange(1000)}.co.jp/" if row["website"] else "",
            row["business"],
        ]


def _label(name: str) -> str:
    return "".join(char for char in name.lower() if char.isascii() and char.isalnum())[:12] or "company"


def _bare(text: str, forms: tuple[str, ...]) -> str:
    for form in forms:
        text = text.replace(form, "")
    return text.replace("CO.,LTD.", "").replace("Co.,Ltd.", "").replace("CO., LTD.", "").strip()


def write(path: Path, size: int, *, seed: int = 1, source: Path = EXCERPT) -> None:
    """A CSV file of made-up companies with the headings of the source."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(companies(size, seed=seed, source=source))
