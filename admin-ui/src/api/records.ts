import type { SendOptions } from "pocketbase";
import { pb } from "./client";
import type { Collection, Field } from "./schema";

export interface Row {
  id: string;
  collectionId: string;
  collectionName: string;
  expand?: Record<string, Row | Row[]>;
  [field: string]: unknown;
}

export const PAGE_SIZE = 100;

export interface ListQuery {
  filter: string;
  sort: string;
  expand?: string;
  perPage?: number;
  signal?: AbortSignal;
}

/** One page without the count, which is a question of its own. */
export async function listRecords(collection: string, page: number, query: ListQuery): Promise<Row[]> {
  const { items } = await pb.collection(collection).getList<Row>(page, query.perPage ?? PAGE_SIZE, {
    skipTotal: true,
    filter: query.filter,
    sort: query.sort,
    ...(query.expand && { expand: query.expand }),
    ...(query.signal && { signal: query.signal }),
  });
  return items;
}

export async function countRecords(collection: string, filter: string, signal: AbortSignal): Promise<number> {
  return (await pb.collection(collection).getList(1, 1, { filter, fields: "id", signal })).totalItems;
}

/** All first-level relations of a collection, for the `expand` of a list. */
export function expandOf(collection: Collection): string {
  return collection.fields.filter((field) => field.type === "relation").map((field) => field.name).join(",");
}

export interface Versioned {
  record: Row;
  /** The version that was read, for a write that must not overwrite a later one; empty when there is none. */
  etag: string;
}

/** Makes the SDK's call tell what the answer's ETag was. */
function watchingEtag(): { options: SendOptions; etag: () => string } {
  let etag = "";
  const options: SendOptions = {
    fetch: async (url, config) => {
      const response = await fetch(url, config);
      etag = response.headers.get("ETag") ?? "";
      return response;
    },
  };
  return { options, etag: () => etag };
}

export async function loadRecord(collection: string, id: string, expand = ""): Promise<Versioned> {
  const { options, etag } = watchingEtag();
  const record = await pb.collection(collection).getOne<Row>(id, { ...options, expand });
  return { record, etag: etag() };
}

export async function createRecord(collection: string, body: Record<string, unknown>): Promise<Versioned> {
  const { options, etag } = watchingEtag();
  const record = await pb.collection(collection).create<Row>(body, options);
  return { record, etag: etag() };
}

/** Fails with 412 when somebody has changed the record since `ifMatch` was read. */
export async function updateRecord(collection: string, id: string, body: Record<string, unknown>, ifMatch = ""): Promise<Versioned> {
  const { options, etag } = watchingEtag();
  const headers: Record<string, string> = ifMatch ? { "If-Match": ifMatch } : {};
  const record = await pb.collection(collection).update<Row>(id, body, { ...options, headers });
  return { record, etag: etag() };
}

/** Goes through even when the page is closed meanwhile. */
export async function deleteRecord(collection: string, id: string): Promise<void> {
  await pb.collection(collection).delete(id, { keepalive: true });
}

/** The records with these ids, in chunks that stay within the limits of a filter. */
export async function loadByIds(collection: string, ids: string[]): Promise<Row[]> {
  const found: Row[] = [];
  for (let at = 0; at < ids.length; at += 50) {
    const chunk = ids.slice(at, at + 50);
    const filter = chunk.map((id) => pb.filter("id={:id}", { id })).join("||");
    found.push(...(await listRecords(collection, 1, { filter, sort: "", perPage: chunk.length })));
  }
  return ids.flatMap((id) => found.find((row) => row.id === id) ?? []);
}

/** Fields whose values a plain word may be found in. */
function searchable(field: Field): boolean {
  return !field.hidden && !["password", "geoPoint"].includes(field.type);
}

/** What was typed into a search box as a filter: itself when it looks like one, else a word to find anywhere. */
export function searchFilter(collection: Collection, typed: string): string {
  const term = typed.trim();
  if (term === "" || /[=<>~!]|&&|\|\|/.test(term)) return term;
  return collection.fields.filter(searchable).map((field) => pb.filter(`${field.name}?~{:term}`, { term })).join("||");
}
