"""Who may submit what: each reason by an event that shows it, decided alike by the fold and by a state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.canonical import event_id
from schemas.decode import encode
from schemas.events import Role
from schemas.rejections import Reason
from stream_processors import sequence_numbers
from stream_processors.fold import FoldedEntry, fold
from stream_processors.partition.batch import assess_batch
from stream_processors.partition.state import State
from tests.keys import (
    NOON,
    PHONE,
    REGISTRAR,
    ROOTS,
    by_registrar,
    by_root,
    device,
    enrolled,
    opened,
    registrar,
    revoked,
    signed,
    signed_world,
    signer,
)
from tests.worlds import World, annulled, corrected, id_of, pairs, recap, stations, submitted, world

STATION, NEIGHBOUR = stations("1101012001")[:2]
ELSEWHERE: Final = stations("1102012001")[0]
FORM: Final = submitted(STATION, pairs(1, 2, 3))
COUNT: Final = signed(FORM, 1)
BEGUN: Final = (opened(), registrar(), enrolled(device(stations=[STATION])))
"""What stands before a count that is accepted."""
LATER: Final = "2024-02-14T20:00:00+07:00"


def paused(at: str = LATER) -> bytes:
    """CountingPaused."""
    return by_root("CountingPaused", {"note": "putusan"}, at=at)


def resumed(at: str = LATER) -> bytes:
    """CountingResumed."""
    return by_root("CountingResumed", {"note": "selesai"}, at=at)


def outcomes(messages: Sequence[bytes], here: World | None = None, *, at_once: int = 2) -> list[str]:
    """What becomes of each message: accepted, repeated, or the reason of its rejection. Decided by the fold,
    and by a state in batches, which is restored from its rows in between: both must say the same."""
    here = here or signed_world()
    entries: list[FoldedEntry] = []
    folded = fold(messages, here.election, here.registry, on_entry=entries.append)
    by_fold = [one.rejection.reason.value if one.rejection else one.outcome for one in entries]
    state, by_state, end = fresh(here), list[str](), 0
    for start in range(0, len(messages), at_once):
        batch = assess_batch(here.assessor, messages[start : start + at_once])
        positions = list(range(end, end + len(batch)))
        outcome = state.decide_entries(batch, positions)
        end = outcome.end
        by_state += [
            outcome.rejected[index].reason.value
            if index in outcome.rejected
            else "repeated"
            if index in outcome.repeated
            else "accepted"
            for index in range(len(batch))
        ]
        state.apply(batch, outcome)
        rows = list(state.rows())
        state = fresh(here)
        state.restore(rows)
        state.finish_restoring()
        assert sorted(map(repr, state.rows())) == sorted(map(repr, rows))
    assert by_fold == by_state
    total = state.rollup.tally(0, 0)
    assert total.cells() == folded.regions["PPWP", "0"].cells()
    return by_fold


def fresh(here: World) -> State:
    """A state without anything."""
    return State(here.registry, here.ballots, here.election.identity)


def last(*messages: bytes, here: World | None = None) -> str:
    """What becomes of the last message."""
    return outcomes(messages, here)[-1]


def test_a_signed_count_of_an_enrolled_device_is_accepted() -> None:
    assert outcomes([*BEGUN, COUNT, COUNT]) == ["accepted"] * 4 + ["repeated"]


def test_nobody_signs_where_the_definition_names_no_keys() -> None:
    assert outcomes([FORM], world()) == ["accepted"]
    # Signatures were carried and not verified before there were keys: such logs mean what they meant.
    carried = encode({**orjson.loads(FORM), "key_id": "k", "signature": "A" * 86 + "==", "event_id": None})
    assert outcomes([carried], world()) == ["accepted"]
    assert last(opened(), here=world()) == "unknown_key"


@pytest.mark.parametrize("role", ["kpps", "importer", None])
def test_an_unsigned_count_is_rejected_where_its_role_must_sign(role: str | None) -> None:
    who = None if role is None else {"officer": "o", "role": role}
    raw = submitted(STATION, pairs(1, 2, 3), submitted_by=who)
    assert last(*BEGUN, raw) == "unsigned"
    here = signed_world(Role.KPPS)
    assert outcomes([raw], here) == ["accepted" if role == "importer" else "unsigned"]


def test_a_signature_that_nobody_asked_for_is_verified_too() -> None:
    here = signed_world(Role.KPPS)
    assert last(signed(FORM, 1, role="importer"), here=here) == "unknown_key"


def changed(raw: bytes, **more: Any) -> bytes:
    """The message with other members, and the id that it then has; its signature is as it was."""
    document = {**orjson.loads(raw), **more}
    return encode({name: value for name, value in document.items() if value is not None})


def test_whatever_is_changed_breaks_the_signature() -> None:
    form = {"form": pairs(3, 2, 1)}
    for one in (
        changed(COUNT, payload=form, event_id=None),
        changed(COUNT, station=NEIGHBOUR, event_id=None),
        changed(COUNT, seq=2, event_id=None),
        changed(COUNT, signature=orjson.loads(signed(FORM, 2))["signature"]),
        changed(COUNT, key_id=signer("other").key_id, event_id=None),
    ):
        assert last(*BEGUN, one) == "bad_signature"


@pytest.mark.parametrize("missing", ["seq", "signature", "key_id"])
def test_a_part_of_a_signature_is_none(missing: str) -> None:
    assert last(*BEGUN, changed(COUNT, **{missing: None}, event_id=None)) == "bad_signature"


def test_a_key_that_nobody_enrolled_is_unknown() -> None:
    assert last(*BEGUN, signed(FORM, 1, signer("stranger"))) == "unknown_key"
    assert last(opened(), registrar(), COUNT) == "unknown_key"
    # Enrolled after the count: sent again, it counts.
    assert outcomes([*BEGUN[:2], COUNT, BEGUN[2], COUNT])[2:] == ["unknown_key", "accepted", "accepted"]


def test_a_revoked_key_counts_no_more_and_never_again() -> None:
    after = signed(corrected(STATION, COUNT, pairs(4, 5, 6)), 2)
    assert outcomes([*BEGUN, COUNT, revoked(PHONE), after, COUNT, BEGUN[2]])[3:] == [
        *("accepted", "accepted", "revoked_key"),
        *("revoked_key", "repeated"),
    ]
    anew = enrolled(device(stations=[STATION, NEIGHBOUR]), at=LATER)
    assert last(*BEGUN, revoked(PHONE), anew) == "invalid_control"


def test_a_key_ends_when_its_enrolment_says() -> None:
    begun = (*BEGUN[:2], enrolled(device(stations=[STATION], ends=LATER)))
    assert last(*begun, signed(FORM, 1, occurred_at="2024-02-14T22:00:00+09:00")) == "accepted"
    assert last(*begun, signed(FORM, 1, occurred_at="2024-02-14T22:00:00+07:00")) == "revoked_key"
    assert last(*begun, signed(FORM, 1)) == "revoked_key"  # when it was made is not known


def test_a_device_acts_where_it_is_enrolled() -> None:
    assert last(*BEGUN, signed(submitted(NEIGHBOUR, pairs(1, 2, 3)), 1)) == "out_of_scope"
    village = (*BEGUN[:2], enrolled(device(regions=["1101012001"])))
    assert last(*village, signed(submitted(NEIGHBOUR, pairs(1, 2, 3)), 1)) == "accepted"
    assert last(*village, signed(submitted(stations("1101012002")[0], pairs(1, 2, 3)), 1)) == "out_of_scope"
    # In another district it is not enrolled at all, whichever partition that is on.
    assert last(*village, signed(submitted(ELSEWHERE, pairs(1, 2, 3)), 1)) == "unknown_key"


def test_a_device_signs_in_its_role() -> None:
    assert last(*BEGUN, signed(FORM, 1, role="ppk")) == "wrong_role"
    assert last(*BEGUN, signed(FORM, 1, role=None)) == "wrong_role"


def test_recapitulations_are_signed_too() -> None:
    document = recap("110101", {"1": 1, "2": 2, "3": 3})
    begun = (*BEGUN[:2], enrolled(device(role="ppk", regions=["110101"])))
    assert last(*begun, document) == "unsigned"
    assert last(*begun, signed(document, 1, role="ppk")) == "accepted"
    assert last(*BEGUN, signed(document, 1)) == "out_of_scope"


def test_a_province_has_officers_of_its_own() -> None:
    document = signed(recap("11", {"1": 1, "2": 2, "3": 3}), 1, role="kpu_prov")
    office = enrolled(device(role="kpu_prov", regions=["11"]), region="11")
    assert last(*BEGUN[:2], office, document) == "accepted"
    # Enrolled in the province, it acts on the province's documents and not on the forms of its districts.
    count = signed(FORM, 2, role="kpu_prov")
    assert last(*BEGUN[:2], office, count) == "unknown_key"


def test_a_number_is_used_once() -> None:
    other = signed(corrected(STATION, COUNT, pairs(4, 5, 6)), 1)
    assert outcomes([*BEGUN, COUNT, other])[3:] == ["accepted", "sequence_repeated"]
    # In another order of arrival both are late and neither is lost; a gap is nobody's fault.
    first, second = signed(FORM, 7), signed(corrected(STATION, signed(FORM, 7), pairs(4, 5, 6)), 3)
    assert outcomes([*BEGUN, first, second])[3:] == ["accepted", "accepted"]


def test_a_correction_that_came_too_early_counts_when_it_is_sent_again() -> None:
    early = signed(corrected(STATION, COUNT, pairs(4, 5, 6)), 2)
    assert outcomes([*BEGUN, early, COUNT, early])[3:] == ["superseded_mismatch", "accepted", "accepted"]


def test_a_count_that_lost_does_not_come_back_when_the_winner_is_annulled() -> None:
    """Whoever writes to the log can bring in again what was signed and rejected."""
    begun = (
        *BEGUN[:2],
        enrolled(device(stations=[STATION]), device(signer("kpu"), "kpu_kabko", regions=["1101"])),
    )
    second = signed(submitted(STATION, pairs(100, 0, 0)), 2)
    end = signed(annulled(STATION, COUNT), 1, signer("kpu"), "kpu_kabko")
    anew = signed(submitted(STATION, pairs(100, 0, 0)), 3)
    assert outcomes([*begun, COUNT, second, end, second, anew, second])[3:] == [
        *("accepted", "already_counted", "accepted"),
        *("sequence_repeated", "accepted", "already_counted"),
    ]


def test_a_pause_rejects_and_what_is_sent_again_after_it_counts() -> None:
    second = signed(corrected(STATION, COUNT, pairs(4, 5, 6)), 2)
    stranger = signed(submitted(STATION, pairs(4, 5, 6)), 1, signer("stranger"))
    assert outcomes([*BEGUN, COUNT, paused(), second, stranger, resumed(), second])[3:] == [
        *("accepted", "accepted", "counting_paused"),
        *("unknown_key", "accepted", "accepted"),
    ]
    here = signed_world(Role.KPPS)
    by_importer = submitted(STATION, pairs(1, 2, 3), submitted_by={"officer": "i", "role": "importer"})
    begin = by_root(
        "ElectionOpened", {"definition": here.election.hash, "registry": here.registry.hash}, at=NOON
    )
    assert last(begin, paused(), by_importer, here=here) == "counting_paused"


def test_a_pause_of_the_past_can_not_be_brought_in_again() -> None:
    assert outcomes([*BEGUN, paused(), resumed(), paused(), COUNT])[3:] == [
        *("accepted", "accepted", "repeated", "accepted")
    ]


def test_other_roles_must_sign_from_a_change_of_the_rules_on() -> None:
    here = signed_world(Role.KPPS)
    begin = by_root(
        "ElectionOpened", {"definition": here.election.hash, "registry": here.registry.hash}, at=NOON
    )
    by_importer = [
        submitted(one, pairs(1, 2, 3), submitted_by={"officer": "i", "role": "importer"})
        for one in (STATION, NEIGHBOUR)
    ]
    change = by_root("RuleSetChanged", {"signed_roles": ["kpps", "importer"], "note": "keputusan"})
    assert outcomes([begin, by_importer[0], change, by_importer[1]], here) == [
        *("accepted", "accepted", "accepted", "unsigned")
    ]


# The chain from the root to a device


def test_enough_keys_of_the_root_must_sign() -> None:
    payload = {"key": REGISTRAR.key_id, "regions": ["11"]}
    for signers, outcome in (
        (ROOTS[:1], "bad_signature"),
        ((ROOTS[0], ROOTS[0]), "bad_signature"),
        ((), "bad_signature"),
        (ROOTS[1:], "accepted"),
        (ROOTS, "accepted"),
        ((*ROOTS[:2], signer("stranger")), "unknown_key"),
    ):
        assert last(opened(), by_root("RegistrarEnrolled", payload, signers=signers)) == outcome


def test_one_signature_twice_is_one() -> None:
    document = orjson.loads(registrar())
    document["signatures"] = [document["signatures"][0]] * 2
    assert last(opened(), encode(document)) == "bad_signature"


def test_the_same_event_with_other_signatures_of_the_root_is_the_same_event() -> None:
    payload = {"key": REGISTRAR.key_id, "regions": ["11"]}
    one, other = (
        by_root("RegistrarEnrolled", payload, signers=signers) for signers in (ROOTS[:2], ROOTS[1:])
    )
    assert one != other
    assert id_of(one) == id_of(other)
    assert outcomes([opened(), one, other]) == ["accepted", "accepted", "repeated"]


def test_a_registrar_enrols_in_its_regions() -> None:
    there = enrolled(device(stations=[stations("1201012001")[0]]), region="1201")
    assert last(*BEGUN[:2], there) == "out_of_scope"
    assert last(*BEGUN[:2], enrolled(device(stations=[STATION]), by=signer("stranger"))) == "unknown_key"
    gone = by_root("RegistrarRevoked", {"key": REGISTRAR.key_id, "note": "hilang"})
    assert outcomes([*BEGUN, gone, enrolled(device(signer("new"), stations=[STATION])), COUNT])[3:] == [
        *("accepted", "revoked_key", "accepted")
    ]
    assert last(*BEGUN, gone, registrar(at=LATER)) == "invalid_control"


@pytest.mark.parametrize(
    ("why", "message"),
    [
        ("not opened", registrar()),
        ("opened twice", by_root("ElectionOpened", orjson.loads(opened())["payload"], at=LATER)),
        ("another definition", opened(definition="0" * 64)),
        ("another register", opened(registry="0" * 64)),
        ("not paused", resumed()),
        ("no such region", registrar(regions=("77",))),
        ("no scope", enrolled(device())),
        ("a station elsewhere", enrolled(device(stations=[STATION, ELSEWHERE]))),
        ("a region elsewhere", enrolled(device(regions=["1102"]))),
        ("the region above", enrolled(device(regions=["11"]))),
        ("no such station", enrolled(device(stations=["7777"]))),
        ("a key twice", enrolled(device(stations=[STATION]), device(stations=[NEIGHBOUR]))),
        ("no district", enrolled(device(regions=["110101"]), region="110101")),
        ("nobody to revoke", revoked(signer("nobody"))),
        ("no registrar to revoke", by_root("RegistrarRevoked", {"key": PHONE.key_id, "note": "n"})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_control_event_that_follows_from_nothing_takes_no_effect(why: str, message: bytes) -> None:
    before = () if why in ("not opened", "another definition", "another register") else BEGUN[:2]
    assert last(*before, message) == "invalid_control"


@pytest.mark.parametrize("key", ["A" * 43, "_" * 42 + "8"])
def test_odd_keys_are_refused_at_enrolment(key: str) -> None:
    for one in (
        by_root("RegistrarEnrolled", {"key": key, "regions": ["11"]}),
        by_registrar("DeviceEnrolled", {"devices": [{"key": key, "role": "kpps", "stations": [STATION]}]}),
    ):
        assert last(*BEGUN[:2], one) == "invalid_control"


def test_a_control_event_with_a_broken_signature_takes_no_effect() -> None:
    for one in (registrar(), enrolled(device(stations=[STATION]))):
        document = {**orjson.loads(one), "occurred_at": LATER}
        del document["event_id"]
        assert last(*BEGUN, encode(document)) == "bad_signature"
    unsigned = {**orjson.loads(BEGUN[2]), "signature": None}
    assert last(*BEGUN, encode(unsigned)) == "bad_signature"


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_batches_of_any_size_decide_alike(at_once: int) -> None:
    second = signed(corrected(STATION, COUNT, pairs(4, 5, 6)), 2)
    messages = [*BEGUN, COUNT, COUNT, second, paused(), signed(FORM, 9), resumed(), revoked(PHONE), second]
    assert outcomes(messages, at_once=at_once) == [
        *("accepted", "accepted", "accepted", "accepted", "repeated", "accepted", "accepted"),
        *("counting_paused", "accepted", "accepted", "revoked_key"),
    ]


def test_what_was_decided_and_not_applied_leaves_no_trace() -> None:
    here = signed_world()
    state = fresh(here)
    batch = assess_batch(here.assessor, [*BEGUN, COUNT])
    for _ in range(2):
        outcome = state.decide_batch(batch, 0, lambda *_: False)
        assert (len(outcome.controls), len(outcome.accepted)) == (3, 1)
        assert list(state.rows()) == []


@given(st.lists(st.tuples(st.integers(1, 2**32 - 1), st.binary(min_size=32, max_size=32)), max_size=30))
def test_numbers_are_found_with_who_used_them(numbers: list[tuple[int, bytes]]) -> None:
    used: bytearray | None = None
    model: dict[int, bytes] = {}
    for seq, event in numbers:
        assert sequence_numbers.user_of(used, seq) == model.get(seq)
        if seq not in model:
            used = sequence_numbers.add(used, sequence_numbers.record_of(seq, event))
            model[seq] = event[:16]
    for seq, _ in numbers:
        assert sequence_numbers.user_of(used, seq) == model.get(seq)
        assert sequence_numbers.user_of(used, seq ^ 1) == model.get(seq ^ 1)
    if used is not None:
        assert sequence_numbers.add(None, sequence_numbers.records_in(used)) == used


def test_every_reason_about_keys_says_what_to_do_in_both_languages() -> None:
    """Each of them is shown by a test above; here their sentences are read."""
    here = signed_world()
    shown: dict[str, tuple[str, str]] = {}

    def note(entry: FoldedEntry) -> None:
        if entry.rejection is not None:
            shown[entry.rejection.reason.value] = entry.rejection.said

    for messages in (
        [*BEGUN, FORM, changed(COUNT, seq=2, event_id=None), signed(FORM, 1, signer("x")), COUNT],
        [*BEGUN, signed(FORM, 1, role="ppk"), signed(submitted(NEIGHBOUR, pairs(1, 2, 3)), 1), resumed()],
        [*BEGUN, COUNT, signed(corrected(STATION, COUNT, pairs(4, 5, 6)), 1), paused(), signed(FORM, 3)],
        [*BEGUN, revoked(PHONE), COUNT],
    ):
        fold(messages, here.election, here.registry, on_entry=note)
    about_keys = {
        *(Reason.UNSIGNED, Reason.BAD_SIGNATURE, Reason.UNKNOWN_KEY, Reason.REVOKED_KEY, Reason.OUT_OF_SCOPE),
        *(Reason.WRONG_ROLE, Reason.SEQUENCE_REPEATED, Reason.COUNTING_PAUSED, Reason.INVALID_CONTROL),
    }
    assert shown.keys() == {reason.value for reason in about_keys}
    assert all(id_ != en and id_.endswith(".") and en.endswith(".") for id_, en in shown.values())


def test_the_id_of_an_event_leaves_out_its_signatures() -> None:
    document = orjson.loads(registrar())
    assert event_id({**document, "signatures": []}) == document["event_id"]
