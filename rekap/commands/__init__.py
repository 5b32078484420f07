"""The subcommands, each a module of its own, and the sentence with which each stands in the list."""

from __future__ import annotations

from typing import Final

from schemas.language import Text

KNOWN: Final = {
    "demo": Text(
        id="Hitung pemilu percontohan dan perlihatkan jalannya.",
        en="Count an invented election and watch it happen.",
    ),
    "init": Text(
        id="Siapkan direktori data untuk satu pemilu.",
        en="Set up a data directory for one election.",
    ),
    "adopt": Text(
        id="Jadikan salinan atau cadangan direktori data direktori tersendiri.",
        en="Make a copied or restored data directory one of its own.",
    ),
    "import": Text(
        id="Masukkan hasil TPS dari berkas.",
        en="Take in polling-station counts from files.",
    ),
    "simulate": Text(
        id="Masukkan kiriman malam pemilu yang dikarang.",
        en="Take in the messages of an invented election night.",
    ),
    "results": Text(
        id="Perlihatkan hasil pada tingkat mana pun, kini atau pada suatu saat.",
        en="Show results at any level, now or at a moment.",
    ),
    "progress": Text(
        id="Perlihatkan sampai di mana penghitungan.",
        en="Show how far the count is.",
    ),
    "findings": Text(
        id="Daftar temuan pemeriksaan formulir.",
        en="List what checking the forms found.",
    ),
    "rejected": Text(
        id="Daftar kiriman yang ditolak, dengan alasannya.",
        en="List rejected messages, with the reason.",
    ),
    "recaps": Text(
        id="Daftar rekapitulasi yang disahkan (D.Hasil).",
        en="List certified recapitulations (D.Hasil).",
    ),
    "reconcile": Text(
        id="Bandingkan rekapitulasi yang disahkan dengan jumlah formulirnya.",
        en="Compare certified recapitulations with the sum of their forms.",
    ),
    "determination": Text(
        id="Terapkan undang-undang pada suara: siapa terpilih, siapa mendapat kursi.",
        en="Apply the law to votes: who is elected, who has which seats.",
    ),
    "history": Text(
        id="Ceritakan bagaimana hasil suatu TPS atau wilayah menjadi seperti kini.",
        en="Tell how a station or region came to its present count.",
    ),
    "log": Text(
        id="Perlihatkan peristiwa dalam log, atau satu menurut id-nya.",
        en="Show the events of the log, or one by its id.",
    ),
    "verify": Text(
        id="Hitung ulang dari log dan bandingkan setiap angka.",
        en="Count again from the log and compare every figure.",
    ),
    "worker": Text(
        id="Hitung peristiwa di Kafka bersama worker lain, sampai Ctrl-C.",
        en="Count the events on Kafka together with other workers, until Ctrl-C.",
    ),
    "serve": Text(
        id="Sajikan hasil untuk program lain, hanya baca, sampai Ctrl-C.",
        en="Serve the results to other programs, read-only, until Ctrl-C.",
    ),
    "audit": Text(
        id="Buat tanda terima suatu peristiwa, atau periksa tanda terima tanpa jaringan.",
        en="Make the receipt of an event, or check a receipt without a network.",
    ),
    "keys": Text(
        id="Buat kunci, daftarkan dan cabut perangkat, hentikan dan lanjutkan penghitungan.",
        en="Make keys, enrol and revoke devices, pause and resume counting.",
    ),
    "notary": Text(
        id="Tandatangani log dan terbitkan agar siapa pun dapat memeriksanya, sampai Ctrl-C.",
        en="Sign the log and publish it so that anybody can check it, until Ctrl-C.",
    ),
    "topics": Text(
        id="Buat dan periksa topik suatu pemilu di Kafka, dan hak penggunanya.",
        en="Make and check an election's topics on Kafka, and who may use them.",
    ),
    "migrate": Text(
        id="Mutakhirkan skema server ClickHouse.",
        en="Bring a ClickHouse server to the schema of this version.",
    ),
    "sink": Text(
        id="Bawa hasil kerja worker dari Kafka ke ClickHouse.",
        en="Bring what workers publish on Kafka into ClickHouse.",
    ),
}
"""In the order of use."""
