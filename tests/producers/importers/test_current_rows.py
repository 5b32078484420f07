"""Tables that say what the count is now: what each row becomes, in every order, grouping and repetition."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.importers import Correcting, Current, SourceInvalid, open_source
from producers.importers.commission_row import Defaults, read_row
from producers.importers.current_rows import CurrentRows
from producers.importers.lineage import StationLine
from producers.importers.problems import RecordInvalid
from producers.importers.station_rows import Placed
from schemas.decode import decode
from schemas.events import CountAnnulled, CountCorrected, CountSubmitted, Role
from schemas.sources import SourceRecord, Unreadable
from tests.producers.importers.station_log import StationLog
from tests.producers.importers.test_pages import others_event, shown
from tests.worlds import all_stations, election

STATION: Final = "3101011001001"
DEFAULTS: Final = Defaults("pemilu2024", ("PPWP",), "PPWP", role=Role.KPU_KABKO, is_current=True)
PLENARY: Final = Correcting("plenary", "BA 12")

Text = tuple[int, int | None]
"""Votes, and the day on which they were seen."""


def row(votes: int, day: int | None = None, *, file: int = 0, **cells: Any) -> Placed:
    """A row that says so many votes."""
    cells |= {"station": STATION, "vote_1": votes, "valid": votes}
    if day is not None:
        cells["observed_at"] = f"2024-02-{day:02d}T10:00:00+07:00"
    return Placed(read_row(cells, DEFAULTS), f"row {votes} {day}", file)


def put(log: StationLog, *rows: Placed) -> list[SourceRecord]:
    """What becomes of rows that are imported in one go."""
    return CurrentRows(StationLine(list(log.events)), PLENARY).records(rows)


def take(log: StationLog, *rows: Placed) -> list[str]:
    """The same in words, taken into the log."""
    return [
        "unreadable" if isinstance(record, Unreadable) else log.take(record) for record in put(log, *rows)
    ]


def in_force(log: StationLog) -> int | None:
    """The votes in force."""
    event = decode(log.accepted[-1]).event if log.accepted else None
    if not isinstance(event, CountSubmitted | CountCorrected) or event.payload.form.votes is None:
        return None
    return event.payload.form.votes["1"]


def test_a_row_is_a_count_a_correction_or_nothing_new() -> None:
    log = StationLog()
    assert take(log, row(10)) == ["accepted"]
    assert take(log, row(10)) == ["nothing"]
    assert take(log, row(12)) == ["accepted"]
    first, second = (decode(raw).event for raw in log.accepted)
    assert isinstance(first, CountSubmitted)
    assert isinstance(second, CountCorrected)
    assert (second.payload.reason, second.payload.note) == ("plenary", "BA 12")
    assert second.payload.supersedes == decode(log.accepted[0]).event_id
    assert first.submitted_by is not None
    assert first.submitted_by.role == second.submitted_by.role == "kpu_kabko"  # type: ignore[union-attr]
    assert take(log, row(10)) == ["superseded"]
    assert in_force(log) == 12


def test_other_people_s_counts_are_corrected_also_after_a_ruling() -> None:
    first = others_event("CountSubmitted", 19)
    ruled = others_event("CountCorrected", 20, supersedes=decode(first).event_id, reason="court_ruling")
    for events in ([others_event("CountSubmitted", 20)], [first, ruled]):
        log = StationLog()
        assert [log.send(event) for event in events] == ["accepted"] * len(events)
        assert take(log, row(10)) == ["accepted"]
        assert in_force(log) == 10


def test_a_page_of_a_source_does_not_bring_back_what_a_row_corrected() -> None:
    from producers.importers.pages import records_of

    log = StationLog()
    page = shown(20, 15)
    [record] = records_of(StationLine([]), [(page, "x")])
    assert log.take(record) == "accepted"
    assert take(log, row(10)) == ["accepted"]
    [record] = records_of(StationLine(list(log.events)), [(page, "x")])
    assert log.take(record) == "superseded"
    assert in_force(log) == 10


def test_an_annulled_count_does_not_come_back_and_other_figures_are_a_count() -> None:
    log = StationLog()
    assert take(log, row(10, 3)) == ["accepted"]
    event = others_event(
        "CountAnnulled", supersedes=decode(log.accepted[0]).event_id, reason="revote_ordered"
    )
    assert log.send(event) == "accepted"
    assert take(log, row(10, 3)) == ["superseded"]
    assert take(log, row(10, 9)) == ["superseded"]
    assert take(log, row(11, 9)) == ["accepted"]
    assert isinstance(decode(log.accepted[-1]).event, CountSubmitted)
    assert not isinstance(decode(log.accepted[-1]).event, CountAnnulled)


def test_an_older_row_is_recorded_and_changes_nothing() -> None:
    log = StationLog()
    assert take(log, row(12, 5)) == ["accepted"]
    assert take(log, row(10, 4)) == ["seen_earlier"]
    assert take(log, row(10, 4)) == ["superseded"]
    assert take(log, row(10, 5)) == ["order_unknown"]
    assert take(log, row(10)) == ["order_unknown"]
    assert in_force(log) == 12
    assert take(log, row(10, 6)) == ["accepted"]
    assert in_force(log) == 10


def test_another_kind_of_count_is_a_correction() -> None:
    log = StationLog()
    assert take(log, row(10), row(10)) == ["accepted", "nothing"]
    assert take(log, row(10, kind="recount")) == ["accepted"]


def test_a_row_without_figures_is_empty() -> None:
    placed = Placed(read_row({"station": STATION}, DEFAULTS), "x", 0)
    [record] = put(StationLog(), placed)
    assert record.empty  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["type", "reason", "note", "supersedes"])
def test_a_row_that_says_itself_what_it_is_is_refused(name: str) -> None:
    with pytest.raises(RecordInvalid, match=f"Column {name} does not go with --current"):
        read_row({"station": STATION, "vote_1": 1, name: "count"}, DEFAULTS)


def test_rows_of_one_import_without_times_that_differ_are_reported() -> None:
    log = StationLog()
    assert take(log, row(10), row(12, file=1)) == ["unreadable", "unreadable"]
    assert take(log, row(10), row(12, 3)) == ["accepted", "order_unknown"]
    assert in_force(log) == 12


ROWS: Final = st.lists(st.tuples(st.integers(1, 3), st.none() | st.integers(1, 3)), min_size=1, max_size=4)


def import_in(log: StationLog, parts: Sequence[Sequence[Text]]) -> list[str]:
    """Import the parts one after the other."""
    return [word for part in parts for word in take(log, *(row(*said) for said in part))]


@given(ROWS, st.data())
def test_the_newest_row_is_in_force_in_any_order_and_grouping_or_the_station_is_reported(
    rows: list[Text], data: st.DataObject
) -> None:
    """Once all were imported again, as of pages."""
    ended: set[int | None] = set()
    reported = False
    for order in permutations(rows):
        cut = data.draw(st.integers(0, len(rows)))
        parts = [part for part in (order[:cut], order[cut:]) if part]
        log = StationLog()
        import_in(log, parts)
        words = import_in(log, data.draw(st.permutations(parts)))
        reported |= bool({"order_unknown", "unreadable", "superseded"} & set(words))
        before = list(log.accepted)
        import_in(log, data.draw(st.permutations(parts)))
        assert log.accepted == before  # nothing moves any more
        ended.add(in_force(log))
    days = [day for _, day in rows]
    newest = {votes for votes, day in rows if day is not None and day == max(d for d in days if d)}
    if any(days) and len(newest) == 1:
        assert ended == newest
    else:
        assert len(ended) == 1 or reported


@given(ROWS)
def test_importing_again_sends_nothing_that_counts(rows: list[Text]) -> None:
    log = StationLog()
    import_in(log, [[said] for said in rows])
    import_in(log, [[said] for said in rows])
    before = list(log.events)
    import_in(log, [[said] for said in rows])
    assert log.events == before


def test_pages_of_a_source_are_refused(tmp_path: Path) -> None:
    path = tmp_path / f"{STATION}.json"
    path.write_text('{"chart": {}, "administrasi": {}}')
    with pytest.raises(SourceInvalid, match="--current is for a commission's tables"):
        open_source([path], election(), current=Current(PLENARY))


def test_a_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "now.csv"
    path.write_text(f"station,vote_1\n{all_stations()[0]},5\n")
    source = open_source([path], election(), contest="PPWP", current=Current(PLENARY, Role.PPK))
    (record,) = [record for chunk in source.chunks(lambda _, __: {}) for record in chunk.records()]
    event = decode(record.raw).report  # type: ignore[union-attr]
    assert event.submitted_by is not None
    assert event.submitted_by.role == "ppk"
