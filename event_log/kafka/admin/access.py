"""Users and ACLs of the topics, declared once: a user with the least rights for each kind of process.

Kafka enforces it where the brokers have an authorizer and let nobody do what no rule allows. Administrators
are not here: they are the brokers' `super.users`. Host-based rules and the brokers' own users are theirs too;
quotas are in event_log.kafka.admin.quotas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialUpsertion,
)

from event_log.errors import LogUnavailable
from event_log.kafka.admin_client import ask
from event_log.kafka.connection import Connection
from event_log.kafka.topics import (
    ALL_TOPICS,
    COUNT_EVENTS,
    COUNT_ROWS,
    DISTRICT_TALLIES,
    ELECTION_CONTROL,
    NATION_TALLIES,
    PROVINCE_TALLIES,
    REJECTED,
    SINK_GROUP,
    WORKER_GROUP,
    Topic,
)
from schemas.language import Text
from schemas.text import quoted

ADMIN: Final = "admin"
"""The administrator, who makes topics, opens the election and sets the rights of the others."""

ITERATIONS: Final = 8_192
"""Rounds of SCRAM's hash: twice the least that Kafka takes, for the day when the stored hashes get out."""


@dataclass(frozen=True, slots=True)
class User:
    """A user, what it may read and write, the consumer group it may be in, and whether it may see the
    settings of these topics. Reading or writing a topic includes seeing that it is there; `sees`: topics of
    which it may know no more than that. `groups`: it may be in all groups whose names begin with `group`."""

    name: str
    why: str
    reads: tuple[Topic, ...] = ()
    writes: tuple[Topic, ...] = ()
    sees: tuple[Topic, ...] = ()
    group: str | None = None
    groups: bool = False
    sees_settings: bool = False


USERS: Final = (
    User(
        "field",
        why="Systems that send counts: they add to the log and can't read what others sent.",
        reads=(ELECTION_CONTROL,),
        writes=(COUNT_EVENTS,),
    ),
    User(
        "importer",
        why="The commission's own imports: they add to the log, and compare with what it has accepted.",
        reads=(COUNT_EVENTS, ELECTION_CONTROL),
        writes=(COUNT_EVENTS,),
    ),
    User(
        "worker",
        why="Workers: they read the log and publish what follows from it. The log itself they can't write.",
        reads=(COUNT_EVENTS, COUNT_ROWS, DISTRICT_TALLIES, PROVINCE_TALLIES, ELECTION_CONTROL),
        writes=(COUNT_ROWS, DISTRICT_TALLIES, PROVINCE_TALLIES, NATION_TALLIES, REJECTED),
        group=WORKER_GROUP,
        sees_settings=True,  # a log that Kafka shortens is not folded
    ),
    User(
        "sink",
        why="The sink: it reads rows and totals, checks all topics, and writes to ClickHouse alone.",
        reads=(COUNT_ROWS, PROVINCE_TALLIES, NATION_TALLIES, ELECTION_CONTROL),
        sees=(COUNT_EVENTS, DISTRICT_TALLIES, REJECTED),
        group=SINK_GROUP,
        groups=True,  # one for each database that is filled
        sees_settings=True,
    ),
    User(
        "auditor",
        why="Whoever checks the count: reads everything, settings too, and writes nothing.",
        reads=ALL_TOPICS,
        sees_settings=True,
    ),
)
"""Users with rights of their own, each a kind of process."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What setting the rights changed: rules that were `granted` and `withdrawn`, as sentences."""

    granted: list[str]
    withdrawn: list[str]


def rules(connection: Connection) -> list[ACL]:
    """All rules, for the topics and groups of the connection's prefix."""
    return [
        ACL(f"User:{user.name}", "*", operation, ACLPermissionType.ALLOW, resource)
        for user in USERS
        for resource, operation in rights_of(connection, user)
    ]


