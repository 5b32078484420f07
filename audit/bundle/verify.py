"""Verifies a bundle without a server and a network: its files, its log, and what the log gives.

Every check is proven, failed or not checked. What fails is told entry by entry (audit.bundle.sentences).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from audit.bundle import sentences as say
from audit.bundle.chain import Chain, Head, check_chain, check_witnesses
from audit.bundle.layout import CHUNK_ENTRIES, ELECTION, LOG, POLICY, REGISTRY, Manifest
from audit.bundle.manifest import check_files, chunks_of, irregular_files, read_manifest
from audit.bundle.report import Found, Report
from audit.receipts import Verdict
from schemas.elections import MAX_DEFINITION_BYTES, Election
from schemas.input_files import InputRefused, open_input
from schemas.language import Text
from schemas.regions import Registry, RegistryInvalid
from transparency.checkpoint import Checkpoint, open_checkpoint
from transparency.errors import Malformed, NotProven
from transparency.merkle import Frontier
from transparency.note import Note
from transparency.policy import MAX_POLICY_BYTES, NONE, Policy

OnProgress = Callable[[int, int], None]

MOST_CANDIDATES_BYTES: Final = 64 * MAX_DEFINITION_BYTES
"""Of a definition with its candidates: 200,000 persons have some 30 MB."""


@dataclass(slots=True)
class Opened:
    """What the later checks need of a bundle; None where it can't be read."""

    manifest: Manifest | None = None
    election: Election | None = None
    registry: Registry | None = None
    chains: dict[int, Chain] = field(default_factory=dict)
    chunks: dict[int, list[Path]] = field(default_factory=dict)


def verify_log(
    bundle: Path,
    report: Report,
    policy: Policy | None,
    known: Sequence[bytes],
    on_progress: OnProgress | None = None,
) -> Opened:
    """Add the checks of files, entries, tree, checkpoints and witnesses to `report`. `policy` None: that of
    the bundle, if it has one; `known`: checkpoints that the auditor had from elsewhere, as notes. Raises
    NoBundle and OSError."""
    opened = Opened()
    if report.found(irregular_files(bundle)):
        return _unread(opened, report, report.findings[0], _IRREGULAR)
    manifest = read_manifest(bundle)
    if isinstance(manifest, Found):
        report.found([manifest])
        return _unread(opened, report, manifest, _NO_MANIFEST)
    opened.manifest = manifest
    report.election = manifest.election
    wrong_files = _check_files(bundle, manifest, opened, report)
    counts_differ = False
    total = sum(line.entries for line in manifest.partitions)
    done = 0

    def on_entries(count: int) -> None:
        nonlocal done
        done += count
        if on_progress is not None:
            on_progress(done, total)

    for line in manifest.partitions:
        chunks = opened.chunks[line.partition] = chunks_of(bundle, line.partition)
        most = line.entries + CHUNK_ENTRIES  # some that were added are named
        chain = opened.chains[line.partition] = check_chain(bundle, line.partition, chunks, on_entries, most)
        report.events += chain.entries
        if chain.entries != line.entries and not chain.unreadable:
            report.found([say.manifest_differs(Text("jumlah entri", "number of entries"))])
            counts_differ = True
    count = len(manifest.files)
    report.check(
        "manifest",
        Verdict.FAILED if wrong_files or counts_differ else Verdict.PROVEN,
        Text(f"{count} berkas, {wrong_files} tidak sesuai", f"{count} files, {wrong_files} not as listed"),
    )
    _check_chains(opened, report)
    _check_policy(bundle, opened, report, policy)
    _check_known(opened, report, known)
    return opened


def _unread(opened: Opened, report: Report, why: Found, others: Text) -> Opened:
    report.check("manifest", Verdict.FAILED, why.sentence)
    for name in ("entries", "tree", "checkpoint"):
        report.check(name, Verdict.NOT_CHECKED, others)
    return opened


