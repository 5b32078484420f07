"""What an event takes on disks: in the topics, as the broker stores them, and in ClickHouse's tables."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Final

from kafka import KafkaAdminClient

from clickhouse.client import connect
from event_log.kafka.connection import Connection
from event_log.kafka.topics import ALL_TOPICS

_TABLES: Final = (
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
)

_ON_DISK: Final = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()"


def topics(connection: Connection) -> dict[str, int]:
    """Bytes of each topic's log on the one broker, by name without prefix."""
    names = {connection.topic(topic): topic.name for topic in ALL_TOPICS}
    admin = KafkaAdminClient(**connection.client_settings())
    try:
        found = dict.fromkeys(names.values(), 0)
        for broker in admin.describe_log_dirs(list(names)):
            for place in broker["log_dirs"]:
                for topic in place["topics"]:
                    found[names[topic["name"]]] += sum(one["partition_size"] for one in topic["partitions"])
        return found
    finally:
        admin.close()


def clickhouse(directory: Path) -> int:
    """Bytes of the tables of a database in a directory that nobody owns, after everything was merged."""
    with closing(connect(f"chdb://{directory}")) as client:
        for (table,) in client.query(_TABLES).result_rows:
            client.command(f"OPTIMIZE TABLE {table} FINAL")
        (((size,),)) = client.query(_ON_DISK).result_rows
        return int(size)
