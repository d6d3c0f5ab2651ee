"""Reads Parquet files with Apache Arrow and says exactly what is in them.

One request a line on standard input: {"file": path, "filter": [column, operator, integer] or null}.
One answer a line: {"columns": [[cell, ...], ...], "rowGroups": n}, cells as text that keeps integers
of 64 bits, NaN and the two zeros apart. With a filter, only the rows that match, found by
statistics; "rowGroups" then counts the row groups that the statistics left.
"""

import json
import struct
import sys

import pyarrow.dataset as dataset
import pyarrow.parquet as parquet


def cell(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean true" if value else "boolean false"
    if isinstance(value, int):
        return "integer %d" % value
    if isinstance(value, float):
        return "double " + ("NaN" if value != value else struct.pack(">d", value).hex())
    if isinstance(value, bytes):
        return "binary " + value.hex()
    return "text " + value


def answer(request):
    if request["filter"] is None:
        file = parquet.ParquetFile(request["file"])
        table, row_groups = file.read(), file.num_row_groups
    else:
        column, operator, bound = request["filter"]
        field = dataset.field(column)
        wanted = field >= bound if operator == ">=" else field == bound
        (fragment,) = dataset.dataset(request["file"], format="parquet").get_fragments()
        left = fragment.subset(filter=wanted)
        table, row_groups = fragment.to_table(filter=wanted), len(left.row_groups)
    columns = [[cell(value) for value in column.to_pylist()] for column in table.columns]
    return {"columns": columns, "rowGroups": row_groups}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
