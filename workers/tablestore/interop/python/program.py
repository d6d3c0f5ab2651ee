"""The official Python SDK as a program: one JSON request per line in, one answer per line out.

The requests and answers are those of sdk-driver.ts.
"""

import base64
import json
import os
import struct
import sys

# The SDK prints to standard output when it is imported; only answers may stand there.
answers = sys.stdout
sys.stdout = sys.stderr

from tablestore import (  # noqa: E402
    INF_MAX,
    INF_MIN,
    PK_AUTO_INCR,
    BatchGetRowRequest,
    BatchWriteRowRequest,
    CapacityUnit,
    ComparatorType,
    CompositeColumnCondition,
    Condition,
    DeleteRowItem,
    LogicalOperator,
    OTSClient,
    OTSServiceError,
    PutRowItem,
    ReservedThroughput,
    ReturnType,
    Row,
    SingleColumnCondition,
    TableInBatchGetRowItem,
    TableInBatchWriteRowItem,
    TableMeta,
    TableOptions,
    UpdateRowItem,
)


def read_value(value):
    kind, text = value["type"], value["value"]
    if kind == "integer":
        return int(text)
    if kind == "string":
        return text
    if kind == "double":
        return struct.unpack(">d", bytes.fromhex(text))[0]
    if kind == "boolean":
        return text == "true"
    if kind == "binary":
        return bytearray(base64.b64decode(text))
    return {"min": INF_MIN, "max": INF_MAX, "auto": PK_AUTO_INCR}[kind]


def write_value(value):
    # A bool is an int too, so it comes first.
    if isinstance(value, bool):
        return {"type": "boolean", "value": "true" if value else "false"}
    if isinstance(value, int):
        return {"type": "integer", "value": str(value)}
    if isinstance(value, float):
        return {"type": "double", "value": struct.pack(">d", value).hex()}
    if isinstance(value, str):
        return {"type": "string", "value": value}
    return {"type": "binary", "value": base64.b64encode(bytes(value)).decode()}


def read_key(columns):
    return [(column["name"], read_value(column)) for column in columns]


def write_key(columns):
    return [{"name": column[0], **write_value(column[1])} for column in columns]


def write_row(row):
    if row is None:
        return None
    columns = [
        {"name": name, **write_value(value), "at": str(at)}
        for name, value, at in row.attribute_columns
    ]
    return {"key": write_key(row.primary_key), "columns": columns}


def read_cell(cell):
    if "at" in cell:
        return (cell["name"], read_value(cell), int(cell["at"]))
    return (cell["name"], read_value(cell))


comparators = {
    "=": ComparatorType.EQUAL,
    "!=": ComparatorType.NOT_EQUAL,
    ">": ComparatorType.GREATER_THAN,
    ">=": ComparatorType.GREATER_EQUAL,
    "<": ComparatorType.LESS_THAN,
    "<=": ComparatorType.LESS_EQUAL,
}
operators = {
    "and": LogicalOperator.AND,
    "or": LogicalOperator.OR,
    "not": LogicalOperator.NOT,
}


def read_filter(given):
    if given is None:
        return None
    if given["kind"] == "compare":
        return SingleColumnCondition(
            given["column"],
            read_value(given["value"]),
            comparators[given["operator"]],
            given["passIfMissing"],
            given["latestOnly"],
        )
    composite = CompositeColumnCondition(operators[given["kind"]])
    for part in given["of"]:
        composite.add_sub_condition(read_filter(part))
    return composite


def read_condition(write):
    return Condition(write.get("expect", "IGNORE"), read_filter(write.get("condition")))


def read_row(write):
    key = read_key(write["key"])
    put = [read_cell(cell) for cell in write.get("put", [])]
    if write["kind"] != "update":
        return Row(key, put)
    changes = {
        "PUT": put,
        "DELETE_ALL": list(write.get("deleteColumns", [])),
        "DELETE": [(each["name"], None, int(each["at"])) for each in write.get("deleteVersions", [])],
        "INCREMENT": [(each["name"], int(each["by"])) for each in write.get("increments", [])],
    }
    return Row(key, {kind: cells for kind, cells in changes.items() if cells})


