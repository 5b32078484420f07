"""What others wrote is shown as text: hostile names, notes, keys, files and arguments through real commands,
in every format and language, on a pipe and on a terminal."""

from __future__ import annotations

import csv
import gc
import io
import json
import os
import pty
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest

from rekap.output.csv_rows import write_csv
from rekap.terminal import guard_stderr
from schemas.data_directory import DataDirectory
from schemas.elections import Election
from schemas.regions import REGION_LEVELS, Registry
from schemas.registry_build import RegionRow, StationRow, build_registry
from stream_processors.embedded.runner import Runner
from tests.hostile import FORGED, HOSTILE, VISIBLE_PART, hidden_in, without_own_sequences
from tests.rekap.conftest import Ran, Rekap
from tests.worlds import annulled, corrected, election, pairs, registry, submitted

VILLAGE = "1101012001"
STATION, OTHER = f"{VILLAGE}001", f"{VILLAGE}002"
NOT_SHOWN = "\x1b[2J\x9b2J\u202e"
"""What a name may hold that is allowed a few characters only."""

COMMANDS = (
    ("results",),
    ("results", "--level", "province"),
    ("results", "--level", "station", "--region", VILLAGE),
    ("results", "--contest", "DPR", "--level", "district", "--region", "1101"),
    ("progress", "--level", "district"),
    ("findings",),
    ("findings", "--count"),
    ("rejected",),
    ("rejected", "--count"),
    ("history", STATION),
    ("history", "11"),
    ("log",),
)
FORMATS = ("table", "json", "jsonl", "csv")


def hostile_election() -> Election:
    """The tiny election with hostile names of everything that has one."""
    document = election(count_unlisted_stations=True).model_dump(mode="json")

    def worse(value: Any, named: bool = False) -> Any:
        if isinstance(value, dict):
            return {key: worse(inner, named or key in ("name", "short")) for key, inner in value.items()}
        if isinstance(value, list):
            return [worse(inner, named) for inner in value]
        return f"{HOSTILE}{value}" if named and isinstance(value, str) else value

    return Election.model_validate(worse(document))


def hostile_registry() -> Registry:
    """The tiny register with hostile names of all regions and stations."""
    plain = registry()
    rows = [
        RegionRow(
            region,
            None if parent < 0 else plain.ids[parent],
            REGION_LEVELS[depth],
            f"{HOSTILE}{name}",
            3,
            600,
        )
        for region, name, parent, depth in zip(
            plain.ids, plain.names, plain.parent.tolist(), plain.depth.tolist(), strict=True
        )
    ]
    stations = [StationRow(f"{VILLAGE}{n:03}", VILLAGE, n, 200 + n, name=f"{HOSTILE}{n}") for n in (1, 2, 3)]
    return build_registry(rows, stations, root=("0", HOSTILE), unlisted_pattern=election().stations.pattern)


def hostile_messages() -> list[bytes]:
    """Events whose free texts are hostile, and messages that are refused for hostile content."""
    first = submitted(STATION, pairs(100, 50, 10))
    second = submitted(OTHER, pairs(60, 40, 20, valid=125))
    fixed = orjson.loads(corrected(STATION, first, pairs(101, 50, 10)))
    fixed["payload"] |= {"note": HOSTILE, "origin": {"source": "x", "record": HOSTILE[:200]}}
    gone = orjson.loads(annulled(OTHER, second))
    gone["payload"]["note"] = f"{HOSTILE}[red]"
    for document in (fixed, gone):
        document.pop("event_id")
    plain = orjson.loads(submitted(STATION, pairs(1, 2, 3)))
    plain.pop("event_id")
    refused = [
        {**plain, "station": HOSTILE},
        {**plain, "type": HOSTILE},
        {**plain, "type": "x" * 60_000},
        {**plain, "election": HOSTILE},
        {**plain, "contest": HOSTILE},
        {**plain, HOSTILE: 1},
        {**plain, "x" * 60_000: 1},
        {**plain, "event_id": HOSTILE},
        {**plain, "occurred_at": NOT_SHOWN},
        {**plain, "submitted_by": {"officer": HOSTILE, "role": "kpps"}},
        {**plain, "submitted_by": {"officer": "a", "role": HOSTILE}},
        {**plain, "payload": {"form": {"votes": {HOSTILE: 1}}}},
        {"not an event": HOSTILE, HOSTILE: HOSTILE},
    ]
    twice = json.dumps(HOSTILE).encode()
    return [
        first,
        second,
        orjson.dumps(fixed, option=orjson.OPT_SORT_KEYS),
        orjson.dumps(gone, option=orjson.OPT_SORT_KEYS),
        *(orjson.dumps(document) for document in refused),
        b"{%b:1,%b:2}" % (twice, twice),
        HOSTILE.encode(),
        b"\xff\x1b[31m",
    ]


