"""Tells what a database refuses to answer from a database that can't be reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from clickhouse_connect.driver.exceptions import ClickHouseError

from schemas.text import quoted

MAX_ANSWER: Final = 300
"""Characters of the database's answer: its first sentence, and the statement's beginning."""

_ANSWER: Final = re.compile(r"Code: \d+\. DB::Exception: [^\n]*")
"""What the database itself says; errors of the network say something else."""


class Unreadable(Exception):
    """The database refuses to tell: there is no such table, column or right. The text is its answer."""


@contextmanager
def refusals() -> Iterator[None]:
    """Raises Unreadable for what the database refuses inside the block."""
    try:
        yield
    except ClickHouseError as error:
        answer = _ANSWER.search(str(error))
        if answer is None:
            raise
        raise Unreadable(quoted(answer[0], MAX_ANSWER)) from error
