"""The presidential election of 2019 as KPU published it: the findings that are known to be in it."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pyarrow.parquet
import pytest

from schemas.elections import ContestKind
from schemas.findings import Status
from schemas.forms import CHasil, Counted, Voters
from stream_processors.checks import RECOUNT_TRIGGER, check, status_of
from tests.stream_processors.checks.examples import ballot, form_context

FOLDER = os.environ.get("REKAP_REAL_DATA", "")
COLUMNS = ["kpu_pas1", "kpu_pas2", "kpu_sah", "kpu_tidak_sah", "kpu_pengguna"]


@pytest.mark.real_data
@pytest.mark.skipif(not FOLDER, reason="REKAP_REAL_DATA names no folder of real national results")
def test_the_differences_that_kpus_own_numbers_of_2019_have_are_found() -> None:
    table = pyarrow.parquet.read_table(Path(FOLDER) / "pilpres2019" / "tps.parquet", columns=COLUMNS)
    around = form_context(
        ballot(ContestKind.PAIRS, "1", "2"), registered=None, occurred_at=None, voters_limit=300
    )
    forms: Counter[str] = Counter()
    statuses: Counter[Status] = Counter()
    triggers = 0
    for first, second, valid, invalid, voted in zip(
        *(table[column].to_pylist() for column in COLUMNS), strict=True
    ):
        if first is None:
            continue  # KPU published no numbers of this station
        form = CHasil(
            votes={"1": first, "2": second},
            valid=valid,
            invalid=invalid,
            voters=Voters(total=Counted(j=voted)),
        )
        found = check(form, around)
        forms["all"] += 1
        forms.update({one.rule for one in found})
        triggers += sum(one.tag == RECOUNT_TRIGGER for one in found)
        statuses[status_of(form, found)] += 1

    assert forms["all"] == 806_583
    assert forms["R06"] == 13_848
    assert forms["R08"] == triggers == 39_666
    # SITUNG gave no V.C and no ballots used: V.A and V.B fail R05 where they exceed what V.C has room for.
    assert forms["R05"] == 8
    assert forms["R07"] == 0
    assert statuses[Status.BLANK] == 0
    assert statuses.total() == 806_583
