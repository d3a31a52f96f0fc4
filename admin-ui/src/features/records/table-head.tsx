import type { PointerEvent } from "react";
import { type Collection, type Field, isMultiple } from "@/api/schema";
import { kinds } from "@/fields/kinds";
import { t } from "@/i18n";
import { IconArrowDown, IconArrowUp } from "@/ui/icons";
import { Choice } from "@/ui/choice";
import classes from "./table.module.css";
import type { Column, Columns } from "./use-columns";

type Find = (id: string) => Collection | undefined;

interface Props {
  columns: Columns;
  find: Find;
  sort: string;
  setSort: (sort: string) => void;
  allChosen: boolean;
  someChosen: boolean;
  chooseAll: () => void;
}

const KEY_STEP = 20;
/** What sorts by a column: for a single relation what tells its records apart, if the other collection has such a field. */
function sortKey(field: Field, find: Find): string {
  if (field.type !== "relation" || isMultiple(field)) return field.name;
  const other = find(field.collectionId)?.fields.find((each) => each.presentable && !each.hidden);
  return other ? `${field.name}.${other.name}` : field.name;
}

const sortable = (column: Column) => !["json", "geoPoint", "password"].includes(column.field.type);

/** The names of the columns: a click sorts, the edge resizes, dragging moves. */
export function TableHead({ columns, find, sort, setSort, allChosen, someChosen, chooseAll }: Props) {
  return (
    <div role="row" aria-rowindex={1} className={classes["head"]}>
      <div role="columnheader" className={classes["check"]}>
        <Choice label={t("Choose all that are loaded")} checked={allChosen} partly={someChosen && !allChosen} onChange={chooseAll} />
      </div>
      {columns.shown.map((column) => (
        <HeadCell key={column.field.id} column={column} columns={columns} find={find} sort={sort} setSort={setSort} />
      ))}
      <div role="columnheader" className={classes["rest"]} aria-label={t("Actions")} />
    </div>
  );
}

function HeadCell({ column, columns, find, sort, setSort }: { column: Column; columns: Columns } & Pick<Props, "find" | "sort" | "setSort">) {
  const { field, width } = column;
  const Mark = kinds[field.type].icon;
  const key = sortKey(field, find);
  const direction = sort === key ? "ascending" : sort === `-${key}` ? "descending" : "none";
  const resize = (event: PointerEvent<HTMLElement>) => {
    event.preventDefault();
    const start = event.clientX;
    const handle = event.currentTarget;
    handle.setPointerCapture(event.pointerId);
    const move = (moved: globalThis.PointerEvent) => columns.resize(field.id, width + moved.clientX - start);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", move), { once: true });
  };
  return (
    <div
      role="columnheader"
      aria-sort={direction}
      className={classes["headCell"]}
      style={{ width }}
      draggable
      onDragStart={(event) => event.dataTransfer.setData("text/column", field.id)}
      onDragOver={(event) => event.dataTransfer.types.includes("text/column") && event.preventDefault()}
      onDrop={(event) => columns.move(event.dataTransfer.getData("text/column"), field.id)}
    >
      <button
        type="button"
        className={classes["sort"]}
        disabled={!sortable(column)}
        title={t("Sort by {name}", { name: field.name })}
        onClick={() => setSort(direction === "descending" ? key : direction === "ascending" ? "" : `-${key}`)}
      >
        <Mark size={14} stroke={1.6} aria-hidden />
        <span className="hs-clip">{field.name}</span>
        {direction === "ascending" && <IconArrowUp size={13} aria-hidden />}
        {direction === "descending" && <IconArrowDown size={13} aria-hidden />}
      </button>
      <span
        role="separator"
        aria-orientation="vertical"
        aria-label={t("Width of {name}", { name: field.name })}
        aria-valuenow={width}
        aria-valuemin={70}
        aria-valuemax={1200}
        tabIndex={0}
        className={classes["handle"]}
        draggable
        onDragStart={(event) => {
          event.preventDefault();
          event.stopPropagation();
        }}
        onPointerDown={resize}
        onKeyDown={(event) => {
          const step = event.key === "ArrowRight" ? KEY_STEP : event.key === "ArrowLeft" ? -KEY_STEP : 0;
          if (step) columns.resize(field.id, width + step);
        }}
      />
    </div>
  );
}
