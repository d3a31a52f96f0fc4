import type { Collection, Field } from "@/api/schema";

/** Where rules and filters are written: a filter of a list knows nothing of the request. */
export type Scope = "filter" | "rule";

interface Known {
  collection: Collection;
  all: Collection[];
  scope: Scope;
}

const SHOWN_MAX = 30;
const MACROS = ["@now", "@todayStart", "@todayEnd", "@monthStart", "@monthEnd", "@yearStart", "@yearEnd", "@yesterday", "@tomorrow", "@second", "@minute", "@hour", "@day", "@month", "@year", "@weekday"];
const REQUEST = ["@request.auth.", "@request.body.", "@request.query.", "@request.headers.", "@request.method", "@request.context"];

/** The word that is being written before the caret, and what it could become. */
export function completions(before: string, known: Known): { from: number; options: string[] } {
  const word = /[@\w.:]+$/.exec(before)?.[0] ?? "";
  const from = before.length - word.length;
  // Inside quotes every word is the author's own.
  const quotes = (before.match(/(?<!\\)["']/g) ?? []).length;
  if (word === "" || quotes % 2 === 1) return { from, options: [] };
  const lower = word.toLowerCase();
  const options = candidates(word, known).filter((option) => option.toLowerCase().startsWith(lower) && option !== word);
  return { from, options: options.slice(0, SHOWN_MAX) };
}

function candidates(word: string, known: Known): string[] {
  const colon = word.lastIndexOf(":");
  if (colon >= 0) return modifiers(word.slice(0, colon), known);
  if (!word.startsWith("@")) return paths(word, known.collection, known);
  if (word.startsWith("@request.auth.")) return withPrefix("@request.auth.", authPaths(word.slice(14), known));
  if (word.startsWith("@request.body.")) return withPrefix("@request.body.", paths(word.slice(14), known.collection, known));
  if (word.startsWith("@collection.")) return collectionPaths(word, known);
  return [...(known.scope === "rule" ? REQUEST : []), "@collection.", ...MACROS];
}

function modifiers(path: string, { scope }: Known): string[] {
  const names = ["length", "each", "lower", ...(scope === "rule" && path.startsWith("@request.") ? ["isset", "changed"] : [])];
  return names.map((name) => `${path}:${name}`);
}

const withPrefix = (prefix: string, list: string[]) => list.map((each) => prefix + each);

function authPaths(rest: string, known: Known): string[] {
  const accounts = known.all.filter((each) => each.type === "auth");
  return [...new Set(["id", "collectionName", "collectionId", ...accounts.flatMap((each) => paths(rest, each, known))])];
}

function collectionPaths(word: string, known: Known): string[] {
  const [, name = "", ...rest] = word.split(".");
  const target = known.all.find((each) => each.name === name.split(":")[0]);
  if (!target || rest.length === 0) return known.all.map((each) => `@collection.${each.name}.`);
  return withPrefix(`@collection.${name}.`, paths(rest.join("."), target, known));
}

/** All paths that continue `word` from this collection, through relations both ways. */
function paths(word: string, start: Collection, known: Known): string[] {
  const parts = word.split(".").slice(0, -1);
  let here: Collection | undefined = start;
  for (const part of parts) here = here && step(part, here, known);
  if (!here) return [];
  const prefix = parts.length > 0 ? `${parts.join(".")}.` : "";
  const own = here.fields.filter((field) => field.type !== "password").map((field) => prefix + field.name);
  return [...own, ...(word === "" ? [] : withPrefix(prefix, backRelations(here, known)))];
}

function step(part: string, from: Collection, { all }: Known): Collection | undefined {
  const [name = "", via] = part.split("_via_");
  if (via) return all.find((each) => each.name === name);
  const field = from.fields.find((each) => each.name === part);
  return field?.type === "relation" ? all.find((each) => each.id === field.collectionId) : undefined;
}

function backRelations(to: Collection, { all }: Known): string[] {
  const pointsHere = (field: Field) => field.type === "relation" && field.collectionId === to.id;
  return all.flatMap((each) => each.fields.filter(pointsHere).map((field) => `${each.name}_via_${field.name}`));
}