def rights_of(connection: Connection, user: User) -> Iterator[tuple[ResourcePattern, ACLOperation]]:
    """What a user may do on which topics and groups of the connection's prefix."""

    def topic(one: Topic) -> ResourcePattern:
        return ResourcePattern(ResourceType.TOPIC, connection.topic(one))

    for one in user.reads:
        yield topic(one), ACLOperation.READ
    for one in user.writes:
        yield topic(one), ACLOperation.WRITE
    for one in user.sees:
        yield topic(one), ACLOperation.DESCRIBE
    if user.sees_settings:
        for one in dict.fromkeys((*user.reads, *user.writes, *user.sees)):
            yield topic(one), ACLOperation.DESCRIBE_CONFIGS
    if user.group is not None:
        pattern = ACLResourcePatternType.PREFIXED if user.groups else ACLResourcePatternType.LITERAL
        yield ResourcePattern(ResourceType.GROUP, connection.group(user.group), pattern), ACLOperation.READ


def set_rights(connection: Connection) -> Changed:
    """Give each user of USERS the declared rights on the topics and groups of this prefix, and no others
    there.

    Rules of other users and for anything else stay. Raises LogUnavailable.
    """
    return ask(connection, lambda admin: _set_rights(admin, connection))


def _set_rights(admin: KafkaAdminClient, connection: Connection) -> Changed:
    wanted, held = rules(connection), _held(admin, connection)
    missing = [rule for rule in wanted if rule not in held]
    excess = [rule for rule in held if rule not in wanted]
    if missing:
        failed = admin.create_acls(missing)["failed"]
        if failed:
            raise failed[0]()
    if excess:
        for _, _, error in admin.delete_acls(excess):
            if error.errno:
                raise error()
    return Changed([_said(rule) for rule in missing], [_said(rule) for rule in excess])


def any_rule() -> ACLFilter:
    """What every rule on a cluster matches."""
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    return ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, anything)


def _held(admin: KafkaAdminClient, connection: Connection) -> list[ACL]:
    """The rules of our users about our topics and groups. Raises KafkaError."""
    found, _ = admin.describe_acls(any_rule())
    users = {f"User:{user.name}" for user in USERS}
    names = {connection.topic(topic) for topic in ALL_TOPICS}
    names |= {connection.group(user.group) for user in USERS if user.group}
    return [
        rule for rule in found if rule.principal in users and rule.resource_pattern.resource_name in names
    ]


def _said(rule: ACL) -> str:
    """A rule in one line."""
    resource = rule.resource_pattern
    more = "*" if resource.pattern_type is ACLResourcePatternType.PREFIXED else ""
    may = "may" if rule.permission_type is ACLPermissionType.ALLOW else "may not"
    return (
        f"{quoted(rule.principal.removeprefix('User:'))} {may} {rule.operation.name.lower()} "
        f"{resource.resource_type.name.lower()} {quoted(resource.resource_name)}{more}"
    )


def set_passwords(connection: Connection, passwords: Mapping[str, str]) -> None:
    """Let these users log in with these passwords from now on, and no longer with their former ones.

    Only a salted hash leaves this process. Sessions that are open stay open. Raises LogUnavailable.
    """
    own = connection.security.mechanism if connection.security else None
    mechanism = own if own and own.startswith("SCRAM") else "SCRAM-SHA-256"
    changes = [
        UserScramCredentialUpsertion(user, mechanism, password, iterations=ITERATIONS)
        for user, password in passwords.items()
    ]
    answers = ask(connection, lambda admin: admin.alter_user_scram_credentials(changes))
    for user, problem in answers.items():
        if problem is not None:
            raise LogUnavailable(
                Text(
                    id=f"Kata sandi pengguna {user} tidak diterima Kafka: {quoted(problem)}. Masuklah "
                    f"sebagai {ADMIN}, atau pilih kata sandi lain.",
                    en=f"Kafka did not take the password of the user {user}: {quoted(problem)}. Log in as "
                    f"{ADMIN}, or choose another password.",
                )
            )
