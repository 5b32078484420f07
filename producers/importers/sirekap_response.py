"""One Sirekap response about one polling station, as a form.

What the response says is taken as it is: a field that is null or missing stays absent, and nothing is summed.
The addresses of the images are only compared with the station, for an event holds hashes of images and not
addresses. Responses about regions and lists of candidates are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from producers.importers.accepted import Document, without_nulls
from producers.importers.problems import RecordInvalid, unique_keys
from producers.importers.sirekap_keys import Keys, constituencies_of, figure, plain
from producers.importers.text_lines import BYTE_ORDER_MARK
from schemas.events import CountKind
from schemas.forms import MAX_FIGURE
from schemas.text import quoted

ZONE: Final = "+07:00"
"""`ts` has no zone; the servers of KPU write the time of Jakarta (WIB)."""

ADMINISTRATION: Final[Mapping[str, tuple[str, ...]]] = {
    "suara_sah": ("valid",),
    "suara_tidak_sah": ("invalid",),
    "suara_total": ("total",),
    **{f"pemilih_dpt_{sex}": ("dpt", sex) for sex in "lpj"},
    **{
        f"pengguna_{theirs}_{sex}": ("voters", ours, sex)
        for theirs, ours in (("dpt", "dpt"), ("dptb", "dptb"), ("non_dpt", "dpk"), ("total", "total"))
        for sex in "lpj"
    },
}
"""Where on the form a figure of `administrasi` stands. `non_dpt` are the voters of the special list, DPK."""

KINDS: Final[Mapping[str, CountKind]] = {
    "reguler": CountKind.REGULAR,
    "susulan": CountKind.FOLLOW_UP,
    "lanjutan": CountKind.CONTINUED,
    "ulang": CountKind.REVOTE,
}
"""The word of the phrase in `psu` that tells the kind; `ulang` with `penghitungan` is a recount."""

LOCAL: Final = "tungsura"
"""Around chart and administrasi in the responses of the local elections of 2024."""

_TS: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_STATION_IN_ADDRESS: Final = re.compile(r"/([0-9A-Za-z]{10}[0-9]{3})-[^/]*$")


@dataclass(frozen=True, slots=True)
class Response:
    """The form that the response shows (None: it shows none), of which kind, and when it was seen."""

    form: Document | None
    kind: CountKind
    observed_at: str | None


def read_response(raw: bytes, station: str | None, keys: Keys, constituency: str | None = None) -> Response:
    """The response in `raw`; `keys` tell what those of its chart mean.

    `station` is what the file's name says, None where it says nothing; `constituency` the one that it votes
    in, where that is known. Raises RecordInvalid.
    """
    document = _station_response(raw)
    images = [image for image in document.get("images") or [] if isinstance(image, str)]
    if station is not None:
        _refuse_images_of_another(images, station)
    form: Document = _administration(document["administrasi"])
    votes = _votes(document["chart"], keys, constituency)
    if votes:
        form["votes"] = votes
    shows_a_form = bool(form or images)
    return Response(
        form if shows_a_form else None, _kind(document.get("psu")), observed_at(document.get("ts"))
    )


def read_json(raw: bytes) -> Any:
    """The value in `raw`. Raises RecordInvalid, also where an object has a key twice."""
    raw = raw.removeprefix(BYTE_ORDER_MARK)
    try:
        document = orjson.loads(raw)
        json.loads(raw, object_pairs_hook=unique_keys)  # the fast parser keeps the last of two equal keys
    except (ValueError, RecursionError) as error:
        raise RecordInvalid(
            id=f"Bukan JSON yang utuh ({quoted(error)}); ambil lagi berkasnya.",
            en=f"Not whole JSON ({quoted(error)}); get the file again.",
        ) from None
    return document


def _station_response(raw: bytes) -> Document:
    document = read_json(raw)
    if isinstance(document, dict) and isinstance(inner := document.get(LOCAL), dict):
        if twice := sorted(inner.keys() & document.keys()):
            raise RecordInvalid(
                id=f"{quoted(', '.join(twice))} ada di dalam dan di luar {LOCAL}; tidak jelas mana yang "
                "benar.",
                en=f"{quoted(', '.join(twice))} stands within and beside {LOCAL}, so which is right is not "
                "clear.",
            )
        document = {**document, **inner}
    if (
        not isinstance(document, dict)
        or not {"chart", "administrasi"} <= document.keys()
        or document.keys() & {"table", "progres"}
    ):
        raise RecordInvalid(
            id="Bukan jawaban tentang satu TPS (tidak ada chart dan administrasi, atau ada table atau "
            "progres); hanya hasil per TPS yang diimpor.",
            en="This is not a station response (it lacks chart and administrasi, or has table or progres); "
            "only responses about one station are imported.",
        )
    for name in ("chart", "administrasi"):
        if not isinstance(document[name], dict | None):
            raise RecordInvalid(
                id=f"{quoted(name)} bukan objek JSON.", en=f"{quoted(name)} is not a JSON object."
            )
    return document


def _votes(chart: Document | None, keys: Keys, constituency: str | None) -> dict[str, int]:
    """The votes as the form of a station in that constituency (None: not known) holds them."""
    votes = keys.votes(chart or {}, MAX_FIGURE)
    named = constituencies_of(votes)
    if constituency is None and len(named) < 2:  # whose station it is can't be checked
        strange: set[str] = set()
    else:
        strange = named - {constituency}
    if strange:
        named_there = quoted(", ".join(sorted(strange)))
        raise RecordInvalid(
            id=f"chart memuat calon daerah pemilihan {named_there}, yang tidak berdiri di TPS ini. Periksa "
            "berkasnya, dan kolom sirekap berkas calon.",
            en=f"chart holds candidates of the constituency {named_there}, who do not stand at this station. "
            "Check the file, and the column sirekap of the candidates file.",
        )
    return {plain(option): cell for option, cell in votes.items()}


def _administration(figures: Document | None) -> Document:
    form: Document = {}
    for key, value in (figures or {}).items():
        place = ADMINISTRATION.get(key)
        if place is None:
            raise RecordInvalid(
                id=f"Kunci administrasi '{quoted(key)}' tidak dikenal, sehingga tempatnya pada formulir "
                "pun tidak.",
                en=f"The key '{quoted(key)}' of administrasi is unknown, and so is its place on the form.",
            )
        *blocks, field = place
        block = form
        for name in blocks:
            block = block.setdefault(name, {})
        block[field] = figure(f"administrasi.{key}", value, MAX_FIGURE)
    return without_nulls(form)


def _kind(phrase: Any) -> CountKind:
    if phrase is None:
        return CountKind.REGULAR
    words = str(phrase).lower().split()
    found = [word for word in KINDS if word in words]
    if len(found) != 1:
        raise RecordInvalid(
            id=f"psu berisi {quoted(repr(phrase))}; yang dikenal adalah Reguler, Pemungutan atau "
            "Penghitungan Suara Ulang, Susulan dan Lanjutan.",
            en=f"psu holds {quoted(repr(phrase))}; known are Reguler, Pemungutan or Penghitungan Suara "
            "Ulang, Susulan and Lanjutan.",
        )
    if found == ["ulang"] and "penghitungan" in words:
        return CountKind.RECOUNT
    return KINDS[found[0]]


def observed_at(ts: Any) -> str | None:
    """When a response was made, out of its `ts`. Raises RecordInvalid."""
    if ts is None:
        return None
    try:
        if _TS.fullmatch(ts):
            return datetime.fromisoformat(ts).isoformat() + ZONE
    except (TypeError, ValueError):
        pass
    raise RecordInvalid(
        id=f"ts berisi {quoted(repr(ts))}; waktu ditulis seperti 2024-02-15 07:00:44.",
        en=f"ts holds {quoted(repr(ts))}; a time is written as 2024-02-15 07:00:44.",
    )


def _refuse_images_of_another(images: list[str], station: str) -> None:
    for image in images:
        named = _STATION_IN_ADDRESS.search(image)
        if named is not None and named[1] != station:
            raise RecordInvalid(
                id=f"Nama berkas menyebut TPS {quoted(station)}, padahal gambarnya milik {quoted(named[1])}; "
                "perbaiki nama berkasnya.",
                en=f"The file's name says station {quoted(station)}, but an image is of {quoted(named[1])}; "
                "correct the file's name.",
            )
