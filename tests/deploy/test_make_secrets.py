"""deploy/make_secrets.py: what it makes is whole, fits together, and is there for its owner alone."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.make_secrets import ADMIN, DATABASE_USERS, USERS, main, make
from event_log.kafka.connection import read_security

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What it makes from nothing. Tests of this module must not change it."""
    into = tmp_path_factory.mktemp("made") / "secure"
    make(into)
    return into


@pytest.fixture
def own(secure: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(secure, tmp_path / "secure"))


def files(into: Path) -> dict[str, bytes]:
    """Everything in it, by path."""
    return {str(path.relative_to(into)): path.read_bytes() for path in into.rglob("*") if path.is_file()}


def password(into: Path, user: str) -> str:
    """What a user logs in to Kafka with."""
    found: list[str] = re.findall(r"sasl.password=(.+)", (into / user / "broker.properties").read_text())
    return found[0]


def test_a_second_run_changes_nothing(own: Path) -> None:
    before = files(own)
    assert make(own) == []
    assert files(own) == before


def test_the_owner_alone_can_look_in_and_containers_can_read_what_they_are_given(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        make(tmp_path / "secure")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "secure").stat().st_mode) == 0o700
    modes = {
        path.relative_to(tmp_path / "secure"): stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "secure").rglob("*")
    }
    assert modes.pop(Path("ca.key")) == 0o600
    assert set(modes.values()) == {0o755, 0o644}


def test_every_user_has_a_password_of_its_own_and_a_login_with_it(secure: Path) -> None:
    passwords = {user: password(secure, user) for user in USERS}
    assert len(set(passwords.values())) == len(USERS)
    assert {user: (secure / ADMIN / "passwords" / user).read_text().strip() for user in USERS} == passwords
    assert all(len(one) >= 32 for one in passwords.values())
    scram = (secure / "kafka/admin.scram").read_text()
    assert scram == f"SCRAM-SHA-256=[name={ADMIN},password={passwords[ADMIN]}]\n"


def test_logins_are_what_rekap_reads(own: Path) -> None:
    login = own / "worker/broker.properties"
    login.write_text(login.read_text().replace("/run/rekap", str(own / "worker")))
    security = read_security(login)
    assert (security.protocol, security.mechanism) == ("SASL_SSL", "SCRAM-SHA-256")
    assert (security.username, security.ca_file) == ("worker", own / "worker/ca.pem")


def test_clickhouse_learns_the_hashes_of_the_passwords_and_nothing_else(secure: Path) -> None:
    logins = (secure / "clickhouse/logins.xml").read_text()
    for directory, user in DATABASE_USERS.items():
        secret = re.findall(rf"http://{user}:(\w+)@", (secure / directory / "clickhouse.url").read_text())[0]
        assert secret not in logins
        assert (
            f"<{user}_login>\n        <password_sha256_hex>{hashlib.sha256(secret.encode()).hexdigest()}<"
            in logins
        )


def test_a_removed_password_is_made_anew_with_all_that_follows_from_it(own: Path) -> None:
    before = files(own)
    (own / "admin/passwords/worker").unlink()
    (own / "sink/clickhouse.url").unlink()
    assert set(make(own)) == {
        "admin/passwords/worker",
        "worker/broker.properties",
        "sink/clickhouse.url",
        "clickhouse/logins.xml",
    }
    changed = {name for name, content in files(own).items() if content != before[name]}
    assert changed == {
        "admin/passwords/worker",
        "worker/broker.properties",
        "sink/clickhouse.url",
        "clickhouse/logins.xml",
    }


def test_the_administrator_logs_in_as_before_until_the_new_password_is_set(own: Path) -> None:
    old = password(own, ADMIN)
    (own / "admin/passwords/admin").unlink()
    make(own)
    new = (own / "admin/passwords/admin").read_text().strip()
    assert new != old
    assert password(own, ADMIN) == old
    (own / "admin/broker.properties").unlink()
    make(own)
    assert password(own, ADMIN) == new


def names_in(certificate: Path) -> str:
    """The names that a certificate is good for, as openssl shows them."""
    shown = ["openssl", "x509", "-in", str(certificate), "-noout", "-ext", "subjectAltName"]
    return subprocess.run(shown, capture_output=True, text=True, check=True).stdout


def test_the_brokers_certificate_is_signed_by_the_authority_that_all_trust(own: Path) -> None:
    subprocess.run(
        ["openssl", "verify", "-x509_strict", "-CAfile", own / "ca.pem", own / "kafka/broker.pem"],
        capture_output=True,
        check=True,
    )
    assert {(own / user / "ca.pem").read_text() for user in (*USERS, "kafka")} == {
        (own / "ca.pem").read_text()
    }
    (own / "kafka/broker.pem").unlink()
    assert make(own, ["kafka.kpu.example"]) == ["kafka/broker.pem"]
    names = names_in(own / "kafka/broker.pem")
    assert "DNS:kafka-3" in names
    assert "DNS:kafka.kpu.example" in names


def test_without_the_authoritys_key_it_says_what_is_missing(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own / "ca.key").unlink()
    assert main(["--into", str(own)]) == 0
    (own / "kafka/broker.pem").unlink()
    assert main(["--into", str(own)]) == 3
    assert "ca.key is needed" in capsys.readouterr().err


def test_without_openssl_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["--into", str(tmp_path / "secure")]) == 3
    assert "openssl is missing" in capsys.readouterr().err
    assert not (tmp_path / "secure").exists()


@pytest.fixture(autouse=True)
def _nothing_is_left_in_between(secure: Path) -> Iterator[None]:
    before = files(secure)
    yield
    assert files(secure) == before
