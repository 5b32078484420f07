"""What a record changes, against every state that a station can be in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.importers.lineage import Shown, StationLine
from producers.sources import Message, NothingNew
from schemas.decode import decode, encode
from schemas.events import CountAnnulled, CountCorrected, CountKind, CountSubmitted
from tests.producers.importers.station_log import StationLog

STATION = "3101011001001"


def shown(
    votes: int | None, day: int | None = None, *, source: str = "sirekap", kind: CountKind = CountKind.REGULAR
) -> Shown:
    """A station's form with `votes` for option 1, seen on `day`; None: a blank form; -1: no form at all."""
    form: dict[str, Any] | None = {"votes": {"1": votes}, "valid": votes}
    if votes is None:
        form = {"valid": 7}
    elif votes < 0:
        form = None
    origin: dict[str, Any] = {"source": source, "record": STATION}
    if day is not None:
        origin["observed_at"] = f"2024-02-{day:02d}T10:00:00+07:00"
    return Shown("pemilu2024", "PPWP", STATION, form, kind, origin)


def others_event(kind: str, votes: int | None = None, **payload: Any) -> bytes:
    """An event that officers sent themselves."""
    if votes is not None:
        payload["form"] = {"votes": {"1": votes}, "valid": votes}
    return encode(
        {
            "type": kind,
            "schema_version": 1,
            "election": "pemilu2024",
            "contest": "PPWP",
            "station": STATION,
            "payload": payload,
            "submitted_by": {"officer": "ppk-1", "role": "ppk"},
        }
    )


def import_all(log: StationLog, *records: Shown) -> list[str]:
    """What becomes of each record when they are imported in one go."""
    line = StationLine(list(log.accepted))
    answers = []
    for record in records:
        said = line.put(record, "here")
        answers.append(log.send(said.raw) if isinstance(said, Message) else "nothing")
    return answers


def types(log: StationLog) -> list[str]:
    return [decode(raw).event.type for raw in log.accepted]


def sorted_by_day(records: list[tuple[int | None, int]]) -> list[tuple[int | None, int]]:
    return sorted(records, key=lambda record: record[1])


def says_what_was_shown_last(log: StationLog, records: list[tuple[int | None, int]]) -> bool:
    """Whether numbers are in force exactly if the last record has some, and then those."""
    votes = records[-1][0] if records else None
    last = decode(log.accepted[-1]).event if log.accepted else None
    standing = last.payload.form.votes if isinstance(last, CountSubmitted | CountCorrected) else None
    return standing == ({"1": votes} if votes is not None and votes >= 0 else None)


def test_first_numbers_are_a_submitted_count() -> None:
    said = StationLine([]).put(shown(10, 15), "a.json")
    assert isinstance(said, Message)
    assert said.place == "a.json"
    event = decode(said.raw).event
    assert isinstance(event, CountSubmitted)
    assert event.payload.form.votes == {"1": 10}
    assert event.payload.origin is not None
    assert event.payload.origin.observed_at == "2024-02-15T10:00:00+07:00"
    assert event.submitted_by is not None
    assert event.submitted_by.role == "importer"


def test_the_same_record_gives_the_same_bytes_again() -> None:
    log = StationLog()
    records = [shown(10, 15), shown(12, 16), shown(-1, 17), shown(12, 18)]
    for record in records:
        assert import_all(log, record) == ["accepted"]
    assert types(log) == ["CountSubmitted", "CountCorrected", "CountAnnulled", "CountSubmitted"]
    for record, raw in zip(records, log.accepted, strict=True):
        assert StationLine(list(log.accepted)).put(record, "x") == Message(raw, "x")


def test_the_same_form_seen_later_is_nothing_new() -> None:
    log = StationLog()
    assert import_all(log, shown(10, 15)) == ["accepted"]
    assert StationLine(log.accepted).put(shown(10, 16), "x") == NothingNew("x", empty=False)


def test_other_numbers_correct_the_count_in_force() -> None:
    log = StationLog()
    import_all(log, shown(10, 15))
    assert import_all(log, shown(12, 16)) == ["accepted"]
    event = decode(log.accepted[-1]).event
    assert isinstance(event, CountCorrected)
    assert event.payload.supersedes == decode(log.accepted[0]).event_id
    assert event.payload.reason == "source_changed"


def test_the_same_numbers_as_another_kind_of_count_are_a_correction() -> None:
    log = StationLog()
    assert import_all(log, shown(10, 15), shown(10, 20, kind=CountKind.REVOTE)) == ["accepted", "accepted"]
    event = decode(log.accepted[-1]).event
    assert isinstance(event, CountCorrected)
    assert event.payload.kind is CountKind.REVOTE


@pytest.mark.parametrize("gone", [None, -1])
def test_numbers_taken_away_annul_the_count(gone: int | None) -> None:
    log = StationLog()
    assert import_all(log, shown(10, 15), shown(gone, 16)) == ["accepted", "accepted"]
    event = decode(log.accepted[-1]).event
    assert isinstance(event, CountAnnulled)
    assert event.payload.reason == "source_withdrew"
    assert event.payload.supersedes == decode(log.accepted[0]).event_id


@pytest.mark.parametrize("gone", [None, -1])
def test_nothing_after_an_annulment_is_nothing_new(gone: int | None) -> None:
    log = StationLog()
    import_all(log, shown(10, 15), shown(-1, 16))
    assert import_all(log, shown(gone, 17)) == ["nothing"]


def test_no_form_and_nothing_in_force_is_empty() -> None:
    assert StationLine([]).put(shown(-1, 15), "x") == NothingNew("x", empty=True)


