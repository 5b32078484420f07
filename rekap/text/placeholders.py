"""What stands for a value in help and usage, in Indonesian: `[PILIHAN] BERKAS` for `[OPTIONS] FILE`.

Names that are the same in both languages (DIR, URL, ID, HOST:PORT) are not here.
"""

from __future__ import annotations

import re
from typing import Final

from schemas.language import Language

WORDS: Final[dict[str, str]] = {
    "OPTIONS": "PILIHAN",
    "COMMAND": "PERINTAH",
    "ARGS": "ARGUMEN",
    "ACTION": "TINDAKAN",
    "BUNDLE": "BUNDEL",
    "BYTES": "BITA",
    "CODE": "KODE",
    "CODES": "KODE",
    "CONTEST": "PEMILIHAN",
    "EVENT": "PERISTIWA",
    "EVENT_ID": "ID_PERISTIWA",
    "FACTOR": "KALI",
    "FILE": "BERKAS",
    "KEY": "KUNCI",
    "NAME": "NAMA",
    "PART": "BAGIAN",
    "PREFIX": "AWALAN",
    "REGION": "WILAYAH",
    "ROLE": "PERAN",
    "SECONDS": "DETIK",
    "TEXT": "TEKS",
    "TIME": "WAKTU",
    "UNIT": "TPS|WILAYAH",
}

_PLACEHOLDER: Final = re.compile(r"[A-Z][A-Z_]*")


def in_language(text: str, language: Language) -> str:
    """A usage line's piece or the placeholder of an option, in `language`."""
    if language != "id":
        return text
    return _PLACEHOLDER.sub(lambda found: WORDS.get(found[0], found[0]), text)
