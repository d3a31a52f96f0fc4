import { useMemo } from "react";
import type { Collection, Field } from "@/api/schema";
import { useRemembered } from "@/lib/use-remembered";
import { moved } from "@/lib/text";

interface Kept {
  order: string[];
  hidden: string[] | null;
  widths: Record<string, number>;
}

export interface Column {
  field: Field;
  width: number;
  visible: boolean;
  /** Which of the shown columns it is, from 0. */
  place: number;
}

export interface Columns {
  /** All columns in the order of the reader, those that are not shown too. */
  all: Column[];
  shown: Column[];
  toggle: (id: string) => void;
  resize: (id: string, width: number) => void;
  move: (id: string, to: string) => void;
  reset: () => void;
}

const NONE: Kept = { order: [], hidden: null, widths: {} };
const WIDTH_MIN = 70;
const WIDTHS: Partial<Record<Field["type"], number>> = { bool: 100, date: 200, autodate: 200, number: 120, text: 220, editor: 280, json: 220, relation: 200, select: 180, file: 160, email: 220, url: 220 };

function widthOf(field: Field): number {
  if (field.type === "text" && field.primaryKey) return 165;
  return WIDTHS[field.type] ?? 175;
}

function arrange(collection: Collection, kept: Kept): { all: Column[]; shown: Column[]; hidden: string[] } {
  const fields = collection.fields.filter((field) => field.type !== "password" && !(field.system && field.name === "tokenKey"));
  const hidden = kept.hidden ?? fields.filter((field) => field.hidden).map((field) => field.id);
  const place = (field: Field) => {
    const at = kept.order.indexOf(field.id);
    return at < 0 ? kept.order.length + fields.indexOf(field) : at;
  };
  let shownSoFar = 0;
  const all = fields
    .toSorted((a, b) => place(a) - place(b))
    .map((field) => {
      const visible = !hidden.includes(field.id);
      return { field, width: kept.widths[field.id] ?? widthOf(field), visible, place: visible ? shownSoFar++ : -1 };
    });
  return { all, shown: all.filter((column) => column.visible), hidden };
}

/** Which columns a collection's table shows, in which order and how wide; this browser remembers. */
export function useColumns(collection: Collection): Columns {
  const [kept, keep] = useRemembered<Kept>(`columns.${collection.id}`, NONE);
  return useMemo(() => {
    const { all, shown, hidden } = arrange(collection, kept);
    return {
      all,
      shown,
      toggle: (id) => keep({ ...kept, hidden: hidden.includes(id) ? hidden.filter((each) => each !== id) : [...hidden, id] }),
      resize: (id, width) => keep({ ...kept, widths: { ...kept.widths, [id]: Math.max(WIDTH_MIN, Math.round(width)) } }),
      move: (id, to) => {
        const order = all.map((column) => column.field.id);
        if (order.includes(id) && order.includes(to)) keep({ ...kept, order: moved(order, order.indexOf(id), order.indexOf(to)) });
      },
      reset: () => keep(NONE),
    };
  }, [collection, kept, keep]);
}
