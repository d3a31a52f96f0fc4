import { type ReactNode, useCallback, useState } from "react";
import type { Row } from "@/api/records";
import type { Collection } from "@/api/schema";
import { type OpenRecord, RecordOpener } from "@/fields/record-opener";
import { NestedDrawer } from "./drawer";

interface Opened {
  collection: Collection;
  id: string;
  done: (row: Row) => void;
}

const DEEP = 5;

/** Lets the inputs of relations open the records that they name, one over the other. */
export function NestedRecords({ children }: { children: ReactNode }) {
  const [opened, setOpened] = useState<Opened[]>([]);
  const open: OpenRecord = useCallback((collection, id, done) => setOpened((before) => (before.length < DEEP ? [...before, { collection, id, done }] : before)), []);
  return (
    <RecordOpener value={open}>
      {children}
      {opened.map(({ collection, id, done }, depth) => (
        <NestedDrawer key={`${collection.id} ${id} ${depth}`} collection={collection} id={id} depth={depth} done={done} close={() => setOpened((before) => before.slice(0, depth))} />
      ))}
    </RecordOpener>
  );
}
