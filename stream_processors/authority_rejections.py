"""The rejections of events whose sender may not send them, in sentences that say what to do.

stream_processors.authority decides which of them applies.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.language import Text
from schemas.rejections import Reason, Rejected, Rejection, reject
from schemas.text import quoted


def unsigned(role: str, roles: Sequence[str]) -> Rejection:
    by_id = f"Peran {role}" if role else "Pengirim tanpa peran"
    by_en = f"The role {role}" if role else "A sender without a role"
    must = ", ".join(roles)
    return Rejection(
        Reason.UNSIGNED,
        Text(
            id=f"{by_id} harus menandatangani kirimannya; yang harus menurut aturan yang berlaku: {must}. "
            "Kirim dari perangkat yang terdaftar.",
            en=f"{by_en} must sign what it sends; by the rules in force these must: {must}. Send it from an "
            "enrolled device.",
        ),
    )


def unknown_key(key: str, home: str) -> Rejection:
    return Rejection(
        Reason.UNKNOWN_KEY,
        Text(
            id=f"Kunci {quoted(key)} belum terdaftar di {quoted(home)}. Daftarkan perangkat itu dengan rekap "
            "keys enrol, lalu kirim ulang.",
            en=f"The key {quoted(key)} is not enrolled in {quoted(home)}. Enrol the device with rekap keys "
            "enrol, then send it again.",
        ),
    )


def unknown_registrar(key: str) -> Rejection:
    return Rejection(
        Reason.UNKNOWN_KEY,
        Text(
            id=f"Kunci {quoted(key)} bukan kunci pendaftar yang terdaftar. Kunci induk pemilihan "
            "mendaftarkan "
            "pendaftar dengan rekap keys enrol --registrar.",
            en=f"The key {quoted(key)} is no enrolled registrar's. The election's root enrols "
            "registrars with "
            "rekap keys enrol --registrar.",
        ),
    )


def revoked(key: str) -> Rejection:
    return Rejection(
        Reason.REVOKED_KEY,
        Text(
            id=f"Kunci {quoted(key)} telah dicabut. Yang ditandatanganinya setelah pencabutan tidak "
            "dihitung; "
            "kirim dari perangkat lain yang terdaftar.",
            en=f"The key {quoted(key)} was revoked. What it signed is not counted from then on; send it from "
            "another enrolled device.",
        ),
    )


def ended(key: str, ends: str, occurred_at: str) -> Rejection:
    when_id = f"pada {occurred_at}" if occurred_at else "tanpa menyebut waktu (occurred_at)"
    when_en = f"at {occurred_at}" if occurred_at else "without saying when (occurred_at)"
    return Rejection(
        Reason.REVOKED_KEY,
        Text(
            id=f"Kunci {quoted(key)} berlaku sampai {ends}, dan peristiwa ini dibuat {when_id}. Daftarkan "
            "perangkat itu lagi, atau kirim dari perangkat lain.",
            en=f"The key {quoted(key)} was enrolled until {ends}, and the event was made {when_en}. "
            "Enrol the "
            "device again, or send it from another one.",
        ),
    )


def other_role(key: str, role: str, stated: str) -> Rejection:
    by_id = f"peran {stated}" if stated else "tanpa peran"
    by_en = f"the role {stated}" if stated else "no role"
    return Rejection(
        Reason.WRONG_ROLE,
        Text(
            id=f"Kunci {quoted(key)} terdaftar untuk peran {role}, dan peristiwa ini menyebut {by_id}. Kirim "
            "dari perangkat peran itu, atau dengan peran yang benar.",
            en=f"The key {quoted(key)} is enrolled for the role {role}, and the event states "
            f"{by_en}. Send it "
            "from a device of that role, or with the right role.",
        ),
    )


def out_of_scope(key: str, unit: str) -> Rejection:
    return Rejection(
        Reason.OUT_OF_SCOPE,
        Text(
            id=f"Kunci {quoted(key)} tidak terdaftar untuk {quoted(unit)}. Kirim dari perangkat yang "
            "terdaftar "
            "di sana, atau minta pendaftar memperluas cakupannya.",
            en=f"The key {quoted(key)} is not enrolled for {quoted(unit)}. Send it from a device that is, or "
            "have a registrar widen its scope.",
        ),
    )


def paused() -> Rejection:
    return Rejection(
        Reason.COUNTING_PAUSED,
        Text(
            id="Penghitungan sedang dihentikan sementara oleh KPU. Pesan ini tercatat dan tidak dihitung; "
            "kirim ulang setelah penghitungan dilanjutkan.",
            en="Counting is paused by the commission. The message is recorded and not counted; send it again "
            "once counting has resumed.",
        ),
    )


def sequence_repeated(key: str, seq: int, user: bytes) -> Rejection:
    used = user.hex()[:16]
    return Rejection(
        Reason.SEQUENCE_REPEATED,
        Text(
            id=f"Kunci {quoted(key)} sudah memakai nomor {seq} untuk peristiwa lain ({used}). Sebuah "
            "perangkat "
            "memakai setiap nomor sekali: periksa apakah kuncinya dipakai di dua tempat.",
            en=f"The key {quoted(key)} has used the number {seq} for another event ({used}). A "
            "device uses each "
            "number once: find out whether its key is used in two places.",
        ),
    )


def decided_before(key: str, seq: int) -> Rejection:
    return Rejection(
        Reason.SEQUENCE_REPEATED,
        Text(
            id=f"Hasil ini (nomor {seq} dari kunci {quoted(key)}) sudah pernah ditolak karena ada hasil lain "
            "yang berlaku. Pengiriman ulang tidak menghidupkannya: jika benar, tanda tangani lagi "
            "dengan nomor "
            "baru.",
            en=f"This count (number {seq} of the key {quoted(key)}) was rejected before, because "
            "another one was "
            "in force. Sending it again does not bring it back: if it is right, sign it anew with a new "
            "number.",
        ),
    )


def already(what: str) -> Rejected:
    return _invalid(
        f"{what} sudah berlaku; peristiwa kedua tidak mengubah apa pun.",
        f"{what} is in force already; a second one changes nothing.",
    )


def not_opened() -> Rejected:
    return _invalid(
        "Pemilihan ini belum dibuka di partisi ini. Kirim ElectionOpened dahulu (rekap keys open).",
        "The election has not been opened in this partition. Send ElectionOpened first (rekap keys open).",
    )


def not_paused() -> Rejected:
    return _invalid(
        "Penghitungan tidak sedang dihentikan, jadi tidak ada yang dilanjutkan.",
        "Counting is not paused, so that there is nothing to resume.",
    )


def never_enrolled(key: str) -> Rejected:
    return _invalid(
        f"Kunci {quoted(key)} tidak terdaftar di sini, jadi tidak dapat dicabut. Periksa kuncinya.",
        f"The key {quoted(key)} is not enrolled here and can't be revoked. Check the key.",
    )


def revoked_for_good(key: str) -> Rejected:
    return _invalid(
        f"Kunci {quoted(key)} telah dicabut dan tidak dapat didaftarkan lagi. Buat kunci baru.",
        f"The key {quoted(key)} was revoked and can't be enrolled again. Make a new key.",
    )


def twice_in_one_event() -> Rejected:
    return _invalid(
        "Sebuah kunci tertulis dua kali dalam peristiwa ini; tulis sekali saja.",
        "A key stands twice in this event; give it once.",
    )


def scope_outside(key: str, home: str) -> Rejected:
    return _invalid(
        f"Cakupan kunci {quoted(key)} harus berupa TPS atau wilayah di dalam {quoted(home)}.",
        f"The scope of the key {quoted(key)} must be stations or regions within {quoted(home)}.",
    )


def unknown_region(region: str) -> Rejected:
    return _invalid(
        f"Wilayah {quoted(region)} tidak ada dalam daftar wilayah. Periksa kodenya.",
        f"The register has no region {quoted(region)}. Check its code.",
    )


def no_home(region: str) -> Rejected:
    return _invalid(
        f"Perangkat didaftarkan di kabupaten/kota, provinsi, atau nasional; {quoted(region)} bukan itu.",
        f"Devices are enrolled in a district, a province or the nation; {quoted(region)} is none.",
    )


def odd_key(key: str) -> Rejected:
    return _invalid(
        f"{quoted(key)} bukan kunci publik Ed25519 yang dapat dipakai. Buat kunci baru di perangkatnya.",
        f"{quoted(key)} is no public key of Ed25519 that can be used. Make a new key on the device.",
    )


def other_definition(what: str, stated: str, here: str) -> Rejected:
    return _invalid(
        f"ElectionOpened menyebut {what} {stated[:16]}, padahal di sini dipakai {here[:16]}.",
        f"ElectionOpened names the {what} {stated[:16]}, and here {here[:16]} is used.",
    )


def _invalid(indonesian: str, english: str) -> Rejected:
    return reject(Reason.INVALID_CONTROL, id=indonesian, en=english)
