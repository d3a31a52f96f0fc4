import { ActionIcon, Button, CloseButton, Group, Paper, Switch, Table, Text, TextInput, Title, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { pb } from "@/api/client";
import { listLogs, logHours } from "@/api/logs";
import { plural, t } from "@/i18n";
import { downloadJson } from "@/lib/download";
import { patchQuery, useRoute } from "@/lib/route";
import { useRemembered } from "@/lib/use-remembered";
import { writeDate } from "@/lib/dates";
import { CopyButton } from "@/ui/copy-button";
import { HistoryMenu, useHistory } from "@/ui/history-menu";
import { IconDownload, IconFilter, IconListDetails, IconRefresh, IconSettings } from "@/ui/icons";
import { FailureNotice, ListLoading, Notice } from "@/ui/states";
import { useSelection } from "@/ui/use-selection";
import { useTitle } from "@/ui/use-title";
import { LogChart, type Span } from "./chart";
import { LogDrawer } from "./drawer";
import { LogRow } from "./row";
import { LogSettings } from "./settings";

const PER_PAGE = 50;

/** What was typed as a filter: itself when it looks like one, else a word in the message or the data. */
function logFilter(typed: string, superusers: boolean, span: Span | null): string {
  const term = typed.trim();
  const parts = [
    term && (/[=<>~]/.test(term) ? `(${term})` : pb.filter("(message ~ {:term} || data ~ {:term})", { term })),
    superusers ? "" : 'data.auth != "_superusers"',
    span && `created >= "${writeDate(span.from)}" && created < "${writeDate(span.to)}"`,
  ];
  return parts.filter(Boolean).join(" && ");
}

/** What the server has noted: how much per hour, and each entry. */
export function LogsPage() {
  useTitle(t("Logs"));
  const { query } = useRoute();
  const typed = query.get("filter") ?? "";
  const [text, setText] = useState(typed);
  const history = useHistory("logs");
  useEffect(() => setText(typed), [typed]);
  const [superusers, setSuperusers] = useRemembered("logs.superusers", false);
  const [span, setSpan] = useState<Span | null>(null);
  const [settingsOpen, setSettingsOpen] = useState(false);
  const narrow = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false }) ?? false;
  const filter = logFilter(typed, superusers, span);
  const hours = useQuery({ queryKey: ["log-hours", typed, superusers], queryFn: () => logHours(logFilter(typed, superusers, null)) });
  const list = useInfiniteQuery({
    queryKey: ["logs", filter],
    queryFn: ({ pageParam }) => listLogs(pageParam, filter, PER_PAGE),
    initialPageParam: 1,
    getNextPageParam: (last, all) => (last.length === PER_PAGE ? all.length + 1 : undefined),
  });
  const entries = list.data?.pages.flat() ?? [];
  const selection = useSelection(entries.map((entry) => entry.id));
  const chosen = entries.filter((entry) => selection.has(entry.id));
  const apply = (next: string) => {
    history.add(next.trim());
    patchQuery({ filter: next.trim() });
  };
  const refresh = () => void Promise.all([hours.refetch(), list.refetch()]);

  return (
    <div style={{ background: "var(--hs-surface)", flex: 1, padding: "0.75rem clamp(0.75rem, 2vw, 1.5rem) 2rem" }}>
      <Group justify="space-between" mb="sm">
        <Title order={1}>{t("Logs")}</Title>
        <Group gap="xs">
          <Switch label={t("With superusers")} checked={superusers} onChange={(event) => setSuperusers(event.currentTarget.checked)} />
          <Tooltip label={t("Export what is shown")}>
            <ActionIcon size="lg" variant="default" aria-label={t("Export what is shown")} onClick={() => downloadJson("logs.json", entries)}>
              <IconDownload size={17} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label={t("Refresh")}>
            <ActionIcon size="lg" variant="default" aria-label={t("Refresh")} loading={list.isFetching && !list.isPending} onClick={refresh}>
              <IconRefresh size={17} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label={t("What is noted")}>
            <ActionIcon size="lg" variant="default" aria-label={t("What is noted")} onClick={() => setSettingsOpen(true)}>
              <IconSettings size={17} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          apply(text);
        }}
      >
        <TextInput className="hs-mono" leftSection={<IconFilter size={16} />} placeholder="data.status >= 400" aria-label={t("Search, or write a filter")} value={text} onChange={(event) => setText(event.currentTarget.value)} rightSection={<HistoryMenu history={history} pick={apply} />} />
      </form>
      {hours.data && <LogChart hours={hours.data} span={span} setSpan={setSpan} />}
      {list.isPending && <ListLoading rows={8} />}
      {list.error && <FailureNotice failure={list.error} retry={refresh} />}
      {list.data && entries.length === 0 && (
        <Notice icon={IconListDetails} title={t("Nothing noted")}>
          {filter ? t("No entry fits.") : t("Requests appear here some seconds after they were made.")}
        </Notice>
      )}
      {entries.length > 0 && (
        <Table highlightOnHover layout="fixed" aria-label={t("Logs")}>
          <Table.Tbody>
            {entries.map((entry) => (
              <LogRow key={entry.id} entry={entry} narrow={narrow} chosen={selection.has(entry.id)} choose={(range) => selection.toggle(entry.id, range)} open={() => patchQuery({ logId: entry.id })} />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {list.hasNextPage && (
        <Button variant="subtle" fullWidth mt="sm" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t("Load older")}
        </Button>
      )}
      {list.data && !list.hasNextPage && entries.length > 0 && <Text size="xs" c="dimmed" ta="center" mt="md">{t("That is all.")}</Text>}
      {chosen.length > 0 && (
        <Paper withBorder shadow="md" p={6} role="region" aria-label={t("Chosen entries")} style={{ position: "sticky", bottom: "1rem", width: "fit-content", margin: "1rem auto 0", zIndex: 5 }}>
          <Group gap={6} wrap="nowrap">
            <CloseButton size="sm" aria-label={t("Choose none")} onClick={selection.clear} />
            <Text size="sm" fw={500}>{plural(chosen.length, "1 chosen", "{count} chosen")}</Text>
            <CopyButton text={JSON.stringify(chosen, null, 2)} label={t("Copy as JSON")} size="md" />
            <Button size="compact-sm" variant="default" leftSection={<IconDownload size={14} />} onClick={() => downloadJson("logs.json", chosen)}>{t("Export")}</Button>
          </Group>
        </Paper>
      )}
      {query.get("logId") && <LogDrawer id={query.get("logId") ?? ""} close={() => patchQuery({ logId: "" })} />}
      {settingsOpen && <LogSettings close={() => setSettingsOpen(false)} />}
    </div>
  );
}
