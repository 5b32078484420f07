"""`rekap topics`: the topics of an election on Kafka: made, checked, replayed, and who may use them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rekap.cluster import broker_options
from rekap.command import Argument, Option, subcommand
from rekap.failures import ANSWER_IS_NO, DONE
from rekap.output.formats import Format, document_option, write_document
from rekap.passwords import read_password, read_passwords
from rekap.session import Session, pass_session
from rekap.terminal import echo
from rekap.text.numbers import whole
from schemas.language import Language, Text
from schemas.program import this_program
from schemas.text import quoted

if TYPE_CHECKING:
    from event_log.kafka.admin.check import TopicDifference
    from event_log.kafka.connection import Connection

MORE = Text(
    id="create membuat yang belum ada dan membuka topik untuk pemilu dari direktori data; yang sudah ada "
    "tidak diubah. check membandingkan dengan yang ditetapkan. Keduanya berakhir dengan kode 1 bila ada "
    "yang berbeda. acls menetapkan hak pengguna field, worker, sink, dan auditor, serta "
    "kuota semua pengguna. sender memberi satu pengirim login, hak, dan kuota sendiri, atau mencabutnya. "
    "replay mengirim ulang semua pesan dari log dengan awalan --from ke log dengan awalan --to, yang sudah "
    "dibuka untuk direktori data.",
    en="create makes what is missing and opens the topics for the election of the data directory; what is "
    "there is not changed. check compares with what was declared. Both end with code 1 when anything "
    "differs. acls sets what the users field, worker, sink and auditor may do, and what each "
    "user may send a second. sender gives one sender a login, rights and a quota of its own, or takes them "
    "away. replay publishes every message of the log with the prefix --from again, to the log with the "
    "prefix --to, which was opened for the data directory.",
)
EXAMPLES = (
    "rekap --data night topics create --broker 127.0.0.1:9092",
    "rekap --data night topics check --broker 127.0.0.1:9092 --format json",
    "rekap --data new topics replay --broker 127.0.0.1:9092 --from a. --to b.",
    "rekap topics sender --broker 127.0.0.1:9092 --broker-config admin.properties --name kab-3101 --cut-off",
    "rekap topics acls --broker 127.0.0.1:9092 --broker-config admin.properties --passwords /run/secrets",
)
PARTITIONS_HELP = Text(
    id="create: jumlah partisi count-events, tetap selama pemilu; semula 12.",
    en="create: partitions of count-events, the same for the whole election; default 12.",
)
REPLICATION_HELP = Text(
    id="create: salinan setiap partisi; semula satu pada setiap broker, paling banyak 3.",
    en="create: copies of each partition; default one on each broker, 3 at most.",
)
PASSWORDS_HELP = Text(
    id="acls: setel juga kata sandi, dari berkas bernama pengguna dalam direktori ini.",
    en="acls: set passwords too, from files named for the users in this directory.",
)
NAME_HELP = Text(
    id="sender: nama pengirim (huruf kecil, angka, '-'); penggunanya field-NAMA.",
    en="sender: what the sender is called (small letters, digits, '-'); its user is field-NAME.",
)
QUOTA_HELP = Text(
    id="sender: bita per detik yang boleh dikirim ke setiap broker; bawaan 1.048.576.",
    en="sender: bytes a second that it may send to each broker; default 1,048,576.",
)
CUT_OFF_HELP = Text(
    id="sender: cabut hak, kuota, dan kata sandi pengirim itu.",
    en="sender: take away the sender's rights, quota and password.",
)
SENDER_NEEDS = Text(
    id="rekap topics sender memerlukan --name, dan --passwords DIR dengan berkas {user}, atau --cut-off.",
    en="rekap topics sender needs --name, and --passwords DIR with a file {user}, or --cut-off.",
)
FIELD_USER = Text(id="field-NAMA", en="field-NAME")
NO_NAME = Text(
    id="{name} tidak dapat menjadi nama pengirim: pakai 1 sampai 50 huruf kecil, angka, dan '-'.",
    en="{name} can't be a sender's name: use 1 to 50 small letters, digits and '-'.",
)
ADMITTED = Text(
    id="{user} boleh mengirim, paling banyak {quota} bita per detik ke setiap broker.",
    en="{user} may send, at most {quota} bytes a second to each broker.",
)
CUT_OFF = Text(
    id="{user} tidak boleh apa-apa lagi ({rules} hak dicabut). Yang sudah tercatat dalam log tetap.",
    en="{user} may do nothing any more ({rules} rights taken away). What it put into the log stays.",
)
FROM_HELP = Text(
    id="replay: awalan topik log yang dibaca; kosong ('') untuk log tanpa awalan.",
    en="replay: prefix of the topics of the log that is read; empty ('') for a log without one.",
)
TO_HELP = Text(
    id="replay: awalan topik log baru yang ditulisi.",
    en="replay: prefix of the topics of the new log that is written to.",
)
BOTH_PREFIXES = Text(
    id="rekap topics replay memerlukan --from dan --to, dua awalan yang berbeda.",
    en="rekap topics replay needs --from and --to, two different prefixes.",
)
PARTITION_READ = Text(id="Partisi {number} dari {count} terbaca.", en="Partition {number} of {count} read.")
REPLAYED = Text(
    id="{count} pesan dikirim ulang dan diakui.", en="{count} messages were published again and acknowledged."
)
MADE = Text(id="Dibuat: {names}.", en="Made: {names}.")
ALL_THERE = Text(id="Semua topik sudah ada.", en="All topics were there.")
OPENED = Text(
    id="Dibuka untuk {election} dengan {partitions} partisi.",
    en="Opened for {election} with {partitions} partitions.",
)
OPEN_ALREADY = Text(
    id="Terbuka untuk {election} dengan {partitions} partisi.",
    en="Open for {election} with {partitions} partitions.",
)
ANNOUNCED = Text(
    id="Program yang menghitung mulai sekarang: {program}.",
    en="The program that counts from now on: {program}.",
)
AS_DECLARED = Text(id="Semua topik sebagaimana ditetapkan.", en="All topics are as declared.")
DIFFERS = Text(id="Ada yang berbeda ({number}):", en="Differences ({number}):")
TITLES: Final = (
    Text(id="topik", en="topic"),
    Text(id="setelan", en="setting"),
    Text(id="seharusnya", en="expected"),
    Text(id="ditemukan", en="found"),
)
IN_INDONESIAN: Final = {
    "topic": "topik",
    "there": "ada",
    "missing": "tidak ada",
    "partitions": "partisi",
    "replication": "salinan",
    "leader": "pemimpin (leader)",
    "every partition": "setiap partisi",
    "in sync": "mutakhir (in sync)",
    "opened for": "dibuka untuk",
    "nothing": "tidak ada",
    "may": "boleh",
    "may not": "tidak boleh",
    "read": "membaca",
    "write": "menulis",
    "describe": "melihat",
    "describe_configs": "melihat setelan",
    "group": "grup",
}
"""What `event_log.kafka.admin` says by words; names and values of Kafka's settings stay as they are."""
BEGIN_IN_INDONESIAN: Final = {"not ": "bukan ", "fewer in ": "kurang pada "}
"""Words of it that numbers of partitions follow."""
RIGHTS_UNCHANGED = Text(id="Hak semua pengguna sudah benar.", en="All users have the right rights.")
GRANTED = Text(id="Diberikan: {rule}", en="Granted: {rule}")
WITHDRAWN = Text(id="Dicabut: {rule}", en="Withdrawn: {rule}")
QUOTA_SET = Text(
    id="Kuota {user}: {quota} bita per detik ke setiap broker.",
    en="Quota of {user}: {quota} bytes a second to each broker.",
)
EVERY_OTHER = Text(id="setiap pengguna lain", en="every other user")
PASSWORDS_SET = Text(id="Kata sandi disetel: {users}.", en="Passwords set: {users}.")

