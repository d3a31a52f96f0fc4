import { Drawer, Group, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { loadRecord } from "@/api/records";
import type { Collection } from "@/api/schema";
import { t } from "@/i18n";
import { CopyButton } from "@/ui/copy-button";
import { FailureNotice, ListLoading } from "@/ui/states";

const written = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** A record that cannot be changed: all its values, each to copy. */
export function ViewDrawer({ collection, id, close }: { collection: Collection; id: string; close: () => void }) {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ["record", collection.id, id], queryFn: () => loadRecord(collection.name, id) });
  return (
    <Drawer opened onClose={close} size={620} title={t("Record in {name}", { name: collection.name })} closeButtonProps={{ "aria-label": t("Close") }}>
      {isPending && <ListLoading />}
      {error && <FailureNotice failure={error} retry={() => void refetch()} />}
      {data && (
        <>
          <Group justify="flex-end">
            <CopyButton text={JSON.stringify(data.record, null, 2)} label={t("Copy as JSON")} size="md" />
          </Group>
          <Table>
            <Table.Tbody>
              {collection.fields.map((field) => (
                <Table.Tr key={field.id}>
                  <Table.Th w={160}>{field.name}</Table.Th>
                  <Table.Td style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{written(data.record[field.name])}</Table.Td>
                  <Table.Td w={40}>
                    <CopyButton text={written(data.record[field.name]) ?? ""} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </>
      )}
    </Drawer>
  );
}
