"""Makes what the secure profile needs, for every service a directory of its own: passwords and certificates.

    python3 deploy/make_secrets.py [--into DIR] [--host NAME ...]

It makes what is missing and leaves what is there, so running it again is harmless, and what was removed is
made anew: that is how a password or a certificate is changed (docs/operations.md says in which order). It
needs Python and the command openssl, and nothing of rekap. It talks to no server: `rekap` and the servers
take over what it wrote. Whoever can read the directory can do everything; it is readable for its owner alone.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent

ADMIN: Final = "admin"
USERS: Final = (ADMIN, "worker", "sink", "auditor", "field", "importer")
"""Who logs in to Kafka. What each may do: event_log.kafka.admin.access."""

DATABASE_USERS: Final = {"migrator": "migrator", "sink": "sink", "auditor": "analyst"}
"""Which directories also hold a login of ClickHouse, and whose (deploy/clickhouse/users.xml)."""

DATABASE: Final = "clickhouse:8123/rekap"
BROKER_NAMES: Final = ("kafka", "kafka-2", "kafka-3", "localhost")
"""The names under which clients reach brokers; a certificate is good for these."""

LOGIN: Final = """\
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-256
sasl.username={user}
sasl.password={password}
ssl.ca.location=/run/rekap/ca.pem
"""
"""What `rekap --broker-config` reads; the directory is where a container finds its own."""

PASSWORD_BYTES: Final = 24
"""Of chance in a password: nobody guesses 192 bits."""
CA_DAYS, BROKER_DAYS = 3_650, 730
"""The authority outlives an electoral period of five years; certificates are made anew for every election."""

OPENSSL: Final = """
[req]
prompt = no
distinguished_name = name
x509_extensions = authority
[name]
CN = {name}
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[broker]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""
"""Nothing of the machine's own openssl.cnf. Brokers are servers, and to each other clients."""

NEW_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
"""Its file is not encrypted: a broker has to start without a person beside it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what is missing; the exit code."""
    parser = argparse.ArgumentParser(description="Make what is missing of passwords and certificates.")
    parser.add_argument("--into", type=Path, default=HERE / "secure", metavar="DIR")
    parser.add_argument("--host", action="append", default=[], metavar="NAME", help="of a broker; repeatable")
    asked = parser.parse_args(arguments)
    if shutil.which("openssl") is None:
        print("The command openssl is missing. Install it and run this again.", file=sys.stderr)
        return 3
    try:
        made = make(asked.into, asked.host)
    except (OSError, subprocess.CalledProcessError) as error:
        said = error.stderr.decode() if isinstance(error, subprocess.CalledProcessError) else str(error)
        print(f"Not everything could be made: {said.strip()}", file=sys.stderr)
        return 3
    print(f"{asked.into}: " + (f"made {', '.join(made)}" if made else "everything was there already"))
    return 0


def make(into: Path, hosts: Sequence[str] = ()) -> list[str]:
    """Make what is missing in the directory; the files that were made, as paths below it.

    `hosts`: more names of brokers. Raises OSError, and subprocess.CalledProcessError when openssl fails.
    """
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    into.chmod(0o700)
    made: list[str] = []
    _certificates(into, [*BROKER_NAMES, *hosts], made)
    authority = (into / "ca.pem").read_text("ascii")
    _write(into, "kafka/ca.pem", authority, made)
    for name, of in (("security", "secure"), ("tools", "tools")):
        settings = (HERE / f"broker/{of}.properties").read_text("utf-8")
        _write(into, f"kafka/{name}.properties", settings, made)
    for user in USERS:
        password = _password(into, user, made)
        _write(into, f"{user}/ca.pem", authority, made)
        # The administrator goes on with the old password until it has set the new one.
        if user != ADMIN or not (into / ADMIN / "broker.properties").exists():
            _write(into, f"{user}/broker.properties", LOGIN.format(user=user, password=password), made)
        if user == ADMIN:
            _write(into, "kafka/admin.scram", f"SCRAM-SHA-256=[name={ADMIN},password={password}]\n", made)
    for directory, user in DATABASE_USERS.items():
        if not (into / directory / "clickhouse.url").exists():
            url = f"http://{user}:{secrets.token_hex(PASSWORD_BYTES)}@{DATABASE}\n"
            _write(into, f"{directory}/clickhouse.url", url, made)
    _write(into, "clickhouse/logins.xml", _logins(into), made)
    return made


