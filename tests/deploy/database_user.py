"""Runs as a user of deploy/clickhouse/users.xml, on the real engine: `python -m tests.deploy.database_user`.

The engine in process reads a server's configuration and enforces it, but lets everybody in as `default`. So
that user is given what the one asked for has: profile, quota, grants. Reads one JSON document from stdin:
{"directory", "user", "prepare", "statements", "logins", "tools"}, and writes each statement's outcome to
stdout as a JSON list: the rows, or the number of the server's error. Passwords and networks are not tried.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from clickhouse.client import DATABASE, WRITE_SETTINGS
from queries.results import results
from sinks.migrate import migrate, require_schema
from tests.sinks import small_count

ROOT: Final = Path(__file__).parents[2]
USERS: Final = ROOT / "deploy/clickhouse/users.xml"

# As the image has it underneath: the administrator may do everything.
BENEATH: Final = """
<clickhouse>
    <profiles><default/></profiles>
    <quotas><default/></quotas>
    <users>
        <default>
            <password/>
            <networks><ip>::/0</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
            <grants><query>GRANT ALL ON *.*</query></grants>
        </default>
    </users>
</clickhouse>
"""


def element(root: ElementTree.Element, path: str) -> ElementTree.Element:
    """The first element at that path, which must be there."""
    found = root.find(path)
    assert found is not None, path
    return found


def bound(profile: ElementTree.Element, *, tools: bool) -> None:
    """Rewrite the constraints for this engine, which does not read the setting that `changeable_in_readonly`
    needs. With `tools` what may be changed is bounded as on a server, and everything else may be changed too;
    otherwise nothing may, as on a server whatever has no constraint."""
    constraints = element(profile, "constraints")
    if not tools:
        profile.remove(constraints)
        return
    element(profile, "readonly").text = "2"
    for constraint in list(constraints):
        constraint.remove(element(constraint, "changeable_in_readonly"))
        if not len(constraint):
            constraints.remove(constraint)


def configuration(into: Path, user: str, logins: Path, *, tools: bool) -> Path:
    """Write a server's configuration with our users, `user` being who connects; the file that begins it."""
    into.mkdir(parents=True, exist_ok=True)
    (into / "users.d").mkdir(exist_ok=True)
    (into / "users.xml").write_text(BENEATH)
    root = ElementTree.parse(USERS).getroot()
    element(root, "include_from").text = str(logins)
    bound(element(root, "profiles/analyst"), tools=tools)
    users = element(root, "users")
    if user != "default":
        users.remove(element(users, "default"))
        wanted = element(users, user)
        wanted.tag = "default"
        wanted.set("replace", "replace")
    ElementTree.ElementTree(root).write(into / "users.d/rekap.xml")
    begin = into / "config.xml"
    begin.write_text(f"<clickhouse><users_config>{into}/users.xml</users_config></clickhouse>")
    return begin


def outcomes(client: Client, statements: Sequence[str]) -> list[Any]:
    """Each statement's rows, or the number of the error."""
    found: list[Any] = []
    for statement in statements:
        try:
            if re.match(r"(?i)select|show", statement):
                found.append([list(map(str, row)) for row in client.query(statement).result_rows])
            else:
                client.command(statement)
                found.append([])
        except ClickHouseError as error:
            found.append(int(re.findall(r"Code: (\d+)", str(error))[0]))
    return found


def main() -> None:
    """Do what stdin says."""
    asked = json.load(sys.stdin)
    directory, user = Path(asked["directory"]), asked["user"]
    begin = configuration(directory / user, user, Path(asked["logins"]), tools=asked["tools"])
    client = clickhouse_connect.get_client(
        interface="chdb", path=f"{directory / 'database'}?config-file={begin}"
    )
    if user == "default":
        client.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
    client.database = DATABASE
    if user in ("migrator", "sink"):
        for name, value in WRITE_SETTINGS.items():
            client.set_client_setting(name, value)
    if asked["prepare"] and user == "migrator":
        migrate(client)
    if asked["prepare"] and user == "sink":
        require_schema(client)
        small_count.insert(client, small_count.rows())
    found = outcomes(client, asked["statements"])
    if asked["prepare"] and user == "analyst":
        found = results(client, small_count.ELECTION, small_count.CONTEST, "village")
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
