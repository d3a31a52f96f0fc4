import { pb } from "./client";

export interface SqlAnswer {
  execTime: number;
  affectedRows: number;
  columns: { name: string; type: string; nullable: boolean }[];
  rows: (string | null)[][];
}

export async function runSql(query: string): Promise<SqlAnswer> {
  return pb.send<SqlAnswer>("/api/sql", { method: "POST", body: { query } });
}

export interface Explanation {
  plan: unknown;
  estimatedRows: number | null;
  total: number | null;
  hint: string | null;
}

/** How a list would be answered to `who`: `guest`, `collection/id`, or nothing for the caller. */
export async function explainList(collection: string, query: { filter: string; sort: string; as: string }): Promise<Explanation> {
  return pb.send<Explanation>(`/api/collections/${encodeURIComponent(collection)}/explain`, { method: "GET", query });
}