ONLY_WITH: Final = {
    "partitions": ("create",),
    "replication": ("create",),
    "passwords": ("acls", "sender"),
    "name": ("sender",),
    "quota": ("sender",),
    "cut_off": ("sender",),
    "from": ("replay",),
    "to": ("replay",),
}
"""Options that belong to one of the actions."""


@subcommand("topics", MORE, EXAMPLES)
@click.argument("action", cls=Argument, type=click.Choice(["create", "check", "acls", "sender", "replay"]))
@click.option("--partitions", cls=Option, said=PARTITIONS_HELP, type=click.IntRange(1, 1_000), metavar="N")
@click.option("--replication", cls=Option, said=REPLICATION_HELP, type=click.IntRange(1, 10), metavar="N")
@click.option(
    "--passwords",
    cls=Option,
    said=PASSWORDS_HELP,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
)
@click.option("--name", cls=Option, said=NAME_HELP, metavar="NAME")
@click.option("--quota", cls=Option, said=QUOTA_HELP, type=click.IntRange(1_000), metavar="BYTES")
@click.option("--cut-off", "cut_off", cls=Option, said=CUT_OFF_HELP, is_flag=True, default=None)
@click.option("--from", cls=Option, said=FROM_HELP, metavar="PREFIX")
@click.option("--to", cls=Option, said=TO_HELP, metavar="PREFIX")
@broker_options(required=True)
@document_option
@pass_session
def command(session: Session, /, action: str, connection: Connection, written: str, **chosen: Any) -> int:
    _refuse_strangers(session, action, chosen)
    as_json = Format(written) is Format.JSON
    if action == "create":
        return _create(session, connection, as_json, chosen["partitions"], chosen["replication"])
    if action == "check":
        return _check(session, connection, as_json)
    if action == "replay":
        return _replay(session, connection, as_json, chosen["from"], chosen["to"])
    if action == "sender":
        return _sender(session, connection, as_json, chosen)
    return _acls(session, connection, as_json, chosen["passwords"])


