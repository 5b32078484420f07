"""The hash of an entry, against vectors of other implementations."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_log.leaf import leaf_hash
from tests.logs import UNHURRIED


@pytest.mark.parametrize(
    ("raw", "expected"),
    [  # from the reference tests of Certificate Transparency's Merkle tree
        (b"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (b"\x00", "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
        (b"\x10", "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7"),
        (b"\x20\x21", "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7"),
        (b"\x30\x31", "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
    ],
)
def test_a_leaf_is_hashed_as_rfc_6962_says(raw: bytes, expected: str) -> None:
    assert leaf_hash(raw).hex() == expected


@UNHURRIED
@given(st.binary(min_size=64, max_size=64))
def test_no_entry_passes_for_an_inner_node(children: bytes) -> None:
    """RFC 6962 hashes inner nodes behind 0x01; a leaf of the same 64 bytes has another hash."""
    assert leaf_hash(children) != sha256(b"\x01" + children).digest()
