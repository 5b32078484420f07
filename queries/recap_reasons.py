"""Reasons in force for differences of certified documents: the newest of each cell."""

from __future__ import annotations

from typing import Final, NamedTuple

from clickhouse_connect.driver.client import Client

from queries.rows import select

_SQL: Final = """
SELECT contest, unit, cell, reason, signer FROM recap_reason
WHERE election = {election:String} AND in_force
"""


class StatedReason(NamedTuple):
    """A reason, and who signed it."""

    reason: str
    signer: str


def stated_reasons(client: Client, election: str) -> dict[tuple[str, str], dict[str, StatedReason]]:
    """By contest and region the reasons of each cell; '' stands for all cells of the document."""
    found: dict[tuple[str, str], dict[str, StatedReason]] = {}
    for row in select(client, _SQL, {"election": election}):
        of_region = found.setdefault((row["contest"], row["unit"]), {})
        of_region[row["cell"]] = StatedReason(row["reason"], row["signer"])
    return found
