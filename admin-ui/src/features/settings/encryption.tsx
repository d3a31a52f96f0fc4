import { Alert, List, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { loadHealth } from "@/api/settings";
import { t } from "@/i18n";
import { CodeBlock } from "@/ui/code-block";
import { IconLock, IconLockOpen } from "@/ui/icons";
import { SettingsFrame } from "@/ui/settings-form";
import { FailureNotice, ListLoading } from "@/ui/states";

const SWITCH_ON = `# config.toml
[encryption]
key_env = "HAVERSACK_KEY"`;
const GENERATE = "openssl rand -hex 16";
const CHANGE = `# config.toml
[encryption]
key_env = "HAVERSACK_KEY"
old_key_env = "HAVERSACK_OLD_KEY"`;

/** Whether the secrets in the data folder are encrypted, and how whoever runs the server changes that. */
export function EncryptionPage() {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ["health"], queryFn: loadHealth });
  const isOn = data?.secretsEncrypted === true;
  return (
    <SettingsFrame title={t("Encryption")} intro={t("Whether somebody with a copy of the data folder could read the secrets in it.")}>
      {isPending && <ListLoading rows={4} />}
      {error && <FailureNotice failure={error} retry={() => void refetch()} />}
      {data && (
        <>
          <Alert color={isOn ? "moss" : "yellow"} role="status" icon={isOn ? <IconLock /> : <IconLockOpen />} title={isOn ? t("Secrets are encrypted") : t("Secrets are not encrypted")}>
            {isOn ? t("They can be read with the key of this server only. Without it neither the data nor a backup of it is of any use, so keep the key safe, and elsewhere than the data.") : t("Whoever gets hold of the data folder, or of a backup, can read them.")}
          </Alert>
          <Stack gap="xs">
            <Title order={2}>{t("What it is about")}</Title>
            <List size="sm" spacing={2}>
              <List.Item>{t("settings, with the passwords of mail servers and the keys of buckets")}</List.Item>
              <List.Item>{t("what signs tokens, and secrets of login providers")}</List.Item>
              <List.Item>{t("webhooks, passkeys, apps for codes, API keys, logins, mails that wait")}</List.Item>
            </List>
            <Text size="sm" c="dimmed">{t("Not encrypted: records and their files, and the log. Passwords are kept as hashes either way. Encrypt the disk if they are to be protected, too.")}</Text>
          </Stack>
          {isOn ? (
            <>
              <Steps title={t("Change the key")} code={[CHANGE]}>{t("Name both keys, with the old one in the second variable, and start the server. Once it runs, take the second line out.")}</Steps>
              <Steps title={t("Go back")} code={[]}>{t("With nothing in key_env and the key in the variable that old_key_env names, the next start writes everything in the clear.")}</Steps>
            </>
          ) : (
            <Steps title={t("Switch it on")} code={[GENERATE, SWITCH_ON]}>{t("Put a key of 32 characters from a generator into a variable of the environment, name that in the configuration, and start the server. It writes its data anew. Note the key down first.")}</Steps>
          )}
          <Text size="sm" c="dimmed">{t("The key is never sent over the network, so this page cannot change it.")}</Text>
        </>
      )}
    </SettingsFrame>
  );
}

function Steps({ title, code, children }: { title: string; code: string[]; children: ReactNode }) {
  return (
    <Stack gap="xs">
      <Title order={2}>{title}</Title>
      <Text size="sm">{children}</Text>
      {code.map((each) => <CodeBlock key={each} label={title} code={each} />)}
    </Stack>
  );
}
