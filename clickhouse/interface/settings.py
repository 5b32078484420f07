"""The settings that a reader's request may choose: how the answer is written, and where it is cut off.

Each is named exactly and its value is bounded here, before the engine sees it. A family of names is never
allowed: `output_format_schema` is one of the settings of how an answer is written, and it writes a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from clickhouse.interface.errors import BAD_ARGUMENTS
from clickhouse.interface.guard import READONLY, Refusal
from clickhouse.interface.session import READER_SECONDS

_ZONE: Final = re.compile(r"[A-Za-z0-9_+/-]{1,64}")
_NUMBER: Final = re.compile(r"\d{1,18}")


class _Bad(ValueError):
    """The value is none that the setting can have; the text says which can."""


def _switch(value: str) -> str:
    if value in ("0", "1"):
        return value
    if value.lower() in ("true", "false"):
        return str(int(value.lower() == "true"))
    raise _Bad("0 or 1")


def _one_of(*values: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value in values:
            return value
        raise _Bad(" or ".join(values))

    return check


def _whole(most: int, *, zero_is_most: bool = False) -> Callable[[str], str]:
    """A number; more than `most`, and 0 where it means without a bound, becomes `most`."""

    def check(value: str) -> str:
        if not _NUMBER.fullmatch(value):
            raise _Bad(f"a number up to {most}")
        number = min(int(value), most)
        return str(number or most if zero_is_most else number)

    return check


def _delimiter(value: str) -> str:
    if value == "\t" or (len(value) == 1 and value.isascii() and value.isprintable() and value not in "\"'"):
        return value
    raise _Bad("one printable character")


def _zone(value: str) -> str:
    if _ZONE.fullmatch(value):
        return value
    raise _Bad("the name of a time zone, such as Asia/Jakarta")


READER_SETTINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "date_time_output_format": _one_of("simple", "iso", "unix_timestamp"),
    "extremes": _switch,
    "format_csv_delimiter": _delimiter,
    "join_use_nulls": _switch,
    "max_block_size": _whole(1_000_000, zero_is_most=True),
    "max_execution_time": _whole(READER_SECONDS, zero_is_most=True),
    "max_result_rows": _whole(10**15),
    "output_format_arrow_compression_method": _one_of("none", "lz4_frame", "zstd"),
    "output_format_arrow_low_cardinality_as_dictionary": _switch,
    "output_format_arrow_string_as_string": _switch,
    "output_format_csv_crlf_end_of_line": _switch,
    "output_format_decimal_trailing_zeros": _switch,
    "output_format_json_array_of_rows": _switch,
    "output_format_json_escape_forward_slashes": _switch,
    "output_format_json_named_tuples_as_objects": _switch,
    "output_format_json_quote_64bit_floats": _switch,
    "output_format_json_quote_64bit_integers": _switch,
    "output_format_json_quote_decimals": _switch,
    "output_format_json_quote_denormals": _switch,
    "output_format_parquet_compression_method": _one_of("none", "snappy", "lz4", "gzip", "zstd"),
    "output_format_parquet_string_as_string": _switch,
    "output_format_pretty_color": _one_of("0", "1", "auto"),
    "output_format_pretty_max_rows": _whole(100_000),
    "output_format_pretty_row_numbers": _switch,
    "output_format_tsv_crlf_end_of_line": _switch,
    "output_format_write_statistics": _switch,
    "result_overflow_mode": _one_of("throw", "break"),
    "session_timezone": _zone,
}
"""What may be chosen, with the check that gives the value to set."""


def reader_settings(given: Mapping[str, str]) -> dict[str, str] | Refusal:
    """The settings to apply for a reader who gave `given`, or why they are not taken."""
    chosen: dict[str, str] = {}
    for name, value in given.items():
        check = READER_SETTINGS.get(name)
        if check is None:
            return Refusal(READONLY, f"Cannot modify {name[:60]!r} setting in readonly mode.")
        try:
            chosen[name] = check(value)
        except _Bad as allowed:
            return Refusal(BAD_ARGUMENTS, f"The setting {name} is {allowed}, not {value[:60]!r}.")
    return chosen
