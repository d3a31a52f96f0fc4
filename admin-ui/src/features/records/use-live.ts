import { useEffect, useState } from "react";
import { pb } from "@/api/client";
import type { Row } from "@/api/records";
import type { Collection } from "@/api/schema";

interface Live {
  collection: Collection;
  expand: string;
  patch: (change: (pages: Row[][]) => Row[][]) => void;
  /** Whether a new record belongs on top: no filter, and the newest first. */
  newestFirst: boolean;
  onCount: () => void;
}

const without = (pages: Row[][], id: string) => pages.map((page) => page.filter((row) => row.id !== id));

/**
 * Follows what others change. Shown records change in place; what cannot be placed without asking the
 * server only counts as news. Returns how much news there is, and a way to forget it.
 */
export function useLive({ collection, expand, patch, newestFirst, onCount }: Live): [number, () => void] {
  const [news, setNews] = useState(0);
  const { name, type } = collection;
  useEffect(() => {
    setNews(0);
    if (type === "view") return;
    let stop: (() => void) | undefined;
    let left = false;
    const hear = ({ action, record }: { action: string; record: Row }) => {
      switch (action) {
        case "create":
          if (newestFirst) patch((pages) => [[record, ...(pages[0] ?? []).filter((row) => row.id !== record.id)], ...pages.slice(1)]);
          else setNews((count) => count + 1);
          return onCount();
        case "update":
          return patch((pages) => pages.map((page) => page.map((row) => (row.id === record.id ? record : row))));
        case "delete":
          patch((pages) => without(pages, record.id));
          return onCount();
      }
    };
    pb.collection(name)
      .subscribe<Row>("*", hear, expand ? { expand } : {})
      .then((unsubscribe) => {
        stop = () => void unsubscribe().catch(() => undefined);
        if (left) stop();
      })
      // Without live updates the page still has its refresh button.
      .catch(() => undefined);
    return () => {
      left = true;
      stop?.();
    };
  }, [name, type, expand, newestFirst, patch, onCount]);
  return [news, () => setNews(0)];
}
