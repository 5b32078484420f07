"""Policies (c2sp.org/tlog-policy): which logs are accepted, and which witnesses have to have cosigned.

Names and URLs are kept as text in Latin-1, so that every byte is one character and stays what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from transparency.checkpoint import Checkpoint, open_checkpoint
from transparency.encoding import decimal, shown
from transparency.errors import Malformed, NotProven
from transparency.keys import SignatureType, VerifierKey, cosigned_at
from transparency.note import Note

MAX_POLICY_BYTES: Final = 64 * 1024
MAX_OF_A_KIND: Final = 1_000
"""Logs, witnesses and groups, each: the format asks for at least 32."""

NONE: Final = "none"
"""The quorum that asks for no witness."""

_ALLOWED: Final = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]*")
_BLANK: Final = re.compile(r"[ \t]+")
_COUNT: Final = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Log:
    """A log that is accepted; its key has the name of the origin."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness; `url` is its submission prefix."""

    name: str
    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """At least `threshold` of the members have to have cosigned."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A checkpoint that satisfies a policy, the names of the witnesses that cosigned it, and when each says
    that it did, in seconds since 1970."""

    checkpoint: Checkpoint
    witnesses: tuple[str, ...]
    times: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """What `parse` read, in its order. A group names only what stands before it."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """The policy that a file holds. Raises Malformed, which names the line."""
        if len(raw) > MAX_POLICY_BYTES:
            raise Malformed(f"a policy has at most {MAX_POLICY_BYTES} bytes, not {len(raw)}")
        if not _ALLOWED.fullmatch(raw):
            raise Malformed("a policy holds no control characters but tabs and line feeds")
        if raw and raw[-1:] != b"\n":
            raise Malformed("every line of a policy ends with a line feed; the last one does not")
        parser = _Parser()
        for number, line in enumerate(raw.decode("latin-1").split("\n")[:-1], start=1):
            words = [word for word in _BLANK.split(line) if word]
            if not words or words[0].startswith("#"):
                continue
            try:
                parser.take(words)
            except Malformed as error:
                raise Malformed(f"line {number}: {error}") from None
        if parser.quorum is None:
            raise Malformed("a policy has one quorum line, and this one has none")
        return cls(tuple(parser.logs), tuple(parser.witnesses.values()), tuple(parser.groups), parser.quorum)

    def satisfied(self, cosigners: Iterable[str]) -> bool:
        """Whether these witnesses are a quorum."""
        if self.quorum == NONE:
            return True
        there = set(cosigners)
        for group in self.groups:
            if sum(member in there for member in group.members) >= group.threshold:
                there.add(group.name)
        return self.quorum in there

    def cosigners(self, note: Note) -> dict[str, int]:
        """The names of the witnesses whose cosignatures are on the note, with their latest time. Raises
        NotProven where a cosignature of one of them does not hold."""
        names = {witness.key: witness.name for witness in self.witnesses}
        ids = {(key.name, key.key_id) for key in names}
        if not any((one.name, one.key_id) in ids for one in note.signatures):
            return {}
        return {
            names[key]: max(cosigned_at(one.signature) for one in made)
            for key, made in note.verified(names).items()
        }

    def check(self, note: Note) -> Accepted:
        """The checkpoint of the note, if a log of the policy signed it and a quorum cosigned it. Raises
        Malformed and NotProven."""
        checkpoint = open_checkpoint(note, [log.key for log in self.logs])
        cosigners = self.cosigners(note)
        if not self.satisfied(cosigners):
            by = ", ".join(ascii(name) for name in cosigners) or "no known witness"
            raise NotProven(f"the policy's quorum {self.quorum!a} is not reached: cosigned by {by}")
        return Accepted(checkpoint, tuple(cosigners), tuple(cosigners.values()))


class _Parser:
    """Takes a policy line by line."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: dict[str, Witness] = {}
        self.groups: list[Group] = []
        self.quorum: str | None = None
        self._names: set[str] = set()
        self._members: set[str] = set()
        self._log_keys: set[bytes] = set()
        self._witness_keys: set[bytes] = set()

    def take(self, words: list[str]) -> None:
        """Take the words of a line. Raises Malformed."""
        kind, *rest = words
        if kind == "log" and len(rest) in (1, 2):
            self._take_log(*rest)
        elif kind == "witness" and len(rest) in (2, 3):
            self._take_witness(*rest)
        elif kind == "group" and len(rest) > 2:
            self._take_group(rest[0], rest[1], tuple(rest[2:]))
        elif kind == "quorum" and len(rest) == 1:
            self._take_quorum(rest[0])
        else:
            raise Malformed(
                "expected log VKEY [URL], witness NAME VKEY [URL], group NAME all|any|K NAME... "
                "or quorum NAME"
            )
        if max(len(self.logs), len(self.witnesses), len(self.groups)) > MAX_OF_A_KIND:
            raise Malformed(f"a policy has at most {MAX_OF_A_KIND} logs, witnesses or groups")

    def _take_log(self, vkey: str, url: str | None = None) -> None:
        key = _key(vkey, SignatureType.NOTE, self._log_keys)
        self.logs.append(Log(key, url))

    def _take_witness(self, name: str, vkey: str, url: str | None = None) -> None:
        self._define(name)
        self.witnesses[name] = Witness(name, _key(vkey, SignatureType.COSIGNATURE, self._witness_keys), url)

    def _take_group(self, name: str, threshold: str, members: tuple[str, ...]) -> None:
        for member in members:
            if member not in self._names:
                raise Malformed(f"{shown(member)} is not defined before")
            if member in self._members:
                raise Malformed(f"{shown(member)} is a member already: a name is in one group, once")
            self._members.add(member)
        self._define(name)
        if threshold in ("all", "any"):
            count = len(members) if threshold == "all" else 1
        else:
            count = decimal(threshold, "a group's threshold") if _COUNT.fullmatch(threshold) else 0
        if not 1 <= count <= len(members):
            raise Malformed(f"the threshold {shown(threshold)} is not all, any or 1 to {len(members)}")
        self.groups.append(Group(name, count, members))

    def _take_quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise Malformed("there is a second quorum line")
        if name != NONE and name not in self._names:
            raise Malformed(f"{shown(name)} is not defined before")
        self.quorum = name

    def _define(self, name: str) -> None:
        if name == NONE or name in self._names:
            raise Malformed(f"the name {shown(name)} is taken already")
        self._names.add(name)


def _key(vkey: str, kind: SignatureType, seen: set[bytes]) -> VerifierKey:
    """A key of that type which was not there before."""
    try:
        text = vkey.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("the name of a key is not UTF-8") from None
    key = VerifierKey.parse(text)
    if key.type is not kind:
        raise Malformed(f"the key of {key.name} has type {key.type:#04x}; here it has to be {kind:#04x}")
    if key.public_key in seen:
        raise Malformed(f"the public key of {key.name} is there already, under this name or another")
    seen.add(key.public_key)
    return key
