"""What `rekap verify` came to, for people: equal or not, what differs, what could not be compared and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from rekap.render.tables import Column, Table, drawn, show, width, write
from rekap.session import Session
from rekap.terminal import echo
from rekap.text.numbers import whole
from schemas.canonical import dumps
from schemas.language import Text
from schemas.regions import LEVEL_NAMES, Level
from schemas.text import quoted

if TYPE_CHECKING:
    from audit.comparison import Difference
    from audit.verify import Verification

EQUAL: Final = Text(
    id="Sama: {values} nilai dari {events} peristiwa cocok dengan log.",
    en="Equal: {values} values from {events} events agree with the log.",
)
DIFFERENT: Final = Text(
    id="Berbeda: {differences} dari {values} nilai ({events} peristiwa) tidak cocok dengan log.",
    en="Different: {differences} of {values} values ({events} events) do not agree with the log.",
)
INCONSISTENT: Final = Text(
    id="Tidak konsisten: {regions} jumlah wilayah yang ditampilkan bukan jumlah dari yang di bawahnya. Lihat "
    "view inconsistency.",
    en="Inconsistent: {regions} totals of regions that are shown are not the sum of those below them. See "
    "the view inconsistency.",
)
MAY_PASS: Final = Text(
    id="Penghitungan masih berjalan: {regions} jumlah wilayah saat ini belum sama dengan jumlah di bawahnya. "
    "Itu wajar sesaat; periksa lagi nanti.",
    en="The count goes on: {regions} totals of regions are not the sum of those below them at this moment. "
    "For a moment that is as it should be; verify again later.",
)
NOT_COMPARED: Final = Text(
    id="Tidak dibandingkan: {values} angka ({rows} x {level}), {why}.",
    en="Not compared: {values} figures ({rows} x {level}), {why}.",
)
UNREADABLE: Final = Text(
    id="Tidak dibandingkan: {table}. Basis data tidak memberikannya: {detail}",
    en="Not compared: {table}. The database does not give it: {detail}",
)
EARLIER_SUMS: Final = Text(
    id="Tidak dibandingkan: {rows} jumlah provinsi dan nasional yang terdahulu. Jumlah itu memuat beberapa "
    "partisi tanpa satu posisi dalam log: hanya yang terbaru yang dapat dibandingkan.",
    en="Not compared: {rows} earlier totals of provinces and the nation. They add up several partitions at "
    "no one position of the log: only the newest can be compared.",
)
WHY: Final = {
    "ahead": Text(
        id="karena penghitungan berjalan dan yang ditampilkan sudah memuat peristiwa yang lebih baru",
        en="because the count goes on, and what is shown has newer events already",
    ),
    "behind": Text(
        id="karena jumlahnya masih dalam perjalanan dari worker",
        en="because their sums are still on their way from the workers",
    ),
    "mixed": Text(
        id="karena penghitungan berjalan dan yang ditampilkan memuat peristiwa lain, sama banyaknya",
        en="because the count goes on, and what is shown is of other events, as many",
    ),
}
VERIFY_AGAIN: Final = Text(
    id="Semuanya dibandingkan bila penghitungan sedang diam: ulangi saat itu.",
    en="All of them are compared while the count rests: verify again then.",
)
NOT_VERIFIED: Final = Text(
    id="{entries} peristiwa dalam log belum ada dalam yang ditampilkan, dan tidak diperiksa.",
    en="{entries} events of the log were not in what is shown yet, and were not verified.",
)
UNDECIDED: Final = Text(
    id="Belum selesai diperiksa. Yang dapat dibandingkan cocok: {values} nilai dari {events} peristiwa.",
    en="Not verified to the end. What could be compared agrees: {values} values from {events} events.",
)
EQUAL_SO_FAR: Final = Text(
    id="Sama sejauh ditampilkan: {values} nilai dari {events} peristiwa cocok dengan log.",
    en="Equal as far as shown: {values} values from {events} events agree with the log.",
)
TO_DECIDE: Final = Text(
    id="Ulangi dengan --wait DETIK yang lebih lama, atau periksa hanya yang ditampilkan: --as-far-as-shown. "
    "Bila tidak ada proses yang mengisinya, rekap --data {path} serve melengkapinya dari log direktori.",
    en="Verify again with a longer --wait SECONDS, or only what is shown: --as-far-as-shown. If no process "
    "fills it, rekap --data {path} serve brings what is shown up to the log of the directory.",
)
TO_DECIDE_ELSEWHERE: Final = Text(
    id="Ulangi dengan --wait DETIK yang lebih lama, atau periksa hanya yang ditampilkan: --as-far-as-shown. "
    "Bila yang ditampilkan tidak maju, pastikan rekap worker dan rekap sink berjalan.",
    en="Verify again with a longer --wait SECONDS, or only what is shown: --as-far-as-shown. If what is "
    "shown does not move on, make sure that rekap worker and rekap sink are running.",
)
TO_READ: Final = Text(
    id="Ulangi dengan pengguna basis data yang boleh membaca semua tabel dan view (pada Compose: analyst), "
    "setelah basis data itu sehat.",
    en="Verify again as a user of the database who may read all tables and views (with Compose: analyst), "
    "and once the database is well.",
)
DIGEST: Final = Text(id="Sidik keadaan: {digest}", en="State digest: {digest}")
MAKE_AGAIN: Final = Text(
    id="Log adalah rujukannya. Pindahkan {projections} ke luar {path} dan simpan sebagai bukti, lalu "
    "jalankan rekap --data {path} serve: tampilan dibuat ulang dari log. Bila masih berbeda, laporkan.",
    en="The log is what counts. Move {projections} out of {path} and keep it as evidence, then run rekap "
    "--data {path} serve: what is shown is made again from the log. If it still differs, report it.",
)
LOG_DIFFERS: Final = Text(
    id="Log itu sendiri bukan yang dulu dicatat: isinya berubah atau terpotong. Jangan ubah apa pun: yang "
    "ditampilkan masih memuat pesan-pesannya. Simpan salinannya (rekap --data {path} log --format jsonl "
    "--output BERKAS), kembalikan log dari cadangan, lalu periksa lagi.",
    en="The log itself is not the one that was recorded: its entries were changed, or it was cut off. Change "
    "nothing: what is shown still has the messages. Keep a copy of them (rekap --data {path} log --format "
    "jsonl --output FILE), put the log back from a backup, and verify again.",
)
FILL_AGAIN: Final = Text(
    id="Log adalah rujukannya. Pastikan worker dan sink berjalan dan ulangi; bila masih berbeda, isi basis "
    "data yang baru: jalankan rekap sink ke sana dan satu rekap worker dengan --republish. Laporkan.",
    en="The log is what counts. Make sure that workers and sink are running and verify again; if it still "
    "differs, fill a new database: run rekap sink into it, and one rekap worker with --republish. Report it.",
)
MORE_DIFFERENCES: Final = Text(
    id="... dan {more} lagi: --format json", en="... and {more} more: --format json"
)
SHOWN: Final = 20

MAX_VALUE: Final = 80
"""Characters of a value in the table: a line for each difference. JSON has all of it."""


def tell(session: Session, verification: Verification, *, elsewhere: bool = False) -> None:
    """The verification to stdout, what to do about differences to stderr. `elsewhere`: the log is on Kafka,
    and the projections are made by workers and sinks."""
    for line in sentences(session, verification):
        write(line)
    echo(session.text(DIGEST).format(digest=verification.state_digest))
    if verification.equal:
        return
    if verification.equal is None:
        is_refused = any(one.reason == "unreadable" for one in verification.not_compared)
        to_decide = TO_DECIDE_ELSEWHERE if elsewhere else TO_DECIDE
        echo(session.text(TO_READ if is_refused else to_decide).format(path=session.path), err=True)
        return
    if verification.differences:
        _list(session, verification.differences, verification.difference_count)
    projections = session.directory.path / "clickhouse"
    if any(one.table in OF_THE_LOG for one in verification.differences):
        advice = LOG_DIFFERS
    else:
        advice = FILL_AGAIN if elsewhere else MAKE_AGAIN
    echo(session.text(advice).format(projections=projections, path=session.path), err=True)


OF_THE_LOG: Final = ("log", "sink_position")
"""Tables whose differences say that the log is not what it was: an entry's bytes, or the log's end."""


def sentences(session: Session, verification: Verification) -> list[str]:
    """What it came to, the answer first."""
    language, lines = session.language, []

    def say(said: Text, **numbers: int | str | None) -> None:
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
    say(said, values=verification.values, events=verification.events, differences=differences)
    if inconsistent and not verification.resting:
        say(MAY_PASS, regions=inconsistent)
    moving = [one for one in verification.not_compared if one.reason in WHY]
    for one in moving:
        level, why = LEVEL_NAMES[Level(one.level)].within(language), WHY[one.reason].within(language)
        say(NOT_COMPARED, values=one.values, rows=one.rows, level=level, why=why)
    if moving:
        say(VERIFY_AGAIN)
    for one in verification.not_compared:
        if one.reason == "unreadable":
            say(UNREADABLE, table=one.table, detail=one.detail)
    if verification.not_verified:
        say(NOT_VERIFIED, entries=verification.not_verified)
    if verification.earlier_sums:
        say(EARLIER_SUMS, rows=verification.earlier_sums)
    return lines


def _list(session: Session, differences: Sequence[Difference], count: int) -> None:
    titles = ("table", "key", "column", "log", "shown")
    table = Table([Column(title, wraps=title in ("log", "shown")) for title in titles])
    for one in differences[:SHOWN]:
        key = " ".join(str(part) for part in one.key.values())
        table.rows.append([one.table, key, one.column, _value(one.log), _value(one.shown)])
    show(drawn(table, width()))
    if count > SHOWN:
        more = whole(count - SHOWN, session.language)
        echo(session.text(MORE_DIFFERENCES).format(more=more))


def _value(value: Any) -> str:
    """A figure, a text or a whole row, in one line."""
    if value is None:
        return "-"
    return quoted(dumps(value).decode() if isinstance(value, (dict, list)) else str(value), MAX_VALUE)
