import type { Row } from "@/api/records";
import type { Collection, Field } from "@/api/schema";
import { isMultiple } from "@/api/schema";
import { sameJson } from "@/lib/text";

export type Values = Record<string, unknown>;

function blank(field: Field): unknown {
  switch (field.type) {
    case "number":
      return null;
    case "bool":
      return false;
    case "json":
      return null;
    case "geoPoint":
      return { lon: 0, lat: 0 };
    default:
      return isMultiple(field) ? [] : "";
  }
}

/** The values that a form starts with: those of a record, or nothing in every field. */
export function startValues(collection: Collection, record: Row | null): Values {
  return Object.fromEntries(collection.fields.map((field) => [field.name, record?.[field.name] ?? blank(field)]));
}

/** A copy's values: what the server sets itself is left to it, and files have to be fetched. */
export function copiedValues(collection: Collection, record: Row): Values {
  const own = (field: Field) => field.type === "autodate" || field.type === "file" || field.type === "password" || field.name === "id";
  const kept = Object.fromEntries(collection.fields.filter((field) => !own(field)).map((field) => [field.name, record[field.name]]));
  return { ...startValues(collection, null), ...kept };
}

function hasFiles(value: unknown): boolean {
  return value instanceof File || (Array.isArray(value) && value.some((each) => each instanceof File));
}

/** The names of the fields whose values are no longer what they were. */
export function changedNames(before: Values, after: Values): string[] {
  return Object.keys(after).filter((name) => hasFiles(after[name]) || !sameJson(before[name], after[name]));
}

/** What is sent: only what has changed, so that nobody else's change to another field is undone. */
export function bodyOf(collection: Collection, before: Values, after: Values): Values {
  const body: Values = {};
  for (const name of changedNames(before, after)) {
    const field = collection.fields.find((each) => each.name === name);
    if (!field || field.type === "autodate") continue;
    body[name] = after[name];
    if (field.type === "password" && collection.type === "auth" && name === "password") body["passwordConfirm"] = after[name];
  }
  return body;
}

/** Without files, which no storage of the browser takes. */
export function withoutFiles(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => !hasFiles(value) && !/password/i.test(name)));
}
