"""What a request to ClickHouse's HTTP interface asks for: reads it into a Query, or says what is wrong with
it.

Takes the statement from `?query=` and the body, one after the other, and parameters, format, database and
settings from where ClickHouse takes them. Sessions, roles, external tables and ClickHouse's own compression
are not spoken. Who may ask is decided before (`clickhouse.interface.access`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from clickhouse.client import DATABASE
from clickhouse.interface.allowed import names
from clickhouse.interface.errors import BAD_ARGUMENTS
from clickhouse.interface.guard import (
    NOT_IMPLEMENTED,
    READONLY,
    SYNTAX_ERROR,
    Refusal,
    Statement,
    check_anything,
    check_reading,
    refuse_database,
    refuse_format,
)
from clickhouse.interface.session import STREAMED_FORMATS, Query
from clickhouse.interface.settings import reader_settings

INTERFACE_PARAMETERS: Final = names(
    """
    query database default_format query_id user password quota_key role readonly session_id
    session_timeout session_check wait_end_of_query buffer_size compress decompress
    enable_http_compression http_zlib_compression_level client_protocol_version
    send_progress_in_http_headers http_headers_progress_interval_ms add_http_cors_header
    cancel_http_readonly_queries_on_client_close
    """
)
"""Parameters of the interface itself: not settings of the query, though some are named like settings."""

MAX_FIELDS: Final = 1_000
"""Fields of a request: a statement names fewer parameters."""
_TRUE: Final = frozenset({"1", "true", "True"})


class BadRequest(Exception):
    """A request that is not run. `code` is ClickHouse's."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.code = refusal.code


@dataclass(frozen=True, slots=True)
class Asked:
    """A query and how its answer is to be sent. `format` is what the answer will be in."""

    query: Query
    format: str
    query_id: str | None


def fields_of(encoded: str) -> dict[str, str]:
    """The fields of a URL or a form. Raises BadRequest when there are more than MAX_FIELDS."""
    try:
        return dict(parse_qsl(encoded, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        raise BadRequest(Refusal(BAD_ARGUMENTS, f"More than {MAX_FIELDS} fields. Send fewer.")) from None


def body_is_form(content_type: str, given: Mapping[str, str], body: bytes) -> bool:
    """Whether a body of application/x-www-form-urlencoded holds fields. curl says this type of any body: it
    is a form only when it has the field `query`, and else the statement itself."""
    is_form = content_type.startswith("application/x-www-form-urlencoded")
    return is_form and not given.get("query") and body.startswith(b"query=")


def read_request(
    given: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    is_get: bool,
    allow_writes: bool,
    can_stream: bool,
) -> Asked | None:
    """The query of a request with the fields `given`, None when it has none. Raises BadRequest.

    `can_stream` says that the client takes a body of unknown length.
    """
    readonly = is_get or not allow_writes or given.get("readonly", "0") != "0"
    if not allow_writes and given.get("readonly", "1") != "1":
        raise BadRequest(Refusal(READONLY, "Cannot modify 'readonly' setting in readonly mode."))
    if given.get("compress", "0") in _TRUE or given.get("decompress", "0") in _TRUE:
        raise BadRequest(
            Refusal(NOT_IMPLEMENTED, "compress=1 is not spoken here: answers on this machine are sent plain.")
        )
    text = b"\n".join(part for part in (given.get("query", "").encode(), body) if part)
    if not text.strip():
        return None
    statement = _checked(text, readonly)
    answer_format = (
        (statement and statement.format)
        or given.get("default_format")
        or headers.get("x-clickhouse-format")
        or "TabSeparated"
    )
    if readonly and (refusal := refuse_format(answer_format)):
        raise BadRequest(refusal)
    return Asked(
        Query(
            text=text,
            database=_database(given, headers, readonly),
            format=answer_format,
            parameters={name[6:]: value for name, value in given.items() if name.startswith("param_")},
            settings=_settings(given, any_setting=allow_writes),
            readonly=readonly,
            streamed=can_stream
            and readonly
            and statement is not None
            and statement.is_query
            and answer_format in STREAMED_FORMATS
            and given.get("wait_end_of_query", "0") not in _TRUE,
        ),
        answer_format,
        given.get("query_id"),
    )


def _database(given: Mapping[str, str], headers: Mapping[str, str], readonly: bool) -> str:
    name = given.get("database") or headers.get("x-clickhouse-database") or DATABASE
    if readonly and (refusal := refuse_database(name)):
        raise BadRequest(refusal)
    # Tools that must name one say `default`: there is nothing else in the one called so.
    return DATABASE if name == "default" else name


def _checked(text: bytes, readonly: bool) -> Statement | None:
    """The statement, after checking that it may run; None for an insert, whose data may be anything."""
    if not readonly and text.lstrip()[:6].upper() == b"INSERT":
        return None
    sql = text.decode(errors="replace")
    checked = check_reading(sql) if readonly else check_anything(sql)
    if isinstance(checked, Refusal):
        raise BadRequest(checked)
    if "\ufffd" in sql:
        raise BadRequest(Refusal(SYNTAX_ERROR, "The query is not UTF-8 text."))
    return checked


def _settings(given: Mapping[str, str], *, any_setting: bool) -> dict[str, str]:
    settings = {
        name: value
        for name, value in given.items()
        if name not in INTERFACE_PARAMETERS and not name.startswith("param_")
    }
    if any_setting:
        return settings
    checked = reader_settings(settings)
    if isinstance(checked, Refusal):
        raise BadRequest(checked)
    return checked
