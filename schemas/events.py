"""The events: what can be reported about a count, as immutable facts in the past tense.

Envelope and payloads are validated here; the meaning of an event against what is already in the log
is decided in stream_processors.station. Signatures are carried here and verified in stream_processors.assess;
the events about keys are in schemas.control_events.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from schemas.forms import CHasil
from schemas.language import ValueExplained
from schemas.parts import part
from schemas.text import quoted

SCHEMA_VERSION: Final = 1
"""The version that this code writes. Older ones are read through schemas.upcasts."""

MAX_CELL: Final = 2**40
"""A certified figure of a whole nation fits easily; a larger number is a slip of the pen or an attack."""


MAX_TIME: Final = 64
"""Characters of a time: more decimals than any clock writes."""

TIME_PATTERN: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""RFC 3339, with any number of decimals. Python's own reader takes more, and more with each release; whether
an event is valid must not depend on the release that reads it."""


def _with_zone(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad_time(
            text, "bukan waktu; tulis seperti {time}", "is not a time; write it as {time}"
        ) from None
    if moment.tzinfo is None:
        raise _bad_time(
            text,
            "tidak punya zona waktu; akhiri dengan +07:00 (WIB), +08:00, +09:00, atau Z",
            "has no time zone; end it with +07:00 (WIB), +08:00, +09:00 or Z",
        )
    if not _TIME.fullmatch(text):
        raise _bad_time(
            text,
            "ditulis dengan cara yang tidak lazim; tulis seperti {time}",
            "is written in an unusual way; write it as {time}",
        )
    return text


def _bad_time(text: str, indonesian: str, english: str) -> ValueExplained:
    shown = quoted(repr(text))
    return ValueExplained(
        id=f"{shown} {indonesian.format(time=_EXAMPLE)}", en=f"{shown} {english.format(time=_EXAMPLE)}"
    )


_EXAMPLE: Final = "2024-02-14T15:30:00+07:00"


_TIME: Final = re.compile(TIME_PATTERN)


IDENTIFIER_PATTERN: Final = r"^[A-Za-z0-9._:/-]{1,64}$"
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]
"""Ids of elections, contests, regions, stations, officers, devices, keys: ASCII, no spaces."""
EventId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

KEY_ID_PATTERN: Final = r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"
"""32 bytes in base64url without padding; the last character has two bits that are zero."""
KeyId = Annotated[str, StringConstraints(pattern=KEY_ID_PATTERN)]
"""A public key of Ed25519, which is its own name."""
SignatureText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{86}==$")]

MAX_SEQUENCE: Final = 2**32 - 1
"""Events that one device can number: it is held in four bytes."""
Sequence = Annotated[int, Field(ge=1, le=MAX_SEQUENCE, strict=True)]
Time = Annotated[
    str,
    StringConstraints(max_length=MAX_TIME),
    AfterValidator(_with_zone),
    Field(json_schema_extra={"format": "date-time", "pattern": TIME_PATTERN}),
]
Sentence = Annotated[str, StringConstraints(max_length=2_000)]


class Role(StrEnum):
    """In what office somebody submits: the station's officers, the sub-district's committee, ..."""

    KPPS = "kpps"
    PPK = "ppk"
    KPU_KABKO = "kpu_kabko"
    KPU_PROV = "kpu_prov"
    KPU = "kpu"
    SAKSI = "saksi"
    BAWASLU = "bawaslu"
    IMPORTER = "importer"


class CountKind(StrEnum):
    """Which lawful count of the station a form records."""

    REGULAR = "regular"
    REVOTE = "revote"  # pemungutan suara ulang, PSU
    RECOUNT = "recount"  # penghitungan suara ulang
    FOLLOW_UP = "follow_up"  # pemungutan suara susulan, PSS: held later because none could be held
    CONTINUED = "continued"  # pemungutan suara lanjutan, PSL: a broken-off vote carried on


class CorrectionReason(StrEnum):
    """Why a count in force was replaced."""

    PEMBETULAN = "pembetulan"  # a slip put right by the officers who made it
    MISREAD = "misread"  # the image was read wrongly, the form itself did not change
    RECOUNT = "recount"
    PLENARY = "plenary"  # put right at a recapitulation plenary
    BAWASLU_RULING = "bawaslu_ruling"
    COURT_RULING = "court_ruling"
    SOURCE_CHANGED = "source_changed"  # an importer saw its source show other numbers than before


class AnnulmentReason(StrEnum):
    """Why a count in force lost its force."""

    REVOTE_ORDERED = "revote_ordered"
    RECOUNT_ORDERED = "recount_ordered"
    BAWASLU_RULING = "bawaslu_ruling"
    COURT_RULING = "court_ruling"
    SOURCE_WITHDREW = "source_withdrew"  # an importer saw its source take the numbers away


class RecapReason(StrEnum):
    """Why a certified document differs from the sum of the forms below it (L2)."""

    PLENARY = "plenary"  # put right at the plenary of the recapitulation
    RECOUNT = "recount"
    REVOTE = "revote"  # PSU
    LATE_VOTE = "late_vote"  # PSL, PSS
    BAWASLU_RULING = "bawaslu_ruling"
    COURT_RULING = "court_ruling"
    TRANSCRIPTION = "transcription"  # a slip in writing the document


RULINGS: Final = frozenset(
    {
        CorrectionReason.RECOUNT,
        CorrectionReason.PLENARY,
        CorrectionReason.BAWASLU_RULING,
        CorrectionReason.COURT_RULING,
        AnnulmentReason.REVOTE_ORDERED,
        AnnulmentReason.RECOUNT_ORDERED,
        AnnulmentReason.BAWASLU_RULING,
        AnnulmentReason.COURT_RULING,
    }
)
"""Reasons of a plenary, a supervisor or a court. Where one of them was accepted, a source's page moves
nothing: a person must send the event."""


