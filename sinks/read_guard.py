"""What a reader may run: one statement that reads, and none that would harm the process that serves it.

`SET readonly = 1` on the reader's connection is the first wall: the engine refuses writes, table functions
that reach outside, and changing settings. This is the second, for what the engine does in spite of it: it
writes files (INTO OUTFILE), looks into them (DESCRIBE file(...)), ends other people's queries (KILL QUERY),
and runs several statements one after another. Some joins that this build lacks end or hang the whole process.
It does not check names or privileges, and it does not bound what a query costs: the connection's settings do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from sinks.sql_text import Token, UnfinishedSql, meaningful

READONLY: Final = 164
SYNTAX_ERROR: Final = 62
NOT_IMPLEMENTED: Final = 48
"""ClickHouse's own codes of the errors that are given here."""

READING: Final = frozenset({"SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN"})
"""What a reader's statement begins with."""


def names(text: str) -> frozenset[str]:
    """The words of `text`, as a set."""
    return frozenset(text.split())


ALLOWED_TABLE_FUNCTIONS: Final = names("""
    dictionary format fuzzjson fuzzquery generate_series generaterandom generateseries input loop merge
    mergetreeanalyzeindexes mergetreeanalyzeindexesuuid mergetreeindex mergetreeprojection
    mergetreetextindex null numbers numbers_mt primes sqlstandardvalues values view viewexplain
    viewifpermitted zeros zeros_mt
""")
"""Table functions that stay inside the engine. Some are ordinary functions too, so none is refused here; the
engine refuses those that readonly does not allow."""

REFUSED_FUNCTIONS: Final = names("""
    cluster clusterallreplicas cosn executable file filecluster filesystem gcs hudi hudicluster jdbc odbc
    oss prometheusquery prometheusqueryrange python redis remote remotesecure s3 s3cluster timeseriesdata
    timeseriesmetrics timeseriesselector timeseriestags url urlcluster ytsaurus
    azureblobstorage azureblobstoragecluster deltalake deltalakecluster hdfs hdfscluster iceberg
    icebergcluster mongodb mysql postgresql sqlite catboostevaluate
""")
"""Functions that reach files, other hosts, programs, or this process's own Python objects; some of them are
in other builds only."""

_MISSING_JOINS: Final = frozenset({"SEMI", "ANTI", "ASOF"})
_JOIN_WORDS: Final = frozenset({"JOIN", "LEFT", "RIGHT", "INNER", "OUTER", "ANY", "ALL"})
_UNICODE_QUOTES: Final = frozenset("\u2018\u2019\u201c\u201d")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a statement is not run, as ClickHouse says it: its error code and a sentence."""

    code: int
    sentence: str


def refuse_reading(sql: str) -> Refusal | None:
    """Why a reader may not run `sql`, None when it may."""
    found = _tokens(sql)
    if isinstance(found, Refusal):
        return found
    words = [token.word for token in found]
    first = next((word for token, word in zip(found, words, strict=True) if token.text != "("), "")
    if first not in READING:
        return Refusal(READONLY, "Only reading is allowed here: SELECT, SHOW, DESCRIBE, EXISTS or EXPLAIN.")
    if any(token.text == ";" for token in found):
        return Refusal(SYNTAX_ERROR, "One statement at a time: send each in a request of its own.")
    if "OUTFILE" in words or "INFILE" in words:
        return Refusal(READONLY, "Files are neither written nor read here: save the answer on your side.")
    for token, following in pairwise(found):
        if following.text == "(" and token.text.strip('`"').lower() in REFUSED_FUNCTIONS:
            return Refusal(READONLY, f"{token.text} reaches outside the database, which readers may not.")
    if first in ("DESCRIBE", "DESC") and not _describes_inside(found):
        return Refusal(READONLY, "DESCRIBE takes the name of a table or a query in parentheses here.")
    return refuse_missing_joins(found)


def refuse_missing_joins(found: Sequence[Token]) -> Refusal | None:
    """Joins whose code this build of the engine lacks: it does not refuse them, it hangs or ends."""
    for token, following in pairwise(found):
        if token.word in _MISSING_JOINS and following.word in _JOIN_WORDS:
            return Refusal(
                NOT_IMPLEMENTED,
                f"{token.word} JOIN does not exist in this build of the engine. Use IN or NOT IN with a "
                "subquery, or an ordinary JOIN.",
            )
    return None


def refuse_anywhere(sql: str) -> Refusal | None:
    """Why nobody may run `sql`, whatever they may do otherwise: it would harm the process."""
    found = _tokens(sql)
    return found if isinstance(found, Refusal) else refuse_missing_joins(found)


def output_format(sql: str) -> str | None:
    """The name in the statement's FORMAT clause, None when it has none. Expects a statement that may run."""
    depth = 0
    name = None
    found = meaningful(sql)
    for token, following in zip(found, [*found[1:], Token("symbol", ";")], strict=True):
        if token.text in "([":
            depth += 1
        elif token.text in ")]":
            depth -= 1
        elif depth == 0 and token.word == "FORMAT" and following.kind == "word":
            name = following.text
    return name


def _tokens(sql: str) -> list[Token] | Refusal:
    try:
        found = meaningful(sql)
    except UnfinishedSql as error:
        return Refusal(SYNTAX_ERROR, str(error))
    while found and found[-1].text == ";":
        found.pop()
    if not found:
        return Refusal(SYNTAX_ERROR, "Empty query. Try SHOW TABLES.")
    for token in found:
        # The server and this lexer must agree on where a string ends. It takes these for quotes, and has
        # rules of its own for a $ next to digits; neither is needed to ask anything.
        if token.kind not in ("string", "quoted") and not _UNICODE_QUOTES.isdisjoint(token.text):
            return Refusal(SYNTAX_ERROR, "Write plain quotes: ' for strings, \" for names.")
        if token.text.startswith("$") or (token.kind == "word" and "$" in token.text) or "\0" in token.text:
            return Refusal(SYNTAX_ERROR, "A $ or a zero byte outside quotes is not allowed here.")
    return found


def _describes_inside(found: Sequence[Token]) -> bool:
    rest = list(found[1:])
    if rest and rest[0].word == "TABLE":
        rest = rest[1:]
    if rest and rest[0].text == "(":
        return True  # a query: the engine checks it as it checks a SELECT
    return bool(rest) and all(
        token.kind in ("word", "quoted") or token.text == "." for token in rest if token.word != "FORMAT"
    )
