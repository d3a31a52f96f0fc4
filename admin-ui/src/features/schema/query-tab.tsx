import { Alert, Badge, Group, List, ScrollArea, Stack, Table, Text, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { tryView, useCollections } from "@/api/collections";
import { explainFailure } from "@/api/failure";
import { t } from "@/i18n";
import { CodeEditor } from "@/ui/code-editor";
import type { Draft } from "./use-draft";

const written = (value: unknown) => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** The query of a view, and what it gives now. */
export function QueryTab({ draft }: { draft: Draft }) {
  const { all } = useCollections();
  const query = draft.now.viewQuery ?? "";
  const [settled] = useDebouncedValue(query.trim(), 250);
  const { data, error, isFetching } = useQuery({
    queryKey: ["view-trial", settled],
    queryFn: ({ signal }) => tryView(settled, signal),
    enabled: settled !== "",
    retry: false,
    gcTime: 30_000,
  });
  const tables = Object.fromEntries(all.map((each) => [each.name, each.fields.map((field) => field.name)]));
  return (
    <Stack>
      <div>
        <Title order={2} mb="xs">{t("Query")}</Title>
        <CodeEditor language="sql" label={t("Query")} value={query} onChange={(viewQuery) => draft.set({ viewQuery })} tables={tables} minHeight={140} />
        {draft.error("viewQuery") && <Text size="sm" c="red" mt={4}>{draft.error("viewQuery")}</Text>}
      </div>
      <Text size="sm" c="dimmed" component="div">
        <List size="sm">
          <List.Item>{t("One SELECT with a column named id that is unique.")}</List.Item>
          <List.Item>{t("Columns are named one by one; * does not work.")}</List.Item>
        </List>
      </Text>
      {error && <Alert color="red" role="alert" style={{ whiteSpace: "pre-wrap" }}>{explainFailure(error)}</Alert>}
      {data && !error && (
        <div>
          <Group gap="xs" mb="xs">
            <Title order={3}>{t("First records")}</Title>
            <Badge>{isFetching ? t("Trying …") : t("The query works")}</Badge>
          </Group>
          <ScrollArea>
            <Table withTableBorder striped style={{ fontSize: "0.82rem" }}>
              <Table.Thead>
                <Table.Tr>
                  {data.fields.map((field) => (
                    <Table.Th key={field.name}>{field.name} <Text span size="xs" c="dimmed">{field.type}</Text></Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.sample.map((row, at) => (
                  <Table.Tr key={at}>
                    {data.fields.map((field) => <Table.Td key={field.name}>{written(row[field.name]).slice(0, 120)}</Table.Td>)}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea>
          {data.sample.length === 0 && <Text size="sm" c="dimmed">{t("No records now.")}</Text>}
        </div>
      )}
    </Stack>
  );
}
