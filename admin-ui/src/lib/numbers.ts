import { language } from "@/i18n";

let format: Intl.NumberFormat | undefined;

export function formatCount(count: number): string {
  return (format ??= new Intl.NumberFormat(language)).format(count);
}

/** Bytes in the unit that reads best: `340 B`, `1.2 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const value = bytes / 1000 ** power;
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: power === 0 ? 0 : 1 }).format(value)} ${units[power] ?? ""}`;
}
