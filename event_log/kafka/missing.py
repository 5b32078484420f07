"""The errors of a read from positions that a topic does not have: removed entries, or a truncated log."""

from __future__ import annotations

from event_log.errors import LogUnavailable
from schemas.language import Text


def entries_removed(name: str, partition: int, position: int, begin: int) -> LogUnavailable:
    """The entries of a partition from `position` up to `begin` were removed."""
    return LogUnavailable(
        Text(
            id=f"Partisi {partition} dari {name} kini mulai pada posisi {begin}: isinya sejak {position} "
            "sudah dihapus. Ambil dari salinan log, lalu periksa apa yang menghapusnya: rekap topics check.",
            en=f"Partition {partition} of {name} begins at position {begin} now: the entries from {position} "
            "on were removed. Get them from a copy of the log, and find out what did it: rekap topics check.",
        )
    )


def log_truncated(name: str) -> LogUnavailable:
    """The topic ends before a position up to which it was read before."""
    return LogUnavailable(
        Text(
            id=f"{name} lebih pendek daripada yang pernah dibaca darinya. Kembalikan log yang lebih baru. "
            "Bila itu hilang, simpan dulu pesan-pesannya dari ClickHouse (rekap log --clickhouse URL "
            "--format jsonl), sebelum apa pun dibuat ulang.",
            en=f"{name} is shorter than what has been read of it before. Put the newer log back. If that one "
            "is lost, keep its messages from ClickHouse (rekap log --clickhouse URL --format jsonl) before "
            "anything is made anew.",
        )
    )
