import type { ReactNode } from "react";
import { fileKind, fileUrl } from "@/api/files";
import type { Row } from "@/api/records";
import type { Collection, Field, FieldKind, FieldOf } from "@/api/schema";
import { t } from "@/i18n";
import { exactDate, parseDate, shortDate } from "@/lib/dates";
import { formatCount } from "@/lib/numbers";
import { plainText } from "@/lib/html";
import { IconCheck, IconFile, IconMinus } from "@/ui/icons";
import { recordTitle } from "./relation/summary";
import classes from "./cell.module.css";

interface CellProps<F extends Field = Field> {
  field: F;
  value: unknown;
  row: Row;
  find: (id: string) => Collection | undefined;
  token: string;
}
type CellOf<K extends FieldKind> = (props: CellProps<FieldOf<K>>) => ReactNode;

const LIST_SHOWN_MAX = 3;
const TEXT_SHOWN_MAX = 200;
const items = (value: unknown): string[] => (Array.isArray(value) ? value : value ? [value] : []).map(String);
const clip = (text: string) => <span className="hs-clip">{text.slice(0, TEXT_SHOWN_MAX)}</span>;

// A table has so many of these that they are plain elements.
function Chip({ quiet = false, title, children }: { quiet?: boolean; title?: string; children: ReactNode }) {
  return (
    <span className={classes["chip"]} data-quiet={quiet || undefined} title={title}>
      {children}
    </span>
  );
}

function Some<T>({ list, children }: { list: T[]; children: (item: T) => ReactNode }) {
  return (
    <span className={classes["some"]}>
      {list.slice(0, LIST_SHOWN_MAX).map(children)}
      {list.length > LIST_SHOWN_MAX && <span className={classes["more"]}>+{list.length - LIST_SHOWN_MAX}</span>}
    </span>
  );
}

function DateCell({ value }: { value: unknown }) {
  const date = parseDate(String(value));
  return date ? (
    // The words for who asks are made when somebody asks: a table has many dates.
    <time className="hs-clip" dateTime={date.toISOString()} onMouseEnter={(event) => (event.currentTarget.title = `${exactDate(date)}\n${String(value)}`)}>
      {shortDate(date)}
    </time>
  ) : (
    clip(String(value))
  );
}

const plain: (props: CellProps) => ReactNode = ({ value }) => clip(String(value));
const date: (props: CellProps) => ReactNode = ({ value }) => <DateCell value={value} />;

const cells: { [K in FieldKind]: CellOf<K> } = {
  text: ({ field, value }) => (field.primaryKey ? <span className="hs-mono hs-clip">{String(value)}</span> : clip(String(value))),
  email: plain,
  url: plain,
  editor: ({ value }) => clip(plainText(String(value).slice(0, 2000))),
  number: ({ value }) => <span className={classes["number"]}>{typeof value === "number" && Math.abs(value) >= 10000 ? formatCount(value) : String(value)}</span>,
  bool: ({ value }) =>
    value ? <IconCheck size={16} color="var(--hs-accent-text)" aria-label={t("Yes")} /> : <IconMinus size={16} color="var(--hs-muted)" aria-label={t("No")} />,
  date,
  autodate: date,
  select: ({ value }) => <Some list={items(value)}>{(item) => <Chip key={item} quiet>{item}</Chip>}</Some>,
  json: ({ value }) => <span className="hs-mono hs-clip">{JSON.stringify(value)?.slice(0, TEXT_SHOWN_MAX)}</span>,
  geoPoint: ({ value }) => {
    const { lon, lat } = value as { lon: number; lat: number };
    return <span className={classes["number"]}>{`${lat.toFixed(4)}, ${lon.toFixed(4)}`}</span>;
  },
  password: () => "••••••",
  file: ({ field, value, row, token }) => (
    <Some list={items(value)}>
      {(name) =>
        fileKind(name) === "image" ? (
          <img key={name} src={fileUrl(row, name, { thumb: "100x100", ...(field.protected && { token }) })} alt={name} title={name} loading="lazy" className={classes["thumb"]} />
        ) : (
          <Chip key={name} quiet>
            <IconFile size={12} aria-hidden /> {name}
          </Chip>
        )
      }
    </Some>
  ),
  relation: ({ field, value, row, find }) => {
    const expanded = [row.expand?.[field.name] ?? []].flat();
    return (
      <Some list={items(value)}>
        {(id) => {
          const other = expanded.find((each) => each.id === id);
          return (
            <Chip key={id} title={id}>
              {other ? recordTitle(other, find(field.collectionId)) : id}
            </Chip>
          );
        }}
      </Some>
    );
  },
};

function isEmpty(value: unknown, kind: FieldKind): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0 && kind !== "json";
  return kind === "geoPoint" && (value as { lon: number }).lon === 0 && (value as { lat: number }).lat === 0;
}

/** One value of a record, in one line. */
export function Cell(props: CellProps) {
  const { field, value } = props;
  if (isEmpty(value, field.type) && field.type !== "password") return <span className={classes["nothing"]}>{value === undefined ? t("hidden") : "–"}</span>;
  const show = cells[field.type] as CellOf<FieldKind>;
  return show(props as CellProps<FieldOf<FieldKind>>);
}
