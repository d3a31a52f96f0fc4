import { ActionIcon, Badge, Group, Menu, SimpleGrid, Stack, Switch, Text, TextInput } from "@mantine/core";
import type { KeyboardEvent } from "react";
import type { Collection, Field } from "@/api/schema";
import { kinds } from "@/fields/kinds";
import { FieldOptions } from "@/fields/options";
import { t } from "@/i18n";
import { IconArrowBackUp, IconCopy, IconDots, IconGripVertical, IconSettings, IconTrash } from "@/ui/icons";
import classes from "./fields.module.css";

interface Props {
  field: Field;
  isNew: boolean;
  isRemoved: boolean;
  isOpen: boolean;
  isDragged: boolean;
  toggle: () => void;
  set: (change: Partial<Field>) => void;
  setRemoved: (removed: boolean) => void;
  duplicate: () => void;
  /** The fault of an option; of the field as a whole for an empty name. */
  error: (option: string) => string | undefined;
  collections: Collection[];
  move: (step: number) => void;
  onDragStart: () => void;
  onDragOver: () => void;
  onDragEnd: () => void;
}

/** One field of a collection: its name in the line, its options below when opened. */
export function FieldRow(props: Props) {
  const { field, isNew, isRemoved, isOpen, toggle, set, setRemoved, error } = props;
  const { icon: Mark, label } = kinds[field.type];
  const fault = error("");
  const byKeys = (event: KeyboardEvent) => {
    const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (!step) return;
    event.preventDefault();
    props.move(step);
  };
  return (
    <div
      className={classes["row"]}
      data-open={isOpen || undefined}
      data-dragged={props.isDragged || undefined}
      data-removed={isRemoved || undefined}
      data-field={field.name}
      onDragOver={(event) => {
        event.preventDefault();
        props.onDragOver();
      }}
    >
      <div className={classes["line"]}>
        <button type="button" className={classes["grip"]} draggable onDragStart={props.onDragStart} onDragEnd={props.onDragEnd} onKeyDown={byKeys} aria-label={t("Move {name}: arrow up or down", { name: field.name })}>
          <IconGripVertical size={16} />
        </button>
        <Mark size={17} stroke={1.6} className={classes["kindIcon"]} aria-label={label()} />
        <TextInput
          variant="unstyled"
          flex={1}
          miw={80}
          aria-label={t("Name of the field")}
          value={field.name}
          readOnly={field.system || isRemoved}
          spellCheck={false}
          autoFocus={isNew && isOpen}
          onFocus={(event) => isNew && isOpen && event.currentTarget.select()}
          onChange={({ currentTarget: { value } }) => set({ name: value.replace(/\W/g, "_") })}
          styles={{ input: { fontWeight: 500, color: field.system ? "var(--hs-muted)" : "inherit", textDecoration: isRemoved ? "line-through" : "none" } }}
        />
        <span className={classes["badges"]}>
          {"required" in field && field.required && <Badge color="gray">{t("required")}</Badge>}
          {field.hidden && <Badge color="gray">{t("hidden")}</Badge>}
          {field.system && <Badge color="gray">{t("system")}</Badge>}
          {isNew && <Badge>{t("new")}</Badge>}
          {fault && <Badge color="red">{t("fault")}</Badge>}
        </span>
        {isRemoved ? (
          <ActionIcon aria-label={t("Take back {name}", { name: field.name })} onClick={() => setRemoved(false)}>
            <IconArrowBackUp size={16} />
          </ActionIcon>
        ) : (
          <>
            <ActionIcon aria-label={t("Options of {name}", { name: field.name })} aria-expanded={isOpen} variant={isOpen ? "light" : "subtle"} onClick={toggle}>
              <IconSettings size={16} />
            </ActionIcon>
            <Menu>
              <Menu.Target>
                <ActionIcon aria-label={t("More about {name}", { name: field.name })}>
                  <IconDots size={16} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<IconCopy size={15} />} onClick={props.duplicate}>
                  {t("Duplicate")}
                </Menu.Item>
                <Menu.Item color="red" leftSection={<IconTrash size={15} />} disabled={field.system} onClick={() => setRemoved(true)}>
                  {t("Remove")}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </>
        )}
      </div>
      {fault && !isOpen && <Text size="xs" c="red" px="md" pb={6}>{fault}</Text>}
      {isOpen && !isRemoved && (
        <Stack gap="md" className={classes["options"] ?? ""}>
          {error("name") && <Text size="sm" c="red">{error("name")}</Text>}
          <FieldOptions field={field} set={set} error={error} collections={props.collections} isNew={isNew} />
          <CommonOptions field={field} set={set} error={error} />
        </Stack>
      )}
    </div>
  );
}

function requiredWording(field: Field): string {
  switch (field.type) {
    case "number":
      return t("Must not be zero");
    case "bool":
      return t("Must be yes");
    default:
      return t("Must not be empty");
  }
}

function CommonOptions({ field, set, error }: Pick<Props, "field" | "set" | "error">) {
  return (
    <>
      {field.type !== "autodate" && (
        <TextInput label={t("Help")} description={t("Shown below the name in forms")} value={field.help ?? ""} onChange={(event) => set({ help: event.currentTarget.value })} error={error("help")} />
      )}
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        {field.type !== "autodate" && (
          <Switch label={t("Required")} description={requiredWording(field)} checked={field.required ?? false} disabled={field.type === "text" && field.primaryKey} onChange={(event) => set({ required: event.currentTarget.checked })} />
        )}
        <Switch label={t("Hidden")} description={t("Only superusers see it")} checked={field.hidden} disabled={field.type === "text" && field.primaryKey} onChange={(event) => set({ hidden: event.currentTarget.checked })} />
        <Switch label={t("In titles")} description={t("Names the record in lists")} checked={field.presentable} onChange={(event) => set({ presentable: event.currentTarget.checked })} />
      </SimpleGrid>
      <Group gap="xs">
        <Text size="xs" c="dimmed" className="hs-mono">{field.id}</Text>
      </Group>
    </>
  );
}
