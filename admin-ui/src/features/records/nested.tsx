import { type ReactNode, useCallback, useRef, useState } from "react";
import type { Row } from "@/api/records";
import type { Collection } from "@/api/schema";
import { type OpenRecord, RecordOpener } from "@/fields/record-opener";
import { askToLeave } from "@/ui/use-guard";
import { RecordEditor } from "./editor";
import { RecordFrame, WIDTH } from "./frame";

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

interface NestedProps {
  collection: Collection;
  id: string;
  /** How many others it lies over, besides the first. */
  depth: number;
  done: (row: Row) => void;
  close: () => void;
}

const STEP = 36;
// As the pickers: of those the last opened one lies on top.
const OVER = 300;

/** A related record over the one that names it. */
function NestedDrawer({ collection, id, depth, done, close }: NestedProps) {
  const dirty = useRef(false);
  const leave = async () => {
    if (!dirty.current || (await askToLeave())) close();
  };
  return (
    <RecordFrame collection={collection} id={id} load={id === "new" ? "" : id} close={() => void leave()} size={WIDTH - STEP * (depth + 1)} zIndex={OVER}>
      {(source, reload) => (
        <RecordEditor collection={collection} source={source} isCopy={false} stays={never} close={close} onCreated={close} onSaved={done} onDirty={(now) => (dirty.current = now)} reload={reload} />
      )}
    </RecordFrame>
  );
}

const never = () => false;
