"""Rows first, then the position; and whatever step fails, having written or not, trying again cures it."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final, cast

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from clickhouse.client import SinkUnavailable, connect
from schemas.tables import NO_POSITION, TABLES
from sinks.writer import Writer
from tests.sinks.handmade import AT, every_table
from tests.worlds import world

WORLD = world()
LAST: Final = 5
"""The position of the last row of the tables made by hand."""

INSERTED = [*every_table(WORLD, "steps"), "sink_position"]
"""The tables in the order in which a batch is written; every one is a step that may fail."""


@pytest.fixture(scope="module")
def client(migrated_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One engine for all tests here: each writes the projections of an election of its own."""
    gc.collect()
    directory = tmp_path_factory.mktemp("writer") / "clickhouse"
    shutil.copytree(migrated_directory, directory, symlinks=True)
    client = connect(f"chdb://{directory}")
    yield client
    client.close()


_numbers = count(1)


@pytest.fixture
def election() -> str:
    """A name that no other test uses."""
    return f"election-{next(_numbers)}"


class Failing:
    """A client whose insert number `step` fails: before it has written (`persists` False) or after."""

    def __init__(self, client: Client, step: int, error: Exception, *, persists: bool) -> None:
        self._client = client
        self._step = step
        self._error = error
        self._persists = persists
        self.inserted: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def insert_arrow(self, table: str, rows: pa.Table, settings: dict[str, Any] | None = None) -> Any:
        self.inserted.append(table)
        if len(self.inserted) == self._step + 1:
            if self._persists:
                self._client.insert_arrow(table, rows, settings=settings)
            raise self._error
        return self._client.insert_arrow(table, rows, settings=settings)


class Broken:
    """A client that answers nothing."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*_: object, **__: object) -> Any:
            raise self._error

        return fail


def write(client: Any, election: str) -> None:
    """A whole batch, as its owner writes it."""
    writer = Writer(client, election)
    writer.insert(every_table(WORLD, election))
    writer.move(LAST, AT)


def contents(client: Client, election: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the election in every table, as readers with FINAL see them."""
    found = {}
    for table in TABLES:
        columns = (
            "* EXCEPT (election, body), hex(body)" if table in ("event", "rejected") else "* EXCEPT election"
        )
        rows = client.query(
            f"SELECT {columns} FROM {table} FINAL WHERE election = {{election:String}}",
            parameters={"election": election},
        ).result_rows
        found[table] = sorted(map(tuple, rows), key=str)
    return found


@pytest.fixture(scope="module")
def undisturbed(client: Client) -> dict[str, list[tuple[Any, ...]]]:
    """What is there when nothing failed."""
    write(client, "undisturbed")
    return contents(client, "undisturbed")


# Positions


def test_before_the_first_batch_nothing_has_arrived(client: Client, election: str) -> None:
    assert Writer(client, election).position() == NO_POSITION == -1


def test_the_position_is_that_of_the_last_batch(client: Client, election: str) -> None:
    writer = Writer(client, election)
    for position in (0, 7, 2**40):
        writer.move(position, AT + position)
        assert writer.position() == position


def test_a_position_that_comes_late_does_not_move_it_back(client: Client, election: str) -> None:
    writer = Writer(client, election)
    writer.move(9, AT)
    writer.move(4, AT)
    assert writer.position() == 9
    client.command("OPTIMIZE TABLE sink_position FINAL")
    assert writer.position() == 9


def test_each_partition_of_the_log_has_its_own_position(client: Client, election: str) -> None:
    writer = Writer(client, election)
    assert writer.positions() == {}
    for partition, position in ((11, 3), (0, 7), (11, 5)):
        writer.move(position, AT, partition)
    assert writer.positions() == {0: 7, 11: 5}
    assert (writer.position(), writer.position(11), writer.position(4)) == (7, 5, NO_POSITION)


