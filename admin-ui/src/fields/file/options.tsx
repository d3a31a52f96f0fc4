import { Group, SimpleGrid, Stack, Switch, TagsInput } from "@mantine/core";
import { Button } from "@mantine/core";
import type { FileField } from "@/api/schema";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";
import { HowMany } from "../how-many";
import type { OptionsProps } from "../options-props";

const PRESETS = (): { label: string; types: string[] }[] => [
  { label: t("Pictures"), types: ["image/jpeg", "image/png", "image/svg+xml", "image/gif", "image/webp"] },
  { label: t("Documents"), types: ["application/pdf", "text/plain", "text/csv", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"] },
  { label: t("Sound and film"), types: ["audio/mpeg", "audio/ogg", "audio/wav", "video/mp4", "video/webm"] },
];

export function FileOptions({ field, set, error }: OptionsProps<FileField>) {
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <HowMany maxSelect={field.maxSelect} several={10} set={(maxSelect) => set({ maxSelect })} error={error("maxSelect")} />
        <NumberBox label={t("Largest size of a file in bytes")} value={field.maxSize} zeroIsNone placeholder="5242880" onChange={(maxSize) => set({ maxSize: maxSize ?? 0 })} error={error("maxSize")} />
      </SimpleGrid>
      <div>
        <TagsInput label={t("Allowed types")} description={t("None named means any")} value={field.mimeTypes ?? []} onChange={(mimeTypes) => set({ mimeTypes })} placeholder="image/png" error={error("mimeTypes")} />
        <Group gap={6} mt={6}>
          {PRESETS().map(({ label, types }) => (
            <Button key={label} size="compact-xs" variant="default" onClick={() => set({ mimeTypes: types })}>
              {label}
            </Button>
          ))}
        </Group>
      </div>
      <TagsInput
        label={t("Sizes of thumbnails")}
        description={t("100x100 crops from the middle; t or b at the end crops from the top or bottom, f fits; 0 keeps the ratio")}
        value={field.thumbs ?? []}
        onChange={(thumbs) => set({ thumbs })}
        placeholder="100x100"
        error={error("thumbs")}
      />
      <Switch label={t("Protected")} description={t("Only for those whom the view rule lets in, with a short-lived token")} checked={field.protected} onChange={(event) => set({ protected: event.currentTarget.checked })} />
    </Stack>
  );
}
