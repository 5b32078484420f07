"""What goes wrong on a simulated night, and how often.

Rates are shares of the forms of each contest unless a comment says otherwise; the defaults are those of
real nights where somebody counted them, and guesses of the same order where nobody did.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final


@dataclass(frozen=True, slots=True)
class Faults:
    """The rates, each from 0 to 1. Raises ValueError for a rate that is none."""

    # On the form as first submitted; one at most, so together they are at most 1.
    bad_sums: float = 0.017
    """Options do not add up to V.A (R06). SITUNG 2019: 13,848 of 806,583 forms."""
    bad_totals: float = 0.049
    """V.A + V.B is not the number of voters (R07, R08). SITUNG 2019: 39,666 of 806,583."""
    bad_voters: float = 0.004
    """B1 + B2 + B3 is not B4 (R02). A guess: three small sums on paper, late at night."""
    bad_sexes: float = 0.008
    """Men + women is not the total (R01, soft). A guess."""
    bad_ballots: float = 0.008
    """Ballots received are not accounted for (R03). A guess."""
    no_reserve: float = 0.004
    """The reserve of 2% was not written in (R11, soft). A guess."""
    other_register: float = 0.002
    """Registered voters differ from the register (R12, soft). A guess: lists were changed until late."""
    bad_party_sums: float = 0.015
    """A party's total is not its own votes + its candidates' (R17); only where parties stand. A guess: the
    longest sums of the night, 18 times over."""
    digit_slips: float = 0.004
    """One figure read wrongly, 117 as 617 (R06, R14, R25). Sirekap 2024 published many before it filtered."""
    swapped: float = 0.00004
    """Two options exchanged; no rule sees it. 29 of 798,378 forms of 2019 that were counted twice."""
    blanks: float = 0.001
    """No option filled (R19). SITUNG 2019: 876 forms with nothing but zeros."""
    missing_fields: float = 0.01
    """A block or a figure that was not read: null, never 0. Sirekap 2024 often lacked block I or II."""

    # What follows a first count.
    corrections: float = 0.03
    """Of the forms without any of the above: read wrongly in a way that adds up, and corrected later. With
    `repairs` about 6% of forms are corrected. In 2024 a quarter was (154,541 of 638,497), mostly by reading
    again; less is set here, so that a simulated night is not mainly about corrections."""
    repairs: float = 0.25
    """Of the forms with one of the above: corrected later."""
    stale_corrections: float = 0.02
    """Of the corrected forms: a second officer corrects the first version too (superseded_mismatch)."""
    overtaken: float = 0.01
    """Of the corrected forms: the correction arrives before the count that it corrects, which waited for a
    signal; it is rejected, and sent again after it."""
    contradictions: float = 0.002
    """A second, different first count from another device (already_counted). A guess."""
    annulments: float = 0.0009
    """A re-vote is ordered (PSU). 2024: 738 of 823,236 stations."""
    revotes: float = 0.9
    """Of the annulled counts: the re-vote is held and counted within this night's ten days."""

    # In time.
    late: float = 0.01
    """Submitted after the counting window (R24, soft). A guess."""
    wrong_clocks: float = 0.003
    """The device's clock said that the poll was still open (R24, soft). A guess."""
    postponed: float = 0.00046
    """Voted days later or again from where it was broken off. 2024: 258 PSS and 117 PSL of 823,236."""

    # On the way.
    duplicates: float = 0.03
    """Of counts and of corrections: sent again, byte for byte, because no receipt came. Receivers that do not
    notice over-count (Philippines 2025: some 5 million votes)."""
    malformed: float = 0.0005
    """Arrives malformed first (cut off, a key twice, not UTF-8), then whole. A guess."""
    altered: float = 0.0001
    """Arrives changed on the way, so that its event id does not fit, then as it was. A guess."""
    unknown_stations: float = 0.0003
    """Sent first under a mistyped station code. A guess."""
    unknown_options: float = 0.0001
    """Sent first with an option that is not on that ballot (R18). A guess."""

    def __post_init__(self) -> None:
        for one in fields(self):
            rate = getattr(self, one.name)
            if not 0 <= rate <= 1:
                raise ValueError(f"The rate of {one.name} is {rate}; give one from 0 to 1.")
        for group in (ON_THE_FORM, ON_THE_WAY, ("late", "wrong_clocks", "postponed")):
            together = sum(getattr(self, name) for name in group)
            if together > 1:
                raise ValueError(
                    f"At most one of {', '.join(group)} is in a form, but their rates add up to "
                    f"{together:g}; lower them to 1 or less together."
                )


ON_THE_FORM: Final = (
    "bad_sums",
    "bad_totals",
    "bad_voters",
    "bad_sexes",
    "bad_ballots",
    "no_reserve",
    "other_register",
    "bad_party_sums",
    "digit_slips",
    "swapped",
    "blanks",
    "missing_fields",
)
ON_THE_WAY: Final = ("malformed", "altered", "unknown_stations", "unknown_options")

NO_FAULTS: Final = Faults(**{one.name: 0.0 for one in fields(Faults)})
"""A night on which every form is right and arrives once."""
