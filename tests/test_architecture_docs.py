"""The diagrams and tables of docs/architecture.md are those of the code: parts, topics, rights, decisions."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from pkgutil import resolve_name
from typing import Final

from event_log.kafka.admin.access import ADMIN, USERS
from event_log.kafka.topics import ALL_TOPICS, ELECTION_CONTROL
from schemas.events import CountAnnulled, CountCorrected, CountSubmitted, NotCounted
from schemas.findings import Status
from schemas.rejections import Reason, Rejection
from stream_processors.station import Accepted, Lineage, Proposal, Repeated, decide
from tests.test_architecture import MAY_IMPORT, ONLY_IN, PACKAGES, imports, part_of, within

ROOT: Final = Path(__file__).parents[1]
TEXT: Final = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FLOW, TOPICS, LIFE = re.findall(r"^```mermaid\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)

NODE: Final = re.compile(r'(?<!subgraph )\b([\w.]+)(\[\("|\[")(.+?)"\)?\]')
ARROW: Final = re.compile(
    r'^\s*([\w.]+)(?:\[.*?\])? (<?)(-->|==>|-\.->)(?:\|"(.+?)"\|)? ([\w.]+)', re.MULTILINE
)

USER_OF: Final = {
    "producers": "importer",
    "event_log.kafka": "worker",  # on whose behalf it reads
    "stream_processors.distributed": "worker",
    "sinks.delivery": "sink",
}
"""As which user of Kafka a part of the data flow writes and reads topics."""


def stores(diagram: str) -> dict[str, str]:
    """The text of each cylinder, by its id."""
    return {name: text for name, shape, text in NODE.findall(diagram) if shape == '[("'}


def boxes(diagram: str) -> dict[str, str]:
    """The text of each box, by its id."""
    return {name: text for name, shape, text in NODE.findall(diagram) if shape == '["'}


def arrows(diagram: str) -> list[tuple[str, str, str, str]]:
    """From, to, kind and label of each arrow; one with two heads is two."""
    found = []
    for source, back, kind, label, target in ARROW.findall(diagram):
        found.append((source, target, kind, label))
        if back:
            found.append((target, source, kind, label))
    return found


def section(title: str) -> str:
    """What is under the heading `title`."""
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str, first: str) -> list[list[str]]:
    """The rows of the table under a heading whose first column is called `first`."""
    table = section(title).split(f"| {first} |", 1)[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def ticked(text: str) -> list[str]:
    """Everything in backticks."""
    return re.findall(r"`([^`]+)`", text)


# What may import what


def test_the_table_of_imports_is_that_of_the_walls() -> None:
    told = {
        ticked(part)[0]: allowed for part, _, allowed in rows("Folders, and what may import what", "part")
    }
    expected = {
        part: ", ".join(f"`{one}`" for one in allowed) or "nothing" for part, allowed in MAY_IMPORT.items()
    }
    expected |= {"benchmarks": "everything but `rekap`", "rekap": "everything"}
    assert told == expected
    assert MAY_IMPORT["rekap"] == PACKAGES
    assert set(MAY_IMPORT["benchmarks"]) == {*PACKAGES} - {"rekap"}


# Data flow


def test_every_part_is_in_the_data_flow_or_named_as_left_out() -> None:
    left_out = ticked(section("Data flow").split("Not drawn")[1])
    assert sorted([*boxes(FLOW), *left_out]) == sorted(MAY_IMPORT)
    assert all(name == text for name, text in boxes(FLOW).items())


def test_every_node_of_a_diagram_is_declared_and_connected() -> None:
    for diagram in (FLOW, TOPICS):
        ends = {end for source, target, _, _ in arrows(diagram) for end in (source, target)}
        assert ends == {*boxes(diagram), *stores(diagram)}
        assert len(ARROW.findall(diagram)) == len(re.findall(r"-->|==>|-\.->", diagram))


def may_import(part: str, other: str) -> bool:
    """Whether a part may import something of the other."""
    return any(part_of(allowed) == other for allowed in MAY_IMPORT[part])


def test_an_arrow_between_packages_is_an_import_an_interface_or_http() -> None:
    """One end imports the other; both import the module of the label; or, over HTTP, neither may."""
    drawn = boxes(FLOW)
    between = [(a, b, label) for a, b, _, label in arrows(FLOW) if a in drawn and b in drawn]
    assert between
    ours = [one for one in imports() if any(within(one.imported, package) for package in PACKAGES)]
    parts = {(part_of(one.module), part_of(one.imported)) for one in ours}
    for source, target, label in between:
        if label == "HTTP":
            assert not may_import(source, target), (source, target)
            assert not may_import(target, source), (source, target)
            assert target in ONLY_IN["clickhouse_connect"]
            assert may_import(source, "serving"), source
        elif re.fullmatch(r"\w+(\.\w+)+", label):
            users = {part_of(one.module) for one in ours if one.imported == label} | {part_of(label)}
            assert {source, target} <= users, (source, target)
        else:
            assert {(source, target), (target, source)} & parts, (source, target)


def test_arrows_between_packages_and_topics_are_rights_of_their_users() -> None:
    names = {topic.name: topic for topic in ALL_TOPICS}
    topics = {node: names[text] for node, text in stores(FLOW).items() if text in names}
    assert {topic.name for topic in topics.values()} == names.keys() - {ELECTION_CONTROL.name}
    rights = {user.name: user for user in USERS}
    drawn = set()
    for source, target, _, _ in arrows(FLOW):
        if target in topics:
            user = USER_OF[source]
            assert topics[target] in rights[user].writes, (source, target)
            drawn.add((user, topics[target].name, "write"))
        elif source in topics:
            user = USER_OF[target]
            assert topics[source] in rights[user].reads, (source, target)
            drawn.add((user, topics[source].name, "read"))
    for user in {*USER_OF.values()} - {"importer"}:
        expected = {(user, topic.name, "write") for topic in rights[user].writes}
        expected |= {(user, topic.name, "read") for topic in rights[user].reads} - {
            (user, ELECTION_CONTROL.name, "read"),
        }
        assert {one for one in drawn if one[0] == user} == expected


def test_the_commit_points_are_those_that_the_code_marks() -> None:
    thick = [
        source for source, _, kind, label in arrows(FLOW) if kind == "==>" and label.startswith("COMMIT: ")
    ]
    assert thick == [source for source, _, kind, _ in arrows(FLOW) if kind == "==>"]
    marked = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for package in (*thick, "stream_processors.embedded")
        for path in (ROOT / package.replace(".", "/")).glob("*.py")
        if "the commit point" in path.read_text(encoding="utf-8")
    }
    assert {part_of(module) for module in marked} == {*thick, "stream_processors.embedded"}
    # The embedded engine's is a transaction of its log, the sink's a call of the writer.
    named = {
        name.rpartition(".")[0].rpartition(".")[0]
        for row in rows("Where to read first", "commit point")
        for name in ticked(row[1])
    }
    assert named == marked - {"stream_processors.embedded.runner", "sinks.delivery.delivery"} | {
        "sinks.writer"
    }


# Topics


def test_every_topic_is_drawn_with_its_partitions() -> None:
    expected = set()
    for topic in ALL_TOPICS:
        many = "partition" if topic.partitions == 1 else "partitions"
        text = f"{topic.name}<br/>{topic.partitions} {many}"
        text += f", as {topic.like}" if topic.like else ""
        expected.add(f"{text}, compacted" if topic.compacted else text)
    assert {*stores(TOPICS).values()} == expected


def test_the_arrows_of_topics_are_the_rights_of_users() -> None:
    topic_of = {node: text.partition("<br/>")[0] for node, text in stores(TOPICS).items()}
    drawn = {(topic_of.get(a, a), topic_of.get(b, b)) for a, b, _, _ in arrows(TOPICS)}
    expected = {(ADMIN, ELECTION_CONTROL.name)}
    for user in USERS:
        if user.name == "auditor":
            assert user.reads == ALL_TOPICS
            assert not user.writes
            continue
        expected |= {(user.name, topic.name) for topic in user.writes}
        expected |= {(topic.name, user.name) for topic in user.reads}
    assert drawn == expected


def test_the_table_of_topics_has_each_with_its_key() -> None:
    told = {
        ticked(row[0])[0]: row[1].replace("`", "").replace("\\|", "|")
        for row in rows("Topics and partitions", "topic")
    }
    assert told == {topic.name: re.split("[:;]", topic.key)[0] for topic in ALL_TOPICS}


# The life of a count

FIRST, SECOND, OTHER, NEW = (bytes([number]) * 32 for number in range(1, 5))
LINEAGES: Final = {
    "none": (Lineage(),),
    "in_force": (Lineage((FIRST,), FIRST), Lineage((FIRST, SECOND), SECOND)),
    "annulled": (Lineage((FIRST, SECOND), None),),
}


def transitions() -> set[tuple[str, str, str]]:
    """State, state and label of everything that `decide` can answer, of every state and every event."""
    found = set()
    kinds = {CountSubmitted: False, CountCorrected: True, CountAnnulled: True}
    for (state, lineages), (kind, names_another) in product(LINEAGES.items(), kinds.items()):
        for lineage in lineages:
            for named in (lineage.in_force, OTHER) if names_another else (None,):
                if names_another and named is None:
                    continue  # `supersedes` is required
                decision = decide(lineage, Proposal(NEW, "unit", named, kind is CountAnnulled))
                another = " of another" if named == OTHER and lineage.in_force else ""
                if isinstance(decision, Accepted):
                    after = "in_force" if decision.lineage.in_force else "annulled"
                    assert decision.lineage.version == lineage.version + 1
                    found.add((state, after, f"{kind.__name__} accepted"))
                else:
                    assert isinstance(decision, Rejection)
                    label = f"{kind.__name__}{another} rejected {decision.reason}"
                    found.add((state, state, label))
            for before in lineage.ids:
                assert isinstance(decide(lineage, Proposal(before, "unit")), Repeated)
                found.add((state, state, "accepted before repeated"))
    return found


def test_the_life_of_a_count_is_what_is_decided() -> None:
    drawn = re.findall(r"^\s*(\w+) --> (\w+): (.+)$", LIFE, re.MULTILINE)
    assert len(drawn) == len({*drawn})
    assert {*drawn} == transitions()


def test_the_states_of_a_count_are_named_with_every_status() -> None:
    (named,) = re.findall(r'state "count in force \((.+)\)" as in_force', LIFE)
    statuses = {*re.split(", | or ", named), *re.findall(r'state "(\w+): no count in force"', LIFE)}
    assert statuses == {status.value for status in Status}


def test_every_reason_is_named_where_it_is_given() -> None:
    told = {
        ticked(who)[0].split(".")[1]: {*ticked(reasons)}
        for who, reasons in rows("The life of one station's count", "rejected by")
    }
    modules = {
        "decode": ("schemas/decode.py",),
        "assess": (
            *("stream_processors/assess.py", "stream_processors/rejections.py"),
            "stream_processors/signatures.py",
        ),
        "authority": ("stream_processors/authority_rejections.py",),
        "station": ("stream_processors/station.py",),
    }
    assert set().union(*told.values()) == {reason.value for reason in Reason}
    for step, files in modules.items():
        text = "".join((ROOT / file).read_text(encoding="utf-8") for file in files)
        given = {Reason[name].value for name in re.findall(r"\bReason\.([A-Z_]+)", text)}
        given |= {why.value for why in NotCounted if step == "assess"}
        assert told[step] == given, step


# Names


def test_every_name_of_code_exists() -> None:
    parts = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    names = [one for one in ticked(TEXT) if re.fullmatch(r"\w+(\.\w+)+", one) and one.split(".")[0] in parts]
    assert names
    for name in names:
        assert resolve_name(name), name


def test_there_are_five_invariants_each_with_code_and_a_test() -> None:
    told = rows("Five invariants", "no.")
    assert [row[0] for row in told] == ["1", "2", "3", "4", "5"]
    for _, _, held_by, test in told:
        assert ticked(held_by)
        assert [name.partition("/")[0] for name in ticked(test)] == ["tests"]