def _check_files(bundle: Path, manifest: Manifest, opened: Opened, report: Report) -> int:
    """How much of the bundle is not as the manifest says."""
    wrong = report.found(check_files(bundle, manifest))
    wrong += report.found(_definition(bundle, manifest, opened, is_told=wrong > 0))
    partitions = [line.partition for line in manifest.partitions]
    folders = {path.name for path in (bundle / LOG).glob("*")} if (bundle / LOG).is_dir() else set()
    if partitions != list(range(len(partitions))) or folders != {str(one) for one in partitions}:
        wrong += report.found([say.manifest_differs(Text("daftar partisi", "list of partitions"))])
    return wrong


def _definition(bundle: Path, manifest: Manifest, opened: Opened, *, is_told: bool) -> list[Found]:
    """Definition and register are those that the manifest names; `is_told`: some file is not as listed."""
    found: list[Found] = []
    try:
        with open_input(bundle / ELECTION, MOST_CANDIDATES_BYTES) as file:
            opened.election = Election.from_json(file.read())
        opened.registry = Registry.load(bundle / REGISTRY)
    except (FileNotFoundError, ValueError, InputRefused, RegistryInvalid):
        if not is_told:
            what = Text("definisi pemilu atau daftar wilayah", "definition of the election or register")
            found.append(say.manifest_differs(what))
        return found
    if opened.election.hash != manifest.election_hash or opened.election.id != manifest.election:
        found.append(say.manifest_differs(Text("definisi pemilu", "definition of the election")))
    if opened.registry.hash != manifest.registry_hash:
        found.append(say.manifest_differs(Text("daftar wilayah", "register")))
    return found


def _check_chains(opened: Opened, report: Report) -> None:
    chains = opened.chains
    heads = {number: chain.head for number, chain in chains.items()}
    entries = sum(chain.entries for chain in chains.values())
    compared = sum(chain.compared for chain in chains.values())
    wrong = sum(report.found(chain.log) for chain in chains.values())
    is_whole = all(
        chain.head.checkpoint is not None and chain.compared >= chain.entries for chain in chains.values()
    )
    verdict = Verdict.FAILED if wrong else Verdict.PROVEN if is_whole else Verdict.NOT_CHECKED
    report.check(
        "entries",
        verdict,
        Text(
            f"{compared} dari {entries} entri dicocokkan dengan pohon log yang ditandatangani",
            f"{compared} of {entries} entries held against the signed tree of the log",
        ),
    )
    wrong = sum(report.found(chain.tree) for chain in chains.values())
    is_known = all(head.checkpoint is not None for head in heads.values())
    report.check(
        "tree",
        Verdict.FAILED if wrong else Verdict.PROVEN if is_known else Verdict.NOT_CHECKED,
        Text("setiap tile, dari akar sampai entri", "every tile, from the root down to the entries"),
    )
    invalid = [
        say.checkpoint_invalid(number, head.why)
        for number, head in heads.items()
        if head.checkpoint is None and not head.missing
    ]
    report.found(invalid)
    missing = [number for number, head in heads.items() if head.missing]
    verdict = Verdict.FAILED if invalid else Verdict.NOT_CHECKED if missing else Verdict.PROVEN
    names = ", ".join(head.checkpoint.origin for head in heads.values() if head.checkpoint)
    detail = Text(f"ditandatangani log {names}", f"signed by the log {names}")
    if missing:
        where = ", ".join(map(str, missing))
        detail = Text(
            f"partisi {where} tidak punya checkpoint: log itu belum ditandatangani (rekap notary)",
            f"partition {where} has no checkpoint: that log was not signed (rekap notary)",
        )
    report.check("checkpoint", verdict, detail)


