import { Alert, Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { loadRecord } from "@/api/records";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import type { RecordForm } from "./use-record-form";
import { changedNames, startValues } from "./values";

interface Props {
  collection: Collection;
  form: RecordForm;
  reload: () => void;
  overwrite: () => void;
}

/** Somebody was faster: says in what, and lets the reader choose whose version stays. */
export function ConflictNotice({ collection, form, reload, overwrite }: Props) {
  const id = form.record?.id ?? "";
  const { data } = useQuery({ queryKey: ["conflict", collection.id, id], queryFn: () => loadRecord(collection.name, id), gcTime: 0 });
  const theirs = data ? changedNames(startValues(collection, form.record), startValues(collection, data.record)) : [];
  const both = theirs.filter((name) => form.changed.includes(name));
  return (
    <Alert color="red" role="alert" title={t("Somebody else has changed this record")}>
      <Text size="sm">
        {data ? t("They changed: {names}.", { names: theirs.join(", ") || "–" }) : t("Looking at what they changed …")}{" "}
        {both.length > 0 && t("You both changed: {names}.", { names: both.join(", ") })}
      </Text>
      <Group gap="xs" mt="sm">
        <Button size="compact-sm" variant="default" onClick={reload}>
          {t("Take theirs, drop my changes")}
        </Button>
        <Button size="compact-sm" color="red" variant="light" onClick={overwrite}>
          {t("Save mine over it")}
        </Button>
        <Button size="compact-sm" variant="subtle" color="gray" onClick={form.dismissConflict}>
          {t("Keep editing")}
        </Button>
      </Group>
    </Alert>
  );
}
