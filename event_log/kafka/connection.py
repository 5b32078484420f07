"""Settings of a connection to a Kafka cluster: addresses, security, and the prefix of the topics.

A Connection is checked when it is made and holds nothing open. Whether brokers answer is found out by the
first client; event_log.kafka.errors explains the errors.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from schemas.language import Text

if TYPE_CHECKING:
    from event_log.kafka.topics import Topic

ANSWER_MS: Final = 10_000
"""Timeout of the first answer of a cluster: that of a healthy one takes milliseconds."""

REQUEST_MS: Final = 15_000
"""request.timeout.ms of later answers; more than a broker needs to notice that another one has died."""

RECONNECT_MS: Final = 1_000
"""reconnect.backoff.max.ms: how late the end of a broker's outage is noticed."""

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN")
SETTINGS: Final = (
    "security.protocol",
    "sasl.mechanism",
    "sasl.username",
    "sasl.password",
    "ssl.ca.location",
)
"""What a configuration file may set, by the names that Kafka's own clients use."""

_SERVER: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:,\[\]]+):(\d{1,5})")
_PREFIX: Final = re.compile(r"[A-Za-z0-9._-]{0,100}")
"""What Kafka allows in names of topics; with it the longest of ours stays below Kafka's 249 characters."""

# The library logs only where logging is set up, not to stderr.
logging.getLogger("kafka").addHandler(logging.NullHandler())


class ConnectionInvalid(Exception):
    """An address, a prefix or a configuration file that can't be; `said` tells what can."""

    def __init__(self, said: Text) -> None:
        super().__init__(said.en)
        self.said = said


@dataclass(frozen=True, slots=True)
class Security:
    """Authentication and encryption: a protocol of PROTOCOLS, with SASL a mechanism
    of MECHANISMS, user and password; `ca_file`: the certificates to trust, None: the system's."""

    protocol: str
    mechanism: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None


def require_prefix(prefix: str) -> str:
    """The prefix of topics' names, when it can be one. Raises ConnectionInvalid."""
    if not _PREFIX.fullmatch(prefix):
        raise _invalid(
            f"{prefix!r} tidak dapat menjadi awalan nama topik: paling banyak 100 huruf, angka, '.', "
            "'_', '-'.",
            f"{prefix!r} can't begin the name of a topic: use at most 100 letters, digits, '.', '_' and '-'.",
        )
    return prefix


@dataclass(frozen=True, slots=True)
class Connection:
    """A cluster, named by some of its brokers (`host:port`), and the prefix of the topics' names there.
    Without `security` the connection is plain text without authentication."""

    servers: tuple[str, ...]
    prefix: str = ""
    security: Security | None = None

    @classmethod
    def of(cls, broker: str, config: Path | None = None, prefix: str = "") -> Connection:
        """From `host:port,host:port`, a file of `name=value` lines, and a prefix. Raises
        ConnectionInvalid."""
        servers = tuple(one for one in (part.strip() for part in broker.split(",")) if one)
        for server in servers:
            found = _SERVER.fullmatch(server)
            if found is None or not 0 < int(found[2]) < 65_536:
                raise _invalid(
                    f"{server!r} bukan alamat broker. Tulis HOST:PORT, beberapa dipisah dengan koma.",
                    f"{server!r} is not the address of a broker. Write HOST:PORT, several with commas "
                    "between.",
                )
        if not servers:
            raise _invalid(
                "Alamat broker kosong. Tulis HOST:PORT, beberapa dipisah dengan koma.",
                "The broker's address is empty. Write HOST:PORT, several with commas between.",
            )
        return cls(servers, require_prefix(prefix), None if config is None else read_security(config))

    def client_settings(self) -> dict[str, Any]:
        """Keyword arguments that every client of kafka-python takes."""
        settings: dict[str, Any] = {
            "bootstrap_servers": list(self.servers),
            "client_id": "rekap",
            "bootstrap_timeout_ms": ANSWER_MS,
            "request_timeout_ms": REQUEST_MS,
            "reconnect_backoff_max_ms": RECONNECT_MS,
        }
        if self.security is None:
            return settings
        settings["security_protocol"] = self.security.protocol
        if self.security.ca_file is not None:
            settings["ssl_cafile"] = str(self.security.ca_file)
        if self.security.mechanism is not None:
            settings["sasl_mechanism"] = self.security.mechanism
            settings["sasl_plain_username"] = self.security.username
            settings["sasl_plain_password"] = self.security.password
        return settings

    def topic(self, topic: Topic) -> str:
        """The topic's name on this cluster."""
        return self.prefix + topic.name

    def group(self, name: str) -> str:
        """The consumer group's name on this cluster."""
        return self.prefix + name

    def __str__(self) -> str:
        return ",".join(self.servers)


