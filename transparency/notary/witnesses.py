"""Asks witnesses for cosignatures over HTTP, all at once, each within a time limit (c2sp.org/tlog-witness).

A witness that fails is not a reason not to ask the others. What it answers counts only with a cosignature
that holds.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol
from urllib.parse import urlsplit

from schemas.language import Text
from schemas.text import quoted
from transparency.errors import Malformed, NotProven
from transparency.keys import VerifierKey
from transparency.note import Note
from transparency.policy import Witness
from transparency.witness import (
    ADD_CHECKPOINT,
    MAX_ANSWER_BYTES,
    Answer,
    Cosigned,
    KnowsOther,
    answer,
    request,
)

TIMEOUT_S: Final = 3.0
"""Of each step of a request, after which a witness that does nothing has failed."""
DEADLINE_S: Final = 4.0
"""Of all that is asked in a round: with reading and publishing it stays within a cadence of 10 s."""

STILL_BUSY: Final = Text("permintaan sebelumnya belum dijawab", "it has not answered an earlier request")
NO_URL: Final = Text("kebijakan tidak menyebut URL saksi ini", "the policy names no URL of this witness")

Proof = Callable[[int], Sequence[bytes]]
"""The consistency proof from an older size to the checkpoint's."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No answer that can be used; `said` says why."""

    said: Text


Outcome = Answer | Unreachable


def told_of(outcome: Outcome) -> Text:
    """What a witness answered, as part of a sentence."""
    if isinstance(outcome, Cosigned):
        return Text("ikut menandatangani", "cosigned")
    if isinstance(outcome, KnowsOther):
        return Text(f"mengenal {outcome.size} entri", f"knows {outcome.size} entries")
    if isinstance(outcome, Unreachable):
        return Text(f"tidak menjawab: {outcome.said.id}", f"no answer: {outcome.said.en}")
    text = f"HTTP {outcome.status} {quoted(outcome.text)}".rstrip()
    return Text(f"menolak: {text}", f"refused: {text}")


def all_told(outcomes: Mapping[str, Outcome]) -> Text:
    """What all witnesses answered, by name."""
    told = [(quoted(name), told_of(one)) for name, one in outcomes.items()]
    return Text(
        "; ".join(f"{name} {one.id}" for name, one in told) or "tidak ada saksi",
        "; ".join(f"{name} {one.en}" for name, one in told) or "there are no witnesses",
    )


class Post(Protocol):
    """Sends a request to a witness: status, content type and body of the answer. Raises OSError and
    http.client.HTTPException."""

    def __call__(self, url: str, body: bytes) -> tuple[int, str, bytes]: ...


def post(url: str, body: bytes) -> tuple[int, str, bytes]:
    """A Post over HTTP or HTTPS; redirects are not followed, and no more is read than an answer may have."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OSError(f"{url} is not an http or https URL")
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=TIMEOUT_S, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", parts.path or "/", body)
        response = connection.getresponse()
        return response.status, response.headers.get("Content-Type", ""), response.read(MAX_ANSWER_BYTES + 1)
    finally:
        connection.close()


class _Request:
    """A request on a thread that the process does not wait for: a witness may send a byte now and then."""

    def __init__(self, ask: Callable[[], Outcome]) -> None:
        self.done = threading.Event()
        self._ask = ask
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="witness", daemon=True).start()

    def _run(self) -> None:
        try:
            self._outcome = self._ask()
        except BaseException as error:  # raised where the outcome is asked for
            self._error = error
        finally:
            self.done.set()

    def outcome(self) -> Outcome:
        """What came of it, once it is done. Raises what it raised."""
        if self._error is not None:
            raise self._error
        assert self._outcome is not None
        return self._outcome


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests that are under way, and the moment until which they are waited for."""

    _requests: Mapping[str, _Request | None]
    _deadline: float

    def collect(self) -> dict[str, Outcome]:
        """By name of the witness what it answered until the deadline. Raises what making a proof raised."""
        outcomes: dict[str, Outcome] = {}
        for name, one in self._requests.items():
            if one is None:
                outcomes[name] = Unreachable(STILL_BUSY)
            elif one.done.wait(max(self._deadline - time.monotonic(), 0)):
                outcomes[name] = one.outcome()
            else:
                outcomes[name] = Unreachable(
                    Text(f"lebih dari {DEADLINE_S:g} detik", f"it took more than {DEADLINE_S:g} s")
                )
        return outcomes


class Witnesses:
    """The witnesses of a log, and the size that each is known to have cosigned."""

    def __init__(self, witnesses: Sequence[Witness], send: Post = post) -> None:
        self.witnesses = tuple(witnesses)
        self._send = send
        self._sizes: dict[VerifierKey, int] = {}
        self._running: dict[VerifierKey, _Request] = {}

    def begin(self, size: int, note: Note, proof: Proof) -> Asked:
        """Ask all witnesses about the checkpoint `note` of that size, without waiting. One that still answers
        an earlier request is not asked."""
        requests: dict[str, _Request | None] = {}
        for witness in self.witnesses:
            earlier = self._running.get(witness.key)
            if earlier is None or earlier.done.is_set():
                one = _Request(partial(self._ask, witness, size, note, proof))
                self._running[witness.key] = requests[witness.name] = one
            else:
                requests[witness.name] = None
        return Asked(requests, time.monotonic() + DEADLINE_S)

    def _ask(self, witness: Witness, size: int, note: Note, proof: Proof) -> Outcome:
        known = min(self._sizes.get(witness.key, size), size)
        outcome = self._request(witness, known, note, proof)
        if isinstance(outcome, KnowsOther) and outcome.size < size:
            known = outcome.size
            outcome = self._request(witness, known, note, proof)
        if isinstance(outcome, Cosigned):
            self._sizes[witness.key] = size
        return outcome

    def _request(self, witness: Witness, known: int, note: Note, proof: Proof) -> Outcome:
        if witness.url is None:
            return Unreachable(NO_URL)
        body = request(known, proof(known), note.encode())
        try:
            status, kind, said = self._send(f"{witness.url.rstrip('/')}/{ADD_CHECKPOINT}", body)
            return answer(status, kind, said, note.text, witness.key)
        except (OSError, http.client.HTTPException, ValueError, Malformed, NotProven) as error:
            text = quoted(f"{type(error).__name__}: {error}")
            return Unreachable(Text(text, text))
