"""What a source's pages change, against every state that a station can be in, in every order of imports."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from producers.importers.lineage import StationLine
from producers.importers.pages import Shown, records_of
from schemas.decode import decode, encode
from schemas.events import CountAnnulled, CountCorrected, CountKind, CountSubmitted
from schemas.rejections import Reason
from schemas.sources import Message, NothingNew
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
    """What becomes of each record, in the order of their times, when they are imported in one go."""
    pages = [(record, "here") for record in records]
    return [log.take(record) for record in records_of(StationLine(list(log.events)), pages)]


def put(events: Sequence[bytes], record: Shown) -> Message | NothingNew:
    """What one page becomes."""
    [said] = records_of(StationLine(list(events)), [(record, "x")])
    return said


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
    said = put([], shown(10, 15))
    assert isinstance(said, Message)
    assert said.place == "x"
    event = decode(said.raw).event
    assert isinstance(event, CountSubmitted)
    assert event.payload.form.votes == {"1": 10}
    assert event.payload.origin is not None
    assert event.payload.origin.observed_at == "2024-02-15T10:00:00+07:00"
    assert event.submitted_by is not None
    assert event.submitted_by.role == "importer"


def test_a_page_that_was_imported_before_is_nothing_new() -> None:
    log = StationLog()
    records = [shown(10, 15), shown(12, 16), shown(-1, 17), shown(12, 18)]
    for record in records:
        assert import_all(log, record) == ["accepted"]
    assert types(log) == ["CountSubmitted", "CountCorrected", "CountAnnulled", "CountSubmitted"]
    for record in records[:-1]:
        assert put(log.events, record) == NothingNew("x", empty=record.form is None, superseded=True)
    assert put(log.events, records[-1]) == NothingNew("x", empty=False)


def test_the_same_form_seen_later_is_nothing_new() -> None:
    log = StationLog()
    assert import_all(log, shown(10, 15)) == ["accepted"]
    assert put(log.accepted, shown(10, 16)) == NothingNew("x", empty=False)


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
    assert put([], shown(-1, 15)) == NothingNew("x", empty=True)


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
    assert import_all(log, shown(14, 25, kind=CountKind.REVOTE)) == ["ruling_in_force"]
    assert types(log) == ["CountSubmitted", "CountAnnulled"]


def test_what_others_corrected_is_not_undone_by_a_source_that_only_still_shows_it() -> None:
    log = StationLog()
    import_all(log, shown(10, 15))
    in_force = decode(log.accepted[-1]).event_id
    assert log.send(others_event("CountCorrected", 11, supersedes=in_force, reason="misread")) == "accepted"
    assert import_all(log, shown(10, 18)) == ["nothing"]
    assert import_all(log, shown(-1, 19)) == ["nothing"]
    assert import_all(log, shown(11, 20)) == ["nothing"]
    assert import_all(log, shown(13, 21)) == ["accepted"]


def test_a_source_that_contradicts_others_is_parked_not_believed() -> None:
    log = StationLog()
    log.send(others_event("CountSubmitted", 10))
    assert import_all(log, shown(10, 15)) == ["nothing"]
    assert import_all(log, shown(99, 16)) == ["already_counted"]
    assert import_all(log, shown(-1, 17)) == ["nothing"]


def test_an_older_page_never_changes_what_a_newer_one_said() -> None:
    log = StationLog()
    assert import_all(log, shown(12, 20)) == ["accepted"]
    assert import_all(log, shown(10, 15)) == ["seen_earlier"]
    assert import_all(log, shown(12, 16)) == ["nothing"]
    assert import_all(log, shown(-1, 17)) == ["nothing"]
    assert import_all(log, shown(14, 22)) == ["accepted"]
    assert import_all(log, shown(13, 21)) == ["seen_earlier"]
    assert import_all(log, shown(13, 21)) == ["superseded"]
    assert types(log) == ["CountSubmitted", "CountCorrected"]


def test_an_older_page_does_not_restore_what_was_withdrawn_later() -> None:
    log = StationLog()
    import_all(log, shown(12, 20), shown(-1, 22))
    assert import_all(log, shown(10, 15)) == ["seen_earlier"]
    assert types(log) == ["CountSubmitted", "CountAnnulled"]


RULINGS = [
    ("CountCorrected", 77, "plenary"),
    ("CountCorrected", 77, "bawaslu_ruling"),
    ("CountCorrected", 77, "court_ruling"),
    ("CountCorrected", 77, "recount"),
    ("CountAnnulled", None, "revote_ordered"),
    ("CountAnnulled", None, "recount_ordered"),
    ("CountAnnulled", None, "court_ruling"),
    ("CountAnnulled", None, "bawaslu_ruling"),
]


@pytest.mark.parametrize(("kind", "votes", "reason"), RULINGS)
def test_where_a_ruling_was_made_no_page_moves_anything(kind: str, votes: int | None, reason: str) -> None:
    log = StationLog()
    import_all(log, shown(10, 15), shown(12, 16))
    in_force = decode(log.accepted[-1]).event_id
    assert log.send(others_event(kind, votes, supersedes=in_force, reason=reason)) == "accepted"
    before = list(log.accepted)
    assert import_all(log, shown(12, 17)) == ["nothing"]  # it only goes on showing it
    assert import_all(log, shown(10, 15)) == ["superseded"]
    assert import_all(log, shown(10, 18)) == ["ruling_in_force"]
    assert import_all(log, shown(10, 19)) == ["nothing"]  # what the source said last is recorded
    assert import_all(log, shown(-1, 20)) == ["ruling_in_force"]
    assert import_all(log, shown(14, 21, kind=CountKind.REVOTE)) == ["ruling_in_force"]
    assert log.accepted == before
    assert len(log.events) == len(before) + 3


def test_an_annulled_count_does_not_come_back_with_a_page_that_never_changed() -> None:
    """The page, a plenary's correction of it, a re-vote ordered, and the page once more."""
    log = StationLog()
    import_all(log, shown(10, 15))
    first = decode(log.accepted[-1]).event_id
    log.send(others_event("CountCorrected", 12, supersedes=first, reason="plenary"))
    second = decode(log.accepted[-1]).event_id
    log.send(others_event("CountAnnulled", supersedes=second, reason="revote_ordered"))
    assert import_all(log, shown(10, 20)) == ["nothing"]
    assert import_all(log, shown(10, 15)) == ["superseded"]
    assert len(log.events) == 3


