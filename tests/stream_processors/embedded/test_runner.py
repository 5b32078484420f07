"""The embedded runner comes to the results of the plain fold, whenever it is stopped and started again."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from clickhouse.client import connect
from clickhouse.ownership import AlreadyOwned
from producers.simulator.night import Night
from schemas.data_directory import DataDirectory
from stream_processors.embedded.runner import IngestReport, Runner
from stream_processors.fold import fold
from tests.stream_processors.embedded.conftest import digest_of, verified

OpenRunner = Callable[[], Runner]


def test_a_night_ends_equal_to_the_fold_of_everything_that_was_sent(
    directory: DataDirectory, opened: OpenRunner, night: Night, messages: list[bytes]
) -> None:
    seen: list[int] = []
    runner = opened()
    report = runner.ingest(night, lambda so_far: seen.append(so_far.read))
    runner.close()
    assert seen == sorted(seen)
    assert seen[-1] == report.read == len(messages) == night.size
    sent = fold(messages, directory.election, directory.registry)
    # What was sent and what the log kept of it (no repetitions) come to the same results.
    assert (report.accepted, report.repeated) == (sent.accepted, sent.repeated)
    assert report.accepted == night.expected.accepted
    verification = verified(directory)
    assert verification.equal, verification.differences[:5]
    assert verification.state_digest == digest_of(directory, messages)


def test_sending_a_night_twice_changes_nothing_and_says_so(opened: OpenRunner, messages: list[bytes]) -> None:
    first = opened().submit(messages)
    again = opened().submit(messages)
    assert again.read == first.read
    # A correction that came before its count was rejected then, and is accepted when it comes once more.
    overtaken = first.rejected_by_reason["superseded_mismatch"]
    assert 0 <= again.accepted < overtaken
    third = opened().submit(messages)
    assert (third.accepted, third.read) == (0, first.read)
    assert third.read == third.repeated + third.rejected


def test_any_cut_into_batches_comes_to_the_same_results(
    directory: DataDirectory, opened: OpenRunner, messages: list[bytes]
) -> None:
    draw = random.Random(7)
    runner = opened()
    rest = messages
    while rest:
        size = draw.choice((1, 7, 50, 400))
        runner.submit(rest[:size])
        if draw.random() < 0.2:
            runner = opened()
        rest = rest[size:]
    runner.close()
    verification = verified(directory)
    assert verification.equal, verification.differences[:5]
    assert verification.state_digest == digest_of(directory, messages)


def test_restored_state_decides_as_the_one_that_was_kept(
    directory: DataDirectory, opened: OpenRunner, messages: list[bytes]
) -> None:
    half = len(messages) // 2
    opened().submit(messages[:half])
    restarted = opened().submit(messages[half:])
    whole = fold(messages, directory.election, directory.registry)
    first = fold(messages[:half], directory.election, directory.registry)
    assert restarted.accepted == whole.accepted - first.accepted


def test_a_rejected_message_is_accepted_once_its_obstacle_is_gone(
    opened: OpenRunner, night: Night, messages: list[bytes]
) -> None:
    assert night.injected["overtaken"] > 0, "the night must hold corrections that came too early"
    runner = opened()
    early = runner.submit(list(reversed(messages)))
    late = runner.submit(messages)
    assert early.rejected_by_reason["superseded_mismatch"] > 0
    assert late.accepted > 0


def test_the_running_count_is_read_through_the_owner(
    directory: DataDirectory, opened: OpenRunner, messages: list[bytes]
) -> None:
    runner = opened()
    runner.submit(messages[:300])
    reader = connect(runner.url, readonly=True)
    version = reader.query("SELECT sum(version) FROM tally FINAL WHERE level = 'nation'").result_rows[0][0]
    reader.close()
    assert version == fold(messages[:300], directory.election, directory.registry).accepted


def test_a_second_owner_is_told_of_the_first(directory: DataDirectory, opened: OpenRunner) -> None:
    opened()
    with pytest.raises(AlreadyOwned, match=r"in use by process \d+ \(test\)"):
        Runner.open(directory, command="other", workers=0)


def test_workers_come_to_the_same_results_as_one_process(
    directory: DataDirectory, night: Night, messages: list[bytes]
) -> None:
    with Runner.open(directory, command="test", workers=2) as runner:
        report: IngestReport = runner.ingest(night)
    assert report.read == len(messages)
    assert verified(directory).state_digest == digest_of(directory, messages)


def test_the_version_of_the_nation_is_the_number_of_accepted_events(
    directory: DataDirectory, opened: OpenRunner, messages: list[bytes]
) -> None:
    report = opened().submit(messages)
    opened().close()
    client = connect(directory.clickhouse_url, readonly=True)
    versions = client.query("SELECT sum(version) FROM tally FINAL WHERE level = 'nation'").result_rows
    events = client.query("SELECT count() FROM event FINAL WHERE outcome = 'accepted'").result_rows
    inconsistent = client.query("SELECT count() FROM inconsistency").result_rows
    client.close()
    assert versions[0][0] == events[0][0] == report.accepted
    assert inconsistent[0][0] == 0
