import { SimpleGrid, Switch } from "@mantine/core";
import type { NumberField } from "@/api/schema";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";
import type { OptionsProps } from "../options-props";

export function NumberOptions({ field, set, error }: OptionsProps<NumberField>) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      <NumberBox label={t("Smallest")} value={field.min} placeholder={t("no limit")} onChange={(min) => set({ min })} error={error("min")} />
      <NumberBox label={t("Largest")} value={field.max} placeholder={t("no limit")} onChange={(max) => set({ max })} error={error("max")} />
      <Switch label={t("Whole numbers only")} checked={field.onlyInt} onChange={(event) => set({ onlyInt: event.currentTarget.checked })} />
    </SimpleGrid>
  );
}
