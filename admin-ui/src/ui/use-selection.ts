import { useRef, useState } from "react";

export interface Selection {
  ids: string[];
  has: (id: string) => boolean;
  /** Adds or removes one; with `range`, all between it and the one before it. */
  toggle: (id: string, range: boolean) => void;
  toggleAll: (ids: string[]) => void;
  clear: () => void;
}

const NONE: ReadonlySet<string> = new Set();

/** Which rows are chosen, by id. `order` is what is shown, for ranges; of another list nothing is chosen. */
export function useSelection(order: string[], listName = ""): Selection {
  const [held, setHeld] = useState({ listName, chosen: NONE });
  const chosen = held.listName === listName ? held.chosen : NONE;
  const setChosen = (next: ReadonlySet<string>) => setHeld({ listName, chosen: next });
  const last = useRef("");
  return {
    ids: order.filter((id) => chosen.has(id)),
    has: (id) => chosen.has(id),
    toggle: (id, range) => {
      const next = new Set(chosen);
      const add = !chosen.has(id);
      const [from, to] = [order.indexOf(last.current), order.indexOf(id)].toSorted((a, b) => a - b);
      const ids = range && from !== undefined && from >= 0 ? order.slice(from, (to ?? from) + 1) : [id];
      for (const each of ids) if (add) next.add(each);
        else next.delete(each);
      last.current = id;
      setChosen(next);
    },
    toggleAll: (ids) => setChosen(ids.every((id) => chosen.has(id)) ? new Set() : new Set(ids)),
    clear: () => setChosen(new Set()),
  };
}
