import { Alert, Badge, Drawer, Group, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { loadLog, summaryCount } from "@/api/logs";
import { t } from "@/i18n";
import { exactDate, parseDate } from "@/lib/dates";
import { CopyButton } from "@/ui/copy-button";
import { FailureNotice, ListLoading } from "@/ui/states";
import { useFocusBack } from "@/ui/use-focus-back";
import { levelOf } from "./levels";
import { summaryText } from "./summary";

const FIRST = ["type", "status", "method", "url", "execTime", "auth", "authId", "userIP", "remoteIP", "error", "details", "userAgent", "referer"];
const written = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
const place = (key: string) => (FIRST.indexOf(key) + FIRST.length + 1) % (FIRST.length + 1);

/** Everything about one entry. */
export function LogDrawer({ id, close }: { id: string; close: () => void }) {
  useFocusBack();
  const { data, error, isPending, refetch } = useQuery({ queryKey: ["log", id], queryFn: () => loadLog(id), staleTime: Infinity });
  const rows = data
    ? [["id", data.id], ["created", data.created], ["message", data.message], ...Object.entries(data.data).filter(([, value]) => value !== "").toSorted(([a], [b]) => place(a) - place(b))]
    : [];
  const level = levelOf(data?.level ?? 0);
  const date = parseDate(data?.created ?? "");
  return (
    <Drawer opened onClose={close} size={640} title={t("Entry")} closeButtonProps={{ "aria-label": t("Close") }}>
      {isPending && <ListLoading />}
      {error && <FailureNotice failure={error} retry={() => void refetch()} />}
      {data && (
        <>
          <Group justify="space-between" mb="sm">
            <Group gap="xs">
              <Badge color={level.color}>{level.name}</Badge>
              {date && exactDate(date)}
            </Group>
            <CopyButton text={JSON.stringify(data, null, 2)} label={t("Copy as JSON")} size="md" />
          </Group>
          {summaryCount(data) > 0 && (
            <Alert color="gray" p="xs" mb="sm" title={summaryText(data)}>
              {t("In each second the log notes 1,000 requests that went well and 1,000 that did not. Of the others it says how many there were.")}
            </Alert>
          )}
          <Table>
            <Table.Tbody>
              {rows.map(([key, value]) => (
                <Table.Tr key={String(key)}>
                  <Table.Th w={110} style={{ verticalAlign: "top" }}>{String(key)}</Table.Th>
                  <Table.Td className="hs-mono" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{written(value)}</Table.Td>
                  <Table.Td w={36}>
                    <CopyButton text={written(value) ?? ""} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </>
      )}
    </Drawer>
  );
}
