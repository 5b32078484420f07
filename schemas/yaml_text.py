"""YAML that somebody else wrote, as plain values: never more of it than was written by a person.

An alias (`*name`) stands for all that its anchor holds, so a few lines of them can mean billions of values.
What the values mean is not known here.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from schemas.language import Text

MAX_VALUES: Final = 200_000
"""With every alias written out. The definition of the general election of 2024 has some 700."""
MAX_DEPTH: Final = 20
"""Lists and mappings in each other; a definition has 6."""


class _Refused(yaml.YAMLError):
    """What is no YAML of ours; `said` says why."""

    def __init__(self, indonesian: str, english: str) -> None:
        super().__init__(english)
        self.said = Text(indonesian, english)


class _Loader(yaml.SafeLoader):
    """Counts what it composes."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A value, or the one that an alias stands for."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _Refused(f"bersarang lebih dari {MAX_DEPTH}", f"it is nested more than {MAX_DEPTH} deep")
        alias = self.check_event(yaml.AliasEvent)
        node = super().compose_node(parent, index)
        self._depth -= 1
        if not alias:
            self._sizes[id(node)] = self._size(node)
        elif id(node) not in self._sizes:
            raise _Refused(
                "sebuah alias ada di dalam jangkarnya sendiri", "an alias stands inside its own anchor"
            )
        return node

    def _size(self, node: Any) -> int:
        """Values in a node whose own are all composed, aliases written out."""
        match node:
            case yaml.SequenceNode():
                inner = node.value
            case yaml.MappingNode():
                inner = [one for pair in node.value for one in pair]
            case _:
                inner = []
        size = 1 + sum(self._sizes[id(one)] for one in inner)
        if size > MAX_VALUES:
            raise _Refused(
                f"dengan aliasnya ada lebih dari {MAX_VALUES} nilai",
                f"with its aliases it has more than {MAX_VALUES} values",
            )
        return size


def load_yaml(text: str) -> Any:
    """The one document in `text`. Raises yaml.YAMLError, also for one that is too large or too deep."""
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    except (RecursionError, ValueError) as error:  # ValueError: a date or number that can't be
        raise _Refused(
            "ada tanggal atau bilangan yang tidak mungkin", "it holds a date or number that can't be"
        ) from error
    finally:
        loader.dispose()


def yaml_fault(error: yaml.YAMLError) -> Text:
    """Why a text can't be read, and where, without the words of the library."""
    if isinstance(error, _Refused):
        return error.said
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Text(id="ada karakter yang tidak boleh", en="it holds a character that may not be there")
    return Text(
        id=f"periksa baris {mark.line + 1}, kolom {mark.column + 1}, dan yang sebelumnya",
        en=f"look at line {mark.line + 1}, column {mark.column + 1}, and what is before it",
    )
