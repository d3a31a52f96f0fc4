import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { createBackup } from "@/api/backups";
import { t } from "@/i18n";
import { say } from "@/ui/toast";
import { useForm } from "@/ui/use-form";
import { useFocusBack } from "@/ui/use-focus-back";

export function CreateBackup({ close, done }: { close: () => void; done: () => void }) {
  useFocusBack();
  const form = useForm({ name: "" });
  return (
    <Modal opened onClose={close} title={t("New backup")} closeButtonProps={{ "aria-label": t("Close") }}>
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          if (!(await form.submit(({ name }) => createBackup(name.trim())))) return;
          say(t("The backup is made."));
          done();
        }}
      >
        <Stack>
          <TextInput data-autofocus label={t("Name")} description={t("Small letters, digits, _ and -, and .zip at the end. Generated when left empty.")} placeholder="before-the-move.zip" value={form.values.name} onChange={(event) => form.set("name", event.currentTarget.value)} error={form.error("name")} />
          <Group justify="flex-end">
            <Button type="submit" loading={form.busy}>{t("Make the backup")}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