@pytest.fixture(scope="module")
def hostile_count(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which they were counted."""
    gc.collect()
    directory = DataDirectory.create(
        tmp_path_factory.mktemp("hostile") / "data", hostile_election(), hostile_registry()
    )
    with Runner.open(directory, command="test", workers=0) as runner:
        runner.submit(hostile_messages())
    return directory.path


def assert_shown_as_text(ran: Ran) -> None:
    """Nothing on stdout or stderr that a terminal obeys, but for line feeds; no line begins with what was
    written behind a line feed in a value."""
    for written in (ran.out.replace("\r\n", "\n"), ran.err):
        assert hidden_in(written) == ""


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_answer_is_text_in_every_format(
    rekap: Rekap, hostile_count: Path, command: tuple[str, ...], language: str
) -> None:
    for written in FORMATS:
        ran = rekap("--lang", language, "--data", hostile_count, *command, "--format", written)
        assert ran.code == 0
        assert_shown_as_text(ran)
        if written != "csv":  # where a quoted cell may have several lines
            assert not any(line.startswith(FORGED) for line in ran.out.splitlines())


def test_json_has_the_exact_values(rekap: Rekap, hostile_count: Path) -> None:
    rows = rekap("--data", hostile_count, "results", "--level", "province", "--format", "json").json
    assert rows[0]["name"] == f"{HOSTILE}PROVINCE 11".replace("\n", " ")
    notes = [row["note"] for row in rekap("--data", hostile_count, "history", STATION, "-f", "json").json]
    assert HOSTILE in notes


def test_sentences_that_are_kept_quote_no_more_than_their_bound(rekap: Rekap, hostile_count: Path) -> None:
    rows = rekap("--data", hostile_count, "rejected", "--format", "json").json
    assert len(rows) == 16
    for row in rows:
        for sentence in row["sentence"].values():
            assert hidden_in(sentence) == ""
            assert "\n" not in sentence
            assert len(sentence) < 1_000
    assert any(r"\x1b[31m" in row["sentence"]["en"] for row in rows)
    assert any("… [200/60" in row["sentence"]["id"] for row in rows)


def test_one_event_in_full_is_text(rekap: Rekap, hostile_count: Path) -> None:
    rows = rekap("--data", hostile_count, "history", STATION, "--format", "json").json
    event = next(row["event_id"] for row in rows if row["note"] == HOSTILE)
    ran = rekap("--data", hostile_count, "log", "--event", event)
    assert_shown_as_text(ran)
    assert json.loads(ran.out)["event"]["payload"]["note"] == HOSTILE


@pytest.mark.parametrize("language", ["id", "en"])
def test_verify_is_text(rekap: Rekap, hostile_count: Path, language: str) -> None:
    ran = rekap("--lang", language, "--data", hostile_count, "verify")
    assert ran.code == 0
    assert_shown_as_text(ran)


def on_terminal(*arguments: object, cwd: Path | None = None) -> tuple[int, str]:
    """What `rekap ARGUMENTS` writes to a terminal, stdout and stderr, and how it ends."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LANG": "C.UTF-8"}
    command: list[str | bytes] = [sys.executable, "-m", "rekap", *map(os.fsencode, map(str, arguments))]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env=environment, cwd=cwd
    )
    os.close(slave)
    written = b""
    while True:
        try:
            piece = os.read(master, 65_536)
        except OSError:  # the last process has closed it
            break
        written += piece
    os.close(master)
    return process.wait(), written.decode()


