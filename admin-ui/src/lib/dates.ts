import { language } from "@/i18n";

/** A date of the API, `2026-01-02 03:04:05.678Z`, or null when it is empty or no date. */
export function parseDate(text: string): Date | null {
  const date = new Date(text.replace(" ", "T"));
  return text === "" || Number.isNaN(date.getTime()) ? null : date;
}

/** The API's writing of a moment. */
export function writeDate(date: Date): string {
  return date.toISOString().replace("T", " ");
}

const short = () => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const exact = () => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
let shortFormat: Intl.DateTimeFormat | undefined;
let exactFormat: Intl.DateTimeFormat | undefined;

export function shortDate(date: Date): string {
  return (shortFormat ??= short()).format(date);
}

export function exactDate(date: Date): string {
  return (exactFormat ??= exact()).format(date);
}

export const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const two = (number: number) => String(number).padStart(2, "0");

/** What an input of type datetime-local wants, in the reader's own time. */
export function toLocalInput(date: Date): string {
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The same wall clock, but read as UTC. */
export function toUtcInput(date: Date): string {
  return date.toISOString().slice(0, 19);
}

/** How long ago, in the largest unit that fits. */
export function ago(date: Date): string {
  const seconds = Math.round((date.getTime() - Date.now()) / 1000);
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const units: [Intl.RelativeTimeFormatUnit, number][] = [["day", 86400], ["hour", 3600], ["minute", 60]];
  for (const [unit, size] of units) if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit);
  return format.format(seconds, "second");
}
