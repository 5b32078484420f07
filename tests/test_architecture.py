"""Who may import whom, held by reading the imports of every module; and the house's other habits.

The walls: what events mean is pure and knows no shell; rows, queries and the log do not know each other;
what checks the results shares no adding up with what makes them. An exemption list may only shrink.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]

PACKAGES: Final = (
    "schemas",
    "stream_processors",
    "event_log",
    "serving",
    "clickhouse",
    "sinks",
    "queries",
    "audit",
    "determination",
    "producers",
    "monitoring",
    "transparency",
    "devtools",
    "benchmarks",
    "rekap",
)

MAY_IMPORT: Final = {
    "schemas": (),
    "stream_processors": ("schemas",),
    "stream_processors.partition": (
        *("schemas", "stream_processors", "event_log.leaf", "sinks.rows", "sinks.writer"),
    ),
    "stream_processors.embedded": (
        *("schemas", "stream_processors", "stream_processors.partition"),
        *("event_log", "clickhouse", "clickhouse.interface", "sinks"),
    ),
    "stream_processors.distributed": (
        *("schemas", "stream_processors", "stream_processors.partition", "monitoring"),
        *("event_log", "event_log.kafka", "sinks.rows", "sinks.row_messages", "sinks.row_places"),
    ),
    "event_log": ("schemas",),
    "event_log.kafka": ("schemas", "event_log"),
    "event_log.kafka.admin": ("schemas", "event_log", "event_log.kafka"),
    "serving": (),
    "clickhouse": ("schemas",),
    "clickhouse.interface": ("schemas", "clickhouse", "serving"),
    "sinks": ("schemas", "clickhouse"),
    "sinks.delivery": (
        *("schemas", "clickhouse", "clickhouse.interface", "sinks"),
        *("event_log", "event_log.kafka", "monitoring"),
    ),
    "monitoring": ("schemas", "serving"),
    "transparency": (),
    "transparency.notary": ("transparency", "schemas", "event_log"),
    "queries": ("schemas",),
    "determination": ("schemas",),
    "producers": ("schemas", "event_log", "event_log.kafka", "stream_processors.station"),
    "audit": (
        *("schemas", "event_log", "event_log.kafka", "queries", "transparency", "audit.recompute"),
        *("stream_processors.assess", "stream_processors.fold", "stream_processors.in_force"),
    ),
    "audit.recompute": ("schemas",),
    "devtools": (),
    "benchmarks": tuple(package for package in PACKAGES if package != "rekap"),
    "rekap": PACKAGES,
}
"""What each part may import of ours beside itself. A part within another is not the other: nobody imports
`stream_processors.embedded` who may import `stream_processors` unless it is named."""

ONLY_IN: Final = {
    "clickhouse_connect": ("clickhouse", "sinks", "queries", "benchmarks.stream.systems"),
    "chdb": ("clickhouse", "audit.recompute"),
    "starlette": ("serving", "clickhouse.interface", "monitoring"),
    "uvicorn": ("serving",),
    "openpyxl": ("schemas",),
    "sqlite3": ("event_log", "stream_processors.embedded", "transparency.notary"),
    "kafka": (
        "devtools",
        "event_log.kafka",
        "producers",
        "stream_processors.distributed",
        "benchmarks.stream",
    ),
    "faust": ("stream_processors.distributed", "benchmarks.stream"),
    "prometheus_client": ("monitoring",),
    "nacl": ("transparency", "schemas"),
    "click": ("rekap",),
    "segno": ("rekap",),
    "rich": ("rekap",),
    "multiprocessing": ("stream_processors.partition",),
    "threading": (
        "stream_processors",
        "event_log",
        "producers",
        "serving",
        "clickhouse",
        "sinks",
        "monitoring",
        "transparency.notary",
        "rekap",
    ),
}
"""Libraries that belong to one layer. What is imported for type checkers alone is free."""

EXEMPT: Final[set[tuple[str, str]]] = set()
"""Imports that break a rule above and are known: each one that goes is taken out here too."""

IMPURE: Final = (
    "os",
    "sys",
    "time",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "pathlib",
    "shutil",
    "tempfile",
)
"""What a pure function of its arguments has no use for: clocks, chance, files, other processes."""

PURE: Final = ("stream_processors", "determination")
"""Parts that are held to that."""

MOST_LINES: Final = 400
"""A module this long is two."""


@dataclass(frozen=True, slots=True)
class Import:
    """`module` imports `imported`; `for_types`: only when types are checked."""

    module: str
    imported: str
    for_types: bool


def module_name(path: Path) -> str:
    """A file as an import names it."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    """Every module outside the tests, by name."""
    return {
        module_name(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))
    }


@cache
def imports() -> tuple[Import, ...]:
    """Every import of every module, wherever in it. `from a import b` imports a.b where that is a module."""
    found: list[Import] = []
    for module, path in modules().items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for_types = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            found += [Import(module, name, id(node) in for_types) for name in _imported(node)]
    return tuple(found)


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"relative import of {node.module}: write the whole name"
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            yield whole if whole in modules() else str(node.module)


def within(module: str, part: str) -> bool:
    """Whether a module is that part or in it."""
    return module == part or module.startswith(f"{part}.")


def part_of(module: str) -> str:
    """The part with rules of its own that a module belongs to: the innermost."""
    return max((part for part in MAY_IMPORT if within(module, part)), key=len)


def breaks_the_rules(one: Import) -> bool:
    """Whether an import of ours crosses a wall."""
    if not any(within(one.imported, package) for package in PACKAGES):
        return False
    own, other = part_of(one.module), part_of(one.imported)
    if own == other:
        return False
    # Naming a part opens it, not the parts within it that have rules of their own; these two use all.
    return not any(
        within(one.imported, allowed) and (part_of(allowed) == other or own in ("rekap", "benchmarks"))
        for allowed in MAY_IMPORT[own]
    )


def test_no_part_imports_what_it_may_not_know() -> None:
    assert [one for one in imports() if breaks_the_rules(one)] == []


@pytest.mark.parametrize(
    ("module", "imported", "broken"),
    [
        ("schemas.forms", "schemas.regions", False),
        ("schemas.forms", "event_log.leaf", True),
        ("stream_processors.fold", "stream_processors.checks.votes", False),
        ("stream_processors.fold", "stream_processors.partition.state", True),
        ("stream_processors.partition.state", "stream_processors.rollup", False),
        ("stream_processors.partition.batch", "schemas.sources", False),
        ("sinks.baseline", "stream_processors.rollup", True),
        ("stream_processors.partition.batch", "producers.importers", True),
        ("sinks.rows", "queries.cells", True),
        ("sinks.rows", "stream_processors.cells", True),
        ("audit.verify", "stream_processors.fold", False),
        ("audit.verify", "stream_processors.rollup", True),
        ("audit.verify", "stream_processors", True),
        ("rekap.command", "stream_processors.embedded.runner", False),
        ("schemas.sources", "rekap.command", True),
        ("benchmarks.embedded", "rekap.command", True),
        ("benchmarks.embedded", "sinks.writer", False),
        ("queries.cells", "clickhouse_connect.driver", False),
    ],
)
def test_the_walls_stand_where_they_are_drawn(module: str, imported: str, broken: bool) -> None:
    assert breaks_the_rules(Import(module, imported, for_types=False)) is broken


def circles(arrows: dict[str, set[str]]) -> set[str]:
    """What is left when whatever imports nothing more is taken away again and again: the members of circles,
    and what leads to them."""
    left = {name: set(others) for name, others in arrows.items()}
    while free := {name for name, others in left.items() if not others & left.keys()}:
        left = {name: others for name, others in left.items() if name not in free}
    return set(left)


def test_no_import_runs_upward() -> None:
    """Modules and parts can each be put in an order in which everything imports only what is before it."""
    by_module: dict[str, set[str]] = {name: set() for name in modules()}
    by_part: dict[str, set[str]] = {part: set() for part in MAY_IMPORT}
    for one in imports():
        if one.imported in by_module and one.imported != one.module:
            by_module[one.module].add(one.imported)
            if not one.for_types and part_of(one.module) != part_of(one.imported):
                by_part[part_of(one.module)].add(part_of(one.imported))
    runtime = {
        name: {other for other in others if Import(name, other, for_types=False) in imports()}
        for name, others in by_module.items()
    }
    assert circles(runtime) == set()
    assert circles(by_part) == set()


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": set()}) == {"a", "b", "c"}


def test_libraries_are_imported_only_by_the_layer_that_owns_them() -> None:
    strays = {
        (one.module, one.imported)
        for one in imports()
        for library, owners in ONLY_IN.items()
        if within(one.imported, library)
        and not one.for_types
        and not any(within(one.module, owner) for owner in owners)
    }
    assert strays == EXEMPT


def test_pure_processors_reach_for_no_clock_no_chance_and_no_file() -> None:
    assert [
        (one.module, one.imported)
        for one in imports()
        if part_of(one.module) in PURE and any(within(one.imported, name) for name in IMPURE)
    ] == []


def test_transparency_logs_are_pure_and_need_nothing_of_ours() -> None:
    """Whoever checks a proof installs this package, PyNaCl and nothing else."""
    imported = {one.imported for one in imports() if part_of(one.module) == "transparency"}
    assert [name for name in imported if any(within(name, impure) for impure in IMPURE)] == []
    roots = {name.partition(".")[0] for name in imported}
    assert roots - set(sys.stdlib_module_names) == {"transparency", "nacl"}


def test_what_a_notary_may_sign_is_decided_without_a_clock_and_a_disk() -> None:
    assert [
        one.imported
        for one in imports()
        if one.module in ("transparency.notary.log_tree", "transparency.notary.refusals")
        and any(within(one.imported, name) for name in (*IMPURE, "sqlite3", "transparency.notary.heads"))
    ] == []


def test_what_verifies_shares_no_adding_up_with_what_counts() -> None:
    """Everything that audit and the fold reach, by any way: none of it is the runner's way to its totals."""
    reached, waiting = set(), ["audit.verify", "stream_processors.fold"]
    while waiting:
        module = waiting.pop()
        reached.add(module)
        waiting += [
            one.imported
            for one in imports()
            if one.module == module and one.imported in modules() and one.imported not in reached
        ]
    assert {module for module in reached if part_of(module) == "stream_processors.embedded"} == set()
    assert "stream_processors.rollup" not in reached
    assert "sinks.rows" not in reached
    assert "stream_processors.assess" in reached


