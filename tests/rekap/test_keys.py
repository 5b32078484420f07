"""`rekap keys`: the ceremony from the first key to a revoked phone, as docs/keys.md tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from nacl.pwhash import argon2id

from schemas import key_files
from schemas.canonical import dumps
from schemas.data_directory import DataDirectory
from schemas.identity import Identity
from tests.keys import ALL_ROLES
from tests.rekap.conftest import Ran, Rekap
from tests.worlds import ABROAD, all_stations, election, pairs, registry, submitted

STATION, NEIGHBOUR = all_stations()[:2]
PHRASE = "frasa sandi uji"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each passphrase at the least cost."""
    monkeypatch.setattr(key_files, "OPERATIONS", argon2id.OPSLIMIT_MIN)
    monkeypatch.setattr(key_files, "MEMORY", argon2id.MEMLIMIT_MIN)


class Ceremony:
    """A folder with keys and a count, and the command line in it."""

    def __init__(self, rekap: Rekap, folder: Path) -> None:
        self.rekap, self.folder = rekap, folder
        self.phrase = folder / "phrase"
        self.phrase.write_text(f"{PHRASE}\n")
        self.count = folder / "count"

    def generate(self, name: str) -> str:
        """A new key in NAME.key; its public key."""
        ran = self.rekap(
            *("keys", "generate", "--out", self.folder / f"{name}.key"),
            *("--passphrase-file", self.phrase, "--format", "json"),
        )
        assert ran.code == 0, ran.err
        return str(ran.json["key_id"])

    def keys(self, *arguments: Any, by: tuple[str, ...] = ()) -> Ran:
        """`rekap keys` with those keys, as JSON."""
        signing = [part for name in by for part in ("--key", self.folder / f"{name}.key")]
        phrase = ("--passphrase-file", self.phrase) if by else ()
        return self.rekap("--data", self.count, "keys", *arguments, *signing, *phrase, "--format", "json")

    def status(self, *arguments: Any, by: tuple[str, ...]) -> list[str]:
        """What became of the events that it makes."""
        ran = self.keys(*arguments, by=by)
        assert ran.code in (0, 1), ran.err
        return [event["status"] for event in ran.json["events"]]

    def send(self, raw: bytes, name: str, seq: int) -> str:
        """A count signed by NAME.key and sent: its status, or the reason of its rejection."""
        document = orjson.loads(raw)
        document.pop("event_id")
        document["submitted_by"] = {"officer": "o-1", "role": "kpps"}
        path = self.folder / "form.json"
        path.write_bytes(dumps(document))
        ran = self.keys("sign", path, "--seq", seq, by=(name,))
        (event,) = ran.json["events"]
        return str(event["status"])


@pytest.fixture
def ceremony(rekap: Rekap, tmp_path: Path) -> Ceremony:
    """A count with three keys at its root, two of which are needed; opened, with a registrar of "
    "province 11."""
    made = Ceremony(rekap, tmp_path)
    roots = tuple(made.generate(f"root-{number}") for number in (1, 2, 3))
    identity = Identity(roots=roots, threshold=2, signed_roles=ALL_ROLES)
    DataDirectory.create(made.count, election().with_identity(identity), registry())
    return made


