"""Who may do what in ClickHouse, on the real engine with the files that a deployment mounts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

from clickhouse.client import DATABASE
from deploy.make_secrets import make
from schemas.tables import TABLES
from sinks.migrate import known_migrations
from tests.deploy.compose_files import ROOT, services, target
from tests.deploy.database_user import element

OPEN: Final = ROOT / "deploy/open/clickhouse/logins.xml"
DENIED: Final = 497
"""ClickHouse's number for: this user has no right to do that."""
READ_ONLY: Final = 164
"""ClickHouse's number for: not in this session, whatever the rights."""
TOO_MANY_ROWS: Final = 396
"""ClickHouse's number for: the answer has more rows than was asked for."""
OUT_OF_BOUNDS: Final = 452
"""ClickHouse's number for: the setting may be changed, and not to that."""

FORBIDDEN_TO_ALL: Final = (
    "DROP TABLE event",
    "TRUNCATE TABLE event",
    "DETACH TABLE event",
    "RENAME TABLE event TO event_2",
    "ALTER TABLE event DELETE WHERE 1",
    "ALTER TABLE event UPDATE body = '' WHERE 1",
    "ALTER TABLE event DROP COLUMN body",
    "ALTER TABLE event DROP PARTITION 'pemilu2024'",
    "ALTER TABLE event MODIFY TTL recorded_at + INTERVAL 1 SECOND",
    "DELETE FROM event WHERE 1",
    "DROP DATABASE rekap",
    "CREATE DATABASE another",
    "CREATE FUNCTION nothing AS x -> x",
    "CREATE USER somebody",
    "SELECT * FROM another_count.event",
    "INSERT INTO another_count.event SELECT 1",
    "SELECT * FROM system.users",
    "SELECT * FROM file('/etc/passwd', 'RawBLOB')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'RawBLOB')",
)
FORBIDDEN_TO_READERS: Final = (
    "INSERT INTO sink_position (election) VALUES ('e')",
    "CREATE TABLE mine (a UInt8) ENGINE = Memory",
    "CREATE VIEW mine AS SELECT 1",
    "DROP VIEW tally_now",
    "ALTER TABLE event ADD COLUMN mine UInt8",
    "OPTIMIZE TABLE event FINAL",
)


