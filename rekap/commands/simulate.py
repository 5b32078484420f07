"""`rekap simulate`: an invented election night into the log, as fast as possible or in its own time."""

from __future__ import annotations

import click

from rekap.command import Option, subcommand
from rekap.formats import Format, document_option
from rekap.session import Session, pass_session
from schemas.language import Said

MORE = Said(
    id="Semua angka dikarang dari benih (--seed): benih yang sama memberi kiriman yang sama, byte demi byte. "
    "Ada kiriman ganda, terlambat, bertentangan, pembetulan, pembatalan, dan salah hitung, seperti malam "
    "yang nyata.",
    en="Every figure is drawn from the seed: the same seed gives the same messages, byte for byte. There are "
    "duplicates, late and contradictory forms, corrections, annulments and wrong sums, as on a real night.",
)
SEED_HELP = Said(id="Benih.", en="The seed.")
CONTEST_HELP = Said(
    id="Hanya pemilihan ini; dapat diulang. Tanpa ini semuanya.",
    en="Only this contest; may be repeated. Without it all.",
)
SPEED_HELP = Said(
    id="Sekian kali lebih cepat daripada waktu sebenarnya (60: satu jam dalam satu menit); tanpa ini secepat "
    "mungkin.",
    en="So many times faster than real time (60: an hour in a minute); without it as fast as possible.",
)
EXAMPLES = (
    "rekap --data night simulate --seed 7",
    "rekap --data night simulate --contest PPWP --speed 600",
    "rekap --data night simulate --seed 7 --format json",
)
DEFAULT_SEED = 2024


@subcommand("simulate", MORE, EXAMPLES)
@click.option(
    "--seed", cls=Option, said=SEED_HELP, type=click.IntRange(0, 2**63 - 1), default=DEFAULT_SEED, metavar="N"
)
@click.option("--contest", "-c", "contests", cls=Option, said=CONTEST_HELP, metavar="CONTEST", multiple=True)
@click.option(
    "--speed", cls=Option, said=SPEED_HELP, type=click.FloatRange(0, min_open=True), metavar="FACTOR"
)
@document_option
@pass_session
def command(session: Session, seed: int, contests: tuple[str, ...], speed: float | None, written: str) -> int:
    from rekap.bars import Waiting
    from rekap.counting import take_in, tell
    from rekap.nights import PREPARING, PacedNight, night

    chosen = session.contests(contests) or None
    with Waiting(session, PREPARING):
        source = night(session, seed, chosen)
    if speed is None:
        return tell(session, take_in(session, source, "simulate"), Format(written))
    # One message after the other in this process: workers would fetch chunks before their time has come.
    report = take_in(session, PacedNight(source, speed), "simulate", workers=0)
    return tell(session, report, Format(written))
