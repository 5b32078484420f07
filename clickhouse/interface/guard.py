"""What a reader may run: one statement that reads, made of names that are allowed.

`SET readonly = 1` on the reader's connection is the first wall: the engine then refuses writes, changes of
settings, and table functions that reach outside. It does not stop everything: it writes files (INTO OUTFILE,
schemas of formats), calls other hosts (hasColumnInTable), ends other people's queries (KILL QUERY), and runs
several statements one after another. This is the second wall, and an allowlist: the statement's kind, its
functions, table functions, system tables and format have to be on a list of `clickhouse.interface.allowed`.
Some joins that this build lacks end or hang the whole process; those are refused for everybody.
It does not bound what a query costs: the connection's limits do (`clickhouse.interface.session`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from clickhouse.interface.allowed import (
    COMBINATORS,
    EXPLAINED,
    FORMATS,
    FUNCTIONS,
    KEYWORDS,
    SHOWN,
    SYNTAX_FUNCTIONS,
    SYSTEM_TABLES,
    TABLE_FUNCTIONS,
    TABLE_FUNCTIONS_TOO,
    TYPES,
    VIEWS_WITH_PARAMETERS,
)
from clickhouse.sql_text import Token, UnfinishedSql, meaningful

READONLY: Final = 164
SYNTAX_ERROR: Final = 62
NOT_IMPLEMENTED: Final = 48
UNKNOWN_FUNCTION: Final = 46
UNKNOWN_FORMAT: Final = 73
"""ClickHouse's own codes of the errors that are given here."""

READING: Final = frozenset({"SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN"})
"""What a reader's statement begins with."""

MAX_STATEMENT: Final = 64 << 10
"""Characters of a statement: the longest documented query has a twentieth of it. Values are parameters."""
MAX_QUOTED: Final = 60
"""Characters of a name that an error repeats."""

_MISSING_JOINS: Final = frozenset({"SEMI", "ANTI", "ASOF"})
_JOIN_WORDS: Final = frozenset({"JOIN", "LEFT", "RIGHT", "INNER", "OUTER", "ANY", "ALL"})
_UNICODE_QUOTES: Final = frozenset("\u2018\u2019\u201c\u201d")
_FILE_WORDS: Final = frozenset({"OUTFILE", "INFILE", "INTO"})
_BEFORE_TABLES: Final = frozenset({"FROM", "JOIN", "TABLE"})
_COMBINATORS: Final = tuple(ending.lower() for ending in COMBINATORS)
_CALLABLE: Final = FUNCTIONS | SYNTAX_FUNCTIONS | TABLE_FUNCTIONS | TYPES | VIEWS_WITH_PARAMETERS
_FORMATS: Final = {name.lower(): name for name in FORMATS}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a statement is not run, as ClickHouse words it: its error code and a sentence."""

    code: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that may run. `format` is the name in its own FORMAT clause, None without one; `is_query`
    says that it is a SELECT: the engine gives no other result block by block."""

    format: str | None
    is_query: bool


def check_reading(sql: str) -> Statement | Refusal:
    """The statement that a reader asked for, or why a reader may not run it."""
    found = _tokens(sql)
    if isinstance(found, Refusal):
        return found
    form = _format(found)
    refusal = _refuse_kind(found) or _refuse_names(found) or _refuse_missing_joins(found)
    if refusal is None and form is not None and form.lower() not in _FORMATS:
        refusal = refuse_format(form)
    return Statement(form, _is_query(found)) if refusal is None else refusal


def check_anything(sql: str) -> Statement | Refusal:
    """The statement, or why nobody may run it, whatever they may do otherwise: it would harm the process."""
    found = _tokens(sql)
    if isinstance(found, Refusal):
        return found
    return _refuse_missing_joins(found) or Statement(_format(found), _is_query(found))


def refuse_format(name: str) -> Refusal | None:
    """Why a result is not written in the format `name`, None when it may be."""
    if name.lower() in _FORMATS:
        return None
    return Refusal(
        UNKNOWN_FORMAT, f"The format {_shown(name)} is not offered here. Use CSVWithNames, JSON or Parquet."
    )


def _tokens(sql: str) -> list[Token] | Refusal:
    if len(sql) > MAX_STATEMENT:
        return Refusal(
            SYNTAX_ERROR,
            f"The statement has {len(sql)} characters; at most {MAX_STATEMENT} are taken. Send long values "
            "as parameters: {name:String} with ?param_name=...",
        )
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
        if token.kind == "quoted" and "\\" in token.text:  # it would spell a name that no list has
            return Refusal(SYNTAX_ERROR, "Names in quotes have no backslash here.")
    return found


