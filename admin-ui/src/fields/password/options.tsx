import { SimpleGrid, TextInput } from "@mantine/core";
import type { PasswordField } from "@/api/schema";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";
import type { OptionsProps } from "../options-props";

export function PasswordOptions({ field, set, error }: OptionsProps<PasswordField>) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      <NumberBox label={t("Shortest length")} value={field.min} zeroIsNone placeholder={t("no limit")} onChange={(min) => set({ min: min ?? 0 })} error={error("min")} />
      <NumberBox label={t("Longest length")} value={field.max} zeroIsNone placeholder="71" onChange={(max) => set({ max: max ?? 0 })} error={error("max")} />
      <TextInput label={t("Pattern")} description={t("A regular expression that values must match")} value={field.pattern} onChange={(event) => set({ pattern: event.currentTarget.value })} error={error("pattern")} />
      <NumberBox label={t("Cost of the hash")} description={t("Higher is slower to guess, and to check")} value={field.cost} zeroIsNone placeholder="10" onChange={(cost) => set({ cost: cost ?? 0 })} error={error("cost")} />
    </SimpleGrid>
  );
}
