import { type LogEntry, summaryCount } from "@/api/logs";
import { plural } from "@/i18n";
import { formatCount } from "@/lib/numbers";
import { levelOf } from "./levels";

/** What an entry says that stands for requests which were too many to note each. */
export function summaryText(entry: LogEntry): string {
  const count = summaryCount(entry);
  const total = formatCount(count);
  // Those that went well and those that did not are counted apart.
  return levelOf(entry.level).value < 4
    ? plural(count, "1 more request that went well, only counted", "{total} more requests that went well, only counted", { total })
    : plural(count, "1 more request that failed, only counted", "{total} more requests that failed, only counted", { total });
}
