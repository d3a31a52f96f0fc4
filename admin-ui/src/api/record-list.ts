import { infiniteQueryOptions, type QueryClient } from "@tanstack/react-query";
import { expandOf, listRecords, PAGE_SIZE, searchFilter } from "./records";
import type { Collection } from "./schema";

/** What the newest come first by; views have no such order of their own. */
export function defaultSort(collection: Collection): string {
  return collection.type === "view" ? "" : "-@rowid";
}

/** The question for a list of records, page by page; the same for whoever shows it and whoever asks ahead. */
export function recordList(collection: Collection, typed = "", sort = "") {
  const { id, name, updated } = collection;
  const filter = searchFilter(collection, typed);
  const order = sort || defaultSort(collection);
  const expand = expandOf(collection);
  return infiniteQueryOptions({
    queryKey: ["records", id, updated, filter, order],
    queryFn: ({ pageParam, signal }) => listRecords(name, pageParam, { filter, sort: order, expand, signal }),
    initialPageParam: 1,
    getNextPageParam: (last, all) => (last.length >= PAGE_SIZE ? all.length + 1 : undefined),
  });
}

/** Asks for the first records of a collection before somebody opens it. A failure shows when they do. */
export function askAhead(client: QueryClient, collection: Collection): void {
  void client.prefetchInfiniteQuery(recordList(collection));
}
