"""How much each login may send, in bytes a second to each broker: a default for every login, more for a few.

The brokers slow down whoever is above it, and nothing is lost. They count what comes over the network, which
is compressed: how many records that is, they do not bound. Copies between brokers are not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.errors import NoError, for_code
from kafka.protocol.admin.client_quotas import AlterClientQuotasRequest, DescribeClientQuotasRequest

from event_log.kafka.admin.access import ADMIN
from event_log.kafka.admin_client import ask
from event_log.kafka.connection import Connection

MIB: Final = 1024 * 1024

QUOTA_BYTES: Final = MIB
"""Of every login unless said otherwise: some 700 forms a second, which no district sends."""

OWN_QUOTAS: Final[Mapping[str | None, int]] = {
    # A nation at once: 30,000 forms a second, more than one process reads from a file.
    "importer": 64 * MIB,
    # Replays a log into a new one.
    ADMIN: 64 * MIB,
    # Rows and totals are several times the log, and a worker that makes them again must not wait: as good as
    # none, and still a number that an operator can lower.
    "worker": 1024 * MIB,
}
"""Logins with a quota of their own, by user. What others send is as much as a sender's."""

RATE: Final = "producer_byte_rate"

_USER: Final = "user"
_DEFAULT_NAME: Final = 1  # match_type of DescribeClientQuotas: what every user has by default
_ANY_NAME: Final = 2  # every user that is named


@dataclass(frozen=True, slots=True)
class Quota:
    """What a user may send; None: every user without a quota of its own."""

    user: str | None
    bytes_a_second: int


def set_quotas(connection: Connection) -> list[Quota]:
    """Give every login a quota: the default and those of OWN_QUOTAS; the ones that were others before.

    Quotas of other users stay. Raises LogUnavailable.
    """
    held = ask(connection, _held)
    wanted: dict[str | None, int] = {None: QUOTA_BYTES, **OWN_QUOTAS}
    changed = [Quota(user, quota) for user, quota in wanted.items() if held.get(user) != quota]
    for one in changed:
        set_quota(connection, one.user, one.bytes_a_second)
    return changed


def set_quota(connection: Connection, user: str | None, bytes_a_second: int | None) -> None:
    """Set the quota of a user (None: of all without one); None as a quota takes it away, so that the default
    holds. Raises LogUnavailable."""
    entry = AlterClientQuotasRequest.EntryData
    quota = entry.OpData(key=RATE, value=float(bytes_a_second or 0), remove=bytes_a_second is None)
    entity = entry.EntityData(entity_type=_USER, entity_name=user)
    request = AlterClientQuotasRequest(entries=[entry(entity=[entity], ops=[quota])], validate_only=False)

    def send(admin: KafkaAdminClient) -> None:
        for one in _answer(admin, request).entries:
            _require_done(one)

    ask(connection, send)


def quotas(connection: Connection) -> dict[str | None, int]:
    """The quota of every user that has one; None: of all others. Raises LogUnavailable."""
    return ask(connection, _held)


def _held(admin: KafkaAdminClient) -> dict[str | None, int]:
    found: dict[str | None, int] = {}
    for match in (_DEFAULT_NAME, _ANY_NAME):
        component = DescribeClientQuotasRequest.ComponentData(entity_type=_USER, match_type=match, match=None)
        answer = _answer(admin, DescribeClientQuotasRequest(components=[component], strict=True))
        _require_done(answer)
        for one in answer.entries or ():
            rates = [int(value.value) for value in one.values if value.key == RATE]
            if rates:
                found[one.entity[0].entity_name] = rates[0]
    return found


def _answer(admin: KafkaAdminClient, request: Any) -> Any:
    # The client has no method for quotas; its own methods send their requests in this way.
    manager = admin._manager
    return manager.run(manager.send, request)


def _require_done(answer: Any) -> None:
    error = for_code(answer.error_code)
    if error is not NoError:
        raise error(answer.error_message)
