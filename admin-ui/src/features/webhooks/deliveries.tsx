import { Anchor, Badge, Button, Drawer, Group, Stack, Text, UnstyledButton } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Attempt, type Delivery, listDeliveries, replayDelivery, sendTest, type Webhook } from "@/api/webhooks";
import { plural, t } from "@/i18n";
import { ago, exactDate, parseDate } from "@/lib/dates";
import { formatCount } from "@/lib/numbers";
import { link } from "@/lib/route";
import { IconPlayerPlay, IconRefresh, IconWebhook } from "@/ui/icons";
import { FailureNotice, ListLoading, Notice } from "@/ui/states";
import { attempt } from "@/ui/toast";
import { useFocusBack } from "@/ui/use-focus-back";
import classes from "./webhooks.module.css";

const PER_PAGE = 50;
const POLL_MS = 2500;

const STATES: Record<Delivery["status"], { color: string; label: () => string }> = {
  waiting: { color: "yellow", label: () => t("waits") },
  delivered: { color: "moss", label: () => t("arrived") },
  failed: { color: "red", label: () => t("given up") },
};

/** What was sent to one server, the newest first, and what came of it. */
export function DeliveriesDrawer({ hook, close }: { hook: Webhook; close: () => void }) {
  useFocusBack();
  const client = useQueryClient();
  const key = ["deliveries", hook.id];
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => listDeliveries(hook.id, pageParam, PER_PAGE),
    initialPageParam: 1,
    getNextPageParam: (last, all) => (last.length === PER_PAGE ? all.length + 1 : undefined),
    refetchInterval: POLL_MS,
  });
  const deliveries = list.data?.pages.flat() ?? [];
  const act = async (work: () => Promise<unknown>) => {
    await attempt(work);
    await client.invalidateQueries({ queryKey: key });
  };
  const test = (
    <Button size="compact-sm" variant="default" leftSection={<IconPlayerPlay size={14} />} disabled={!hook.enabled} onClick={() => void act(() => sendTest(hook.id))}>{t("Send a test")}</Button>
  );
  return (
    <Drawer opened onClose={close} size={640} title={t("Deliveries of {name}", { name: hook.name })} closeButtonProps={{ "aria-label": t("Close") }}>
      {list.isPending && <ListLoading />}
      {list.error && deliveries.length === 0 && <FailureNotice failure={list.error} retry={() => void list.refetch()} />}
      {list.data && deliveries.length === 0 && <Notice icon={IconWebhook} title={t("Nothing was sent yet")} action={test}>{t("Deliveries appear here when records of {name} change.", { name: hook.collection })}</Notice>}
      {deliveries.length > 0 && (
        <Stack gap="xs">
          <Group justify="space-between">
            <Text size="xs" c="dimmed">{t("Newest first. What arrived is kept for a while, what was given up for longer.")}</Text>
            {test}
          </Group>
          <ul className={classes["list"]} aria-label={t("Deliveries")}>
            {deliveries.map((delivery) => (
              <DeliveryItem key={delivery.id} delivery={delivery} hook={hook} replay={() => void act(() => replayDelivery(hook.id, delivery.id))} />
            ))}
          </ul>
          {list.hasNextPage && <Button variant="subtle" fullWidth loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t("Load older")}</Button>}
        </Stack>
      )}
    </Drawer>
  );
}

const outcomeOf = ({ status, error }: Attempt) => (status > 0 ? t("answered {status}", { status }) : error || t("no answer"));

function DeliveryItem({ delivery, hook, replay }: { delivery: Delivery; hook: Webhook; replay: () => void }) {
  const [open, setOpen] = useState(false);
  const { color, label } = STATES[delivery.status];
  const created = parseDate(delivery.created);
  const next = parseDate(delivery.nextAttempt);
  const last = delivery.attempts.at(-1);
  const due = next && delivery.attempts.length > 0 ? t("tried again {when}", { when: ago(next) }) : "";
  return (
    <li className={classes["item"]}>
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="xs">
        <div className={classes["text"]}>
          <Group gap={6}>
            <Badge color={color}>{label()}</Badge>
            <Text size="sm" className="hs-mono">{delivery.event}</Text>
            {delivery.recordId &&
              (delivery.event === "record.deleted" ? (
                <Text size="sm" c="dimmed" className="hs-mono">{delivery.recordId}</Text>
              ) : (
                <Anchor size="sm" className="hs-mono" href={link("collections", { collection: hook.collection, record: delivery.recordId })}>{delivery.recordId}</Anchor>
              ))}
          </Group>
          <Text size="xs" c="dimmed" mt={2} title={created ? exactDate(created) : ""}>
            {[created && ago(created), last && outcomeOf(last), due].filter(Boolean).join(" · ")}
          </Text>
        </div>
        <Button size="compact-sm" variant="default" flex="none" leftSection={<IconRefresh size={14} />} disabled={!hook.enabled} onClick={replay} aria-label={t("Send {name} again", { name: delivery.id })}>{t("Again")}</Button>
      </Group>
      {delivery.attempts.length > 0 && (
        <UnstyledButton className={classes["more"] ?? ""} aria-expanded={open} onClick={() => setOpen(!open)}>
          {plural(delivery.attempts.length, "1 attempt", "{total} attempts", { total: formatCount(delivery.attempts.length) })}
        </UnstyledButton>
      )}
      {open && (
        <ol className={classes["attempts"]} aria-label={t("Attempts")}>
          {delivery.attempts.toReversed().map((each) => <AttemptItem key={each.at} attempt={each} />)}
        </ol>
      )}
    </li>
  );
}

function AttemptItem({ attempt: { at, latency, ...rest } }: { attempt: Attempt }) {
  const date = parseDate(at);
  return (
    <li className={classes["attempt"]}>
      <Text size="xs">{[date ? exactDate(date) : at, outcomeOf({ at, latency, ...rest }), `${formatCount(latency)} ms`].join(" · ")}</Text>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls must take the focus */}
      {rest.response && <pre className={classes["answer"]} tabIndex={0} aria-label={t("Answer")} role="region">{rest.response}</pre>}
    </li>
  );
}
