import { Drawer } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Fragment, type ReactNode } from "react";
import { loadRecord, type Versioned } from "@/api/records";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import { FailureNotice, ListLoading } from "@/ui/states";
import { useFocusBack } from "@/ui/use-focus-back";

export const WIDTH = 680;

interface Props {
  collection: Collection;
  id: string;
  /** The record to start with; empty for none. */
  load: string;
  close: () => void;
  size?: number;
  zIndex?: number;
  children: (source: Versioned | null, reload: () => void) => ReactNode;
}

/** The drawer around the form of a record, which it loads anew each time it opens. */
export function RecordFrame({ collection, id, load, close, size = WIDTH, zIndex = 200, children }: Props) {
  useFocusBack();
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
