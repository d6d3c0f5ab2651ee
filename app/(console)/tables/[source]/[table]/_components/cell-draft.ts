import type { CellView } from "@/lib/contracts/row-body";
import type { ColumnType } from "@/lib/core/record";

/** A cell as it stands in a form: its value is text until it is sent. */
export type CellDraft = {
  readonly id: number;
  readonly name: string;
  readonly type: ColumnType;
  readonly text: string;
};

export const columnTypes: readonly ColumnType[] = [
  "string",
  "integer",
  "double",
  "boolean",
  "binary",
];

let lastId = 0;

export function newDraft(name: string, type: ColumnType): CellDraft {
  return { id: ++lastId, name, type, text: type === "boolean" ? "true" : "" };
}

export function draftOf({ name, type, value }: CellView): CellDraft {
  return { id: ++lastId, name, type, text: String(value) };
}

/** As the API takes it; text that is no number goes as it is, and the API says what is wrong with it. */
export function cellOf({ name, type, text }: CellDraft): CellView {
  switch (type) {
    case "boolean":
      return { name, type, value: text === "true" };
    case "double": {
      const isNumber = text.trim() !== "" && Number.isFinite(Number(text));
      return { name, type, value: isNumber ? Number(text) : text.trim() };
    }
    case "integer":
    case "binary":
      return { name, type, value: text.trim() };
    case "string":
      return { name, type, value: text };
  }
}

export function isSameCell(draft: CellDraft, cell: CellView | undefined): boolean {
  if (cell === undefined || cell.type !== draft.type) return false;
  return String(cell.value) === draft.text;
}