def run(
    directory: Path,
    user: str,
    statements: tuple[str, ...] = (),
    *,
    prepare: bool = False,
    logins: Path = OPEN,
    fails: bool = False,
    tools: bool = False,
) -> Any:
    """What a user gets, in a process of its own: the engine opens one directory in a process. With `fails`
    the process is to end with an error, and what it says is returned."""
    asked = {
        "directory": str(directory),
        "user": user,
        "prepare": prepare,
        "statements": statements,
        "logins": str(logins),
        "tools": tools,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.deploy.database_user"],
        input=json.dumps(asked),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if fails:
        assert done.returncode == 1
        return done.stderr
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def count(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small count that the sink has made from an empty database, beside a database of somebody else."""
    directory = tmp_path_factory.mktemp("server")
    made = run(
        directory,
        "default",
        ("CREATE DATABASE another_count", "CREATE TABLE another_count.event (a UInt8) ENGINE = Log"),
    )
    assert made == [[], []]
    run(directory, "migrator", prepare=True)
    run(directory, "sink", prepare=True)
    return directory


FORBIDDEN_TO_SINKS: Final = (
    *(statement for statement in FORBIDDEN_TO_READERS if not statement.startswith("INSERT")),
    "ALTER TABLE tally_history MODIFY COLUMN valid UInt8",
    "ALTER TABLE event MODIFY SETTING ttl_only_drop_parts = 1",
    "ALTER TABLE station_history_to_station MODIFY QUERY SELECT * FROM station_history WHERE 0",
    "CREATE OR REPLACE VIEW tally_now AS SELECT * FROM tally",
    "INSERT INTO schema_migration (number, name, checksum) VALUES (99, 'mine', '')",
    "INSERT INTO tally SELECT * FROM tally_history",
    "INSERT INTO station SELECT * FROM station_history",
    "SELECT body FROM event",
    "SELECT * FROM tally_now",
    "SELECT sentence_en FROM rejected",
    "SELECT parent FROM region",
)
"""What the sink could do while it was the one who migrates, and what it has no use for."""


def test_the_sink_only_inserts_reads_positions_and_checks_sums(count: Path) -> None:
    assert run(count, "sink", FORBIDDEN_TO_SINKS) == [DENIED] * len(FORBIDDEN_TO_SINKS)
    assert run(count, "sink", ("SELECT count() FROM inconsistent_region",)) == [[["0"]]]
    ((position,),) = run(count, "sink", ("SELECT max(position) FROM sink_position",))[0]
    assert int(position) > 0


def test_the_migrator_removes_nothing(count: Path) -> None:
    kept = tuple(one for one in FORBIDDEN_TO_ALL if "ALTER TABLE event MODIFY" not in one)
    assert run(count, "migrator", kept) == [DENIED] * len(kept)


def test_the_sink_finds_the_schema_that_it_knows_or_says_who_brings_it(tmp_path: Path) -> None:
    run(tmp_path, "default")  # makes the database, as the server does
    told = run(tmp_path, "sink", prepare=True, fails=True)
    assert "schema 0, and this version of rekap needs" in told
    assert "rekap migrate" in told


def test_the_migrator_brings_an_empty_database_up_to_date_and_the_sink_fills_it(count: Path) -> None:
    applied, rows, wrong = run(
        count,
        "analyst",
        (
            "SELECT number FROM schema_migration FINAL ORDER BY number",
            "SELECT count() FROM station_now",
            "SELECT count() FROM inconsistency",
        ),
    )
    assert applied == [[str(migration.number)] for migration in known_migrations()]
    assert int(rows[0][0]) > 0
    assert wrong == [["0"]]


def test_the_sink_can_neither_remove_nor_change_nor_look_around(count: Path) -> None:
    assert run(count, "sink", FORBIDDEN_TO_ALL) == [DENIED] * len(FORBIDDEN_TO_ALL)


def test_analysts_get_the_results_of_the_command_line(count: Path) -> None:
    rows = run(count, "analyst", prepare=True)
    assert {row["region"] for row in rows} == {"1101012001", "1101012002"}


def test_analysts_read_every_table_and_view(count: Path) -> None:
    (names,) = run(count, "analyst", ("SELECT name FROM system.tables WHERE database = 'rekap'",))
    as_of = "result_as_of(moment = '2024-02-14 08:10:00', contest = 'PPWP', level = 'village')"
    shown = [as_of if name == "result_as_of" else name for (name,) in names]
    assert {*TABLES, "tally_now", "inconsistency", "turnout_outlier", as_of} <= set(shown)
    counts = run(count, "analyst", tuple(f"SELECT count() FROM {name}" for name in shown))
    assert all(isinstance(found, list) for found in counts), dict(zip(shown, counts, strict=True))


def test_analysts_write_nothing_and_can_not_lift_their_limits(count: Path) -> None:
    forbidden = FORBIDDEN_TO_ALL + FORBIDDEN_TO_READERS
    assert run(count, "analyst", forbidden) == [DENIED] * len(forbidden)
    lifted = (
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_execution_time = 0",
        "SELECT 1 SETTINGS max_memory_usage = 0",
    )
    assert run(count, "analyst", lifted) == [READ_ONLY] * len(lifted)
    limits = run(
        count,
        "analyst",
        ("SELECT getSetting('readonly'), getSetting('max_execution_time'), getSetting('max_memory_usage')",),
    )
    assert limits == [[["1", "120.0", "2000000000"]]]


TAKEN: Final = (
    "max_execution_time",  # Grafana (clickhouse-go): its timeout
    *("max_result_rows", "result_overflow_mode"),  # Metabase, DBeaver (JDBC): setMaxRows
    *("extremes", "max_block_size", "join_use_nulls", "session_timezone", "date_time_output_format"),
)
"""What tools set with every query."""


def test_what_grafana_and_metabase_set_with_every_query_is_taken_within_bounds(count: Path) -> None:
    asked = "SELECT getSetting('max_execution_time'), getSetting('max_result_rows') FROM numbers(2) SETTINGS "
    by_tool = (
        f"{asked} max_execution_time = 60",
        f"{asked} max_result_rows = 10000, result_overflow_mode = 'break'",
        f"{asked} max_execution_time = 30, extremes = 0, session_timezone = 'UTC', join_use_nulls = 1",
    )
    assert run(count, "analyst", by_tool, tools=True) == [
        [["60.0", "0"]] * 2,
        [["120.0", "10000"]] * 2,
        [["30.0", "0"]] * 2,
    ]
    outside = (
        "SELECT 1 SETTINGS max_execution_time = 0",  # without a bound
        "SELECT 1 SETTINGS max_execution_time = 121",
        "SELECT 1 SETTINGS max_block_size = 1000001",
        "SELECT 1 SETTINGS max_result_rows = 1000000000001",
    )
    assert run(count, "analyst", outside, tools=True) == [OUT_OF_BOUNDS] * len(outside)
    too_many = ("SELECT number FROM numbers(10) SETTINGS max_result_rows = 2",)
    assert run(count, "analyst", too_many, tools=True) == [TOO_MANY_ROWS]


def test_a_reader_changes_nothing_else(count: Path) -> None:
    """As the files say it: the engine in process does not read the setting that allows these changes."""
    users = ElementTree.parse(ROOT / "deploy/clickhouse/users.xml").getroot()
    assert users.findtext("profiles/analyst/readonly") == "1"
    constraints = element(users, "profiles/analyst/constraints")
    assert [one.tag for one in constraints] == list(TAKEN)
    assert all(one.find("changeable_in_readonly") is not None for one in constraints)
    config = ElementTree.parse(ROOT / "deploy/clickhouse/config.xml").getroot()
    path = "access_control_improvements/settings_constraints_replace_previous"
    assert config.findtext(path) == "true"
    known = (
        "SELECT count() FROM system.settings WHERE name IN (" + ", ".join(f"'{one}'" for one in TAKEN) + ")"
    )
    assert run(count, "analyst", (known,)) == [[[str(len(TAKEN))]]]


def logins(directory: Path, file: Path) -> dict[str, str]:
    """How each user shows who it is, as the server understands it."""
    (rows,) = run(
        directory, "default", ("SELECT name, auth_type[1] FROM system.users ORDER BY name",), logins=file
    )
    return dict(rows)


def test_without_the_secure_profile_nobody_has_a_password(count: Path) -> None:
    assert logins(count, OPEN) | {"default": ""} == {
        "analyst": "no_password",
        "migrator": "no_password",
        "default": "",
        "sink": "no_password",
    }


def test_in_the_secure_profile_everybody_has_one(count: Path, tmp_path: Path) -> None:
    make(tmp_path / "secure")
    held = logins(count, tmp_path / "secure/clickhouse/logins.xml")
    assert held["analyst"] == held["sink"] == held["migrator"] == "sha256_password"


def test_the_files_are_mounted_where_the_server_reads_them() -> None:
    mounts = {
        target(one): one if isinstance(one, str) else one["source"]
        for one in services()["clickhouse"]["volumes"]
    }
    assert mounts["/etc/clickhouse-server/users.d/rekap.xml"].startswith("./deploy/clickhouse/users.xml:")
    assert mounts["/etc/clickhouse-server/config.d/rekap.xml"].startswith("./deploy/clickhouse/config.xml:")
    users = ElementTree.parse(ROOT / "deploy/clickhouse/users.xml").getroot()
    assert users.findtext("include_from") == "/run/rekap/logins.xml"
    assert {path.name for path in (ROOT / "deploy/open/clickhouse").iterdir()} == {"logins.xml"}
    for user in ("migrator", "sink", "analyst"):
        assert element(users, f"users/{user}/include").attrib == {"incl": f"{user}_login"}
        assert users.findtext(f"users/{user}/default_database") == DATABASE


def test_the_administrator_is_let_in_from_inside_the_container_only() -> None:
    users = ElementTree.parse(ROOT / "deploy/clickhouse/users.xml").getroot()
    networks = element(users, "users/default/networks")
    assert networks.attrib == {"replace": "replace"}
    assert [one.text for one in networks] == ["127.0.0.1", "::1"]


def test_the_database_of_the_count_is_made_by_the_server() -> None:
    config = ElementTree.parse(ROOT / "deploy/clickhouse/config.xml").getroot()
    assert config.findtext("default_database") == DATABASE
    for user in ("migrator", "sink", "auditor"):
        assert (ROOT / f"deploy/open/{user}/clickhouse.url").read_text().strip().endswith(f"/{DATABASE}")


def test_browsers_are_refused_before_the_server_s_own_handlers() -> None:
    """As the file says it: there is no server here to ask."""
    config = ElementTree.parse(ROOT / "deploy/clickhouse/config.xml").getroot()
    *rules, last = list(element(config, "http_handlers"))
    assert last.tag == "defaults"
    refused = {}
    for rule in rules:
        (header,) = element(rule, "headers")
        refused[header.tag] = header.text
        assert rule.findtext("handler/type") == "static"
        assert rule.findtext("handler/status") == "403"
    assert refused == {"Origin": "regex:.+", "Sec-Fetch-Site": "regex:.+", "User-Agent": "regex:Mozilla/.*"}
