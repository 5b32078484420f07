"""The rules of docs/rules.md as SQL over one form: which rule fails at which place.

A figure that is missing has bounds where the form gives parts of it: least and most, and whether each of the
parts fits its boxes. A rule fails where no figures in place of the missing ones could meet it.
"""

from __future__ import annotations

from typing import Final

from audit.recompute.catalogue import HARD_RULES
from audit.recompute.engine import Step, text

_BLOCKS: Final = (
    ("I.A", "form.dpt"),
    ("I.B.dpt", "form.voters.dpt"),
    ("I.B.dptb", "form.voters.dptb"),
    ("I.B.dpk", "form.voters.dpk"),
    ("I.B.total", "form.voters.total"),
    ("III", "form.disability"),
)
_PAPERS: Final = (("II.1", "received"), ("II.2", "used"), ("II.3", "returned"), ("II.4", "unused"))

SLIPS: Final = ("38", "83", "35", "53", "58", "85", "27", "72", "17", "71")
"""Digits that are taken for each other (R25)."""


def _wide(path: str) -> str:
    return f"CAST({path} AS Nullable(Int64))"


def _sum(*values: str) -> str:
    return "(" + " + ".join(f"ifNull({value}, 0)" for value in values) + ")"


def _given(*values: str) -> str:
    return "(" + " + ".join(f"isNotNull({value})" for value in values) + ")"


def _true(condition: str) -> str:
    """A condition that does not hold where a figure of it is missing."""
    return f"ifNull({condition}, false)"


def _reserve(voters: str) -> str:
    """Of a number of voters the papers in reserve, rounded up."""
    return f"intDiv({voters} * reserve + 99, 100)"


_NULL: Final = "CAST(NULL AS Nullable(Int64))"
_MERGED: Final = (
    "arraySort(x -> (x.1, x.2), arrayConcat("
    "arrayMap((k, v) -> (k, toUInt8(0), v), vote_keys, vote_figures), "
    f"arrayMap(o -> (o, toUInt8(1), {_NULL}), sorted_options)))"
)
_OF_SORTED_OPTIONS: Final = (
    f"arrayFilter((v, x) -> x.2 = 1, arrayMap((x, b) -> if(b.2 = 0 AND b.1 = x.1, b.3, {_NULL}), {_MERGED}, "
    f"arraySlice(arrayPushFront({_MERGED}, ('', toUInt8(1), {_NULL})), 1, length({_MERGED}))), {_MERGED})"
)
"""The figure of each option in the order of their names: keys of the form and options are sorted together,
and an option takes the figure of the key that stands right before it. No array is captured by a lambda: the
engine would copy it for each element, the square of a ballot's length."""

FIGURES: Final[Step] = (
    ("vote_keys", "mapKeys(form.votes)"),
    ("vote_figures", "arrayMap(v -> CAST(v AS Nullable(Int64)), mapValues(form.votes))"),
    ("written", f"arraySort((v, place) -> place, {_OF_SORTED_OPTIONS}, sorted_places)"),
    ("is_blank", "NOT arrayExists(v -> isNotNull(v), vote_figures)"),
    ("groups", "CAST(ranges AS Array(Tuple(UInt32, UInt32)))"),
    ("by_group", "arraySort((w, rank) -> rank, written, group_ranks)"),
    ("parts_given", "arrayReduceInRanges('count', groups, by_group)"),
    ("parts_sum", "arrayMap(s -> ifNull(s, 0), arrayReduceInRanges('sum', groups, by_group))"),
    ("parts_largest", "arrayMap(m -> ifNull(m, 0), arrayReduceInRanges('max', groups, by_group))"),
    (
        "votes",
        "arrayMap((w, g, s) -> if(isNotNull(w) OR g = 0, w, s), written, parts_given, parts_sum)",
    ),
    (
        "complete",
        "notEmpty(vote_keys) AND if(is_parties, "
        "NOT arrayExists((w, t, p, g) -> t = 1 AND isNull(w) AND p > 0 "
        "AND (NOT named OR p != g), written, is_top, part_sizes, parts_given), "
        "NOT arrayExists(w -> isNull(w), written))",
    ),
    ("tops", "arrayFilter((v, t) -> t = 1, votes, is_top)"),
    ("cast_votes", "arraySum(arrayMap(v -> ifNull(v, 0), tops))"),
    ("largest", "arrayMax(arrayPushBack(arrayMap(v -> ifNull(v, 0), votes), 0))"),
    ("valid", _wide("form.valid")),
    ("invalid", _wide("form.invalid")),
    ("total", _wide("form.total")),
    ("listed_voters", _wide("form.dpt.j")),
    ("b1", _wide("form.voters.dpt.j")),
    ("b2", _wide("form.voters.dptb.j")),
    ("b3", _wide("form.voters.dpk.j")),
    ("b4", _wide("form.voters.total.j")),
    ("disabled", _wide("form.disability.j")),
    *[(name, _wide(f"form.ballots.{name}")) for _, name in _PAPERS],
)

