import { Button, Group, Text } from "@mantine/core";
import { useHotkeys, useMediaQuery } from "@mantine/hooks";
import { lazy, Suspense, useCallback, useLayoutEffect, useMemo, useRef } from "react";
import { useCollections } from "@/api/collections";
import { useFileToken } from "@/api/files";
import type { Collection } from "@/api/schema";
import { plural, t } from "@/i18n";
import { formatCount } from "@/lib/numbers";
import { patchQuery, useRoute } from "@/lib/route";
import { IconDatabase } from "@/ui/icons";
import { FailureNotice, ListLoading, Notice } from "@/ui/states";
import { attempt, say } from "@/ui/toast";
import { BulkBar } from "./bulk-bar";
import { type ExportFormat, exportRows, loadAll } from "./export";
import { undoLast } from "./pending-deletes";
import { RecordTable } from "./table";
import classes from "./table.module.css";
import { Toolbar } from "./toolbar";
import { useColumns } from "./use-columns";
import { useDeleteWithUndo } from "./use-delete";
import { useLive } from "./use-live";
import { useRecords } from "./use-records";
import { useSelection } from "@/ui/use-selection";

const RecordDrawer = lazy(() => import("./drawer").then(({ RecordDrawer }) => ({ default: RecordDrawer })));
const ViewDrawer = lazy(() => import("./view-drawer").then(({ ViewDrawer }) => ({ default: ViewDrawer })));

/** The records of a collection: found, sorted, chosen, opened. */
export function RecordsTab({ collection }: { collection: Collection }) {
  const { query } = useRoute();
  const { find } = useCollections();
  const typed = query.get("filter") ?? "";
  const sort = query.get("sort") ?? "";
  const recordId = query.get("record") ?? "";
  const editable = collection.type !== "view";
  const cards = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });

  const columns = useColumns(collection);
  const { list, rows, total, filter, expand, patch, recount, refresh } = useRecords(collection, typed, sort);
  const order = useMemo(() => rows.map((row) => row.id), [rows]);
  const selection = useSelection(order, collection.id);
  const token = useFileToken(collection.fields.some((field) => field.type === "file" && field.protected));
  const { news, forgetNews, live } = useLive({ collection, expand, patch, newestFirst: filter === "" && sort === "", recount });
  const remove = useDeleteWithUndo(collection, refresh);
  const open = useCallback((record: string) => patchQuery({ record }), []);
  useHotkeys([["n", () => editable && open("new")], ["r", () => void refresh()], ["mod+Z", undoLast]]);

  const { hasNextPage, isFetching, fetchNextPage } = list;
  const loadMore = useCallback(() => void (hasNextPage && !isFetching && fetchNextPage()), [hasNextPage, isFetching, fetchNextPage]);
  // The bar above is told of the same functions each time, or it would be drawn again with every page.
  const latest = useRef({ collection, filter, sort, forgetNews, refresh });
  useLayoutEffect(() => {
    latest.current = { collection, filter, sort, forgetNews, refresh };
  });
  const reload = useCallback(() => {
    latest.current.forgetNews();
    void latest.current.refresh();
  }, []);
  const exportAll = useCallback((format: ExportFormat) => {
    const { collection, filter, sort } = latest.current;
    void attempt(async () => {
      const all = await loadAll(collection, filter, sort, (count) => say(t("{count} records loaded …", { count }), "export"));
      exportRows(collection, all, format);
    });
  }, []);

  return (
    <>
      <Toolbar collection={collection} typed={typed} columns={columns} news={news} loading={isFetching && !list.isPending} cards={cards ?? false} reload={reload} exportAll={exportAll} open={open} />
      {list.isPending ? (
        <ListLoading rows={10} />
      ) : list.error ? (
        <FailureNotice failure={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Empty filtered={typed !== ""} editable={editable} create={() => open("new")} />
      ) : (
        <RecordTable
          key={collection.id}
          collection={collection}
          rows={rows}
          columns={columns}
          sort={sort}
          setSort={(next) => patchQuery({ sort: next })}
          selection={selection}
          open={(row) => open(row.id)}
          find={find}
          token={token}
          hasMore={hasNextPage}
          loadMore={loadMore}
          total={total}
          cards={cards ?? false}
        />
      )}
      <Group px="md" py={5} justify="space-between" style={{ borderTop: "1px solid var(--hs-line)" }}>
        <Text size="xs" c="dimmed" role="status" data-live={live || undefined}>
          {live && <span className={classes["live"]} role="img" aria-label={t("Changes show by themselves")} title={t("Changes show by themselves")} />}
          {total === undefined ? t("Counting …") : plural(total, "1 record", "{total} records", { total: formatCount(total) })}
        </Text>
        <Text size="xs" c="dimmed" visibleFrom="sm">
          {t("/ filter · N new · R refresh · Space choose · Enter open")}
        </Text>
      </Group>
      {selection.ids.length > 0 && (
        <BulkBar
          collection={collection}
          rows={rows.filter((row) => selection.has(row.id))}
          clear={selection.clear}
          remove={() => {
            remove(selection.ids);
            selection.clear();
          }}
        />
      )}
      <Suspense>
        {recordId && editable && <RecordDrawer key={`${collection.id} ${recordId}`} collection={collection} id={recordId} close={() => patchQuery({ record: "", copy: "" })} onSaved={refresh} remove={remove} />}
        {recordId && !editable && <ViewDrawer collection={collection} id={recordId} close={() => patchQuery({ record: "" })} />}
      </Suspense>
    </>
  );
}

function Empty({ filtered, editable, create }: { filtered: boolean; editable: boolean; create: () => void }) {
  if (filtered) {
    return (
      <Notice title={t("Nothing found")} action={<Button mt="sm" variant="light" onClick={() => patchQuery({ filter: "" })}>{t("Clear the filter")}</Button>}>
        {t("No record fits this filter.")}
      </Notice>
    );
  }
  return (
    <Notice icon={IconDatabase} title={t("No records yet")} action={editable && <Button mt="sm" onClick={create}>{t("New record")}</Button>}>
      {t("They appear here as soon as something creates them.")}
    </Notice>
  );
}
