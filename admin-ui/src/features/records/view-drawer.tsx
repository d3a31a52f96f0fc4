import { ActionIcon, Anchor, Drawer, Group, Table, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useCollections } from "@/api/collections";
import { fileUrl, useFileToken } from "@/api/files";
import { expandOf, loadRecord } from "@/api/records";
import type { Collection, Field } from "@/api/schema";
import { Cell } from "@/fields/cell";
import { t } from "@/i18n";
import { downloadJson } from "@/lib/download";
import { CopyButton } from "@/ui/copy-button";
import { FilePreview } from "@/ui/file-preview";
import { IconDownload } from "@/ui/icons";
import { FailureNotice, ListLoading } from "@/ui/states";
import { useFocusBack } from "@/ui/use-focus-back";

const written = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** A record that cannot be changed: all its values, each to copy. */
export function ViewDrawer({ collection, id, close }: { collection: Collection; id: string; close: () => void }) {
  useFocusBack();
  const { data, error, isPending, refetch } = useQuery({ queryKey: ["record", collection.id, id], queryFn: () => loadRecord(collection.name, id, expandOf(collection)) });
  const { find } = useCollections();
  const token = useFileToken(collection.fields.some((field) => field.type === "file" && field.protected));
  const [file, setFile] = useState<{ name: string; url: string } | null>(null);
  const files = (field: Field) => (field.type === "file" ? [data?.record[field.name] ?? []].flat().map(String).filter(Boolean) : []);
  const urlOf = (name: string) => (data ? fileUrl(data.record, name, token ? { token } : {}) : "");
  return (
    <Drawer opened onClose={close} size={620} title={t("Record in {name}", { name: collection.name })} closeButtonProps={{ "aria-label": t("Close") }}>
      {isPending && <ListLoading />}
      {error && <FailureNotice failure={error} retry={() => void refetch()} />}
      {data && (
        <>
          <Group justify="flex-end">
            <CopyButton text={JSON.stringify(data.record, null, 2)} label={t("Copy as JSON")} size="md" />
            <Tooltip label={t("Download as JSON")}>
              <ActionIcon aria-label={t("Download as JSON")} onClick={() => downloadJson(`${id}.json`, data.record)}>
                <IconDownload size={16} />
              </ActionIcon>
            </Tooltip>
          </Group>
          <Table>
            <Table.Tbody>
              {collection.fields.map((field) => (
                <Table.Tr key={field.id}>
                  <Table.Th w={160}>{field.name}</Table.Th>
                  <Table.Td style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
                    {files(field).length > 0
                      ? files(field).map((name) => (
                          <Anchor key={name} component="button" type="button" size="sm" display="block" onClick={() => setFile({ name, url: urlOf(name) })}>
                            {name}
                          </Anchor>
                        ))
                      : field.type === "relation"
                        ? <Cell field={field} value={data.record[field.name]} row={data.record} find={find} token={token} />
                        : written(data.record[field.name])}
                  </Table.Td>
                  <Table.Td w={40}>
                    <CopyButton text={written(data.record[field.name]) ?? ""} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          <FilePreview name={file?.name ?? ""} url={file?.url ?? ""} close={() => setFile(null)} />
        </>
      )}
    </Drawer>
  );
}
