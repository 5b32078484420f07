"""When each file of an import was copied from its source: one time for all, or a table with a row a file.

A page of a source that names its own time has two: when the source made it and when it was copied. Both are
kept. The page's own orders the pages, unless the user says that the copies' times do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from producers.importers.problems import SourceInvalid
from schemas.events import Time
from schemas.language import Text
from schemas.text import quoted
from schemas.text_tables import read_rows
from schemas.validation_words import explained

COLUMNS: Final = ("file", "observed_at")
"""The first line of such a table."""

MAX_TABLE_BYTES: Final = 256 * 1024 * 1024
"""Two million rows of 128 bytes: more files than an election has pages."""

_TIME: Final[TypeAdapter[Any]] = TypeAdapter(Time)


@dataclass(frozen=True, slots=True)
class Observed:
    """The time of every file (`every`), or those of single files, folders and members of a zip (`files`).
    `orders`: these times order a source's pages, and not those that the pages name themselves."""

    every: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    orders: bool = False

    def of(self, path: str, member: str | None = None) -> str | None:
        """The time of a file, or of a member of a zip: its own row, or that of what it lies in."""
        if not self.files:
            return self.every
        place = PurePath(path) if member is None else PurePath(path, member)
        for one in (place, *place.parents):
            found = self.files.get(str(one))
            if found is not None:
                return found
        return self.files.get(place.name, self.every)

    def only(self, files: Iterable[tuple[str, str | None]]) -> Observed:
        """The same for these files and members alone, to be sent to another process."""
        if not self.files:
            return self
        found = {str(PurePath(path, member or "")): self.of(path, member) for path, member in files}
        return replace(self, files={file: time for file, time in found.items() if time is not None})

    def times(self, path: str, member: str | None, made_at: str | None) -> dict[str, str]:
        """The members of an event's origin that hold the times of a page; `made_at` is what it names."""
        copied_at = self.of(path, member)
        first, second, name = (
            (copied_at, made_at, "made_at") if self.orders else (made_at, copied_at, "copied_at")
        )
        if first is None or first == second:
            return {} if second is None else {"observed_at": second}
        return {"observed_at": first} | ({} if second is None else {name: second})


def read_observed(text: str | None, *, orders: bool = False) -> Observed:
    """What `--observed-at` says: a time, or the path of a table. Raises SourceInvalid and OSError."""
    if text is None:
        if orders:
            raise SourceInvalid(
                id="--order-by copy memerlukan --observed-at: waktu halaman disalin.",
                en="--order-by copy needs --observed-at: the times at which the pages were copied.",
            )
        return Observed()
    path = Path(text)
    if not path.is_file():
        _refuse_bad_time(text, Text("--observed-at", "--observed-at"))
        return Observed(every=text, orders=orders)
    files: dict[str, str] = {}
    rows = read_rows(path, MAX_TABLE_BYTES, SourceInvalid)
    _, names = next(rows)
    if tuple(names) != COLUMNS:
        wanted = ", ".join(COLUMNS)
        raise SourceInvalid(
            id=f"{quoted(path)}, baris 1: kolomnya harus {wanted}.",
            en=f"{quoted(path)}, line 1: the columns must be {wanted}.",
        )
    for line, cells in rows:
        place = Text(f"{quoted(path)}, baris {line}", f"{quoted(path)}, line {line}")
        name, time = str(PurePath(cells[0].strip())), cells[1].strip()
        _refuse_bad_time(time, place)
        if files.setdefault(name, time) != time:
            raise SourceInvalid(
                id=f"{place.id}: {quoted(name)} punya waktu lain di atas; sisakan satu.",
                en=f"{place.en}: {quoted(name)} has another time above; keep one of them.",
            )
    return Observed(files=files, orders=orders)


def _refuse_bad_time(text: str, place: Text) -> None:
    try:
        _TIME.validate_python(text)
    except ValidationError as error:
        said = explained(error)
        raise SourceInvalid(id=f"{place.id}: {said.id}.", en=f"{place.en}: {said.en}.") from None