def read_security(file: Path) -> Security:
    """The Security that a file of `name=value` lines describes; `#` begins a comment line.

    Raises ConnectionInvalid, also for a name that is not known: a misspelt one must not mean 'in the clear'.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "UTF-8"
        raise _invalid(
            f"{file} tidak dapat dibaca ({reason}). Sebutkan berkas teks dengan baris nama=nilai.",
            f"{file} can't be read ({reason}). Name a text file with lines name=value.",
        ) from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not equals or name not in SETTINGS or name in found:
            raise _invalid(
                f"{file}, baris {number}: {name!r} tidak dikenal, berulang, atau tanpa nilai. Yang dikenal, "
                f"sebagai nama=nilai: {', '.join(SETTINGS)}.",
                f"{file}, line {number}: {name!r} is not known, stands twice, or has no value. Known, as "
                f"name=value: {', '.join(SETTINGS)}.",
            )
        found[name] = value
    return _security(file, found)


def _security(file: Path, found: dict[str, str]) -> Security:
    """The Security of those settings. Raises ConnectionInvalid when they contradict each other."""
    protocol = found.get("security.protocol", "").upper()
    _one_of(file, "security.protocol", protocol, PROTOCOLS)
    sasl = {name: found.get(name) for name in SETTINGS if name.startswith("sasl.")}
    if protocol.startswith("SASL"):
        _one_of(file, "sasl.mechanism", sasl["sasl.mechanism"] or "", MECHANISMS)
    wrong = [name for name, value in sasl.items() if bool(value) is not protocol.startswith("SASL")]
    if "ssl.ca.location" in found and not protocol.endswith("SSL"):
        wrong.append("ssl.ca.location")
    if wrong:
        raise _invalid(
            f"{file}: dengan security.protocol={protocol}, {' dan '.join(wrong)} harus "
            f"{'diisi' if protocol.startswith('SASL') and wrong[0] in sasl else 'dihapus'}.",
            f"{file}: with security.protocol={protocol}, {' and '.join(wrong)} must be "
            f"{'given' if protocol.startswith('SASL') and wrong[0] in sasl else 'left out'}.",
        )
    ca_file = Path(found["ssl.ca.location"]) if "ssl.ca.location" in found else None
    if ca_file is not None and not ca_file.is_file():
        raise _invalid(
            f"{file}: tidak ada berkas {ca_file}. ssl.ca.location menyebut sertifikat CA dalam bentuk PEM.",
            f"{file}: there is no file {ca_file}. ssl.ca.location names the CA's certificates in PEM.",
        )
    return Security(protocol, sasl["sasl.mechanism"], sasl["sasl.username"], sasl["sasl.password"], ca_file)


def _one_of(file: Path, name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise _invalid(
            f"{file}: {name}={value} tidak dikenal; pilih salah satu: {', '.join(known)}.",
            f"{file}: {name}={value} is not known; choose one of: {', '.join(known)}.",
        )


def _invalid(id: str, en: str) -> ConnectionInvalid:
    return ConnectionInvalid(Text(id=id, en=en))
