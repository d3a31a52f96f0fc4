import { useCallback } from "react";
import type { Collection } from "@/api/schema";
import { patchQuery, type Route, useRoute } from "@/lib/route";
import { RecordEditor } from "./editor";
import { RecordFrame } from "./frame";
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
      <RecordFrame collection={collection} id={id} load={id === "new" ? copyOf : id} close={close}>
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
      </RecordFrame>
    </NestedRecords>
  );
}
