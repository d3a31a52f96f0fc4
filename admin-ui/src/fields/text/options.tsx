import { SimpleGrid, TagsInput, TextInput } from "@mantine/core";
import type { EmailField, TextField, UrlField } from "@/api/schema";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";
import type { OptionsProps } from "../options-props";

export function TextOptions({ field, set, error }: OptionsProps<TextField>) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      <NumberBox label={t("Shortest length")} value={field.min} zeroIsNone placeholder={t("no limit")} onChange={(min) => set({ min: min ?? 0 })} error={error("min")} />
      <NumberBox label={t("Longest length")} value={field.max} zeroIsNone placeholder="5000" onChange={(max) => set({ max: max ?? 0 })} error={error("max")} />
      <TextInput label={t("Pattern")} description={t("A regular expression that values must match")} className="hs-mono" value={field.pattern} placeholder="^[a-z0-9-]+$" onChange={(event) => set({ pattern: event.currentTarget.value })} error={error("pattern")} />
      <TextInput label={t("Pattern of generated values")} description={t("For values that are left empty")} value={field.autogeneratePattern} placeholder="[a-z0-9]{30}" onChange={(event) => set({ autogeneratePattern: event.currentTarget.value })} error={error("autogeneratePattern")} />
    </SimpleGrid>
  );
}

export function DomainOptions({ field, set, error }: OptionsProps<EmailField> | OptionsProps<UrlField>) {
  const only = field.onlyDomains ?? [];
  const except = field.exceptDomains ?? [];
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      <TagsInput label={t("Only these domains")} placeholder="example.com" value={only} disabled={except.length > 0} onChange={(onlyDomains) => set({ onlyDomains })} error={error("onlyDomains")} />
      <TagsInput label={t("All but these domains")} placeholder="example.com" value={except} disabled={only.length > 0} onChange={(exceptDomains) => set({ exceptDomains })} error={error("exceptDomains")} />
    </SimpleGrid>
  );
}
