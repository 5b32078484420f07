"""The settings of the tests' Kafka: as in production where behaviour depends on it, quick where time does.

Users and passwords are of the tests alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

ADMIN: Final = "admin"
"""The user who may do everything on a secure broker."""

INTERNAL: Final = "broker"
"""The user that brokers and controllers are to each other."""

PASSWORDS: Final[Mapping[str, str]] = {
    ADMIN: "admin-password",
    INTERNAL: "broker-password",
}
"""By user, on a secure broker."""


def properties_of(
    node: int, ports: Sequence[int], controller_ports: Sequence[int], *, secure: bool
) -> dict[str, str]:
    """server.properties of one of `len(ports)` nodes, without its directory. All listen on 127.0.0.1."""
    nodes = len(ports)
    replicas, in_sync = str(min(nodes, 3)), "2" if nodes >= 3 else "1"
    voters = ",".join(f"{number}@127.0.0.1:{port}" for number, port in enumerate(controller_ports))
    properties = {
        "process.roles": "broker,controller",
        "node.id": str(node),
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"CLIENT://127.0.0.1:{ports[node]},CONTROLLER://127.0.0.1:{controller_ports[node]}",
        "inter.broker.listener.name": "CLIENT",
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        # Only time depends on these.
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "broker.session.timeout.ms": "2000" if nodes == 1 else "4000",  # until a killed one may come back
        "broker.heartbeat.interval.ms": "250",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    }
    return properties | (_secured() if secure else {})


def _secured() -> dict[str, str]:
    """Nobody does anything without logging in: clients with SCRAM, and nodes to each other as INTERNAL.

    Controllers use PLAIN: SCRAM's secrets are in the metadata that they have to agree on first.
    """
    plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule"
    login = f'required username="{INTERNAL}" password="{PASSWORDS[INTERNAL]}"'
    return {
        "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        "listener.name.client.sasl.enabled.mechanisms": "SCRAM-SHA-256",
        "listener.name.client.scram-sha-256.sasl.jaas.config": f"{scram} {login};",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-256",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": (
            f'{plain} {login} user_{INTERNAL}="{PASSWORDS[INTERNAL]}";'
        ),
        "sasl.mechanism.controller.protocol": "PLAIN",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMIN};User:{INTERNAL}",
        "allow.everyone.if.no.acl.found": "false",
    }
