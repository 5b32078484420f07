"""Reads the files of Docker Compose, without Docker: services, variables, and commands as our own see them.

Files are merged the way that Compose does it where these files need it, and no further.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import click
import yaml

from rekap.application import application
from rekap.session import Session

ROOT: Final = Path(__file__).parents[2]
BASE: Final = "docker-compose.yml"
CLUSTER: Final = "deploy/compose.cluster.yml"

_VARIABLE: Final = re.compile(r"(?<!\$)\$\{(\w+)(?::-([^}]*))?\}")


class _Loader(yaml.SafeLoader):
    """Knows Compose's own tag for `instead of what is there`."""


def _override(loader: _Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    raise yaml.constructor.ConstructorError(None, None, "!override is for lists here", node.start_mark)


_Loader.add_constructor("!override", _override)


@cache
def read(file: str) -> dict[str, Any]:
    """A file as it stands, anchors resolved, variables not."""
    document: dict[str, Any] = yaml.load((ROOT / file).read_text("utf-8"), _Loader)
    return document


def services() -> dict[str, dict[str, Any]]:
    """All services, those of the cluster whole: with what they extend."""
    found: dict[str, dict[str, Any]] = dict(read(BASE)["services"])
    for name, own in read(CLUSTER)["services"].items():
        base = found[own["extends"]["service"]] if "extends" in own else found[name]
        found[name] = merged(base, own)
    return found


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings are merged, volumes by where they are mounted, everything else is replaced."""
    result = dict(base)
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            result[key] = merged(base[key], value)
        elif key == "volumes":
            result[key] = list({target(one): one for one in [*base[key], *value]}.values())
        else:
            result[key] = value
    return result


def target(volume: str | dict[str, Any]) -> str:
    """Where a volume is mounted."""
    if isinstance(volume, dict):
        return str(volume["target"])
    return substituted(volume).split(":")[1]


def substituted(text: str, values: Mapping[str, str] | None = None) -> str:
    """A text with its variables: as given, or else their defaults; `$$` is a dollar sign."""
    given = values or {}
    return _VARIABLE.sub(lambda found: given.get(found[1], found[2] or ""), text).replace("$$", "$")


def variables(*files: str) -> dict[str, set[str | None]]:
    """Every variable of these files, with the defaults that it has there (None: without one)."""
    found: dict[str, set[str | None]] = {}
    for file in files:
        lines = (ROOT / file).read_text("utf-8").splitlines()
        text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
        for name, default in re.findall(r"(?<!\$)\$\{?(\w+)(:-[^}]*)?\}?", text):
            found.setdefault(name, set()).add(default.removeprefix(":-") if default else None)
    return found


def arguments(service: Mapping[str, Any], values: Mapping[str, str] | None = None) -> list[str]:
    """What the command of a service is given after `rekap`."""
    command = service["command"]
    if isinstance(command, str):
        return shlex.split(substituted(command, values))
    return [substituted(part, values) for part in command]


def parsed(words: list[str], environment: Mapping[str, str]) -> click.Context:
    """The command line as `rekap` understands it, with these variables set; nothing is run.

    Raises click.UsageError where it can't be understood.
    """
    name, *rest = words
    with _environment(environment):
        above = click.Context(application, info_name="rekap", obj=Session("en"))
        command = application.get_command(above, name)
        if command is None:
            raise click.UsageError(f"rekap has no command {name!r}")
        return command.make_context(name, rest, parent=above)


class _environment:  # noqa: N801  reads as a statement
    """The environment is exactly this inside the block."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._held: dict[str, str] = {}

    def __enter__(self) -> None:
        self._held = dict(os.environ)
        os.environ.clear()
        os.environ.update(self._values)

    def __exit__(self, *_: object) -> None:
        os.environ.clear()
        os.environ.update(self._held)


def of_rekap() -> Iterator[tuple[str, dict[str, Any]]]:
    """The services that run our own image."""
    return ((name, one) for name, one in services().items() if str(one["image"]).startswith("rekap:"))
