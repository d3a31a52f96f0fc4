import { Stack, TagsInput } from "@mantine/core";
import type { SelectField } from "@/api/schema";
import { t } from "@/i18n";
import { HowMany } from "../how-many";
import type { OptionsProps } from "../options-props";

export function SelectOptions({ field, set, error }: OptionsProps<SelectField>) {
  const values = field.values ?? [];
  return (
    <Stack gap="sm">
      <TagsInput
        label={t("Choices")}
        description={t("Enter or a comma ends a choice")}
        withAsterisk
        value={values}
        onChange={(next) => set({ values: next, maxSelect: Math.min(field.maxSelect, Math.max(next.length, 1)) })}
        error={error("values")}
      />
      <HowMany maxSelect={field.maxSelect} several={values.length} set={(maxSelect) => set({ maxSelect })} error={error("maxSelect")} />
    </Stack>
  );
}
