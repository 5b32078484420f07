"""Which language is spoken, and that everything people read is in both."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from pkgutil import walk_packages

import pytest

import rekap as rekap_package
from rekap.commands import KNOWN
from rekap.text.language import asked_for
from rekap.text.numbers import clock, percent, whole, zone_of
from schemas.language import Text
from tests.rekap.conftest import Rekap

MODULES = sorted(
    found.name for found in walk_packages(rekap_package.__path__, "rekap.") if found.name != "rekap.__main__"
)


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ([], {}, "en"),
        ([], {"LANG": "id_ID.UTF-8"}, "id"),
        ([], {"LANG": "en_US.UTF-8"}, "en"),
        ([], {"LC_ALL": "id_ID", "LANG": "en_US"}, "id"),
        ([], {"LC_ALL": "", "LANG": "id_ID"}, "id"),
        ([], {"REKAP_LANG": "en", "LANG": "id_ID"}, "en"),
        ([], {"REKAP_LANG": "id"}, "id"),
        (["--lang", "id", "results"], {}, "id"),
        (["--lang=id"], {"REKAP_LANG": "en"}, "id"),
        (["--data", "here", "--lang", "id", "results"], {}, "id"),
        (["--help", "--lang", "id"], {}, "id"),
        (["results", "--lang", "id"], {}, "en"),  # belongs to the subcommand, which refuses it
        (["--lang", "fr"], {}, "en"),
    ],
)
def test_the_language_is_asked_for_or_that_of_the_environment(
    arguments: list[str], environment: dict[str, str], expected: str
) -> None:
    assert asked_for(arguments, environment) == expected


@pytest.mark.parametrize("name", MODULES)
def test_both_languages_say_the_same_numbers(name: str) -> None:
    """Each sentence fills in the same figures in both languages, and neither is left untranslated."""
    values = list(vars(import_module(name)).values())
    said = [value for value in values if isinstance(value, Text)]
    for value in values:
        if isinstance(value, dict):
            said += [one for one in value.values() if isinstance(one, Text)]
    for one in said:
        assert set(re.findall(r"\{\w+\}", one.id)) == set(re.findall(r"\{\w+\}", one.en)), one.en
        assert one.id.strip()
        assert one.en.strip()


def test_help_is_in_the_language_asked_for(rekap: Rekap) -> None:
    english, indonesian = (
        " ".join(rekap("--lang", language, "--help").out.split()) for language in ["en", "id"]
    )
    for name, said in KNOWN.items():
        assert f" {name} " in english
        assert said.en in english
        assert said.id in indonesian
    assert "Perintah:" in indonesian
    assert "Cara pakai: rekap" in indonesian


def test_sentences_and_numbers_follow_the_language(rekap: Rekap, counted: object) -> None:
    assert counted
    english, indonesian = rekap("results").out, rekap("--lang", "id", "results").out
    assert "3,292" in english
    assert "3.292" in indonesian
    assert "Outstanding: 47 stations" in english
    assert "Belum masuk: 47 TPS" in indonesian
    assert rekap("--lang", "id", "rejected").out.count("JSON") == rekap("rejected").out.count("JSON")


@pytest.mark.parametrize(
    ("number", "english", "indonesian"),
    [(None, "-", "-"), (0, "0", "0"), (999, "999", "999"), (84298880, "84,298,880", "84.298.880")],
)
def test_thousands_are_separated_as_each_language_does(
    number: int | None, english: str, indonesian: str
) -> None:
    assert (whole(number, "en"), whole(number, "id")) == (english, indonesian)


@pytest.mark.parametrize(
    ("part", "of", "expected"),
    [
        (1, 2, "50.0%"),
        (0, 7, "0.0%"),
        (7, 7, "100.0%"),
        (823_235, 823_236, "99.9%"),  # not quite all is never all
        (1, 823_236, "0.1%"),  # a little is never nothing
        (8, 7, "114.3%"),
        (None, 7, "-"),
        (1, None, "-"),
        (0, 0, "-"),
    ],
)
def test_not_quite_all_is_never_shown_as_all(part: int | None, of: int | None, expected: str) -> None:
    assert percent(part, of, "en") == expected
    assert percent(part, of, "id") == expected.replace(".", ",")


def test_a_column_of_times_names_its_zone_once() -> None:
    moment = datetime(2024, 2, 14, 13, 0, tzinfo=UTC)
    assert clock(moment, timezone(timedelta(hours=7))) == "2024-02-14 20:00:00"
    assert clock(None, UTC) == "-"
    assert zone_of([None, moment]).utcoffset(None) == moment.astimezone().utcoffset()
