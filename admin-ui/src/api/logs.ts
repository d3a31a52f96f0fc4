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
