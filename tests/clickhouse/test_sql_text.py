"""Cutting SQL: a semicolon or a keyword inside a string, a name or a comment is never one."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickhouse.sql_text import UnfinishedSql, meaningful, statements, tokens


@pytest.mark.parametrize(
    "whole",
    [
        "SELECT ';'",
        "SELECT 'it''s; fine'",
        r"SELECT 'it\'s; fine'",
        r"SELECT '\\'",
        'SELECT `a;b`, "c;d" FROM t',
        "SELECT 1 -- one; two",
        "SELECT 1 # one; two",
        "SELECT 1 #! one; two",
        "SELECT /* one; 'two */ 1",
        "SELECT $$one; two$$",
        "SELECT $tag$one; $$ two$tag$",
        "SELECT {name:String} -- it's",
        "SELECT 5 / 2 * 3 - -1",
    ],
)
def test_a_semicolon_inside_a_string_a_name_or_a_comment_does_not_cut(whole: str) -> None:
    assert statements(f"{whole}\n;\nSELECT 2;") == [whole, "SELECT 2"]


def test_empty_statements_and_bare_comments_are_left_out() -> None:
    assert statements(";; -- nothing\n; SELECT 1;; /* end */ ;") == ["SELECT 1"]


@pytest.mark.parametrize("cut_off", ["SELECT 'a", 'SELECT "a', "SELECT `a", "SELECT /* a", r"SELECT 'a\'"])
def test_text_that_ends_inside_something_is_an_error(cut_off: str) -> None:
    with pytest.raises(UnfinishedSql, match="never closed"):
        statements(cut_off)


def test_only_what_a_parser_sees_is_meaningful() -> None:
    assert [token.text for token in meaningful("SELECT/*x*/ 'y' -- z\n, `w`")] == [
        "SELECT",
        "'y'",
        ",",
        "`w`",
    ]


@given(st.text(alphabet="ab1 '\"`\\-#!/*$;\n", max_size=30))
def test_the_tokens_joined_are_the_text(sql: str) -> None:
    try:
        found = list(tokens(sql))
    except UnfinishedSql:
        return
    assert "".join(token.text for token in found) == sql


@pytest.mark.parametrize(
    "piece",
    ["$a", "$$a", "$a$b", "/*", "'", "''", "`", '"', "\\'", "--", "/*'", "$1$", "a$", "#", "(", "'\\"],
)
def test_the_work_grows_with_the_text_and_not_with_its_square(piece: str) -> None:
    """Eight times the text: eight times the processor time if it is linear, 64 times if it is not."""

    def work(length: int) -> float:
        sql = (piece * length)[:length]
        began = time.process_time()
        with suppress(UnfinishedSql):
            deque(tokens(sql), maxlen=0)
        return time.process_time() - began

    assert work(80_000) < 24 * max(work(10_000), 0.005)
