"""Everything from a station to its district shares one key; what is above the district has its own."""

from __future__ import annotations

import pytest

from schemas.placement import key_of, key_of_region
from tests.worlds import ABROAD, NATION, all_stations, world

REGISTRY = world().registry


def test_a_station_has_the_key_of_its_district() -> None:
    assert {(station[:4], key_of(REGISTRY, station)) for station in all_stations()} == {
        (district, district.encode()) for district in ("1101", "1102", "1201", "1202", "9901")
    }


@pytest.mark.parametrize(
    ("region", "key"),
    [("1101012001", b"1101"), ("110101", b"1101"), ("1101", b"1101"), ("11", b"11"), (NATION, b"0")],
)
def test_a_region_up_to_the_district_has_that_key_and_one_above_its_own(region: str, key: bytes) -> None:
    assert key_of(REGISTRY, region, is_region=True) == key
    assert key_of_region(REGISTRY, REGISTRY.index[region]) == key


def test_a_station_that_is_on_no_list_has_the_key_of_its_village_s_district() -> None:
    assert key_of(REGISTRY, f"{ABROAD}099") == b"9901"


@pytest.mark.parametrize(
    ("unit", "is_region"), [("9", True), ("9", False), ("1101", False), (f"{ABROAD}001", True)]
)
def test_a_unit_that_the_register_does_not_know_has_none(unit: str, is_region: bool) -> None:
    assert key_of(REGISTRY, unit, is_region=is_region) is None
