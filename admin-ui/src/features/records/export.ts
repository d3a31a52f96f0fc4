import { listRecords, type Row } from "@/api/records";
import type { Collection } from "@/api/schema";
import { writeCsv } from "@/lib/csv";
import { download, downloadJson } from "@/lib/download";

export type ExportFormat = "csv" | "json";
const PER_PAGE = 500;

/** All records that a filter finds, page by page. */
export async function loadAll(collection: Collection, filter: string, sort: string, progress: (count: number) => void): Promise<Row[]> {
  const rows: Row[] = [];
  for (let page = 1; ; page += 1) {
    const found = await listRecords(collection.name, page, { filter, sort, perPage: PER_PAGE });
    rows.push(...found);
    progress(rows.length);
    if (found.length < PER_PAGE) return rows;
  }
}

/** Gives the reader the records as a file. Times and lists stay as the API writes them. */
export function exportRows(collection: Collection, rows: Row[], format: ExportFormat): void {
  const stamp = new Date().toISOString().slice(0, 10);
  const name = `${collection.name}-${stamp}.${format}`;
  if (format === "json") return downloadJson(name, rows.map(({ expand: _expand, ...row }) => row));
  const fields = collection.fields.filter((field) => field.type !== "password").map((field) => field.name);
  download(name, writeCsv([fields, ...rows.map((row) => fields.map((field) => row[field]))]), "text/csv;charset=utf-8");
}
