import { Button, Group, Modal, PasswordInput, Select, SimpleGrid, Stack, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { pb } from "@/api/client";
import { useCollections } from "@/api/collections";
import { type Settings, TEMPLATES, type TemplateName, testEmail } from "@/api/settings";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";
import { SettingsForm } from "@/ui/settings-form";
import { attempt } from "@/ui/toast";
import { useFocusBack } from "@/ui/use-focus-back";
import { withSettings } from "./loaded";
import { useSettingsForm } from "./use-settings-form";

function Mail({ settings }: { settings: Settings }) {
  const { form, save } = useSettingsForm(settings, ["meta", "smtp"]);
  const { meta, smtp } = form.values;
  const [testing, setTesting] = useState(false);
  const setMeta = (change: Partial<Settings["meta"]>) => form.set("meta", { ...meta, ...change });
  const set = (change: Partial<Settings["smtp"]>) => form.set("smtp", { ...smtp, ...change });
  return (
    <>
      <SettingsForm
        form={form}
        save={save}
        title={t("Mail")}
        intro={t("Who mails come from, and which server sends them.")}
        action={
          <Button variant="default" onClick={() => setTesting(true)}>
            {t("Send a test")}
          </Button>
        }
      >
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput label={t("Name of the sender")} withAsterisk value={meta.senderName} onChange={(event) => setMeta({ senderName: event.currentTarget.value })} error={form.error("meta.senderName")} />
          <TextInput label={t("Address of the sender")} type="email" withAsterisk value={meta.senderAddress} onChange={(event) => setMeta({ senderAddress: event.currentTarget.value })} error={form.error("meta.senderAddress")} />
        </SimpleGrid>
        <Switch label={t("Send through an SMTP server")} description={t("Without one mails are handed to the sendmail program of this machine, and often end up as spam")} checked={smtp.enabled} onChange={(event) => set({ enabled: event.currentTarget.checked })} />
        {smtp.enabled && (
          <Stack gap="sm">
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <TextInput label={t("Host")} withAsterisk value={smtp.host} onChange={(event) => set({ host: event.currentTarget.value })} error={form.error("smtp.host")} />
              <NumberBox label={t("Port")} withAsterisk value={smtp.port} onChange={(port) => set({ port: port ?? 0 })} error={form.error("smtp.port")} />
              <TextInput label={t("User name")} autoComplete="off" value={smtp.username} onChange={(event) => set({ username: event.currentTarget.value })} error={form.error("smtp.username")} />
              <PasswordInput label={t("Password")} autoComplete="new-password" placeholder={t("Leave empty to keep it")} value={smtp.password ?? ""} onChange={(event) => set({ password: event.currentTarget.value })} error={form.error("smtp.password")} />
              <Select
                label={t("Encryption")}
                allowDeselect={false}
                data={[{ value: "auto", label: t("When the server offers it (StartTLS)") }, { value: "always", label: t("Always (TLS)") }]}
                value={smtp.tls ? "always" : "auto"}
                onChange={(value) => set({ tls: value === "always" })}
              />
              <Select label={t("Way to log in")} allowDeselect={false} data={["PLAIN", "LOGIN"]} value={smtp.authMethod || "PLAIN"} onChange={(value) => set({ authMethod: value ?? "" })} error={form.error("smtp.authMethod")} />
              <TextInput label={t("Own name (EHLO)")} placeholder="localhost" value={smtp.localName} onChange={(event) => set({ localName: event.currentTarget.value })} error={form.error("smtp.localName")} />
            </SimpleGrid>
          </Stack>
        )}
      </SettingsForm>
      {testing && <TestMail close={() => setTesting(false)} unsaved={form.dirty} />}
    </>
  );
}

function TestMail({ close, unsaved }: { close: () => void; unsaved: boolean }) {
  useFocusBack();
  const accounts = useCollections().all.filter((each) => each.type === "auth");
  const [collection, setCollection] = useState("_superusers");
  const [template, setTemplate] = useState<TemplateName>("verification");
  const [email, setEmail] = useState(() => String(pb.authStore.record?.["email"] ?? ""));
  const [busy, setBusy] = useState(false);
  return (
    <Modal opened onClose={close} title={t("Send a test")} closeButtonProps={{ "aria-label": t("Close") }}>
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          setBusy(true);
          const done = await attempt(() => testEmail(collection, email, template), t("A mail is on its way."));
          setBusy(false);
          if (done) close();
        }}
      >
        <Stack gap="sm">
          <Select label={t("Text")} allowDeselect={false} data={[...TEMPLATES]} value={template} onChange={(value) => value && setTemplate(value as TemplateName)} />
          <Select label={t("Collection")} allowDeselect={false} data={accounts.map((each) => each.name)} value={collection} onChange={(value) => value && setCollection(value)} />
          <TextInput label={t("To")} type="email" required value={email} onChange={(event) => setEmail(event.currentTarget.value)} description={unsaved ? t("Uses the saved settings, not what you are changing.") : undefined} />
          <Group justify="flex-end">
            <Button type="submit" loading={busy}>{t("Send")}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

export const MailPage = withSettings(Mail);
