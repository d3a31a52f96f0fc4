import { Button, Group, PasswordInput } from "@mantine/core";
import type { PasswordField } from "@/api/schema";
import { t } from "@/i18n";
import { randomText } from "@/lib/text";
import { say } from "@/ui/toast";
import { type InputProps, labelled } from "../input-props";

/** A new password; the old one is never shown, because the server does not have it either. */
export function PasswordFieldInput(props: InputProps<PasswordField>) {
  const { field, value, onChange, record } = props;
  const generate = () => {
    const password = randomText(Math.min(Math.max(field.min, 20), field.max || 71));
    onChange(password);
    void navigator.clipboard?.writeText(password).then(() => say(t("A random password is set and copied.")));
  };
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <PasswordInput
        {...labelled(props)}
        flex={1}
        autoComplete="new-password"
        placeholder={record ? t("Leave empty to keep it") : ""}
        value={String(value ?? "")}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <Button variant="default" onClick={generate}>
        {t("Generate")}
      </Button>
    </Group>
  );
}
