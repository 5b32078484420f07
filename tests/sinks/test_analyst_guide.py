"""docs/analyst-guide.md is true: a reader who asks each query gets the answer below it."""

from __future__ import annotations

import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from clickhouse.client import connect
from clickhouse.interface.server import Server
from tests.sinks import small_count

DOCUMENT = Path(__file__).parents[2] / "docs" / "analyst-guide.md"
FEWEST = 15

CELLS = re.compile(r"^```sql\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def cells() -> list[tuple[str, str]]:
    """Each query with its answer."""
    return CELLS.findall(DOCUMENT.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def url(migrated_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A reader's address of the small count, with a reason stated for one cell of its document."""
    directory = tmp_path_factory.mktemp("guide") / "clickhouse"
    shutil.copytree(migrated_directory, directory, symlinks=True)
    writer = connect(f"chdb://{directory}")
    rows = small_count.rows()
    document = rows["recap"][-1]["event_id"]
    rows["event"].append(small_count.reason_event("110101", 23, document, "votes.1", "plenary"))
    small_count.insert(writer, rows)
    with Server(f"chdb://{directory}") as server:
        yield server.url
    writer.close()


def answer(url: str, query: str) -> str:
    """What a reader gets, as CSV."""
    with urllib.request.urlopen(url, data=f"{query}FORMAT CSVWithNames".encode()) as response:
        text = response.read().decode()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("query", "shown"), cells(), ids=[f"cell-{number}" for number in range(1, len(cells()) + 1)]
)
def test_the_query_gives_what_is_shown(url: str, query: str, shown: str) -> None:
    assert answer(url, query) == shown


def test_every_query_of_the_guide_shows_its_answer() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.count("```sql") == text.count("```text") == len(cells()) >= FEWEST
