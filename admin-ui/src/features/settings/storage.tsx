import { Alert, SegmentedControl } from "@mantine/core";
import type { Settings } from "@/api/settings";
import { t } from "@/i18n";
import { S3Inputs } from "@/ui/s3-inputs";
import { SettingsForm } from "@/ui/settings-form";
import { withSettings } from "./loaded";
import { useSettingsForm } from "./use-settings-form";

function Storage({ settings }: { settings: Settings }) {
  const { form, save } = useSettingsForm(settings, ["s3"]);
  const { s3 } = form.values;
  return (
    <SettingsForm form={form} save={save} title={t("File storage")} intro={t("Where the files of records are kept.")}>
      <SegmentedControl
        w="fit-content"
        aria-label={t("File storage")}
        value={s3.enabled ? "s3" : "local"}
        onChange={(value) => form.set("s3", { ...s3, enabled: value === "s3" })}
        data={[{ value: "local", label: t("On this machine") }, { value: "s3", label: t("In an S3 store") }]}
      />
      {s3.enabled !== settings.s3.enabled && (
        <Alert color="yellow" title={t("Files do not move by themselves")}>
          {t("Copy the files that exist to the new place yourself, for example with rclone. Until then they cannot be found.")}
        </Alert>
      )}
      {s3.enabled && <S3Inputs value={s3} onChange={(next) => form.set("s3", next)} error={(name) => form.error(`s3.${name}`)} filesystem="storage" unsaved={form.dirty} />}
    </SettingsForm>
  );
}

export const StoragePage = withSettings(Storage);
