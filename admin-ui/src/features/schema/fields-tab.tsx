import { Group, SegmentedControl, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { useCollections } from "@/api/collections";
import type { CollectionType, Field, FieldKind } from "@/api/schema";
import { kinds } from "@/fields/kinds";
import { t } from "@/i18n";
import { patchQuery } from "@/lib/route";
import { moved, slug } from "@/lib/text";
import { AddField } from "./add-field";
import { FieldRow } from "./field-row";
import { Indexes } from "./indexes";
import { type Draft, newFieldId } from "./use-draft";

/** The name of a collection, its fields in their order, and its indexes. */
export function FieldsTab({ draft }: { draft: Draft }) {
  const { now, saved, removed } = draft;
  const { all } = useCollections();
  const [opened, setOpened] = useState("");
  const [dragged, setDragged] = useState("");

  const freeName = (wanted: string) => {
    const names = new Set(now.fields.map((field) => field.name.toLowerCase()));
    for (let count = 1; ; count += 1) {
      const name = count === 1 ? wanted : `${wanted}${count}`;
      if (!names.has(name.toLowerCase())) return name;
    }
  };
  const insert = (field: Field) => {
    // New fields come before the dates at the end, where they read best.
    const at = now.fields.findLastIndex((each) => each.type !== "autodate" || each.system) + 1;
    draft.set({ fields: now.fields.toSpliced(at, 0, field) });
    setOpened(field.id);
  };
  const add = (type: FieldKind) =>
    insert({ ...kinds[type].blank(), type, id: newFieldId(type), name: freeName(type === "relation" ? "related" : type === "geoPoint" ? "place" : type), system: false, hidden: type === "password", presentable: false } as Field);
  const move = (from: number, to: number) => to >= 0 && to < now.fields.length && draft.set({ fields: moved(now.fields, from, to) });
  const sent = draft.result().fields;

  return (
    <Stack gap="lg">
      <Group align="flex-end" gap="md">
        <TextInput
          label={t("Name")}
          withAsterisk
          flex={1}
          miw={200}
          disabled={now.system && saved !== null}
          description={saved && now.name !== saved.name ? t("Renaming changes the addresses of the API.") : undefined}
          inputWrapperOrder={["label", "input", "description", "error"]}
          placeholder={t("for example posts")}
          value={now.name}
          error={draft.error("name")}
          autoFocus={!saved}
          spellCheck={false}
          onChange={({ currentTarget: { value } }) => draft.set({ name: /\W/.test(value) ? slug(value) + (/\W$/.test(value) ? "_" : "") : value })}
        />
        {!saved && (
          <SegmentedControl
            aria-label={t("Kind of collection")}
            value={now.type}
            onChange={(type) => patchQuery({ new: type as CollectionType })}
            data={[
              { value: "base", label: t("Records") },
              { value: "auth", label: t("Accounts") },
              { value: "view", label: t("View") },
            ]}
          />
        )}
      </Group>
      {now.type !== "view" && (
        <div>
          <Group justify="space-between" mb="xs">
            <Title order={2}>{t("Fields")}</Title>
            <AddField add={add} />
          </Group>
          <Stack gap={6}>
            {now.fields.map((field, at) => (
              <FieldRow
                key={field.id}
                field={field}
                isNew={!saved?.fields.some((each) => each.id === field.id)}
                isRemoved={removed.has(field.id)}
                isOpen={opened === field.id}
                isDragged={dragged === field.id}
                toggle={() => setOpened(opened === field.id ? "" : field.id)}
                set={(change) => draft.setField(field.id, change)}
                setRemoved={(gone) => draft.setRemoved(field.id, gone)}
                duplicate={() => insert({ ...field, id: newFieldId(field.type), name: freeName(`${field.name}_copy`), system: false })}
                error={(option) => draft.error(`fields.${sent.indexOf(field)}${option ? `.${option}` : ""}`)}
                collections={all}
                move={(step) => move(at, at + step)}
                onDragStart={() => setDragged(field.id)}
                onDragOver={() => dragged && dragged !== field.id && move(now.fields.findIndex((each) => each.id === dragged), at)}
                onDragEnd={() => setDragged("")}
              />
            ))}
          </Stack>
          {draft.errors["fields"] && <Text size="sm" c="red">{draft.errors["fields"]}</Text>}
        </div>
      )}
      {now.type !== "view" && <Indexes draft={draft} />}
    </Stack>
  );
}
