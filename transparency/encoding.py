"""Numbers and base64 as the C2SP formats write them: one text for one value, everything else is refused."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error
from typing import Final

from transparency.errors import Malformed

MAX_NUMBER: Final = 2**63 - 1
"""The largest size, index or time: peers keep them as signed 64-bit integers."""

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")

MAX_SHOWN: Final = 60
"""Characters of what somebody else wrote that an error repeats."""


def decimal(text: str, what: str) -> int:
    """The number that `text` is: ASCII digits without leading zeros. Raises Malformed."""
    number = int(text) if _DECIMAL.fullmatch(text) else MAX_NUMBER + 1
    if number > MAX_NUMBER:
        raise Malformed(f"{what} is {shown(text)}, not a decimal number from 0 to {MAX_NUMBER}")
    return number


def base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return b64encode(data).decode("ascii")


def unbase64(text: str, what: str, size: int | None = None) -> bytes:
    """The bytes that `text` stands for, `size` of them where that is given. Raises Malformed, also where
    another text would stand for the same bytes."""
    try:
        data = b64decode(text, validate=True)
    except (Error, ValueError) as error:
        raise Malformed(f"{what} is {shown(text)}, not base64: {error}") from None
    if base64(data) != text:
        raise Malformed(f"{what} is {shown(text)}, which is not how base64 writes these bytes")
    if size is not None and len(data) != size:
        raise Malformed(f"{what} has {len(data)} bytes, not {size}")
    return data


def shown(text: str) -> str:
    """What somebody else wrote, as an error repeats it: escaped and cut."""
    return ascii(text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}...")
