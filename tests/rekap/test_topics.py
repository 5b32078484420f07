"""`rekap topics` as a shell sees it, on a real broker: what it makes, finds and says, and how it ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devtools.broker_settings import ADMIN, PASSWORDS
from devtools.brokers import Broker, free_ports
from event_log.kafka import connection as connection_module
from event_log.kafka.admin import access
from event_log.kafka.connection import Connection
from event_log.kafka.control import Opened, read_control
from event_log.kafka.topic_state import partitions_of
from event_log.kafka.topics import ALL_TOPICS, COUNT_EVENTS
from rekap.commands import topics as topics_command
from schemas.data_directory import DataDirectory
from tests.rekap.conftest import Ran, Rekap
from tests.worlds import election, registry

Topics = Callable[..., Ran]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A data directory in which nothing was counted."""
    return DataDirectory.create(tmp_path / "data", election(), registry()).path


@pytest.fixture
def topics(rekap: Rekap, connection: Connection, directory: Path) -> Topics:
    """Runs `rekap topics ACTION` for the directory on the shared broker."""

    def topics(action: str, *options: object) -> Ran:
        place = ("--broker", connection, "--topic-prefix", connection.prefix)
        return rekap("--data", directory, "topics", action, *place, *options)

    return topics


def test_create_makes_the_topics_and_opens_the_election_once(topics: Topics, connection: Connection) -> None:
    names = [connection.topic(topic) for topic in ALL_TOPICS]
    first = topics("create", "--partitions", 3, "--format", "json")
    assert (first.code, first.err) == (0, "")
    assert first.json == {
        "created": names,
        "opened": True,
        "announced": True,
        "election": "tiny2024",
        "partitions": 3,
        "differences": [],
    }
    again = topics("create", "--format", "json")
    assert (again.code, again.json) == (0, {**first.json, "created": [], "opened": False, "announced": False})
    assert read_control(connection) == Opened.of(election(), registry(), 3)


def test_create_and_check_tell_people_what_they_found(topics: Topics, connection: Connection) -> None:
    made = topics("create", "--partitions", 2)
    assert made.out.splitlines()[0].startswith(f"Made: {connection.prefix}count-events, ")
    assert made.out.splitlines()[1:] == [
        "Opened for tiny2024 with 2 partitions.",
        "All topics are as declared.",
    ]
    assert topics("create").out.splitlines()[:2] == [
        "All topics were there.",
        "Open for tiny2024 with 2 partitions.",
    ]
    assert topics("check").out == "All topics are as declared.\n"


def test_check_names_what_is_missing_and_ends_with_1(
    topics: Topics, rekap: Rekap, directory: Path, connection: Connection
) -> None:
    ran = topics("check", "--format", "json")
    assert (ran.code, ran.err) == (1, "")
    found = ran.json["differences"]
    assert [one["topic"] for one in found] == [connection.topic(topic) for topic in ALL_TOPICS]
    assert found[0] | {"sentence": None} == {
        "topic": connection.topic(COUNT_EVENTS),
        "setting": "topic",
        "expected": "there",
        "found": "missing",
        "sentence": None,
    }
    assert set(found[0]["sentence"]) == {"id", "en"}
    shown = topics("check")
    assert shown.code == 1
    assert len(shown.out.splitlines()) == 2 + len(ALL_TOPICS)
    place = ("--broker", connection, "--topic-prefix", connection.prefix)
    indonesian = rekap("--lang", "id", "--data", directory, "topics", "check", *place)
    assert indonesian.out.splitlines()[1].split() == ["topik", "setelan", "seharusnya", "ditemukan"]
    assert not re.search(r"\b(topic|there|missing)\b", indonesian.out)


def test_another_register_is_a_difference_for_check_and_an_end_for_create(
    topics: Topics, rekap: Rekap, connection: Connection, tmp_path: Path
) -> None:
    topics("create", "--partitions", 2)
    other = DataDirectory.create(tmp_path / "other", election(count_unlisted_stations=True), registry()).path
    place = ("--broker", connection, "--topic-prefix", connection.prefix)
    checked = rekap("--data", other, "topics", "check", *place, "--format", "json")
    assert checked.code == 1
    assert [one["setting"] for one in checked.json["differences"]] == ["opened for"]
    created = rekap("--data", other, "topics", "create", *place)
    assert (created.code, created.out) == (3, "")
    assert "another definition or other candidates" in created.err


def test_a_number_of_partitions_is_never_changed(topics: Topics, connection: Connection) -> None:
    topics("create", "--partitions", 2)
    ran = topics("create", "--partitions", 4)
    assert (ran.code, ran.out) == (3, "")
    assert "there with 2 partitions, not 4" in ran.err
    assert partitions_of(connection, COUNT_EVENTS) == 2


