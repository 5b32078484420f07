"""The decorator of everything that an event is made of: frozen, closed, and checked by pydantic when read.

These are dataclasses and not pydantic's models: a form is read in three quarters of the time, and each of its
fields looked up in a third (models look for private attributes too). A count has 823,236 forms. They are
checked where bytes become an event (schemas.decode), and when somebody makes one by its fields.
"""

from __future__ import annotations

from typing import TypeVar, cast, dataclass_transform

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Part = TypeVar("Part")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field,))
def part(made: type[Part]) -> type[Part]:
    """Make the class a part of an event: fields by name only, unknown ones rejected, all immutable."""
    return cast(type[Part], dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))(made))
