"""Every word exists in both languages."""

from __future__ import annotations

import re

import pytest

from handlers.i18n import LANGUAGES
from tests.catalogue import load, path_of, template, untranslated, updated, written

PLACE = re.compile(r"{(\w*)}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_entry_is_untranslated_or_fuzzy(language: str) -> None:
    assert untranslated(load(language)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_has_exactly_the_words_of_the_sources(language: str) -> None:
    assert path_of(language).read_bytes() == written(updated(language)), "run `make messages`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translation_uses_no_place_that_its_sentence_does_not_fill(language: str) -> None:
    for message in load(language):
        if message.id:
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
            filled = {place for sentence in ids for place in PLACE.findall(sentence)}
            for sentence in strings:
                assert set(PLACE.findall(sentence)) <= filled, message.id


def test_extraction_sees_calls_inside_f_strings() -> None:
    assert template().get("History") is not None
