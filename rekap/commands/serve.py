"""`rekap serve`: own the directory and let other programs read it."""

from __future__ import annotations

import contextlib
import threading

from rekap.command import subcommand
from rekap.session import Session, pass_session
from rekap.terminal import echo, echo_lines
from schemas.language import Text

MORE = Text(
    id="Antarmuka HTTP milik ClickHouse, hanya baca, hanya di komputer ini: untuk notebook, curl, atau "
    "Grafana. Apa yang terputus sebelumnya dituntaskan dulu. Selama import dan simulate berjalan, hal yang "
    "sama sudah disajikan; alamatnya ada di owner.json dalam direktori data.",
    en="ClickHouse's own HTTP interface, read-only, on this machine alone: for a notebook, curl or Grafana. "
    "What was interrupted before is brought in first. While import and simulate run they serve the same; the "
    "address is in owner.json in the data directory.",
)
EXAMPLES = ("rekap --data demo-data serve",)
OPENING = Text(id="Membuka {path} ...", en="Opening {path} ...")
SERVING = Text(
    id="Menyajikan {path} di {url} (hanya baca) sampai Ctrl-C.",
    en="Serving {path} at {url} (read-only) until Ctrl-C.",
)
TRY = """
  curl '{url}' --data "SELECT contest, votes, valid FROM tally_now WHERE level = 'nation'"

  import clickhouse_connect
  client = clickhouse_connect.get_client(host="{host}", port={port})
  client.query_df("SELECT unit, name, votes FROM tally_now WHERE level = 'province'")
"""
OTHERS = Text(
    id="Akun lain dan peramban memakai isi {token} sebagai kata sandi: curl --user reader:ISI ...",
    en="Other accounts and browsers give the text of {token} as a password: curl --user reader:TEXT ...",
)
ENDED = Text(id="Selesai; {path} bebas kembali.", en="Done; {path} is free again.")


@subcommand("serve", MORE, EXAMPLES)
@pass_session
def command(session: Session) -> None:
    from urllib.parse import urlsplit

    from clickhouse.interface.access import TOKEN_FILE
    from rekap.render.bars import Waiting
    from stream_processors.embedded.runner import Runner

    path = session.path
    with Waiting(session, Text(OPENING.id.format(path=path), OPENING.en.format(path=path))):
        runner = Runner.open(session.directory, command="serve")
    with runner:
        place = urlsplit(runner.url)
        echo(session.text(SERVING).format(path=path, url=runner.url), err=True)
        echo_lines(TRY.format(url=runner.url, host=place.hostname, port=place.port), err=True)
        echo(session.text(OTHERS).format(token=path / TOKEN_FILE), err=True)
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it: nothing is interrupted
            threading.Event().wait()
    echo(err=True)
    echo(session.text(ENDED).format(path=path), err=True)
