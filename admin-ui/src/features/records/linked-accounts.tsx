import { Button, Group, Stack, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { pb } from "@/api/client";
import { deleteRecord, listRecords } from "@/api/records";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import { confirm } from "@/ui/confirm";
import { FailureNotice, ListLoading, Notice } from "@/ui/states";
import { attempt } from "@/ui/toast";

const LINKS = "_externalAuths";

/** The logins at other services that open this account. */
export function LinkedAccounts({ collection, id }: { collection: Collection; id: string }) {
  const client = useQueryClient();
  const key = ["linked", id];
  const { data, error, isPending, refetch } = useQuery({
    queryKey: key,
    queryFn: () => listRecords(LINKS, 1, { filter: pb.filter("collectionRef={:collection} && recordRef={:id}", { collection: collection.id, id }), sort: "" }),
  });
  if (isPending) return <ListLoading rows={2} />;
  if (error) return <FailureNotice failure={error} retry={() => void refetch()} />;
  if (data.length === 0) return <Notice title={t("No linked logins")}>{t("This account was never used with another service.")}</Notice>;
  const unlink = async (link: string, provider: string) => {
    const yes = await confirm({ title: t("Unlink {name}?", { name: provider }), body: t("The account can no longer log in through this service."), action: t("Unlink"), danger: true });
    if (yes && (await attempt(() => deleteRecord(LINKS, link)))) await client.invalidateQueries({ queryKey: key });
  };
  return (
    <Stack p="lg" gap="xs">
      {data.map((link) => (
        <Group key={link.id} justify="space-between">
          <div>
            <Text size="sm" fw={500}>{String(link["provider"])}</Text>
            <Text size="xs" c="dimmed" className="hs-mono">{String(link["providerId"])}</Text>
          </div>
          <Button size="compact-sm" variant="light" color="red" onClick={() => void unlink(link.id, String(link["provider"]))}>
            {t("Unlink")}
          </Button>
        </Group>
      ))}
    </Stack>
  );
}
