import { createContext, useContext } from "react";
import type { Row } from "@/api/records";
import type { Collection } from "@/api/schema";

/** Opens a record over what is open already, or a form for a new one; `done` gets what was saved. */
export type OpenRecord = (collection: Collection, id: string, done: (row: Row) => void) => void;

/** Set by the page that can show records. */
export const RecordOpener = createContext<OpenRecord | null>(null);

export function useRecordOpener(): OpenRecord | null {
  return useContext(RecordOpener);
}
