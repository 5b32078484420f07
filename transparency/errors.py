"""The two ways in which something may not be taken: it is not in its format, or it proves nothing."""

from __future__ import annotations


class Malformed(ValueError):
    """Text or bytes that are not in their format; the text says what was expected."""


class NotProven(Exception):
    """A signature, a proof or a policy that does not hold; the text says which."""