def test_each_election_has_its_own_position_and_its_own_rows(client: Client, election: str) -> None:
    write(client, election)
    other = Writer(client, f"{election}-other")
    assert other.position() == NO_POSITION
    assert other.is_empty("region")
    assert not Writer(client, election).is_empty("region")


# Order


def test_all_rows_are_written_before_the_position_moves(client: Client, election: str) -> None:
    watched = Failing(client, len(INSERTED), OperationalError("never"), persists=False)
    write(watched, election)
    assert watched.inserted == INSERTED
    assert watched.inserted[-1] == "sink_position"


def test_a_table_without_rows_is_left_out(client: Client, election: str) -> None:
    watched = Failing(client, 99, OperationalError("never"), persists=False)
    tables = every_table(WORLD, election)
    Writer(cast(Client, watched), election).insert(
        {"event": tables["event"].slice(0, 0), "recap": tables["recap"]}
    )
    assert watched.inserted == ["recap"]


# Failures


@pytest.mark.parametrize("persists", [False, True], ids=["did not persist", "did persist"])
@pytest.mark.parametrize("step", range(len(INSERTED)), ids=INSERTED)
def test_a_batch_that_failed_at_any_step_is_cured_by_writing_it_again(
    client: Client,
    election: str,
    undisturbed: dict[str, list[tuple[Any, ...]]],
    step: int,
    persists: bool,
) -> None:
    failing = Failing(client, step, OperationalError("the connection was closed"), persists=persists)
    with pytest.raises(SinkUnavailable):
        write(failing, election)
    assert failing.inserted == INSERTED[: step + 1]
    # The position is never ahead of the rows: it has moved only if its own row, the last, was written.
    has_moved = persists and INSERTED[step] == "sink_position"
    assert Writer(client, election).position() == (LAST if has_moved else NO_POSITION)
    write(client, election)
    assert Writer(client, election).position() == LAST
    assert contents(client, election) == undisturbed


def test_writing_twice_equals_once(
    client: Client, election: str, undisturbed: dict[str, list[tuple[Any, ...]]]
) -> None:
    write(client, election)
    write(client, election)
    assert contents(client, election) == undisturbed
    assert any(undisturbed.values())


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OperationalError("Connection refused"), "once ClickHouse answers.*Connection refused"),
        (DatabaseError("Code: 243. Cannot reserve, NOT_ENOUGH_SPACE"), "disk.*is full. Free some space"),
        (DatabaseError("write failed: No space left on device"), "disk.*is full. Free some space"),
        (OSError(28, "No space left on device"), "disk.*is full. Free some space"),
        (ConnectionResetError("reset by peer"), "once ClickHouse answers.*reset by peer"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
@pytest.mark.parametrize(
    "call",
    [
        lambda writer: writer.insert({"recap": every_table(WORLD, "broken")["recap"]}),
        lambda writer: writer.move(0, AT),
        lambda writer: writer.position(),
        lambda writer: writer.positions(),
        lambda writer: writer.is_empty("region"),
    ],
    ids=["insert", "move", "position", "positions", "is_empty"],
)
def test_every_call_says_what_to_do_when_the_projections_can_not_be_reached(
    call: Callable[[Writer], object], error: Exception, said: str
) -> None:
    with pytest.raises(SinkUnavailable, match=said) as caught:
        call(Writer(cast(Client, Broken(error)), "broken"))
    assert caught.value.__cause__ is error
    assert "the log has everything" in " ".join(str(caught.value).split())


def test_a_mistake_of_our_own_is_not_taken_for_an_outage(client: Client, election: str) -> None:
    """An outage is waited for and tried again; a row that can't be made is not cured by waiting."""
    with pytest.raises(AttributeError):
        Writer(client, election).insert({"recap": None})


def test_rows_that_the_engine_refuses_are_reported_in_its_own_words(client: Client, election: str) -> None:
    wrong = pa.table({"no_such_column": pa.array([1])})
    with pytest.raises(SinkUnavailable, match="no_such_column"):
        Writer(client, election).insert({"recap": wrong})
    assert Writer(client, election).is_empty("recap")
