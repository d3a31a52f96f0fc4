import { ActionIcon, Alert, Badge, Button, Group, Menu, Modal, Stack, Text, Tooltip } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { deleteWebhook, listWebhooks, rotateSecret, sendTest, updateWebhook, type Webhook } from "@/api/webhooks";
import { plural, t } from "@/i18n";
import { patchQuery, useRoute } from "@/lib/route";
import { formatCount } from "@/lib/numbers";
import { CodeBlock } from "@/ui/code-block";
import { confirm } from "@/ui/confirm";
import { IconDotsVertical, IconListDetails, IconPencil, IconPlayerPlay, IconPlus, IconRefresh, IconTrash, IconWebhook } from "@/ui/icons";
import { SettingsFrame } from "@/ui/settings-form";
import { FailureNotice, ListLoading, Notice } from "@/ui/states";
import { attempt, complain } from "@/ui/toast";
import { DeliveriesDrawer } from "./deliveries";
import { WebhookForm } from "./form";
import classes from "./webhooks.module.css";

const KEY = ["webhooks"];

/** Servers that hear of changes to records. Whose deliveries are shown is in the address. */
export function WebhooksPage() {
  const client = useQueryClient();
  const shown = useRoute().query.get("hook") ?? "";
  const { data, error, isPending, refetch } = useQuery({ queryKey: KEY, queryFn: listWebhooks });
  const [form, setForm] = useState<"new" | Webhook | null>(null);
  const [secret, setSecret] = useState("");
  const reload = () => client.invalidateQueries({ queryKey: KEY });
  const test = async (hook: Webhook) => {
    if (!(await attempt(() => sendTest(hook.id)))) return;
    await client.invalidateQueries({ queryKey: ["deliveries", hook.id] });
    patchQuery({ hook: hook.id });
  };
  const rotate = async (hook: Webhook) => {
    const yes = await confirm({ title: t("A new secret for {name}?", { name: hook.name }), body: t("It signs everything from now on. The receiver takes nothing until it knows the new one."), action: t("Make a new secret"), danger: true });
    if (yes) await rotateSecret(hook.id).then(setSecret, complain);
  };
  const remove = async (hook: Webhook) => {
    const body = hook.waiting > 0 ? plural(hook.waiting, "1 delivery that waits is not sent any more.", "{total} deliveries that wait are not sent any more.", { total: formatCount(hook.waiting) }) : t("Its deliveries are forgotten with it.");
    if (!(await confirm({ title: t("Delete the webhook {name}?", { name: hook.name }), body, action: t("Delete"), danger: true }))) return;
    await attempt(() => deleteWebhook(hook.id), t("The webhook is deleted."));
    await reload();
  };
  const switchOn = async (hook: Webhook) => {
    await attempt(() => updateWebhook(hook.id, { enabled: true }), t("The webhook is on."));
    await reload();
  };
  const open = data?.find((hook) => hook.id === shown);
  return (
    <SettingsFrame
      title={t("Webhooks")}
      intro={t("Other servers that hear of changes to records.")}
      action={
        <Group gap="xs">
          <Tooltip label={t("Refresh")}>
            <ActionIcon size="lg" variant="default" aria-label={t("Refresh")} onClick={() => void refetch()}>
              <IconRefresh size={17} />
            </ActionIcon>
          </Tooltip>
          <Button leftSection={<IconPlus size={16} />} onClick={() => setForm("new")}>{t("New webhook")}</Button>
        </Group>
      }
    >
      {isPending && <ListLoading rows={3} />}
      {error && <FailureNotice failure={error} retry={() => void refetch()} />}
      {data?.length === 0 && <Notice icon={IconWebhook} title={t("No webhooks yet")}>{t("A webhook sends a signed request for each change that it is about, and tries again until it arrives.")}</Notice>}
      {data && data.length > 0 && (
        <ul className={classes["list"]} aria-label={t("Webhooks")}>
          {data.map((hook) => (
            <HookItem
              key={hook.id}
              hook={hook}
              act={{ show: () => patchQuery({ hook: hook.id }), edit: () => setForm(hook), test: () => void test(hook), rotate: () => void rotate(hook), remove: () => void remove(hook), switchOn: () => void switchOn(hook) }}
            />
          ))}
        </ul>
      )}
      {form && (
        <WebhookForm
          hook={form === "new" ? null : form}
          close={() => setForm(null)}
          done={(made) => {
            setForm(null);
            setSecret(made);
            void reload();
          }}
        />
      )}
      {open && <DeliveriesDrawer hook={open} close={() => patchQuery({ hook: "" })} />}
      <Modal opened={secret !== ""} onClose={() => setSecret("")} title={t("The secret of the webhook")} closeOnClickOutside={false} closeButtonProps={{ "aria-label": t("Close") }}>
        <Stack>
          <Alert color="yellow" p="xs">{t("Copy it now. It is shown this once.")}</Alert>
          <CodeBlock label={t("The secret of the webhook")} code={secret} />
          <Text size="sm" c="dimmed">{t("The receiver checks the header webhook-signature with it, as Standard Webhooks says.")}</Text>
        </Stack>
      </Modal>
    </SettingsFrame>
  );
}

