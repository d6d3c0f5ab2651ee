"""Writes the same rows to Parquet in every way that Apache Arrow can. Argument: the folder to write to."""

import sys
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 5_000
EDGES = [0, -1, 2**53 + 1, -(2**63), 2**63 - 1]
DOUBLES = [0.0, -0.0, 1.5, float("nan"), float("inf"), float("-inf"), 5e-324]
TEXTS = ["", "日本", "😀", "a\0b", "x" * 300]

folder = Path(sys.argv[1])


def some(values, null_every):
    return [
        None if null_every and row % null_every == 0 else values[row % len(values)]
        for row in range(ROWS)
    ]


table = pa.table(
    {
        "id": pa.array(range(ROWS), pa.int64()),
        "whole": pa.array(some(EDGES, 7), pa.int64()),
        "real": pa.array(some(DOUBLES, 5), pa.float64()),
        "note": pa.array(some(TEXTS, 3), pa.string()),
        "seen": pa.array(some([True, False], 11), pa.bool_()),
        "raw": pa.array(some([b"", b"\xff\xfe", bytes(200)], 4), pa.binary()),
    }
)

codecs = ["none", "snappy", "gzip", "brotli", "zstd"]
for codec, version, dictionary in product(codecs, ["1.0", "2.0"], [True, False]):
    pq.write_table(
        table,
        folder / f"{codec}-{version}-{dictionary}.parquet",
        compression=codec,
        data_page_version=version,
        use_dictionary=dictionary,
        row_group_size=1_700,
        data_page_size=8_192,
    )

narrow = pa.table(
    {
        "id": pa.array(range(ROWS), pa.int32()),
        "whole": pa.array([row % 65_536 for row in range(ROWS)], pa.uint16()),
        "real": pa.array([row / 4 for row in range(ROWS)], pa.float32()),
        "note": pa.array(some(TEXTS, 3), pa.large_string()),
    }
)
pq.write_table(narrow, folder / "narrow.parquet")

pq.write_table(
    table,
    folder / "delta.parquet",
    use_dictionary=False,
    column_encoding={
        "id": "DELTA_BINARY_PACKED",
        "note": "DELTA_LENGTH_BYTE_ARRAY",
        "raw": "DELTA_BYTE_ARRAY",
        "real": "BYTE_STREAM_SPLIT",
    },
)
print("written")
