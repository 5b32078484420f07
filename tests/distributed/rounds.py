"""Rounds of a fault: each with a seed of its own, some messages of a night, and its end held against the log.

REKAP_FAULT_ROUNDS says how many rounds each fault gets (2 without it). A round that fails names its seed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from tests.distributed.answers import assert_right
from tests.distributed.cluster import Cluster, Feed
from tests.distributed.hostile import poison
from tests.distributed.nights import night, untidy

VARIABLE: Final = "REKAP_FAULT_ROUNDS"
ROUNDS: Final = int(os.environ.get(VARIABLE, "2"))

MESSAGES_PER_ROUND: Final = 90
"""Messages of a round."""

FIRST: Final = 30
"""Messages before the first round."""

PER_SECOND: Final = 60.0
"""How fast they are sent: the fault then strikes while they arrive."""

Fault = Callable[[Cluster, Random], None]
"""Does its harm and puts right what has to be put right by hand."""


def rounds() -> Iterator[tuple[Random, list[bytes]]]:
    """For each round its chance and its messages. Some are sent again; some of those that are not first were
    sent in another round, where they were accepted or rejected."""
    for number in range(ROUNDS):
        chance = Random(f"round {number}")
        begin = number * MESSAGES_PER_ROUND % (len(night()) - MESSAGES_PER_ROUND)
        yield chance, untidy(night()[begin : begin + MESSAGES_PER_ROUND], chance)


def play(cluster: Cluster, fault: Fault) -> None:
    """The rounds: messages are sent, with a hostile one to each topic, the fault strikes among them, and
    everything is as the log says."""
    cluster.send(night()[-FIRST:])
    cluster.drain()  # from here on everybody is at work
    for number, (chance, messages) in enumerate(rounds()):
        began = time.monotonic()
        feed = Feed(cluster, messages, PER_SECOND)
        poison(cluster, chance)
        time.sleep(chance.uniform(0.1, 0.8 * len(messages) / PER_SECOND))
        fault(cluster, chance)
        feed.join()
        try:
            folded = cluster.drain()
            assert_right(cluster, folded, forged=True)
        except BaseException as error:
            error.add_note(f"round {number} of {fault.__name__}\n{cluster.said()}")
            raise
        print(
            f"{fault.__name__}, round {number}: {folded.messages} entries, {folded.accepted} accepted, "
            f"{cluster.restarts} restarts, {time.monotonic() - began:.1f} s, {folded.state_digest()[:12]}"
        )
