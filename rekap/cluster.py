"""Options that say where the distributed runner's services are, for every command that uses them.

They are read and held against each other here; nothing is connected to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from rekap.command import Option
from rekap.session import session_of
from schemas.language import Text

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection

BROKER_VARIABLE: Final = "REKAP_BROKER"
CONFIG_VARIABLE: Final = "REKAP_BROKER_CONFIG"
PREFIX_VARIABLE: Final = "REKAP_TOPIC_PREFIX"
CLICKHOUSE_VARIABLE: Final = "REKAP_CLICKHOUSE"
METRICS_VARIABLE: Final = "REKAP_METRICS"
SESSION_VARIABLE: Final = "REKAP_SESSION_TIMEOUT"

BROKER_HELP: Final = Text(
    id=f"Alamat Kafka, beberapa dipisah dengan koma; atau isi {BROKER_VARIABLE}.",
    en=f"The address of Kafka, several with commas between; or set {BROKER_VARIABLE}.",
)
CONFIG_HELP: Final = Text(
    id="Berkas nama=nilai untuk masuk ke Kafka (security.protocol, sasl.username, ...); atau isi "
    f"{CONFIG_VARIABLE}.",
    en="File of name=value lines for logging in to Kafka (security.protocol, sasl.username, ...); or set "
    f"{CONFIG_VARIABLE}.",
)
PREFIX_HELP: Final = Text(
    id=f"Awalan nama semua topik pemilu ini; atau isi {PREFIX_VARIABLE}.",
    en=f"What the names of all topics of this election begin with; or set {PREFIX_VARIABLE}.",
)
CLICKHOUSE_HELP: Final = Text(
    id=f"Server ClickHouse: http(s)://PENGGUNA@HOST:PORT/BASISDATA; dengan sandi hanya dalam "
    f"{CLICKHOUSE_VARIABLE}. "
    "Tanpa ini: basis data dalam direktori data.",
    en=f"The ClickHouse server: http(s)://USER@HOST:PORT/DATABASE; with a password only in "
    f"{CLICKHOUSE_VARIABLE}. "
    "Without it: the database in the data directory.",
)
METRICS_HELP: Final = Text(
    id=f"Sajikan /metrics (Prometheus) dan /health di alamat ini; atau isi {METRICS_VARIABLE}.",
    en=f"Serve /metrics (Prometheus) and /health at this address; or set {METRICS_VARIABLE}.",
)
SESSION_HELP: Final = Text(
    id="Detik tanpa kabar dari proses ini sampai proses lain mengambil alih partisinya; bawaan 10. Broker "
    f"menetapkan paling sedikit, biasanya 6; atau isi {SESSION_VARIABLE}.",
    en="Seconds of silence after which others take over this process's partitions; default 10. Brokers set "
    f"the least, usually 6; or set {SESSION_VARIABLE}.",
)
PASSWORD_SEEN: Final = Text(
    id="Kata sandi dalam baris perintah terlihat oleh semua pengguna mesin ini. Tulis URL itu ke berkas yang "
    f"hanya Anda baca, lalu: {CLICKHOUSE_VARIABLE}=$(cat BERKAS) rekap ...",
    en="A password on the command line is seen by every user of this machine. Write the URL into a file that "
    f"only you may read, then: {CLICKHOUSE_VARIABLE}=$(cat FILE) rekap ...",
)
NO_ADDRESS: Final = Text(
    id="{value!r} bukan alamat: tulis HOST:PORT, misalnya 127.0.0.1:9464",
    en="{value!r} is no address: write HOST:PORT, as in 127.0.0.1:9464",
)


def clickhouse_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --clickhouse, and gives the command `clickhouse`: a URL as clickhouse.client.connect takes it, or
    None. From the environment rather than the command line, where others see its password."""
    return click.option(
        "--clickhouse",
        cls=Option,
        said=CLICKHOUSE_HELP,
        metavar="URL",
        envvar=CLICKHOUSE_VARIABLE,
        callback=_without_password_in_arguments,
    )(function)


def metrics_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --metrics, and gives the command `metrics`: host and port, or None."""
    return click.option(
        "--metrics",
        cls=Option,
        said=METRICS_HELP,
        metavar="HOST:PORT",
        envvar=METRICS_VARIABLE,
        callback=_address,
    )(function)


def session_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --session-timeout, and gives the command `session_timeout`: seconds, or None."""
    return click.option(
        "--session-timeout",
        cls=Option,
        said=SESSION_HELP,
        type=click.IntRange(min=1),
        metavar="SECONDS",
        envvar=SESSION_VARIABLE,
    )(function)


def _without_password_in_arguments(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    typed = context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    if typed and value is not None and urlsplit(value).password:
        raise click.UsageError(session_of(context).text(PASSWORD_SEEN), context)
    return value


def _address(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, int] | None:
    if value is None:
        return None
    host, _, port = value.rpartition(":")
    if not host.strip("[]") or not (port.isascii() and port.isdecimal()) or int(port) > 65_535:
        said = session_of(context).text(NO_ADDRESS).format(value=value)
        raise click.BadParameter(said, context, parameter)
    return host.strip("[]"), int(port)


def broker_options(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds --broker, --broker-config and --topic-prefix, and gives the command `connection`: a Connection, or
    None without --broker where that is not `required`. Raises ConnectionInvalid."""
    file = click.Path(path_type=Path, dir_okay=False)
    options = (
        click.option(
            "--broker",
            cls=Option,
            said=BROKER_HELP,
            metavar="HOST:PORT",
            envvar=BROKER_VARIABLE,
            required=required,
        ),
        click.option(
            "--broker-config",
            cls=Option,
            said=CONFIG_HELP,
            metavar="FILE",
            envvar=CONFIG_VARIABLE,
            type=file,
        ),
        click.option(
            "--topic-prefix",
            cls=Option,
            said=PREFIX_HELP,
            metavar="PREFIX",
            envvar=PREFIX_VARIABLE,
            default="",
        ),
    )

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def with_connection(
            *arguments: Any, broker: str | None, broker_config: Path | None, topic_prefix: str, **named: Any
        ) -> Any:
            connection = _connection(broker, broker_config, topic_prefix)
            return function(*arguments, connection=connection, **named)

        decorated: Callable[..., Any] = with_connection
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return add


def _connection(broker: str | None, config: Path | None, prefix: str) -> Connection | None:
    if broker is None:
        return None
    from event_log.kafka.connection import Connection

    return Connection.of(broker, config, prefix)
