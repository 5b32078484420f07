"""Our races. What counts is the moment at which a reader sees all rows and the nation's total with all forms.

Behind: the log is full when the worker starts; the clock runs from when it begins to look at the log (it has
its partitions then), so that its first batches are not given to it. Live: worker and sink have caught up with
WARM_UP events; the clock runs from the first event after them that the log appends, sent by another process
as fast as it can. Looking costs the sink a few milliseconds each time, and what is late by looking is ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.stream import feed
from benchmarks.stream.deployment import Deployment, deployed
from benchmarks.stream.races import WARM_UP, Measured, Run
from benchmarks.stream.stage import Stage
from benchmarks.stream.worker_logs import began, caught_up
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS, COUNT_ROWS, Topic


def behind(options: Sequence[str] = (), processes: int = 1) -> Run:
    """From a full log; so many workers, with these options."""

    def run(stage: Stage) -> Measured:
        count = len(stage.forms.raws)
        feed.send(stage.broker, stage.topic("count-events"), stage.forms.events)
        with (
            deployed(stage.broker, stage.prefix, stage.folder, stage.forms) as ours,
            ours.sink() as (sink, reader),
        ):
            before = sink.used()
            with ours.worker(options=options, processes=processes) as worker:
                lines = caught_up(worker)
                ended = ours.wait(reader, count, worker, sink)
                used = worker.used() + sink.used()
            start = min(*map(began, lines), _first(ours, COUNT_ROWS, {}))
            ours.check(reader, count)
        return Measured(count, ended - start, used.processor_s - before.processor_s, used.memory_mib)

    return run


def live(options: Sequence[str] = ()) -> Run:
    """As the log grows; one worker, with these options."""

    def run(stage: Stage) -> Measured:
        topic, events = stage.topic("count-events"), stage.forms.events
        count = len(events)
        with (
            deployed(stage.broker, stage.prefix, stage.folder, stage.forms) as ours,
            ours.sink() as (sink, reader),
            ours.worker(options=options) as worker,
        ):
            caught_up(worker)
            feed.send(stage.broker, topic, events[:WARM_UP])
            ours.wait(reader, WARM_UP, worker, sink)
            ends, before = ours.seen(reader).ends, worker.used() + sink.used()
            with feed.sending(stage, events[WARM_UP:]):
                ended = ours.wait(reader, count, worker, sink)
                used = worker.used() + sink.used()
            start = _first(ours, COUNT_EVENTS, ends)
            ours.check(reader, count)
        spent = used.processor_s - before.processor_s
        return Measured(count - WARM_UP, ended - start, spent, used.memory_mib)

    return run


def _first(ours: Deployment, topic: Topic, starts: dict[int, int]) -> float:
    """When the first message from these offsets on was appended, in seconds since 1970."""
    with KafkaLog(ours.connection, topic) as log:
        times = [
            records[0].recorded_at
            for partition, end in enumerate(log.ends())
            if (start := starts.get(partition, 0)) < end
            for records in log.read(partition, start, start + 1)
        ]
    return min(times) / 1e6
