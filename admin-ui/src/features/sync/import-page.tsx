import { Alert, Anchor, Badge, Button, FileButton, Group, Modal, Stack, Switch, Text } from "@mantine/core";
import { useState } from "react";
import { importCollections, useCollections, useCollectionsChanged } from "@/api/collections";
import { t } from "@/i18n";
import { CodeEditor } from "@/ui/code-editor";
import { IconUpload } from "@/ui/icons";
import { SettingsFrame } from "@/ui/settings-form";
import { attempt } from "@/ui/toast";
import { compare, type Difference, readExport } from "./compare";
import classes from "./sync.module.css";

const KINDS = { added: "moss", changed: "yellow", removed: "red" } as const;
const kindName = (kind: Difference["kind"]) => ({ added: t("new"), changed: t("changes"), removed: t("is deleted") })[kind];

/** Takes over definitions of collections from a file, after showing what would change. */
export function ImportPage() {
  const { all } = useCollections();
  const changed = useCollectionsChanged();
  const [text, setText] = useState("");
  const [deleteMissing, setDeleteMissing] = useState(false);
  const [reviewing, setReviewing] = useState(false);
  const [busy, setBusy] = useState(false);
  const read = text.trim() === "" ? null : readExport(text);
  const incoming = read && "collections" in read ? read.collections : null;
  const differences = incoming ? compare(all, incoming, deleteMissing) : [];
  const otherIds = incoming?.filter((each) => each.id && all.some((old) => old.name === each.name && old.id !== each.id)) ?? [];
  const takeIds = () => setText(JSON.stringify(incoming?.map((each) => ({ ...each, id: all.find((old) => old.name === each.name)?.id ?? each.id })), null, 2));
  const run = async () => {
    setBusy(true);
    if (await attempt(() => importCollections(incoming ?? [], deleteMissing), t("The collections are imported."))) {
      setReviewing(false);
      setText("");
      await changed();
    }
    setBusy(false);
  };
  return (
    <SettingsFrame
      title={t("Import collections")}
      intro={t("Definitions that another server exported. Records are not touched, but fields that go take their values with them.")}
      action={
        <FileButton accept="application/json,.json" onChange={(file) => void file?.text().then(setText)}>
          {(props) => (
            <Button {...props} variant="default" leftSection={<IconUpload size={16} />}>
              {t("Load a file")}
            </Button>
          )}
        </FileButton>
      }
    >
      <Stack>
        <CodeEditor language="json" label={t("Collections as JSON")} value={text} onChange={setText} minHeight={180} />
        {read && "fault" in read && <Alert color="red" p="xs" role="alert">{read.fault === "json" ? t("This is no JSON.") : t("This is no list of collections.")}</Alert>}
        <Switch label={t("Delete what is missing")} description={t("Collections and fields that the file does not name are deleted")} checked={deleteMissing} onChange={(event) => setDeleteMissing(event.currentTarget.checked)} />
        {otherIds.length > 0 && (
          <Alert color="yellow" p="xs">
            {t("Some collections have the same name here and another id: {names}.", { names: otherIds.map((each) => each.name).join(", ") })}{" "}
            <Anchor component="button" type="button" size="sm" onClick={takeIds}>{t("Use the ids of this server")}</Anchor>
          </Alert>
        )}
        {incoming && differences.length === 0 && <Alert p="xs" role="status">{t("Everything is already like this.")}</Alert>}
        {differences.length > 0 && (
          <Group gap="xs">
            {differences.map((each) => (
              <Badge key={`${each.kind} ${each.name}`} color={KINDS[each.kind]}>
                {each.name} {kindName(each.kind)}
              </Badge>
            ))}
          </Group>
        )}
        <Group>
          <Button disabled={differences.length === 0} onClick={() => setReviewing(true)}>{t("Review")}</Button>
          {text && <Button variant="subtle" color="gray" onClick={() => setText("")}>{t("Clear")}</Button>}
        </Group>
      </Stack>
      <Modal opened={reviewing} onClose={() => setReviewing(false)} size="xl" title={t("What will change")} closeButtonProps={{ "aria-label": t("Close") }}>
        <Stack>
          {differences.map((each) => <DifferenceView key={`${each.kind} ${each.name}`} difference={each} />)}
          {differences.some((each) => each.kind === "removed" || each.parts.some((part) => part.danger)) && <Alert color="red">{t("Data is deleted with what is red. This cannot be undone.")}</Alert>}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setReviewing(false)}>{t("Cancel")}</Button>
            <Button loading={busy} onClick={() => void run()}>{t("Import")}</Button>
          </Group>
        </Stack>
      </Modal>
    </SettingsFrame>
  );
}

function DifferenceView({ difference }: { difference: Difference }) {
  return (
    <section>
      <Group gap="xs" mb={4}>
        <Text fw={600}>{difference.name}</Text>
        <Badge color={KINDS[difference.kind]}>{kindName(difference.kind)}</Badge>
      </Group>
      {difference.parts.map((part) => (
        <div key={part.name} className={classes["part"]}>
          <Text size="xs" c={part.danger ? "red" : "dimmed"}>{part.name}</Text>
          <div className={classes["sides"]}>
            <pre className={classes["before"]}>{part.before || "–"}</pre>
            <pre className={classes["after"]}>{part.after || "–"}</pre>
          </div>
        </div>
      ))}
    </section>
  );
}