interface ItemProps {
  hook: Webhook;
  act: Record<"show" | "edit" | "test" | "rotate" | "remove" | "switchOn", () => void>;
}

function HookItem({ hook, act }: ItemProps) {
  return (
    <li className={classes["item"]}>
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="xs">
        <div className={classes["text"]}>
          <Group gap={6}>
            <Text fw={600} component="h2" size="sm">{hook.name}</Text>
            {!hook.enabled && <Badge color={hook.disabledReason ? "red" : "gray"}>{t("off")}</Badge>}
            {hook.waiting > 0 && <Badge color="yellow">{plural(hook.waiting, "1 waits", "{total} wait", { total: formatCount(hook.waiting) })}</Badge>}
          </Group>
          <Text size="xs" c="dimmed" className="hs-mono">{hook.url}</Text>
        </div>
        <Group gap={2} wrap="nowrap" flex="none">
          <Tooltip label={t("Deliveries")}>
            <ActionIcon aria-label={t("Deliveries of {name}", { name: hook.name })} onClick={act.show}><IconListDetails size={17} /></ActionIcon>
          </Tooltip>
          <Tooltip label={t("Edit {name}", { name: hook.name })}>
            <ActionIcon aria-label={t("Edit {name}", { name: hook.name })} onClick={act.edit}><IconPencil size={17} /></ActionIcon>
          </Tooltip>
          <Menu>
            <Menu.Target>
              <ActionIcon aria-label={t("More actions for {name}", { name: hook.name })}><IconDotsVertical size={17} /></ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconPlayerPlay size={16} />} disabled={!hook.enabled} onClick={act.test}>{t("Send a test")}</Menu.Item>
              <Menu.Item leftSection={<IconRefresh size={16} />} onClick={act.rotate}>{t("Make a new secret")}</Menu.Item>
              <Menu.Divider />
              <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={act.remove}>{t("Delete")}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Group>
      <Group gap={4} mt={6}>
        <Badge color="gray">{hook.collection}</Badge>
        {hook.events.map((event) => <Badge key={event}>{event}</Badge>)}
        {hook.filter && <Text size="xs" c="dimmed" className="hs-mono hs-clip" title={hook.filter}>{hook.filter}</Text>}
      </Group>
      {hook.disabledReason && (
        <Alert color="red" p="xs" mt="xs" title={t("The server switched it off")}>
          <Group justify="space-between" gap="xs">
            <Text size="sm">{hook.disabledReason}</Text>
            <Button size="compact-sm" variant="default" onClick={act.switchOn}>{t("Switch on again")}</Button>
          </Group>
        </Alert>
      )}
    </li>
  );
}
