import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { pb } from "./client";
import type { Collection, CollectionType, Field } from "./schema";

const KEY = ["collections"];
const NONE: Collection[] = [];

async function loadCollections(): Promise<Collection[]> {
  return (await pb.collections.getFullList({ batch: 500, sort: "name" })) as unknown as Collection[];
}

export interface Collections {
  all: Collection[];
  find: (nameOrId: string) => Collection | undefined;
  isPending: boolean;
  error: unknown;
  refetch: () => void;
}

/** All collections, as last loaded. */
export function useCollections(): Collections {
  const { data = NONE, isPending, error, refetch } = useQuery({ queryKey: KEY, queryFn: loadCollections, staleTime: 30_000 });
  return useMemo(() => {
    const byKey = new Map(data.flatMap((each) => [[each.name.toLowerCase(), each], [each.id, each]] as const));
    return {
      all: data,
      find: (nameOrId) => byKey.get(nameOrId) ?? byKey.get(nameOrId.toLowerCase()),
      isPending,
      error,
      refetch: () => void refetch(),
    };
  }, [data, isPending, error, refetch]);
}

const channel = new BroadcastChannel("haversack-collections");

/** Tells this page, and others in this browser, that collections have changed. */
export function useCollectionsChanged(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    channel.postMessage("changed");
    await client.invalidateQueries({ queryKey: KEY });
  };
}

/** Runs `heard` when another tab has changed collections. */
export function onOtherTabs(heard: () => void): () => void {
  channel.addEventListener("message", heard);
  return () => channel.removeEventListener("message", heard);
}

export type Scaffolds = Record<CollectionType, Collection>;

export async function loadScaffolds(): Promise<Scaffolds> {
  return (await pb.collections.getScaffolds()) as unknown as Scaffolds;
}

/** What is sent of a collection: a new one has no id and takes the server's defaults for what is left out. */
export type CollectionDraft = Omit<Collection, "id" | "created" | "updated"> & { id?: string };

export async function saveCollection(id: string, draft: Partial<CollectionDraft>): Promise<Collection> {
  const saved = id ? pb.collections.update(id, draft) : pb.collections.create(draft);
  return (await saved) as unknown as Collection;
}

export async function deleteCollection(id: string): Promise<void> {
  await pb.collections.delete(id);
}

export async function truncateCollection(id: string): Promise<void> {
  await pb.collections.truncate(id);
}

export async function importCollections(collections: unknown[], deleteMissing: boolean): Promise<void> {
  await pb.collections.import(collections as never, deleteMissing);
}

export interface ViewTrial {
  fields: Field[];
  sample: Record<string, unknown>[];
}

/** What a view with this query would give, without saving it. */
export async function tryView(query: string, signal?: AbortSignal): Promise<ViewTrial> {
  return pb.send<ViewTrial>("/api/collections/meta/dry-run-view", { method: "POST", body: { query }, ...(signal && { signal }) });
}

export interface ProviderInfo {
  name: string;
  displayName: string;
  logo: string;
}

export async function loadProviders(): Promise<ProviderInfo[]> {
  return pb.send<ProviderInfo[]>("/api/collections/meta/oauth2-providers", { method: "GET" });
}
