import { Pencil, Trash2 } from "lucide-react";
import { classNames } from "@/app/_ui/class-names";
import { Table, Td, Th } from "@/app/_ui/table";
import { RoleButton } from "@/app/(console)/_components/role-button";
import type { CellView, RowView } from "@/lib/contracts/row-body";
import type { TableView } from "@/lib/contracts/source-body";

/** A row may have a thousand columns: the table shows the first ones, a row's own window all. */
const columnsShownMax = 24;
const charactersShownMax = 120;

export const keyTextOf = (row: RowView): string =>
  row.key.map(({ value }) => String(value)).join(", ");

export function RowTable(props: {
  table: TableView;
  rows: readonly RowView[];
  onOpen: (row: RowView) => void;
  onDelete: (row: RowView) => void;
}) {
  const { primaryKey } = props.table;
  const all = attributeNames(props.table, props.rows);
  const shown = all.slice(0, columnsShownMax);
  return (
    <Table>
      <thead>
        <tr>
          {primaryKey.map(({ name }) => (
            <Th key={name}>{name}</Th>
          ))}
          {shown.map((name) => (
            <Th key={name} className="font-normal">
              {name}
            </Th>
          ))}
          {all.length > shown.length && <Th>and {all.length - shown.length} more</Th>}
          <Th>
            <span className="sr-only">Actions</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {props.rows.map((row) => (
          <tr key={JSON.stringify(row.key)}>
            {row.key.map((cell, index) => (
              <Td
                key={cell.name}
                className="align-middle! font-mono text-xs font-medium whitespace-nowrap"
              >
                {index === 0 ? (
                  <button
                    type="button"
                    className="block max-w-72 truncate rounded text-left text-accent hover:underline"
                    aria-label={`Open row ${keyTextOf(row)}`}
                    onClick={() => props.onOpen(row)}
                  >
                    <Value cell={cell} />
                  </button>
                ) : (
                  <Value cell={cell} />
                )}
              </Td>
            ))}
            {shown.map((name) => (
              <Td key={name} className="align-middle! font-mono text-xs whitespace-nowrap">
                <Value cell={row.attributes.find((cell) => cell.name === name)} />
              </Td>
            ))}
            {all.length > shown.length && <Td />}
            <Td className="w-px py-1!">
              <div className="flex justify-end gap-1">
                <RoleButton
                  needs="administrator"
                  look="ghost"
                  size="icon"
                  aria-label={`Edit row ${keyTextOf(row)}`}
                  onClick={() => props.onOpen(row)}
                >
                  <Pencil />
                </RoleButton>
                <RoleButton
                  needs="administrator"
                  look="ghost"
                  size="icon"
                  aria-label={`Delete row ${keyTextOf(row)}`}
                  onClick={() => props.onDelete(row)}
                >
                  <Trash2 />
                </RoleButton>
              </div>
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

/** Defined columns first, then as rows are seen to hold them. */
function attributeNames(table: TableView, rows: readonly RowView[]): string[] {
  const present = new Set(rows.flatMap(({ attributes }) => attributes.map(({ name }) => name)));
  const defined = table.definedColumns.map(({ name }) => name);
  return [...new Set([...defined, ...present])];
}

function Value({ cell }: { cell: CellView | undefined }) {
  if (cell === undefined) return <span className="text-ink-faint">–</span>;
  const text = String(cell.value);
  const cut = text.length > charactersShownMax ? `${text.slice(0, charactersShownMax)}…` : text;
  return (
    <span
      title={`${cell.type}${cut === text ? "" : `, ${text.length} characters`}`}
      className={classNames("block max-w-72 truncate", cell.type !== "string" && "text-ink-muted")}
    >
      {cut === "" ? "(empty)" : cut}
    </span>
  );
}
