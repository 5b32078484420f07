"""What a request to ClickHouse's HTTP interface asks for: reads it into a Query, or says what is wrong with
it.

Takes the statement from `?query=` and the body, one after the other, and parameters, format, database and
settings from where ClickHouse takes them. Users and passwords are accepted and not looked at: the interface
is open to this machine only. Sessions, roles, external tables and ClickHouse's own compression are not
spoken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Final
from urllib.parse import parse_qsl

from sinks.client import DATABASE
from sinks.http_errors import BAD_ARGUMENTS
from sinks.http_session import STREAMED_FORMATS, Query
from sinks.read_guard import (
    NOT_IMPLEMENTED,
    READONLY,
    SYNTAX_ERROR,
    Refusal,
    names,
    output_format,
    refuse_anywhere,
    refuse_reading,
)

_SPOKEN: Final = names(
    """
    query database default_format query_id user password quota_key role readonly session_id
    session_timeout session_check wait_end_of_query buffer_size compress decompress
    enable_http_compression http_zlib_compression_level client_protocol_version
    send_progress_in_http_headers http_headers_progress_interval_ms add_http_cors_header
    cancel_http_readonly_queries_on_client_close
    """
)
"""Parameters of the interface itself: not settings of the query, though some are named like settings."""

_READER_SETTINGS: Final = frozenset(
    {
        "date_time_output_format",
        "extremes",
        "format_csv_delimiter",
        "join_use_nulls",
        "max_result_rows",
        "result_overflow_mode",
        "session_timezone",
    }
)
_READER_PREFIXES: Final = ("output_format_",)
"""Settings that a reader may choose: how the answer is written, and where it is cut off."""

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
    compressed: bool


def read_request(
    url_query: str,
    headers: Message[str, str],
    body: bytes,
    *,
    is_get: bool,
    allow_writes: bool,
    can_stream: bool,
) -> Asked | None:
    """The query of a request, None when it has none. Raises BadRequest.

    `can_stream` says that the client takes a body of unknown length.
    """
    given = dict(parse_qsl(url_query, keep_blank_values=True))
    content_type = headers.get("Content-Type", "")
    if content_type.startswith("multipart/form-data"):
        given |= _form(content_type, body)
        body = b""
    elif content_type.startswith("application/x-www-form-urlencoded") and not given.get("query"):
        # What curl says of any body: a form only when it has the field, else the statement itself.
        form = dict(parse_qsl(body.decode("utf-8", "replace"))) if body.startswith(b"query=") else {}
        given, body = given | form, b"" if form else body
    readonly = is_get or not allow_writes or given.get("readonly", "0") != "0"
    if not allow_writes and given.get("readonly", "1") != "1":
        raise BadRequest(Refusal(READONLY, "Cannot modify 'readonly' setting in readonly mode."))
    if given.get("compress", "0") in _TRUE or given.get("decompress", "0") in _TRUE:
        raise BadRequest(
            Refusal(NOT_IMPLEMENTED, "compress=1 is not spoken here; use enable_http_compression=1 and gzip.")
        )
    text = b"\n".join(part for part in (given.get("query", "").encode(), body) if part)
    if not text.strip():
        return None
    answer_format = (
        _checked_format(text, readonly)
        or given.get("default_format")
        or headers.get("X-ClickHouse-Format")
        or "TabSeparated"
    )
    database = given.get("database") or headers.get("X-ClickHouse-Database") or DATABASE
    return Asked(
        Query(
            text=text,
            # Tools that must name one say `default`: there is nothing else in the one called so.
            database=DATABASE if database == "default" else database,
            format=answer_format,
            parameters={name[6:]: value for name, value in given.items() if name.startswith("param_")},
            settings=_settings(given, any_setting=allow_writes),
            readonly=readonly,
            streamed=can_stream
            and readonly
            and answer_format in STREAMED_FORMATS
            and given.get("wait_end_of_query", "0") not in _TRUE,
        ),
        answer_format,
        given.get("query_id"),
        given.get("enable_http_compression", "0") in _TRUE,
    )


def _checked_format(text: bytes, readonly: bool) -> str | None:
    """The statement's own FORMAT, after checking that it may run."""
    if not readonly and text.lstrip()[:6].upper() == b"INSERT":
        return None  # its data may be anything
    statement = text.decode(errors="replace")
    refusal = refuse_reading(statement) if readonly else refuse_anywhere(statement)
    if refusal is None and "\ufffd" in statement:
        refusal = Refusal(SYNTAX_ERROR, "The query is not UTF-8 text.")
    if refusal is not None:
        raise BadRequest(refusal)
    return output_format(statement)


def _settings(given: Mapping[str, str], *, any_setting: bool) -> dict[str, str]:
    settings = {
        name: value for name, value in given.items() if name not in _SPOKEN and not name.startswith("param_")
    }
    for name in () if any_setting else settings:
        if name not in _READER_SETTINGS and not name.startswith(_READER_PREFIXES):
            raise BadRequest(Refusal(READONLY, f"Cannot modify {name!r} setting in readonly mode."))
    return settings


def _form(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a multipart form; clickhouse-connect sends long parameters in one."""
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    fields: dict[str, str] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if part.get_filename() is not None or not isinstance(name, str) or not isinstance(content, bytes):
            raise BadRequest(Refusal(NOT_IMPLEMENTED, "External tables are not spoken here: use a subquery."))
        try:
            fields[name] = content.decode()
        except UnicodeDecodeError:
            raise BadRequest(Refusal(BAD_ARGUMENTS, f"The form field {name!r} is not UTF-8 text.")) from None
    return fields
