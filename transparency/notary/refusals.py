"""Why the notary does not sign: each refusal names what was found, and what to do."""

from __future__ import annotations

from schemas.language import Text


class Refused(Exception):
    """The notary signs nothing. `said`: what was found, and what to do."""

    def __init__(self, *, id: str, en: str) -> None:
        super().__init__(en)
        self.said = Text(id, en)


class Damaged(Refused):
    """An entry of the log is not the one whose hash the log holds. `position`: where."""

    def __init__(self, partition: int, position: int) -> None:
        super().__init__(
            id=f"Entri {position} pada partisi {partition} tidak cocok dengan hash yang disimpan bersamanya: "
            "isinya berubah sesudah dicatat. Tidak ada yang ditandatangani. Simpan berkas log apa adanya dan "
            "bandingkan dengan salinannya.",
            en=f"Entry {position} of partition {partition} does not fit the hash that is kept beside it: it "
            "was changed after it was recorded. Nothing is signed. Keep the log's file as it is, and compare "
            "it with a copy.",
        )
        self.position = position


class RolledBack(Refused):
    """The log is shorter than a head of it that is known."""

    def __init__(self, origin: str, size: int, known: int, source: str) -> None:
        super().__init__(
            id=f"Log {origin} berisi {size} entri, padahal {source} mengenal {known}: log dikembalikan ke "
            "keadaan lama, atau ini log yang lain. Tidak ada yang ditandatangani. Pulihkan log yang utuh; "
            "kalau tidak ada lagi, mulai dengan nama log (origin) yang baru dan simpan keduanya.",
            en=f"The log {origin} has {size} entries, and {source} knows {known}: the log was set back, or "
            "this is another one. Nothing is signed. Restore the whole log; if it is lost, begin again under "
            "a new origin and keep both.",
        )


class Forked(Refused):
    """The log does not begin as one of its known heads says."""

    def __init__(self, origin: str, size: int, source: str) -> None:
        super().__init__(
            id=f"{size} entri pertama log {origin} bukan yang ditandatangani sebelumnya ({source}): ada yang "
            "diubah, ditambah, dihapus, atau ditukar urutannya. Tidak ada yang ditandatangani. Simpan log "
            "ini dan checkpoint yang sudah terbit: keduanya bukti.",
            en=f"The first {size} entries of the log {origin} are not those that were signed before "
            f"({source}): something was changed, added, removed or reordered. Nothing is signed. Keep this "
            "log and the published checkpoint: both are evidence.",
        )


class OfAnotherDirectory(Refused):
    """The heads and the key here were copied with the data directory."""

    def __init__(self, path: str) -> None:
        super().__init__(
            id=f"Kunci dan kepala log di {path} disalin dari direktori data lain. Dua penanda tangan dengan "
            "satu kunci dapat bertentangan. Kalau yang asli tidak akan menandatangani lagi, jalankan sekali "
            "dengan --take-over; kalau tidak, hapus folder notary dari salinan ini dan pakai nama log lain.",
            en=f"The key and the heads in {path} were copied from another data directory. Two signers with "
            "one key can contradict each other. If the original signs no more, run once with --take-over; "
            "otherwise remove the folder notary from this copy, and use another name for its log.",
        )


class HeadMoved(Refused):
    """Another process signed a head of this log meanwhile."""

    def __init__(self, origin: str) -> None:
        super().__init__(
            id=f"Proses lain menandatangani log {origin} pada saat yang sama. Hentikan salah satunya: hanya "
            "satu notaris boleh berjalan.",
            en=f"Another process signs the log {origin} at the same time. Stop one of them: only one notary "
            "may run.",
        )


class ForeignCheckpoint(Refused):
    """What is published as the log's checkpoint is not signed with the log's key."""

    def __init__(self, origin: str, path: str, reason: str) -> None:
        super().__init__(
            id=f"Checkpoint yang terbit di {path} tidak dapat dipakai untuk log {origin}: {reason}. Tidak "
            "ada yang ditandatangani. Pulihkan kunci atau checkpoint yang benar.",
            en=f"The checkpoint published at {path} can't be used for the log {origin}: {reason}. Nothing is "
            "signed. Restore the right key or checkpoint.",
        )


class NotConfirmed(Refused):
    """Too few witnesses confirmed, at the start, that they know nothing newer."""

    def __init__(self, origin: str, answers: Text) -> None:
        super().__init__(
            id=f"Saksi yang diwajibkan belum memastikan bahwa log {origin} tidak dikembalikan ke keadaan "
            f"lama: {answers.id}. Tidak ada yang ditandatangani.",
            en=f"The witnesses that the policy asks for have not confirmed that the log {origin} was not set "
            f"back: {answers.en}. Nothing is signed.",
        )