def test_every_part_is_there() -> None:
    """A renamed part would otherwise be held to nothing."""
    assert all(part in modules() for part in MAY_IMPORT)
    assert {module.partition(".")[0] for module in modules()} == set(PACKAGES)
    assert {one.imported.partition(".")[0] for one in imports()} >= ONLY_IN.keys()


# Habits


def sources(*folders: str) -> list[Path]:
    """The Python files that hold anything."""
    return [
        path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")) if path.stat().st_size
    ]


def shown(path: Path) -> str:
    """A file as a test's id."""
    return str(path.relative_to(ROOT))


def test_every_module_says_what_it_promises() -> None:
    silent = [
        shown(path)
        for path in sources(*PACKAGES, "tests")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_every_module_of_ours_has_an_initial_file() -> None:
    """Without it a folder is left out of what is installed."""
    folders = {path.parent for path in sources(*PACKAGES)}
    assert [shown(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_annotations_are_never_evaluated() -> None:
    eager = [
        shown(path)
        for path in sources(*PACKAGES, "tests")
        if "from __future__ import annotations" not in (text := path.read_text(encoding="utf-8"))
        and len(ast.parse(text).body) > 1
    ]
    assert eager == []


def test_no_file_is_too_long_to_read() -> None:
    long = {
        shown(path): lines
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*"))
        if path.suffix in (".py", ".sql", ".yaml")
        and (lines := path.read_text(encoding="utf-8").count("\n")) > MOST_LINES
    }
    assert long == {}


LAST_STEPS: Final = {
    "rekap.terminal": {"click.echo", "sys.stderr.write", "Console"},
    "rekap.output.formats": {"sys.stdout.buffer", "sys.stdout.buffer.write"},
}
"""Who writes to a terminal, and by what."""

WRITES: Final = re.compile(
    r"click\.s?echo|traceback\.print_\w+|sys\.std(out|err)\.(buffer.*|write|writelines)|Text\.from_\w+"
)
"""Names that write text, or let rich take text for markup."""


def test_only_the_last_step_writes_to_a_terminal() -> None:
    """What others wrote is escaped there: whoever writes past it would have to remember that."""
    past = [
        (module, node.lineno, written)
        for module, path in modules().items()
        if not within(module, "benchmarks") and not within(module, "devtools")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Attribute, ast.Call))
        if (written := _written_by(node)) and written not in LAST_STEPS.get(module, ())
    ]
    assert past == []


def _written_by(node: ast.Attribute | ast.Call) -> str:
    name = ast.unparse(node.func if isinstance(node, ast.Call) else node)
    if isinstance(node, ast.Call):
        return name if name in ("print", "pprint", "Console") else ""
    return name if WRITES.fullmatch(name) else ""
