import type { CollectionField, CollectionModel, RecordModel } from "pocketbase";
import { el } from "../dom";

const TEXT_SHOWN_MAX = 120;
const ITEMS_SHOWN_MAX = 4;

/** A table of records, read only, one column for every field that the API answers. */
export function recordTable(collection: CollectionModel, records: RecordModel[]): HTMLElement {
  const fields: CollectionField[] = collection.fields.filter((field: CollectionField) => records.some((record) => field.name in record));
  const head = el("tr", {}, ...fields.map((field) => el("th", { scope: "col", class: alignment(field), title: field.type }, field.name)));
  const rows = records.map((record) =>
    el("tr", {}, ...fields.map((field) => el("td", { class: alignment(field) }, cell(field, record[field.name])))),
  );
  const table = el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows));
  // Focusable, so that the arrow keys scroll it.
  return el("div", { class: "scroller", role: "region", "aria-label": `Records of ${collection.name}`, tabindex: "0" }, table);
}

function alignment(field: CollectionField): string {
  return field.type === "number" ? "right" : "";
}

function cell(field: CollectionField, value: unknown): Node {
  if (value === "" || value === null || value === undefined || (Array.isArray(value) && value.length === 0)) {
    return el("span", { class: "nothing", "aria-label": "empty" }, "–");
  }
  switch (field.type) {
    case "bool":
      return value === true ? el("span", { class: "chip yes" }, "true") : el("span", { class: "chip" }, "false");
    case "number":
      return new Text(String(value));
    case "date":
    case "autodate":
      return date(String(value));
    case "select":
    case "file":
      return chips(value, "chip");
    case "relation":
      return chips(value, "chip mono");
    case "editor":
      return clipped(plainText(String(value)), "");
    case "json":
    case "geoPoint":
      return clipped(JSON.stringify(value), "mono");
    default:
      return clipped(String(value), field.primaryKey ? "mono" : "");
  }
}

function chips(value: unknown, style: string): Node {
  const items = (Array.isArray(value) ? value : [value]).map(String);
  const shown = items.slice(0, ITEMS_SHOWN_MAX).map((item) => el("span", { class: style }, item));
  const more = items.length - shown.length;
  return el("span", { class: "chips", title: items.join(", ") }, ...shown, more > 0 ? `+${more}` : null);
}

/** UTC as the API has it in the tooltip, the reader's own time in the cell. */
function date(value: string): Node {
  const parsed = new Date(value.replace(" ", "T"));
  if (Number.isNaN(parsed.getTime())) return new Text(value);
  const text = parsed.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return el("time", { datetime: parsed.toISOString(), title: value }, text);
}

/** What markup says, without the markup. Parsing this way runs and fetches nothing. */
function plainText(markup: string): string {
  const parts = new DOMParser().parseFromString(markup, "text/html").body.childNodes;
  return Array.from(parts, (part) => part.textContent ?? "").join(" ");
}

function clipped(text: string, style: string): Node {
  const short = text.length > TEXT_SHOWN_MAX ? `${text.slice(0, TEXT_SHOWN_MAX)}…` : text;
  return el("span", { class: `text ${style}`.trim(), title: text.length > 40 ? text.slice(0, 1000) : false }, short);
}
