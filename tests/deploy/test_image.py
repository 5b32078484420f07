"""The image: what goes into it, who it runs as, and that nothing is built in what is shipped."""

from __future__ import annotations

import re
import subprocess
import tomllib
from typing import Final

from tests.deploy.compose_files import ROOT, of_rekap, read
from tests.deploy.linters import linter

DOCKERFILE: Final = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text("utf-8"))
"""One instruction a line."""
STAGES: Final = DOCKERFILE.split("\nFROM ")[1:]
LAST: Final = STAGES[-1]

ALLOWED: Final = {
    line.removeprefix("!")
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    if line.startswith("!")
}


def test_nothing_goes_in_that_is_not_named() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] != "#"]
    assert lines[0] == "*"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = {
        name.removesuffix("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    assert {"LICENSE", "README.md", "pyproject.toml", "requirements.lock"} | packages == ALLOWED
    assert all((ROOT / name).exists() for name in ALLOWED)


def test_dependencies_are_what_their_hashes_say_and_none_is_compiled() -> None:
    installs = re.findall(r"pip install ([^&\n]+)", DOCKERFILE)
    assert len(installs) == 2
    assert "--require-hashes --requirement requirements.lock" in installs[0]
    assert "--only-binary :all:" in installs[0]
    assert installs[1].split() == ["--no-deps", "--no-build-isolation", "--no-index", "."]


def test_the_last_stage_is_handed_what_was_built_and_builds_nothing() -> None:
    assert len(STAGES) == 2
    assert re.findall(r"^COPY (.+)$", LAST, re.MULTILINE) == ["--from=build /opt/rekap /opt/rekap"]
    assert not re.search(r"\b(apt|apt-get|pip|gcc|make|curl|wget)\b", LAST)
    assert "pip uninstall --yes setuptools pip" in STAGES[0]


def test_it_runs_as_a_fixed_user_without_rights() -> None:
    (user,) = re.findall(r"^USER (.+)$", LAST, re.MULTILINE)
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert {one["user"] for _, one in of_rekap()} == {user}
    uid, gid = user.split(":")
    assert f"--uid {uid}" in LAST
    assert f"--gid {gid}" in LAST
    assert "nologin" in LAST


def test_the_data_directory_belongs_to_that_user_and_is_the_commands_default() -> None:
    assert "install --directory --owner 10001 --group 10001 --mode 0700 /data /snapshots" in LAST
    assert "REKAP_DATA=/data" in LAST
    assert 'ENTRYPOINT ["rekap"]' in LAST


def test_the_base_image_is_pinned_and_of_a_python_that_rekap_supports() -> None:
    pinned = r"^ARG PYTHON=python:(3\.\d+)\.\d+-slim@sha256:[0-9a-f]{64}$"
    (version,) = re.findall(pinned, DOCKERFILE, re.MULTILINE)
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert tuple(map(int, version.split("."))) >= tuple(map(int, wanted.removeprefix(">=").split(".")))
    assert all(stage.startswith("${PYTHON}") for stage in STAGES)


def test_the_image_of_the_services_is_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert read("docker-compose.yml")["x-rekap"]["image"] == f"rekap:${{REKAP_VERSION:-{version}}}"


def test_a_linter_of_dockerfiles_has_nothing_to_say() -> None:
    command = [linter("hadolint"), "Dockerfile"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