@pytest.mark.parametrize(
    "command",
    [
        ("results",),
        ("results", "--level", "province"),
        ("history", STATION),
        ("rejected",),
        ("log",),
        ("verify",),
        ("progress", "--level", "province", "--format", "csv"),
    ],
    ids=" ".join,
)
def test_a_terminal_gets_our_colours_and_nothing_else(hostile_count: Path, command: tuple[str, ...]) -> None:
    code, written = on_terminal("--lang", "en", "--data", hostile_count, *command)
    assert code == 0
    shown = without_own_sequences(written)
    assert hidden_in(shown) == ""
    assert not any(line.startswith(FORGED) for line in shown.splitlines())
    assert "\x1b[31mred" not in written


def test_neither_markup_nor_emoji_codes_are_obeyed(hostile_count: Path) -> None:
    _, written = on_terminal("--lang", "en", "--data", hostile_count, "history", STATION)
    shown = " ".join(without_own_sequences(written).split())
    assert "[bold red]markup[/bold red][link=http://127.0.0.1]link[/link]:smile:" in shown


# Files

REGIONS = """id,parent,level,name,stations
11,,province,{name},
1101,11,district,D,
110101,1101,subdistrict,S,
1101012001,110101,village,V,2
"""
STATIONS = "id,village,number,registered\n1101012001001,1101012001,1,200\n1101012001002,1101012001,2,210\n"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REKAP_DATA", str(tmp_path / "data"))
    (tmp_path / "regions.csv").write_text(REGIONS.format(name="P"))
    (tmp_path / "stations.csv").write_text(STATIONS)
    return tmp_path


INIT = ("init", "--election", "pemilu2024", "--registry", "regions.csv", "--stations", "stations.csv")
BAD = "\x1b[31m\x9b\u202e"


def bad_regions(files: Path) -> tuple[str, ...]:
    (files / "bad.csv").write_text(REGIONS.format(name="P") + f"{BAD}9,{BAD},village,{BAD},2\n")
    return ("init", "--election", "pemilu2024", "--registry", "bad.csv")


def bad_level(files: Path) -> tuple[str, ...]:
    (files / "bad.csv").write_text(REGIONS.format(name="P") + f"9,11,{BAD * 200},x,2\n")
    return ("init", "--election", "pemilu2024", "--registry", "bad.csv")


def bad_columns(files: Path) -> tuple[str, ...]:
    (files / "bad.csv").write_text(f"{BAD},{BAD}2\n1,2\n")
    return ("init", "--election", "pemilu2024", "--registry", "bad.csv")


def bad_stations(files: Path) -> tuple[str, ...]:
    (files / "bad.csv").write_text(f"id,village,number,registered\n{BAD},{BAD},1,{BAD}\n")
    return ("init", "--election", "pemilu2024", "--registry", "regions.csv", "--stations", "bad.csv")


def bad_candidates(files: Path) -> tuple[str, ...]:
    (files / "bad.csv").write_text(f"contest,constituency,option,name\n{BAD},{BAD},{BAD},{BAD}\n")
    return (*INIT, "--candidates", "bad.csv")


def bad_definition(files: Path) -> tuple[str, ...]:
    (files / "bad.yaml").write_text('id: "\\e[31m"\n"\\e[2J": 1\n')
    return ("init", "--election", "bad.yaml", "--registry", "regions.csv")


def no_yaml(files: Path) -> tuple[str, ...]:
    (files / "bad.yaml").write_text("a: [\u202ex\n" + "y" * 500)
    return ("init", "--election", "bad.yaml", "--registry", "regions.csv")


def no_election(files: Path) -> tuple[str, ...]:
    assert files.is_dir()
    return ("init", "--election", f"{BAD}\nforged line", "--registry", "regions.csv")


