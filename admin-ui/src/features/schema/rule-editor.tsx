import { Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import type { Collection } from "@/api/schema";
import { RuleExplanation } from "@/fields/rule/explanation";
import { RuleInput } from "@/fields/rule/input";
import { t } from "@/i18n";

interface Props {
  label: string;
  about: string;
  rule: string | null;
  set: (rule: string | null) => void;
  collection: Collection;
  all: Collection[];
  error: string | undefined;
  disabled: boolean;
  /** Whether everybody may be let in. */
  publicAllowed: boolean;
}

/** One rule: nobody, everybody, or a condition, with what it means in words. */
export function RuleEditor({ label, about, rule, set, collection, all, error, disabled, publicAllowed }: Props) {
  const mode = rule === null ? "locked" : rule === "" ? "open" : "rule";
  const suggestion = collection.type === "auth" ? "id = @request.auth.id" : '@request.auth.id != ""';
  return (
    <Stack gap={6} role="group" aria-label={label}>
      <Group justify="space-between" gap="xs">
        <div>
          <Title order={3}>{label}</Title>
          <Text size="xs" c="dimmed">{about}</Text>
        </div>
        <SegmentedControl
          size="xs"
          aria-label={label}
          disabled={disabled}
          value={mode}
          onChange={(next) => set(next === "locked" ? null : next === "open" ? "" : suggestion)}
          data={[
            { value: "locked", label: t("Superusers") },
            ...(publicAllowed ? [{ value: "open", label: t("Everybody") }] : []),
            { value: "rule", label: t("Condition") },
          ]}
        />
      </Group>
      {mode === "rule" && <RuleInput label={label} value={rule ?? ""} onChange={(next) => set(next || " ")} collection={collection} all={all} scope="rule" error={error} disabled={disabled} />}
      {mode !== "rule" && error && <Text size="sm" c="red">{error}</Text>}
      <RuleExplanation rule={rule} />
    </Stack>
  );
}
