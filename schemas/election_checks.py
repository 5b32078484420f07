"""Whether an election and a register fit each other: what could never be counted is refused before a count.

It is asked when a data directory is made. Each part can be right by itself (a definition, a file of
candidates, a register), and together name regions or stations that are not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from schemas.ballots import Ballots
from schemas.candidates import rows_of_candidates
from schemas.codes import LINES_SHOWN, named_lines
from schemas.elections import DefinitionInvalid, Election
from schemas.language import Text
from schemas.regions import VILLAGE_DEPTH, Registry, RegistryInvalid
from schemas.registry_files import lines_of
from schemas.text import quoted

Missing = tuple[str, str]
"""A place in the definition, such as `contests.DPD.excluded`, and the region that it names there."""


def regions_missing(election: Election, registry: Registry) -> list[Missing]:
    """The regions that the definition itself names and the register does not have."""
    return [(place, region) for place, region in regions_named(election) if region not in registry.index]


def refuse_missing_regions(missing: list[Missing], source: str) -> None:
    """Refuse a definition that names regions that are not there. Raises DefinitionInvalid."""
    if not missing:
        return
    shown = ", ".join(f"{quoted(place)} {quoted(repr(region))}" for place, region in missing[:LINES_SHOWN])
    more = len(missing) - LINES_SHOWN
    raise DefinitionInvalid(
        id=f"{quoted(source)} menyebut wilayah yang tidak ada dalam daftar wilayah: {shown}"
        f"{f' dan {more} lagi' if more > 0 else ''}. Perbaiki kodenya, hapus, atau lengkapi daftar wilayah.",
        en=f"{quoted(source)} names regions that the register does not have: {shown}"
        f"{f' and {more} more' if more > 0 else ''}. Mend the codes, take them out, or complete the "
        "register.",
    )


def refuse_candidates_nowhere(election: Election, registry: Registry, path: Path | None) -> None:
    """Refuse candidates whose constituency is on no ballot, and regions of electoral districts that the
    register does not have: of the file at `path` with the first lines concerned, of a definition that holds
    them itself by their place in it. Raises DefinitionInvalid."""
    ballots = Ballots(election, registry)
    there = {(ballot.contest, ballot.constituency) for ballot in ballots.ballots}
    places: dict[Text, list[tuple[int, str]]] = {}
    for line, row in rows_of_candidates(path) if path is not None else _rows_of_definition(election):
        contest, constituency = election.contest(row["contest"]).id, row["constituency"]
        if row["option"] == "region":
            if row["name"] not in registry.index:
                places.setdefault(NO_REGION, []).append((line, row["name"]))
        elif (contest, constituency) not in there:
            places.setdefault(NO_CONSTITUENCY, []).append((line, f"{contest} {constituency}"))
    if not places:
        return
    parts = [(named_lines(lines), why) for why, lines in places.items()]
    name = quoted(path.name) if path is not None else "electoral_districts, candidates"
    raise DefinitionInvalid(
        id=f"{name}: " + " ".join(f"{why.id}: {lines.id}." for lines, why in parts),
        en=f"{name}: " + " ".join(f"{why.en}: {lines.en}." for lines, why in parts),
    )


def refuse_options_nowhere(election: Election, registry: Registry) -> None:
    """Refuse options that are on no ballot although the register has villages in their regions: `only_in` is
    for provinces, or what holds them. Raises DefinitionInvalid."""
    ballots = Ballots(election, registry)
    held = {ballot.contest for ballot in ballots.ballots}
    there = {(ballot.contest, option) for ballot in ballots.ballots for option in ballot.options}
    for contest in election.contests:
        for option in contest.options:
            only_in = option.only_in or ()
            named = contest.id in held and all(_has_villages(registry, region) for region in only_in)
            if only_in and named and (contest.id, option.id) not in there:
                shown = quoted(", ".join(only_in))
                raise DefinitionInvalid(
                    id=f"Pilihan {option.id} dari {contest.id} tidak ada di surat suara mana pun: only_in "
                    f"({shown}) "
                    "harus menyebut provinsi tempat pemilihan itu diadakan.",
                    en=f"Option {option.id} of {contest.id} is on no ballot: only_in ({shown}) must name "
                    "provinces in "
                    "which the contest is held.",
                )


def _has_villages(registry: Registry, region: str) -> bool:
    index = registry.index.get(region)
    return index is not None and len(registry.villages_below(index)) > 0


def _rows_of_definition(election: Election) -> Iterator[tuple[int, dict[str, str]]]:
    for number, one in enumerate(election.candidates, 1):
        yield number, {"contest": one.contest, "constituency": one.constituency, "option": one.option}
    for number, district in enumerate(election.electoral_districts, 1):
        for region in district.regions:
            row = {"contest": district.contest, "constituency": district.id, "option": "region"}
            yield number, {**row, "name": region}


NO_REGION: Final = Text(
    id="Wilayah dapil yang tidak ada dalam daftar wilayah",
    en="Regions of electoral districts that the register does not have",
)
NO_CONSTITUENCY: Final = Text(
    id="Daerah pemilihan yang tidak ada di mana pun dalam daftar wilayah, atau tempat pemilihan itu tidak "
    "diadakan",
    en="Constituencies that are nowhere in the register, or where the contest is not held",
)


def refuse_stations_nowhere(election: Election, registry: Registry, path: Path) -> None:
    """Refuse a register (the file at `path`) without a list of stations in whose villages the election's
    pattern finds none: their forms could never be counted. Raises RegistryInvalid with the first lines
    concerned."""
    if registry.has_station_list:
        return
    nowhere: dict[str, str] = {}  # a station's id, by its village
    for village, depth in enumerate(registry.depth.tolist()):
        if depth != VILLAGE_DEPTH:
            continue
        station = election.stations.format.format(village=registry.ids[village], number=1)
        found = registry.station(station)
        if found is None or found.village != village:
            nowhere[registry.ids[village]] = station
    if not nowhere:
        return
    lines, name = named_lines(lines_of(path, nowhere)), quoted(path.name)
    station = quoted(repr(next(iter(nowhere.values()))))
    pattern = quoted(election.stations.pattern)
    raise RegistryInvalid(
        id=f"{name}: di {len(nowhere)} desa/kelurahan tidak ada TPS yang dapat ditemukan: {lines.id}. Kode "
        f"TPS-nya, misalnya {station}, tidak sesuai dengan stations.pattern pemilu itu ({pattern}). Berikan "
        "daftar TPS dengan --stations, atau perbaiki kode desa atau definisinya.",
        en=f"{name}: in {len(nowhere)} villages no station can be found: {lines.en}. Ids of their stations, "
        f"such as {station}, do not fit the election's stations.pattern ({pattern}). Give a list of stations "
        "with --stations, or mend the codes of villages or the definition.",
    )


def regions_named(election: Election) -> Iterator[Missing]:
    """The regions that the definition itself names, outside electoral districts."""
    yield from (("overseas", region) for region in election.overseas)
    yield from (("limits.voters_exempt", region) for region in election.limits.voters_exempt)
    for poll in election.poll_exceptions:
        yield from (("poll_exceptions", region) for region in poll.regions)
    for contest in election.contests:
        yield from ((f"contests.{contest.id}.held_in", region) for region in contest.held_in or ())
        yield from ((f"contests.{contest.id}.excluded", region) for region in contest.excluded)
        for option in contest.options:
            place = f"contests.{contest.id}.options.{option.id}.only_in"
            yield from ((place, region) for region in option.only_in or ())
