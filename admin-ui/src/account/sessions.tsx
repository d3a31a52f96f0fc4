import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { endSession, endSessions, listSessions, type Owner, type Session } from "@/api/credentials";
import { t } from "@/i18n";
import { ago, exactDate, parseDate } from "@/lib/dates";
import { confirm } from "@/ui/confirm";
import { IconDevices } from "@/ui/icons";
import { FailureNotice, ListLoading, Notice } from "@/ui/states";
import { attempt } from "@/ui/toast";
import classes from "./account.module.css";

/** A browser and a system, guessed from what the device says of itself. */
function deviceOf({ userAgent }: Session): string {
  const browser = /(Firefox|Edg|Chrome|Safari|curl|Dart|node)/i.exec(userAgent)?.[1] ?? "";
  const system = /(Windows|Android|iPhone|iPad|Mac OS|Linux)/.exec(userAgent)?.[1] ?? "";
  return [browser.replace("Edg", "Edge"), system].filter(Boolean).join(", ") || userAgent.slice(0, 60) || t("Unknown device");
}

/** The logins of an account that are good now; each can be ended. */
export function SessionList({ owner }: { owner: Owner }) {
  const client = useQueryClient();
  const key = ["sessions", owner.collection, owner.recordId];
  const { data, error, isPending, refetch } = useQuery({ queryKey: key, queryFn: () => listSessions(owner), retry: false });
  if (isPending) return <ListLoading rows={3} />;
  if (error) return <FailureNotice failure={error} retry={() => void refetch()} />;
  if (data.length === 0) return <Notice icon={IconDevices} title={t("No sessions")}>{t("Nobody is logged in, or sessions are not switched on for this collection.")}</Notice>;
  const end = async (session: Session) => {
    await attempt(() => endSession(owner, session.id), t("The login is ended."));
    await client.invalidateQueries({ queryKey: key });
  };
  const endAll = async () => {
    const yes = await confirm({ title: t("End all other logins?"), body: t("All devices but this one are logged out at once."), action: t("End them"), danger: true });
    if (yes) await attempt(() => endSessions(owner), t("The logins are ended."));
    await client.invalidateQueries({ queryKey: key });
  };
  return (
    <Stack gap="xs">
      {data.map((session) => {
        const used = parseDate(session.lastUsed);
        const began = parseDate(session.created);
        return (
          <Group key={session.id} justify="space-between" wrap="nowrap" className={classes["item"] ?? ""}>
            <div className={classes["text"]}>
              <Group gap="xs">
                <Text size="sm" fw={500}>{deviceOf(session)}</Text>
                {session.current && <Badge>{t("this one")}</Badge>}
              </Group>
              <Text size="xs" c="dimmed" title={session.userAgent}>
                {[session.address, session.method, used && t("used {when}", { when: ago(used) }), began && t("since {when}", { when: exactDate(began) })].filter(Boolean).join(" · ")}
              </Text>
            </div>
            <Button size="compact-sm" variant="light" color="red" onClick={() => void end(session)}>{t("End")}</Button>
          </Group>
        );
      })}
      {data.length > 1 && <Button variant="default" w="fit-content" onClick={() => void endAll()}>{t("End all other logins")}</Button>}
    </Stack>
  );
}
