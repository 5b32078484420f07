"""What the validation library finds wrong with a value, in our words and both languages.

No text of the library is shown: each kind of error that our models can raise has a sentence here, and a kind
that is missing would say only that the value does not fit.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import ValidationError

from schemas.language import ExplainedError, Said
from schemas.text import quoted

_WORDS: Final[dict[str, Said]] = {
    "missing": Said(id="tidak ada; isi", en="is missing; give it"),
    "missing_keyword_only_argument": Said(id="tidak ada; isi", en="is missing; give it"),
    "extra_forbidden": Said(id="tidak dikenal; hapus bidang itu", en="is not known; leave it out"),
    "unexpected_keyword_argument": Said(
        id="tidak dikenal; hapus bidang itu", en="is not known; leave it out"
    ),
    "none_required": Said(id="harus kosong", en="must be empty"),
    "string_type": Said(id="bukan teks; tulis dalam tanda kutip", en="is no text; write it in quotes"),
    "string_sub_type": Said(id="bukan teks; tulis dalam tanda kutip", en="is no text; write it in quotes"),
    "string_unicode": Said(id="bukan UTF-8", en="is not UTF-8"),
    "string_pattern_mismatch": Said(id="tidak tertulis seperti {pattern}", en="is not written as {pattern}"),
    "string_too_long": Said(
        id="lebih panjang dari {max_length} karakter", en="has more than {max_length} characters"
    ),
    "string_too_short": Said(
        id="kurang dari {min_length} karakter", en="has fewer than {min_length} characters"
    ),
    "too_long": Said(id="lebih dari {max_length} isinya", en="has more than {max_length} members"),
    "too_short": Said(id="kurang dari {min_length} isinya", en="has fewer than {min_length} members"),
    "int_type": Said(id="bukan bilangan bulat", en="is no whole number"),
    "int_parsing": Said(id="bukan bilangan bulat", en="is no whole number"),
    "int_from_float": Said(id="bukan bilangan bulat", en="is no whole number"),
    "int_parsing_size": Said(id="terlalu besar", en="is too large"),
    "float_type": Said(id="bukan bilangan", en="is no number"),
    "finite_number": Said(id="bukan bilangan", en="is no number"),
    "bool_type": Said(id="bukan true atau false", en="is neither true nor false"),
    "bool_parsing": Said(id="bukan true atau false", en="is neither true nor false"),
    "greater_than_equal": Said(id="kurang dari {ge}", en="is less than {ge}"),
    "greater_than": Said(id="tidak lebih dari {gt}", en="is not more than {gt}"),
    "less_than_equal": Said(id="lebih dari {le}", en="is more than {le}"),
    "less_than": Said(id="tidak kurang dari {lt}", en="is not less than {lt}"),
    "enum": Said(id="bukan salah satu dari {expected}", en="is none of {expected}"),
    "literal_error": Said(id="bukan salah satu dari {expected}", en="is none of {expected}"),
    "union_tag_invalid": Said(id="bukan salah satu dari {expected_tags}", en="is none of {expected_tags}"),
    "union_tag_not_found": Said(id="tidak ada; isi", en="is missing; give it"),
    "dict_type": Said(id="bukan objek {...}", en="is no object {...}"),
    "model_type": Said(id="bukan objek {...}", en="is no object {...}"),
    "model_attributes_type": Said(id="bukan objek {...}", en="is no object {...}"),
    "dataclass_type": Said(id="bukan objek {...}", en="is no object {...}"),
    "dataclass_exact_type": Said(id="bukan objek {...}", en="is no object {...}"),
    "list_type": Said(id="bukan daftar [...]", en="is no list [...]"),
    "tuple_type": Said(id="bukan daftar [...]", en="is no list [...]"),
    "invalid_key": Said(id="punya kunci yang bukan teks", en="has a key that is no text"),
    "datetime_type": Said(id="bukan waktu", en="is no time"),
    "datetime_parsing": Said(
        id="bukan waktu; tulis seperti 2024-02-14T13:00:00+07:00",
        en="is no time; write it as 2024-02-14T13:00:00+07:00",
    ),
    "datetime_from_date_parsing": Said(
        id="bukan waktu; tulis seperti 2024-02-14T13:00:00+07:00",
        en="is no time; write it as 2024-02-14T13:00:00+07:00",
    ),
    "datetime_object_invalid": Said(id="bukan waktu", en="is no time"),
    "timezone_aware": Said(
        id="tidak punya zona waktu; akhiri dengan +07:00 (WIB), +08:00, +09:00, atau Z",
        en="has no time zone; end it with +07:00 (WIB), +08:00, +09:00 or Z",
    ),
    "recursion_loop": Said(id="memuat dirinya sendiri", en="contains itself"),
    "json_invalid": Said(id="bukan JSON", en="is not JSON"),
}
"""By the kind of error what is wrong with the value; names in braces are of the error's context."""

_UNFIT: Final = Said(id="nilainya tidak sesuai", en="has a value that does not fit")


def is_known(kind: str) -> bool:
    """Whether there are words for that kind of error; of `value_error` the validator gives them."""
    return kind in _WORDS or kind == "value_error"


def explained(error: ValidationError, *, top: str = "") -> Said:
    """The first fault of a value: the field and what is wrong with it, and how many more there are. `top`
    names the field where the fault is in the whole."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = quoted(".".join(str(part) for part in first["loc"]) or top)
    words = _words(first)
    more = error.error_count() - 1
    also = Said(f" (dan {more} lagi)", f" (and {more} more)") if more else Said("", "")
    name = Said(f"{place}: ", f"{place}: ") if place else Said("", "")
    return Said(id=f"{name.id}{words.id}{also.id}", en=f"{name.en}{words.en}{also.en}")


def _words(fault: Any) -> Said:
    context = fault.get("ctx") or {}
    cause = context.get("error")
    if isinstance(cause, ExplainedError):
        return cause.said
    words = _WORDS.get(fault["type"], _UNFIT)
    told = {name: quoted(value) for name, value in context.items()}
    return Said(*(_filled(text, told, "atau" if place == 0 else "or") for place, text in enumerate(words)))


def _filled(text: str, told: dict[str, str], either: str) -> str:
    """The text with the names in braces filled in; the library writes its lists with `or`."""
    for name, value in told.items():
        text = text.replace(f"{{{name}}}", value.replace(" or ", f" {either} "))
    return text
