"""A unit's state as bytes says what went into it."""

from __future__ import annotations

from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from schemas.findings import Status
from stream_processors.cells import STATUS_CODE
from stream_processors.partition import unit_states
from stream_processors.station import NOTHING_YET

IDS = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=5, unique=True)
THREE_FIGURES = st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3)


@given(
    IDS,
    st.lists(st.integers(0, 2**63 - 1), min_size=5, max_size=5),
    st.sampled_from(sorted(STATUS_CODE.values())),
    st.booleans(),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=64),
)
def test_what_was_packed_is_unpacked(
    ids: list[bytes],
    positions: list[int],
    status: int,
    unlisted: bool,
    ballot: int,
    region: int,
    figures: bytes,
) -> None:
    state: bytes | None = None
    for event_id, position in zip(ids, positions, strict=False):
        state = unit_states.pack(
            *unit_states.extended(state, event_id, position), status, unlisted, ballot, region, figures
        )
    assert state is not None
    whole = unit_states.unpack(state)
    assert whole.lineage.ids == tuple(ids)
    assert whole.positions == tuple(positions[: len(ids)])
    assert (whole.status, whole.unlisted, whole.ballot, whole.region) == (status, unlisted, ballot, region)
    assert whole.figures == figures
    assert unit_states.version(state) == len(ids)
    assert unit_states.heads([state, state])[1].tolist() == (len(ids), status, unlisted, ballot, region)
    annulled = status == STATUS_CODE[Status.ANNULLED]
    assert unit_states.lineage_of(state).in_force == (None if annulled else ids[-1])


def test_a_unit_without_a_record_has_nothing_yet() -> None:
    assert unit_states.lineage_of(None) is NOTHING_YET


@given(
    st.lists(
        st.tuples(IDS, st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3)), min_size=1, max_size=4
    )
)
def test_figures_of_many_records_are_theirs_whatever_their_lineages(
    units: list[tuple[list[bytes], list[int]]],
) -> None:
    held = [
        unit_states.pack(b"".join(ids), bytes(8 * len(ids)), 0, False, 0, 0, pack("<3I", *figures))
        for ids, figures in units
    ]
    assert unit_states.figures(held, 3).tolist() == [figures for _, figures in units]
