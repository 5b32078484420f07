"""What click says of wrong usage, in Indonesian: every sentence of click, by the English one.

click looks its sentences up with a function of its modules; it is given another one. In English they are
click's own, which are plain. Sentences of ours are given in the right language and pass through.
"""

from __future__ import annotations

import sys
from typing import Final

from schemas.language import Language

WORDS: Final[dict[str, str]] = {
    "Missing command.": "Sebutkan perintah.",
    "{text} {deprecated_message}": "{text} {deprecated_message}",
    "Options": "Pilihan",
    "Commands": "Perintah",
    "Usage:": "Cara pakai:",
    "DeprecationWarning: The command {name!r} is deprecated.{extra_message}": (
        "Perintah {name!r} akan dihapus.{extra_message}"
    ),
    "DeprecationWarning: The {param_type} {name!r} is deprecated.{extra_message}": (
        "{name!r} akan dihapus.{extra_message}"
    ),
    "Aborted!": "Dihentikan.",
    "Got unexpected extra argument ({args})": "Ada argumen yang tidak dikenal ({args})",
    "Got unexpected extra arguments ({args})": "Ada argumen yang tidak dikenal ({args})",
    "No such command {name!r}.": "Tidak ada perintah {name!r}.",
    "Value must be an iterable.": "Nilainya harus berupa daftar.",
    "env var: {var}": "variabel: {var}",
    "default: {default}": "bawaan: {default}",
    "(dynamic)": "(dihitung)",
    "Takes {nargs} values but 1 was given.": "Memerlukan {nargs} nilai, tetapi hanya 1 yang diberikan.",
    "Takes {nargs} values but {len} were given.": "Memerlukan {nargs} nilai, tetapi {len} yang diberikan.",
    "%(prog)s, version %(version)s": "%(prog)s, versi %(version)s",
    "Show the version and exit.": "Sebutkan versi, lalu selesai.",
    "Show this message and exit.": "Tampilkan penjelasan ini.",
    "Missing argument": "Belum ada argumen",
    "Missing option": "Belum ada pilihan",
    "Missing parameter": "Belum ada parameter",
    "Missing {param_type}": "Belum ada {param_type}",
    "Missing parameter: {param_name}": "Belum ada parameter: {param_name}",
    "unknown error": "kesalahan yang tidak dikenal",
    "Invalid value for {param_hint}: {message}": "Nilai {param_hint} tidak sah: {message}",
    "Invalid value: {message}": "Nilai tidak sah: {message}",
    "Did you mean {possibility}?": "Maksudnya {possibility}?",
    "(Possible options: {possibilities})": "(Pilihan yang mirip: {possibilities})",
    "Could not open file {filename!r}: {message}": "Berkas {filename!r} tidak dapat dibuka: {message}",
    "Error: {message}": "Kesalahan: {message}",
    "Error: {e.message}": "Kesalahan: {e.message}",
    "Try '{command} {option}' for help.": "Penjelasan: '{command} {option}'.",
    "No such option: {name}": "Tidak ada pilihan {name}",
    "Option {name!r} does not take a value.": "Pilihan {name!r} tidak memakai nilai.",
    "Option {name!r} requires an argument.": "Pilihan {name!r} memerlukan nilai.",
    "Option {name!r} requires {nargs} arguments.": "Pilihan {name!r} memerlukan {nargs} nilai.",
    "Argument {name!r} takes {nargs} values.": "Argumen {name!r} memerlukan {nargs} nilai.",
    "Press any key to continue...": "Tekan sembarang tombol ...",
    "Repeat for confirmation": "Ulangi untuk memastikan",
    "Error: The two entered values do not match.": "Kesalahan: kedua nilai itu tidak sama.",
    "Error: The value you entered was invalid.": "Kesalahan: nilainya tidak sah.",
    "Error: invalid input": "Kesalahan: masukan tidak sah",
    "file": "berkas",
    "directory": "direktori",
    "path": "jalur",
    "Choose from:\n\t{choices}": "Pilih dari:\n\t{choices}",
    "{value!r} is not {choice}.": "{value!r} bukan {choice}.",
    "{value!r} is not one of {choices}.": "{value!r} bukan salah satu dari {choices}.",
    "{value!r} does not match the format {format}.": "{value!r} tidak tertulis seperti {format}.",
    "{value!r} does not match the formats {formats}.": "{value!r} tidak tertulis seperti {formats}.",
    "{value} is not in the range {range}.": "{value} di luar batas {range}.",
    "{value!r} is not a valid boolean. Recognized values: {states}": (
        "{value!r} bukan salah satu dari {states}"
    ),
    "{len_type} values are required, but {len_value} was given.": (
        "Perlu {len_type} nilai, tetapi {len_value} yang diberikan."
    ),
    "{len_type} values are required, but {len_value} were given.": (
        "Perlu {len_type} nilai, tetapi {len_value} yang diberikan."
    ),
    "{value!r} is not a valid {number_type}.": "{value!r} bukan bilangan ({number_type}).",
    "{value!r} is not a valid UUID.": "{value!r} bukan UUID.",
    "{name} {filename!r} is a file.": "{name} {filename!r} adalah berkas.",
    "{name} {filename!r} is a directory.": "{name} {filename!r} adalah direktori.",
    "{name} {filename!r} is not readable.": "{name} {filename!r} tidak dapat dibaca.",
    "{name} {filename!r} is not writable.": "{name} {filename!r} tidak dapat ditulis.",
    "{name} {filename!r} is not executable.": "{name} {filename!r} tidak dapat dijalankan.",
    "{name} {filename!r} does not exist.": "{name} {filename!r} tidak ada.",
    # Of Windows, and of kinds of parameters.
    "argument": "argumen",
    "option": "pilihan",
    "parameter": "parameter",
}
"""click's sentences in Indonesian, with the same names in braces."""

_MODULES: Final = ("core", "decorators", "exceptions", "formatting", "parser", "termui", "types")


def speak(language: Language) -> None:
    """Let click say its sentences in that language from now on."""

    def one(message: str) -> str:
        return WORDS.get(message, message) if language == "id" else message

    def several(singular: str, plural: str, count: int) -> str:
        return one(singular if count == 1 else plural)

    for name in _MODULES:
        module = sys.modules.get(f"click.{name}")
        for function, replacement in (("_", one), ("ngettext", several)):
            if hasattr(module, function):
                setattr(module, function, replacement)
