import type { Collection, Field } from "@/api/schema";
import { isMultiple } from "@/api/schema";
import { t } from "@/i18n";

export interface Converted {
  /** The line in the file, counted from 1 with the names in the first. */
  line: number;
  body: Record<string, unknown>;
  faults: string[];
}

/** Fields that a file can fill. */
export function fillable(collection: Collection): Field[] {
  return collection.fields.filter((field) => !["autodate", "file"].includes(field.type) && field.name !== "tokenKey");
}

/** Which column fills which field, by their names. */
export function guessMapping(header: string[], fields: Field[]): Record<string, string> {
  const plain = (text: string) => text.toLowerCase().replace(/[\W_]/g, "");
  return Object.fromEntries(header.map((name, at) => [String(at), fields.find((field) => plain(field.name) === plain(name))?.name ?? ""]));
}

/** Rows as bodies of records, with what is wrong in each as far as it can be seen without the server. */
export function convert(rows: string[][], mapping: Record<string, string>, collection: Collection): Converted[] {
  const fields = new Map(collection.fields.map((field) => [field.name, field]));
  const mapped = Object.entries(mapping).flatMap(([at, name]) => {
    const field = fields.get(name);
    return field ? [{ at: Number(at), field }] : [];
  });
  const missing = fillable(collection).filter((field) => field.required && !(field.type === "text" && field.autogeneratePattern) && !mapped.some((each) => each.field === field));
  return rows.map((row, index) => {
    const body: Record<string, unknown> = {};
    const faults = missing.map((field) => t("{name} is required", { name: field.name }));
    for (const { at, field } of mapped) {
      const text = (row[at] ?? "").trim();
      const result = valueOf(field, text);
      if ("fault" in result) faults.push(`${field.name}: ${result.fault}`);
      else body[field.name] = result.value;
      if (field.required && text === "" && !(field.type === "text" && field.autogeneratePattern)) faults.push(t("{name} is required", { name: field.name }));
    }
    if (typeof body["password"] === "string" && collection.type === "auth") body["passwordConfirm"] = body["password"];
    return { line: index + 2, body, faults };
  });
}

type Result = { value: unknown } | { fault: string };

function valueOf(field: Field, text: string): Result {
  if (text === "") return { value: field.type === "json" || field.type === "number" ? null : isMultiple(field) ? [] : field.type === "bool" ? false : "" };
  switch (field.type) {
    case "number": {
      const number = Number(text);
      if (Number.isNaN(number)) return { fault: t("“{text}” is no number", { text }) };
      return field.onlyInt && !Number.isInteger(number) ? { fault: t("“{text}” is no whole number", { text }) } : { value: number };
    }
    case "bool": {
      const word = text.toLowerCase();
      if (["1", "true", "yes", "y", "ja", "x"].includes(word)) return { value: true };
      return ["0", "false", "no", "n", "nein"].includes(word) ? { value: false } : { fault: t("“{text}” is neither yes nor no", { text }) };
    }
    case "date": {
      const date = new Date(/\d{4}-\d{2}-\d{2} \d/.test(text) ? text.replace(" ", "T") : text);
      return Number.isNaN(date.getTime()) ? { fault: t("“{text}” is no date", { text }) } : { value: text };
    }
    case "select": {
      const chosen = isMultiple(field) ? listOf(text) : [text];
      const wrong = chosen.find((each) => !(field.values ?? []).includes(each));
      return wrong === undefined ? { value: isMultiple(field) ? chosen : text } : { fault: t("“{text}” is no choice", { text: wrong }) };
    }
    case "relation":
      return { value: isMultiple(field) ? listOf(text) : text };
    case "json":
    case "geoPoint":
      try {
        return { value: JSON.parse(text) as unknown };
      } catch {
        return field.type === "json" ? { value: text } : { fault: t("“{text}” is no place", { text }) };
      }
    case "email":
      return /^\S+@\S+\.\S+$/.test(text) ? { value: text } : { fault: t("“{text}” is no address", { text }) };
    default:
      return { value: text };
  }
}

/** A list in one cell: as JSON, or with commas, semicolons or bars. */
function listOf(text: string): string[] {
  if (text.startsWith("[")) {
    try {
      const value: unknown = JSON.parse(text);
      if (Array.isArray(value)) return value.map(String);
    } catch {
      // Not JSON after all; the separators below decide.
    }
  }
  return text.split(/[,;|]/).map((each) => each.trim()).filter(Boolean);
}