BOUNDS: Final[Step] = (
    # B4: by its parts where it is missing; B1 is at most I.A (R09).
    ("parts_of_b4", _given("b1", "b2", "b3")),
    ("b4_by_parts", _sum("b1", "b2", "b3")),
    (
        "b4_most_by_parts",
        "multiIf(parts_of_b4 = 3, b4_by_parts, parts_of_b4 = 2 AND isNull(b1) AND isNotNull(listed_voters), "
        "b4_by_parts + listed_voters, CAST(NULL AS Nullable(Int64)))",
    ),
    ("b4_parts_fit", "greatest(ifNull(b1, 0), ifNull(b2, 0), ifNull(b3, 0)) <= figure_limit"),
    ("voted_least", "multiIf(isNotNull(b4), b4, parts_of_b4 > 0, b4_by_parts, NULL)"),
    ("voted_most", "multiIf(isNotNull(b4), b4, parts_of_b4 > 0, b4_most_by_parts, NULL)"),
    ("voted_fits", "if(isNotNull(b4), b4 <= figure_limit, b4_parts_fit)"),
    # V.A: by block IV where it is missing.
    ("valid_known", "isNotNull(valid) OR NOT is_blank"),
    ("valid_least", "multiIf(isNotNull(valid), valid, NOT is_blank, cast_votes, NULL)"),
    ("valid_most", "multiIf(isNotNull(valid), valid, NOT is_blank AND complete, cast_votes, NULL)"),
    ("valid_fits", "ifNull(valid_least <= figure_limit, true)"),
    # V.C: by V.A and V.B where it is missing.
    ("counted_by_parts", _sum("valid_least", "invalid")),
    ("counted_most_by_parts", "valid_most + invalid"),
    ("counted_parts_fit", "valid_fits AND ifNull(invalid <= figure_limit, true)"),
    ("counted_known", "isNotNull(total) OR valid_known OR isNotNull(invalid)"),
    ("counted_least", "multiIf(isNotNull(total), total, counted_known, counted_by_parts, NULL)"),
    ("counted_most", "multiIf(isNotNull(total), total, counted_known, counted_most_by_parts, NULL)"),
    # Where V.A and V.B are both given, what is too much for V.C is found by R05 alone.
    (
        "counted_fits",
        "if(isNotNull(total) OR (isNotNull(valid) AND isNotNull(invalid)), counted_least <= figure_limit, "
        "counted_parts_fit)",
    ),
    ("rest", _sum("returned", "unused")),
    ("rest_given", _given("returned", "unused")),
    ("rest_fits", "greatest(ifNull(returned, 0), ifNull(unused, 0)) <= figure_limit"),
)


def _apart(left: str, right: str) -> str:
    """Whether two figures can't be equal, by their bounds."""
    return f"(ifNull({left}_least > {right}_most, false) OR ifNull({left}_most < {right}_least, false))"


def _papers_fail(least: str, most: str, fits: str) -> str:
    return (
        f"if(isNull(received), {least} + rest > figure_limit AND {fits} AND rest_fits, "
        f"{least} + rest > received OR (rest_given = 2 AND ifNull({most} + rest < received, false)))"
    )


_R03: Final = (
    "multiIf("
    "isNotNull(received) AND isNotNull(used) AND rest_given = 2, received != used + rest, "
    f"isNotNull(used), {_papers_fail('used', 'used', '(used <= figure_limit)')}, "
    "NOT has_papers, false, "
    f"isNotNull(voted_least) AND {_papers_fail('voted_least', 'voted_most', 'voted_fits')}, true, "
    f"isNotNull(counted_least) AND {_papers_fail('counted_least', 'counted_most', 'counted_fits')}, true, "
    "isNull(voted_least) AND isNull(counted_least) AND "
    f"{_papers_fail('toInt64(0)', 'CAST(NULL AS Nullable(Int64))', 'true')})"
)

_R11: Final = (
    "multiIf("
    f"isNotNull(received) AND isNotNull(listed_voters), received != listed_voters + "
    f"{_reserve('listed_voters')}, "
    "isNotNull(listed_voters), "
    f"multiIf(listed_voters + {_reserve('listed_voters')} > figure_limit AND listed_voters <= figure_limit "
    f"AND {_reserve('listed_voters')} <= figure_limit, true, "
    f"ifNull(used, 0) + rest > listed_voters + {_reserve('listed_voters')}, true, "
    f"isNotNull(used) AND rest_given = 2 AND used + rest < listed_voters + {_reserve('listed_voters')}), "
    f"isNotNull(received), ifNull(received > voters_limit + {_reserve('voters_limit')}, false) OR "
    f"intDiv(received * 100, 100 + reserve) + {_reserve('intDiv(received * 100, 100 + reserve)')} "
    "!= received, "
    f"ifNull(greatest(ifNull(used, 0), ifNull(voted_least, 0), ifNull(counted_least, 0)) > voters_limit + "
    f"{_reserve('voters_limit')}, false))"
)

