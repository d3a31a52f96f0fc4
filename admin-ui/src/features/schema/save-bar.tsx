import { Alert, Button, Group, List, Modal, Stack, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useState } from "react";
import { t } from "@/i18n";
import { go, link } from "@/lib/route";
import { say } from "@/ui/toast";
import { changesOf } from "./changes";
import classes from "./save-bar.module.css";
import type { Draft } from "./use-draft";

/** Stands at the foot of a collection's page while something is not saved. Changes are reviewed before they are made. */
export function SaveBar({ draft }: { draft: Draft }) {
  const [reviewing, setReviewing] = useState(false);
  const { saved, busy, dirty } = draft;
  const start = () => {
    if (saved) setReviewing(true);
    else void save();
  };
  const save = async () => {
    const stored = await draft.save();
    setReviewing(false);
    if (!stored) return;
    say(saved ? t("The collection is saved.") : t("The collection is created."));
    const tab = new URLSearchParams(location.hash.split("?")[1]).get("tab") ?? "";
    // The guard must see the draft clean before the address changes.
    if (!saved) setTimeout(() => go(link("collections", { collection: stored.name })));
    else if (stored.name !== saved.name) setTimeout(() => go(link("collections", { collection: stored.name, tab })));
  };
  useHotkeys([["mod+S", () => dirty && start()]], []);
  if (!dirty && saved) return null;
  const changes = saved && reviewing ? changesOf(saved, draft.result()) : [];
  const faults = Object.entries(draft.errors);
  return (
    <div className={classes["bar"]} role="region" aria-label={t("Unsaved changes")}>
      {faults.length > 0 && (
        <Alert color="red" p="xs" mb="xs" role="alert">
          {faults.slice(0, 4).map(([path, message]) => (
            <Text size="sm" key={path}>
              <span className="hs-mono">{path}</span> {message}
            </Text>
          ))}
        </Alert>
      )}
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" c="dimmed">
          {saved ? t("Changes are not saved yet") : t("The collection is not created yet")}
        </Text>
        <Group gap="xs" wrap="nowrap">
          <Button variant="subtle" color="gray" onClick={draft.reset}>
            {t("Discard")}
          </Button>
          <Button loading={busy} onClick={start}>
            {saved ? t("Review and save") : t("Create collection")}
          </Button>
        </Group>
      </Group>
      <Modal opened={reviewing} onClose={() => setReviewing(false)} title={t("What will change")} size="lg" closeButtonProps={{ "aria-label": t("Close") }}>
        <Stack>
          <List size="sm" spacing={6}>
            {changes.map(({ text, risky }) => (
              <List.Item key={text} className={risky ? (classes["risky"] ?? "") : ""}>
                {text}
              </List.Item>
            ))}
          </List>
          {changes.some((change) => change.risky) && (
            <Text size="sm" c="dimmed">
              {t("Marked changes may break apps that use this collection.")}
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setReviewing(false)}>
              {t("Cancel")}
            </Button>
            <Button loading={busy} onClick={() => void save()} data-autofocus>
              {t("Save")}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </div>
  );
}
