import { ActionIcon, Button, Checkbox, Group, Input, Modal, Select, Stack, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCollections } from "@/api/collections";
import { createWebhook, EVENTS, type NewWebhook, updateWebhook, type Webhook } from "@/api/webhooks";
import { RuleInput } from "@/fields/rule/input";
import { t } from "@/i18n";
import { sameJson } from "@/lib/text";
import { IconPlus, IconTrash } from "@/ui/icons";
import { useFocusBack } from "@/ui/use-focus-back";
import { useForm } from "@/ui/use-form";
import { askToLeave, useUnsavedGuard } from "@/ui/use-guard";

type Header = [name: string, value: string];
type Values = Omit<NewWebhook, "headers"> & { headers: Header[] };

const START: Values = { name: "", collection: "", events: [...EVENTS], url: "", filter: "", headers: [], enabled: true };

const valuesOf = ({ name, collection, events, url, filter, headers, enabled }: Webhook): Values => ({ name, collection, events, url, filter, headers: Object.entries(headers), enabled });

interface Props {
  /** Null for a new one. */
  hook: Webhook | null;
  close: () => void;
  /** With the secret of a new one, which is empty otherwise. */
  done: (secret: string) => void;
}

/** A webhook: what it hears of, and where that goes. */
export function WebhookForm({ hook, close, done }: Props) {
  useFocusBack();
  const { all, find } = useCollections();
  const [start] = useState(() => (hook ? valuesOf(hook) : START));
  const form = useForm(start);
  useUnsavedGuard(form.dirty);
  const { name, collection, events, url, filter, headers, enabled } = form.values;
  const chosen = find(collection);
  const setHeader = (at: number, change: Header) => form.set("headers", headers.with(at, change));
  const leave = async () => (!form.dirty || (await askToLeave())) && close();
  const save = async (values: Values) => {
    const body: NewWebhook = { ...values, headers: Object.fromEntries(values.headers.filter(([key]) => key !== "")) };
    if (!hook) return done((await createWebhook(body)).secret);
    await updateWebhook(hook.id, Object.fromEntries(Object.entries(body).filter(([key, value]) => !sameJson(value, hook[key as keyof NewWebhook]))));
    done("");
  };
  return (
    <Modal opened onClose={() => void leave()} size="lg" title={hook ? t("Edit {name}", { name: hook.name }) : t("New webhook")} closeButtonProps={{ "aria-label": t("Close") }}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          event.stopPropagation();
          void form.submit(save);
        }}
      >
        <Stack>
          <TextInput data-autofocus withAsterisk label={t("Name")} placeholder={t("for example the search index")} value={name} onChange={(event) => form.set("name", event.currentTarget.value)} error={form.error("name")} />
          <Select
            withAsterisk
            searchable
            label={t("Collection")}
            {...(hook && { description: t("Cannot be changed later") })}
            disabled={hook !== null}
            data={all.filter((each) => !each.system && each.type !== "view").map((each) => each.name)}
            value={collection || null}
            onChange={(value) => form.set("collection", value ?? "")}
            error={form.error("collection")}
          />
          <Checkbox.Group label={t("Tell of")} withAsterisk value={events} onChange={(value) => form.set("events", value)} error={form.error("events")}>
            <Group gap="md" mt={4}>
              <Checkbox size="xs" value="create" label={t("records that are made")} />
              <Checkbox size="xs" value="update" label={t("records that are changed")} />
              <Checkbox size="xs" value="delete" label={t("records that are deleted")} />
            </Group>
          </Checkbox.Group>
          <TextInput withAsterisk type="url" label={t("Address of the receiver")} placeholder="https://example.com/hooks" value={url} onChange={(event) => form.set("url", event.currentTarget.value)} error={form.error("url")} />
          {chosen && (
            <Input.Wrapper label={t("Only when")} labelElement="div" description={t("A filter about the record; empty tells of all")} descriptionProps={{ mb: 4 }}>
              <RuleInput label={t("Only when")} value={filter} onChange={(value) => form.set("filter", value)} collection={chosen} all={all} scope="filter" error={form.error("filter")} />
            </Input.Wrapper>
          )}
          <Stack gap="xs">
            <Input.Label labelElement="div">{t("More headers")}</Input.Label>
            {headers.map(([key, value], at) => (
              <Group key={at} wrap="nowrap" gap="xs" align="flex-start">
                <TextInput aria-label={t("Name of the header")} placeholder="authorization" w="40%" value={key} onChange={(event) => setHeader(at, [event.currentTarget.value, value])} error={form.error(`headers.${key.toLowerCase()}`)} />
                <TextInput aria-label={t("Value of the header")} autoComplete="off" flex={1} value={value} onChange={(event) => setHeader(at, [key, event.currentTarget.value])} />
                <ActionIcon size="lg" aria-label={t("Remove {name}", { name: key })} onClick={() => form.set("headers", headers.toSpliced(at, 1))}><IconTrash size={16} /></ActionIcon>
              </Group>
            ))}
            <Button size="compact-sm" variant="subtle" w="fit-content" leftSection={<IconPlus size={14} />} onClick={() => form.set("headers", [...headers, ["", ""]])}>{t("Add a header")}</Button>
          </Stack>
          <Switch label={t("On")} description={t("What waits while it is off is sent when it is on again")} checked={enabled} onChange={(event) => form.set("enabled", event.currentTarget.checked)} />
          <Group justify="flex-end">
            <Button type="submit" loading={form.busy} disabled={hook !== null && !form.dirty}>{hook ? t("Save changes") : t("Make the webhook")}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
