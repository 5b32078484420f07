"""What events mean: from bytes to an assessed form, a decision, and totals at every level.

`checks`, `assess`, `station`, `cells`, `rollup` and `fold` are pure functions over schemas; `embedded` is
the shell that runs them in one process on a data directory.
"""
