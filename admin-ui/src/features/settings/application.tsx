import { Alert, ColorSwatch, Fieldset, Group, Input, SimpleGrid, Stack, Switch, TextInput, UnstyledButton } from "@mantine/core";
import type { Settings } from "@/api/settings";
import { t } from "@/i18n";
import { IconCheck } from "@/ui/icons";
import { NumberBox } from "@/ui/number-box";
import { SettingsForm } from "@/ui/settings-form";
import { withSettings } from "./loaded";
import { useSettingsForm } from "./use-settings-form";

const PRESETS = ["#1055c9", "#3f6b3c", "#b4530a", "#a8321f", "#7a3e9d", "#0f766e", "#4b5563"];

/** Whether white text could not be read on this color. */
function isLight(color: string): boolean {
  const [red = 0, green = 0, blue = 0] = (/^#(..)(..)(..)$/.exec(color) ?? []).slice(1).map((part) => Number.parseInt(part, 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 186;
}

function Application({ settings }: { settings: Settings }) {
  const { form, save } = useSettingsForm(settings, ["meta", "batch"]);
  const { meta, batch } = form.values;
  const setMeta = (change: Partial<Settings["meta"]>) => form.set("meta", { ...meta, ...change });
  const setBatch = (change: Partial<Settings["batch"]>) => form.set("batch", { ...batch, ...change });
  return (
    <SettingsForm form={form} save={save} title={t("Application")}>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput label={t("Name of the application")} withAsterisk value={meta.appName} onChange={(event) => setMeta({ appName: event.currentTarget.value })} error={form.error("meta.appName")} />
        <TextInput label={t("Address of the application")} type="url" withAsterisk value={meta.appURL} onChange={(event) => setMeta({ appURL: event.currentTarget.value })} error={form.error("meta.appURL")} />
      </SimpleGrid>
      <Input.Wrapper label={t("Color")} description={t("Marks this server at the top of the dashboard, to tell it from others")} error={form.error("meta.accentColor")} labelElement="div">
        <Group gap="xs" mt={6}>
          {PRESETS.map((color) => (
            <UnstyledButton key={color} aria-label={color} aria-pressed={meta.accentColor === color} onClick={() => setMeta({ accentColor: color })}>
              <ColorSwatch color={color} size={26}>
                {meta.accentColor === color && <IconCheck size={14} color="#fff" />}
              </ColorSwatch>
            </UnstyledButton>
          ))}
          <input type="color" aria-label={t("Another color")} value={meta.accentColor || "#1055c9"} onChange={(event) => setMeta({ accentColor: event.currentTarget.value })} />
        </Group>
        {isLight(meta.accentColor) && <Alert p="xs" mt="xs" color="yellow">{t("This color is too light to be read on.")}</Alert>}
      </Input.Wrapper>
      <Switch label={t("Protect from slips")} description={t("Hides what changes collections, and asks before records are saved. For servers that people depend on.")} checked={meta.hideControls} onChange={(event) => setMeta({ hideControls: event.currentTarget.checked })} />
      <Fieldset legend={t("Batches")}>
        <Stack gap="sm">
          <Switch label={t("Allow several changes in one request")} description={t("All of them are made, or none")} checked={batch.enabled} onChange={(event) => setBatch({ enabled: event.currentTarget.checked })} />
          <SimpleGrid cols={{ base: 1, xs: 3 }}>
            <NumberBox label={t("Changes at most")} value={batch.maxRequests} onChange={(maxRequests) => setBatch({ maxRequests: maxRequests ?? 0 })} error={form.error("batch.maxRequests")} />
            <NumberBox label={t("Seconds at most")} value={batch.timeout} onChange={(timeout) => setBatch({ timeout: timeout ?? 0 })} error={form.error("batch.timeout")} />
            <NumberBox label={t("Bytes at most")} zeroIsNone placeholder="128 MB" value={batch.maxBodySize} onChange={(maxBodySize) => setBatch({ maxBodySize: maxBodySize ?? 0 })} error={form.error("batch.maxBodySize")} />
          </SimpleGrid>
        </Stack>
      </Fieldset>
    </SettingsForm>
  );
}

export const ApplicationPage = withSettings(Application);
