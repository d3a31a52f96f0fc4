import { Group, Select, Stack, Switch } from "@mantine/core";
import type { RelationField } from "@/api/schema";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";
import { HowMany } from "../how-many";
import type { OptionsProps } from "../options-props";

export function RelationOptions({ field, set, error, collections, isNew }: OptionsProps<RelationField>) {
  return (
    <Stack gap="sm">
      <Select
        label={t("Records of")}
        withAsterisk
        searchable
        disabled={!isNew}
        description={isNew ? undefined : t("Cannot change once the field is saved")}
        data={collections.filter((each) => each.type !== "view" || each.id === field.collectionId).toSorted((a, b) => Number(a.system) - Number(b.system)).map((each) => ({ value: each.id, label: each.name }))}
        value={field.collectionId || null}
        onChange={(collectionId) => set({ collectionId: collectionId ?? "" })}
        error={error("collectionId")}
      />
      <Group align="flex-end" gap="sm">
        <HowMany maxSelect={field.maxSelect} several={999} set={(maxSelect) => set({ maxSelect })} error={error("maxSelect")} />
        {field.maxSelect > 1 && <NumberBox label={t("At least")} w={110} value={field.minSelect} zeroIsNone onChange={(minSelect) => set({ minSelect: minSelect ?? 0 })} error={error("minSelect")} />}
      </Group>
      <Switch
        label={t("Delete along")}
        description={t("When the related record is deleted, the record that names it goes too")}
        checked={field.cascadeDelete}
        onChange={(event) => set({ cascadeDelete: event.currentTarget.checked })}
      />
    </Stack>
  );
}
