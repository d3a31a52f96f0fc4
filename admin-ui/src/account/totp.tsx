import { Alert, Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { SUPERUSERS } from "@/api/client";
import { confirmTotp, enrollTotp, removeTotp, totpState } from "@/api/credentials";
import { plural, t } from "@/i18n";
import { CodeBlock } from "@/ui/code-block";
import { ListLoading } from "@/ui/states";
import { attempt } from "@/ui/toast";

const QrCode = lazy(() => import("@/ui/qr-code").then(({ QrCode }) => ({ default: QrCode })));

const KEY = ["totp"];

/** An app with codes as the second step of whoever is logged in. */
export function OwnTotp() {
  const client = useQueryClient();
  const { data, error, isPending } = useQuery({ queryKey: KEY, queryFn: () => totpState({ collection: SUPERUSERS }), retry: false });
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [begun, setBegun] = useState<{ secret: string; otpauthURL: string } | null>(null);
  const [recovery, setRecovery] = useState<string[]>([]);
  const reload = () => client.invalidateQueries({ queryKey: KEY });
  if (isPending) return <ListLoading rows={1} />;
  if (error) return <Text size="sm" c="dimmed">{t("Apps with codes are not switched on for superusers.")}</Text>;
  const codeInput = <TextInput label={t("Code")} inputMode="numeric" autoComplete="one-time-code" value={code} onChange={(event) => setCode(event.currentTarget.value)} />;
  if (recovery.length > 0) {
    return (
      <Stack>
        <Alert color="yellow" p="xs">{t("Keep these codes where you find them without your phone. Each opens the door once.")}</Alert>
        <CodeBlock label={t("Recovery codes")} code={recovery.join("\n")} />
        <Button w="fit-content" onClick={() => setRecovery([])}>{t("Done")}</Button>
      </Stack>
    );
  }
  if (data.confirmed) {
    return (
      <Group align="flex-end">
        <Text size="sm" w="100%">{t("Your app is needed at every login.")} {plural(data.recoveryCodesLeft, "1 recovery code is left.", "{count} recovery codes are left.")}</Text>
        {codeInput}
        <Button variant="light" color="red" onClick={() => void attempt(() => removeTotp({ collection: SUPERUSERS }, code), t("The app is removed.")).then(reload)}>{t("Remove the app")}</Button>
      </Group>
    );
  }
  if (begun) {
    return (
      <Stack>
        <Text size="sm">{t("Give this to your app, then enter the code that it shows.")}</Text>
        <Suspense fallback={<ListLoading rows={3} />}>
          <QrCode text={begun.otpauthURL} label={t("Code to point the camera at")} />
        </Suspense>
        <CodeBlock label={t("Secret")} code={begun.secret} />
        <CodeBlock label={t("Link")} code={begun.otpauthURL} />
        <Group align="flex-end">
          {codeInput}
          <Button onClick={() => void attempt(async () => setRecovery(await confirmTotp(SUPERUSERS, code)), t("The app is set up.")).then(reload)}>{t("Confirm")}</Button>
        </Group>
      </Stack>
    );
  }
  return (
    <Group align="flex-end">
      <PasswordInput w={220} label={t("Your password")} autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
      <Button variant="light" onClick={() => void attempt(async () => setBegun(await enrollTotp(SUPERUSERS, password)))}>{t("Set up an app")}</Button>
    </Group>
  );
}
