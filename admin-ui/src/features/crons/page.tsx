import { ActionIcon, Button, Table, Text, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { pb } from "@/api/client";
import { t } from "@/i18n";
import { IconClock, IconPlayerPlay, IconRefresh } from "@/ui/icons";
import { SettingsFrame } from "@/ui/settings-form";
import { FailureNotice, ListLoading, Notice } from "@/ui/states";
import { attempt } from "@/ui/toast";

/** The jobs that the server does by the clock; each can be started now. */
export function CronsPage() {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ["crons"], queryFn: () => pb.crons.getFullList() });
  const [running, setRunning] = useState("");
  const run = async (id: string) => {
    setRunning(id);
    await attempt(() => pb.crons.run(id), t("{name} is started.", { name: id }));
    setRunning("");
  };
  return (
    <SettingsFrame
      title={t("Scheduled jobs")}
      intro={t("What the server does by the clock, in UTC.")}
      action={
        <Tooltip label={t("Refresh")}>
          <ActionIcon size="lg" variant="default" aria-label={t("Refresh")} onClick={() => void refetch()}>
            <IconRefresh size={17} />
          </ActionIcon>
        </Tooltip>
      }
    >
      {isPending && <ListLoading rows={4} />}
      {error && <FailureNotice failure={error} retry={() => void refetch()} />}
      {data?.length === 0 && <Notice icon={IconClock} title={t("No jobs")} />}
      {data && data.length > 0 && (
        <Table aria-label={t("Scheduled jobs")}>
          <Table.Tbody>
            {data.map(({ id, expression }) => (
              <Table.Tr key={id}>
                <Table.Td>
                  <Text size="sm">{id}</Text>
                  <Text size="xs" c="dimmed" className="hs-mono">{expression}</Text>
                </Table.Td>
                <Table.Td ta="right">
                  <Button size="compact-sm" variant="default" leftSection={<IconPlayerPlay size={14} />} loading={running === id} onClick={() => void run(id)} aria-label={t("Start {name} now", { name: id })}>
                    {t("Start")}
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </SettingsFrame>
  );
}
