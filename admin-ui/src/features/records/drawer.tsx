import { Drawer } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Fragment, type ReactNode, useCallback, useRef } from "react";
import { loadRecord, type Row, type Versioned } from "@/api/records";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import { patchQuery, type Route, useRoute } from "@/lib/route";
import { FailureNotice, ListLoading } from "@/ui/states";
import { askToLeave } from "@/ui/use-guard";
import { RecordEditor } from "./editor";
import { NestedRecords } from "./nested";

interface Props {
  collection: Collection;
  /** The record, or `new`. */
  id: string;
  close: () => void;
  onSaved: () => Promise<void>;
  remove: (ids: string[]) => void;
}

/** One record to look at and to change, beside the list. Which one is in the address. */
export function RecordDrawer({ collection, id, close, onSaved, remove }: Props) {
  const { query } = useRoute();
  const copyOf = id === "new" ? (query.get("copy") ?? "") : "";
  const stays = useCallback((next: Route) => next.query.get("record") === id && next.query.get("collection") === collection.name, [id, collection.name]);
  return (
    <NestedRecords>
      <Frame collection={collection} id={id} load={id === "new" ? copyOf : id} close={close}>
        {(source, reload) => (
          <RecordEditor
            collection={collection}
            source={source}
            isCopy={copyOf !== ""}
            stays={stays}
            close={close}
            onCreated={(saved) => patchQuery({ record: saved.id, copy: "" }, "replace")}
            onSaved={() => void onSaved()}
            reload={reload}
            remove={remove}
          />
        )}
      </Frame>
    </NestedRecords>
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

const WIDTH = 680;
const STEP = 36;
// As the pickers: of those the last opened one lies on top.
const OVER = 300;

/** A related record over the one that names it. */
export function NestedDrawer({ collection, id, depth, done, close }: NestedProps) {
  const dirty = useRef(false);
  const leave = async () => {
    if (!dirty.current || (await askToLeave())) close();
  };
  return (
    <Frame collection={collection} id={id} load={id === "new" ? "" : id} close={() => void leave()} size={WIDTH - STEP * (depth + 1)} zIndex={OVER}>
      {(source, reload) => (
        <RecordEditor collection={collection} source={source} isCopy={false} stays={never} close={close} onCreated={close} onSaved={done} onDirty={(now) => (dirty.current = now)} reload={reload} />
      )}
    </Frame>
  );
}

const never = () => false;

interface FrameProps {
  collection: Collection;
  id: string;
  /** The record to start with; empty for none. */
  load: string;
  close: () => void;
  size?: number;
  zIndex?: number;
  children: (source: Versioned | null, reload: () => void) => ReactNode;
}

function Frame({ collection, id, load, close, size = WIDTH, zIndex = 200, children }: FrameProps) {
  const { data, error, isLoading, refetch, dataUpdatedAt } = useQuery({
    queryKey: ["record", collection.id, load],
    queryFn: () => loadRecord(collection.name, load),
    enabled: load !== "",
    gcTime: 0,
    staleTime: Infinity,
    retry: false,
  });
  const title = id === "new" ? t("New record in {name}", { name: collection.name }) : t("Record in {name}", { name: collection.name });
  return (
    <Drawer opened onClose={close} size={size} zIndex={zIndex} title={title} padding={0} closeButtonProps={{ "aria-label": t("Close") }} styles={{ header: { padding: "0.75rem 1.25rem" }, content: { display: "flex", flexDirection: "column" }, body: { flex: 1, minHeight: 0, display: "flex", flexDirection: "column" } }}>
      {isLoading && <ListLoading />}
      {error && <FailureNotice failure={error} retry={() => void refetch()} />}
      {!isLoading && !error && <Fragment key={dataUpdatedAt}>{children(data ?? null, () => void refetch())}</Fragment>}
    </Drawer>
  );
}