_R12: Final = (
    "if(isNotNull(listed_voters), "
    "ifNull(listed_voters != registered, false) OR ifNull(listed_voters > voters_limit, false), "
    "ifNull(b1 > registered, false) OR ifNull(b1 > voters_limit, false))"
)

_R02: Final = (
    "if(isNull(b4), parts_of_b4 > 0 AND b4_by_parts > figure_limit AND b4_parts_fit, "
    "if(parts_of_b4 = 3, b4_by_parts != b4, "
    "parts_of_b4 > 0 AND (b4_by_parts > b4 OR ifNull(b4_most_by_parts < b4, false))))"
)

_R05: Final = (
    "multiIf("
    "isNull(total), (valid_known OR isNotNull(invalid)) AND counted_by_parts > figure_limit "
    "AND counted_parts_fit, "
    "valid_known OR isNotNull(invalid), counted_by_parts > total OR "
    "ifNull(counted_most_by_parts < total, false), false)"
)

_R06: Final = (
    "NOT is_blank AND if(isNotNull(valid), if(complete, cast_votes != valid, cast_votes > valid), "
    "cast_votes > figure_limit AND largest <= figure_limit)"
)


def _r01(path: str) -> str:
    l, p, j = (_wide(f"{path}.{letter}") for letter in "lpj")  # noqa: E741  the form's own letters
    both = _sum(l, p)
    return (
        f"multiIf({_given(l, p, j)} = 3, {both} != {j}, {_given(l, p)} = 0, false, "
        f"isNull({j}), {both} > figure_limit AND greatest(ifNull({l}, 0), ifNull({p}, 0)) <= figure_limit, "
        f"{both} > {j})"
    )


def _one_digit(figure: str, other: str) -> str:
    """Whether both numbers are written alike but for one digit: of those that are taken for each other, or of
    any where the difference is a round number of hundreds."""
    width = f"toUInt64(greatest(length(toString({figure})), length(toString({other}))))"
    one, two = (f"splitByString('', leftPad(toString({text}), {width}, '0'))" for text in (figure, other))
    digits = f"arrayStringConcat(arrayMap((x, y) -> if(x = y, '', concat(x, y)), {one}, {two}))"
    slips = f"({', '.join(text(pair) for pair in SLIPS)})"
    return (
        f"({other} >= 0 AND length(toString({figure})) = length(toString({other})) AND "
        f"length({digits}) = 2 AND (hundreds OR {digits} IN {slips}))"
    )


READINGS: Final[Step] = (
    ("differs", "ifNull(NOT is_blank AND complete AND cast_votes != valid, false)"),
    ("missing_sum", "ifNull(valid, 0) - cast_votes"),
    ("hundreds", "abs(missing_sum) IN (100, 200, 300, 400, 500, 600, 700, 800, 900)"),
    # What was added up on the form: the option, or the parts of a party without a total.
    (
        "summands",
        "if(NOT differs, [], arrayDistinct(arrayFlatten(arrayMap((w, t, p, i) -> multiIf(t = 0, [], "
        "isNotNull(w), [i], p), written, is_top, parts, "
        "arrayMap(x -> toUInt16(x), range(1, length(options) + 1))))))",
    ),
    ("read", "arrayFilter(i -> isNotNull(written[i]), summands)"),
    (
        "slips",
        "arrayFilter(i -> "
        + _one_digit("assumeNotNull(written[i])", "(assumeNotNull(written[i]) + missing_sum)")
        + ", read)",
    ),
    (
        "readings",
        "arrayConcat(arrayMap(i -> concat('IV.', options[i]), slips), "
        "if(differs AND " + _one_digit("ifNull(valid, 0)", "cast_votes") + ", ['V.A'], []))",
    ),
)


def _finding(rule: str, place: str, condition: str) -> str:
    return f"if({_true(condition)}, [({text(rule)}, {text(place)})], [])"


def _too_large(place: str, figure: str) -> str:
    return _finding("R14", place, f"{figure} > figure_limit")


def _of_options(rule: str, condition: str) -> str:
    """A finding for each option for which the condition holds."""
    return (
        f"arrayMap(x -> ({text(rule)}, concat('IV.', x)), arrayFilter((o, w, v, t, p, g, s, m) -> "
        f"{_true(condition)}, options, written, votes, is_top, part_sizes, parts_given, parts_sum, "
        "parts_largest))"
    )


_NONE: Final = "CAST([], 'Array(Tuple(String, String))')"

