"""The sentences of what verifying a bundle finds, in both languages: what is where, and what it is not."""

from __future__ import annotations

from audit.bundle.report import Found
from schemas.language import Text
from schemas.text import quoted


def _entries(first: int, last: int) -> Text:
    if first == last:
        return Text(f"entri {first}", f"entry {first}")
    return Text(f"entri {first} sampai {last}", f"entries {first} to {last}")


def edited(kind: str, partition: int, first: int, last: int) -> Found:
    """Entries that are not those of the tree; `kind` of audit.bundle.alignment.EditKind."""
    where = _entries(first, max(first, last))
    said = {
        "entry_changed": Text(
            f"{where.id} bukan yang ditandatangani: byte-nya berubah",
            f"{where.en} is not the one that was signed: its bytes were changed",
        ),
        "entry_removed": Text(
            f"{where.id} ditandatangani, dan tidak ada lagi dalam log",
            f"{where.en} was signed, and is no longer in the log",
        ),
        "entry_added": Text(
            f"di tempat {where.id} disisipkan entri yang tidak ditandatangani",
            f"at the place of {where.en} an entry was added that was not signed",
        ),
        "entries_reordered": Text(
            f"{where.id} berurutan lain daripada yang ditandatangani",
            f"{where.en} stand in another order than was signed",
        ),
        "entries_replaced": Text(
            f"{where.id} bukan yang ditandatangani",
            f"{where.en} are not those that were signed",
        ),
    }[kind]
    return Found(kind, partition, first, _of(partition, said))


def leaf_differs(partition: int, index: int) -> Found:
    said = Text(
        f"hash yang tercatat untuk entri {index} bukan hash dari byte-nya",
        f"the hash that is recorded for entry {index} is not that of its bytes",
    )
    return Found("leaf_differs", partition, index, _of(partition, said))


def number_differs(partition: int, index: int, number: int | None) -> Found:
    said = Text(f"entri {index} bernomor {number}", f"the entry at place {index} has the number {number}")
    return Found("number_differs", partition, index, _of(partition, said))


def position_differs(partition: int, index: int, position: int | None) -> Found:
    said = Text(
        f"posisi entri {index} ({position}) tidak sesudah entri sebelumnya",
        f"the position of entry {index} ({position}) is not after that of the entry before",
    )
    return Found("position_differs", partition, index, _of(partition, said))


def unreadable_chunk(partition: int, index: int, name: str, error: object) -> Found:
    said = Text(
        f"berkas log {quoted(name)} tidak terbaca ({quoted(error)}); entri mulai {index} tidak diperiksa",
        f"the log's file {quoted(name)} can't be read ({quoted(error)}); entries from {index} on were not "
        "checked",
    )
    return Found("log_unreadable", partition, index, _of(partition, said))


def fault(kind: str, partition: int, first: int, last: int, path: str) -> Found:
    """A place where the public log is not what its checkpoint says."""
    where = _entries(first, last)
    said = {
        "root_differs": Text(
            "tile tidak menghasilkan akar yang ditandatangani dalam checkpoint",
            "the tiles do not give the root that was signed in the checkpoint",
        ),
        "tile_changed": Text(
            f"tile {path} berubah; menyangkut {where.id}",
            f"the tile {path} was changed; it covers {where.en}",
        ),
        "bundle_entry_changed": Text(
            f"{where.id} dalam {path} bukan yang ditandatangani", f"{where.en} in {path} is not as signed"
        ),
        "tile_missing": Text(
            f"tile {path} tidak ada; menyangkut {where.id}",
            f"the tile {path} is missing; it covers {where.en}",
        ),
    }[kind]
    return Found(kind, partition, first, _of(partition, said))


def no_tiles(partition: int) -> Found:
    said = Text(
        "entri tidak menghasilkan akar yang ditandatangani, dan tidak ada tile untuk menunjukkan yang mana",
        "the entries do not give the root that was signed, and there are no tiles to tell which of them "
        "differ",
    )
    return Found("tile_missing", partition, None, _of(partition, said))


def leaves_unknown(partition: int, first: int) -> Found:
    said = Text(
        f"hash entri mulai {first} tidak diketahui, sehingga entrinya tidak dapat ditunjuk satu per satu",
        f"the hashes of the entries from {first} on are not known, so that no single entry can be named",
    )
    return Found("tile_missing", partition, first, _of(partition, said))


