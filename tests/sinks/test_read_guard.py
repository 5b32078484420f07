"""What a reader may run: one statement that reads, whatever it is dressed up as."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.client import Client

from sinks.read_guard import (
    ALLOWED_TABLE_FUNCTIONS,
    NOT_IMPLEMENTED,
    READONLY,
    REFUSED_FUNCTIONS,
    SYNTAX_ERROR,
    output_format,
    refuse_anywhere,
    refuse_reading,
)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "select 1;",
        "-- who\nSELECT 1 /* ; */ ;; -- end",
        "WITH 1 AS x SELECT x",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "FROM tally SELECT unit",
        "SHOW TABLES",
        "DESCRIBE TABLE tally",
        "DESC rekap.`tally`",
        "DESCRIBE (SELECT 1)",
        "EXISTS TABLE tally",
        "EXPLAIN SELECT 1",
        "SELECT 'INTO OUTFILE; DROP TABLE x'",
        "SELECT `a;b` FROM t",
        "SELECT file FROM t",
        "SELECT semi, anti FROM t",
        "SELECT format('{}', 'x') FORMAT CSV",
        "SELECT votes['01'] FROM tally WHERE unit = {unit:String}",
    ],
)
def test_reading_is_allowed(sql: str) -> None:
    assert refuse_reading(sql) is None


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("INSERT INTO t VALUES (1)", READONLY),
        ("/* SELECT */ DROP TABLE t", READONLY),
        ("SET readonly = 0", READONLY),
        ("USE system", READONLY),
        ("KILL QUERY WHERE 1", READONLY),
        ("SYSTEM FLUSH LOGS", READONLY),
        ("CHECK TABLE t", READONLY),
        ("exit", READONLY),
        ("SELECT 1; DROP TABLE t", SYNTAX_ERROR),
        ("SELECT 1 INTO OUTFILE '/x'", READONLY),
        ("SELECT 1 into/**/outfile '/x' FORMAT CSV", READONLY),
        ("INSERT INTO t FROM INFILE '/x' FORMAT CSV", READONLY),
        ("SELECT * FROM file('/etc/passwd')", READONLY),
        ("SELECT * FROM FILE ('/etc/passwd')", READONLY),
        ("SELECT * FROM `file`('/etc/passwd')", READONLY),
        ("SELECT * FROM url('http://127.0.0.1')", READONLY),
        ("SELECT * FROM Python(x)", READONLY),
        ("DESCRIBE TABLE file('/etc/passwd')", READONLY),
        ("DESCRIBE anything('/etc/passwd')", READONLY),
        ("DESCRIBE", READONLY),
        ("", SYNTAX_ERROR),
        (" ; -- nothing", SYNTAX_ERROR),
        ("SELECT 'unfinished", SYNTAX_ERROR),
        ("SELECT $$a$$", SYNTAX_ERROR),
        ("SELECT 1$x$, ' $x$ INTO OUTFILE $x$ '", SYNTAX_ERROR),
        ("SELECT \u201c'\u201d INTO OUTFILE '/x' --'", SYNTAX_ERROR),
        ("SELECT 1\0 INTO OUTFILE '/x'", SYNTAX_ERROR),
    ],
)
def test_everything_else_is_refused_with_clickhouse_s_code(sql: str, code: int) -> None:
    refusal = refuse_reading(sql)
    assert refusal is not None
    assert refusal.code == code


@pytest.mark.parametrize("kind", ["SEMI", "LEFT ANTI", "ASOF", "RIGHT SEMI", "semi left", "ASOF INNER"])
def test_joins_that_hang_the_engine_are_refused_for_writers_too(kind: str) -> None:
    for refuse in (refuse_reading, refuse_anywhere):
        refusal = refuse(f"SELECT * FROM a {kind} JOIN b USING (x)")
        assert refusal is not None
        assert refusal.code == NOT_IMPLEMENTED
        assert "NOT IN" in refusal.sentence


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", None),
        ("SELECT 1 FORMAT JSON", "JSON"),
        ("SELECT 1 format CSV;", "CSV"),
        ("SELECT 1 FORMAT CSV SETTINGS max_threads = 1", "CSV"),
        ("SELECT 1 SETTINGS max_threads = 1 FORMAT CSV", "CSV"),
        ("SELECT format('{}', 1)", None),
        ("SELECT (SELECT 'FORMAT XML')", None),
        ("SELECT 1 -- FORMAT JSON", None),
    ],
)
def test_the_format_is_the_one_in_the_statement_s_own_clause(sql: str, expected: str | None) -> None:
    assert output_format(sql) == expected


def test_every_table_function_of_the_engine_is_known_as_one_that_stays_inside_or_one_that_does_not(
    clickhouse: Client,
) -> None:
    found = clickhouse.query("SELECT lower(name) FROM system.table_functions").result_rows
    assert {name for (name,) in found} <= ALLOWED_TABLE_FUNCTIONS | REFUSED_FUNCTIONS
    assert not ALLOWED_TABLE_FUNCTIONS & REFUSED_FUNCTIONS
