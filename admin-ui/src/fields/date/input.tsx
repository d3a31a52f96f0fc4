import { Button, Group, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import type { AutodateField, DateField } from "@/api/schema";
import { t } from "@/i18n";
import { exactDate, parseDate, timeZone, toLocalInput, toUtcInput, writeDate } from "@/lib/dates";
import { type InputProps, labelled } from "../input-props";

/** Day and time of day, in the reader's zone or in UTC, with the other one below. */
export function DateFieldInput(props: InputProps<DateField>) {
  const { value, onChange } = props;
  const [utc, setUtc] = useState(false);
  const date = parseDate(String(value ?? ""));
  const other = date && (utc ? exactDate(date) : `${toUtcInput(date).replace("T", " ")} UTC`);
  return (
    <div>
      <Group gap="xs" align="flex-end">
        <TextInput
          {...labelled(props)}
          type="datetime-local"
          step={1}
          flex="1 1 13rem"
          value={date ? (utc ? toUtcInput(date) : toLocalInput(date)) : ""}
          onChange={({ currentTarget: { value: text } }) => {
            const next = text ? new Date(utc ? `${text}Z` : text) : null;
            onChange(next && !Number.isNaN(next.getTime()) ? writeDate(next) : "");
          }}
        />
        <Button variant="default" px="sm" onClick={() => setUtc(!utc)} title={t("Change the time zone")}>
          {utc ? "UTC" : timeZone.split("/").pop()?.replaceAll("_", " ")}
        </Button>
        <Button variant="subtle" px="sm" onClick={() => onChange(writeDate(new Date()))}>
          {t("Now")}
        </Button>
      </Group>
      {other && (
        <Text size="xs" c="dimmed" mt={2}>
          = {other}
        </Text>
      )}
    </div>
  );
}

export function AutodateFieldInput(props: InputProps<AutodateField>) {
  const date = parseDate(String(props.value ?? ""));
  const description = props.field.onUpdate ? t("Set by the server on every change") : t("Set by the server on creation");
  return <TextInput label={props.field.name} description={description} value={date ? exactDate(date) : ""} disabled placeholder="–" />;
}