def test_a_page_that_shows_what_others_replaced_is_superseded() -> None:
    log = StationLog()
    log.send(others_event("CountSubmitted", 10))
    first = decode(log.accepted[-1]).event_id
    log.send(others_event("CountCorrected", 12, supersedes=first, reason="misread"))
    assert import_all(log, shown(10, 20)) == ["superseded"]


def test_a_page_that_was_rejected_is_what_the_source_said_last() -> None:
    """Others' count falls later: the source's, which only goes on showing it, does not take its place."""
    log = StationLog()
    log.send(others_event("CountSubmitted", 10))
    assert import_all(log, shown(99, 16)) == ["already_counted"]
    first = decode(log.accepted[-1]).event_id
    log.send(others_event("CountAnnulled", supersedes=first, reason="source_withdrew"))
    assert import_all(log, shown(99, 17)) == ["nothing"]
    assert import_all(log, shown(98, 18)) == ["accepted"]


def test_of_equal_times_the_copy_s_time_decides_and_else_it_is_reported() -> None:
    first, second = shown(10, 15), shown(12, 15)
    log = StationLog()
    assert import_all(log, first, second) == ["accepted", "order_unknown"]
    assert import_all(log, first, second) == ["nothing", "order_unknown"]
    assert len(log.events) == 2
    copied = [
        Shown("pemilu2024", "PPWP", STATION, one.form, one.kind, {**one.origin, "copied_at": at})
        for one, at in ((first, "2024-02-20T10:00:00Z"), (second, "2024-02-21T10:00:00Z"))
    ]
    for order in permutations(copied):
        log = StationLog()
        import_all(log, *order)
        assert types(log) == ["CountSubmitted", "CountCorrected"]
        assert b'"1":12' in log.accepted[-1]