def _check_policy(bundle: Path, opened: Opened, report: Report, given: Policy | None) -> None:
    """Logs and witnesses of a policy: the auditor's own, or the one that the bundle brings."""
    policy = given
    if policy is None:
        try:
            with open_input(bundle / POLICY, MAX_POLICY_BYTES) as file:
                policy = Policy.parse(file.read())
        except FileNotFoundError:
            policy = None
        except (Malformed, InputRefused) as error:
            why = str(error)
            report.check("cosignatures", Verdict.NOT_CHECKED, Text(why, why))
            return
    if policy is None or (policy.quorum == NONE and not policy.logs):
        report.without("cosignatures", _NO_WITNESSES)
        return
    heads = {number: chain.head for number, chain in opened.chains.items()}
    wrong = report.found(_policy_faults(heads, policy))
    unknown = [number for number, head in heads.items() if head.checkpoint is None]
    source = Text("kebijakan auditor", "the auditor's policy")
    if given is None:
        source = Text("kebijakan dalam bundel itu sendiri", "the policy that the bundle itself brings")
    report.check(
        "cosignatures",
        Verdict.FAILED if wrong else Verdict.NOT_CHECKED if unknown else Verdict.PROVEN,
        Text(f"menurut {source.id}, kuorum {policy.quorum}", f"by {source.en}, quorum {policy.quorum}"),
    )


def _policy_faults(heads: dict[int, Head], policy: Policy) -> list[Found]:
    found: list[Found] = []
    logs = {log.key.name: log.key for log in policy.logs}
    for number, head in heads.items():
        if head.checkpoint is None:
            continue
        if logs and logs.get(head.checkpoint.origin) != head.key:
            found.append(say.other_key(number, head.checkpoint.origin))
        why = check_witnesses(head, policy)
        if why is not None:
            found.append(say.not_cosigned(number, why))
    return found


def _check_known(opened: Opened, report: Report, known: Sequence[bytes]) -> None:
    """Checkpoints that the auditor had before: the log of the bundle goes on from each of them."""
    if not known:
        report.without("history", _NOTHING_KNOWN)
        return
    wrong, unchecked = 0, 0
    for raw in known:
        place = _place_of(raw, opened)
        if place is None:
            unchecked += 1
            continue
        partition, checkpoint = place
        found = _against(partition, checkpoint, opened)
        wrong += report.found(found)
    report.check(
        "history",
        Verdict.FAILED if wrong else Verdict.NOT_CHECKED if unchecked else Verdict.PROVEN,
        Text(
            f"{len(known)} checkpoint terdahulu, {unchecked} di antaranya bukan dari log ini",
            f"{len(known)} earlier checkpoints, {unchecked} of them of no log of this bundle",
        ),
    )


def _place_of(raw: bytes, opened: Opened) -> tuple[int, Checkpoint] | None:
    """The partition whose log signed that checkpoint, and what it says."""
    for partition, chain in opened.chains.items():
        if chain.head.key is None:
            continue
        try:
            return partition, open_checkpoint(Note.parse(raw), [chain.head.key])
        except (Malformed, NotProven):
            continue
    return None


def _against(partition: int, known: Checkpoint, opened: Opened) -> list[Found]:
    leaves = opened.chains[partition].leaves
    if known.size > len(leaves):
        return [say.rolled_back(partition, len(leaves), known.size)]
    frontier = Frontier()
    for leaf in leaves[: known.size]:
        frontier.append(leaf)
    return [] if frontier.root() == known.root else [say.forked(partition, known.size)]


_IRREGULAR: Final = Text(
    "bundel hanya boleh berisi folder dan berkas biasa", "a bundle may hold only folders and regular files"
)
_NO_MANIFEST: Final = Text(
    "tanpa manifes tidak ada yang dapat diperiksa", "nothing can be checked without a manifest"
)
_NO_WITNESSES: Final = Text(
    "tidak ada kebijakan yang mewajibkan saksi (--policy): siapa pun pemegang kunci log dapat memperlihatkan "
    "log lain kepada orang lain",
    "no policy asks for witnesses (--policy): whoever holds the log's key can show others another log",
)
_NOTHING_KNOWN: Final = Text(
    "tidak ada checkpoint terdahulu untuk dibandingkan (--checkpoint)",
    "there is no earlier checkpoint to compare with (--checkpoint)",
)
