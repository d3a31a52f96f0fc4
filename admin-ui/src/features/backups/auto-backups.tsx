import { Autocomplete, Button, Fieldset, Group, SimpleGrid, Stack, Switch } from "@mantine/core";
import { type Settings, useSaveSettings, useSettings } from "@/api/settings";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";
import { S3Inputs } from "@/ui/s3-inputs";
import { say } from "@/ui/toast";
import { useForm } from "@/ui/use-form";
import { useUnsavedGuard } from "@/ui/use-guard";

const PRESETS = ["0 0 * * *", "0 0 * * 0", "0 0 * * 1,3", "0 0 1 * *", "0 */6 * * *"];

export function AutoBackups() {
  const { data } = useSettings();
  return data ? <Form settings={data} /> : null;
}

function Form({ settings }: { settings: Settings }) {
  const form = useForm({ backups: settings.backups });
  const send = useSaveSettings();
  useUnsavedGuard(form.dirty);
  const { backups } = form.values;
  const set = (change: Partial<Settings["backups"]>) => form.set("backups", { ...backups, ...change });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void form.submit(async (values) => {
          form.reset({ backups: (await send(values)).backups });
          say(t("The settings are saved."));
        });
      }}
    >
      <Stack>
        <Fieldset legend={t("By itself")}>
          <Stack gap="sm">
            <Switch label={t("Make backups by the clock")} checked={backups.cron !== ""} onChange={(event) => set({ cron: event.currentTarget.checked ? "0 0 * * *" : "", cronMaxKeep: backups.cronMaxKeep || 3 })} />
            {backups.cron !== "" && (
              <SimpleGrid cols={{ base: 1, xs: 2 }}>
                <Autocomplete label={t("When (cron, in UTC)")} data={PRESETS} value={backups.cron} onChange={(cron) => set({ cron })} error={form.error("backups.cron")} />
                <NumberBox label={t("How many to keep")} value={backups.cronMaxKeep} onChange={(cronMaxKeep) => set({ cronMaxKeep: cronMaxKeep ?? 0 })} error={form.error("backups.cronMaxKeep")} />
                <NumberBox label={t("Every how many of them is a full one")} description={t("Those between hold only what has changed. Empty means that all are full.")} value={backups.fullEvery ?? 0} zeroIsNone onChange={(fullEvery) => set({ fullEvery: fullEvery ?? 0 })} error={form.error("backups.fullEvery")} />
              </SimpleGrid>
            )}
          </Stack>
        </Fieldset>
        <Fieldset legend={t("Place")}>
          <Stack gap="sm">
            <Switch label={t("Keep backups in an S3 store")} checked={backups.s3.enabled} onChange={(event) => set({ s3: { ...backups.s3, enabled: event.currentTarget.checked } })} />
            {backups.s3.enabled && <S3Inputs value={backups.s3} onChange={(s3) => set({ s3 })} error={(name) => form.error(`backups.s3.${name}`)} filesystem="backups" unsaved={form.dirty} />}
            {(settings.s3.enabled || settings.backups.includeFiles) && (
              <Switch label={t("With the files of records that are in a bucket")} description={t("All of them are fetched for each full backup. Without it they are left out.")} checked={backups.includeFiles ?? false} onChange={(event) => set({ includeFiles: event.currentTarget.checked })} />
            )}
          </Stack>
        </Fieldset>
        <Group>
          <Button type="submit" loading={form.busy} disabled={!form.dirty}>{t("Save changes")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