def test_a_page_without_a_time_is_taken_for_older_than_one_with_a_time() -> None:
    log = StationLog()
    assert import_all(log, shown(10)) == ["accepted"]
    assert import_all(log, shown(12, 15)) == ["accepted"]
    assert import_all(log, shown(10)) == ["superseded"]
    assert import_all(log, shown(12)) == ["nothing"]
    assert import_all(log, shown(11)) == ["order_unknown"]


def test_of_pages_without_a_time_a_later_import_corrects_and_their_order_is_reported_after() -> None:
    log = StationLog()
    assert import_all(log, shown(10)) == ["accepted"]
    assert import_all(log, shown(12)) == ["accepted"]
    assert import_all(log, shown(12)) == ["nothing"]
    assert import_all(log, shown(10)) == ["order_unknown"]
    assert import_all(log, shown(10), shown(12)) == ["order_unknown", "nothing"]
    assert import_all(StationLog(), shown(10), shown(12)) == ["accepted", "order_unknown"]


def test_what_waited_for_a_page_is_sent_again_when_it_comes() -> None:
    page = put([], shown(10, 15))
    assert isinstance(page, Message)
    correction = others_event("CountCorrected", 11, supersedes=decode(page.raw).event_id, reason="misread")
    log = StationLog()
    assert log.send(correction) == "superseded_mismatch"
    assert put(log.events, shown(10, 15)) == Message(page.raw, "x", followed_by=(correction,))
    assert import_all(log, shown(10, 15)) == ["accepted"]
    assert log.accepted == [page.raw, correction]


def test_equal_corrections_with_another_between_them_stay_apart() -> None:
    log = StationLog()
    records = [shown(votes, 15 + number) for number, votes in enumerate([10, 12, 10, 12])]
    assert import_all(log, *records) == ["accepted"] * 4
    assert import_all(log, *records) == ["superseded"] * 3 + ["nothing"]
    assert len(log.accepted) == 4


def test_a_record_is_recognised_in_another_spelling_of_its_event() -> None:
    first = put([], shown(10, 15))
    assert isinstance(first, Message)
    spaced = first.raw.replace(b'","', b'" , "')
    assert put([spaced], shown(10, 15)) == NothingNew("x", empty=False)


def test_null_figures_of_the_count_in_force_are_like_absent_ones() -> None:
    raw = others_event("CountSubmitted", 10)
    nulls = raw.replace(b'"valid":10', b'"invalid":null,"valid":10,"voters":{"total":{"j":null}}')
    document = nulls.replace(b'"event_id":"' + decode(raw).event_id.encode() + b'",', b"")
    assert put([document], shown(10, 16)) == NothingNew("x", empty=False)


SNAPSHOTS = st.lists(
    st.tuples(st.sampled_from([None, -1, 1, 2, 3]), st.integers(1, 28)), unique_by=lambda record: record[1]
).map(sorted_by_day)


@settings(deadline=None)
@given(SNAPSHOTS)
def test_importing_everything_again_changes_nothing(records: list[tuple[int | None, int]]) -> None:
    log = StationLog()
    import_all(log, *(shown(*record) for record in records))
    assert says_what_was_shown_last(log, records)
    before = list(log.accepted)
    assert "accepted" not in import_all(log, *(shown(*record) for record in records))
    for record in records:
        assert "accepted" not in import_all(log, shown(*record))
    assert log.accepted == before


@settings(deadline=None)
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


@settings(deadline=None)
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


FORMS: Final[dict[str, dict[str, Any] | None]] = {
    "votes and figures": {"votes": {"1": 10}, "valid": 10},
    "other votes": {"votes": {"1": 12}, "valid": 12},
    "figures": {"valid": 7},
    "image": {},
    "nothing": None,
}
NO_TIME: Final = 0
PAGES: Final = [(form, day) for form in FORMS for day in (NO_TIME, 1, 2)]

MOST_REPETITIONS: Final = 3
"""Of an import. A page that says what the source said last leaves no trace; where a source went to and fro
between two states, and its pages came in the wrong order, one repetition brings back the former state, and
the next one the latter."""

State = tuple[str, int]


