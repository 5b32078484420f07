"""ClickHouse's own HTTP interface over a chDB directory, for readers on this machine."""
