import { pb } from "./client";

export interface LogEntry {
  id: string;
  created: string;
  level: number;
  message: string;
  data: Record<string, unknown>;
}

export interface LogHour {
  date: string;
  total: number;
  /** Requests that were too many to note each; missing when there were none. */
  leftOut?: number;
}

/** How many requests an entry stands for that only says so; 0 for all others. */
export function summaryCount({ data }: LogEntry): number {
  return data["type"] === "summary" ? Number(data["count"]) || 0 : 0;
}

export async function listLogs(page: number, filter: string, perPage = 50): Promise<LogEntry[]> {
  const { items } = await pb.logs.getList(page, perPage, { filter, sort: "-@rowid", skipTotal: true });
  return items as unknown as LogEntry[];
}

export async function loadLog(id: string): Promise<LogEntry> {
  return (await pb.logs.getOne(id)) as unknown as LogEntry;
}

export async function logHours(filter: string): Promise<LogHour[]> {
  return (await pb.logs.getStats({ filter })) as unknown as LogHour[];
}
