import { type InfiniteData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { recordList } from "@/api/record-list";
import { countRecords, expandOf, searchFilter, type Row } from "@/api/records";
import type { Collection } from "@/api/schema";
import { usePendingDeletes } from "./pending-deletes";

type Pages = InfiniteData<Row[], number>;

/** The records of a list, page by page, and how many there are. */
export function useRecords(collection: Collection, typed: string, sort: string) {
  const client = useQueryClient();
  const { id, name } = collection;
  const options = useMemo(() => recordList(collection, typed, sort), [collection, typed, sort]);
  const list = useInfiniteQuery(options);
  const filter = useMemo(() => searchFilter(collection, typed), [collection, typed]);
  const expand = useMemo(() => expandOf(collection), [collection]);
  const loaded = useMemo(() => list.data?.pages.flat() ?? [], [list.data]);
  // The rows come first. A list that has come to its end is counted already.
  const isWhole = list.isSuccess && !list.hasNextPage;
  const count = useQuery({ queryKey: ["count", id, filter], queryFn: ({ signal }) => countRecords(name, filter, signal), enabled: list.isSuccess && !isWhole });
  const leaving = usePendingDeletes(id);
  // A record that was added while pages were loaded shifts the next page by one and would come twice.
  const rows = useMemo(() => {
    const seen = new Set(leaving);
    return loaded.filter((row) => !seen.has(row.id) && seen.add(row.id));
  }, [loaded, leaving]);

  const patch = useCallback(
    (change: (pages: Row[][]) => Row[][]) => client.setQueryData<Pages>(options.queryKey, (data) => data && { ...data, pages: change(data.pages) }),
    [client, options],
  );
  const recount = useCallback(() => void client.invalidateQueries({ queryKey: ["count", id] }), [client, id]);
  const refresh = useCallback(async () => {
    await Promise.all([client.invalidateQueries({ queryKey: ["records", id] }), client.invalidateQueries({ queryKey: ["count", id] })]);
  }, [client, id]);
  const total = isWhole ? rows.length : count.data === undefined ? undefined : Math.max(0, count.data - leaving.size);
  return { filter, expand, list, rows, total, patch, recount, refresh };
}
