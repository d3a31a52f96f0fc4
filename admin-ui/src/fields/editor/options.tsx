import { SimpleGrid, Switch } from "@mantine/core";
import type { EditorField } from "@/api/schema";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";
import type { OptionsProps } from "../options-props";

export function EditorOptions({ field, set, error }: OptionsProps<EditorField>) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      <NumberBox label={t("Largest size in bytes")} value={field.maxSize} zeroIsNone placeholder="5242880" onChange={(maxSize) => set({ maxSize: maxSize ?? 0 })} error={error("maxSize")} />
      <Switch mt={{ xs: 28 }} label={t("Shorten addresses of this server")} description={t("Links and pictures lose the domain when they are added")} checked={field.convertURLs} onChange={(event) => set({ convertURLs: event.currentTarget.checked })} />
    </SimpleGrid>
  );
}
