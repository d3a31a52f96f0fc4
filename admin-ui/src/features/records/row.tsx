import { type KeyboardEvent, memo, type MouseEvent } from "react";
import type { Row } from "@/api/records";
import type { Collection } from "@/api/schema";
import { Cell } from "@/fields/cell";
import { recordTitle } from "@/fields/relation/summary";
import { t } from "@/i18n";
import { Choice } from "@/ui/choice";
import classes from "./table.module.css";
import type { Column } from "./use-columns";

interface Props {
  row: Row;
  index: number;
  /** Where the row begins, in pixels from the first one. */
  start: number;
  chosen: boolean;
  /** Whether the Tab key comes to this row. */
  current: boolean;
  /** The columns that are in sight. */
  columns: Column[];
  /** How wide the columns before those are. */
  before: number;
  find: (id: string) => Collection | undefined;
  token: string;
  open: (row: Row) => void;
  toggle: (id: string, range: boolean) => void;
  onKey: (event: KeyboardEvent<HTMLElement>, index: number, row: Row) => void;
  onFocus: (index: number) => void;
}

/** What rows and cards have in common: the place, the keys, the click. */
function shared({ row, index, start, chosen, current, open, onKey, onFocus }: Props) {
  return {
    "data-index": index,
    "data-chosen": chosen || undefined,
    tabIndex: current ? 0 : -1,
    style: { transform: `translateY(${start}px)` },
    onClick: (event: MouseEvent) => {
      if (!(event.target as HTMLElement).closest("[data-stop]")) open(row);
    },
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => onKey(event, index, row),
    onFocus: () => onFocus(index),
  };
}

/** A record as a row of the table. Drawn anew only when something about it changes. */
export const RecordRow = memo(function RecordRow(props: Props) {
  const { row, index, chosen, columns, before, find, token, toggle } = props;
  return (
    <div role="row" aria-rowindex={index + 2} aria-selected={chosen} className={classes["row"]} {...shared(props)}>
      <div role="gridcell" aria-colindex={1} className={classes["check"]} data-stop>
        <Choice label={t("Choose {name}", { name: row.id })} checked={chosen} onChange={(range) => toggle(row.id, range)} />
      </div>
      {before > 0 && <div role="presentation" style={{ width: before, flex: "none" }} />}
      {columns.map(({ field, place, width }) => (
        <div key={field.id} role="gridcell" aria-colindex={place + 2} className={classes["cell"]} style={{ width }}>
          <Cell field={field} value={row[field.name]} row={row} find={find} token={token} />
        </div>
      ))}
    </div>
  );
});

/** A record as a card, for narrow screens. */
export const RecordCard = memo(function RecordCard(props: Props & { collection: Collection }) {
  const { row, chosen, columns, find, token, toggle, collection } = props;
  const title = recordTitle(row, collection);
  const others = columns.filter(({ field }) => field.name !== "id" && row[field.name] !== title).slice(0, 2);
  return (
    <div role="listitem" className={classes["card"]} {...shared(props)}>
      <div className={classes["check"]} data-stop>
        <Choice label={t("Choose {name}", { name: row.id })} checked={chosen} onChange={(range) => toggle(row.id, range)} />
      </div>
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
    </div>
  );
});
