"""The votes in a chart of Sirekap: what its keys mean, and which of them can't be taken.

A chart has a figure for each key, or, where parties stand, an object for each party: all its votes, those
for the party itself, and those for its candidates. Nothing is summed, and two figures are never taken for
one option.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from producers.importers.problems import RecordInvalid
from schemas.elections import Contest, ContestKind
from schemas.text import quoted

SOURCE: Final = "sirekap"

NOT_OPTIONS: Final = ("null", "persen")
"""Keys of a chart that stand for no option."""

PARTY_TOTAL: Final = "jml_suara_total"
PARTY_ITSELF: Final = "jml_suara_partai"
"""What a party's object has beside its candidates: all its votes, and those for the party itself."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the keys of one contest's charts mean: `options` by key, `1` or `31:21` for that of a
    constituency; `parties` are the options that may have an object."""

    options: Mapping[str, str]
    parties: frozenset[str] = frozenset()

    @property
    def are_local(self) -> bool:
        """Whether any is that of one constituency."""
        return any(":" in option for option in self.options.values())

    def votes(self, chart: Mapping[str, Any], most: int, ignored: tuple[str, ...] = ()) -> dict[str, int]:
        """The votes by option, as `options` names them; options without a figure are left out. `most` is the
        largest figure, `ignored` are further keys that stand for no option. Raises RecordInvalid."""
        votes: dict[str, int] = {}
        keys: dict[str, str] = {}
        for key, option, value in self._cells(chart, ignored):
            cell = figure(f"chart.{key}", value, most)
            if cell is None:
                continue
            if option in votes:
                raise RecordInvalid(
                    id=f"Kunci chart '{quoted(keys[option])}' dan '{quoted(key)}' sama-sama pilihan "
                    f"{option}; "
                    "tidak jelas angka mana yang benar. Perbaiki sources.sirekap dalam definisi pemilihan, "
                    "atau berkasnya.",
                    en=f"The chart keys '{quoted(keys[option])}' and '{quoted(key)}' both mean option "
                    f"{option}, "
                    "so which figure is right is not clear. Correct sources.sirekap in the election's "
                    "definition, or the file.",
                )
            votes[option], keys[option] = cell, key
        return votes

    def _cells(self, chart: Mapping[str, Any], ignored: tuple[str, ...]) -> Iterator[tuple[str, str, Any]]:
        """Each key with its option and its value."""
        for key, value in chart.items():
            if key in ignored:
                continue
            option = self.options.get(key)
            if isinstance(value, dict) and option in self.parties:
                yield from self._of_party(key, str(option), value)
            elif option is not None:
                yield key, option, value
            elif key not in NOT_OPTIONS:
                raise self._unknown(key)
            elif key == "null":
                _refuse_votes_for_nothing(value, "")

    def _of_party(self, party: str, option: str, cells: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        for key, value in cells.items():
            place = f"{party}.{key}"
            if key == PARTY_TOTAL:
                yield place, option, value
            elif key == PARTY_ITSELF:
                yield place, f"{option}.0", value
            elif key == "null":
                _refuse_votes_for_nothing(value, f"{party}.")
            else:
                candidate = self.options.get(key)
                if candidate is None:
                    raise self._unknown(place)
                if not plain(candidate).startswith(f"{option}."):
                    raise RecordInvalid(
                        id=f"Kunci chart '{quoted(place)}' berada di bawah partai {option}, padahal berarti "
                        f"{candidate}.",
                        en=f"The chart key '{quoted(place)}' stands under party {option}, but means "
                        f"{candidate}.",
                    )
                yield place, candidate, value

    def _unknown(self, key: str) -> RecordInvalid:
        known = quoted(", ".join(self.options))
        return RecordInvalid(
            id=f"Kunci chart '{quoted(key)}' bukan pilihan kontes ini ({known}); sebutkan kontesnya dengan "
            "--contest, atau kuncinya dalam sources.sirekap atau kolom sirekap berkas calon.",
            en=f"The chart key '{quoted(key)}' is no option of this contest ({known}); name its contest with "
            "--contest, or the key in sources.sirekap or in the column sirekap of the candidates file.",
        )


def keys_of(contest: Contest) -> Keys | None:
    """The keys of a contest; None where nobody said what they mean. Parties have their ballot numbers as
    keys, unless the definition says otherwise."""
    named = contest.sources.get(SOURCE, {})
    if contest.kind is not ContestKind.PARTIES:
        return Keys(named) if named else None
    parties = {option.id for option in contest.options}
    numbers = {option: option for option in parties - set(named.values())}
    return Keys({**numbers, **named}, frozenset(parties))


def plain(option: str) -> str:
    """The option as a station's form holds it: without its constituency."""
    return option.rpartition(":")[2]


def constituencies_of(options: Mapping[str, int]) -> set[str]:
    """The constituencies that options name."""
    return {option.rpartition(":")[0] for option in options if ":" in option}


def figure(place: str, value: Any, most: int) -> int | None:
    """A figure as it stands in a response; None where it has none. Raises RecordInvalid."""
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise RecordInvalid(
            id=f"{quoted(place)} berisi {quoted(repr(value))}; formulir hanya memuat bilangan bulat 0 "
            f"sampai {most}.",
            en=f"{quoted(place)} holds {quoted(repr(value))}; a form holds whole numbers from 0 to "
            f"{most} only.",
        )
    return value


def _refuse_votes_for_nothing(value: Any, place: str) -> None:
    if value:
        raise RecordInvalid(
            id=f"chart memuat {quoted(value)} suara tanpa pilihan (kunci '{quoted(place)}null').",
            en=f"chart has {quoted(value)} votes for no option (the key '{quoted(place)}null').",
        )
