"""Requests for the reading interface: statements for what a reader may not have, statements that are hard to
parse, and bytes that are no request."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from tests.corpus import SEED, cut_off, damaged

STATEMENTS: Final = (
    "SELECT * FROM '{path}'",
    "SELECT * FROM `{path}`",
    "SELECT * FROM file('{path}')",
    "SELECT * FROM file('{path}', 'LineAsString')",
    "SELECT * FROM numbers(1), file('{path}')",
    "INSERT INTO FUNCTION file('{new}') SELECT 1",
    "SELECT 1 INTO OUTFILE '{new}'",
    "SELECT 1 AS a FORMAT ProtobufList SETTINGS output_format_schema = '{new}'",
    "SELECT 1 AS a SETTINGS output_format_schema = '{new}' FORMAT ProtobufList",
    "SELECT 1 FORMAT Template SETTINGS format_template_resultset = '{path}'",
    "CREATE TABLE t (a Int8) ENGINE = File(CSV, '{new}')",
    "CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE(FILE(path '{path}' format CSV)) LAYOUT(FLAT())",
    "BACKUP DATABASE rekap TO File('{new}')",
    "ATTACH TABLE t FROM '{path}' (a Int8) ENGINE = MergeTree ORDER BY a",
    "SELECT catboostEvaluate('{path}', 1)",
    "SELECT hasColumnInTable('127.0.0.1:{port}', '', '', 'system', 'one', 'dummy')",
    "SELECT * FROM executable('touch {new}', TabSeparated, 'a String')",
    "SELECT * FROM url('http://127.0.0.1:{port}/', CSV)",
    "SELECT * FROM remote('127.0.0.1:{port}', system.one)",
    "SELECT * FROM mysql('127.0.0.1:{port}', 'a', 'b', 'c', 'd')",
    "DESCRIBE TABLE file('{path}')",
    "EXPLAIN SELECT * FROM file('{path}')",
    "SELECT 1; SELECT 1 INTO OUTFILE '{new}'",
    "SELECT 1 /* */ INTO /* */ OUTFILE '{new}'",
    "WITH a AS (SELECT * FROM file('{path}')) SELECT * FROM a",
    "SELECT * FROM view(SELECT * FROM file('{path}'))",
    "SELECT (SELECT groupArray(a) FROM file('{path}', CSV, 'a String, b String'))",
    "SELECT * FROM {{t:Identifier}}",
    "SYSTEM RELOAD CONFIG",
    "SET output_format_schema = '{new}'",
)
"""To be formatted with `path`, an existing file, `new`, one that is not there, and `port`, of a listener."""

HARD_TO_PARSE: Final = (
    b"$a" * 130_000,
    b"/*" * 130_000,
    b"'" * 259_001,
    b"(" * 60_000,
    b"SELECT " + b"(" * 30_000 + b"1" + b")" * 30_000,
    b"SELECT " + b"1+" * 30_000 + b"1",
    b"SELECT " + b"[" * 10_000,
    b"SELECT " + b"NOT " * 15_000 + b"1",
    b"SELECT " + b"-" * 60_000 + b"1",
    b"SELECT * FROM " + b"(SELECT * FROM " * 2_000 + b"numbers(1)" + b")" * 2_000,
    b"WITH " + b"a AS (SELECT 1), " * 3_000 + b"b AS (SELECT 1) SELECT 1",
    b"SELECT " + b"CASE WHEN 1 THEN " * 3_000 + b"1",
    b"SELECT 1 AS a" + b", a + a AS a" * 3_000,
    b"\x00" * 1_000,
    b"\xff\xfe" * 1_000,
    b"SELECT " + b"x" * 60_000,
    b"SELECT '" + b"\\'" * 30_000,
    b"SELECT " + b"multiIf(" * 5_000,
)

RIGHT: Final = b"POST /?query=SELECT+1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"

_HEAD: Final = b"GET /?query=SELECT+1 HTTP/1.1\r\nHost: localhost\r\n"
_POST: Final = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


def raw_requests() -> Iterator[bytes]:
    """What arrives on a connection."""
    chance = Random(SEED)
    yield from damaged(RIGHT, 20, chance)
    yield from cut_off(RIGHT, 10, chance)
    yield from (
        b"\x00" * 1_000,
        b"\xff" * 100_000,
        b"\r\n" * 5_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300),  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /?query=SELECT+1\r\n\r\n",  # HTTP/0.9
        b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /?query=%00%ff%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://example.org/?query=SELECT+1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /?query=SELECT+1 HTTP/1.1\r\nHost: example.org\r\n\r\n",
        b"GET /?query=SELECT+1 HTTP/1.1\r\n\r\n",
        b"GET /?query=SELECT+1 HTTP/9.9\r\nHost: localhost\r\n\r\n",
        _HEAD + b"Origin: https://example.org\r\n\r\n",
        _HEAD + b"Host: example.org\r\n\r\n",
        _HEAD + b"X: " + b"x" * 200_000 + b"\r\n\r\n",
        _HEAD + b"".join(b"X-%d: 1\r\n" % number for number in range(5_000)) + b"\r\n",
        _HEAD + b" folded: 1\r\n: empty\r\n\x00: 1\r\n\r\n",
        _POST + b"Content-Length: -1\r\n\r\n",
        _POST + b"Content-Length: 99999999999999999999\r\n\r\nSELECT 1",
        _POST + b"Content-Length: 8\r\nContent-Length: 9\r\n\r\nSELECT 1",
        _POST + b"Content-Length: 8\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nSELECT 1\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nSELECT 1",
        _POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        _POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        _POST + b"Content-Encoding: gzip\r\nContent-Length: 8\r\n\r\nSELECT 1",
        _POST + b"Content-Encoding: br\r\nContent-Length: 8\r\n\r\nSELECT 1",
        _POST + b"Content-Type: multipart/form-data; boundary=\r\nContent-Length: 4\r\n\r\n----",
        RIGHT * 200,  # pipelined
        RIGHT + b"garbage that follows\r\n\r\n",
    )