def unknown_option(files: Path) -> tuple[str, ...]:
    assert files.is_dir()
    return ("results", f"--{BAD}")


def unknown_command(files: Path) -> tuple[str, ...]:
    assert files.is_dir()
    return (f"{BAD}",)


def no_time(files: Path) -> tuple[str, ...]:
    assert files.is_dir()
    return ("results", "--as-of", BAD * 200)


def no_contest(files: Path) -> tuple[str, ...]:
    DataDirectory.create(files / "data", election(), registry())
    return ("results", "--contest", BAD * 200)


def no_file(files: Path) -> tuple[str, ...]:
    DataDirectory.create(files / "data", election(), registry())
    return ("import", str(files / f"{BAD}.csv"))


def no_count(files: Path) -> tuple[str, ...]:
    return ("--data", str(files / f"{BAD}\udcff"), "results")


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(
    "asked",
    [
        *(bad_regions, bad_level, bad_columns, bad_stations, bad_candidates, bad_definition, no_yaml),
        *(no_election, unknown_option, unknown_command, no_time, no_contest, no_file, no_count),
    ],
)
def test_errors_are_text_and_bounded(
    rekap: Rekap, files: Path, asked: Callable[[Path], tuple[str, ...]], language: str
) -> None:
    ran = rekap("--lang", language, *asked(files))
    assert ran.code == 2, ran.err
    assert_shown_as_text(ran)
    assert ran.err
    assert max(map(len, ran.err.splitlines())) < 1_000
    assert not any(line.startswith(FORGED) for line in ran.err.splitlines())


def test_a_unit_that_is_not_there_is_named_as_text(rekap: Rekap, hostile_count: Path) -> None:
    ran = rekap("--data", hostile_count, "history", BAD * 200)
    assert ran.code == 2
    assert_shown_as_text(ran)
    assert len(ran.err) < 1_000


@pytest.mark.parametrize("written", ["table", "json"])
def test_a_hostile_file_is_imported_and_what_is_unreadable_is_named_as_text(
    rekap: Rekap, files: Path, written: str
) -> None:
    assert rekap(*INIT).code == 0
    file = files / "\x1b]0;owned\x07\nforged line\u202e.csv"
    lines = [f"1101012001001,{BAD},1,1", f"{BAD},1,1,1", f"1101012001002,1,1,1{BAD}" + "9" * 3_000]
    file.write_text("station,vote_1,vote_2,note\n" + "".join(f"{line}\n" for line in lines[:2]) + lines[2])
    ran = rekap("import", file, "--contest", "PPWP", "--format", written)
    assert ran.code == 1
    assert_shown_as_text(ran)
    assert r"\x1b]0;owned\x07\nforged line\u202e.csv:2" in ran.err
    assert not any(line.startswith(FORGED) for line in ran.err.splitlines())


def test_members_of_a_zip_are_named_as_text(rekap: Rekap, files: Path) -> None:
    assert rekap(*INIT).code == 0
    with zipfile.ZipFile(files / "responses.zip", "w") as packed:
        packed.writestr("\x1b[31m\nforged line\u202e.json", "{}")
        packed.writestr("1101012001001.json", json.dumps({"chart": {BAD: 1}, "administrasi": {BAD: 1}}))
        packed.writestr("1101012001002.json", json.dumps({"chart": {"100025": BAD * 300}, "ts": BAD}))
    ran = rekap("import", files / "responses.zip", "--contest", "PPWP")
    assert_shown_as_text(ran)
    assert r"\x1b[31m\nforged line\u202e.json" in ran.err
    assert not any(line.startswith(FORGED) for line in ran.err.splitlines())


