import { Button, Group, Modal, Select, Stack, Switch } from "@mantine/core";
import { type Settings, useSaveSettings, useSettings } from "@/api/settings";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";
import { ListLoading } from "@/ui/states";
import { say } from "@/ui/toast";
import { useForm } from "@/ui/use-form";
import { useFocusBack } from "@/ui/use-focus-back";
import { LEVELS } from "./levels";

export function LogSettings({ close }: { close: () => void }) {
  useFocusBack();
  const { data } = useSettings();
  return (
    <Modal opened onClose={close} title={t("What is noted")} closeButtonProps={{ "aria-label": t("Close") }}>
      {data ? <Form settings={data} close={close} /> : <ListLoading rows={3} />}
    </Modal>
  );
}

function Form({ settings, close }: { settings: Settings; close: () => void }) {
  const form = useForm(settings.logs);
  const save = useSaveSettings();
  const { maxDays, minLevel, logIP, logAuthId } = form.values;
  return (
    <form
      onSubmit={async (event) => {
        event.preventDefault();
        const done = await form.submit((logs) => save({ logs }));
        if (!done) return;
        say(t("The settings are saved."));
        close();
      }}
    >
      <Stack>
        <NumberBox label={t("Days to keep entries")} description={t("0 notes nothing")} value={maxDays} onChange={(days) => form.set("maxDays", days ?? 0)} error={form.error("logs.maxDays")} />
        <Select label={t("Least level")} description={t("Entries below it are deleted when this is saved")} allowDeselect={false} data={LEVELS.map((level) => ({ value: String(level.value), label: level.name }))} value={String(minLevel)} onChange={(value) => form.set("minLevel", Number(value))} />
        <Switch label={t("Note addresses of callers")} checked={logIP} onChange={(event) => form.set("logIP", event.currentTarget.checked)} />
        <Switch label={t("Note ids of accounts")} checked={logAuthId} onChange={(event) => form.set("logAuthId", event.currentTarget.checked)} />
        <Group justify="flex-end">
          <Button type="submit" loading={form.busy}>{t("Save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
