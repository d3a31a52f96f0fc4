import type { Row } from "@/api/records";
import type { Collection } from "@/api/schema";
import { plainText } from "@/lib/html";

const TELLING = ["title", "name", "label", "slug", "username", "email", "subject", "code", "key"];

/** One line that tells a record from others: its presentable fields, or a field with a telling name, or its id. */
export function recordTitle(row: Row, collection: Collection | undefined): string {
  const presentable = collection?.fields.filter((field) => field.presentable && !field.hidden) ?? [];
  const words = presentable.map((field) => (field.type === "editor" ? plainText(String(row[field.name] ?? "")) : text(row[field.name]))).filter(Boolean);
  if (words.length > 0) return words.join(" · ").slice(0, 120);
  for (const name of TELLING) if (text(row[name])) return text(row[name]).slice(0, 120);
  return row.id;
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  return Array.isArray(value) ? value.map(text).join(", ") : "";
}
