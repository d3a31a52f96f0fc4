import { Group, SimpleGrid, Switch, Text, TextInput } from "@mantine/core";
import type { AutodateField, DateField } from "@/api/schema";
import { t } from "@/i18n";
import { parseDate, toUtcInput, writeDate } from "@/lib/dates";
import type { OptionsProps } from "../options-props";

function Bound({ label, value, onChange, error }: { label: string; value: string; onChange: (value: string) => void; error: string | undefined }) {
  const date = parseDate(value);
  return (
    <TextInput
      type="datetime-local"
      step={1}
      label={`${label} (UTC)`}
      value={date ? toUtcInput(date) : ""}
      onChange={(event) => onChange(event.currentTarget.value ? writeDate(new Date(`${event.currentTarget.value}Z`)) : "")}
      error={error}
    />
  );
}

export function DateOptions({ field, set, error }: OptionsProps<DateField>) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      <Bound label={t("Earliest")} value={field.min} onChange={(min) => set({ min })} error={error("min")} />
      <Bound label={t("Latest")} value={field.max} onChange={(max) => set({ max })} error={error("max")} />
    </SimpleGrid>
  );
}

export function AutodateOptions({ field, set, error }: OptionsProps<AutodateField>) {
  const fault = error("onCreate") ?? error("onUpdate");
  return (
    <div>
      <Group>
        <Switch label={t("Set on creation")} checked={field.onCreate} disabled={field.system} onChange={(event) => set({ onCreate: event.currentTarget.checked })} />
        <Switch label={t("Set on every change")} checked={field.onUpdate} disabled={field.system} onChange={(event) => set({ onUpdate: event.currentTarget.checked })} />
      </Group>
      {fault && <Text size="xs" c="red">{fault}</Text>}
    </div>
  );
}
