import { Checkbox } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type MouseEvent, useEffect, useRef, useState } from "react";
import type { Row } from "@/api/records";
import type { Collection } from "@/api/schema";
import { Cell } from "@/fields/cell";
import { recordTitle } from "@/fields/relation/summary";
import { t } from "@/i18n";
import { IconChevronRight } from "@/ui/icons";
import { TableHead } from "./table-head";
import classes from "./table.module.css";
import type { Columns } from "./use-columns";
import type { Selection } from "./use-selection";

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
const MORE_BEFORE_END = 20;

/** The records in rows, of which only those in sight are in the page. On a phone every record is a card. */
export function RecordTable(props: Props) {
  const { rows, columns, selection, open, hasMore, loadMore, total, cards, collection } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState(0);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (cards ? CARD_HEIGHT : ROW_HEIGHT),
    overscan: 8,
  });
  useEffect(() => virtual.measure(), [virtual, cards]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - MORE_BEFORE_END) loadMore();
  }, [hasMore, last, rows.length, loadMore]);

  const focusRow = (index: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    setFocused(next);
    virtual.scrollToIndex(next);
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>, index: number, row: Row) => {
    if (event.target !== event.currentTarget) return;
    const moves: Record<string, number> = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + 12, PageUp: index - 12, Home: 0, End: rows.length - 1 };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      focusRow(to);
    } else if (event.key === "Enter") open(row);
    else if (event.key === " ") {
      event.preventDefault();
      selection.toggle(row.id, event.shiftKey);
    }
  };

  const width = columns.shown.reduce((sum, column) => sum + column.width, 92);
  const rowOf = (index: number, start: number) => {
    const row = rows[index];
    if (!row) return null;
    const chosen = selection.has(row.id);
    const shared = {
      "data-index": index,
      tabIndex: index === focused ? 0 : -1,
      "data-chosen": chosen || undefined,
      style: { transform: `translateY(${start}px)` },
      onClick: (event: MouseEvent) => {
        if (!(event.target as HTMLElement).closest("[data-stop]")) open(row);
      },
      onKeyDown: (event: KeyboardEvent<HTMLElement>) => onKeyDown(event, index, row),
      onFocus: () => setFocused(index),
    };
    const check = (
      <div role={cards ? undefined : "gridcell"} className={classes["check"]} data-stop>
        <Checkbox
          size="xs"
          aria-label={t("Choose {name}", { name: row.id })}
          checked={chosen}
          onChange={(event) => selection.toggle(row.id, (event.nativeEvent as globalThis.MouseEvent).shiftKey)}
        />
      </div>
    );
    if (cards) return <Card key={row.id} {...props} row={row} shared={shared} check={check} />;
    return (
      <div key={row.id} role="row" aria-rowindex={index + 2} aria-selected={chosen} className={classes["row"]} {...shared}>
        {check}
        {columns.shown.map(({ field, width: columnWidth }) => (
          <div key={field.id} role="gridcell" className={classes["cell"]} style={{ width: columnWidth }}>
            <Cell field={field} value={row[field.name]} row={row} find={props.find} token={props.token} />
          </div>
        ))}
        <div role="gridcell" className={classes["rest"]}>
          <IconChevronRight size={15} aria-hidden />
        </div>
      </div>
    );
  };

  return (
    <div ref={scroller} className={classes["scroller"]}>
      <div
        role={cards ? "list" : "grid"}
        aria-label={t("Records of {name}", { name: collection.name })}
        {...(!cards && { "aria-rowcount": (total ?? rows.length) + 1, "aria-multiselectable": true })}
        style={cards ? {} : { minWidth: width }}
      >
        {!cards && (
          <TableHead
            columns={columns}
            sort={props.sort}
            setSort={props.setSort}
            allChosen={rows.length > 0 && rows.every((row) => selection.has(row.id))}
            someChosen={selection.ids.length > 0}
            chooseAll={() => selection.toggleAll(rows.map((row) => row.id))}
          />
        )}
        <div role={cards ? "presentation" : "rowgroup"} className={classes["body"]} style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => rowOf(item.index, item.start))}
        </div>
      </div>
    </div>
  );
}

interface CardProps extends Props {
  row: Row;
  shared: Record<string, unknown>;
  check: React.ReactNode;
}

function Card({ row, collection, columns, shared, check, find, token }: CardProps) {
  const title = recordTitle(row, collection);
  const others = columns.shown.filter(({ field }) => field.name !== "id" && row[field.name] !== title).slice(0, 2);
  return (
    <div role="listitem" className={classes["card"]} {...shared}>
      {check}
      <div className={classes["cardText"]}>
        <span className={`${classes["cardTitle"] ?? ""} hs-clip`}>{title}</span>
        <span className={classes["cardLine"]}>
          {others.map(({ field }) => (
            <span key={field.id} className={classes["cardPart"]}>
              <span className={classes["cardName"]}>{field.name}</span>
              <Cell field={field} value={row[field.name]} row={row} find={find} token={token} />
            </span>
          ))}
        </span>
      </div>
      <IconChevronRight size={16} color="var(--hs-muted)" aria-hidden />
    </div>
  );
}
