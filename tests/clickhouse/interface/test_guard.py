"""What a reader may run: one statement that reads, whatever it is dressed up as."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.interface.allowed import (
    COMBINATORS,
    FORMATS,
    FUNCTIONS,
    REFUSED_FUNCTIONS,
    SYNTAX_FUNCTIONS,
    SYSTEM_TABLES,
    TABLE_FUNCTIONS,
    TABLE_FUNCTIONS_TOO,
    TYPES,
)
from clickhouse.interface.guard import (
    MAX_STATEMENT,
    NOT_IMPLEMENTED,
    READONLY,
    SYNTAX_ERROR,
    UNKNOWN_FORMAT,
    UNKNOWN_FUNCTION,
    Refusal,
    Statement,
    check_anything,
    check_reading,
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
    assert isinstance(check_reading(sql), Statement)


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
        ("SELECT * FROM file('/etc/passwd')", UNKNOWN_FUNCTION),
        ("SELECT * FROM FILE ('/etc/passwd')", UNKNOWN_FUNCTION),
        ("SELECT * FROM `file`('/etc/passwd')", UNKNOWN_FUNCTION),
        ("SELECT * FROM url('http://127.0.0.1')", UNKNOWN_FUNCTION),
        ("SELECT * FROM Python(x)", UNKNOWN_FUNCTION),
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
    refusal = check_reading(sql)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code


@pytest.mark.parametrize("kind", ["SEMI", "LEFT ANTI", "ASOF", "RIGHT SEMI", "semi left", "ASOF INNER"])
def test_joins_that_hang_the_engine_are_refused_for_writers_too(kind: str) -> None:
    for check in (check_reading, check_anything):
        refusal = check(f"SELECT * FROM a {kind} JOIN b USING (x)")
        assert isinstance(refusal, Refusal)
        assert refusal.code == NOT_IMPLEMENTED
        assert "NOT IN" in refusal.sentence


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", None),
        ("SELECT 1 FORMAT JSON", "JSON"),
        ("SELECT 1 format CSV;", "CSV"),
        ("SELECT format('{}', 1)", None),
        ("SELECT (SELECT 'FORMAT XML')", None),
        ("SELECT 1 -- FORMAT JSON", None),
    ],
)
def test_the_format_is_the_one_in_the_statement_s_own_clause(sql: str, expected: str | None) -> None:
    statement = check_reading(sql)
    assert isinstance(statement, Statement)
    assert statement.format == expected


ENGINE_FUNCTIONS = "SELECT DISTINCT lower(name) FROM system.functions"


def test_every_function_of_the_engine_was_looked_at(clickhouse: Client) -> None:
    """A newer engine brings new ones: put each on one of the lists."""
    found = {name for (name,) in clickhouse.query(ENGINE_FUNCTIONS).result_rows}
    assert found - FUNCTIONS - SYNTAX_FUNCTIONS == REFUSED_FUNCTIONS
    assert found >= FUNCTIONS
    assert not FUNCTIONS & REFUSED_FUNCTIONS


def test_types_combinators_formats_and_system_tables_are_the_engine_s(clickhouse: Client) -> None:
    def column(sql: str) -> set[str]:
        return {str(name) for (name,) in clickhouse.query(sql).result_rows}

    types = column("SELECT name FROM system.data_type_families")
    assert {word.lower() for name in types for word in name.split()} == TYPES
    assert column("SELECT name FROM system.aggregate_function_combinators") == set(COMBINATORS)
    assert column("SELECT name FROM system.formats WHERE is_output") >= FORMATS
    assert column("SELECT name FROM system.tables WHERE database = 'system'") >= SYSTEM_TABLES
    tables = column("SELECT lower(name) FROM system.table_functions")
    assert tables >= TABLE_FUNCTIONS
    assert tables & FUNCTIONS - TABLE_FUNCTIONS == TABLE_FUNCTIONS_TOO


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT sumIf(1, 1), uniqExactOrNull(x), countIf(x), sumArrayIf(x, y) FROM t",
        "SELECT quantile(0.5)(x), CAST(x AS Decimal(10, 2)), x::Nullable(String) FROM t",
        "SELECT arrayMap(x -> (x, 1), [1]) FROM t WHERE (a, b) IN (SELECT 1, 2) AND NOT (c)",
        "WITH a AS (SELECT 1) SELECT row_number() OVER (PARTITION BY x ORDER BY y) FROM a",
        "SELECT EXTRACT(YEAR FROM now()), DATE_ADD(DAY, 1, today()), GROUPING(x) FROM t GROUP BY ROLLUP(x)",
        "SELECT name FROM system.tables WHERE database = 'rekap'",
        "SELECT * FROM numbers(10) JOIN (SELECT 1) USING (x)",
        "SELECT * EXCEPT (a), COLUMNS('x') FROM t LIMIT 1 BY (a)",
        "EXPLAIN PLAN SELECT 1",
        "SHOW CREATE TABLE tally",
        "SHOW FULL COLUMNS FROM tally",
    ],
)
def test_what_an_analyst_writes_is_allowed(sql: str) -> None:
    assert isinstance(check_reading(sql), Statement)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT hasColumnInTable('host', '', '', 'd', 't', 'c')", UNKNOWN_FUNCTION),
        ("SELECT HOSTNAME()", UNKNOWN_FUNCTION),
        ("SELECT `sleep`(3)", UNKNOWN_FUNCTION),
        ('SELECT "sleepEachRow" (3)', UNKNOWN_FUNCTION),
        ("SELECT /**/ catboostEvaluate /**/ ('/x', 1)", UNKNOWN_FUNCTION),
        ("SELECT a_function_of_a_newer_engine(1)", UNKNOWN_FUNCTION),
        ("SELECT sleepIf(1, 1)", UNKNOWN_FUNCTION),
        ("SELECT * FROM a_table_function_of_a_newer_engine(1)", UNKNOWN_FUNCTION),
        ("SELECT * FROM format(CSV, '1')", UNKNOWN_FUNCTION),
        ("SELECT * FROM merge('system', '.*')", UNKNOWN_FUNCTION),
        ("SELECT * FROM a, file('/x')", UNKNOWN_FUNCTION),
        ("SELECT `sl\\x65ep`(3)", SYNTAX_ERROR),
        ("SELECT * FROM `syst\\x65m`.users", SYNTAX_ERROR),
        ("SELECT * FROM system.users", READONLY),
        ("SELECT * FROM `system` . `processes`", READONLY),
        ('SHOW CREATE TABLE "system".query_log', READONLY),
        ("SELECT * FROM {d:Identifier}.{t:Identifier}", READONLY),
        ("SELECT * APPLY(hostName) FROM t", READONLY),
        ("SELECT 1 SETTINGS output_format_schema = '/x'", READONLY),
        ("SELECT 1 FORMAT CSV SETTINGS max_threads = 1", READONLY),
        ("SELECT * FROM (SELECT 1 settings readonly=0)", READONLY),
        ("SELECT 1 FORMAT ProtobufList", UNKNOWN_FORMAT),
        ("SELECT 1 FORMAT `Template`", UNKNOWN_FORMAT),
        ("SELECT 1 FORMAT CapnProto", UNKNOWN_FORMAT),
        ("SHOW PROCESSLIST", READONLY),
        ("SHOW GRANTS", READONLY),
        ("SHOW USERS", READONLY),
        ("EXPLAIN INSERT INTO t VALUES (1)", READONLY),
        ("EXPLAIN TABLE OVERRIDE x", READONLY),
        ("SELECT " + "1," * MAX_STATEMENT, SYNTAX_ERROR),
    ],
)
def test_names_that_are_on_no_list_are_refused(sql: str, code: int) -> None:
    refusal = check_reading(sql)
    assert isinstance(refusal, Refusal), sql
    assert refusal.code == code


def test_an_error_repeats_little_of_a_long_name() -> None:
    refusal = check_reading(f"SELECT {'x' * 50_000}(1)")
    assert isinstance(refusal, Refusal)
    assert len(refusal.sentence) < 200
