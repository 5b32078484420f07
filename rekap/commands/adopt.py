"""`rekap adopt`: makes a copied or restored data directory one of its own."""

from __future__ import annotations

from typing import Final

from rekap.command import subcommand
from rekap.output.formats import Format, document_option, write_document
from rekap.session import Session, pass_session
from rekap.terminal import echo
from schemas.language import Text

MORE = Text(
    id="Salinan direktori data, cadangan yang dikembalikan, dan direktori yang dipindahkan ke disk lain "
    "tidak diisi sebelum ini: aslinya mungkin masih dipakai. Isinya tidak berubah; ia mendapat id baru, "
    "dan rekap sink membaca baris dari awal bila perlu.",
    en="A copy of a data directory, a restored backup, and one that was moved to another disk are not filled "
    "before this: the original may still be in use. What it holds does not change; the directory gets a new "
    "id, and rekap sink reads rows from the beginning where it has to.",
)
EXAMPLES = ("rekap --data restored adopt",)
ADOPTED: Final = Text(
    id="{path} kini direktori tersendiri, dengan id {id}.",
    en="{path} is now a directory of its own, with the id {id}.",
)


@subcommand("adopt", MORE, EXAMPLES)
@document_option
@pass_session
def command(session: Session, written: str) -> None:
    from clickhouse.ownership import own
    from schemas.directory_identity import adopt, is_copy

    path = session.directory.path
    with own(path, "adopt"):
        was_copy = is_copy(path)
        new = adopt(path)
    if Format(written) is Format.JSON:
        write_document({"id": new, "copy": was_copy})
    else:
        echo(session.text(ADOPTED).format(path=path, id=new))
