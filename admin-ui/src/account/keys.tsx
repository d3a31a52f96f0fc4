import { Alert, Badge, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { endKey, listKeys, type ApiKey, type Owner } from "@/api/credentials";
import { t } from "@/i18n";
import { ago, exactDate, parseDate } from "@/lib/dates";
import { CodeBlock } from "@/ui/code-block";
import { confirm } from "@/ui/confirm";
import { IconKey, IconPlus } from "@/ui/icons";
import { FailureNotice, ListLoading, Notice } from "@/ui/states";
import { attempt } from "@/ui/toast";
import classes from "./account.module.css";
import { KeyForm } from "./key-form";

/** The keys of an account for programs. */
export function KeyList({ owner }: { owner: Owner }) {
  const client = useQueryClient();
  const cacheKey = ["api-keys", owner.collection, owner.recordId];
  const { data, error, isPending, refetch } = useQuery({ queryKey: cacheKey, queryFn: () => listKeys(owner), retry: false });
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState("");
  const reload = () => client.invalidateQueries({ queryKey: cacheKey });
  const end = async (key: ApiKey) => {
    if (!(await confirm({ title: t("End the key {name}?", { name: key.name }), body: t("Programs that use it are refused at once."), action: t("End the key"), danger: true }))) return;
    await attempt(() => endKey(owner, key.id), t("The key is ended."));
    await reload();
  };
  if (isPending) return <ListLoading rows={3} />;
  if (error) return <FailureNotice failure={error} retry={() => void refetch()} />;
  return (
    <Stack gap="xs">
      {data.length === 0 && <Notice icon={IconKey} title={t("No keys")}>{t("Keys let programs in without a password. They must be switched on for the collection, under Logins.")}</Notice>}
      {data.map((key) => {
        const used = parseDate(key.lastUsed);
        const expires = parseDate(key.expires);
        return (
          <Group key={key.id} justify="space-between" wrap="nowrap" className={classes["item"] ?? ""}>
            <div className={classes["text"]}>
              <Text size="sm" fw={500}>{key.name} <Text span className="hs-mono" c="dimmed">{key.prefix}…</Text></Text>
              <Group gap={4} my={2}>
                {key.scopes.map((scope) => <Badge key={scope.collection} color="gray">{`${scope.collection}: ${scope.actions.join(", ")}`}</Badge>)}
              </Group>
              <Text size="xs" c="dimmed">
                {[used ? t("used {when}", { when: ago(used) }) : t("never used"), expires && t("until {when}", { when: exactDate(expires) }), key.addresses.join(", ")].filter(Boolean).join(" · ")}
              </Text>
            </div>
            <Button size="compact-sm" variant="light" color="red" onClick={() => void end(key)}>{t("End")}</Button>
          </Group>
        );
      })}
      <Button variant="light" w="fit-content" leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>{t("New key")}</Button>
      {creating && (
        <KeyForm
          owner={owner}
          close={() => setCreating(false)}
          done={(key) => {
            setCreating(false);
            setMade(key);
            void reload();
          }}
        />
      )}
      <Modal opened={made !== ""} onClose={() => setMade("")} title={t("The new key")} closeOnClickOutside={false} closeButtonProps={{ "aria-label": t("Close") }}>
        <Stack>
          <Alert color="yellow" p="xs">{t("Copy it now. It is shown this once.")}</Alert>
          <CodeBlock label={t("The new key")} code={made} />
          <Text size="sm" c="dimmed">{t("Programs send it in the header Authorization.")}</Text>
        </Stack>
      </Modal>
    </Stack>
  );
}
