"""Cuts ClickHouse SQL into tokens: a semicolon or a keyword inside a string or a comment is never one.

Knows strings with both escapes ('' and backslash), quoted names, comments, and heredocs ($tag$...$tag$).
It is a lexer: it does not know the grammar, and accepts text that the server will refuse. Text that ends
inside a string, a name, a heredoc or a comment is an error here, because a cut after it would be a guess. The
time is linear in the length of the text: no token is looked for twice from the same place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["space", "comment", "string", "quoted", "word", "number", "symbol"]

_PATTERNS: Final = (
    ("space", r"\s+"),
    ("comment", r"--[^\n]*|#[ !][^\n]*"),
    ("string", r"'(?:[^'\\]|\\.|'')*+'"),
    ("quoted", r"`(?:[^`\\]|\\.|``)*+`|\"(?:[^\"\\]|\\.|\"\")*+\""),
    ("word", r"[^\W\d][\w$]*"),  # a name may have $ inside, as the server reads it
    ("number", r"\d\w*"),
    ("symbol", r"[^'`\"]"),
)
_TOKEN: Final = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS), re.DOTALL)
_HEREDOC: Final = re.compile(r"\$\w*\$")
_OPENERS: Final = {"'": "string", "`": "quoted name", '"': "quoted name"}
QUOTED_IN_ERRORS: Final = 40
"""Characters of the text that an error quotes: enough to find the place."""


class UnfinishedSql(ValueError):
    """The text ends inside a string, a quoted name, a heredoc or a comment."""


def _unfinished(what: str, sql: str, at: int) -> UnfinishedSql:
    quoted = sql[at : at + QUOTED_IN_ERRORS]
    return UnfinishedSql(f"A {what} opened at character {at + 1} is never closed: {quoted}")


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str

    @property
    def word(self) -> str:
        """The upper-case word, '' for anything else: what keywords are compared with."""
        return self.text.upper() if self.kind == "word" else ""


def tokens(sql: str) -> Iterator[Token]:
    """Every token of `sql` in order; joined together they are `sql` again. Raises UnfinishedSql."""
    at = 0
    while at < len(sql):
        kind, end = _next(sql, at)
        yield Token(kind, sql[at:end])
        at = end


def _next(sql: str, at: int) -> tuple[Kind, int]:
    """The kind of the token that begins at `at`, and where it ends."""
    if sql.startswith("/*", at):
        return "comment", _after(sql, "*/", at, at + 2, "comment")
    if sql[at] == "$" and (opened := _HEREDOC.match(sql, at)):
        return "string", _after(sql, opened.group(), at, opened.end(), "heredoc")
    found = _TOKEN.match(sql, at)
    if found is None:
        raise _unfinished(_OPENERS[sql[at]], sql, at)
    kind: Kind = found.lastgroup  # type: ignore[assignment]  # the names of _PATTERNS
    return kind, found.end()


def _after(sql: str, closing: str, begin: int, start: int, what: str) -> int:
    """Where the token that began at `begin` ends: after the next `closing`."""
    found = sql.find(closing, start)
    if found < 0:
        raise _unfinished(what, sql, begin)
    return found + len(closing)


def meaningful(sql: str) -> list[Token]:
    """The tokens that a parser would see: no white space, no comments."""
    return [token for token in tokens(sql) if token.kind not in ("space", "comment")]


def statements(sql: str) -> list[str]:
    """The statements of `sql` without their semicolons; comments stay in them, empty ones are left out."""
    found: list[str] = []
    text: list[str] = []
    says_something = False
    for token in [*tokens(sql), Token("symbol", ";")]:
        if token.kind == "symbol" and token.text == ";":
            if says_something:
                found.append("".join(text).strip())
            text, says_something = [], False
            continue
        text.append(token.text)
        says_something = says_something or token.kind not in ("space", "comment")
    return found
