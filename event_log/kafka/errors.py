"""Turns errors of Kafka's client into sentences for the user: which broker, why, and what to do.

Nothing is retried here. After a timeout the addresses are probed once, so that a broker that is down is told
from one that speaks another protocol.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from kafka import errors as kafka_errors

from event_log.errors import LogUnavailable
from schemas.language import Text
from schemas.text import quoted

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection

REFUSED: Final = (
    kafka_errors.SaslAuthenticationFailedError,
    kafka_errors.UnsupportedSaslMechanismError,
    kafka_errors.IllegalSaslStateError,
)
TOO_LARGE: Final = (kafka_errors.MessageSizeTooLargeError, kafka_errors.RecordListTooLargeError)
NO_TOPIC: Final = (kafka_errors.UnknownTopicOrPartitionError, kafka_errors.UnknownTopicIdError)
TOO_FEW: Final = (
    kafka_errors.NotEnoughReplicasError,
    kafka_errors.NotEnoughReplicasAfterAppendError,
    kafka_errors.InvalidReplicationFactorError,
)
SILENT: Final = (
    kafka_errors.KafkaTimeoutError,
    kafka_errors.KafkaConnectionError,
    kafka_errors.NodeNotReadyError,
    kafka_errors.RequestTimedOutError,
)


def broker_unavailable(connection: Connection, error: Exception, what: str = "") -> LogUnavailable:
    """`error`, of kafka-python, as one sentence. `what`: the topic (or group) that was asked for, if
    known."""
    said = _said(connection, error, what or str(error))
    return LogUnavailable(said)


def _said(connection: Connection, error: Exception, what: str) -> Text:
    where = str(connection)
    if isinstance(error, REFUSED):
        user = (connection.security.username if connection.security else None) or "-"
        return Text(
            id=f"Kafka di {where} menolak pengguna {quoted(user)}. Periksa sasl.username, sasl.password, dan "
            "sasl.mechanism dalam berkas --broker-config.",
            en=f"Kafka at {where} refused the user {quoted(user)}. Check sasl.username, sasl.password and "
            "sasl.mechanism in the file of --broker-config.",
        )
    if _not_allowed(error):
        user = (connection.security.username if connection.security else None) or "ANONYMOUS"
        return Text(
            id=f"Kafka di {where} tidak mengizinkan pengguna {quoted(user)} melakukan ini "
            f"({quoted(what)}). Pakai pengguna yang berhak, atau minta hak itu: rekap topics acls "
            "menetapkan hak setiap pengguna.",
            en=f"Kafka at {where} does not let the user {quoted(user)} do this ({quoted(what)}). Use a "
            "user who may, or ask for that right: rekap topics acls sets what each user may do.",
        )
    if isinstance(error, kafka_errors.SecurityDisabledError):
        return Text(
            id=f"Broker Kafka di {where} tidak memeriksa hak siapa pun. Isi authorizer.class.name pada "
            "setiap broker dahulu.",
            en=f"The Kafka brokers at {where} check nobody's rights. Set authorizer.class.name on each "
            "broker first.",
        )
    if isinstance(error, NO_TOPIC):
        return Text(
            id=f"Topik tidak ada di Kafka {where} ({quoted(what)}). Buat dahulu: rekap --data DIR topics "
            f"create --broker {where}, atau periksa --topic-prefix.",
            en=f"Kafka at {where} has no such topic ({quoted(what)}). Make the topics first: rekap --data "
            f"DIR topics create --broker {where}, or check --topic-prefix.",
        )
    if isinstance(error, kafka_errors.InvalidSessionTimeoutError):
        return Text(
            id=f"Kafka di {where} menolak batas waktu sesi ini. Pilih --session-timeout antara "
            "group.min.session.timeout.ms dan group.max.session.timeout.ms dari broker, biasanya 6 sampai "
            "1.800 detik.",
            en=f"Kafka at {where} refused this session timeout. Choose --session-timeout between the "
            "brokers' group.min.session.timeout.ms and group.max.session.timeout.ms, usually 6 to 1,800 "
            "seconds.",
        )
    if isinstance(error, TOO_LARGE):
        return Text(
            id=f"Kafka di {where} menolak kiriman yang terlalu besar ({quoted(what)}). Batasnya "
            "max.message.bytes dari topik itu: rekap topics check.",
            en=f"Kafka at {where} refused a message that is too large ({quoted(what)}). The limit is the "
            "topic's max.message.bytes: rekap topics check.",
        )
    if isinstance(error, TOO_FEW):
        return Text(
            id=f"Kafka di {where} kekurangan broker yang hidup untuk menyimpan ini dengan aman. Hidupkan "
            "kembali broker yang mati, lalu ulangi perintah yang sama; yang sudah diterima tidak hilang.",
            en=f"Kafka at {where} has too few live brokers to keep this safely. Bring the dead ones back "
            "and run the same command again; nothing that was acknowledged is lost.",
        )
    if isinstance(error, SILENT):
        return _silence(connection)
    return Text(
        id=f"Kafka di {where}: {quoted(error)}. Ulangi perintah yang sama; jika gagal lagi, laporkan "
        "kalimat ini.",
        en=f"Kafka at {where}: {quoted(error)}. Run the same command again; if it fails again, report "
        "this sentence.",
    )


def _not_allowed(error: Exception) -> bool:
    # A user without any right to write gets no producer id, an error that has only a text.
    return isinstance(error, kafka_errors.AuthorizationError) or "AuthorizationFailedError" in str(error)


def _silence(connection: Connection) -> Text:
    """What a cluster's silence means, after looking at its addresses."""
    from event_log.kafka.probe import trouble_at  # it loads a client of its own, which takes a moment

    where = str(connection)
    protocol = connection.security.protocol if connection.security else "PLAINTEXT"
    found = {server: trouble_at(connection, server) for server in connection.servers}
    for trouble in found.values():
        if isinstance(trouble, REFUSED):
            return _said(connection, trouble, "")
        if isinstance(trouble, ssl.SSLError):
            return Text(
                id=f"Sambungan {protocol} ke {where} gagal: {quoted(trouble)}. Periksa ssl.ca.location dan "
                "security.protocol dalam berkas --broker-config, serta nama broker dalam sertifikatnya.",
                en=f"The {protocol} connection to {where} failed: {quoted(trouble)}. Check "
                "ssl.ca.location and security.protocol in the file of --broker-config, and the broker's "
                "name in its certificate.",
            )
    if all(isinstance(trouble, OSError) for trouble in found.values()):
        why = "; ".join(f"{server}: {_reason(trouble)}" for server, trouble in found.items())
        return Text(
            id=f"Kafka tidak dapat dihubungi ({why}). Periksa apakah broker hidup dan alamatnya benar, lalu "
            "ulangi perintah yang sama: yang sudah diterima log tidak hilang.",
            en=f"Kafka can't be reached ({why}). Check that the broker is up and the address right, then "
            "run the same command again: nothing that the log took in is lost.",
        )
    return Text(
        id=f"{where} menerima sambungan tetapi tidak menjawab sebagai Kafka dengan {protocol}. Mungkin "
        "broker masih memulai atau kelebihan beban, atau security.protocol-nya lain: periksa "
        "--broker-config, lalu ulangi perintah yang sama.",
        en=f"{where} takes connections but does not answer as Kafka with {protocol}. Either the broker is "
        "still starting or overloaded, or its security.protocol is another: check --broker-config, then "
        "run the same command again.",
    )


def _reason(error: Exception | None) -> str:
    return getattr(error, "strerror", None) or str(error)
