"""Logs, disks and witnesses in memory or in a folder, which fail where a test says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from event_log.reading import LogEntry
from tests.transparency.trees import LOG, ORIGIN, TIME, WITNESSES, oracle_root
from transparency.checkpoint import Checkpoint
from transparency.encoding import decimal, unbase64
from transparency.errors import NotProven
from transparency.keys import NoteSigner, VerifierKey
from transparency.merkle import EMPTY_ROOT, leaf_hash, verify_consistency
from transparency.notary.heads import HeadStore
from transparency.notary.log_files import LogFiles
from transparency.notary.log_tree import Head
from transparency.notary.notary import Notary
from transparency.notary.witnesses import Witnesses
from transparency.note import Note
from transparency.policy import Policy
from transparency.tile_reader import walk
from transparency.tiles import tiles_of
from transparency.witness import CONFLICT, FORBIDDEN, OK, SIZE_TYPE, UNPROCESSABLE

PLAIN: Final = "text/plain"


class MemoryLog:
    """A log of one partition. `gaps`: positions between two entries, as Kafka's own marks take."""

    partitions = 1
    partition_of = None

    def __init__(self, gaps: int = 0) -> None:
        self.raws: list[bytes] = []
        self.step = gaps + 1

    def append(self, *raws: bytes) -> None:
        """Add entries."""
        self.raws += raws

    def ends(self) -> list[int]:
        """See ReadableLog."""
        return [len(self.raws) * self.step]

    def entries(self, partition: int, start: int = 0, end: int | None = None) -> Iterator[LogEntry]:
        """See ReadableLog."""
        assert partition == 0
        for number, raw in enumerate(self.raws):
            position = number * self.step
            if position >= start and (end is None or position < end):
                yield LogEntry(position, 0, None, raw, leaf_hash(raw))


@dataclass
class MemoryWitness:
    """A witness by its specification, which knows one log; `down`: it does not answer."""

    signer: NoteSigner
    log: VerifierKey = LOG.verifier
    size: int = 0
    root: bytes = EMPTY_ROOT
    down: bool = False
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def add_checkpoint(self, body: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer. Raises OSError."""
        with self._one_at_a_time:
            return self._answer(body)

    def _answer(self, body: bytes) -> tuple[int, str, bytes]:
        if self.down:
            raise ConnectionRefusedError("nobody listens")
        head, _, raw = body.partition(b"\n\n")
        first, *lines = head.decode().split("\n")
        note = Note.parse(raw)
        try:
            note.verified([self.log])
        except NotProven:
            return FORBIDDEN, PLAIN, b""
        checkpoint = Checkpoint.parse(note.text)
        old = decimal(first.removeprefix("old "), "old")
        if old != self.size:
            return CONFLICT, SIZE_TYPE, b"%d\n" % self.size
        proof = [unbase64(line, "proof") for line in lines]
        try:
            verify_consistency(old, checkpoint.size, self.root, checkpoint.root, proof)
        except NotProven as error:
            return UNPROCESSABLE, PLAIN, str(error).encode()
        self.size, self.root = checkpoint.size, checkpoint.root
        return OK, PLAIN, note.signed(self.signer, TIME).signatures[-1].line().encode()


class Crash(Exception):
    """The process ended here."""


@dataclass
class World:
    """A log, the notary's disk in a folder, and witnesses, which outlive the notary's process."""

    folder: Path
    log: MemoryLog = field(default_factory=MemoryLog)
    witnesses: list[MemoryWitness] = field(default_factory=list)
    quorum: int = 0
    signer: NoteSigner = LOG

    @classmethod
    def with_witnesses(cls, folder: Path, count: int, quorum: int) -> World:
        """A world with `count` witnesses, of whom `quorum` are asked for."""
        return cls(folder, witnesses=[MemoryWitness(one) for one in WITNESSES[:count]], quorum=quorum)

    @property
    def policy(self) -> Policy:
        """The policy of the witnesses."""
        lines = [f"log {LOG.verifier.encode()}"]
        lines += [
            f"witness w{n} {one.signer.verifier.encode()} http://w{n}.invalid/"
            for n, one in enumerate(self.witnesses, start=1)
        ]
        names = " ".join(f"w{n}" for n in range(1, len(self.witnesses) + 1))
        lines += [f"group g {self.quorum} {names}", "quorum g"] if self.quorum else ["quorum none"]
        return Policy.parse("".join(f"{line}\n" for line in lines).encode())

    @property
    def public(self) -> Path:
        """The published directory."""
        return self.folder / "public"

    def send(self, url: str, body: bytes) -> tuple[int, str, bytes]:
        """A Post that reaches the witnesses."""
        number = int(url.removeprefix("http://w").partition(".")[0])
        return self.witnesses[number - 1].add_checkpoint(body)

    def notary(self, wrap: Callable[[str, Any], Any] = lambda _, port: port) -> Notary:
        """A notary's process; `wrap` may put something around each of the things that it works with."""
        heads = HeadStore.open(self.folder / "heads.sqlite")
        policy = self.policy
        return Notary(
            wrap("log", self.log),
            0,
            wrap("files", LogFiles(self.public)),
            wrap("heads", heads),
            wrap("signer", self.signer),
            policy,
            Witnesses(policy.witnesses, wrap("send", self.send)),
        )

    def published(self) -> Head | None:
        """The published head, which is held against what is published with it: tiles, entries, the log."""
        path = self.public / "checkpoint"
        if not path.exists():
            return None
        accepted = self.policy.check(Note.parse(path.read_bytes()))
        checkpoint = accepted.checkpoint
        assert checkpoint.origin == ORIGIN
        read = LogFiles(self.public).read
        assert list(walk(checkpoint.size, checkpoint.root, read)) == []
        assert checkpoint.root == oracle_root(self.log.raws[: checkpoint.size])
        return Head(checkpoint.size, checkpoint.root)

    def tiles(self) -> set[str]:
        """The paths of all tiles that are there."""
        root = self.public / "tile"
        return {str(path.relative_to(self.public)) for path in root.rglob("*") if path.is_file()}

    def tiles_wanted(self) -> set[str]:
        """The paths of the tiles of the log as it is now."""
        return {tile.path for tile in tiles_of(len(self.log.raws))}
