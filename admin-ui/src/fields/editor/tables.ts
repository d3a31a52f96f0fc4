// What the browser's own editing cannot do: tables.

const ROWS = 3;
const COLUMNS = 3;
const cells = (tag: "td" | "th") => `<${tag}><br></${tag}>`.repeat(COLUMNS);

/** A new table, whose first row names the columns. */
export const NEW_TABLE = `<table><tbody><tr>${cells("th")}</tr>${`<tr>${cells("td")}</tr>`.repeat(ROWS - 1)}</tbody></table><p><br></p>`;

/** The cell that the caret is in. */
export function currentCell(area: HTMLElement | null): HTMLTableCellElement | null {
  const node = document.getSelection()?.anchorNode;
  const cell = (node instanceof Element ? node : node?.parentElement)?.closest<HTMLTableCellElement>("td, th") ?? null;
  return cell && area?.contains(cell) ? cell : null;
}

export type TableChange = "addRow" | "addColumn" | "removeRow" | "removeColumn";

function blank(tag: string): HTMLElement {
  const cell = document.createElement(tag);
  cell.append(document.createElement("br"));
  return cell;
}

/** Changes the table around a cell. A table without cells goes. */
export function changeTable(cell: HTMLTableCellElement, change: TableChange): void {
  const row = cell.parentElement as HTMLTableRowElement;
  const table = cell.closest("table");
  const at = cell.cellIndex;
  const rows = Array.from(table?.rows ?? []);
  switch (change) {
    case "addRow":
      row.after(document.createElement("tr"));
      row.nextElementSibling?.append(...Array.from(row.cells, () => blank("td")));
      break;
    case "addColumn":
      for (const each of rows) (each.cells[at] ?? each.cells[each.cells.length - 1])?.after(blank(each.cells[0]?.tagName ?? "td"));
      break;
    case "removeRow":
      row.remove();
      break;
    case "removeColumn":
      for (const each of rows) each.cells[at]?.remove();
  }
  if (table && table.querySelector("td, th") === null) table.remove();
}