def test_the_ceremony(ceremony: Ceremony) -> None:
    assert ceremony.keys("list").json == {
        "opened": False,
        "paused": False,
        "keys": [row for row in ceremony.keys("list").json["keys"] if row["kind"] == "root"],
    }
    # The commission: two of three open the election, a registrar is enrolled on two machines.
    assert ceremony.status("open", by=("root-1", "root-2")) == ["accepted"]
    registrar = ceremony.generate("registrar")
    draft, signed = ceremony.folder / "draft.json", ceremony.folder / "signed.json"
    by_one = ceremony.keys(
        "enrol", "--registrar", registrar, "--within", "11", "--out", draft, by=("root-3",)
    )
    assert by_one.json["events"][0]["status"] == "written"
    assert ceremony.rekap("--data", ceremony.count, "import", draft, "--format", "json").json[
        "rejected_by_reason"
    ] == {"bad_signature": 1}
    assert ceremony.keys("sign", draft, "--out", signed, by=("root-1",)).code == 0
    assert (
        ceremony.rekap("--data", ceremony.count, "import", signed, "--format", "json").json["accepted"] == 1
    )
    # The registrar: one phone by itself, more from a table.
    phone, other = ceremony.generate("phone"), ceremony.generate("other")
    enrol = ("enrol", "--device", phone, "--role", "kpps", "--station", STATION, "--name", "hp-1")
    assert ceremony.status(*enrol, by=("registrar",)) == ["accepted"]
    table = ceremony.folder / "devices.csv"
    table.write_text(f"key,role,regions\n{other},kpps,1101012001 1101012002\n{phone},ppk,110202\n")
    assert ceremony.status("enrol", "--devices", table, by=("registrar",)) == ["accepted", "accepted"]
    rows = [row for row in ceremony.keys("list").json["keys"] if row["kind"] == "device"]
    assert [(row["key"], row["district"], row["role"], row["device"]) for row in rows] == [
        (phone, "1101", "kpps", "hp-1"),
        (other, "1101", "kpps", None),
        (phone, "1102", "ppk", None),
    ]
    # The phone reports its station, and no other.
    assert ceremony.send(submitted(STATION, pairs(1, 2, 3)), "phone", 1) == "accepted"
    assert ceremony.send(submitted(NEIGHBOUR, pairs(1, 2, 3)), "phone", 2) == "rejected"
    # A pause.
    pause = ("pause", "--note", "putusan 1")
    assert ceremony.status(*pause, by=("root-2",)) == ["rejected"]
    assert ceremony.status(*pause, by=("root-2", "root-3")) == ["accepted"]
    assert ceremony.keys("list").json["paused"] is True
    assert ceremony.send(submitted(NEIGHBOUR, pairs(1, 2, 3)), "other", 1) == "rejected"
    assert ceremony.status("resume", "--note", "putusan 2", by=("root-1", "root-2")) == ["accepted"]
    assert ceremony.send(submitted(NEIGHBOUR, pairs(1, 2, 3)), "other", 1) == "accepted"
    # The phone is lost: it is revoked in both districts.
    revoke = ("revoke", "--device", phone, "--note", "hilang")
    assert ceremony.status(*revoke, by=("registrar",)) == ["accepted", "accepted"]
    assert ceremony.send(submitted(STATION, pairs(9, 9, 9)), "phone", 3) == "rejected"
    assert ceremony.keys(*revoke, by=("registrar",)).code == 2
    gone = ("revoke", "--registrar", registrar, "--note", "selesai")
    assert ceremony.status(*gone, by=("root-1", "root-3")) == ["accepted"]
    assert ceremony.status(*enrol, by=("registrar",)) == ["rejected"]
    # Exported and imported elsewhere, the log decides as it did here: its order is kept.
    exported, again = ceremony.folder / "log.jsonl", ceremony.folder / "again"
    assert (
        ceremony.rekap("--data", ceremony.count, "log", "--format", "jsonl", "--output", exported).code == 0
    )
    there = DataDirectory.open(ceremony.count)
    DataDirectory.create(again, there.election, there.registry)
    assert ceremony.rekap("--data", again, "import", exported).code == 0
    # What was counted is what the log gives, and the table names every key.
    verified = ceremony.rekap("--data", ceremony.count, "verify", "--format", "json")
    assert (verified.code, verified.json["equal"]) == (0, True)
    elsewhere = ceremony.rekap("--data", again, "verify", "--format", "json")
    assert elsewhere.json["state_digest"] == verified.json["state_digest"]
    shown = ceremony.rekap("--data", ceremony.count, "--lang", "id", "keys", "list")
    assert shown.out.startswith("Penghitungan berjalan.\n")
    assert shown.out.count("dicabut") == 3
    assert phone in shown.out


@pytest.mark.parametrize(
    "line",
    [
        ("generate",),
        ("open",),
        ("pause", "--note", "n"),
        ("pause", "--key", "root-1.key"),
        ("enrol", "--key", "root-1.key"),
        ("enrol", "--device", "K", "--devices", "f.csv", "--key", "root-1.key"),
        ("enrol", "--registrar", "K", "--key", "root-1.key"),
        ("enrol", "--device", "K", "--station", STATION, "--key", "root-1.key"),
        ("list", "--key", "root-1.key"),
        ("open", "--role", "kpps"),
        ("sign", "--key", "root-1.key"),
        ("list", "form.json"),
    ],
    ids=" ".join,
)
def test_what_is_asked_wrongly_is_told(ceremony: Ceremony, line: tuple[str, ...]) -> None:
    ran = ceremony.rekap("--data", ceremony.count, "keys", *line)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def test_devices_without_one_district_are_told(ceremony: Ceremony) -> None:
    ceremony.generate("registrar")
    for places in ((), ("--station", "nowhere"), ("--station", STATION, "--station", f"{ABROAD}001")):
        ran = ceremony.keys("enrol", "--device", "A" * 43, "--role", "kpps", *places, by=("registrar",))
        assert ran.code == 2, ran.err
    table = ceremony.folder / "t.csv"
    for text in ("role\nkpps\n", "key,role,x\na,b,c\n", "key,role\na\n", 'key,role\n"a,b\n', ""):
        table.write_text(text)
        assert ceremony.keys("enrol", "--devices", table, by=("registrar",)).code == 2


