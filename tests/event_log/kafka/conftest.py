"""A broker where everybody has to log in, with the users and rights that a deployment has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from devtools.broker_settings import ADMIN, PASSWORDS
from devtools.brokers import Broker
from event_log.kafka import connection as connection_module
from event_log.kafka.admin.access import USERS, set_passwords, set_rights
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection, Security

PREFIX = "secured."


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is believed after a second."""
    monkeypatch.setattr(connection_module, "ANSWER_MS", 1_000)


@dataclass(frozen=True)
class Secured:
    """A secure broker with topics; users' passwords are `NAME-password`."""

    broker: Broker

    def as_user(self, user: str, password: str | None = None) -> Connection:
        """The topics as seen by that user."""
        own = PASSWORDS[ADMIN] if user == ADMIN else f"{user}-password"
        security = Security("SASL_PLAINTEXT", "SCRAM-SHA-256", user, password or own)
        return Connection((self.broker.bootstrap,), PREFIX, security)

    @property
    def anonymous(self) -> Connection:
        """The topics as seen by somebody who does not log in."""
        return Connection((self.broker.bootstrap,), PREFIX)


@pytest.fixture(scope="module")
def secured(startable: None) -> Iterator[Secured]:
    """A broker of its own with topics, users and rights. Tests leave the rights as they found them."""
    assert startable is None
    with Broker.start(secure=True) as broker:
        secured = Secured(broker)
        admin = secured.as_user(ADMIN)
        create(admin, partitions={"count-events": 2, "district-tallies": 1, "province-tallies": 1})
        set_passwords(admin, {user.name: f"{user.name}-password" for user in USERS})
        set_rights(admin)
        yield secured