def page(state: State) -> Shown:
    """A page of the source, on a day or without a time."""
    form, day = state
    origin: dict[str, Any] = {"source": "sirekap", "record": STATION}
    if day != NO_TIME:
        origin["observed_at"] = f"2024-02-{day:02d}T10:00:00+07:00"
    return Shown("pemilu2024", "PPWP", STATION, FORMS[form], CountKind.REGULAR, origin)


def imported(log: StationLog, pages: Sequence[State], *, in_one_go: bool) -> list[str]:
    """Import the pages; what became of each."""
    parts = [pages] if in_one_go else [[one] for one in pages]
    return [answer for part in parts for answer in import_all(log, *map(page, part))]


def outcome(log: StationLog) -> Any:
    """What is in force."""
    if not log.accepted:
        return "nothing"
    event = decode(log.accepted[-1]).event
    return "annulled" if isinstance(event, CountAnnulled) else event.payload.form  # type: ignore[union-attr]


def outcomes(pages: Sequence[State]) -> dict[tuple[Any, ...], tuple[Any, bool]]:
    """What is in force, and whether a report was made, after imports of the pages in every order, one by one
    and in one go, and then of all again until that brings nothing new."""
    found = {}
    for order in set(permutations(pages)):
        for in_one_go in (False, True):
            for again_in_one_go in (False, True):
                log = StationLog()
                answers = imported(log, order, in_one_go=in_one_go)
                for _ in range(MOST_REPETITIONS):
                    repeated = imported(log, order, in_one_go=again_in_one_go)
                    answers += repeated
                    if "accepted" not in repeated:
                        break
                else:
                    raise AssertionError(f"{order} still brings something new")
                found[order, in_one_go, again_in_one_go] = outcome(log), "order_unknown" in answers
    return found


def have_an_order(pages: Sequence[State]) -> bool:
    days = [day for _, day in pages]
    return NO_TIME not in days and len(set(days)) == len(days)


@pytest.mark.parametrize("number", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_what_comes_of_pages_depends_on_no_order_or_grouping_of_imports(number: int) -> None:
    for pages in combinations(PAGES, number):
        found = outcomes(pages)
        results = [result for result, _ in found.values()]
        assert all(result == results[0] for result in results) or all(told for _, told in found.values()), (
            pages
        )
        if have_an_order(pages):
            assert not any(told for _, told in found.values()), pages


@settings(deadline=None, max_examples=60)
@example([("votes and figures", NO_TIME), ("votes and figures", 2), ("figures", 1), ("nothing", 3)])
@given(st.lists(st.sampled_from([*PAGES, *((form, day) for form in FORMS for day in (3, 4))]), max_size=4))
def test_what_comes_of_four_pages_depends_on_no_order_or_grouping_of_imports(pages: list[State]) -> None:
    found = outcomes(pages)
    results = [result for result, _ in found.values()]
    assert all(result == results[0] for result in results) or all(told for _, told in found.values())
    if have_an_order(pages):
        assert not any(told for _, told in found.values())


@settings(deadline=None)
@given(st.permutations(range(1, 5)), st.lists(st.sampled_from(list(FORMS)), min_size=4, max_size=4))
def test_pages_in_the_order_of_their_times_come_to_what_was_shown_last(
    days: list[int], forms: list[str]
) -> None:
    log = StationLog()
    pages = list(zip(forms, range(1, 5), strict=True))
    imported(log, [pages[day - 1] for day in days], in_one_go=True)
    last = FORMS[forms[-1]]
    if last is None or not last.get("votes"):
        had_votes = any((FORMS[form] or {}).get("votes") for form in forms)
        expected = "annulled" if had_votes else None
        if not had_votes and last is None:
            expected = "nothing" if all(FORMS[form] is None for form in forms) else "annulled"
        if expected is not None:
            assert outcome(log) == expected
            return
    assert outcome(log).votes == (last or {}).get("votes")


def test_a_report_of_an_unknown_order_names_its_reason() -> None:
    log = StationLog()
    import_all(log, shown(10, 15))
    said = put(log.events, shown(12, 15))
    assert isinstance(said, Message)
    assert said.not_counted is Reason.ORDER_UNKNOWN
