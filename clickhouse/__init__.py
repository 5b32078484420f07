"""ClickHouse: the client for chDB directories and servers, the owner of a directory, and its HTTP interface.

What tables hold is not known here: `sinks` writes them and `queries` reads them.
"""
