"""Signs the heads of one partition of the log, and publishes them with the cosignatures that are asked for.

The order is what makes it safe: entries are durable in the log; they are read again and hashed; their tiles
are written; the head is persisted, where no other head can take its place; then it is signed, shown to
witnesses, and published. A crash anywhere repeats work. A start reads the whole log and holds it against
every head that is known, so that nothing is signed after a disk was set back or a log was changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from event_log.reading import ReadableLog
from transparency.checkpoint import Checkpoint, open_checkpoint
from transparency.errors import Malformed, NotProven
from transparency.keys import NoteSigner
from transparency.notary.heads import HeadStore
from transparency.notary.log_files import CHECKPOINT, LogFiles
from transparency.notary.log_tree import EMPTY, Head, KnownHead, LogTree, Referenced
from transparency.notary.refusals import ForeignCheckpoint, Forked, NotConfirmed, RolledBack
from transparency.notary.witnesses import Asked, Outcome, Witnesses, all_told
from transparency.note import Note, Signature
from transparency.policy import NONE, Policy
from transparency.tile_reader import TileReader
from transparency.witness import Cosigned, KnowsOther, Refused

READ_AT_ONCE: Final = 2_000
"""Entries held in memory while they are hashed: some megabytes."""

NO_POLICY: Final = Policy.parse(b"quorum none\n")
"""Asks no witness."""


@dataclass(frozen=True, slots=True)
class Round:
    """What a round of the log `origin` came to: the head that was signed, what each witness answered, the
    witnesses whose cosignatures hold, whether it was published, and the tiles that were there with other
    bytes and were written again."""

    origin: str
    head: Head
    answers: Mapping[str, Outcome]
    cosigners: tuple[str, ...]
    published: bool
    repaired: tuple[str, ...]

    @property
    def alarms(self) -> dict[str, Outcome]:
        """The answers that say that somebody saw another log than this one."""
        return _contradictions(self.answers, self.head.size)


@dataclass(frozen=True, slots=True)
class Begun:
    """A head that is signed, and that witnesses are asked about."""

    head: Head
    note: Note
    asked: Asked


class Notary:
    """The signer of one log. `start` first, then `sign` as often as heads are to be published.

    Whatever they raise, the notary may go on only by `start`; after NotConfirmed `confirm` is enough.
    """

    def __init__(
        self,
        log: ReadableLog,
        partition: int,
        files: LogFiles,
        heads: HeadStore,
        signer: NoteSigner,
        policy: Policy = NO_POLICY,
        witnesses: Witnesses | None = None,
    ) -> None:
        self.origin = signer.name
        self._log = log
        self._partition = partition
        self._files = files
        self._heads = heads
        self._signer = signer
        self._policy = policy
        self._witnesses = witnesses or Witnesses(policy.witnesses)
        self._tree = LogTree(self.origin, partition)
        self._bound = EMPTY
        self._compared = 0
        self._repaired: list[str] = []

    @property
    def compared(self) -> int:
        """How many entries the last start held against a head that was signed before; 0: none is known."""
        return self._compared

    @property
    def referenced(self) -> Referenced | None:
        """The entries that are too large for the public log; None: there are none."""
        return self._tree.referenced

    def start(self) -> None:
        """Read the whole log, and hold it against what was signed before; then `confirm`. Raises
        transparency.notary.refusals and LogUnavailable, OSError."""
        stored = self._heads.last(self.origin)
        published = self._published()
        known = [KnownHead(stored, "heads.sqlite")] if stored else []
        known += [KnownHead(published, CHECKPOINT)] if published else []
        self._tree = LogTree(self.origin, self._partition, known)
        self._read_on()
        self._tree.head()  # raises RolledBack where a longer one is known
        self._bound = max((one.head for one in known), default=EMPTY)
        self._compared = self._bound.size
        if self._bound != stored:
            self._heads.advance(self.origin, stored, self._bound)
        self._files.publish_key(self._signer.verifier.encode())
        self._put_partial()
        self.confirm()

    def confirm(self) -> None:
        """Before anything new is signed: show witnesses the head that this notary is bound to already. One
        that knows more has seen a later state of this log than there is here. Raises as `start`."""
        answers = self._send(self._bound, self._signed(self._bound)).collect()
        confirmed = [name for name, one in answers.items() if isinstance(one, Cosigned)]
        if self._agreed(confirmed, answers, self._bound):
            return
        for name, one in answers.items():
            if isinstance(one, KnowsOther) and one.size > self._bound.size:
                raise RolledBack(self.origin, self._bound.size, one.size, name)
            if isinstance(one, Refused) and one.inconsistent:
                raise Forked(self.origin, self._bound.size, name)
        raise NotConfirmed(self.origin, all_told(answers))

    def sign(self) -> Round:
        """Sign the log as far as it goes now, and publish it if the policy's quorum cosigned: `begin`, then
        `finish`. Raises as `start`."""
        return self.finish(self.begin())

    def begin(self) -> Begun:
        """Sign the log as far as it goes now, and send it to the witnesses. Raises as `start`."""
        self._read_on()
        head = self._tree.head()
        if head != self._bound:
            self._put_partial()
            self._heads.advance(self.origin, self._bound, head)  # the commit point: only this can be signed
            self._bound = head
        note = self._signed(head)
        return Begun(head, note, self._send(head, note))

    def finish(self, begun: Begun) -> Round:
        """Wait for the witnesses, and publish what `begin` signed if they agree. Raises as `start`."""
        head, answers = begun.head, begun.asked.collect()
        note = Note(begun.note.text, begun.note.signatures + _cosignatures(answers))
        cosigners = tuple(self._policy.cosigners(note))
        published = self._agreed(cosigners, answers, head)
        if published:
            self._files.flush()
            self._files.publish(note.encode())
        repaired, self._repaired = tuple(self._repaired), []
        return Round(self.origin, head, answers, cosigners, published, repaired)

    def _agreed(self, cosigners: Iterable[str], answers: Mapping[str, Outcome], head: Head) -> bool:
        """Whether the witnesses let the head be published. A quorum may outvote a witness that is wrong;
        where none is asked for, nobody does."""
        if self._policy.quorum == NONE:
            return not _contradictions(answers, head.size)
        return self._policy.satisfied(cosigners)

    def _published(self) -> Head | None:
        raw = self._files.checkpoint()
        if raw is None:
            return None
        try:
            checkpoint = open_checkpoint(Note.parse(raw), [self._signer.verifier])
        except (Malformed, NotProven) as error:
            path = str(self._files.path / CHECKPOINT)
            raise ForeignCheckpoint(self.origin, path, str(error)) from None
        return Head(checkpoint.size, checkpoint.root)

    def _read_on(self) -> None:
        """Add what the log has by now to the tree, and write the tiles that are full."""
        entries = self._log.entries(self._partition, self._tree.position)
        while some := list(islice(entries, READ_AT_ONCE)):
            for resource in self._tree.add(some):
                if self._files.put(resource):
                    self._repaired.append(resource.tile.path)

    def _put_partial(self) -> None:
        for resource in self._tree.partial():
            if self._files.put(resource):
                self._repaired.append(resource.tile.path)

    def _signed(self, head: Head) -> Note:
        return Checkpoint(self.origin, head.size, head.root).signed(self._signer)

    def _send(self, head: Head, note: Note) -> Asked:
        # A reader for each proof: witnesses are asked side by side.
        return self._witnesses.begin(
            head.size, note, lambda old: TileReader(head.size, self._files.read).consistency_proof(old)
        )


def _cosignatures(answers: Mapping[str, Outcome]) -> tuple[Signature, ...]:
    return tuple(one.signature for one in answers.values() if isinstance(one, Cosigned))


def _contradictions(answers: Mapping[str, Outcome], size: int) -> dict[str, Outcome]:
    return {name: one for name, one in answers.items() if _contradicts(one, size)}


def _contradicts(outcome: Outcome, size: int) -> bool:
    if isinstance(outcome, KnowsOther):
        return outcome.size > size
    return isinstance(outcome, Refused) and outcome.inconsistent
