import { Card, CardHeader } from "@/app/_ui/card";
import { formatNumber } from "@/app/_ui/format-quantity";
import { Table, Td, Th } from "@/app/_ui/table";
import type { TableView } from "@/lib/contracts/source-body";

type Column = TableView["primaryKey"][number];

export function TableSchema({ table }: { table: TableView }) {
  return (
    <div className="flex flex-col gap-5">
      <Columns
        title="Primary key"
        description="In the order that rows are kept in."
        columns={table.primaryKey}
        none=""
        noteOf={({ name }) => (name === table.autoIncrementColumn ? "numbered by the source" : "")}
      />
      <Columns
        title="Defined columns"
        description="Declared with the table. Rows need not hold them."
        columns={table.definedColumns}
        none="The table declares no columns beside its key."
      />
      <Columns
        title="Seen columns"
        description={`Found beside those in the first ${formatNumber(table.sampledRows, "row")}; there may be more.`}
        columns={table.seenColumns}
        none="No other column was found."
      />
    </div>
  );
}

function Columns(props: {
  title: string;
  description: string;
  columns: readonly Column[];
  none: string;
  noteOf?: (column: Column) => string;
}) {
  return (
    <Card>
      <CardHeader title={props.title} description={props.description} />
      {props.columns.length === 0 ? (
        <p className="px-5 py-4 text-[13px] text-ink-muted">{props.none}</p>
      ) : (
        <Table>
          <thead>
            <tr>
              <Th>Column</Th>
              <Th>Type</Th>
            </tr>
          </thead>
          <tbody>
            {props.columns.map((column) => (
              <tr key={column.name}>
                <Td className="font-mono text-xs break-all">{column.name}</Td>
                <Td className="w-1/2">
                  {column.type}
                  <span className="text-ink-muted">
                    {props.noteOf?.(column) ? `, ${props.noteOf(column)}` : ""}
                  </span>
                </Td>
              </tr>
            ))}
          </tbody>
        </Table>
      )}
    </Card>
  );
}
