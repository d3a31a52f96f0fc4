import { Button, Fieldset, Group, Modal, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { pb } from "@/api/client";
import { testEmail, type TemplateName } from "@/api/settings";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import { attempt } from "@/ui/toast";
import type { Draft } from "../use-draft";

interface Template {
  subject: string;
  body: string;
}

interface Props {
  collection: Collection;
  template: TemplateName;
  value: Template;
  onChange: (value: Template) => void;
  placeholders: string;
  error: (part: string) => string | undefined;
}

/** Subject and text of one mail, and a way to send it as a test. */
export function TemplateInputs({ collection, template, value, onChange, placeholders, error }: Props) {
  const [testing, setTesting] = useState(false);
  const [address, setAddress] = useState(() => String(pb.authStore.record?.["email"] ?? ""));
  return (
    <Stack gap="xs">
      <TextInput label={t("Subject")} value={value.subject} onChange={(event) => onChange({ ...value, subject: event.currentTarget.value })} error={error("subject")} />
      <Textarea label={t("Text (HTML)")} className="hs-mono" minRows={4} spellCheck={false} value={value.body} onChange={(event) => onChange({ ...value, body: event.currentTarget.value })} error={error("body")} />
      <Group justify="space-between">
        <Text size="xs" c="dimmed" className="hs-mono">{placeholders}</Text>
        {collection.id && (
          <Button size="compact-sm" variant="subtle" onClick={() => setTesting(true)}>
            {t("Send a test")}
          </Button>
        )}
      </Group>
      <Modal opened={testing} onClose={() => setTesting(false)} title={t("Send a test")} closeButtonProps={{ "aria-label": t("Close") }}>
        <form
          onSubmit={async (event) => {
            event.preventDefault();
            event.stopPropagation();
            if (await attempt(() => testEmail(collection.id, address, template), t("A mail is on its way."))) setTesting(false);
          }}
        >
          <Stack>
            <Text size="sm" c="dimmed">{t("The saved text is sent, not what is being written.")}</Text>
            <TextInput type="email" required label={t("Email")} data-autofocus value={address} onChange={(event) => setAddress(event.currentTarget.value)} />
            <Button type="submit">{t("Send")}</Button>
          </Stack>
        </form>
      </Modal>
    </Stack>
  );
}

const MAILS = () =>
  [
    { key: "verificationTemplate", template: "verification", title: t("Confirming an address") },
    { key: "resetPasswordTemplate", template: "password-reset", title: t("Resetting a password") },
    { key: "confirmEmailChangeTemplate", template: "email-change", title: t("Changing an address") },
  ] as const;

export function MailTemplates({ draft }: { draft: Draft }) {
  return (
    <Stack>
      {MAILS().map(({ key, template, title }) => (
        <Fieldset key={key} legend={title}>
          <TemplateInputs
            collection={draft.now}
            template={template}
            value={draft.now[key] ?? { subject: "", body: "" }}
            onChange={(value) => draft.set({ [key]: value })}
            placeholders="{APP_NAME} {APP_URL} {TOKEN} {RECORD:*}"
            error={(part) => draft.error(`${key}.${part}`)}
          />
        </Fieldset>
      ))}
    </Stack>
  );
}
