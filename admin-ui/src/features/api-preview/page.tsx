import { Badge, Code, Group, SegmentedControl, Select, Stack, Table, Text, Title } from "@mantine/core";
import { useState } from "react";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import { useRemembered } from "@/lib/use-remembered";
import { CodeBlock } from "@/ui/code-block";
import { accountCalls, answersOf, type Call, curlOf, recordCalls, withClient } from "./calls";

type Language = "js" | "dart" | "curl";

/** How apps use a collection, ready to copy. */
export function ApiPreview({ collection }: { collection: Collection }) {
  const calls = [...recordCalls(collection), ...(collection.type === "auth" ? accountCalls(collection) : [])];
  const [name, setName] = useState("list");
  const [language, setLanguage] = useRemembered<Language>("api.language", "js");
  const call = calls.find((each) => each.name === name) ?? calls[0];
  if (!call) return null;
  return (
    <Stack>
      <Group justify="space-between" gap="sm">
        <Select aria-label={t("Call")} allowDeselect={false} maxDropdownHeight={420} w={260} data={calls.map((each) => ({ value: each.name, label: each.title }))} value={call.name} onChange={(value) => value && setName(value)} />
        <SegmentedControl size="xs" aria-label={t("Language")} value={language} onChange={(value) => setLanguage(value as Language)} data={[{ value: "js", label: "JavaScript" }, { value: "dart", label: "Dart" }, { value: "curl", label: "curl" }]} />
      </Group>
      <CallView key={call.name} call={call} language={language} />
    </Stack>
  );
}

function CallView({ call, language }: { call: Call; language: Language }) {
  const answers = answersOf(call);
  const [status, setStatus] = useState(0);
  const answer = answers.find((each) => each.status === status) ?? answers[0];
  const code = language === "curl" ? curlOf(call) : withClient(call[language], language);
  return (
    <>
      <div>
        <Title order={2}>{call.title}</Title>
        <Text size="sm" c="dimmed">{call.about}</Text>
      </div>
      <Group gap="xs">
        <Badge>{call.method}</Badge>
        <Code>{call.path}</Code>
      </Group>
      <CodeBlock label={t("Example")} code={code} />
      {call.params && (
        <div>
          <Title order={3}>{t("Parameters of the address")}</Title>
          <Table>
            <Table.Tbody>
              {call.params.map(([name, about]) => (
                <Table.Tr key={name}>
                  <Table.Th w={140} className="hs-mono">{name}</Table.Th>
                  <Table.Td>{about}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      <div>
        <Group justify="space-between" mb={6}>
          <Title order={3}>{t("Answer")}</Title>
          <SegmentedControl size="xs" aria-label={t("Status")} value={String(answer?.status)} onChange={(next) => setStatus(Number(next))} data={answers.map((each) => String(each.status))} />
        </Group>
        <CodeBlock label={t("Answer")} code={answer?.body === null ? "204 No Content" : JSON.stringify(answer?.body, null, 2)} />
      </div>
    </>
  );
}