def _password(into: Path, user: str, made: list[str]) -> str:
    """A user's password, made if it has none: where `rekap topics acls --passwords` finds it."""
    name = f"{ADMIN}/passwords/{user}"
    if not (into / name).exists():
        _write(into, name, secrets.token_hex(PASSWORD_BYTES) + "\n", made)
    return (into / name).read_text("utf-8").strip()


def _write(into: Path, name: str, text: str, made: list[str]) -> None:
    """Write a file unless it says so already. Containers run as other users, who must be able to read what
    they are given: the directory above all keeps everybody else out."""
    path = into / name
    if path.exists() and path.read_text("utf-8") == text:
        return
    for parent in reversed(Path(name).parents[:-1]):
        (into / parent).mkdir(exist_ok=True)
        (into / parent).chmod(0o755)  # whatever the umask says
    part = path.with_name(path.name + ".part")
    part.write_text(text, "utf-8")
    part.chmod(0o644)
    part.replace(path)  # a server that reads it meanwhile sees the old text or the new one
    made.append(name)


def _logins(into: Path) -> str:
    """What ClickHouse includes: not the passwords, but their hashes."""
    lines = ["<clickhouse>"]
    for directory, user in DATABASE_USERS.items():
        url = (into / directory / "clickhouse.url").read_text("utf-8")
        password = re.findall(r"//[^:]+:([^@]+)@", url)[0]
        digest = hashlib.sha256(password.encode()).hexdigest()
        lines += [
            f"    <{user}_login>",
            f"        <password_sha256_hex>{digest}</password_sha256_hex>",
            f"    </{user}_login>",
        ]
    return "\n".join([*lines, "</clickhouse>\n"])


def _certificates(into: Path, hosts: Sequence[str], made: list[str]) -> None:
    """The authority, once, and one certificate for all brokers; `hosts`: their names."""
    with tempfile.TemporaryDirectory(dir=into) as place:
        scratch = Path(place)
        names = ", ".join([*(f"DNS:{host}" for host in hosts), "IP:127.0.0.1"])
        for name in ("rekap-ca", "broker"):
            (scratch / f"{name}.cnf").write_text(OPENSSL.format(name=name, names=names), "utf-8")
        key, certificate = scratch / "key", scratch / "certificate"
        if not (into / "ca.pem").exists():
            _openssl(
                *("req", "-x509", "-config", scratch / "rekap-ca.cnf", *NEW_KEY, "-days", CA_DAYS),
                *("-keyout", into / "ca.key", "-out", certificate),
            )
            (into / "ca.key").chmod(0o600)
            _write(into, "ca.pem", certificate.read_text("ascii"), made)
        if not (into / "kafka/broker.pem").exists():
            if not (into / "ca.key").exists():
                raise FileNotFoundError(f"{into}/ca.key is needed for a certificate: bring it back")
            config = scratch / "broker.cnf"
            _openssl("req", "-new", "-config", config, *NEW_KEY, "-keyout", key, "-out", scratch / "request")
            _openssl(
                *("x509", "-req", "-in", scratch / "request", "-out", certificate, "-days", BROKER_DAYS),
                *("-CA", into / "ca.pem", "-CAkey", into / "ca.key"),
                *("-set_serial", f"0x{secrets.token_hex(16)}", "-extfile", config, "-extensions", "broker"),
            )
            chain = (key.read_text("ascii"), certificate.read_text("ascii"))
            _write(into, "kafka/broker.pem", "".join(chain), made)


def _openssl(*arguments: object) -> None:
    subprocess.run(
        ["openssl", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL, capture_output=True
    )


if __name__ == "__main__":
    sys.exit(main())
