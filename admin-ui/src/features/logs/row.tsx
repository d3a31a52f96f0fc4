import { Badge, Group, Table, Text } from "@mantine/core";
import type { LogEntry } from "@/api/logs";
import { parseDate, shortDate } from "@/lib/dates";
import { levelOf } from "./levels";

const SHOWN = ["status", "execTime", "auth", "userIP"] as const;

function labels(data: Record<string, unknown>): string[] {
  const shown = SHOWN.flatMap((key) => {
    const value = data[key];
    if (value === undefined || value === "" || value === null) return [];
    return key === "execTime" ? `${Number(value).toFixed(1)} ms` : String(value);
  });
  const error = data["error"];
  return typeof error === "string" && error ? [...shown, error.slice(0, 160)] : shown;
}

export function LogRow({ entry, narrow, open }: { entry: LogEntry; narrow: boolean; open: () => void }) {
  const level = levelOf(entry.level);
  const date = parseDate(entry.created);
  return (
    <Table.Tr
      tabIndex={0}
      style={{ cursor: "pointer" }}
      onClick={open}
      onKeyDown={(event) => event.key === "Enter" && open()}
    >
      <Table.Td w={narrow ? 76 : 90} style={{ verticalAlign: "top" }}>
        <Badge color={level.color}>{level.name}</Badge>
      </Table.Td>
      <Table.Td>
        <Text size="sm" className="hs-mono hs-clip" component="div" title={entry.message}>{entry.message}</Text>
        <Group gap="0 var(--mantine-spacing-sm)" mt={2}>
          {labels(entry.data).map((label) => (
            <Text key={label} size="xs" c="dimmed">{label}</Text>
          ))}
          {narrow && <Text size="xs" c="dimmed">{date && shortDate(date)}</Text>}
        </Group>
      </Table.Td>
      {!narrow && (
        <Table.Td w={190} ta="right">
          <Text size="xs" c="dimmed" component="time" title={entry.created}>{date ? shortDate(date) : entry.created}</Text>
        </Table.Td>
      )}
    </Table.Tr>
  );
}
