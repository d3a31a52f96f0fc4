import { useSyncExternalStore } from "react";
import { deleteRecord } from "@/api/records";

// Deleting waits for some seconds, in which it can be taken back. Until then the records are only hidden.

interface Batch {
  collectionId: string;
  collectionName: string;
  ids: string[];
  timer: ReturnType<typeof setTimeout>;
  done: (failures: unknown[]) => void;
}

const PAUSE_MS = 6000;
const AT_ONCE = 8;
const EMPTY: ReadonlySet<string> = new Set();
const batches = new Set<Batch>();
const listeners = new Set<() => void>();
let hidden = new Map<string, ReadonlySet<string>>();

function changed(): void {
  const next = new Map<string, Set<string>>();
  for (const { collectionId, ids } of batches) next.set(collectionId, new Set([...(next.get(collectionId) ?? []), ...ids]));
  hidden = next;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** The records of a collection that are about to go. */
export function usePendingDeletes(collectionId: string): ReadonlySet<string> {
  return useSyncExternalStore(subscribe, () => hidden.get(collectionId) ?? EMPTY);
}

/** Hides the records and deletes them after a pause; what is returned takes it back. */
export function deleteLater(collectionId: string, collectionName: string, ids: string[], done: (failures: unknown[]) => void): () => void {
  const batch: Batch = { collectionId, collectionName, ids, done, timer: setTimeout(() => void carryOut(batch), PAUSE_MS) };
  batches.add(batch);
  changed();
  return () => {
    clearTimeout(batch.timer);
    batches.delete(batch);
    changed();
  };
}

async function carryOut(batch: Batch): Promise<void> {
  clearTimeout(batch.timer);
  const failures: unknown[] = [];
  for (let at = 0; at < batch.ids.length; at += AT_ONCE) {
    const results = await Promise.allSettled(batch.ids.slice(at, at + AT_ONCE).map((id) => deleteRecord(batch.collectionName, id)));
    for (const result of results) if (result.status === "rejected") failures.push(result.reason);
  }
  batch.done(failures);
  batches.delete(batch);
  changed();
}

// Whoever closes the page wanted them gone.
window.addEventListener("pagehide", () => {
  for (const batch of batches) void carryOut(batch);
});
