import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Row } from "@/api/records";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import { RecordCard, RecordRow } from "./row";
import { TableHead } from "./table-head";
import classes from "./table.module.css";
import type { Columns } from "./use-columns";
import type { Selection } from "@/ui/use-selection";

interface Props {
  collection: Collection;
  rows: Row[];
  columns: Columns;
  sort: string;
  setSort: (sort: string) => void;
  selection: Selection;
  open: (row: Row) => void;
  find: (id: string) => Collection | undefined;
  token: string;
  hasMore: boolean;
  loadMore: () => void;
  total: number | undefined;
  cards: boolean;
}

const ROW_HEIGHT = 40;
const CARD_HEIGHT = 76;
const CHECK_WIDTH = 44;
const REST_WIDTH = 48;
const MORE_BEFORE_END = 30;
const OVERSCAN = 8;
const OVERSCAN_AFTER_MS = 100;

/** The records in rows, of which only what is in sight is in the page. On a narrow screen every record is a card. */
export function RecordTable(props: Props) {
  const { rows, columns, selection, open, hasMore, loadMore, total, cards, collection } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState(0);
  const overscan = useOverscan();
  const height = cards ? CARD_HEIGHT : ROW_HEIGHT;
  const common = {
    getScrollElement: () => scroller.current,
    // Taken for the size until the element is there to be measured, so that the first drawing has rows already;
    // the size of the last one is right nearly always, and then nothing is drawn twice.
    initialRect: lastSize(),
  };
  const virtual = useVirtualizer({ ...common, count: rows.length, estimateSize: () => height, overscan });
  const across = useVirtualizer({ ...common, horizontal: true, count: columns.shown.length, estimateSize: (at) => columns.shown[at]?.width ?? 0, overscan: 1, paddingStart: CHECK_WIDTH, enabled: !cards });
  useMeasuredAnew(virtual, height);
  useMeasuredAnew(across, columns.shown);
  const items = virtual.getVirtualItems();
  const [left, right] = [across.getVirtualItems().at(0), across.getVirtualItems().at(-1)];
  const [from, to] = [left?.index ?? 0, right?.index ?? -1];
  const shown = useMemo(() => columns.shown.slice(from, to + 1), [columns.shown, from, to]);
  const before = (left?.start ?? CHECK_WIDTH) - CHECK_WIDTH;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - MORE_BEFORE_END) loadMore();
  }, [hasMore, last, rows.length, loadMore]);

  // What rows are given stays the same from one drawing to the next, or all of them would be drawn again.
  const latest = useRef({ rows, virtual, open, toggle: selection.toggle });
  useLayoutEffect(() => {
    latest.current = { rows, virtual, open, toggle: selection.toggle };
  });
  const onOpen = useCallback((row: Row) => latest.current.open(row), []);
  const toggle = useCallback((id: string, range: boolean) => latest.current.toggle(id, range), []);
  const onKey = useCallback((event: KeyboardEvent<HTMLElement>, index: number, row: Row) => {
    if (event.target !== event.currentTarget) return;
    const { rows, virtual, open, toggle } = latest.current;
    const moves: Record<string, number> = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + 12, PageUp: index - 12, Home: 0, End: rows.length - 1 };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      const next = Math.max(0, Math.min(rows.length - 1, to));
      setFocused(next);
      virtual.scrollToIndex(next);
      requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
    } else if (event.key === "Enter") open(row);
    else if (event.key === " ") {
      event.preventDefault();
      toggle(row.id, event.shiftKey);
    }
  }, []);

  useEffect(() => {
    if (virtual.scrollRect) measured = { window: windowSize(), ...virtual.scrollRect };
  });

  const width = across.getTotalSize() + REST_WIDTH;
  const drawn = items.map(({ index, start }) => {
    const row = rows[index];
    if (!row) return null;
    const given = { row, index, start, chosen: selection.has(row.id), current: index === Math.min(focused, rows.length - 1), find: props.find, token: props.token, open: onOpen, toggle, onKey, onFocus: setFocused };
    return cards ? <RecordCard key={row.id} {...given} collection={collection} columns={columns.shown} before={0} /> : <RecordRow key={row.id} {...given} columns={shown} before={before} />;
  });
  return (
    <div ref={scroller} className={classes["scroller"]}>
      <div
        role={cards ? "list" : "grid"}
        aria-label={t("Records of {name}", { name: collection.name })}
        {...(!cards && { "aria-rowcount": (total ?? rows.length) + 1, "aria-colcount": columns.shown.length + 1, "aria-multiselectable": true })}
        style={cards ? {} : { minWidth: width }}
      >
        {!cards && (
          <TableHead
            columns={columns}
            find={props.find}
            sort={props.sort}
            setSort={props.setSort}
            allChosen={rows.length > 0 && rows.every((row) => selection.has(row.id))}
            someChosen={selection.ids.length > 0}
            chooseAll={() => selection.toggleAll(rows.map((row) => row.id))}
          />
        )}
        <div role={cards ? "presentation" : "rowgroup"} className={classes["body"]} style={{ height: virtual.getTotalSize() }}>
          {drawn}
        </div>
      </div>
    </div>
  );
}

const windowSize = () => `${window.innerWidth} ${window.innerHeight}`;
let measured = { window: "", width: 0, height: 0 };

/** The size of the last table while the window was of this size, or a guess. */
function lastSize(): { width: number; height: number } {
  return measured.window === windowSize() ? measured : { width: window.innerWidth, height: window.innerHeight - 200 };
}

/** How many rows are drawn beyond those in sight: none before the first ones are on the screen. */
function useOverscan(): number {
  const [rows, setRows] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => setRows(OVERSCAN), OVERSCAN_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return rows;
}

/** Sizes are estimated once; when what they come from changes, they are estimated again. */
function useMeasuredAnew(virtual: { measure: () => void }, sizes: unknown): void {
  const known = useRef(sizes);
  useLayoutEffect(() => {
    if (known.current === sizes) return;
    known.current = sizes;
    virtual.measure();
  }, [virtual, sizes]);
}
