"""What `rekap verify` came to, for people: equal or not, what differs, what could not be compared and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rekap.render.tables import Column, Table, drawn, show, width, write
from rekap.session import Session
from rekap.terminal import echo
from rekap.text.numbers import whole
from schemas.language import Said
from schemas.regions import LEVEL_NAMES, Level

if TYPE_CHECKING:
    from audit.comparison import Difference
    from audit.verify import Verification

EQUAL: Final = Said(
    id="Sama: {cells} angka dari {events} peristiwa cocok dengan log.",
    en="Equal: {cells} figures from {events} events agree with the log.",
)
DIFFERENT: Final = Said(
    id="Berbeda: {differences} dari {cells} angka ({events} peristiwa) tidak cocok dengan log.",
    en="Different: {differences} of {cells} figures ({events} events) do not agree with the log.",
)
INCONSISTENT: Final = Said(
    id="Tidak konsisten: {regions} jumlah wilayah yang ditampilkan bukan jumlah dari yang di bawahnya. Lihat "
    "view inconsistency.",
    en="Inconsistent: {regions} totals of regions that are shown are not the sum of those below them. See "
    "the view inconsistency.",
)
MAY_PASS: Final = Said(
    id="Penghitungan masih berjalan: {regions} jumlah wilayah saat ini belum sama dengan jumlah di bawahnya. "
    "Itu wajar sesaat; periksa lagi nanti.",
    en="The count goes on: {regions} totals of regions are not the sum of those below them at this moment. "
    "For a moment that is as it should be; verify again later.",
)
NOT_COMPARED: Final = Said(
    id="Tidak dibandingkan: {cells} angka ({units} x {level}), {why}.",
    en="Not compared: {cells} figures ({units} x {level}), {why}.",
)
WHY: Final = {
    "ahead": Said(
        id="karena penghitungan berjalan dan yang ditampilkan sudah memuat peristiwa yang lebih baru",
        en="because the count goes on, and what is shown has newer events already",
    ),
    "behind": Said(
        id="karena jumlahnya masih dalam perjalanan dari worker",
        en="because their sums are still on their way from the workers",
    ),
    "mixed": Said(
        id="karena penghitungan berjalan dan yang ditampilkan memuat peristiwa lain, sama banyaknya",
        en="because the count goes on, and what is shown is of other events, as many",
    ),
}
VERIFY_AGAIN: Final = Said(
    id="Semuanya dibandingkan bila penghitungan sedang diam: ulangi saat itu.",
    en="All of them are compared while the count rests: verify again then.",
)
NOT_VERIFIED: Final = Said(
    id="{entries} peristiwa dalam log belum ada dalam yang ditampilkan, dan tidak diperiksa.",
    en="{entries} events of the log were not in what is shown yet, and were not verified.",
)
UNDECIDED: Final = Said(
    id="Belum selesai diperiksa. Yang dapat dibandingkan cocok: {cells} angka dari {events} peristiwa.",
    en="Not verified to the end. What could be compared agrees: {cells} figures from {events} events.",
)
EQUAL_SO_FAR: Final = Said(
    id="Sama sejauh ditampilkan: {cells} angka dari {events} peristiwa cocok dengan log.",
    en="Equal as far as shown: {cells} figures from {events} events agree with the log.",
)
TO_DECIDE: Final = Said(
    id="Ulangi dengan --wait DETIK yang lebih lama, atau periksa hanya yang ditampilkan: --as-far-as-shown. "
    "Bila tidak ada proses yang mengisinya, rekap --data {path} serve melengkapinya dari log direktori.",
    en="Verify again with a longer --wait SECONDS, or only what is shown: --as-far-as-shown. If no process "
    "fills it, rekap --data {path} serve brings what is shown up to the log of the directory.",
)
DIGEST: Final = Said(id="Sidik keadaan: {digest}", en="State digest: {digest}")
MAKE_AGAIN: Final = Said(
    id="Log adalah rujukannya. Hapus {projections} dan jalankan rekap --data {path} serve: tampilan dibuat "
    "ulang dari log. Bila masih berbeda, laporkan.",
    en="The log is what counts. Delete {projections} and run rekap --data {path} serve: what is shown is "
    "made again from the log. If it still differs, report it.",
)
FILL_AGAIN: Final = Said(
    id="Log adalah rujukannya. Pastikan worker dan sink berjalan dan ulangi; bila masih berbeda, isi basis "
    "data yang baru: jalankan rekap sink ke sana dan satu rekap worker dengan --republish. Laporkan.",
    en="The log is what counts. Make sure that workers and sink are running and verify again; if it still "
    "differs, fill a new database: run rekap sink into it, and one rekap worker with --republish. Report it.",
)
MORE_DIFFERENCES: Final = Said(
    id="... dan {more} lagi: --format json", en="... and {more} more: --format json"
)
SHOWN: Final = 20


def tell(session: Session, verification: Verification, *, elsewhere: bool = False) -> None:
    """The verification to stdout, what to do about differences to stderr. `elsewhere`: the log is on Kafka,
    and the projections are made by workers and sinks."""
    for line in sentences(session, verification):
        write(line)
    echo(session.text(DIGEST).format(digest=verification.state_digest))
    if verification.equal:
        return
    if verification.equal is None:
        echo(session.text(TO_DECIDE).format(path=session.path), err=True)
        return
    if verification.differences:
        _list(session, verification.differences, verification.difference_count)
    projections = session.directory.path / "clickhouse"
    advice = FILL_AGAIN if elsewhere else MAKE_AGAIN
    echo(session.text(advice).format(projections=projections, path=session.path), err=True)


def sentences(session: Session, verification: Verification) -> list[str]:
    """What it came to, the answer first."""
    language, lines = session.language, []

    def say(said: Said, **numbers: int | str) -> None:
        texts = {
            name: whole(value, language) if isinstance(value, int) else value
            for name, value in numbers.items()
        }
        lines.append(said.within(language).format(**texts))

    differences, inconsistent = verification.difference_count, verification.inconsistent_regions
    if inconsistent and verification.resting:
        say(INCONSISTENT, regions=inconsistent)
    if differences:
        said = DIFFERENT
    elif verification.equal is None:
        said = UNDECIDED
    else:
        said = EQUAL_SO_FAR if verification.as_far_as_shown else EQUAL
    say(said, cells=verification.cells, events=verification.events, differences=differences)
    if inconsistent and not verification.resting:
        say(MAY_PASS, regions=inconsistent)
    for one in verification.not_compared:
        level, why = LEVEL_NAMES[Level(one.level)].within(language), WHY[one.reason].within(language)
        say(NOT_COMPARED, cells=one.cells, units=one.units, level=level, why=why)
    if verification.not_compared:
        say(VERIFY_AGAIN)
    if verification.not_verified:
        say(NOT_VERIFIED, entries=verification.not_verified)
    return lines


def _list(session: Session, differences: Sequence[Difference], count: int) -> None:
    titles = ("contest", "level", "unit", "cell", "log", "shown")
    table = Table([Column(title, right=title in ("log", "shown")) for title in titles])
    for one in differences[:SHOWN]:
        cells = (one.contest, one.level, one.unit, one.cell, one.log, one.projection)
        table.rows.append([str(cell) for cell in cells])
    show(drawn(table, width()))
    if count > SHOWN:
        more = whole(count - SHOWN, session.language)
        echo(session.text(MORE_DIFFERENCES).format(more=more))
