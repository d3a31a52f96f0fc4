import { Alert, Button, Group, Kbd, Stack, Tabs, Text } from "@mantine/core";
import { getHotkeyHandler } from "@mantine/hooks";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import type { Row, Versioned } from "@/api/records";
import { useSettings } from "@/api/settings";
import type { Collection } from "@/api/schema";
import { FieldInput } from "@/fields/input";
import { plural, t } from "@/i18n";
import { exactDate, parseDate } from "@/lib/dates";
import type { Route } from "@/lib/route";
import { CopyButton } from "@/ui/copy-button";
import { say } from "@/ui/toast";
import { useUnsavedGuard } from "@/ui/use-guard";
import { AccountInputs } from "./account-inputs";
import { ConflictNotice } from "./conflict";
import classes from "./editor.module.css";
import { RecordMenu } from "./record-menu";
import { useCopiedFiles } from "./use-copied-files";
import { useRecordForm } from "./use-record-form";

const Credentials = lazy(() => import("./credentials").then(({ Credentials }) => ({ default: Credentials })));
const LinkedAccounts = lazy(() => import("./linked-accounts").then(({ LinkedAccounts }) => ({ default: LinkedAccounts })));

interface Props {
  collection: Collection;
  source: Versioned | null;
  isCopy: boolean;
  /** Addresses that lose nothing of what is written here. */
  stays: (route: Route) => boolean;
  close: () => void;
  onSaved: (saved: Row) => void;
  /** After a new record was saved without closing. */
  onCreated: (saved: Row) => void;
  onDirty?: (dirty: boolean) => void;
  reload: () => void;
  /** Not where a record is only looked at in passing. */
  remove?: (ids: string[]) => void;
}

const ACCOUNT_FIELDS = new Set(["email", "emailVisibility", "password", "tokenKey", "verified"]);

export function RecordEditor({ collection, source, isCopy, stays, close, onSaved, onCreated, onDirty, reload, remove }: Props) {
  const form = useRecordForm(collection, source, isCopy);
  const locked = useSettings().data?.meta.hideControls ?? false;
  const [unlocked, setUnlocked] = useState(false);
  const { record } = form;
  useCopiedFiles(collection, isCopy && source ? source.record : null, form.set);
  const dirty = form.changed.length > 0;
  useUnsavedGuard(dirty, stays);
  useEffect(() => void onDirty?.(dirty), [dirty, onDirty]);

  const body = useRef<HTMLDivElement>(null);
  const isNew = record === null;
  useEffect(() => {
    if (isNew) body.current?.querySelector<HTMLElement>("textarea:not(:disabled), input:not(:disabled)")?.focus();
  }, [isNew]);

  const save = async (thenClose: boolean, overwrite = false) => {
    const saved = await form.save(overwrite);
    if (!saved) return;
    say(record ? t("The record is saved.") : t("The record is created."));
    onSaved(saved);
    // The guard must see the form clean before the address changes.
    if (thenClose) setTimeout(close);
    else if (!record) setTimeout(() => onCreated(saved));
  };

  const isAuth = collection.type === "auth";
  const rest = collection.fields.filter((field) => !(isAuth && ACCOUNT_FIELDS.has(field.name)) && field.type !== "autodate" && !(record && field.name === "id"));
  const dates = collection.fields.filter((field) => field.type === "autodate" && record);
  const fields = (
    <Stack gap="md" p="lg" pt="md">
      {record && (
        <Group gap={4}>
          <Text size="sm" c="dimmed" className="hs-mono">{record.id}</Text>
          <CopyButton text={record.id} label={t("Copy the id")} />
        </Group>
      )}
      {form.draft && (
        <Alert p="xs" color="yellow" title={t("Something was written here and not saved.")}>
          <Group gap="xs">
            <Button size="compact-sm" variant="default" onClick={form.restoreDraft}>{t("Bring it back")}</Button>
            <Button size="compact-sm" variant="subtle" color="gray" onClick={form.dropDraft}>{t("Throw it away")}</Button>
          </Group>
        </Alert>
      )}
      {form.conflict && <ConflictNotice collection={collection} form={form} reload={reload} overwrite={() => void save(true, true)} />}
      {isAuth && <AccountInputs collection={collection} form={form} />}
      {rest.map((field) => (
        <div key={field.id} data-changed={form.changed.includes(field.name) || undefined} className={classes["field"]}>
          <FieldInput field={field} value={form.values[field.name]} onChange={(value) => form.set(field.name, value)} error={form.errors[field.name]} record={record} collection={collection} />
        </div>
      ))}
      {dates.length > 0 && (
        <Text size="xs" c="dimmed">
          {dates.map((field) => {
            const date = parseDate(String(record?.[field.name] ?? ""));
            return <span key={field.id} className={classes["date"]}>{`${field.name}: ${date ? exactDate(date) : "–"}`}</span>;
          })}
        </Text>
      )}
    </Stack>
  );

  return (
    <form
      className={classes["form"]}
      noValidate
      onKeyDown={getHotkeyHandler([["mod+S", () => void save(false)]])}
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        void save(true);
      }}
    >
      <div className={classes["body"]} ref={body}>
        {isAuth && record ? (
          <Tabs defaultValue="account" keepMounted={false}>
            <Tabs.List px="lg">
              <Tabs.Tab value="account">{t("Account")}</Tabs.Tab>
              <Tabs.Tab value="logins">{t("Logins and keys")}</Tabs.Tab>
              <Tabs.Tab value="linked">{t("Linked services")}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="account" keepMounted>{fields}</Tabs.Panel>
            <Tabs.Panel value="logins">
              <Suspense>
                <Credentials owner={{ collection: collection.name, recordId: record.id }} />
              </Suspense>
            </Tabs.Panel>
            <Tabs.Panel value="linked">
              <Suspense>
                <LinkedAccounts collection={collection} id={record.id} />
              </Suspense>
            </Tabs.Panel>
          </Tabs>
        ) : (
          fields
        )}
      </div>
      <Group className={classes["foot"] ?? ""} justify="space-between" wrap="nowrap">
        <Group gap="xs">
          {record && remove && <RecordMenu collection={collection} record={record} close={close} remove={remove} reload={reload} />}
          {form.changed.length > 0 && (
            <Button variant="subtle" color="gray" px="xs" onClick={form.reset}>
              {plural(form.changed.length, "Undo 1 change", "Undo {count} changes")}
            </Button>
          )}
        </Group>
        {locked && !unlocked ? (
          <Button variant="default" onClick={() => setUnlocked(true)}>{t("Unlock to save")}</Button>
        ) : (
          <Group gap="sm" wrap="nowrap">
            <Text size="xs" c="dimmed" visibleFrom="sm"><Kbd size="xs">Ctrl S</Kbd></Text>
            <Button type="submit" loading={form.busy} disabled={record !== null && form.changed.length === 0}>
              {record ? t("Save changes") : t("Create")}
            </Button>
          </Group>
        )}
      </Group>
    </form>
  );
}