def _refuse_strangers(session: Session, action: str, chosen: dict[str, Any]) -> None:
    for name, owners in ONLY_WITH.items():
        if chosen[name] is not None and action not in owners:
            option = name.replace("_", "-")
            said = Text(
                id=f"--{option} hanya untuk rekap topics {' dan '.join(owners)}.",
                en=f"--{option} is for rekap topics {' and '.join(owners)} only.",
            )
            raise click.UsageError(session.text(said))


def _create(
    session: Session,
    connection: Connection,
    as_json: bool,
    partitions: int | None,
    replication: int | None,
) -> int:
    directory = session.directory

    from event_log.kafka.admin.create import create
    from event_log.kafka.control import Opened, announce, open_topics
    from event_log.kafka.topic_state import partitions_of
    from event_log.kafka.topics import COUNT_EVENTS

    chosen = {} if partitions is None else {COUNT_EVENTS.name: partitions}
    made = create(connection, partitions=chosen, replication=replication)
    there = partitions_of(connection, COUNT_EVENTS)
    opened = Opened.of(directory.election, directory.registry, there)
    new = open_topics(connection, opened)
    announced = announce(connection, this_program())
    differences = _differences(session, connection)
    if as_json:
        write_document(
            {
                "created": made,
                "opened": new,
                "announced": announced,
                "election": opened.election,
                "partitions": opened.partitions,
                "differences": [_row(one) for one in differences],
            }
        )
    else:
        echo(session.text(MADE if made else ALL_THERE).format(names=", ".join(made)))
        numbers = {"election": opened.election, "partitions": opened.partitions}
        if announced and not new:
            echo(session.text(ANNOUNCED).format(program=this_program()))
        echo(session.text(OPENED if new else OPEN_ALREADY).format(**numbers))
        _tell(session, differences)
    return ANSWER_IS_NO if differences else DONE


def _check(session: Session, connection: Connection, as_json: bool) -> int:
    differences = _differences(session, connection)
    if as_json:
        write_document({"differences": [_row(one) for one in differences]})
    else:
        _tell(session, differences)
    return ANSWER_IS_NO if differences else DONE


def _replay(session: Session, connection: Connection, as_json: bool, old: str | None, new: str | None) -> int:
    from event_log.kafka.connection import require_prefix
    from producers.replay import replay

    if old is None or not new or old == new:
        raise click.UsageError(session.text(BOTH_PREFIXES))
    count = replay(
        replace(connection, prefix=require_prefix(old)),
        replace(connection, prefix=require_prefix(new)),
        session.directory.election,
        session.directory.registry,
        lambda number, many: echo(session.text(PARTITION_READ).format(number=number, count=many), err=True),
    )
    if as_json:
        write_document({"messages": count})
    else:
        echo(session.text(REPLAYED).format(count=count))
    return DONE


def _differences(session: Session, connection: Connection) -> list[TopicDifference]:
    directory = session.directory

    from event_log.kafka.admin.check import differences

    return differences(connection, directory.election, directory.registry)