class Program:
    def __init__(self, client):
        self.client = client

    def createTable(self, ask):
        schema = [
            (column["name"], column["type"].upper(), PK_AUTO_INCR)
            if column.get("auto")
            else (column["name"], column["type"].upper())
            for column in ask["key"]
        ]
        self.client.create_table(
            TableMeta(ask["table"], schema),
            TableOptions(-1, ask.get("versions", 1)),
            ReservedThroughput(CapacityUnit(0, 0)),
        )
        return {}

    def describeTable(self, ask):
        described = self.client.describe_table(ask["table"])
        key = [
            {"name": column[0], "type": column[1].lower(), **({"auto": True} if len(column) > 2 else {})}
            for column in described.table_meta.schema_of_primary_key
        ]
        return {"key": key, "versions": described.table_options.max_version}

    def listTables(self, _ask):
        return {"tables": list(self.client.list_table())}

    def deleteTable(self, ask):
        self.client.delete_table(ask["table"])
        return {}

    def write(self, ask):
        call = {
            "put": self.client.put_row,
            "update": self.client.update_row,
            "delete": self.client.delete_row,
        }[ask["kind"]]
        returned = ReturnType.RT_PK if ask.get("returnKey") else ReturnType.RT_NONE
        _, row = call(ask["table"], read_row(ask), read_condition(ask), returned)
        return {"key": write_key(row.primary_key) if row is not None else None}

    def batchWrite(self, ask):
        items = {"put": PutRowItem, "update": UpdateRowItem, "delete": DeleteRowItem}
        writes = ask["writes"]
        request = BatchWriteRowRequest()
        table = writes[0]["table"]
        rows = [items[each["kind"]](read_row(each), read_condition(each)) for each in writes]
        request.add(TableInBatchWriteRowItem(table, rows))
        response = self.client.batch_write_row(request)
        results = (
            response.get_put_by_table(table)
            + response.get_update_by_table(table)
            + response.get_delete_by_table(table)
        )
        results.sort(key=lambda result: result.index)
        return {
            "results": [
                {"ok": True} if each.is_ok else {"ok": False, "code": each.error_code}
                for each in results
            ]
        }

    def getRow(self, ask):
        _, row, _ = self.client.get_row(
            ask["table"],
            read_key(ask["key"]),
            columns_to_get=ask.get("columns"),
            column_filter=read_filter(ask.get("filter")),
            max_version=ask.get("versions", 1),
        )
        return {"row": write_row(row)}

    def getRange(self, ask):
        _, next_key, rows, _ = self.client.get_range(
            ask["table"],
            "BACKWARD" if ask.get("backward") else "FORWARD",
            read_key(ask["from"]),
            read_key(ask["to"]),
            limit=ask.get("limit"),
            column_filter=read_filter(ask.get("filter")),
        )
        return {
            "rows": [write_row(row) for row in rows],
            "next": write_key(next_key) if next_key else None,
        }

    def batchGet(self, ask):
        request = BatchGetRowRequest()
        keys = [read_key(key) for key in ask["keys"]]
        request.add(TableInBatchGetRowItem(ask["table"], keys, max_version=1))
        response = self.client.batch_get_row(request)
        found = response.get_result_by_table(ask["table"])
        return {"rows": [write_row(each.row if each.row and each.row.primary_key else None) for each in found]}


def main():
    env = os.environ
    region = {"region": "local"} if env["SDK_SIGNATURE"] == "v4" else {}
    program = Program(
        OTSClient(
            env["SDK_ENDPOINT"],
            env["SDK_ACCESS_KEY_ID"],
            env["SDK_ACCESS_KEY_SECRET"],
            env["SDK_INSTANCE"],
            **region,
        )
    )
    for line in sys.stdin:
        ask = json.loads(line)
        try:
            answer = {"ok": getattr(program, ask["do"])(ask)}
        except OTSServiceError as error:
            answer = {"error": {"code": error.code, "message": error.message}}
        except Exception as error:  # The caller shows it; the next request may work.
            answer = {"error": {"code": type(error).__name__, "message": str(error)}}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
