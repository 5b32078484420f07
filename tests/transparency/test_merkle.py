"""Roots and proofs are those of RFC 6962, for every size, and only right proofs are accepted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_log import leaf
from tests.transparency.trees import (
    EDGE_SIZES,
    oracle_consistency,
    oracle_node,
    oracle_path,
    oracle_root,
    some_entries,
)
from transparency.errors import NotProven
from transparency.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

VECTOR_LEAVES = [
    bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")
] + [bytes(range(0x60, 0x70))]
VECTOR_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The roots of the first 0 to 8 leaves: the vectors of the reference implementation of RFC 6962."""

sizes = st.integers(1, 300)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference_vectors(size: int) -> None:
    frontier = Frontier()
    for entry in VECTOR_LEAVES[:size]:
        frontier.append(leaf_hash(entry))
    assert frontier.root().hex() == VECTOR_ROOTS[size]
    assert root(size, oracle_node(VECTOR_LEAVES)).hex() == VECTOR_ROOTS[size]


def test_leaves_are_hashed_as_the_log_hashes_them() -> None:
    assert leaf_hash(b"entry") == leaf.leaf_hash(b"entry")


@pytest.mark.parametrize("size", [size for size in EDGE_SIZES if size <= 1_025])
def test_the_frontier_of_every_size_has_the_root_of_the_specification(size: int) -> None:
    entries = some_entries(size)
    frontier = Frontier()
    for entry in entries:
        frontier.append(leaf_hash(entry))
    assert frontier.root() == oracle_root(entries)
    assert len(frontier.peaks) == size.bit_count()
    again = Frontier(frontier.size, frontier.peaks)
    frontier.append(leaf_hash(b"one more"))
    again.append(leaf_hash(b"one more"))
    assert again.root() == frontier.root() == oracle_root([*entries, b"one more"])


def test_a_frontier_has_as_many_peaks_as_its_size_needs() -> None:
    with pytest.raises(ValueError, match="a tree of 3 leaves has not 1 peaks"):
        Frontier(3, [EMPTY_ROOT])


@given(sizes, st.data())
def test_inclusion_proofs_are_those_of_the_specification_and_hold(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    entries = some_entries(size)
    proof = inclusion_proof(index, size, oracle_node(entries))
    assert proof == oracle_path(index, entries)
    verify_inclusion(leaf_hash(entries[index]), index, size, proof, oracle_root(entries))


@given(sizes, st.data())
def test_consistency_proofs_are_those_of_the_specification_and_hold(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    entries = some_entries(size)
    proof = consistency_proof(old, size, oracle_node(entries))
    assert proof == (oracle_consistency(old, entries) if old else [])
    verify_consistency(old, size, oracle_root(entries[:old]), oracle_root(entries), proof)


@settings(max_examples=300)
@given(sizes, st.data())
def test_an_inclusion_proof_that_was_changed_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    entries = some_entries(size)
    leaf, proof, top = leaf_hash(entries[index]), oracle_path(index, entries), oracle_root(entries)
    other = leaf_hash(b"other")
    changed = [
        (other, index, size, proof, top),
        (leaf, index, size, proof, other),
        (leaf, index, size, [*proof, other], top),
        (leaf, size, size, proof, top),
        (leaf, -1, size, proof, top),
    ]
    wrong_index = data.draw(st.integers(0, size - 1))
    if wrong_index != index:
        changed.append((leaf, wrong_index, size, proof, top))
    for at in range(len(proof)):
        changed.append((leaf, index, size, [*proof[:at], *proof[at + 1 :]], top))
        changed.append((leaf, index, size, [*proof[:at], other, *proof[at + 1 :]], top))
    for arguments in changed:
        with pytest.raises(NotProven):
            verify_inclusion(*arguments)


@settings(max_examples=300)
@given(sizes, st.data())
def test_a_consistency_proof_that_was_changed_is_refused(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    entries = some_entries(size)
    proof = oracle_consistency(old, entries) if old else []
    before, after, other = oracle_root(entries[:old]), oracle_root(entries), leaf_hash(b"other")
    changed = [(old, size, other, after, proof), (old, size, before, after, [*proof, other])]
    changed += [(size + 1, size, before, after, proof), (-1, size, before, after, proof)]
    if old:
        changed.append((old, size, before, other, proof))
    for at in range(len(proof)):
        changed.append((old, size, before, after, [*proof[:at], *proof[at + 1 :]]))
        changed.append((old, size, before, after, [*proof[:at], other, *proof[at + 1 :]]))
    for arguments in changed:
        with pytest.raises(NotProven):
            verify_consistency(*arguments)


def test_a_tree_that_begins_otherwise_is_not_consistent() -> None:
    entries = some_entries(20)
    forked = [*entries[:5], b"another", *entries[6:]]
    proof = oracle_consistency(13, entries)
    with pytest.raises(NotProven, match="does not begin with"):
        verify_consistency(13, 20, oracle_root(forked[:13]), oracle_root(entries), proof)


def test_everything_is_consistent_with_the_empty_tree_and_nothing_else_is_empty() -> None:
    verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    verify_consistency(0, 1, EMPTY_ROOT, leaf_hash(b""), [])
    with pytest.raises(NotProven):
        verify_consistency(0, 0, EMPTY_ROOT, leaf_hash(b""), [])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_no_proof_is_made_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_proof(index, size, oracle_node(some_entries(3)))
    with pytest.raises(ValueError, match="can begin"):
        consistency_proof(size + 1, size, oracle_node(some_entries(3)))
