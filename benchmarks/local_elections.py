"""The cost of the local elections of 2024: 545 contests, each in one province or district of the nation.

Makes a register of the nation's size (37 provinces, 508 districts, 85,344 villages, 435,000 stations) and a
definition of 37 governors and 508 regents or mayors with their own pairs, and measures `init`, an import of
two rows, a result and `verify`: seconds and the largest resident memory of a process. `--as-exclusions`
writes where a contest is not held instead of where it is; `--listed` adds a list of all stations.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

PROVINCES: Final = 37
DISTRICTS: Final = 508
SUBDISTRICTS: Final = 14  # of each district
VILLAGES: Final = 12  # of each sub-district, 85,344 in all
STATIONS: Final = 435_000
VOTERS: Final = 470  # of each station: the limit of local elections was 600
PAIRS: Final = (2, 3, 4, 5)
"""How many pairs stand, by the number of the contest."""


def districts_of(province: int) -> range:
    """The numbers of a province's districts, which are as even as can be."""
    return range(province * DISTRICTS // PROVINCES, (province + 1) * DISTRICTS // PROVINCES)


def write_register(path: Path) -> None:
    """The register as CSV."""
    villages = DISTRICTS * SUBDISTRICTS * VILLAGES
    number = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("id,parent,level,name,stations,registered\n")
        for province in range(PROVINCES):
            code = f"{11 + province}"
            file.write(f"{code},,province,Province {code},,\n")
            for district in range(1, len(districts_of(province)) + 1):
                below = f"{code}{district:02d}"
                file.write(f"{below},{code},district,District {below},,\n")
                for subdistrict in range(1, SUBDISTRICTS + 1):
                    part = f"{below}{subdistrict:02d}"
                    file.write(f"{part},{below},subdistrict,Subdistrict {part},,\n")
                    for village in range(1, VILLAGES + 1):
                        own = (number + 1) * STATIONS // villages - number * STATIONS // villages
                        number += 1
                        file.write(
                            f"{part}{2000 + village},{part},village,V {village},{own},{own * VOTERS}\n"
                        )


def write_stations(regions: Path, path: Path) -> None:
    """The list of the stations of that register, as CSV."""
    with regions.open(encoding="utf-8") as rows, path.open("w", encoding="utf-8") as file:
        file.write("id,village,number,registered\n")
        for row in csv.DictReader(rows):
            for number in range(1, int(row["stations"] or 0) + 1):
                file.write(f"{row['id']}{number:03d},{row['id']},{number},{VOTERS}\n")


def definition(*, as_exclusions: bool) -> dict[str, Any]:
    """The definition as plain data."""
    provinces = [f"{11 + province}" for province in range(PROVINCES)]
    districts = {
        f"{code}{district:02d}": code
        for province, code in enumerate(provinces)
        for district in range(1, len(districts_of(province)) + 1)
    }
    contests = []
    for number, place in enumerate((*provinces, *districts)):
        is_province = place in provinces
        if not as_exclusions:
            where: dict[str, Any] = {"held_in": [place]}
        elif is_province:
            where = {"excluded": [one for one in provinces if one != place]}
        else:
            own = districts[place]
            where = {
                "excluded": [one for one in provinces if one != own]
                + [one for one, above in districts.items() if above == own and one != place]
            }
        contests.append(
            {
                "id": f"{'GUB' if is_province else 'BUP'}-{place}",
                "name": {"id": f"Pemilihan {place}", "en": f"Election {place}"},
                "kind": "pairs" if as_exclusions else "local_pairs",
                "scope": "province" if is_province else "district",
                "options": [
                    {"id": str(pair), "name": f"Pasangan {pair}"}
                    for pair in range(1, PAIRS[number % len(PAIRS)] + 1)
                ],
                **where,
            }
        )
    return {
        "id": "local2024",
        "name": {"id": "Pemilihan 2024", "en": "Local elections 2024"},
        "root": {"id": "0", "name": "INDONESIA"},
        "stations": {
            "format": "{village}{number:03d}",
            "pattern": "(?P<village>[0-9]{10})(?P<number>[0-9]{3})",
        },
        "count_unlisted_stations": False,
        "limits": {"voters_per_station": 600},
        "contests": contests,
    }


ROWS: Final = """station,contest,vote_1,vote_2,valid,invalid,total
1101012001001,GUB-11,100,200,300,5,305
1101012001001,BUP-1101,150,140,290,15,305
"""


def measure(*arguments: str) -> tuple[float, float]:
    """Seconds and GiB of the largest process of one `rekap` command. Raises CalledProcessError."""
    before = time.perf_counter()
    pid = os.posix_spawn(sys.executable, [sys.executable, "-m", "rekap", *arguments], os.environ)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), arguments)
    return time.perf_counter() - before, used.ru_maxrss / 1024**2


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--as-exclusions", action="store_true")
    parser.add_argument("--listed", action="store_true")
    asked = parser.parse_args()
    as_exclusions = asked.as_exclusions
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        count = str(folder / "count")
        write_register(folder / "regions.csv")
        (folder / "local.yaml").write_text(
            json.dumps(definition(as_exclusions=as_exclusions)), encoding="utf-8"
        )
        (folder / "rows.csv").write_text(ROWS, encoding="utf-8")
        register = ["--registry", str(folder / "regions.csv")]
        if asked.listed:
            write_stations(folder / "regions.csv", folder / "stations.csv")
            register += ["--stations", str(folder / "stations.csv")]
        made = ("--data", count, "init", "--election", str(folder / "local.yaml"))
        for what, arguments in (
            ("init", (*made, *register, "--format", "json")),
            ("import of two rows", ("--data", count, "import", str(folder / "rows.csv"))),
            (
                "results of a governor by district",
                ("--data", count, "results", "-c", "GUB-11", "-l", "district"),
            ),
            ("verify", ("--data", count, "verify")),
        ):
            seconds, gib = measure(*arguments)
            print(f"{what}: {seconds:.1f} s, {gib:.2f} GiB", file=sys.stderr)
        size = sum(file.stat().st_size for file in (folder / "count").rglob("*") if file.is_file())
        print(f"directory: {size / 1024**2:.0f} MiB", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