def test_the_environment_names_the_broker_as_the_options_do(
    rekap: Rekap, connection: Connection, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REKAP_BROKER", str(connection))
    monkeypatch.setenv("REKAP_TOPIC_PREFIX", connection.prefix)
    assert rekap("--data", directory, "topics", "create", "--partitions", "2").code == 0
    monkeypatch.setenv("REKAP_TOPIC_PREFIX", "another.")
    assert rekap("--data", directory, "topics", "check").code == 1


def test_a_sentence_comes_in_the_language_of_its_reader(rekap: Rekap, connection: Connection) -> None:
    ran = rekap("--lang", "id", "topics", "acls", "--broker", connection)
    assert ran.code == 3
    assert "tidak memeriksa hak siapa pun" in ran.err


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("check", "Missing option '--broker'"),
        ("check --broker localhost", "'localhost' is not the address of a broker"),
        ("check --broker localhost:1 --topic-prefix a/b", "can't begin the name of a topic"),
        ("check --broker localhost:1 --broker-config none", "none can't be read"),
        ("check --broker localhost:1 --partitions 2", "--partitions is for rekap topics create only"),
        ("create --broker localhost:1 --passwords .", "--passwords is for rekap topics acls and sender only"),
        ("create --broker localhost:1 --replication 0", "0 is not in the range"),
        ("drop --broker localhost:1", "'drop' is not one of 'create', 'check', 'acls'"),
        (
            "acls --broker localhost:1 --passwords .",
            "has no file named field, importer, worker, sink, auditor, admin",
        ),
    ],
)
def test_wrong_usage_ends_with_2(
    rekap: Rekap, line: str, sentence: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory)
    ran = rekap("--data", directory, "topics", *line.split())
    assert (ran.code, ran.out) == (2, "")
    assert sentence in " ".join(ran.err.split())


def test_a_broker_that_is_away_ends_with_3_and_says_what_to_do(
    rekap: Rekap, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "ANSWER_MS", 1_000)
    ran = rekap("--data", directory, "topics", "check", "--broker", f"127.0.0.1:{free_ports(1)[0]}")
    assert (ran.code, ran.out) == (3, "")
    assert "can't be reached" in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.fixture
def secure(startable: None) -> Iterator[Broker]:
    """A broker where everybody logs in, before anybody but the administrator is known there."""
    assert startable is None
    with Broker.start(secure=True) as broker:
        yield broker


def configured(folder: Path, user: str, password: str) -> Path:
    file = folder / f"{user}.properties"
    file.write_text(
        f"security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-256\n"
        f"sasl.username={user}\nsasl.password={password}\n"
    )
    return file


def test_a_secure_cluster_is_set_up_with_two_commands(
    rekap: Rekap, secure: Broker, directory: Path, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for user in ("field", "importer", "worker", "sink", "auditor"):
        (secrets / user).write_text(f"of-{user}\n")

    def as_user(user: str, password: str, *line: object) -> Ran:
        config = configured(tmp_path, user, password)
        place = ("--broker", secure.bootstrap, "--broker-config", config)
        return rekap("--data", directory, "topics", *line, *place, "--format", "json")

    assert as_user(ADMIN, PASSWORDS[ADMIN], "create").code == 0
    set_up = as_user(ADMIN, PASSWORDS[ADMIN], "acls", "--passwords", secrets).json
    assert set_up["passwords"] == ["auditor", "field", "importer", "sink", "worker"]
    assert "field may write topic count-events" in set_up["granted"]
    assert "field may read topic count-events" not in set_up["granted"]
    quotas = {one["user"]: one["quota"] for one in set_up["quotas"]}
    assert set(quotas) == {None, "admin", "importer", "worker"}
    assert quotas[None] == 1_048_576
    assert as_user("auditor", "of-auditor", "check").json == {"differences": []}
    denied = as_user("field", "of-field", "check")
    assert (denied.code, denied.out) == (3, "")
    assert "does not let the user field do this" in denied.err
    again = as_user(ADMIN, PASSWORDS[ADMIN], "acls").json
    assert again == {"granted": [], "withdrawn": [], "passwords": [], "quotas": []}

    (secrets / "sink").write_text("\n")
    empty = as_user(ADMIN, PASSWORDS[ADMIN], "acls", "--passwords", secrets)
    assert (empty.code, empty.out) == (2, "")
    assert "sink is empty" in empty.err


def test_rules_and_differences_are_in_indonesian_words_too() -> None:
    said = topics_command._rule("field may not describe_configs topic a.*", "id")
    assert said == "field tidak boleh melihat setelan topik a.*"
    assert topics_command._rule("field may write topic a", "en") == "field may write topic a"
    assert topics_command.in_words("fewer in 1, 2", "id") == "kurang pada 1, 2"
    assert topics_command.in_words("1048576", "id") == "1048576"
    rules = [access._said(rule) for rule in access.rules(Connection.of("localhost:9092", prefix="a."))]
    for rule in rules:
        assert not re.search(r"\b(may|read|write|topic|group)\b", topics_command._rule(rule, "id"))