def test_what_a_registrar_wrote_is_shown_as_text(ceremony: Ceremony) -> None:
    hostile = "\x1b]0;title\x07\x1b[2J\u202e=1+1"
    assert ceremony.status("open", by=("root-1", "root-2")) == ["accepted"]
    registrar, phone = ceremony.generate("registrar"), ceremony.generate("phone")
    by_two = ("root-1", "root-2")
    enrolled = ceremony.status("enrol", "--registrar", registrar, "--within", "11", by=by_two)
    assert enrolled == ["accepted"]
    device = ("enrol", "--device", phone, "--role", "kpps", "--station", STATION)
    refused = ceremony.keys(*device, "--name", hostile, by=("registrar",))
    assert refused.code == 2
    assert "payload.devices.0.device" in refused.err
    assert "\x1b" not in refused.err
    assert ceremony.status(*device, by=("registrar",)) == ["accepted"]
    assert ceremony.status("pause", "--note", hostile, by=by_two) == ["accepted"]
    for line in (("keys", "list"), ("log",), ("rejected",), ("log", "--format", "csv")):
        ran = ceremony.rekap("--data", ceremony.count, *line)
        assert ran.code == 0, ran.err
        assert not {"\x1b", "\x07", "\u202e"} & set(ran.out + ran.err), line


def test_a_wrong_passphrase_and_a_key_that_is_there_are_told(ceremony: Ceremony) -> None:
    other = ceremony.folder / "other-phrase"
    other.write_text("bukan frasa itu")
    root = ceremony.folder / "root-1.key"
    ran = ceremony.rekap("--data", ceremony.count, "keys", "open", "--key", root, "--passphrase-file", other)
    assert ran.code == 2
    assert "passphrase" in ran.err
    again = ceremony.rekap("keys", "generate", "--out", root, "--passphrase-file", ceremony.phrase)
    assert again.code == 3
    two = ("--passphrase-file", other, "--passphrase-file", other, "--passphrase-file", other)
    assert ceremony.rekap("--data", ceremony.count, "keys", "open", "--key", root, *two).code == 2


def test_the_passphrase_is_asked_for_without_being_shown(
    ceremony: Ceremony, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def prompt(text: str, **how: Any) -> str:
        asked.append((text, how))
        return PHRASE

    monkeypatch.setattr("rekap.key_events.click.prompt", prompt)
    path = ceremony.folder / "mine.key"
    assert ceremony.rekap("keys", "generate", "--out", path).code == 0
    root = ceremony.folder / "root-1.key"
    assert ceremony.rekap("--data", ceremony.count, "keys", "open", "--key", root).code == 1  # one of two
    (_, new), (_, known) = asked
    assert new["hide_input"] is known["hide_input"] is True
    assert new["confirmation_prompt"] == "Once more"
    assert known["confirmation_prompt"] is False


def test_a_signed_night_comes_to_what_it_says(rekap: Rekap, tmp_path: Path) -> None:
    """The embedded engine decides about every message as the night says, and verify as the engine."""
    from producers.simulator.nation import builtin_registry
    from producers.simulator.signed_night import SignedNight
    from schemas.elections import load_election

    plain = load_election("pemilu2024")
    there = DataDirectory.create(
        tmp_path / "night", plain, builtin_registry(plain, provinces=["11"], stations=100)
    )
    night = ("simulate", "--signed", "--contest", "PPWP")
    ran = rekap("--data", there.path, *night, "--seed", 5, "--format", "json")
    assert ran.code == 0, ran.err
    there = DataDirectory.open(there.path)
    expected = SignedNight(there.election, there.registry, 5, contests=["PPWP"]).expected
    assert ran.json["accepted"] == expected.accepted
    assert ran.json["repeated"] == expected.repeated
    wanted = {reason: count for reason, count in expected.rejected.items() if count}
    assert ran.json["rejected_by_reason"] == wanted
    verified = rekap("--data", there.path, "verify", "--format", "json")
    assert (verified.code, verified.json["equal"]) == (0, True)
    assert rekap("--data", there.path, *night, "--seed", 6).code == 2  # its keys are others
    assert rekap("--data", there.path, *night, "--speed", 60).code == 2


@pytest.mark.parametrize(
    ("language", "told"), [("id", "tidak menyebut kunci (identity)"), ("en", "names no keys (identity)")]
)
def test_an_election_without_keys_says_so(rekap: Rekap, empty_count: Path, language: str, told: str) -> None:
    ran = rekap("--data", empty_count, "--lang", language, "keys", "list")
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    assert told in ran.out
