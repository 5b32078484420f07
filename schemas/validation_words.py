"""What the validation library finds wrong with a value, in our words and both languages.

No text of the library is shown: each kind of error that our models can raise has a sentence here, and a kind
that is missing would say only that the value does not fit.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import ValidationError

from schemas.language import ExplainedError, Text
from schemas.text import quoted

_WORDS: Final[dict[str, Text]] = {
    "missing": Text(id="tidak ada; isi", en="is missing; give it"),
    "missing_keyword_only_argument": Text(id="tidak ada; isi", en="is missing; give it"),
    "extra_forbidden": Text(id="tidak dikenal; hapus bidang itu", en="is not known; leave it out"),
    "unexpected_keyword_argument": Text(
        id="tidak dikenal; hapus bidang itu", en="is not known; leave it out"
    ),
    "none_required": Text(id="harus kosong", en="must be empty"),
    "string_type": Text(id="bukan teks; tulis dalam tanda kutip", en="is no text; write it in quotes"),
    "string_sub_type": Text(id="bukan teks; tulis dalam tanda kutip", en="is no text; write it in quotes"),
    "string_unicode": Text(id="bukan UTF-8", en="is not UTF-8"),
    "string_pattern_mismatch": Text(id="tidak tertulis seperti {pattern}", en="is not written as {pattern}"),
    "string_too_long": Text(
        id="lebih panjang dari {max_length} karakter", en="has more than {max_length} characters"
    ),
    "string_too_short": Text(
        id="kurang dari {min_length} karakter", en="has fewer than {min_length} characters"
    ),
    "too_long": Text(id="lebih dari {max_length} isinya", en="has more than {max_length} members"),
    "too_short": Text(id="kurang dari {min_length} isinya", en="has fewer than {min_length} members"),
    "int_type": Text(id="bukan bilangan bulat", en="is no whole number"),
    "int_parsing": Text(id="bukan bilangan bulat", en="is no whole number"),
    "int_from_float": Text(id="bukan bilangan bulat", en="is no whole number"),
    "int_parsing_size": Text(id="terlalu besar", en="is too large"),
    "float_type": Text(id="bukan bilangan", en="is no number"),
    "finite_number": Text(id="bukan bilangan", en="is no number"),
    "bool_type": Text(id="bukan true atau false", en="is neither true nor false"),
    "bool_parsing": Text(id="bukan true atau false", en="is neither true nor false"),
    "greater_than_equal": Text(id="kurang dari {ge}", en="is less than {ge}"),
    "greater_than": Text(id="tidak lebih dari {gt}", en="is not more than {gt}"),
    "less_than_equal": Text(id="lebih dari {le}", en="is more than {le}"),
    "less_than": Text(id="tidak kurang dari {lt}", en="is not less than {lt}"),
    "enum": Text(id="bukan salah satu dari {expected}", en="is none of {expected}"),
    "literal_error": Text(id="bukan salah satu dari {expected}", en="is none of {expected}"),
    "union_tag_invalid": Text(id="bukan salah satu dari {expected_tags}", en="is none of {expected_tags}"),
    "union_tag_not_found": Text(id="tidak ada; isi", en="is missing; give it"),
    "dict_type": Text(id="bukan objek {...}", en="is no object {...}"),
    "model_type": Text(id="bukan objek {...}", en="is no object {...}"),
    "model_attributes_type": Text(id="bukan objek {...}", en="is no object {...}"),
    "dataclass_type": Text(id="bukan objek {...}", en="is no object {...}"),
    "dataclass_exact_type": Text(id="bukan objek {...}", en="is no object {...}"),
    "list_type": Text(id="bukan daftar [...]", en="is no list [...]"),
    "tuple_type": Text(id="bukan daftar [...]", en="is no list [...]"),
    "invalid_key": Text(id="punya kunci yang bukan teks", en="has a key that is no text"),
    "datetime_type": Text(id="bukan waktu", en="is no time"),
    "datetime_parsing": Text(
        id="bukan waktu; tulis seperti 2024-02-14T13:00:00+07:00",
        en="is no time; write it as 2024-02-14T13:00:00+07:00",
    ),
    "datetime_from_date_parsing": Text(
        id="bukan waktu; tulis seperti 2024-02-14T13:00:00+07:00",
        en="is no time; write it as 2024-02-14T13:00:00+07:00",
    ),
    "datetime_object_invalid": Text(id="bukan waktu", en="is no time"),
    "timezone_aware": Text(
        id="tidak punya zona waktu; akhiri dengan +07:00 (WIB), +08:00, +09:00, atau Z",
        en="has no time zone; end it with +07:00 (WIB), +08:00, +09:00 or Z",
    ),
    "recursion_loop": Text(id="memuat dirinya sendiri", en="contains itself"),
    "json_invalid": Text(id="bukan JSON", en="is not JSON"),
}
"""By the kind of error what is wrong with the value; names in braces are of the error's context."""

_UNFIT: Final = Text(id="nilainya tidak sesuai", en="has a value that does not fit")


def is_known(kind: str) -> bool:
    """Whether there are words for that kind of error; of `value_error` the validator gives them."""
    return kind in _WORDS or kind == "value_error"


def explained(error: ValidationError, *, top: str = "") -> Text:
    """The first fault of a value: the field and what is wrong with it, and how many more there are. `top`
    names the field where the fault is in the whole."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = quoted(".".join(str(part) for part in first["loc"]) or top)
    words = _words(first)
    more = error.error_count() - 1
    also = Text(f" (dan {more} lagi)", f" (and {more} more)") if more else Text("", "")
    name = Text(f"{place}: ", f"{place}: ") if place else Text("", "")
    return Text(id=f"{name.id}{words.id}{also.id}", en=f"{name.en}{words.en}{also.en}")


def _words(fault: Any) -> Text:
    context = fault.get("ctx") or {}
    cause = context.get("error")
    if isinstance(cause, ExplainedError):
        return cause.said
    words = _WORDS.get(fault["type"], _UNFIT)
    told = {name: quoted(value) for name, value in context.items()}
    return Text(*(_filled(text, told, "atau" if place == 0 else "or") for place, text in enumerate(words)))


def _filled(text: str, told: dict[str, str], either: str) -> str:
    """The text with the names in braces filled in; the library writes its lists with `or`."""
    for name, value in told.items():
        text = text.replace(f"{{{name}}}", value.replace(" or ", f" {either} "))
    return text
