import { useSyncExternalStore } from "react";
import { deleteRecord } from "@/api/records";

// Deleting waits for some seconds, in which it can be taken back. Until then the records are only hidden.

interface Batch {
  collectionId: string;
  collectionName: string;
  ids: string[];
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether it is too late. */
  going: boolean;
  /** Until this is through, the records stay hidden. */
  done: (failures: unknown[]) => Promise<void>;
  undone: () => void;
}

/** What can be done with a delete that waits. */
export interface Waiting {
  undo: () => void;
  /** Stops the clock for whoever is about to take it back, and starts it anew. */
  hold: () => void;
  release: () => void;
}

const PAUSE_MS = 8000;
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

function wait(batch: Batch): void {
  clearTimeout(batch.timer);
  batch.timer = setTimeout(() => void carryOut(batch), PAUSE_MS);
}

function undo(batch: Batch): void {
  if (batch.going || !batches.delete(batch)) return;
  clearTimeout(batch.timer);
  batch.undone();
  changed();
}

/** Hides the records and deletes them after a pause. `undone` and `done` tell how it ended. */
export function deleteLater(collectionId: string, collectionName: string, ids: string[], end: Pick<Batch, "done" | "undone">): Waiting {
  const batch: Batch = { collectionId, collectionName, ids, timer: undefined, going: false, ...end };
  wait(batch);
  batches.add(batch);
  changed();
  return { undo: () => undo(batch), hold: () => clearTimeout(batch.timer), release: () => batches.has(batch) && !batch.going && wait(batch) };
}

/** Takes back the last delete that still can be. */
export function undoLast(): void {
  const last = [...batches].findLast((batch) => !batch.going);
  if (last) undo(last);
}

async function carryOut(batch: Batch): Promise<void> {
  if (batch.going) return;
  batch.going = true;
  clearTimeout(batch.timer);
  const failures: unknown[] = [];
  for (let at = 0; at < batch.ids.length; at += AT_ONCE) {
    const results = await Promise.allSettled(batch.ids.slice(at, at + AT_ONCE).map((id) => deleteRecord(batch.collectionName, id)));
    for (const result of results) if (result.status === "rejected") failures.push(result.reason);
  }
  await batch.done(failures);
  batches.delete(batch);
  changed();
}

// Whoever closes the page wanted them gone.
window.addEventListener("pagehide", () => {
  for (const batch of batches) void carryOut(batch);
});
