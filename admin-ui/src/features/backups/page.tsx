import { ActionIcon, Button, FileButton, Group, Stack, Table, Text, TextInput, Tooltip } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Backup, backupUrl, deleteBackup, listBackups, restoreBackup, uploadBackup, whenRestored } from "@/api/backups";
import { loadHealth, useSettings } from "@/api/settings";
import { t } from "@/i18n";
import { ago, exactDate, parseDate, writeDate } from "@/lib/dates";
import { formatBytes } from "@/lib/numbers";
import { confirm } from "@/ui/confirm";
import { IconArchive, IconDownload, IconHistory, IconPlus, IconRefresh, IconTrash, IconUpload } from "@/ui/icons";
import { SettingsFrame } from "@/ui/settings-form";
import { FailureNotice, ListLoading, Notice } from "@/ui/states";
import { attempt } from "@/ui/toast";
import { AutoBackups } from "./auto-backups";
import { CreateBackup } from "./create-backup";

const POLL_MS = 3500;
const KEY = ["backups"];

/** Archives of everything: made, fetched, put back. */
export function BackupsPage() {
  const client = useQueryClient();
  const list = useQuery({ queryKey: KEY, queryFn: listBackups });
  const { data: health } = useQuery({ queryKey: ["health"], queryFn: loadHealth, refetchInterval: POLL_MS });
  const { data: settings } = useSettings();
  const [creating, setCreating] = useState(false);
  const busy = health?.canBackup === false;
  const reload = () => client.invalidateQueries({ queryKey: KEY });
  const act = async (work: () => Promise<unknown>, done: string) => {
    await attempt(work, done);
    await reload();
  };
  const upload = (file: File | null) => void (file && act(() => uploadBackup(file), t("The backup is uploaded.")));
  const download = (key: string) => attempt(async () => window.open(await backupUrl(key), "_blank", "noopener"));
  const remove = async (key: string) => {
    if (await confirm({ title: t("Delete the backup {name}?", { name: key }), action: t("Delete"), danger: true })) await act(() => deleteBackup(key), t("The backup is deleted."));
  };
  const restore = async ({ key, kind, at }: Backup) => {
    let until = "";
    const yes = await confirm({
      title: t("Put everything back from {name}?", { name: key }),
      body: (
        <Stack gap="sm">
          {t("All present data is replaced by what the backup holds, and the server starts anew. Only restore backups that you trust.")}
          {kind === "incremental" && (
            <TextInput type="datetime-local" step={1} label={t("As it was at")} description={t("In your time zone. Empty means the end of the backup: {date}", { date: at ? exactDate(parseDate(at) ?? new Date()) : "–" })} onChange={(event) => (until = event.currentTarget.value)} />
          )}
        </Stack>
      ),
      action: t("Restore"),
      danger: true,
      typed: key,
    });
    const moment = until && writeDate(new Date(until));
    if (yes && (await attempt(() => restoreBackup(key, { until: moment }), t("Restoring. The page loads again when the server is back.")))) await whenRestored(() => location.reload());
  };
  return (
    <SettingsFrame
      title={t("Backups")}
      action={
        <Group gap="xs">
          <Tooltip label={t("Refresh")}>
            <ActionIcon size="lg" variant="default" aria-label={t("Refresh")} onClick={() => void reload()}>
              <IconRefresh size={17} />
            </ActionIcon>
          </Tooltip>
          <FileButton accept="application/zip,.zip" onChange={upload}>
            {(props) => (
              <Button {...props} variant="default" leftSection={<IconUpload size={16} />}>
                {t("Upload")}
              </Button>
            )}
          </FileButton>
          <Button leftSection={<IconPlus size={16} />} disabled={busy} onClick={() => setCreating(true)}>
            {busy ? t("Busy …") : t("New backup")}
          </Button>
        </Group>
      }
    >
      {list.isPending && <ListLoading rows={3} />}
      {list.error && <FailureNotice failure={list.error} retry={() => void list.refetch()} />}
      {list.data?.length === 0 && <Notice icon={IconArchive} title={t("No backups yet")}>{t("Make one now, or let the server make them by itself below.")}</Notice>}
      {list.data && list.data.length > 0 && (
        <Table aria-label={t("Backups")}>
          <Table.Tbody>
            {list.data.map((backup) => (
              <BackupRow key={backup.key} backup={backup} busy={busy} download={() => void download(backup.key)} restore={() => void restore(backup)} remove={() => void remove(backup.key)} />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {!list.error && <AutoBackups />}
      {creating && (
        <CreateBackup
          canGrow={(settings?.backups.fullEvery ?? 0) > 0 && list.data?.some((each) => each.kind) === true}
          close={() => setCreating(false)}
          done={() => {
            setCreating(false);
            void reload();
          }}
        />
      )}
    </SettingsFrame>
  );
}

interface RowProps {
  backup: Backup;
  busy: boolean;
  download: () => void;
  restore: () => void;
  remove: () => void;
}

function BackupRow({ backup, busy, download, restore, remove }: RowProps) {
  const date = parseDate(backup.modified);
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>{backup.key}</Text>
        <Text size="xs" c="dimmed" title={date ? exactDate(date) : ""}>
          {backup.kind === "incremental" && `${t("what has changed since {name}", { name: backup.base ?? "" })} · `}
          {formatBytes(backup.size)} · {date ? ago(date) : backup.modified}
        </Text>
      </Table.Td>
      <Table.Td w={120}>
        <Group gap={4} wrap="nowrap" justify="flex-end">
          <Tooltip label={t("Download")}>
            <ActionIcon aria-label={`${t("Download")} ${backup.key}`} onClick={download}><IconDownload size={16} /></ActionIcon>
          </Tooltip>
          <Tooltip label={t("Restore")}>
            <ActionIcon aria-label={`${t("Restore")} ${backup.key}`} disabled={busy} onClick={restore}><IconHistory size={16} /></ActionIcon>
          </Tooltip>
          <Tooltip label={t("Delete")}>
            <ActionIcon aria-label={`${t("Delete")} ${backup.key}`} onClick={remove}><IconTrash size={16} /></ActionIcon>
          </Tooltip>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
