"""The reason of a correction or annulment is held against the role of whoever gives it."""

from __future__ import annotations

import orjson
import pytest

from monitoring.metrics import REGISTRY
from schemas.authority import DEFAULT_REASON_ROLES, WATCHING
from schemas.decode import encode
from schemas.events import AnnulmentReason, CorrectionReason, Role
from schemas.rejections import Reason
from stream_processors.assess import AssessedCount, AssessedRejection, Assessor
from stream_processors.distributed.counters import STREAMING, count_folded
from stream_processors.fold import fold
from stream_processors.partition.batch import assess_batch
from stream_processors.partition.changes import Changes
from stream_processors.partition.state import State
from tests.worlds import all_stations, annulled, corrected, pairs, submitted, world

STATION = all_stations()[0]
FIRST = submitted(STATION, pairs(1, 2, 3))


def event(kind: str, reason: str, role: str | None) -> bytes:
    """A correction or annulment of FIRST for that reason, by that role."""
    who = None if role is None else {"officer": "o-1", "role": role}
    make = annulled(STATION, FIRST) if kind == "annulment" else corrected(STATION, FIRST, pairs(4, 5, 6))
    document = orjson.loads(make)
    document["payload"]["reason"] = reason
    document["submitted_by"] = who
    return encode(document)


ALL = [
    *(("correction", reason.value) for reason in CorrectionReason),
    *(("annulment", reason.value) for reason in AnnulmentReason),
]


@pytest.mark.parametrize(("kind", "reason"), ALL)
@pytest.mark.parametrize("role", [*(role.value for role in Role if role not in WATCHING), None])
def test_a_reason_is_taken_from_the_roles_of_the_definition_and_from_no_other(
    kind: str, reason: str, role: str | None
) -> None:
    (one,) = world().assessor.assess([event(kind, reason, role)])
    roles = DEFAULT_REASON_ROLES.get(reason)
    if roles is None or role in roles:
        assert isinstance(one, AssessedCount)
    else:
        assert isinstance(one, AssessedRejection)
        assert one.rejection.reason is Reason.WRONG_ROLE
        assert all(f"{reason} " in said and ", ".join(roles) in said for said in one.rejection.said)


def test_officers_of_a_station_give_no_ruling_of_a_court() -> None:
    assert Role.KPPS not in DEFAULT_REASON_ROLES["court_ruling"]
    assert Role.IMPORTER not in DEFAULT_REASON_ROLES["court_ruling"]


def test_what_is_no_reason_of_the_definition_may_be_given_by_all() -> None:
    older = world().election.with_reason_roles(None)
    assessor = Assessor(older, world().registry, world().ballots)
    (one,) = assessor.assess([event("annulment", "court_ruling", "kpps")])
    assert isinstance(one, AssessedCount)


def test_the_fold_and_a_partition_reject_it_and_count_what_was_accepted_by_role_and_reason() -> None:
    wrong, right = event("correction", "court_ruling", "kpps"), event("correction", "court_ruling", "kpu")
    log = [FIRST, wrong, right]
    here = world()
    folded = fold(log, here.election, here.registry)
    assert (folded.accepted, dict(folded.rejected)) == (2, {"wrong_role": 1})

    batch = assess_batch(here.assessor, log)
    state = State(here.registry, here.ballots, None)
    outcome = state.decide_entries(batch, [0, 1, 2])
    assert outcome.accepted == [0, 2]
    assert [why.reason for why in outcome.rejected.values()] == [Reason.WRONG_ROLE]
    labels = {"role": "kpu", "reason": "court_ruling", "province": STATION[:2]}
    before = REGISTRY.get_sample_value("rekap_corrections_accepted_total", labels) or 0
    count_folded(Changes(batch, outcome, 0, [], []), STREAMING)
    assert REGISTRY.get_sample_value("rekap_corrections_accepted_total", labels) == before + 1
