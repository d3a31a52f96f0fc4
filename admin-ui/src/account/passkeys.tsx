import { Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { SUPERUSERS } from "@/api/client";
import { deletePasskey, listPasskeys, type Owner, registerPasskey } from "@/api/credentials";
import { t } from "@/i18n";
import { ago, parseDate } from "@/lib/dates";
import { ListLoading } from "@/ui/states";
import { attempt } from "@/ui/toast";
import classes from "./account.module.css";

const keyOf = (owner: Owner) => ["passkeys", owner.collection, owner.recordId];

export function PasskeyList({ owner }: { owner: Owner }) {
  const client = useQueryClient();
  const { data, error, isPending } = useQuery({ queryKey: keyOf(owner), queryFn: () => listPasskeys(owner), retry: false });
  if (isPending) return <ListLoading rows={2} />;
  if (error) return <Text size="sm" c="dimmed">{t("Passkeys are not switched on for this collection.")}</Text>;
  if (data.length === 0) return <Text size="sm" c="dimmed">{t("No passkeys.")}</Text>;
  const remove = async (id: string) => {
    await attempt(() => deletePasskey(owner, id), t("The passkey is removed."));
    await client.invalidateQueries({ queryKey: keyOf(owner) });
  };
  return (
    <Stack gap="xs">
      {data.map((passkey) => {
        const used = parseDate(passkey.lastUsed);
        return (
          <Group key={passkey.id} justify="space-between" className={classes["item"] ?? ""}>
            <div className={classes["text"]}>
              <Text size="sm" fw={500}>{passkey.name}</Text>
              <Text size="xs" c="dimmed">{used ? t("used {when}", { when: ago(used) }) : t("never used")}</Text>
            </div>
            <Button size="compact-sm" variant="light" color="red" onClick={() => void remove(passkey.id)}>{t("Remove")}</Button>
          </Group>
        );
      })}
    </Stack>
  );
}

/** The passkeys of whoever is logged in, and a way to make one with this device. */
export function OwnPasskeys() {
  const owner = { collection: SUPERUSERS };
  const client = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const add = async () => {
    if (!(await attempt(() => registerPasskey(SUPERUSERS, name, password), t("The passkey is added.")))) return;
    setAdding(false);
    setPassword("");
    await client.invalidateQueries({ queryKey: keyOf(owner) });
  };
  return (
    <Stack gap="sm">
      <PasskeyList owner={owner} />
      {adding ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void add();
          }}
        >
          <Group align="flex-end">
            <TextInput required autoFocus label={t("Name")} placeholder={t("for example this laptop")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <PasswordInput w={200} label={t("Your password")} autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
            <Button type="submit">{t("Add")}</Button>
          </Group>
        </form>
      ) : (
        <Button variant="light" w="fit-content" disabled={!("credentials" in navigator)} onClick={() => setAdding(true)}>{t("Add a passkey")}</Button>
      )}
    </Stack>
  );
}
