import { Alert, Button, FileButton, Group, List, Modal, Progress, ScrollArea, Select, Stack, Table, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { explainFailure, fieldErrors } from "@/api/failure";
import { createRecord } from "@/api/records";
import type { Collection } from "@/api/schema";
import { plural, t } from "@/i18n";
import { readCsv, writeCsv } from "@/lib/csv";
import { download } from "@/lib/download";
import { IconUpload } from "@/ui/icons";
import { complain } from "@/ui/toast";
import { useFocusBack } from "@/ui/use-focus-back";
import { convert, type Converted, fillable, guessMapping } from "./convert";

interface File_ {
  name: string;
  header: string[];
  rows: string[][];
}

interface Outcome {
  done: number;
  failed: { line: number; message: string }[];
}

const AT_ONCE = 4;
const ROWS_MAX = 50_000;
const FAULTS_SHOWN = 8;

/** Records from a CSV file: which column is which field, a trial run, and then the import. */
export function CsvImport({ collection, close }: { collection: Collection; close: () => void }) {
  useFocusBack();
  const client = useQueryClient();
  const [file, setFile] = useState<File_ | null>(null);
  const [mapping, setMapping] = useState<Record<string, string>>({});
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [running, setRunning] = useState(false);
  const stop = useRef(false);
  const fields = fillable(collection);
  const converted = file ? convert(file.rows, mapping, collection) : [];
  const faulty = converted.filter((each) => each.faults.length > 0);
  const good = converted.filter((each) => each.faults.length === 0);
  const used = Object.values(mapping).filter(Boolean);

  const load = async (chosen: File | null) => {
    if (!chosen) return;
    const [header = [], ...rows] = readCsv(await chosen.text());
    if (rows.length === 0 || rows.length > ROWS_MAX) return complain(new Error(rows.length === 0 ? t("The file has no rows.") : t("At most {count} rows at once.", { count: ROWS_MAX })));
    setFile({ name: chosen.name, header, rows });
    setMapping(guessMapping(header, fields));
    setOutcome(null);
  };
  const send = async (each: Converted, result: Outcome) => {
    try {
      await createRecord(collection.name, each.body);
    } catch (failure) {
      const details = Object.entries(fieldErrors(failure)).map(([name, message]) => `${name}: ${message}`);
      result.failed.push({ line: each.line, message: details.join(" ") || explainFailure(failure) });
    }
    result.done += 1;
  };
  const run = async () => {
    setRunning(true);
    stop.current = false;
    const result: Outcome = { done: 0, failed: [] };
    for (let at = 0; at < good.length && !stop.current; at += AT_ONCE) {
      await Promise.all(good.slice(at, at + AT_ONCE).map((each) => send(each, result)));
      setOutcome({ ...result });
    }
    setRunning(false);
    await client.invalidateQueries({ queryKey: ["records", collection.id] });
    await client.invalidateQueries({ queryKey: ["count", collection.id] });
  };
  const saveFaults = () => {
    const lines = new Map([...faulty.map((each) => [each.line, each.faults.join(" ")] as const), ...(outcome?.failed ?? []).map((each) => [each.line, each.message] as const)]);
    download("not-imported.csv", writeCsv([[...(file?.header ?? []), "fault"], ...[...lines].map(([line, message]) => [...(file?.rows[line - 2] ?? []), message])]), "text/csv;charset=utf-8");
  };

  return (
    <Modal opened onClose={() => !running && close()} size="lg" title={t("Import CSV into {name}", { name: collection.name })} closeButtonProps={{ "aria-label": t("Close") }}>
      <Stack>
        <Group justify="space-between">
          <FileButton accept=".csv,.tsv,text/csv" onChange={(chosen) => void load(chosen)}>
            {(props) => <Button {...props} variant="default" leftSection={<IconUpload size={16} />} disabled={running}>{file?.name ?? t("Choose a file")}</Button>}
          </FileButton>
          {file && <Text size="sm" c="dimmed">{plural(file.rows.length, "1 row", "{count} rows")}</Text>}
        </Group>
        {!file && <Text size="sm" c="dimmed">{t("The first line names the columns. Comma, semicolon or tab separate them.")}</Text>}
        {file && (
          <ScrollArea.Autosize mah={300}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("Column")}</Table.Th>
                  <Table.Th>{t("For example")}</Table.Th>
                  <Table.Th w={200}>{t("Field")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {file.header.map((name, at) => (
                  <Table.Tr key={at}>
                    <Table.Td>{name}</Table.Td>
                    <Table.Td className="hs-clip" maw={180} c="dimmed">{file.rows[0]?.[at]}</Table.Td>
                    <Table.Td>
                      <Select
                        size="xs"
                        aria-label={t("Field for {name}", { name })}
                        clearable
                        placeholder={t("left out")}
                        data={fields.map((field) => field.name).filter((field) => field === mapping[String(at)] || !used.includes(field))}
                        value={mapping[String(at)] || null}
                        onChange={(field) => setMapping({ ...mapping, [String(at)]: field ?? "" })}
                      />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea.Autosize>
        )}
        {file && !outcome && (
          <Alert color={faulty.length > 0 ? "yellow" : "moss"} p="sm" role="status" title={t("Trial run: {good} of {all} rows can be imported", { good: good.length, all: converted.length })}>
            <List size="sm">
              {faulty.slice(0, FAULTS_SHOWN).map((each) => <List.Item key={each.line}>{t("Line {line}:", { line: each.line })} {each.faults.join("; ")}</List.Item>)}
              {faulty.length > FAULTS_SHOWN && <List.Item>{t("and {count} more", { count: faulty.length - FAULTS_SHOWN })}</List.Item>}
            </List>
          </Alert>
        )}
        {outcome && (
          <div>
            <Progress value={(outcome.done / Math.max(good.length, 1)) * 100} animated={running} aria-label={t("Progress")} />
            <Text size="sm" mt={6} role="status">{t("{done} of {all} sent, {failed} refused", { done: outcome.done, all: good.length, failed: outcome.failed.length })}</Text>
            <List size="sm" mt={4}>{outcome.failed.slice(0, FAULTS_SHOWN).map((each) => <List.Item key={each.line}>{t("Line {line}:", { line: each.line })} {each.message}</List.Item>)}</List>
          </div>
        )}
        <Group justify="flex-end">
          {(faulty.length > 0 || (outcome && outcome.failed.length > 0)) && <Button variant="subtle" onClick={saveFaults}>{t("Save what is not imported")}</Button>}
          {running ? (
            <Button color="red" variant="light" onClick={() => (stop.current = true)}>{t("Stop")}</Button>
          ) : outcome ? (
            <Button onClick={close}>{t("Done")}</Button>
          ) : (
            <Button disabled={good.length === 0 || used.length === 0} onClick={() => void run()}>{plural(good.length, "Import 1 row", "Import {count} rows")}</Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
