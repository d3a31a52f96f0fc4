import { Badge, Group, Table, Text } from "@mantine/core";
import { type LogEntry, summaryCount } from "@/api/logs";
import { parseDate, shortDate } from "@/lib/dates";
import { t } from "@/i18n";
import { IconStack2 } from "@/ui/icons";
import { summaryText } from "./summary";
import { Choice } from "@/ui/choice";
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

interface Props {
  entry: LogEntry;
  narrow: boolean;
  chosen: boolean;
  choose: (range: boolean) => void;
  open: () => void;
}

export function LogRow({ entry, narrow, chosen, choose, open }: Props) {
  const level = levelOf(entry.level);
  const date = parseDate(entry.created);
  const counted = summaryCount(entry);
  return (
    <Table.Tr
      tabIndex={0}
      style={{ cursor: "pointer" }}
      aria-selected={chosen}
      onClick={(event) => !(event.target as HTMLElement).closest("label") && open()}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget) return;
        if (event.key === "Enter") open();
        if (event.key !== " ") return;
        event.preventDefault();
        choose(event.shiftKey);
      }}
    >
      <Table.Td w={34} px={0} style={{ verticalAlign: "top" }}>
        <Choice label={t("Choose {name}", { name: entry.id })} checked={chosen} onChange={choose} />
      </Table.Td>
      <Table.Td w={narrow ? 76 : 90} style={{ verticalAlign: "top" }}>
        <Badge color={level.color}>{level.name}</Badge>
      </Table.Td>
      <Table.Td>
        {counted > 0 ? (
          <Group gap={6} wrap="nowrap">
            <IconStack2 size={16} stroke={1.6} color="var(--hs-muted)" aria-hidden />
            <Text size="sm" fs="italic">{summaryText(entry)}</Text>
          </Group>
        ) : (
          <Text size="sm" className="hs-mono hs-clip" component="div" title={entry.message}>{entry.message}</Text>
        )}
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