def other_root(partition: int, size: int) -> Found:
    said = Text(
        f"{size} entri ini tidak menghasilkan akar yang ditandatangani",
        f"these {size} entries do not give the root that was signed",
    )
    return Found("root_differs", partition, None, _of(partition, said))


def checkpoint_invalid(partition: int, why: str) -> Found:
    said = Text(
        f"checkpoint tidak ditandatangani kunci log itu, atau rusak ({quoted(why)})",
        f"the checkpoint is not signed by the log's key, or damaged ({quoted(why)})",
    )
    return Found("checkpoint_invalid", partition, None, _of(partition, said))


def other_key(partition: int, origin: str) -> Found:
    said = Text(
        f"kunci {quoted(origin)} bukan kunci yang disebut kebijakan",
        f"the key of {quoted(origin)} is not the one that the policy names",
    )
    return Found("key_differs", partition, None, _of(partition, said))


def not_cosigned(partition: int, why: str) -> Found:
    said = Text(
        f"checkpoint tidak ditandatangani cukup saksi ({quoted(why)})",
        f"the checkpoint is not cosigned by enough witnesses ({quoted(why)})",
    )
    return Found("not_cosigned", partition, None, _of(partition, said))


def rolled_back(partition: int, size: int, known: int) -> Found:
    said = Text(
        f"log ini berakhir pada {size} entri, padahal pernah ditandatangani dengan {known}: log dimundurkan",
        f"this log ends at {size} entries, and was signed with {known} before: it was rolled back",
    )
    return Found("rolled_back", partition, size, _of(partition, said))


def forked(partition: int, known: int) -> Found:
    said = Text(
        f"checkpoint terdahulu atas {known} entri menyatakan entri lain: log ini bercabang",
        f"an earlier checkpoint of {known} entries states other entries: this log was forked",
    )
    return Found("forked_head", partition, known - 1 if known else None, _of(partition, said))


def control_missing(partition: int, count: int) -> Found:
    said = Text(
        f"{count} peristiwa tentang kunci atau penghitungan, yang ada di partisi lain, tidak ada di sini",
        f"{count} events about keys or counting that stand in other partitions are missing here",
    )
    return Found("control_missing", partition, None, _of(partition, said))


def file_changed(path: str) -> Found:
    said = Text(
        f"berkas {quoted(path)} bukan yang dicatat manifes: isinya berubah",
        f"the file {quoted(path)} is not the one that the manifest lists: it was changed",
    )
    return Found("file_changed", partition_of(path), None, _whole(said))


def file_irregular(path: str) -> Found:
    said = Text(
        f"yang bernama {quoted(path)} bukan berkas biasa, melainkan tautan, pipa, soket atau "
        "perangkat: isi bundel ini tidak dibaca",
        f"what is at {quoted(path)} is no regular file, but a link, a pipe, a socket or a device: "
        "nothing of this bundle was read",
    )
    return Found("file_irregular", partition_of(path), None, _whole(said))


def file_missing(path: str) -> Found:
    said = Text(
        f"berkas {quoted(path)} tercatat dalam manifes, dan tidak ada",
        f"the file {quoted(path)} is in the manifest, and missing",
    )
    return Found("file_missing", partition_of(path), None, _whole(said))


def file_added(path: str) -> Found:
    said = Text(
        f"berkas {quoted(path)} tidak tercatat dalam manifes",
        f"the file {quoted(path)} is not in the manifest",
    )
    return Found("file_added", partition_of(path), None, _whole(said))


def manifest_invalid(why: object) -> Found:
    said = Text(f"manifes tidak terbaca ({quoted(why)})", f"the manifest can't be read ({quoted(why)})")
    return Found("manifest_invalid", None, None, _whole(said))


def manifest_differs(what: Text) -> Found:
    said = Text(f"manifes menyatakan {what.id} yang lain", f"the manifest states another {what.en}")
    return Found("manifest_differs", None, None, _whole(said))


def partition_of(path: str) -> int | None:
    """The partition that a file of a bundle belongs to."""
    parts = path.split("/")
    if len(parts) > 2 and parts[0] in ("log", "tlog") and parts[1].isdecimal():
        return int(parts[1])
    return None


def _of(partition: int, said: Text) -> Text:
    return Text(f"Partisi {partition}: {said.id}.", f"Partition {partition}: {said.en}.")


def _whole(said: Text) -> Text:
    return Text(f"{said.id[0].upper()}{said.id[1:]}.", f"{said.en[0].upper()}{said.en[1:]}.")
