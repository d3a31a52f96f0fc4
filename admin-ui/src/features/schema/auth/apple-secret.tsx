import { Button, Collapse, SimpleGrid, Stack, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { appleSecret } from "@/api/settings";
import { t } from "@/i18n";
import { NumberBox } from "@/ui/number-box";
import { attempt } from "@/ui/toast";

const SIX_MONTHS = 15777000;

/** Apple's client secret is signed with a key; the server signs it. */
export function AppleSecret({ clientId, done }: { clientId: string; done: (secret: string) => void }) {
  const [open, setOpen] = useState(false);
  const [teamId, setTeamId] = useState("");
  const [keyId, setKeyId] = useState("");
  const [privateKey, setPrivateKey] = useState("");
  const [duration, setDuration] = useState<number | null>(SIX_MONTHS);
  const make = () =>
    attempt(async () => {
      done(await appleSecret({ clientId, teamId, keyId, privateKey, duration: duration ?? 0 }));
      setOpen(false);
    }, t("The secret is made."));
  return (
    <div>
      <Button size="compact-sm" variant="subtle" aria-expanded={open} onClick={() => setOpen(!open)}>{t("Make the secret from a key")}</Button>
      <Collapse expanded={open}>
        <Stack gap="xs" mt="xs">
          <SimpleGrid cols={2}>
            <TextInput label={t("Team id")} value={teamId} onChange={(event) => setTeamId(event.currentTarget.value)} />
            <TextInput label={t("Key id")} value={keyId} onChange={(event) => setKeyId(event.currentTarget.value)} />
          </SimpleGrid>
          <NumberBox label={t("Valid for seconds")} max={SIX_MONTHS} value={duration} onChange={setDuration} />
          <Textarea label={t("Private key")} className="hs-mono" minRows={3} spellCheck={false} placeholder="-----BEGIN PRIVATE KEY-----" value={privateKey} onChange={(event) => setPrivateKey(event.currentTarget.value)} />
          <Button variant="default" onClick={() => void make()}>{t("Make the secret")}</Button>
        </Stack>
      </Collapse>
    </div>
  );
}
