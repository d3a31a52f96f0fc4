import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { apiAddress, pb } from "@/api/client";
import type { Row } from "@/api/records";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import { CodeBlock } from "@/ui/code-block";
import { NumberBox } from "@/ui/number-box";
import { attempt } from "@/ui/toast";
import { useFocusBack } from "@/ui/use-focus-back";

/** A token that acts for an account and cannot be renewed. */
export function Impersonate({ collection, record, close }: { collection: Collection; record: Row; close: () => void }) {
  useFocusBack();
  const [seconds, setSeconds] = useState<number | null>(3600);
  const [token, setToken] = useState("");
  const make = () =>
    attempt(async () => {
      const client = await pb.collection(collection.name).impersonate(record.id, seconds ?? 0);
      setToken(client.authStore.token);
    });
  return (
    <Modal opened onClose={close} title={t("Make a token for this account")} zIndex={300} closeButtonProps={{ "aria-label": t("Close") }}>
      <Stack>
        <Text size="sm" c="dimmed">
          {t("Whoever has the token is this account until it ends. It cannot be renewed.")}
        </Text>
        {token ? (
          <>
            <CodeBlock label={t("Token")} code={token} />
            <CodeBlock label="JavaScript" code={`const pb = new PocketBase("${apiAddress}");\npb.authStore.save(token, null);`} />
          </>
        ) : (
          <Group align="flex-end">
            <NumberBox flex={1} label={t("Valid for seconds")} description={t("Empty takes the duration of the collection")} value={seconds} onChange={setSeconds} min={0} />
            <Button onClick={() => void make()}>{t("Make the token")}</Button>
          </Group>
        )}
      </Stack>
    </Modal>
  );
}
