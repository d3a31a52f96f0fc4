import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyList } from "@/account/keys";
import { PasskeyList } from "@/account/passkeys";
import { SessionList } from "@/account/sessions";
import { type Owner, removeTotp, totpState } from "@/api/credentials";
import { t } from "@/i18n";
import { attempt } from "@/ui/toast";

/** Everything that speaks for an account. */
export function Credentials({ owner }: { owner: Owner }) {
  return (
    <Stack p="lg" gap="lg">
      <section>
        <Title order={3} mb="xs">{t("Sessions")}</Title>
        <SessionList owner={owner} />
      </section>
      <section>
        <Title order={3} mb="xs">{t("API keys")}</Title>
        <KeyList owner={owner} />
      </section>
      <section>
        <Title order={3} mb="xs">{t("Passkeys")}</Title>
        <PasskeyList owner={owner} />
      </section>
      <Totp owner={owner} />
    </Stack>
  );
}

function Totp({ owner }: { owner: Owner }) {
  const client = useQueryClient();
  const key = ["totp", owner.collection, owner.recordId];
  const { data } = useQuery({ queryKey: key, queryFn: () => totpState(owner), retry: false });
  if (!data?.confirmed) return null;
  const remove = async () => {
    await attempt(() => removeTotp(owner), t("The app is removed."));
    await client.invalidateQueries({ queryKey: key });
  };
  return (
    <section>
      <Title order={3} mb="xs">{t("App with codes")}</Title>
      <Group justify="space-between">
        <Text size="sm">{t("Needed at every login.")}</Text>
        <Button size="compact-sm" variant="light" color="red" onClick={() => void remove()}>{t("Remove the app")}</Button>
      </Group>
    </section>
  );
}