def test_a_blank_form_is_submitted_and_its_numbers_correct_it() -> None:
    log = StationLog()
    assert import_all(log, shown(None, 15), shown(None, 16), shown(10, 17)) == [
        "accepted",
        "nothing",
        "accepted",
    ]
    assert types(log) == ["CountSubmitted", "CountCorrected"]


def test_numbers_after_a_withdrawal_are_a_new_count() -> None:
    log = StationLog()
    assert import_all(log, shown(10, 15), shown(-1, 16), shown(10, 17)) == ["accepted"] * 3
    assert types(log) == ["CountSubmitted", "CountAnnulled", "CountSubmitted"]


def test_what_others_annulled_is_not_restored_by_a_source_that_only_still_shows_it() -> None:
    log = StationLog()
    import_all(log, shown(10, 15))
    in_force = decode(log.accepted[-1]).event_id
    log.send(others_event("CountAnnulled", supersedes=in_force, reason="revote_ordered"))
    assert import_all(log, shown(10, 18)) == ["nothing"]
    assert import_all(log, shown(14, 25, kind=CountKind.REVOTE)) == ["accepted"]


def test_what_others_corrected_is_not_undone_by_a_source_that_only_still_shows_it() -> None:
    log = StationLog()
    import_all(log, shown(10, 15))
    in_force = decode(log.accepted[-1]).event_id
    assert log.send(others_event("CountCorrected", 11, supersedes=in_force, reason="plenary")) == "accepted"
    assert import_all(log, shown(10, 18)) == ["nothing"]
    assert import_all(log, shown(-1, 19)) == ["nothing"]
    assert import_all(log, shown(11, 20)) == ["nothing"]
    assert import_all(log, shown(13, 21)) == ["accepted"]


def test_a_source_that_contradicts_others_is_rejected_not_believed() -> None:
    log = StationLog()
    log.send(others_event("CountSubmitted", 10))
    assert import_all(log, shown(10, 15)) == ["nothing"]
    assert import_all(log, shown(99, 16)) == ["already_counted"]
    assert import_all(log, shown(-1, 17)) == ["nothing"]


def test_an_older_snapshot_never_changes_what_a_newer_one_said() -> None:
    log = StationLog()
    assert import_all(log, shown(12, 20)) == ["accepted"]
    assert import_all(log, shown(10, 15)) == ["already_counted"]
    assert import_all(log, shown(12, 16)) == ["nothing"]
    assert import_all(log, shown(-1, 17)) == ["nothing"]
    assert import_all(log, shown(14, 22)) == ["accepted"]
    assert import_all(log, shown(13, 21)) == ["superseded_mismatch"]
    assert types(log) == ["CountSubmitted", "CountCorrected"]


def test_an_older_snapshot_does_not_restore_what_was_withdrawn_later() -> None:
    log = StationLog()
    import_all(log, shown(12, 20), shown(-1, 22))
    assert import_all(log, shown(10, 15)) == ["nothing"]
    assert types(log) == ["CountSubmitted", "CountAnnulled"]


def test_equal_corrections_with_another_between_them_stay_apart() -> None:
    log = StationLog()
    records = [shown(votes, 15 + number) for number, votes in enumerate([10, 12, 10, 12])]
    assert import_all(log, *records) == ["accepted"] * 4
    assert import_all(log, *records) == ["repeated"] * 4
    assert len(log.accepted) == 4


def test_a_record_is_recognised_in_another_spelling_of_its_event() -> None:
    first = StationLine([]).put(shown(10, 15), "x")
    assert isinstance(first, Message)
    spaced = first.raw.replace(b'","', b'" , "')
    assert StationLine([spaced]).put(shown(10, 15), "x") == Message(spaced, "x")


def test_null_figures_of_the_count_in_force_are_like_absent_ones() -> None:
    raw = others_event("CountSubmitted", 10)
    nulls = raw.replace(b'"valid":10', b'"invalid":null,"valid":10,"voters":{"total":{"j":null}}')
    document = nulls.replace(b'"event_id":"' + decode(raw).event_id.encode() + b'",', b"")
    assert StationLine([document]).put(shown(10, 16), "x") == NothingNew("x", empty=False)


SNAPSHOTS = st.lists(
    st.tuples(st.sampled_from([None, -1, 1, 2, 3]), st.integers(1, 28)), unique_by=lambda record: record[1]
).map(sorted_by_day)


@given(SNAPSHOTS)
def test_importing_everything_again_changes_nothing(records: list[tuple[int | None, int]]) -> None:
    log = StationLog()
    import_all(log, *(shown(*record) for record in records))
    assert says_what_was_shown_last(log, records)
    before = list(log.accepted)
    assert "accepted" not in import_all(log, *(shown(*record) for record in records))
    for record in records:
        assert import_all(log, shown(*record)) != ["accepted"]
    assert log.accepted == before


@given(SNAPSHOTS, st.randoms(use_true_random=False))
def test_after_any_muddle_importing_everything_in_one_go_puts_it_right(
    records: list[tuple[int | None, int]], random: Any
) -> None:
    """A snapshot that said nothing new leaves no trace in the log, so one by one the order can matter."""
    log = StationLog()
    muddle = [*records, *records]
    random.shuffle(muddle)
    for record in muddle:
        import_all(log, shown(*record))
    import_all(log, *(shown(*record) for record in records))
    assert says_what_was_shown_last(log, records)


@given(SNAPSHOTS)
def test_an_interrupted_import_repeated_is_like_one_never_interrupted(
    records: list[tuple[int | None, int]],
) -> None:
    whole = StationLog()
    import_all(whole, *(shown(*record) for record in records))
    for stop in range(len(whole.accepted)):
        log = StationLog()
        for raw in whole.accepted[:stop]:
            log.send(raw)
        import_all(log, *(shown(*record) for record in records))
        assert log.accepted == whole.accepted