def _row(difference: TopicDifference) -> dict[str, Any]:
    return {
        "topic": difference.topic,
        "setting": difference.setting,
        "expected": difference.expected,
        "found": difference.found,
        "sentence": {"id": difference.said.id, "en": difference.said.en},
    }


def _tell(session: Session, differences: list[TopicDifference]) -> None:
    from rekap.render.tables import Column, Table, drawn, show, width

    if not differences:
        echo(session.text(AS_DECLARED))
        return
    echo(session.text(DIFFERS).format(number=len(differences)))
    table = Table([Column(session.text(title) if title else "", wraps=True) for title in (*TITLES, None)])
    for one in differences:
        cells = (in_words(cell, session.language) for cell in (one.setting, one.expected, one.found))
        table.rows.append([one.topic, *cells, session.text(one.said)])
    show(drawn(table, width()))


def in_words(cell: str, language: Language) -> str:
    """A cell of a difference for people; JSON has it as it is."""
    if language != "id":
        return cell
    for english, indonesian in BEGIN_IN_INDONESIAN.items():
        if cell.startswith(english):
            return indonesian + cell.removeprefix(english)
    return IN_INDONESIAN.get(cell, cell)


def _sender(session: Session, connection: Connection, as_json: bool, chosen: dict[str, Any]) -> int:
    from event_log.kafka.admin.quotas import QUOTA_BYTES
    from event_log.kafka.admin.senders import admit, cut_off, user_of

    name, folder = chosen["name"], chosen["passwords"]
    try:
        user = user_of(name or "")
    except ValueError:
        said = session.text(NO_NAME if name else SENDER_NEEDS)
        user = session.text(FIELD_USER)
        raise click.UsageError(said.format(name=quoted(name or ""), user=user)) from None
    if chosen["cut_off"]:
        rules = cut_off(connection, name)
        if as_json:
            write_document({"user": user, "admitted": False, "rules": rules})
        else:
            echo(session.text(CUT_OFF).format(user=user, rules=rules))
        return DONE
    if folder is None or not (folder / user).is_file():
        raise click.UsageError(session.text(SENDER_NEEDS).format(user=user))
    quota = chosen["quota"] or QUOTA_BYTES
    admit(connection, name, read_password(session, folder / user), quota)
    if as_json:
        write_document({"user": user, "admitted": True, "quota": quota})
    else:
        echo(session.text(ADMITTED).format(user=user, quota=quota))
    return DONE


def _rule(rule: str, language: Language) -> str:
    """A rule of `event_log.kafka.admin.access` for people: the user's and the resource's names stay."""
    if language != "id":
        return rule
    user, may, rest = re.split(r" (may not|may) ", rule, maxsplit=1)
    operation, kind, resource = rest.split(" ", 2)
    words = (IN_INDONESIAN.get(one, one) for one in (may, operation, kind))
    return " ".join((user, *words, resource))


def _acls(session: Session, connection: Connection, as_json: bool, folder: Path | None) -> int:
    from event_log.kafka.admin.access import set_passwords, set_rights
    from event_log.kafka.admin.quotas import set_quotas

    passwords = {} if folder is None else read_passwords(session, folder)
    if passwords:
        set_passwords(connection, passwords)
    quotas = set_quotas(connection)  # before the rights: nobody may send more than that
    changed = set_rights(connection)
    if as_json:
        write_document(
            {
                "granted": changed.granted,
                "withdrawn": changed.withdrawn,
                "passwords": sorted(passwords),
                "quotas": [{"user": one.user, "quota": one.bytes_a_second} for one in quotas],
            }
        )
        return DONE
    if passwords:
        echo(session.text(PASSWORDS_SET).format(users=", ".join(sorted(passwords))))
    for one in quotas:
        user = session.text(EVERY_OTHER) if one.user is None else one.user
        echo(session.text(QUOTA_SET).format(user=user, quota=whole(one.bytes_a_second, session.language)))
    for said, rules in ((GRANTED, changed.granted), (WITHDRAWN, changed.withdrawn)):
        for rule in rules:
            echo(session.text(said).format(rule=_rule(rule, session.language)))
    if not changed.granted and not changed.withdrawn:
        echo(session.text(RIGHTS_UNCHANGED))
    return DONE
