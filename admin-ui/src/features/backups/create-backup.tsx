import { Button, Group, Modal, Stack, Switch, TextInput } from "@mantine/core";
import { createBackup } from "@/api/backups";
import { t } from "@/i18n";
import { say } from "@/ui/toast";
import { useForm } from "@/ui/use-form";
import { useFocusBack } from "@/ui/use-focus-back";

export function CreateBackup({ canGrow, close, done }: { canGrow: boolean; close: () => void; done: () => void }) {
  useFocusBack();
  const form = useForm({ name: "", incremental: false });
  return (
    <Modal opened onClose={close} title={t("New backup")} closeButtonProps={{ "aria-label": t("Close") }}>
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          if (!(await form.submit(({ name, incremental }) => createBackup(name.trim(), incremental)))) return;
          say(t("The backup is made."));
          done();
        }}
      >
        <Stack>
          <TextInput data-autofocus label={t("Name")} description={t("Small letters, digits, _ and -, and .zip at the end. Generated when left empty.")} placeholder="before-the-move.zip" value={form.values.name} onChange={(event) => form.set("name", event.currentTarget.value)} error={form.error("name")} />
          {canGrow && <Switch label={t("Only what has changed since the last one")} description={t("Small and quick. Restoring it needs the ones before, back to the full one.")} checked={form.values.incremental} onChange={(event) => form.set("incremental", event.currentTarget.checked)} />}
          <Group justify="flex-end">
            <Button type="submit" loading={form.busy}>{t("Make the backup")}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
