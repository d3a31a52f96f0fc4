import type { Collection, Field } from "@/api/schema";
import { sameJson } from "@/lib/text";

/** A collection as a file has it: anything may be missing. */
export type Incoming = Partial<Omit<Collection, "fields">> & { name: string; fields?: Partial<Field>[] };

export interface Difference {
  kind: "added" | "removed" | "changed";
  name: string;
  before: Collection | null;
  after: Incoming | null;
  /** What differs, each before and after, as text. */
  parts: { name: string; before: string; after: string; danger: boolean }[];
}

const IGNORED = new Set(["created", "updated", "fields", "id"]);
const written = (value: unknown) => (value === undefined ? "" : typeof value === "string" && value !== "" ? value : JSON.stringify(value, null, 1));

/** Reads the text of an export; a message instead when it is none. */
export function readExport(text: string): { collections: Incoming[] } | { fault: "json" | "shape" } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: "json" };
  }
  const isCollection = (each: unknown): each is Incoming => typeof each === "object" && each !== null && "name" in each && typeof each.name === "string" && each.name !== "";
  return Array.isArray(value) && value.length > 0 && value.every(isCollection) ? { collections: value } : { fault: "shape" };
}

/** What an import would change. */
export function compare(present: Collection[], incoming: Incoming[], deleteMissing: boolean): Difference[] {
  const matchOf = (each: Incoming) => present.find((old) => (each.id ? old.id === each.id : false)) ?? present.find((old) => old.name.toLowerCase() === each.name.toLowerCase());
  const found = new Set<string>();
  const list: Difference[] = [];
  for (const after of incoming) {
    const before = matchOf(after) ?? null;
    if (before) found.add(before.id);
    const parts = partsOf(before, after, deleteMissing);
    if (!before || parts.length > 0) list.push({ kind: before ? "changed" : "added", name: after.name, before, after, parts });
  }
  if (deleteMissing) {
    for (const before of present) {
      if (!found.has(before.id) && !before.system) list.push({ kind: "removed", name: before.name, before, after: null, parts: [] });
    }
  }
  return list;
}

function partsOf(before: Collection | null, after: Incoming, deleteMissing: boolean): Difference["parts"] {
  const parts: Difference["parts"] = [];
  for (const [key, value] of Object.entries(after)) {
    const old: unknown = before?.[key as keyof Collection];
    if (!IGNORED.has(key) && !sameJson(old, value)) parts.push({ name: key, before: written(old), after: written(value), danger: false });
  }
  const oldFields = before?.fields ?? [];
  const newFields = after.fields ?? [];
  for (const field of newFields) {
    const old = oldFields.find((each) => each.id === field.id) ?? oldFields.find((each) => each.name === field.name && each.type === field.type);
    if (!sameJson(sorted(old), sorted(field))) parts.push({ name: `fields.${field.name ?? ""}`, before: written(old && sorted(old)), after: written(sorted(field)), danger: false });
  }
  if (deleteMissing && after.fields) {
    for (const old of oldFields) {
      const kept = old.system || newFields.some((each) => each.id === old.id || (each.name === old.name && each.type === old.type));
      if (!kept) parts.push({ name: `fields.${old.name}`, before: written(sorted(old)), after: "", danger: true });
    }
  }
  return parts;
}

function sorted(value: object | undefined): object | undefined {
  return value && Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a.localeCompare(b)));
}