def test_an_import_on_a_terminal_names_directory_and_file_as_text(files: Path) -> None:
    (files / "\x1b[2J\u202e.csv").write_text(f"station,vote_1\n1101012001001,{BAD}\n")
    data = files / "\x1b]0;owned\x07\nforged line"
    code, shown = on_terminal("--data", data, *INIT, cwd=files)
    assert code == 0
    code, imported = on_terminal(
        "--data", data, "import", "\x1b[2J\u202e.csv", "--contest", "PPWP", cwd=files
    )
    assert code == 1
    for written in (shown, imported):
        assert r"\x1b]0;owned\x07" in written
        assert hidden_in(without_own_sequences(written)) == ""
        assert f"\n{FORGED}" not in without_own_sequences(written)
    assert r"\x1b[2J\u202e.csv:2" in imported


def test_a_name_that_is_not_utf_8_is_named(files: Path) -> None:
    code, written = on_terminal("--lang", "en", "results", cwd=files)
    assert code == 2
    name = os.fsencode(str(files)) + b"/\xff\x1b[31m"
    ended = subprocess.run(
        [sys.executable, "-m", "rekap", "--data", name, "results"], capture_output=True, check=False
    )
    assert ended.returncode == 2
    assert rb"\udcff\x1b[31m" in ended.stderr
    assert hidden_in(written.replace("\r\n", "\n")) == ""


def test_a_mistake_of_ours_is_reported_as_text(
    rekap: Rekap, hostile_count: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError(HOSTILE + "x" * 5_000)

    monkeypatch.setattr("rekap.reading.reader", fail)
    monkeypatch.setenv("REKAP_DEBUG", "1")
    ran = rekap("--data", hostile_count, "results")
    assert ran.code == 3
    assert_shown_as_text(ran)
    assert VISIBLE_PART in ran.err


def test_an_error_that_ends_a_thread_is_written_as_text(
    capsys: pytest.CaptureFixture[str], restored_hooks: None
) -> None:
    assert restored_hooks is None

    def fail() -> None:
        raise ValueError(HOSTILE)

    guard_stderr()
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    written = capsys.readouterr().err
    assert VISIBLE_PART in written
    assert hidden_in(written) == ""


@pytest.fixture
def restored_hooks() -> Iterator[None]:
    """Hooks as they were, afterwards."""
    before = threading.excepthook
    yield
    threading.excepthook = before


# CSV

FORMULAS = (
    *("=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1"),
    *("＝1", "＋1", "－1", "＠1", "'=1", "''-1", "-991304-001"),
)


def in_csv(**row: Any) -> dict[str, str]:
    stream = io.BytesIO()
    write_csv([row], stream, pa.schema([]))
    (read,) = csv.DictReader(io.StringIO(stream.getvalue().decode(), newline=""))
    return read


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_a_text_in_a_spreadsheet(text: str) -> None:
    cell = in_csv(name=text)["name"]
    assert cell.startswith("'")
    assert in_csv(names={"nested": text})["names.nested"] == cell


def test_numbers_of_ours_stay_numbers_and_other_texts_stay_as_they_are() -> None:
    row = in_csv(change=-5, share=-1.5, id="3207-001", name="'t Hoen", note="a=b", moved=None)
    assert row == {
        "change": "-5",
        "share": "-1.5",
        "id": "3207-001",
        "name": "'t Hoen",
        "note": "a=b",
        "moved": "",
    }


def test_hidden_characters_are_escaped_in_cells_and_lines_are_quoted() -> None:
    row = in_csv(note='a\x00\x1b[31m\n"b"\rc\u202e', some=["\x7f\x9b"])
    assert row["note"] == 'a\\x00\\x1b[31m\n"b"\\rc\\u202e'
    assert json.loads(row["some"]) == ["\x7f\x9b"]


def test_formulas_of_senders_are_texts_in_what_commands_export(rekap: Rekap, hostile_count: Path) -> None:
    for command in (("history", STATION), ("results", "--level", "province")):
        ran = rekap("--data", hostile_count, *command, "--format", "csv")
        cells = [cell for row in csv.reader(io.StringIO(ran.out, newline="")) for cell in row]
        assert any(cell.startswith(f"'{VISIBLE_PART}") for cell in cells)
        assert not any(cell.startswith("=") for cell in cells)
