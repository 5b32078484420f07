"""Questions that are asked of a count, as functions over a ClickHouse client that return plain rows.

They read the tables that `sinks` makes and nothing else: not the log, not the register's files. Figures are
ints, what is missing is None, times carry a zone, and every parameter is bound, never written into SQL.
"""