class NotCounted(StrEnum):
    """Why an importer sends a page only to be recorded. The values are reasons of schemas.rejections."""

    RULING_IN_FORCE = "ruling_in_force"
    ORDER_UNKNOWN = "order_unknown"
    SEEN_EARLIER = "seen_earlier"


@part
class Submitter:
    """Who says it: an officer's id (never a name) and the role they act in."""

    officer: Identifier
    role: Role


@part
class Origin:
    """Where an imported event was read: the source, the record in it, when it was seen there.

    `observed_at` is the time that orders the records of a source. A page has two times: when the source made
    it and when it was copied. One of them is `observed_at`; the other one, where it is known, is `copied_at`
    or `made_at`. `listed` is the source's own word on whether the station is on the commission's list of
    stations. An event with `not_counted` is recorded and never counted.
    """

    source: Identifier
    record: Annotated[str, StringConstraints(max_length=200)]
    observed_at: Time | None = None
    listed: bool | None = None
    copied_at: Time | None = None
    made_at: Time | None = None
    not_counted: NotCounted | None = None


@part
class Image:
    """One photographed page of the form, by the SHA-256 of its file."""

    page: Annotated[int, Field(ge=1, le=99, strict=True)]
    sha256: EventId


@part
class _CountPayload:
    form: CHasil
    kind: CountKind = CountKind.REGULAR
    images: Annotated[tuple[Image, ...], Field(max_length=40)] | None = None
    origin: Origin | None = None


@part
class SubmittedPayload(_CountPayload):
    """A count that replaces nothing in force."""


@part
class CorrectedPayload(_CountPayload):
    """A count that replaces the one in force, named by its event id."""

    supersedes: EventId
    reason: CorrectionReason
    note: Sentence | None = None


@part
class AnnulledPayload:
    """The count in force, named by its event id, has lost its force; nothing stands in its place."""

    supersedes: EventId
    reason: AnnulmentReason
    note: Sentence | None = None
    origin: Origin | None = None


Cell = Annotated[int, Field(ge=0, le=MAX_CELL, strict=True)]
CertifiedOption = Annotated[
    str, StringConstraints(pattern=r"^([A-Za-z0-9._/-]{1,64}:)?[0-9]{1,3}(\.[0-9]{1,2})?$")
]
"""An option as on the document, or as named in totals (`constituency:option`, see schemas.ballots)."""


@part
class CertifiedCells:
    """The figures of a certified recapitulation: votes by option, valid, invalid, voters who voted."""

    votes: Annotated[dict[CertifiedOption, Cell], Field(max_length=20_000)]
    valid: Cell | None = None
    invalid: Cell | None = None
    voters: Cell | None = None


@part
class CertifiedPayload:
    """A D.Hasil of one region and contest; a later one names the one that it replaces."""

    document: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    cells: CertifiedCells
    supersedes: EventId | None = None
    note: Sentence | None = None
    origin: Origin | None = None


CELL_PATTERN: Final = r"^(votes\.([A-Za-z0-9._/-]{1,64}:)?[0-9]{1,3}(\.[0-9]{1,2})?|valid|invalid|voters)?$"
"""A cell of a document as `rekap reconcile` names it, with its option as in totals; empty: all of them."""


@part
class ReasonPayload:
    """Why a document in force, named by its event id, differs in a cell. The newest one of a cell holds."""

    recap: EventId
    reason: RecapReason
    signer: Identifier
    cell: Annotated[str, StringConstraints(pattern=CELL_PATTERN)] = ""
    note: Sentence | None = None
    origin: Origin | None = None


@part
class _Envelope:
    event_id: EventId | None = None
    schema_version: Annotated[int, Field(ge=1, le=SCHEMA_VERSION, strict=True)]
    election: Identifier
    contest: Identifier
    occurred_at: Time | None = None
    submitted_by: Submitter | None = None
    device: Identifier | None = None
    key_id: Identifier | None = None
    seq: Sequence | None = None
    signature: SignatureText | None = None


@part
class _StationEvent(_Envelope):
    station: Identifier

    @property
    def unit(self) -> str:
        """The station that the event speaks of."""
        return self.station


@part
class CountSubmitted(_StationEvent):
    """A station's count was submitted."""

    type: Literal["CountSubmitted"]
    payload: SubmittedPayload


@part
class CountCorrected(_StationEvent):
    """The count in force of a station was replaced by another."""

    type: Literal["CountCorrected"]
    payload: CorrectedPayload


@part
class CountAnnulled(_StationEvent):
    """The count in force of a station was annulled; a later CountSubmitted gives it one again."""

    type: Literal["CountAnnulled"]
    payload: AnnulledPayload


@part
class RecapCertified(_Envelope):
    """A region's recapitulation (D.Hasil) was certified."""

    type: Literal["RecapCertified"]
    region: Identifier
    payload: CertifiedPayload

    @property
    def unit(self) -> str:
        """The region that the event speaks of."""
        return self.region


@part
class RecapReasonStated(_Envelope):
    """A reason was stated why a certified document differs from the forms below it."""

    type: Literal["RecapReasonStated"]
    region: Identifier
    payload: ReasonPayload

    @property
    def unit(self) -> str:
        """The region that the event speaks of."""
        return self.region


CountEvent = CountSubmitted | CountCorrected | CountAnnulled
