"""docker-compose.yml and the files beside it: what every service promises, and that it fits our commands."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest

from event_log.kafka.admin.access import ADMIN, USERS
from event_log.kafka.topics import COUNT_EVENTS, Topic
from tests.deploy.compose_files import (
    BASE,
    CLUSTER,
    ROOT,
    arguments,
    of_rekap,
    parsed,
    read,
    services,
    substituted,
    target,
    variables,
)

SERVICES = services()
ONCE = {"init", "access", "setup", "migrate", "cli", "sender"}
"""They do one thing and end."""
LASTING = SERVICES.keys() - ONCE
RESULTS_OF_OTHERS = {"kafka", "kafka-2", "kafka-3", "clickhouse"}

OLDEST_COMPOSE = (2, 24)
"""The first with `!override`, which the files of a cluster need."""

FILES = [[BASE], [BASE, CLUSTER]]


def environment(service: dict[str, Any]) -> dict[str, str]:
    """The variables inside a service."""
    return {name: substituted(value) for name, value in service.get("environment", {}).items()}


def access(service: dict[str, Any]) -> str | None:
    """Whose directory of logins a service is given."""
    mounts = [one for one in service["volumes"] if target(one) == "/run/rekap"]
    return Path(substituted(mounts[0]["source"])).name if mounts else None


def version_of(compose: list[str]) -> tuple[int, ...]:
    """Of that command; () when it is not there."""
    if shutil.which(compose[0]) is None:
        return ()
    said = subprocess.run([*compose, "version", "--short"], capture_output=True, text=True, check=False)
    found = re.match(r"v?(\d+)\.(\d+)", said.stdout)
    return tuple(map(int, found.groups())) if said.returncode == 0 and found else ()


@pytest.mark.parametrize("files", FILES)
@pytest.mark.parametrize("settings", [[], ["--env-file", "deploy/secure.env"]])
def test_compose_itself_takes_the_files(files: list[str], settings: list[str]) -> None:
    for compose in (["docker", "compose"], ["docker-compose"]):
        if version_of(compose) >= OLDEST_COMPOSE:
            break
    else:
        pytest.skip("Docker Compose 2.24 or newer is not installed")
    named = [part for file in files for part in ("--file", file)]
    whole = [*compose, *settings, "--profile", "tools", *named, "config", "--quiet"]
    done = subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_all_services_are_known_here() -> None:
    assert {"kafka", "kafka-2", "kafka-3", "clickhouse", "worker", "sink"} == LASTING


@pytest.mark.parametrize("name", sorted(LASTING))
def test_what_lasts_comes_back_by_itself_and_says_how_it_is(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert {"test", "interval", "timeout", "retries", "start_period"} <= service["healthcheck"].keys()
    assert "stop_grace_period" in service


@pytest.mark.parametrize("name", sorted(ONCE))
def test_what_ends_is_not_started_again_and_waited_for_until_it_has_ended(name: str) -> None:
    assert SERVICES[name]["restart"] == "no"
    waited_for = [
        on[name]["condition"] for other in SERVICES.values() if name in (on := other.get("depends_on", {}))
    ]
    assert set(waited_for) <= {"service_completed_successfully"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_has_no_more_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert not service.keys() & {"privileged", "cap_add", "pid", "ipc", "devices"}
    assert all("docker.sock" not in str(volume) for volume in service["volumes"])


def test_ports_are_on_loopback_only() -> None:
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert published.keys() == RESULTS_OF_OTHERS
    ports = [substituted(port) for each in published.values() for port in each]
    assert len(set(ports)) == len(ports)
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)


def test_only_what_has_ports_is_on_a_network_that_leads_anywhere() -> None:
    networks = read(BASE)["networks"]
    assert networks["pipeline"] == {"internal": True}
    assert SERVICES["init"]["network_mode"] == "none"
    for name, service in SERVICES.items():
        if name != "init":
            expected = ["pipeline", "edge"] if "ports" in service else ["pipeline"]
            assert service["networks"] == expected, name


def test_data_is_in_named_volumes_and_everything_else_is_mounted_to_be_read() -> None:
    declared = {*read(BASE)["volumes"], *read(CLUSTER)["volumes"]}
    writable: dict[str, list[str]] = {}
    for name, service in SERVICES.items():
        for volume in service["volumes"]:
            if isinstance(volume, dict):
                assert volume["read_only"] is True
                assert volume["bind"] == {"create_host_path": False}
            elif not substituted(volume).endswith(":ro"):
                writable.setdefault(name, []).append(volume.split(":")[0])
    assert {source for sources in writable.values() for source in sources} == declared
    assert writable == {
        "kafka": ["kafka"],
        "kafka-2": ["kafka-2"],
        "kafka-3": ["kafka-3"],
        "clickhouse": ["clickhouse"],
        "init": ["election"],
        "worker": ["snapshots"],
        "sender": ["election"],
    }


def test_images_of_others_are_pinned_by_digest() -> None:
    """The tag is for people; what is pulled is what has the digest, or nothing."""
    by_digest = r"[a-z/-]+:\d+\.\d+(\.\d+)+@sha256:[0-9a-f]{64}"
    for name in RESULTS_OF_OTHERS:
        assert re.fullmatch(by_digest, substituted(SERVICES[name]["image"])), name


def test_the_images_in_the_document_are_those_of_the_files() -> None:
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    for image in {substituted(SERVICES[name]["image"]) for name in RESULTS_OF_OTHERS}:
        tag, _, digest = image.partition("@")
        assert f"`{tag}`" in text, "its tag in the table of variables"
        assert f"inspect {tag} " in text.replace("\n", " "), "the command that shows what the tag is now"
        assert digest not in text, "one home: docker-compose.yml"


def test_the_broker_is_the_one_that_the_tests_run() -> None:
    pom = (ROOT / "deploy/kafka/pom.xml").read_text("utf-8")
    assert (
        substituted(SERVICES["kafka"]["image"]).partition("@")[0]
        == f"apache/kafka:{re.findall(r'<version>([^<]+)', pom)[0]}"
    )


def test_clickhouse_is_not_older_than_the_engine_that_the_tests_run() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    engine = re.findall(r"^chdb-core-lite==(\d+)\.(\d+)", lock, re.MULTILINE)[0]
    server = re.findall(r":(\d+)\.(\d+)", substituted(SERVICES["clickhouse"]["image"]))[0]
    assert tuple(map(int, server)) >= tuple(map(int, engine))


# Our commands


@pytest.mark.parametrize("name", [name for name, one in of_rekap() if "command" in one])
def test_commands_are_what_rekap_understands(name: str) -> None:
    service = SERVICES[name]
    context = parsed(arguments(service), environment(service))
    assert context.command.name == name.replace("setup", "topics").replace("access", "topics")


def test_what_rekap_does_not_understand_would_be_noticed() -> None:
    with pytest.raises(click.UsageError):
        parsed(["worker", "--no-such-option"], environment(SERVICES["worker"]))
    with pytest.raises(click.UsageError):
        parsed(["no-such-command"], {})
    with pytest.raises(click.UsageError):
        parsed(["worker"], {})  # without a broker


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param(name, words, id=f"{name} {words}")
        for file in (BASE, "docs/operations.md")
        for name, words in re.findall(
            r"docker compose run --rm (\w+) +(\w[^`#|\n]*)", (ROOT / file).read_text("utf-8")
        )
    ],
)
def test_what_people_are_told_to_run_is_understood(name: str, words: str) -> None:
    service = SERVICES[name]
    assert parsed(shlex.split(words), environment(service)).command.name == words.split()[0]


def test_the_register_can_be_named_in_variables(tmp_path: Path) -> None:
    regions = tmp_path / "regions.csv"
    regions.touch()
    values = {"REKAP_ELECTION": "pilpres2019", "REKAP_REGISTER": f"--registry '{regions}'"}
    context = parsed(arguments(SERVICES["init"], values), {})
    assert context.params["election"] == "pilpres2019"
    assert context.params["registry"] == regions


@pytest.mark.parametrize("name", ["worker", "sink"])
def test_the_health_check_asks_where_the_process_answers(name: str) -> None:
    service = SERVICES[name]
    context = parsed(arguments(service), environment(service))
    host, port = context.params["metrics"]
    assert host == "0.0.0.0"
    assert f"http://127.0.0.1:{port}/health" in service["healthcheck"]["test"][-1]
    assert service["healthcheck"]["test"][:2] == ["CMD", "python"]


def test_copies_and_partitions_are_as_declared() -> None:
    alone = parsed(
        arguments(SERVICES["setup"] | {"command": read(BASE)["services"]["setup"]["command"]}),
        {"REKAP_BROKER": "kafka:9092"},
    )
    three = parsed(arguments(SERVICES["setup"]), {"REKAP_BROKER": "kafka:9092"})
    assert alone.params["partitions"] == three.params["partitions"] == COUNT_EVENTS.partitions
    assert (alone.params["replication"], three.params["replication"]) == (1, 3)


def test_variables_inside_the_services_are_read_by_the_code() -> None:
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "rekap").rglob("*.py"))
    ours = {name for _, one in of_rekap() for name in environment(one) if name.startswith("REKAP_")}
    assert ours == {name for name in ours if f'"{name}"' in code}
    assert {"REKAP_DATA", "REKAP_BROKER", "REKAP_BROKER_CONFIG", "REKAP_METRICS"} <= ours
    start = (ROOT / "deploy/broker/start.sh").read_text("utf-8")
    given = {name for name in environment(SERVICES["kafka-2"]) if name.startswith("BROKER_")}
    assert given == {name for name in given if f"${name}" in start or f"${{{name}:-" in start}
    needed = set(re.findall(r"\$(BROKER_\w+)", start)) - set(re.findall(r"\{(BROKER_\w+):-", start))
    assert needed == given - {"BROKER_HOST_PORT"}


def test_every_choice_has_a_default_and_is_documented() -> None:
    operations = (ROOT / "docs/operations.md").read_text("utf-8")
    for name, defaults in variables(BASE, CLUSTER).items():
        assert None not in defaults, name
        assert len(defaults) == 1, name
        assert f"`{name}`" in operations, name


# Who may do what


def test_each_service_is_given_the_login_of_its_own_user() -> None:
    assert {name: access(service) for name, service in SERVICES.items()} == {
        "kafka": "kafka",
        "kafka-2": "kafka",
        "kafka-3": "kafka",
        "clickhouse": "clickhouse",
        "init": None,
        "access": ADMIN,
        "setup": ADMIN,
        "migrate": "migrator",
        "worker": "worker",
        "sink": "sink",
        "cli": "auditor",
        "sender": "importer",
    }


def test_the_users_of_the_services_are_those_that_have_rights() -> None:
    from deploy.make_secrets import DATABASE_USERS
    from deploy.make_secrets import USERS as MADE

    assert set(MADE) == {ADMIN, *(user.name for user in USERS)}
    directories = {path.name for path in (ROOT / "deploy/open").iterdir()}
    assert directories == {*MADE, *DATABASE_USERS, "kafka", "clickhouse"}


def test_field_systems_only_send_and_auditors_only_read() -> None:
    rights: dict[str, tuple[Topic, ...]] = {user.name: user.writes for user in USERS}
    assert rights["field"] == rights["importer"] == (COUNT_EVENTS,)
    assert rights["auditor"] == rights["sink"] == ()
    assert COUNT_EVENTS not in rights["worker"]


def test_rights_come_before_anybody_needs_them() -> None:
    secure = read(BASE)["services"]
    assert secure["access"]["profiles"] == ["secure"]
    assert secure["setup"]["depends_on"]["access"] == {
        "condition": "service_completed_successfully",
        "required": False,
    }
    for name in ("worker", "sink"):
        assert secure[name]["depends_on"]["setup"] == {"condition": "service_completed_successfully"}


def test_the_secure_profile_is_one_file() -> None:
    lines = (ROOT / "deploy/secure.env").read_text("utf-8").splitlines()
    values = dict(line.split("=") for line in lines if line and not line.startswith("#"))
    assert values == {"COMPOSE_PROFILES": "secure", "REKAP_ACCESS": "./deploy/secure"}
    assert set(values) - {"COMPOSE_PROFILES"} <= variables(BASE).keys()


def test_the_database_is_named_in_a_file_and_not_in_the_settings(tmp_path: Path) -> None:
    """The entrypoint, run by a shell with a `rekap` that tells what it was given."""
    (tmp_path / "rekap").write_text('#!/bin/sh\necho "$REKAP_CLICKHOUSE|$*"\n')
    (tmp_path / "rekap").chmod(0o755)
    secret = tmp_path / "clickhouse.url"
    shell, option, script, name = SERVICES["sink"]["entrypoint"]
    script = substituted(script).replace("/run/rekap", str(tmp_path))

    def told() -> str:
        whole = [shell, option, script, name, *arguments(SERVICES["sink"]), "a b"]
        path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        return subprocess.run(whole, env=path, capture_output=True, text=True, check=True).stdout

    assert told() == "|sink a b\n"
    secret.write_text("http://sink:secret@clickhouse:8123/rekap\n")
    assert told() == "http://sink:secret@clickhouse:8123/rekap|sink a b\n"
    assert not any("CLICKHOUSE" in name for _, one in of_rekap() for name in environment(one))


def test_the_schema_is_brought_up_to_date_before_the_sink_by_another_user() -> None:
    sink, migrate = SERVICES["sink"], SERVICES["migrate"]
    assert sink["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert access(migrate) == "migrator"
    assert arguments(migrate) == ["migrate"]


def test_no_password_is_in_what_a_process_is_given() -> None:
    """Files hold them: commands and settings are seen by others."""
    for name, service in SERVICES.items():
        told = str(service.get("command", "")) + str(service.get("environment", ""))
        if name == "access":  # the directory that they are in, and an option that names it
            told = told.replace("--passwords", "").replace("/run/rekap/passwords", "")
        assert not re.search(r"(?i)password|secret|://[^/@ ]+:[^/@ ]+@", told), name
