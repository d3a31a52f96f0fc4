import { useEffect, useRef, useState } from "react";
import { pb } from "@/api/client";
import type { Row } from "@/api/records";
import type { Collection } from "@/api/schema";

interface Live {
  collection: Collection;
  expand: string;
  patch: (change: (pages: Row[][]) => Row[][]) => void;
  /** Whether a new record belongs on top: no filter, and the newest first. */
  newestFirst: boolean;
  recount: () => void;
}

// The SDK closes its connection with the last subscription, so a new one waits until the old one is gone.
let turn: Promise<void> = Promise.resolve();
function inTurn(work: () => Promise<void>): void {
  // Without live updates the page still has its refresh button.
  turn = turn.then(work).catch(() => undefined);
}

const without = (pages: Row[][], id: string) => pages.map((page) => page.filter((row) => row.id !== id));

/**
 * Follows what others change. Shown records change in place; what cannot be placed without asking the
 * server only counts as news. `live` tells that changes come in.
 */
export function useLive({ collection, expand, patch, newestFirst, recount }: Live): { news: number; forgetNews: () => void; live: boolean } {
  const [news, setNews] = useState(0);
  const [live, setLive] = useState(false);
  const { name, type } = collection;
  // One stream per collection: what changes with every filter is looked up when something is heard.
  const latest = useRef({ patch, newestFirst, recount });
  useEffect(() => {
    latest.current = { patch, newestFirst, recount };
    setNews(0);
  }, [patch, newestFirst, recount]);
  useEffect(() => {
    if (type === "view") return;
    let left = false;
    let unsubscribe: (() => Promise<void>) | undefined;
    const hear = ({ action, record }: { action: string; record: Row }) => {
      const { patch, newestFirst, recount } = latest.current;
      switch (action) {
        case "create":
          if (newestFirst) patch((pages) => [[record, ...(pages[0] ?? []).filter((row) => row.id !== record.id)], ...pages.slice(1)]);
          else setNews((count) => count + 1);
          return recount();
        case "update":
          return patch((pages) => pages.map((page) => page.map((row) => (row.id === record.id ? record : row))));
        case "delete":
          patch((pages) => without(pages, record.id));
          return recount();
      }
    };
    inTurn(async () => {
      if (left) return;
      unsubscribe = await pb.collection(name).subscribe<Row>("*", hear, expand ? { expand } : {});
      if (!left) setLive(true);
    });
    return () => {
      left = true;
      setLive(false);
      inTurn(async () => unsubscribe?.());
    };
  }, [name, type, expand]);
  return { news, forgetNews: () => setNews(0), live };
}