def _refuse_kind(found: Sequence[Token]) -> Refusal | None:
    """A statement that is not one that reads, or more than one."""
    begun = [token for token in found if token.text != "("]
    first = begun[0].word if begun else ""
    if first not in READING:
        return Refusal(READONLY, "Only reading is allowed here: SELECT, SHOW, DESCRIBE, EXISTS or EXPLAIN.")
    if any(token.text == ";" for token in found):
        return Refusal(SYNTAX_ERROR, "One statement at a time: send each in a request of its own.")
    if any(token.word in _FILE_WORDS for token in found):
        return Refusal(READONLY, "Files are neither written nor read here: save the answer on your side.")
    second = begun[1].word if len(begun) > 1 else ""
    if first == "SHOW" and second not in SHOWN:
        return Refusal(READONLY, "SHOW shows TABLES, COLUMNS, CREATE TABLE, DATABASES, FUNCTIONS, SETTINGS.")
    if first == "EXPLAIN" and (second not in EXPLAINED or not _has_query(begun)):
        return Refusal(READONLY, "EXPLAIN explains a SELECT here: EXPLAIN [AST|SYNTAX|PLAN] SELECT ...")
    if first in ("DESCRIBE", "DESC") and not _describes_inside(found):
        return Refusal(READONLY, "DESCRIBE takes the name of a table or a query in parentheses here.")
    return None


def _refuse_names(found: Sequence[Token]) -> Refusal | None:
    """A function, table function, system table or settings clause that is not allowed."""
    before = Token("symbol", ";")
    for at, token in enumerate(found):
        following = found[at + 1 : at + 4]
        if token.word == "SETTINGS" and len(following) > 1 and following[1].text == "=":
            return Refusal(READONLY, "Settings go into the URL here: ?max_result_rows=10, not into SETTINGS.")
        if token.word == "APPLY" or (token.word == "IDENTIFIER" and before.text == ":"):
            return Refusal(READONLY, f"{token.word} is not taken here: write the names out.")
        if token.kind not in ("word", "quoted"):
            before = token
            continue
        name = token.text.strip('`"').lower()
        if following and following[0].text == "(" and not (token.kind == "word" and token.word in KEYWORDS):
            is_table = before.word in _BEFORE_TABLES and name in TABLE_FUNCTIONS_TOO
            if is_table or not _may_be_called(name):
                return Refusal(
                    UNKNOWN_FUNCTION,
                    f"The function {_shown(token.text)} is not allowed for readers, or does not exist.",
                )
        if before.text != "." and following and following[0].text == ".":
            refusal = _refuse_qualified(name, following)
            if refusal is not None:
                return refusal
        before = token
    return None


def _refuse_qualified(database: str, following: Sequence[Token]) -> Refusal | None:
    """A name before a dot may be a database, a table, an alias or a column; of ours only `system` is bounded.
    Other databases do not exist."""
    if database == "system" and len(following) > 1:
        table = following[1].text.strip('`"').lower()
        if table not in SYSTEM_TABLES:
            return Refusal(READONLY, f"The table system.{_shown(table)} is not shown to readers.")
    return None


def _may_be_called(name: str) -> bool:
    if name in _CALLABLE:
        return True
    for ending in _COMBINATORS:
        if name.endswith(ending) and len(name) > len(ending):
            return _may_be_called(name[: -len(ending)])
    return False


def _refuse_missing_joins(found: Sequence[Token]) -> Refusal | None:
    """Joins whose code this build of the engine lacks: it does not refuse them, it hangs or ends."""
    for token, following in pairwise(found):
        if token.word in _MISSING_JOINS and following.word in _JOIN_WORDS:
            return Refusal(
                NOT_IMPLEMENTED,
                f"{token.word} JOIN does not exist in this build of the engine. Use IN or NOT IN with a "
                "subquery, or an ordinary JOIN.",
            )
    return None


def refuse_database(name: str) -> Refusal | None:
    """Why a request may not begin in the database `name`, None when it may. Within `system` a table is named
    without it, past the list of its tables. A database that does not exist is the engine's to report."""
    if name.lower() != "system":
        return None
    return Refusal(READONLY, "Name tables of system with their database here: system.tables.")


def _format(found: Sequence[Token]) -> str | None:
    depth = 0
    name = None
    for token, following in zip(found, [*found[1:], Token("symbol", ";")], strict=True):
        if token.text in "([":
            depth += 1
        elif token.text in ")]":
            depth -= 1
        elif depth == 0 and token.word == "FORMAT" and following.kind in ("word", "quoted"):
            name = following.text
    return name


def _is_query(found: Sequence[Token]) -> bool:
    return next((token.word for token in found if token.text != "("), "") in ("SELECT", "WITH", "FROM")


def _has_query(begun: Sequence[Token]) -> bool:
    return any(token.word in ("SELECT", "WITH", "FROM") for token in begun)


def _describes_inside(found: Sequence[Token]) -> bool:
    rest = list(found[1:])
    if rest and rest[0].word == "TABLE":
        rest = rest[1:]
    if rest and rest[0].text == "(":
        return True  # a query: the engine checks it as it checks a SELECT
    return bool(rest) and all(
        token.kind in ("word", "quoted") or token.text == "." for token in rest if token.word != "FORMAT"
    )


def _shown(name: str) -> str:
    return name if len(name) <= MAX_QUOTED else f"{name[:MAX_QUOTED]}..."
