"""The parsers, each as a function of bytes. Whatever the bytes, nothing is raised but what the parser says it raises,
and what comes out can be stored and shown."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from domain import assistant
from domain.calendar import BusinessCalendar
from domain.data import integrations, quality, romaji, search
from domain.errors import Refused
from domain.masking import Mask
from domain.outreach import form_fields, inbound, natural_time
from domain.outreach.time_words import Unreadable as NoTime
from domain.performance import coaching
from domain.pipeline import plain_notes, quotes, recordings, transcripts
from handlers.forms import storable
from handlers.outreach import inbound_webhook
from handlers.qualification import meeting_form
from services.data import files
from services.data import quality as keys
from services.outreach import forms
from services.pipeline import texts

MOST: Final = 4096
"""Bytes that a target is given: longer ones find nothing new, only later."""
NOW: Final = datetime(2026, 4, 1, 1, tzinfo=UTC)
TOKYO: Final = ZoneInfo("Asia/Tokyo")
TYPES: Final = (
    "application/json",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=Shift_JIS",
    "application/x-www-form-urlencoded; charset=euc-jp",
    "application/json; charset=iso-2022-jp",
    "text/plain",
)


def _text(data: bytes) -> str:
    """What was typed, as a form hands it on: JSON can bring halves of characters."""
    try:
        return storable(data.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        return storable(data.decode("utf-8", "replace"))


def webhook(data: bytes) -> None:
    """A form on a website: content type and body."""
    kind, body = data[:1], data[1:]
    declared = TYPES[kind[0] % len(TYPES)] if kind else ""
    if kind and kind[0] >= 0xF0:
        line, _, body = body.partition(b"\n")
        declared = line.decode("latin-1")
    try:
        fields = inbound_webhook.read(declared, body)
    except inbound_webhook.Unreadable:
        return
    kept = forms.clean(fields)
    assert len(kept) <= forms.MAX_FIELDS
    for name, text in kept.items():
        (name + text).encode()
        assert "\0" not in name + text
    filled = form_fields.read(kept, form_fields.FieldMap())
    str(inbound.judge(filled)).encode()


def table(data: bytes) -> None:
    """A file of companies."""
    file = io.BytesIO(data)
    try:
        encoding = files.detect(file)
        found = files.read_table(file, encoding)
        layout = integrations.read_headings(found.headings)
    except Refused:
        return
    for cells in islice(found.rows, 500):
        row = integrations.read_row(layout, cells)
        if isinstance(row, integrations.RejectReason) or isinstance(cells, files.Broken):
            continue
        words = quality.company_words(row.name)
        keys.account_keys(row.name, reading=row.reading, name_en=row.name_en, website=row.website)
        assert words == quality.company_words(row.name)
        assert "\0" not in repr(row)
        files.harmless(cells)


def moment(data: bytes) -> None:
    """A time as people say it."""
    text = _text(data)
    try:
        reading = natural_time.read(text, NOW, TOKYO, BusinessCalendar(TOKYO))
    except NoTime as unreadable:
        str(unreadable.problem).encode()
        return
    assert NOW < reading.at <= NOW + natural_time.FURTHEST


def terms(data: bytes) -> None:
    """What somebody searches for, and a company that it is compared with."""
    typed, _, name = _text(data).partition("\n")
    query = search.parse(typed)
    key, text = search.search_text(name, typed, name, typed[:13], typed)
    numbers = search.gram_numbers(text)
    assert all(-(2**31) <= number < 2**31 for number in numbers)
    if query is not None:
        assert len(query.tiers) == 4
        place = search.rank(query, key, text)
        assert place is None or place >= 0
        for tier in query.tiers:
            for branch in tier.branches:
                hash(branch)


def names(data: bytes) -> None:
    """Names, numbers, addresses of people and companies."""
    text = _text(data)
    for fold in (quality.name_key, quality.person_key, quality.company_words, quality.host, keys.email_key):
        once = fold(text)
        assert isinstance(once, str)
    number = keys.phone(text)
    assert not number.valid or (number.number.startswith("+") and keys.phone(number.number) == number)
    quality.valid_corporate_number(quality.corporate_number(text))
    keys.is_email(text)
    romaji.romaji(text)
    romaji.typed_romaji(text)
    form_fields.headcount(text)
    form_fields.company_domain(text)
    form_fields.meaning_of(text)


def slot(data: bytes) -> None:
    """A time as a form or a page sends it back."""
    try:
        found = meeting_form.slot_of(_text(data))
    except ValueError:
        return
    assert found.start.tzinfo is UTC


FILES: Final = ("あおば精機様_20260331.txt", "a.vtt", "a.srt", "a.json", "")


def conversation(data: bytes) -> None:
    """A file dropped as a transcript: the kind of file, then what is in it; and all that is made of it without a
    language model."""
    filename, content = FILES[data[0] % len(FILES)] if data else "", data[1:]
    try:
        read = transcripts.parse(texts.decoded(content), filename)
    except Refused:
        return
    assert read.utterances
    assert [each.number for each in read.utterances] == [*range(1, len(read.utterances) + 1)]
    for each in read.utterances:
        (each.speaker + each.text).encode()
        assert each.text.strip()
        assert "\0" not in each.speaker + each.text
        assert each.start_ms is None or 0 <= each.start_ms <= transcripts.MAX_MS
    for said in (read, transcripts.with_sides(read, [read.speakers[0]], list(read.speakers[1:2]))[0]):
        measured = coaching.measure(said)
        assert coaching.Measures.from_json(json.loads(json.dumps(measured.to_json()))) == measured
        note = plain_notes.read(said, date(2026, 3, 31))
        spoken = quotes.fold(" ".join(each.text for each in said.utterances))
        for proposal in note.proposals:
            assert quotes.fold(proposal.quote) in spoken
    recordings.names_in(read.utterances[0].text[:200])


def question(data: bytes) -> None:
    """What is said to the assistant, first and in answer."""
    first, _, more = _text(data).partition("\n")
    before = assistant.understand(first)
    for request in (before, assistant.understand(more, before)):
        if request is not None:
            json.dumps(dict(request.arguments), ensure_ascii=False).encode()


def masked(data: bytes) -> None:
    """A text that is sent to a language model masked, with the name of somebody in it, and comes back."""
    name, _, text = _text(data).partition("\n")
    mask = Mask([name])
    sent = mask.mask(text)
    assert mask.unmask(sent) == text
    pieces = mask.pieces()
    assert "".join([*map(pieces, sent), pieces("")]) == text


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "webhook": webhook,
    "table": table,
    "moment": moment,
    "terms": terms,
    "names": names,
    "slot": slot,
    "conversation": conversation,
    "question": question,
    "masked": masked,
}
SEEDS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "webhook": (
        '\x00{"会社名": "㈱あおば", "a": {"b": ["c", 1, null]}}'.encode(),
        b"\x01company=x&name%5B%5D=%E5%B1%B1&_charset_=Shift_JIS",
        b"\x02a=%83%65%83%58%83%67",
        b"\xffapplication/json; charset=utf-8\n{}",
    ),
    "table": (
        "会社名,法人番号,電話番号\nあおば精機,7010001008844,03-1234-5678\n".encode(),
        '会社名\t住所\n"あおば\n精機"\t東京都'.encode("cp932"),
        "会社名;従業員数\nx;１,２００名".encode("utf-16"),
    ),
    "moment": tuple(
        text.encode()
        for text in ("明日の14時", "来週火曜 午後3時半", "3日後", "next Tue 3pm", "in 2 hours", "12/24 10:00", "月末")
    ),
    "terms": ("トヨタ 豊田\n株式会社トヨタ".encode(), b"7010001008844\nx", b"https://www.example.co.jp/\nExample"),
    "names": (
        "㈱髙島屋（東京）".encode(),
        b"+81-3-1234-5678",
        b"name+tag@example.co.jp",
        "従業員 １，２００名".encode(),
    ),
    "slot": (b"12@29600000+60",),
    "conversation": (
        "\x00佐藤: ご予算はおいくらですか。\n市川様: 300万円で確保しています。4月から使いたいです。".encode("cp932"),
        "\x01WEBVTT\n\n1\n00:00:01.000 --> 00:00:04.500\n<v 市川>私が決めます。少し高いですね。</v>".encode(),
        "\x021\n00:00:01,000 --> 00:00:02,000\nSato: What is the budget?\n".encode("utf-16"),
        b"\x03"
        + json.dumps({"segments": [{"speaker": "A", "start": 0.5, "end": 2, "text": "困っています。"}]}).encode(),
        "\x00[00:10] 佐藤 太郎\nいつ頃をお考えですか？\n[00:14] 市川\n来月です。".encode(),
    ),
    "question": tuple(
        text.encode()
        for text in (
            "今日の架電リスト\nなぜ?",
            "先週の接続率、なぜ下がった？\n先月は？",
            "田中さんを来週火曜14時に商談設定",
            "山田商事の状況は?",
            "call list for today\nand yesterday?",
        )
    ),
    "masked": (
        "髙橋 一郎\n高橋様（090-1234-5678、ichiro@example.co.jp）と〔人名1〕".encode(),
        b"Ken Miller\nMr. Miller, +81 3 1234 5678",
    ),
}
"""What each begins with."""
