"""The order of ballots: by number where ids are numbers, and never by the order of the input."""

from __future__ import annotations


def by_number(option: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts `2` before `10`, `4.2` before `4.10`, and what is no number behind both."""
    return tuple(
        (0, int(part), part) if part.isascii() and part.isdecimal() else (1, 0, part)
        for part in option.replace(":", ".").split(".")
    )
