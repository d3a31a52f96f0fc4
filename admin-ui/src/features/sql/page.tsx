import { ActionIcon, Alert, Button, Group, Menu, Stack, Text, Tooltip } from "@mantine/core";
import { useState } from "react";
import { useCollections } from "@/api/collections";
import { explainFailure } from "@/api/failure";
import { useSettings } from "@/api/settings";
import { runSql, type SqlAnswer } from "@/api/sql";
import { plural, t } from "@/i18n";
import { writeCsv } from "@/lib/csv";
import { download } from "@/lib/download";
import { useRemembered } from "@/lib/use-remembered";
import { CodeEditor } from "@/ui/code-editor";
import { confirm } from "@/ui/confirm";
import { IconDownload, IconHistory, IconPlayerPlay } from "@/ui/icons";
import { SettingsFrame } from "@/ui/settings-form";
import { SqlTable } from "./table";

const HISTORY_MAX = 10;
const WRITES = /^\s*(insert|create|update|delete|drop|detach|alter|replace)\b/i;

/** Questions in SQL over the collections. */
export function SqlPage() {
  const { all } = useCollections();
  const careful = useSettings().data?.meta.hideControls ?? false;
  const [query, setQuery] = useRemembered("sql.query", "");
  const [history, setHistory] = useRemembered<string[]>("sql.history", []);
  const [answer, setAnswer] = useState<SqlAnswer | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const tables = Object.fromEntries(all.map((each) => [each.name, each.fields.map((field) => field.name)]));

  const run = async () => {
    const text = query.trim();
    if (text === "" || busy) return;
    if (careful || WRITES.test(text)) {
      const yes = await confirm({ title: t("Run this?"), body: t("It may change data without the checks that records have otherwise."), action: t("Run"), danger: true });
      if (!yes) return;
    }
    setBusy(true);
    try {
      setAnswer(await runSql(text));
      setFailure(null);
      setHistory([text, ...history.filter((each) => each !== text)].slice(0, HISTORY_MAX));
    } catch (problem) {
      setAnswer(null);
      setFailure(problem);
    } finally {
      setBusy(false);
    }
  };
  const exportCsv = (found: SqlAnswer) => download("answer.csv", writeCsv([found.columns.map((column) => column.name), ...found.rows]), "text/csv;charset=utf-8");
  return (
    <SettingsFrame wide title={t("SQL console")} intro={t("Every collection is a table, every field a column. At most 1000 rows are answered.")}>
      <Stack gap="sm">
        <CodeEditor language="sql" label="SQL" value={query} onChange={setQuery} tables={tables} onSubmit={() => void run()} minHeight={110} />
        <Group gap="xs">
          <Button leftSection={<IconPlayerPlay size={16} />} loading={busy} disabled={query.trim() === ""} onClick={() => void run()}>{t("Run")}</Button>
          <Text size="xs" c="dimmed" visibleFrom="xs">Ctrl Enter</Text>
          <span style={{ flex: 1 }} />
          {answer && answer.rows.length > 0 && (
            <Tooltip label={t("Export as CSV")}>
              <ActionIcon size="lg" variant="default" aria-label={t("Export as CSV")} onClick={() => exportCsv(answer)}><IconDownload size={17} /></ActionIcon>
            </Tooltip>
          )}
          {history.length > 0 && (
            <Menu width={420}>
              <Menu.Target>
                <ActionIcon size="lg" variant="default" aria-label={t("Questions asked before")}><IconHistory size={17} /></ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                {history.map((each) => (
                  <Menu.Item key={each} onClick={() => setQuery(each)}>
                    <Text size="xs" className="hs-mono hs-clip" component="div">{each}</Text>
                  </Menu.Item>
                ))}
                <Menu.Divider />
                <Menu.Item color="red" onClick={() => setHistory([])}>{t("Forget all")}</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          )}
        </Group>
        {failure !== null && <Alert color="red" role="alert" style={{ whiteSpace: "pre-wrap" }}>{explainFailure(failure)}</Alert>}
        {answer && (
          <Text size="sm" c="dimmed" role="status">
            {answer.columns.length > 0 ? plural(answer.rows.length, "1 row", "{count} rows") : plural(answer.affectedRows, "1 row changed", "{count} rows changed")} · {answer.execTime} ms
          </Text>
        )}
        {answer && answer.columns.length > 0 && <SqlTable answer={answer} />}
      </Stack>
    </SettingsFrame>
  );
}
