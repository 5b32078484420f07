"""A login, rights and a quota for each sender of counts, so that one of them can be bounded or cut off alone.

A sender's user is `field-NAME`; it may do what `field` may. Its quota (event_log.kafka.admin.quotas) is kept
by Kafka.
"""

from __future__ import annotations

import re
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLPermissionType, ScramMechanism, UserScramCredentialDeletion

from event_log.kafka.admin.access import USERS, any_rule, rights_of, set_passwords
from event_log.kafka.admin.quotas import QUOTA_BYTES, set_quota
from event_log.kafka.admin_client import ask
from event_log.kafka.connection import Connection

PREFIX: Final = "field-"

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
"""What a sender may be called: it stands in rules, logs and file names."""


def admit(connection: Connection, name: str, password: str, quota_bytes: int = QUOTA_BYTES) -> str:
    """Give the sender a login, the quota, and the rights of `field` on this prefix; its user. Running it
    again sets password and quota anew. Raises ValueError for a name that can't be, and LogUnavailable."""
    user = user_of(name)
    # Rights come last: a sender without its own quota may send nothing.
    set_passwords(connection, {user: password})
    set_quota(connection, user, quota_bytes)
    ask(connection, lambda admin: _grant(admin, _rules(connection, user)))
    return user


def cut_off(connection: Connection, name: str) -> int:
    """Take away everything that the sender may do on the cluster, its quota and its login; the number of
    rules that were taken away. Sessions that are open end with their next request. Raises ValueError and
    LogUnavailable."""
    user = user_of(name)
    # Rights go first: a login that is taken away leaves open sessions as they are.
    rules = ask(connection, lambda admin: _withdraw(admin, f"User:{user}"))
    ask(connection, lambda admin: _forget_login(admin, user))
    set_quota(connection, user, None)
    return rules


def user_of(name: str) -> str:
    """The user of that sender. Raises ValueError for a name that can't be."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} can't be a sender's name")
    return PREFIX + name


def _rules(connection: Connection, user: str) -> list[ACL]:
    (field,) = (one for one in USERS if one.name == "field")
    return [
        ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, resource)
        for resource, operation in rights_of(connection, field)
    ]


def _grant(admin: KafkaAdminClient, rules: list[ACL]) -> None:
    failed = admin.create_acls(rules)["failed"]
    if failed:
        raise failed[0]()


def _withdraw(admin: KafkaAdminClient, principal: str) -> int:
    found, _ = admin.describe_acls(any_rule())
    rules = [rule for rule in found if rule.principal == principal]
    for _, _, error in admin.delete_acls(rules) if rules else ():
        if error.errno:
            raise error()
    return len(rules)


def _forget_login(admin: KafkaAdminClient, user: str) -> None:
    for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
        # What is not there can't be deleted, which is as wanted.
        admin.alter_user_scram_credentials([UserScramCredentialDeletion(user, mechanism)])
