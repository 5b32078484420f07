"""What the races showed, for people and for scripts: rates of every round, their median, ratios to others.

A system is compared with the fastest of a kind in the same run, never with a figure from another day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

from benchmarks.stream.machine import QUIET
from benchmarks.stream.races import Measured, Race

COMPARED: Final = {
    "textbook": ("behind", "the textbook pipeline"),
    "quix": ("behind", "Quix Streams"),
    "quix-rows": ("behind", "Quix Streams into ClickHouse"),
    "empty": ("live", "an empty agent"),
}
"""Kinds that others are compared with: how they are fed in that comparison, and what to call them."""


class Bar(NamedTuple):
    """What a race of ours must reach: so many times the fastest of a kind."""

    race: str
    kind: str
    times: float


BARS: Final = (
    Bar("ours-behind", "quix-rows", 3),  # both until a reader sees what was counted
    Bar("ours-behind", "quix", 3),  # which has its last total in a topic then, and nothing anywhere else
    Bar("ours-live", "empty", 0.6),
    Bar("ours-behind", "textbook", 10),
    Bar("ours-live", "textbook", 10),
)


class Round(NamedTuple):
    """A race once: what was measured, and the share of the processors that others took meanwhile."""

    measured: Measured
    others: float


class Line(NamedTuple):
    """All rounds of one race that were run to the end, at least one."""

    race: Race
    rounds: Sequence[Round]

    @property
    def rate(self) -> float:
        """The median of its rates."""
        return median(one.measured.rate for one in self.rounds)


def fastest(lines: Sequence[Line]) -> dict[str, float]:
    """Of each kind that others are compared with, the best median rate."""
    best: dict[str, float] = {}
    for line in lines:
        kind = line.race.kind
        if kind in COMPARED and COMPARED[kind][0] == line.race.fed:
            best[kind] = max(best.get(kind, 0.0), line.rate)
    return best


def bars(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Each bar whose both sides were run, and whether it is reached."""
    best = fastest(lines)
    rates = {line.race.name: line.rate for line in lines}
    return [
        {
            "race": bar.race,
            "against": bar.kind,
            "wanted": bar.times,
            "reached": round(rates[bar.race] / best[bar.kind], 2),
            "ok": rates[bar.race] >= bar.times * best[bar.kind],
        }
        for bar in BARS
        if bar.race in rates and bar.kind in best
    ]


def as_json(lines: Sequence[Line], machine: Mapping[str, Any], failed: Sequence[str]) -> dict[str, Any]:
    """Everything that was measured; `failed` are the races of rounds that were not."""
    best = fastest(lines)
    races = [
        {
            "race": line.race.name,
            "what": line.race.what,
            "fed": line.race.fed,
            "events": line.race.events,
            "events_per_second": round(line.rate),
            "rounds": [
                {
                    "events": one.events,
                    "seconds": round(one.seconds, 3),
                    "events_per_second": round(one.rate),
                    "processor_seconds": round(one.processor_s, 2),
                    "memory_mib": round(one.memory_mib),
                    "others": round(others, 3),
                }
                for one, others in line.rounds
            ],
            "times": {kind: round(line.rate / rate, 2) for kind, rate in best.items()},
        }
        for line in lines
    ]
    return {"machine": dict(machine), "races": races, "bars": bars(lines), "failed": list(failed)}


def as_text(lines: Sequence[Line], machine: Mapping[str, Any], failed: Sequence[str]) -> str:
    """A table, one line a race, what failed, and the machine that it ran on."""
    best = fastest(lines)
    head = ["race", "fed", "events", "events/s", "all rounds", "processor s", "MiB"]
    rows = [[*head, *(f"x {COMPARED[kind][1]}" for kind in best)]]
    for line in lines:
        rows.append(
            [
                line.race.what,
                line.race.fed,
                f"{line.race.events:,}",
                f"{line.rate:,.0f}",
                " ".join(f"{one.rate:,.0f}{'*' * (others > QUIET)}" for one, others in line.rounds),
                f"{median(one.processor_s for one, _ in line.rounds):.1f}",
                f"{max(one.memory_mib for one, _ in line.rounds):.0f}",
                *(f"{line.rate / rate:.2f}" for rate in best.values()),
            ]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    text = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    text += [
        f"{bar['race']}: {bar['reached']} x {COMPARED[bar['against']][1]}, wanted {bar['wanted']}: "
        f"{'reached' if bar['ok'] else 'NOT REACHED'}"
        for bar in bars(lines)
    ]
    text += [f"A round of {name} failed: see above." for name in failed]
    if any(others > QUIET for line in lines for _, others in line.rounds):
        text.append(f"* Others took more than {QUIET:.0%} of the processors meanwhile: measure again.")
    return "\n".join([*text, "machine: " + ", ".join(f"{name} {value}" for name, value in machine.items())])
