import { Drawer } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { loadRecord } from "@/api/records";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import { useRoute } from "@/lib/route";
import { FailureNotice, ListLoading } from "@/ui/states";
import { RecordEditor } from "./editor";

interface Props {
  collection: Collection;
  /** The record, or `new`. */
  id: string;
  close: () => void;
  onSaved: () => Promise<void>;
  remove: (ids: string[]) => void;
}

/** One record to look at and to change, beside the list. */
export function RecordDrawer({ collection, id, close, onSaved, remove }: Props) {
  const { query } = useRoute();
  const copyOf = id === "new" ? (query.get("copy") ?? "") : "";
  const wanted = id === "new" ? copyOf : id;
  const { data, error, isLoading, refetch, dataUpdatedAt } = useQuery({
    queryKey: ["record", collection.id, wanted],
    queryFn: () => loadRecord(collection.name, wanted),
    enabled: wanted !== "",
    gcTime: 0,
    staleTime: Infinity,
    retry: false,
  });
  const title = id === "new" ? t("New record in {name}", { name: collection.name }) : t("Record in {name}", { name: collection.name });
  return (
    <Drawer opened onClose={close} size={680} title={title} padding={0} closeButtonProps={{ "aria-label": t("Close") }} styles={{ header: { padding: "0.75rem 1.25rem" }, content: { display: "flex", flexDirection: "column" }, body: { flex: 1, minHeight: 0, display: "flex", flexDirection: "column" } }}>
      {isLoading && <ListLoading />}
      {error && <FailureNotice failure={error} retry={() => void refetch()} />}
      {!isLoading && !error && (
        <RecordEditor
          key={dataUpdatedAt}
          collection={collection}
          source={data ?? null}
          isCopy={copyOf !== ""}
          close={close}
          onSaved={onSaved}
          reload={() => void refetch()}
          remove={remove}
        />
      )}
    </Drawer>
  );
}