FINDINGS: Final = ", ".join(
    [
        _NONE,
        *[_finding("R01", place, _r01(path)) for place, path in _BLOCKS],
        _finding("R02", "I.B.total", _R02),
        _finding("R03", "II.1", _R03),
        _finding("R04", "II.2", "ifNull(used > voted_most, false) OR ifNull(used < voted_least, false)"),
        _finding("R05", "V.C", _R05),
        _finding("R06", "V.A", _R06),
        _finding("R07", "V.C", "ifNull(counted_least > used, false) OR ifNull(counted_most < used, false)"),
        _finding("R08", "V.C", _apart("counted", "voted")),
        *[
            _finding("R09", f"I.B.dpt.{letter.upper()}", f"form.voters.dpt.{letter} > form.dpt.{letter}")
            for letter in "lpj"
        ],
        _finding("R10", "I.B.total", "voted_least > received"),
        _finding("R11", "II.1", _R11),
        _finding("R12", "I.A", _R12),
        _finding("R13", "III", "disabled > voted_most"),
        *[
            _too_large(f"{place}.{letter.upper()}", f"{path}.{letter}")
            for place, path in _BLOCKS
            for letter in "lpj"
        ],
        *[_too_large(place, name) for place, name in _PAPERS],
        *[
            _too_large(place, name)
            for place, name in (("V.A", "valid"), ("V.B", "invalid"), ("V.C", "total"))
        ],
        _of_options("R14", "NOT is_blank AND (w > figure_limit OR (t = 1 AND ifNull(v > valid, false)))"),
        _of_options(
            "R17",
            "NOT is_blank AND t = 1 AND p > 0 AND multiIf(isNull(v) OR s = v, s > figure_limit AND "
            "m <= figure_limit AND isNull(w), (named AND g = p) OR s > v)",
        ),
        _finding("R19", "IV", "is_blank"),
        _finding(
            "R24",
            "",
            "is_first AND (ifNull(occurred < closes, false) OR ifNull(occurred > until, false))",
        ),
        "if(differs AND (hundreds OR notEmpty(readings)), "
        "[('R25', if(length(readings) = 1, readings[1], 'IV'))], [])",
        _of_options(
            "R26",
            "NOT is_blank AND t = 1 AND valid >= outlier_valid AND valid * outlier_percent <= v * 100 "
            "AND v <= valid",
        ),
        _finding(
            "R27",
            "IV",
            "NOT is_blank AND complete AND cast_votes = 0 AND ifNull(valid, 0) = 0 AND "
            "NOT arrayExists(v -> ifNull(v, 0) != 0, votes) AND "
            "(ifNull(listed_voters, 0) != 0 OR ifNull(registered, 0) != 0)",
        ),
        _finding("unlisted_station", "", "NOT listed"),
    ]
)

HARD: Final = f"arrayExists(x -> x.1 IN ({', '.join(text(one) for one in HARD_RULES)}), findings)"

STATUS: Final = f"multiIf(is_annulled, 'annulled', NOT ({HARD}), 'clean', is_blank, 'blank', 'flagged')"

OCCURRED: Final[Step] = (
    ("when_text", "ifNull(occurred_at, '1970-01-01T00:00Z')"),
    ("y0", "toInt64(substring(when_text, 1, 4))"),
    ("m0", "toInt64(substring(when_text, 6, 2))"),
    ("y1", "y0 - (m0 <= 2)"),
    ("era", "intDiv(y1, 400)"),
    ("yoe", "y1 - era * 400"),
    ("doy", "intDiv(153 * (m0 + if(m0 > 2, -3, 9)) + 2, 5) + toInt64(substring(when_text, 9, 2)) - 1"),
    ("days", "era * 146097 + yoe * 365 + intDiv(yoe, 4) - intDiv(yoe, 100) + doy - 719468"),
    ("second_text", "if(substring(when_text, 17, 1) = ':', substring(when_text, 18, 2), '0')"),
    ("fraction", "substring(concat(extract(when_text, '[.]([0-9]+)'), '000000'), 1, 6)"),
    ("zone_text", "if(endsWith(when_text, 'Z'), '+00:00', right(when_text, 6))"),
    (
        "zone",
        "(toInt64(substring(zone_text, 2, 2)) * 60 + toInt64(substring(zone_text, 5, 2))) * "
        "if(startsWith(zone_text, '-'), -1, 1)",
    ),
    (
        "occurred",
        "if(isNull(occurred_at), CAST(NULL AS Nullable(Int64)), (((days * 1440) + "
        "toInt64(substring(when_text, 12, 2)) * 60 + toInt64(substring(when_text, 15, 2)) - zone) * 60 + "
        "toInt64(second_text)) * 1000000 + toInt64(fraction))",
    ),
)
"""Microseconds since 1970 of an event's time, by the calendar's own arithmetic."""
