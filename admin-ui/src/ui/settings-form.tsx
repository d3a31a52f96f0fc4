import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import type { ReactNode } from "react";
import { t } from "@/i18n";
import type { Form } from "./use-form";
import { useUnsavedGuard } from "./use-guard";

interface FrameProps {
  title: string;
  intro?: ReactNode;
  action?: ReactNode;
  children: ReactNode;
  wide?: boolean;
}

/** The frame of every page of settings. */
export function SettingsFrame({ title, intro, action, children, wide = false }: FrameProps) {
  return (
    <Stack gap="lg" {...(!wide && { maw: 720 })}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <div>
          <Title order={1}>{title}</Title>
          {intro && <Text size="sm" c="dimmed" mt={2} component="div">{intro}</Text>}
        </div>
        {action}
      </Group>
      {children}
    </Stack>
  );
}

interface Props<T> extends FrameProps {
  form: Form<T>;
  save: () => Promise<unknown>;
}

/** A page of settings that is one form: Ctrl+S saves, leaving with changes asks. */
export function SettingsForm<T>({ form, save, children, ...frame }: Props<T>) {
  useUnsavedGuard(form.dirty);
  useHotkeys([["mod+S", () => form.dirty && void save()]], []);
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <SettingsFrame {...frame}>
        {children}
        <Group>
          <Button type="submit" loading={form.busy} disabled={!form.dirty}>
            {t("Save changes")}
          </Button>
        </Group>
      </SettingsFrame>
    </form>
  );
}
