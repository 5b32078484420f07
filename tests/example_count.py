"""The count that the examples of figures are about: two provinces, three villages, nine stations.

    31  DKI JAKARTA  3171011001 (4 stations, 1,000 voters), 3171011002 (3 stations, 700 voters)
    36  BANTEN       3601011001 (2 stations, 500 voters)

The election is the general election of 2024. With the list of stations those of the first and third village
have 250 voters each, those of the second 240, 230 and 230. Counts are rows of the commission's CSV.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from producers.importers import open_source
from schemas.candidates import with_candidates
from schemas.data_directory import DataDirectory
from schemas.elections import load_election
from schemas.registry_files import read_registry
from stream_processors.embedded.runner import Runner

FIRST, SECOND, THIRD = "3171011001", "3171011002", "3601011001"
"""The villages."""

REGIONS: Final = f"""id,parent,level,name,stations,registered
31,,province,DKI JAKARTA,,
3171,31,district,JAKARTA SELATAN,,
317101,3171,subdistrict,JAGAKARSA,,
{FIRST},317101,village,CIPEDAK,4,1000
{SECOND},317101,village,CIGANJUR,3,700
36,,province,BANTEN,,
3601,36,district,PANDEGLANG,,
360101,3601,subdistrict,SUMUR,,
{THIRD},360101,village,SUMBERJAYA,2,500
"""
VOTERS: Final = {FIRST: (250, 250, 250, 250), SECOND: (240, 230, 230), THIRD: (250, 250)}
PERSONS: Final = """contest,constituency,option,name
DPD,31,1,Person A
DPD,31,2,Person B
DPD,36,1,Person C
DPD,36,2,Person D
"""
HEADER: Final = "station,contest,vote_1,vote_2,vote_3,valid,invalid,total"

INCOMPLETE: Final = (
    f"{FIRST}001,PPWP,50,100,50,200,5,205",
    f"{FIRST}002,PPWP,60,110,50,,,",
    f"{FIRST}003,PPWP,40,,60,,5,",
)
"""Three forms, of which two give every option, one gives the valid votes, and none the voters who voted."""


def forms(village: str, count: int) -> list[str]:
    """Rows of so many equal forms of a village, from its first station on."""
    return [f"{village}{number:03d},PPWP,50,60,70,180,5,185" for number in range(1, count + 1)]


def station_list() -> str:
    """The list of stations, with the voters of each."""
    rows = [
        f"{village}{number:03d},{village},{number},{voters}"
        for village, some in VOTERS.items()
        for number, voters in enumerate(some, 1)
    ]
    return "\n".join(["id,village,number,registered", *rows, ""])


def example(path: Path, rows: Sequence[str], *, stations: bool = False, unlisted: bool = False) -> Path:
    """A data directory below `path` in which the rows were counted; with the list of `stations`, or only
    their number in each village; `unlisted` ones are counted too."""
    (path / "regions.csv").write_text(REGIONS, encoding="utf-8")
    (path / "stations.csv").write_text(station_list(), encoding="utf-8")
    (path / "persons.csv").write_text(PERSONS, encoding="utf-8")
    election = with_candidates(load_election("pemilu2024"), path / "persons.csv")
    election = election.model_copy(update={"count_unlisted_stations": unlisted})
    registry = read_registry(election, path / "regions.csv", path / "stations.csv" if stations else None)
    directory = DataDirectory.create(path / "data", election, registry)
    with Runner.open(directory, command="test", workers=0) as runner:
        if rows:
            counts = path / "counts.csv"
            counts.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
            report = runner.ingest(open_source([counts], election))
            assert report.accepted == len(rows), report
    return directory.path
