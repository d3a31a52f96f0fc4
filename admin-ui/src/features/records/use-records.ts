import { type InfiniteData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { countRecords, expandOf, listRecords, PAGE_SIZE, searchFilter, type Row } from "@/api/records";
import type { Collection } from "@/api/schema";
import { usePendingDeletes } from "./pending-deletes";

type Pages = InfiniteData<Row[], number>;

/** What the newest come first by; views have no such order of their own. */
export function defaultSort(collection: Collection): string {
  return collection.type === "view" ? "" : "-@rowid";
}

/** The records of a list, page by page, and how many there are. */
export function useRecords(collection: Collection, typed: string, sort: string) {
  const filter = searchFilter(collection, typed);
  const expand = expandOf(collection);
  const client = useQueryClient();
  const { id, updated } = collection;
  const listKey = useMemo(() => ["records", id, updated, filter, sort], [id, updated, filter, sort]);
  const list = useInfiniteQuery<Row[], Error, Pages, typeof listKey, number>({
    queryKey: listKey,
    queryFn: ({ pageParam }) => listRecords(collection.name, pageParam, { filter, sort, expand }),
    initialPageParam: 1,
    getNextPageParam: (last, all) => (last.length >= PAGE_SIZE ? all.length + 1 : undefined),
  });
  const count = useQuery({ queryKey: ["count", id, filter], queryFn: () => countRecords(collection.name, filter) });
  const leaving = usePendingDeletes(id);
  // A record that was added while pages were loaded shifts the next page by one and would come twice.
  const rows = useMemo(() => {
    const seen = new Set(leaving);
    return (list.data?.pages.flat() ?? []).filter((row) => !seen.has(row.id) && seen.add(row.id));
  }, [list.data, leaving]);

  const patch = useCallback(
    (change: (pages: Row[][]) => Row[][]) => client.setQueryData<Pages>(listKey, (data) => data && { ...data, pages: change(data.pages) }),
    [client, listKey],
  );
  const refresh = useCallback(async () => {
    await Promise.all([client.invalidateQueries({ queryKey: ["records", id] }), client.invalidateQueries({ queryKey: ["count", id] })]);
  }, [client, id]);
  return { filter, expand, list, rows, total: count.data === undefined ? undefined : Math.max(0, count.data - leaving.size), patch, refresh };
}
