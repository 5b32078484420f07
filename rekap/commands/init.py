"""`rekap init`: a data directory for one election and one register of regions and stations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rekap.command import Option, subcommand
from rekap.output.formats import Format, document_option, write_document
from rekap.session import Session, pass_session
from rekap.terminal import echo
from schemas.language import Language, Text

if TYPE_CHECKING:
    from schemas.data_directory import DataDirectory
    from schemas.election_checks import Missing
    from schemas.elections import Election
    from schemas.regions import Registry

MORE = Text(
    id="Pemilu dan daftar wilayahnya diingat dalam direktori itu. Tanpa --registry dipakai negara "
    "percontohan: provinsi dan kabupaten/kota yang nyata, selebihnya dikarang, untuk simulasi. Mengulang "
    "dengan bahan yang sama tidak mengubah apa pun; dengan bahan lain ditolak.",
    en="The election and its register of regions are remembered in the directory. Without --registry it is "
    "the built-in nation: real provinces and districts, the rest invented, for simulation. Again with the "
    "same things changes nothing; with others it is refused.",
)
ELECTION_HELP = Text(
    id="pemilu2024, pilpres2019, atau berkas YAML yang menerangkan pemilu Anda.",
    en="pemilu2024, pilpres2019, or a YAML file that describes your election.",
)
REGISTRY_HELP = Text(
    id="Daftar wilayah sampai desa/kelurahan: CSV, Parquet, atau .xlsx.",
    en="The register of regions down to villages: CSV, Parquet or .xlsx.",
)
STATIONS_HELP = Text(
    id="Daftar TPS: CSV, Parquet, atau .xlsx; tanpa ini cukup banyaknya TPS per desa.",
    en="The list of stations: CSV, Parquet or .xlsx; without it their number in each village is enough.",
)
CANDIDATES_HELP = Text(
    id="Calon dan daerah pemilihan: CSV atau .xlsx.", en="Candidates and electoral districts: CSV or .xlsx."
)
BUILTIN_HELP = Text(
    id="Pakai negara percontohan; sama dengan tanpa --registry.",
    en="Take the built-in nation; the same as no --registry.",
)
PROVINCES_HELP = Text(
    id="Hanya provinsi ini dari negara percontohan, misalnya 11,12; 99 adalah luar negeri.",
    en="Only these provinces of the built-in nation, for instance 11,12; 99 is overseas.",
)
SIZE_HELP = Text(
    id="Perkecil negara percontohan menjadi sekian TPS.",
    en="Scale the built-in nation down to so many stations.",
)
EXISTING = click.Path(path_type=Path, exists=True, dir_okay=False)
EXAMPLES = (
    "rekap --data night init --election pemilu2024 --size 20000",
    "rekap --data aceh init --election pemilu2024 --provinces 11",
    "rekap --data data2019 init --election pilpres2019 --registry regions.csv --stations tps.parquet",
)
PREPARING = Text(id="Menyiapkan {path} ...", en="Preparing {path} ...")
BUILT_IN = Text(
    id="Tanpa --registry: dipakai negara percontohan. Provinsi dan kabupaten/kota nyata; kecamatan, desa, "
    "pemilih, dan calon dikarang.",
    en="No --registry: the built-in nation is used. Provinces and districts are real; sub-districts, "
    "villages, voters and candidates are invented.",
)
READY = Text(id="{path} siap: {what}.", en="{path} is ready: {what}.")
THERE_ALREADY = Text(
    id="{path} sudah ada untuk pemilu dan daftar yang sama; tidak ada yang berubah: {what}.",
    en="{path} was there already, for the same election and register; nothing has changed: {what}.",
)
WHAT = Text(
    id="{election}; {provinces} provinsi, {districts} kabupaten/kota, {villages} desa/kelurahan, {stations} "
    "TPS, {voters} pemilih terdaftar; pemilihan {contests}",
    en="{election}; {provinces} provinces, {districts} districts, {villages} villages, {stations} stations, "
    "{voters} registered voters; contests {contests}",
)
NEXT = Text(
    id="Selanjutnya: rekap --data {path} import BERKAS, atau rekap --data {path} simulate",
    en="Next: rekap --data {path} import FILE, or rekap --data {path} simulate",
)
NEXT_WITHOUT_NIGHT = Text(
    id="Selanjutnya: rekap --data {path} import BERKAS", en="Next: rekap --data {path} import FILE"
)
DISAGREE = Text(
    id="Daftar TPS dan daftar wilayah berbeda tentang jumlah TPS di {villages} desa/kelurahan: daftar TPS "
    "memuat {more} TPS lebih banyak di sebagian dan {fewer} lebih sedikit di sebagian lain. Yang diharapkan "
    "adalah TPS dalam daftar TPS. Antara lain: {first}.",
    en="The list of stations and the register disagree on the number of stations in {villages} villages: the "
    "list has {more} more in some and {fewer} fewer in others. Expected are the stations of the list. Among "
    "them: {first}.",
)
FIRST = Text(
    id="{place}: {register} menurut daftar wilayah, {listed} dalam daftar TPS",
    en="{place}: {register} in the register, {listed} in the list",
)
NOT_IN_REGISTER = Text(
    id="Definisi pemilu menyebut {count} wilayah yang tidak ada dalam daftar wilayah ({shown}); "
    "ketentuannya tidak "
    "berlaku bagi siapa pun. Jika daftar itu menulis kodenya dengan cara lain, salin definisi ke berkas YAML "
    "dan sesuaikan.",
    en="The definition names {count} regions that the register does not have ({shown}): what it says of them "
    "holds for nobody. If the register writes their codes in another way, copy the definition to a YAML file "
    "and mend it.",
)
CONTESTS_SHOWN = 5
"""Contests that a command names; a hint has to be short."""
DISAGREEMENTS_SHOWN = 5
"""Villages and regions that are named where people read; --format json names all."""


@subcommand("init", MORE, EXAMPLES)
@click.option("--election", "-e", cls=Option, said=ELECTION_HELP, metavar="ID|FILE", required=True)
@click.option("--registry", cls=Option, said=REGISTRY_HELP, metavar="FILE", type=EXISTING)
@click.option("--stations", cls=Option, said=STATIONS_HELP, metavar="FILE", type=EXISTING)
@click.option("--candidates", cls=Option, said=CANDIDATES_HELP, metavar="FILE", type=EXISTING)
@click.option("--builtin", cls=Option, said=BUILTIN_HELP, is_flag=True)
@click.option("--provinces", cls=Option, said=PROVINCES_HELP, metavar="CODES")
@click.option("--size", cls=Option, said=SIZE_HELP, metavar="N", type=click.IntRange(min=1))
@document_option
@pass_session
def command(
    session: Session,
    election: str,
    registry: Path | None,
    stations: Path | None,
    candidates: Path | None,
    builtin: bool,
    provinces: str | None,
    size: int | None,
    written: str,
) -> None:
    path = session.path
    _refuse_contradictions(session, registry, stations, builtin or bool(provinces) or size is not None)

    from rekap.render.bars import Waiting
    from schemas.data_directory import ELECTION_FILE, DataDirectory

    with Waiting(session, Text(PREPARING.id.format(path=path), PREPARING.en.format(path=path))):
        chosen, regions = _read(election, registry, stations, candidates, provinces, size)
        missing = _checked(election, chosen, regions, registry, candidates)
        existed = (path / ELECTION_FILE).is_file()
        directory = DataDirectory.create(path, chosen, regions)
        prepare(directory)
        differing = _disagreements(regions, registry)
    if Format(written) is Format.JSON:
        about = {"built_in": registry is None, "new": not existed, "disagreements": differing}
        about["not_in_register"] = [{"place": place, "region": region} for place, region in missing]
        write_document({**_summary(chosen, regions), **about})
        return
    if registry is None:
        session.say(BUILT_IN)
    from rekap.render.tables import write

    what = _described(session, chosen, regions)
    write(session.text(THERE_ALREADY if existed else READY).format(path=path, what=what))
    if differing:
        session.say(Text(_disagree(differing, "id"), _disagree(differing, "en")))
    if missing:
        session.say(_not_in_register(missing))
    echo(_next(chosen, regions).within(session.language).format(path=path), err=True)


def _checked(
    source: str, election: Election, regions: Registry, registry: Path | None, candidates: Path | None
) -> list[Missing]:
    """Refuse what could never be counted. What is left are the regions that a definition of ours names and
    the register of a part of the nation does not have."""
    from schemas import election_checks
    from schemas.elections import available, load_election

    if candidates is not None or registry is not None:
        election_checks.refuse_candidates_nowhere(election, regions, candidates)
    if registry is None:
        return []
    election_checks.refuse_options_nowhere(election, regions)
    election_checks.refuse_stations_nowhere(election, regions, registry)
    missing = election_checks.regions_missing(election, regions)
    if source not in available():
        # In a copy of a definition of ours, what we wrote is no mistake of its user.
        ours = {one for name in available() for one in election_checks.regions_named(load_election(name))}
        election_checks.refuse_missing_regions([one for one in missing if one not in ours], source)
    return missing


def _next(election: Election, registry: Registry) -> Text:
    """What to do now; a night is offered only where it can be simulated: of contests in which somebody stands
    on every ballot, and when voting closed."""
    from schemas.ballots import Ballots

    ballots = Ballots(election, registry).ballots
    without = {one.contest for one in ballots if not one.options}
    held = dict.fromkeys(one.contest for one in ballots)
    complete = [contest for contest in held if contest not in without]
    if not complete or election.poll is None or election.poll.closes is None:
        return NEXT_WITHOUT_NIGHT
    only = "".join(f" --contest {one}" for one in complete[:CONTESTS_SHOWN]) if without else ""
    return Text(id=f"{NEXT.id}{only}", en=f"{NEXT.en}{only}")


def _not_in_register(missing: list[Missing]) -> Text:
    codes = list(dict.fromkeys(region for _, region in missing))
    shown = ", ".join(codes[:DISAGREEMENTS_SHOWN]) + (", ..." if len(codes) > DISAGREEMENTS_SHOWN else "")
    return Text(
        *(text.format(count=len(codes), shown=shown) for text in (NOT_IN_REGISTER.id, NOT_IN_REGISTER.en))
    )


def _disagreements(registry: Registry, regions: Path | None) -> list[dict[str, Any]]:
    """The villages of which register and list tell different numbers of stations."""
    if regions is None:
        return []
    from schemas.registry_files import disagreements

    return [
        {"region": one.village, "name": one.name, "register": one.register, "list": one.listed}
        for one in disagreements(registry, regions)
    ]


def _disagree(differing: list[dict[str, Any]], language: Language) -> str:
    """How many villages differ, by how many stations, and the first of them."""
    from rekap.text.numbers import whole

    numbers = {
        "villages": len(differing),
        "more": sum(max(one["list"] - one["register"], 0) for one in differing),
        "fewer": sum(max(one["register"] - one["list"], 0) for one in differing),
    }
    first = "; ".join(
        FIRST.within(language).format(
            place=f"{one['region']} {one['name']}",
            register=whole(one["register"], language),
            listed=whole(one["list"], language),
        )
        for one in differing[:DISAGREEMENTS_SHOWN]
    )
    shown = {name: whole(number, language) for name, number in numbers.items()}
    return DISAGREE.within(language).format(**shown, first=first)


def prepare(directory: DataDirectory) -> None:
    """Make the tables, and in them what every region expects: questions are answered from the start.

    Where another process owns the directory, that one has done it.
    """
    from clickhouse.ownership import AlreadyOwned
    from stream_processors.embedded.runner import Runner

    try:
        Runner.open(directory, command="init", workers=0).close()
    except AlreadyOwned:
        return


def _refuse_contradictions(
    session: Session, registry: Path | None, stations: Path | None, of_the_nation: bool
) -> None:
    if registry is None and stations is not None:
        raise click.UsageError(
            session.text(
                Text(
                    id="--stations memerlukan --registry: TPS berada di desa dari suatu daftar wilayah.",
                    en="--stations needs --registry: stations are in the villages of a register.",
                )
            )
        )
    if registry is not None and of_the_nation:
        raise click.UsageError(
            session.text(
                Text(
                    id="--builtin, --provinces dan --size adalah untuk negara percontohan; dengan --registry "
                    "tidak berlaku.",
                    en="--builtin, --provinces and --size are for the built-in nation; they can't go with "
                    "--registry.",
                )
            )
        )


def _read(
    election: str,
    registry: Path | None,
    stations: Path | None,
    candidates: Path | None,
    provinces: str | None,
    size: int | None,
) -> tuple[Election, Registry]:
    from schemas.candidates import with_candidates
    from schemas.elections import load_election

    chosen = load_election(election)
    if candidates is not None:
        chosen = with_candidates(chosen, candidates)
    if registry is not None:
        from schemas.registry_files import read_registry

        return chosen, read_registry(chosen, registry, stations)

    from rekap.nights import invented

    codes = [code.strip() for code in provinces.split(",") if code.strip()] if provinces else None
    return invented(chosen, codes, size, candidates=candidates is None)


def _summary(election: Election, registry: Registry) -> dict[str, Any]:
    from schemas.regions import REGION_LEVELS, UNKNOWN

    voters = int(registry.registered[0])
    levels = [REGION_LEVELS[depth].value for depth in registry.depth.tolist()]
    return {
        "election": election.id,
        "election_hash": election.hash,
        "registry_hash": registry.hash,
        "contests": [contest.id for contest in election.contests],
        "regions": {level.value: levels.count(level.value) for level in REGION_LEVELS},
        "stations": int(registry.stations[0]),
        "registered": None if voters == UNKNOWN else voters,
    }


def _described(session: Session, election: Election, registry: Registry) -> str:
    from rekap.text.numbers import whole

    language = session.language
    summary = _summary(election, registry)
    return session.text(WHAT).format(
        election=election.name.within(language),
        provinces=whole(summary["regions"]["province"], language),
        districts=whole(summary["regions"]["district"], language),
        villages=whole(summary["regions"]["village"], language),
        stations=whole(summary["stations"], language),
        voters=whole(summary["registered"], language),
        contests=", ".join(summary["contests"]),
    )
