import { ActionIcon, Button, Checkbox, Group, Modal, Select, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { ACTIONS, createKey, type NewApiKey, type Owner, type Scope } from "@/api/credentials";
import { useCollections } from "@/api/collections";
import { t } from "@/i18n";
import { writeDate } from "@/lib/dates";
import { IconPlus, IconTrash } from "@/ui/icons";
import { useForm } from "@/ui/use-form";
import { useFocusBack } from "@/ui/use-focus-back";

const START: NewApiKey = { name: "", scopes: [{ collection: "*", actions: ["list", "view"] }], addresses: [], expires: "" };

/** A new key: what for, from where, until when. */
export function KeyForm({ owner, close, done }: { owner: Owner; close: () => void; done: (key: string) => void }) {
  useFocusBack();
  const { all } = useCollections();
  const form = useForm(START);
  const { name, scopes, addresses, expires } = form.values;
  const setScope = (at: number, change: Partial<Scope>) => form.set("scopes", scopes.map((scope, each) => (each === at ? { ...scope, ...change } : scope)));
  const names = [{ value: "*", label: t("all collections") }, ...all.filter((each) => !each.system).map((each) => ({ value: each.name, label: each.name }))];
  return (
    <Modal opened onClose={close} size="lg" title={t("New key")} closeButtonProps={{ "aria-label": t("Close") }}>
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          event.stopPropagation();
          await form.submit(async (values) => done((await createKey(owner, { ...values, expires: values.expires && writeDate(new Date(values.expires)) })).key));
        }}
      >
        <Stack>
          <TextInput data-autofocus required label={t("Name")} placeholder={t("for example the nightly report")} value={name} onChange={(event) => form.set("name", event.currentTarget.value)} error={form.error("name")} />
          <Stack gap="xs">
            <Text size="sm" fw={500}>{t("May do")}</Text>
            {scopes.map((scope, at) => (
              <Group key={at} wrap="wrap" gap="sm">
                <Select aria-label={t("Collection")} w={180} allowDeselect={false} searchable data={names} value={scope.collection} onChange={(collection) => setScope(at, { collection: collection ?? "*" })} error={form.error(`scopes.${at}`)} />
                <Checkbox.Group aria-label={t("May do")} value={scope.actions} onChange={(actions) => setScope(at, { actions })}>
                  <Group gap="sm">{ACTIONS.map((action) => <Checkbox key={action} size="xs" value={action} label={action} />)}</Group>
                </Checkbox.Group>
                {scopes.length > 1 && <ActionIcon aria-label={t("Remove {name}", { name: scope.collection })} onClick={() => form.set("scopes", scopes.toSpliced(at, 1))}><IconTrash size={15} /></ActionIcon>}
              </Group>
            ))}
            {form.errors["scopes"] && <Text size="xs" c="red">{form.errors["scopes"]}</Text>}
            <Button size="compact-sm" variant="subtle" w="fit-content" leftSection={<IconPlus size={14} />} onClick={() => form.set("scopes", [...scopes, { collection: all.find((each) => !each.system)?.name ?? "*", actions: ["list", "view"] }])}>
              {t("Another collection")}
            </Button>
          </Stack>
          <TagsInput label={t("Only from these addresses")} description={t("IP addresses or networks, like 10.0.0.0/8")} value={addresses} onChange={(value) => form.set("addresses", value)} error={form.error("addresses")} />
          <TextInput type="datetime-local" label={t("Until")} description={t("Empty means without an end")} value={expires} onChange={(event) => form.set("expires", event.currentTarget.value)} error={form.error("expires")} />
          <Group justify="flex-end">
            <Button type="submit" loading={form.busy}>{t("Make the key")}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
