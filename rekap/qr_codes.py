"""Bytes as a QR code: an image that is printed or shown, and read back by any phone, byte for byte."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Final

import click
import segno

from rekap.session import Session
from schemas.language import Text

KINDS: Final = (".svg", ".png")
MODULE_PIXELS: Final = 6
"""Of a PNG: a code of the largest size is 1,110 pixels wide, which prints on a hand's breadth."""
QUIET_MODULES: Final = 4
"""The white border that readers ask for."""

LEVELS: Final = ("m", "l")
"""Error correction: 15% of the code may be unreadable; 7% where the bytes fit only so."""

WRONG_KIND: Final = Text(
    id="nama berkas kode QR berakhiran .svg atau .png", en="the name of a QR code's file ends in .svg or .png"
)
TOO_LARGE: Final = Text(
    id="{size} byte tidak muat dalam satu kode QR (paling banyak 2.953). Tanpa --with-event lebih kecil.",
    en="{size} bytes do not fit into one QR code (2,953 at most). Without --with-event there are fewer.",
)


def require_kind(session: Session, path: Path) -> None:
    """Raise BadParameter unless the name of the file is that of a known kind."""
    if path.suffix.lower() not in KINDS:
        raise click.BadParameter(session.text(WRONG_KIND), param_hint="--qr")


def qr_code(content: bytes, kind: str) -> bytes | None:
    """The image of that kind (.svg or .png); None: so many bytes fit into no code."""
    for level in LEVELS:
        try:
            code = segno.make_qr(content, error=level, mode="byte", boost_error=False)
        except segno.DataOverflowError:
            continue
        written = BytesIO()
        code.save(written, kind=kind.removeprefix("."), scale=MODULE_PIXELS, border=QUIET_MODULES)
        return written.getvalue()
    return None
