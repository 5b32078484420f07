"""Sirekap's responses as events."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from producers.importers import SourceInvalid, open_source
from producers.importers.sirekap_files import MAX_RESPONSE_BYTES
from schemas.decode import decode
from schemas.elections import load_election
from schemas.sources import Message, NothingNew
from tests.producers.importers.support import (
    REAL_DATA,
    counts,
    lineage_of,
    messages,
    needs_real_data,
    raws,
    run,
    unreadables,
)

ELECTION = load_election("pemilu2024")
CODE = "3101011001001"
ADMINISTRATION = {
    "suara_sah": 228,
    "suara_total": 233,
    "suara_tidak_sah": 5,
    **{
        f"{group}_{sex}": 10 * number + place
        for number, group in enumerate(
            ("pemilih_dpt", "pengguna_dpt", "pengguna_dptb", "pengguna_non_dpt", "pengguna_total")
        )
        for place, sex in enumerate("lpj")
    },
}


def image(code: str = CODE) -> str:
    return f"https://example.org/2851/pemilu/ppwp/31/01/01/10/01/{code}-20240214-205639--4f9bafd8.jpg"


def response(**changes: Any) -> dict[str, Any]:
    return {
        "mode": "hhcw",
        "chart": {"null": None, "100025": 83, "100026": 107, "100027": 38},
        "images": [image(), None, image()],
        "administrasi": None,
        "psu": None,
        "ts": "2024-02-16 16:25:10",
        "status_suara": True,
        "status_adm": False,
        **changes,
    }


def write(folder: Path, name: str, document: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def one(tmp_path: Path, **changes: Any) -> Any:
    [record] = run(open_source([write(tmp_path, f"{CODE}.json", response(**changes))], ELECTION))
    return record


def refused(tmp_path: Path, **changes: Any) -> str:
    path = write(tmp_path, f"{CODE}.json", response(**changes))
    [(place, said)] = unreadables(run(open_source([path], ELECTION)))
    assert place == str(path)
    return said


def test_a_response_becomes_a_count_with_what_it_holds_and_nothing_else(tmp_path: Path) -> None:
    record = one(tmp_path, administrasi=ADMINISTRATION)
    event = messages([record])[0]
    assert event.pop("event_id") == decode(record.raw).event_id
    assert event == {
        "type": "CountSubmitted",
        "schema_version": 1,
        "election": "pemilu2024",
        "contest": "PPWP",
        "station": CODE,
        "payload": {
            "form": {
                "votes": {"1": 83, "2": 107, "3": 38},
                "valid": 228,
                "invalid": 5,
                "total": 233,
                "dpt": {"l": 0, "p": 1, "j": 2},
                "voters": {
                    "dpt": {"l": 10, "p": 11, "j": 12},
                    "dptb": {"l": 20, "p": 21, "j": 22},
                    "dpk": {"l": 30, "p": 31, "j": 32},
                    "total": {"l": 40, "p": 41, "j": 42},
                },
            },
            "origin": {"source": "sirekap", "record": CODE, "observed_at": "2024-02-16T16:25:10+07:00"},
        },
        "submitted_by": {"officer": "sirekap", "role": "importer"},
    }


def test_where_the_file_lies_makes_no_other_event(tmp_path: Path) -> None:
    document = response()
    plain = write(tmp_path, f"{CODE}.json", document)
    named = write(tmp_path, f"raw_tps_{CODE}_suara1_img3.json", document)
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"folder/{CODE}.json", json.dumps(document, indent=1))
    sent = [raws(run(open_source([path], ELECTION))) for path in (plain, named, packed)]
    assert sent[0] == sent[1] == sent[2]


def test_the_share_counted_and_the_null_key_are_no_options(tmp_path: Path) -> None:
    record = one(tmp_path, chart={"100025": 1, "persen": 41.01, "null": None})
    assert messages([record])[0]["payload"]["form"] == {"votes": {"1": 1}}


def test_votes_for_no_option_are_reported_and_not_dropped(tmp_path: Path) -> None:
    assert "12 votes for no option" in refused(tmp_path, chart={"100025": 1, "null": 12})


def test_the_key_of_another_contest_is_named(tmp_path: Path) -> None:
    said = refused(tmp_path, chart={"100025": 1, "200001": 5})
    assert "'200001' is no option of this contest (100025, 100026, 100027)" in said


def test_an_unknown_figure_of_the_administration_is_named(tmp_path: Path) -> None:
    assert "suara_baru" in refused(tmp_path, administrasi={"suara_baru": 1})


@pytest.mark.parametrize("value", [-1, 1.5, "83", True, 10_000_000])
def test_a_figure_that_no_form_can_hold_is_named(tmp_path: Path, value: Any) -> None:
    assert "chart.100025 holds" in refused(tmp_path, chart={"100025": value})
    assert "administrasi.suara_sah holds" in refused(tmp_path, administrasi={"suara_sah": value})


def test_images_without_numbers_are_a_blank_form(tmp_path: Path) -> None:
    for chart in (None, {"null": None}, {"100025": None}):
        [event] = messages([one(tmp_path, chart=chart)])
        assert event["type"] == "CountSubmitted"
        assert event["payload"]["form"] == {}


def test_a_blank_form_keeps_its_other_figures(tmp_path: Path) -> None:
    [event] = messages([one(tmp_path, chart=None, administrasi={"suara_sah": 157, "suara_total": None})])
    assert event["payload"]["form"] == {"valid": 157}


def test_zeros_are_a_count(tmp_path: Path) -> None:
    [event] = messages([one(tmp_path, chart={"100025": 0, "100026": 0, "100027": 0})])
    assert event["payload"]["form"]["votes"] == {"1": 0, "2": 0, "3": 0}


@pytest.mark.parametrize("images", [None, [], [None, None, None]])
def test_no_numbers_and_no_images_are_no_form(tmp_path: Path, images: Any) -> None:
    record = one(tmp_path, chart=None, images=images)
    assert record == NothingNew(str(tmp_path / f"{CODE}.json"), empty=True)


@pytest.mark.parametrize(
    ("phrase", "kind"),
    [
        ("Reguler", None),
        ("Pemungutan Suara Ulang", "revote"),
        ("Penghitungan Suara Ulang", "recount"),
        ("Pemungutan Suara Susulan", "follow_up"),
        ("Susulan", "follow_up"),
        ("Pemungutan Suara Lanjutan", "continued"),
    ],
)
def test_the_phrase_tells_the_kind_of_count(tmp_path: Path, phrase: str, kind: str | None) -> None:
    [event] = messages([one(tmp_path, psu=phrase)])
    assert event["payload"].get("kind") == kind


@pytest.mark.parametrize("phrase", ["Pemilu", "", "Susulan dan Lanjutan"])
def test_an_unknown_phrase_is_not_guessed(tmp_path: Path, phrase: str) -> None:
    assert "psu holds" in refused(tmp_path, psu=phrase)


def test_a_time_without_its_form_is_named_and_a_missing_one_is_the_option(tmp_path: Path) -> None:
    assert "ts holds" in refused(tmp_path, ts="16/02/2024")
    path = write(tmp_path, f"{CODE}.json", response(ts=None))
    assert "observed_at" not in messages(run(open_source([path], ELECTION)))[0]["payload"]["origin"]
    source = open_source([path], ELECTION, observed_at="2024-02-17T00:00:00Z")
    assert messages(run(source))[0]["payload"]["origin"]["observed_at"] == "2024-02-17T00:00:00Z"


@pytest.mark.parametrize(
    "document",
    [
        {"chart": {"100025": 5_459_425, "persen": 41.01}, "progres": {"total": 823_236}, "table": {}},
        {"100025": {"nama": "A", "nomor_urut": 1}},
        {"wilayah/0.json[0]": {"nama": "ACEH", "kode": "11"}},
        [1],
    ],
)
def test_what_is_no_station_response_is_refused_as_such(tmp_path: Path, document: Any) -> None:
    for name in ("NATIONAL.json", f"{CODE}.json"):
        [(_, said)] = unreadables(run(open_source([write(tmp_path, name, document)], ELECTION)))
        assert "not a station response" in said


@pytest.mark.parametrize("part", ["chart", "administrasi"])
def test_a_part_of_another_shape_is_refused(tmp_path: Path, part: str) -> None:
    assert part in refused(tmp_path, **{part: [1]})


@pytest.mark.parametrize("name", ["tps.json", f"{CODE}_1101012001001.json", "310101100100.json"])
def test_a_name_without_exactly_one_station_is_refused(tmp_path: Path, name: str) -> None:
    [(_, said)] = unreadables(run(open_source([write(tmp_path, name, response())], ELECTION)))
    assert "13-digit code" in said


def test_overseas_codes_may_have_letters(tmp_path: Path) -> None:
    document = response(images=[image("99A1B2C3D4001")])
    [record] = run(open_source([write(tmp_path, "raw_99A1B2C3D4001_x.json", document)], ELECTION))
    assert messages([record])[0]["station"] == "99A1B2C3D4001"


def test_images_of_another_station_give_a_misnamed_file_away(tmp_path: Path) -> None:
    assert "1101012001001" in refused(tmp_path, images=[image("1101012001001")])


def test_a_truncated_file_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    whole = json.dumps(response())
    write(tmp_path / "f", f"{CODE}.json", whole[:-20])
    write(tmp_path / "f", "3101011001002.json", response(images=[]))
    records = run(open_source([tmp_path / "f"], ELECTION))
    assert counts(records) == {"messages": 1, "unreadable": 1, "nothing_new": 0, "empty": 0}


def test_a_huge_file_is_reported_and_not_read(tmp_path: Path) -> None:
    path = write(tmp_path, f"{CODE}.json", json.dumps(response()) + " " * MAX_RESPONSE_BYTES)
    [(_, said)] = unreadables(run(open_source([path], ELECTION)))
    assert "Larger than" in said


def test_snapshots_of_a_station_are_put_in_the_order_of_their_time(tmp_path: Path) -> None:
    write(tmp_path, f"{CODE}_a.json", response(chart=None, ts="2024-02-22 11:00:00"))
    write(tmp_path, f"{CODE}_b.json", response(chart={"100025": 2}, ts="2024-02-16 10:00:00"))
    write(tmp_path, f"sub/{CODE}_c.json", response(chart={"100025": 1}, ts="2024-02-15 10:00:00"))
    events = messages(run(open_source([tmp_path], ELECTION)))
    assert [event["type"] for event in events] == ["CountSubmitted", "CountCorrected", "CountAnnulled"]
    assert [event["payload"].get("supersedes") for event in events[1:]] == [
        events[0]["event_id"],
        events[1]["event_id"],
    ]


def test_a_withdrawn_count_is_annulled_in_a_later_import(tmp_path: Path) -> None:
    first = raws(run(open_source([write(tmp_path, f"{CODE}_1.json", response())], ELECTION)))
    gone = write(tmp_path, f"{CODE}_2.json", response(chart=None, ts="2024-02-22 11:00:00"))
    [event] = messages(run(open_source([gone], ELECTION), lineage_of(first)))
    assert event["type"] == "CountAnnulled"
    assert event["payload"]["reason"] == "source_withdrew"


def test_a_page_that_was_only_refreshed_is_nothing_new(tmp_path: Path) -> None:
    first = raws(run(open_source([write(tmp_path, f"{CODE}_1.json", response())], ELECTION)))
    later = write(tmp_path, f"{CODE}_2.json", response(ts="2024-02-22 11:00:00"))
    assert run(open_source([later], ELECTION), lineage_of(first)) == [NothingNew(str(later), empty=False)]


def test_importing_a_folder_twice_sends_nothing_the_second_time(tmp_path: Path) -> None:
    for number in range(1, 30):
        for day in (15, 16, 17):
            chart = {"100025": number % day} if number % 4 else None
            name = f"{day}/3101011001{number:03d}.json"
            write(tmp_path, name, response(chart=chart, images=[], ts=f"2024-02-{day} 10:00:00"))
    first = raws(run(open_source([tmp_path], ELECTION)))
    assert first
    assert raws(run(open_source([tmp_path], ELECTION), lineage_of(first))) == []


def test_all_snapshots_of_a_station_are_in_one_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producers.importers.sirekap.CHUNK_FILES", 2)
    for day in (15, 16):
        for number in (1, 2, 3):
            write(tmp_path, f"{day}/310101100100{number}.json", response(images=[]))
    asked: list[list[str]] = []

    def lineage(_contest: str, stations: Any) -> dict[str, Any]:
        asked.append(list(stations))
        return {}

    run(open_source([tmp_path], ELECTION), lineage)
    assert asked == [["3101011001001"], ["3101011001002"], ["3101011001003"]]


def test_a_zip_is_read_with_every_packing(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = tmp_path / f"{method}.zip"
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("__MACOSX/._3101011001001.json", "x")
            archive.writestr("readme.txt", "x")
            archive.writestr(f"a/{CODE}.json", json.dumps(response()))
        [record] = run(open_source([path], ELECTION))
        assert isinstance(record, Message)
        assert record.place == f"{path}/a/{CODE}.json"


def test_an_unusual_packing_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr(f"{CODE}.json", json.dumps(response()))
    [(_, said)] = unreadables(run(open_source([path], ELECTION)))
    assert "ordinary zip" in said


def test_a_damaged_member_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in (1, 2, 3):
            archive.writestr(f"310101100100{number}.json", json.dumps(response(images=[])))
    raw = bytearray(path.read_bytes())
    place = raw.index(b"3101011001002.json") + 60
    raw[place : place + 4] = bytes(4)
    path.write_bytes(raw)
    records = run(open_source([path], ELECTION))
    assert counts(records) == {"messages": 2, "unreadable": 1, "nothing_new": 0, "empty": 0}
    assert "checksum" in unreadables(records)[0][1]


def test_a_truncated_zip_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{CODE}.json", json.dumps(response()))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SourceInvalid, match="cut off or damaged"):
        open_source([path], ELECTION)


def test_a_folder_without_responses_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "readme.txt", "x")
    with pytest.raises(SourceInvalid, match=r"holds no \.json file"):
        open_source([tmp_path], ELECTION)


def test_a_contest_that_sirekap_has_no_keys_for_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, f"{CODE}.json", response())
    with pytest.raises(SourceInvalid, match=r"sources\.sirekap"):
        open_source([path], ELECTION, contest="DPD")


@pytest.mark.real_data
@needs_real_data
def test_the_real_zip_gives_461_counts_362_blank_forms_and_177_empty_ones() -> None:
    source = open_source([REAL_DATA / "pilpres2024/sirekap_json/dki_1000_stations.zip"], ELECTION)
    records = run(source)
    assert counts(records) == {"messages": 823, "unreadable": 0, "nothing_new": 0, "empty": 177}
    events = [decode(raw).event for raw in raws(records)]
    assert Counter(event.payload.form.is_blank for event in events) == {False: 461, True: 362}  # type: ignore[union-attr]
    with_administration = [event for event in events if event.payload.form.valid is not None]  # type: ignore[union-attr]
    assert len(with_administration) == 465


@pytest.mark.real_data
@needs_real_data
def test_the_real_folder_imports_whole_and_twice() -> None:
    """1,022 files: the zip's 1,000, the 16 of them that also lie beside it, 3 of Aceh, 3 of no station."""
    folder = REAL_DATA / "pilpres2024/sirekap_json"
    records = run(open_source([folder], ELECTION))
    assert counts(records) == {"messages": 826, "unreadable": 3, "nothing_new": 15, "empty": 178}
    assert all("not a station response" in said for _, said in unreadables(records))
    of_aceh = [event for event in messages(records) if event["station"] == "1101012001003"]
    assert [event["type"] for event in of_aceh] == ["CountSubmitted", "CountAnnulled"]
    assert of_aceh[0]["payload"]["form"] == {"votes": {"1": 202, "2": 38, "3": 7}}
    again = run(open_source([folder], ELECTION), lineage_of(raws(records)))
    assert counts(again) == {"messages": 0, "unreadable": 3, "nothing_new": 841, "empty": 178}


@pytest.mark.real_data
@needs_real_data
def test_real_snapshots_imported_one_by_one_annul_the_withdrawn_count() -> None:
    folder = REAL_DATA / "pilpres2024/sirekap_json"
    sent: list[bytes] = []
    for path in sorted(folder.glob("*.json")):
        sent += raws(run(open_source([path], ELECTION), lineage_of(sent)))
    kinds = Counter(decode(raw).event.type for raw in sent)
    assert kinds == {"CountSubmitted": 17, "CountAnnulled": 1}
