import { Button, Group, MultiSelect, Modal, Stack, Switch, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { t } from "@/i18n";
import { randomText } from "@/lib/text";
import { IconPlus } from "@/ui/icons";
import { useFocusBack } from "@/ui/use-focus-back";
import { indexTitle, isUnique, type IndexParts, readIndex, writeIndex } from "./index-sql";
import type { Draft } from "./use-draft";

export function Indexes({ draft }: { draft: Draft }) {
  const { now } = draft;
  // The place of the index that is edited; its length for a new one.
  const [edited, setEdited] = useState<number | null>(null);
  const columns = draft.result().fields.map((field) => field.name);
  const put = (at: number, sql: string) => draft.set({ indexes: sql ? now.indexes.toSpliced(at, 1, sql) : now.indexes.toSpliced(at, 1) });
  return (
    <div>
      <Group justify="space-between" mb="xs">
        <Title order={2}>{t("Indexes")}</Title>
        <Button variant="light" size="compact-md" leftSection={<IconPlus size={16} />} onClick={() => setEdited(now.indexes.length)}>
          {t("Add an index")}
        </Button>
      </Group>
      {now.indexes.length === 0 && <Text size="sm" c="dimmed">{t("An index makes a list faster that filters or sorts by its fields, or keeps their values unique.")}</Text>}
      <Group gap="xs">
        {now.indexes.map((sql, at) => (
          <Button key={sql} variant="default" size="compact-sm" onClick={() => setEdited(at)} {...(draft.error(`indexes.${at}`) && { color: "red", variant: "outline" })}>
            {isUnique(sql) && <Text span size="xs" fw={600} mr={6} c="var(--hs-accent-text)">{t("unique")}</Text>}
            {indexTitle(sql)}
          </Button>
        ))}
      </Group>
      {now.indexes.map((_, at) => draft.error(`indexes.${at}`) && <Text key={at} size="sm" c="red">{draft.error(`indexes.${at}`)}</Text>)}
      {edited !== null && (
        <IndexEditor
          start={now.indexes[edited] ?? writeIndex({ unique: false, name: `idx_${randomText(10)}`, columns: [], where: "" }, now.name)}
          isNew={edited === now.indexes.length}
          table={now.name}
          columns={columns}
          close={() => setEdited(null)}
          done={(sql) => {
            put(edited, sql);
            setEdited(null);
          }}
        />
      )}
    </div>
  );
}

interface EditorProps {
  start: string;
  isNew: boolean;
  table: string;
  columns: string[];
  close: () => void;
  /** The SQL; empty removes the index. */
  done: (sql: string) => void;
}

const EMPTY: IndexParts = { unique: false, name: "", columns: [], where: "" };

function IndexEditor({ start, isNew, table, columns, close, done }: EditorProps) {
  useFocusBack();
  const [sql, setSql] = useState(start);
  // A new index has no columns yet, which is no SQL but what the form starts with.
  const [parts, setParts] = useState<IndexParts | null>(() => readIndex(start) ?? (isNew ? { ...EMPTY, name: /`(\w+)`/.exec(start)?.[1] ?? "" } : null));
  const change = (next: Partial<IndexParts>) => {
    const whole = { ...(parts ?? EMPTY), ...next };
    setParts(whole);
    setSql(writeIndex(whole, table));
  };
  return (
    <Modal opened onClose={close} title={isNew ? t("New index") : t("Index")} closeButtonProps={{ "aria-label": t("Close") }}>
      <Stack>
        {parts ? (
          <>
            <MultiSelect label={t("Fields, in this order")} data={columns} value={parts.columns} onChange={(value) => change({ columns: value })} searchable data-autofocus />
            <Switch label={t("Unique")} description={t("No two records may have the same values")} checked={parts.unique} onChange={(event) => change({ unique: event.currentTarget.checked })} />
            <TextInput label={t("Only records where")} placeholder="email != ''" value={parts.where} onChange={(event) => change({ where: event.currentTarget.value })} />
          </>
        ) : (
          <Text size="sm" c="dimmed">{t("This index is more than the form can show; change its text.")}</Text>
        )}
        <Textarea
          label="SQL"
          className="hs-mono"
          value={sql}
          spellCheck={false}
          onChange={(event) => {
            setSql(event.currentTarget.value);
            setParts(readIndex(event.currentTarget.value));
          }}
        />
        <Group justify="space-between">
          {isNew ? <span /> : <Button variant="subtle" color="red" onClick={() => done("")}>{t("Remove")}</Button>}
          <Button disabled={parts?.columns.length === 0} onClick={() => done(sql.trim())}>{t("Take it")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
