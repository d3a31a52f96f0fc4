import { Button, Group, Stack, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Collection } from "@/api/schema";
import { FieldInput } from "@/fields/input";
import { t } from "@/i18n";
import type { RecordForm } from "./use-record-form";

/** The fields that only accounts have, together. */
export function AccountInputs({ collection, form }: { collection: Collection; form: RecordForm }) {
  const [changing, setChanging] = useState(form.record === null);
  const { values, set, errors, record } = form;
  const password = collection.fields.find((field) => field.name === "password");
  const email = collection.fields.find((field) => field.name === "email");
  const isSuperuser = collection.name === "_superusers";
  return (
    <Stack gap="sm">
      <Group gap="md" align="flex-end" wrap="nowrap">
        <TextInput flex={1} type="email" label="email" autoComplete="off" withAsterisk={email?.required ?? false} value={String(values["email"] ?? "")} error={errors["email"]} onChange={(event) => set("email", event.currentTarget.value)} />
        {!isSuperuser && <Switch mb={8} label={t("Public")} title={t("Others may see the address")} checked={Boolean(values["emailVisibility"])} onChange={(event) => set("emailVisibility", event.currentTarget.checked)} />}
      </Group>
      {changing && password ? (
        <FieldInput field={password} value={values["password"]} onChange={(value) => set("password", value)} error={errors["password"] ?? errors["passwordConfirm"]} record={record} collection={collection} />
      ) : (
        <Button variant="default" w="fit-content" size="compact-md" onClick={() => setChanging(true)}>
          {t("Change the password")}
        </Button>
      )}
      {!isSuperuser && <Switch label={t("The address is confirmed")} checked={Boolean(values["verified"])} onChange={(event) => set("verified", event.currentTarget.checked)} />}
    </Stack>
  );
}
