import { ActionIcon, Button, Group, Input, Text, Tooltip } from "@mantine/core";
import { useRef, useState } from "react";
import { fileKind, fileUrl, useFileToken } from "@/api/files";
import { isMultiple, type FileField } from "@/api/schema";
import { t } from "@/i18n";
import { formatBytes } from "@/lib/numbers";
import { moved } from "@/lib/text";
import { FilePreview } from "@/ui/file-preview";
import { IconArrowBackUp, IconArrowUp, IconFile, IconTrash, IconUpload } from "@/ui/icons";
import { type InputProps, labelled } from "../input-props";
import classes from "./input.module.css";
import { useObjectUrl } from "@/ui/use-object-url";

type Item = string | File;
const list = (value: unknown): Item[] => (Array.isArray(value) ? value : value ? [value] : []) as Item[];

/** Files that are there and files to come, in one list. A removed file can be taken back until the record is saved. */
export function FileFieldInput(props: InputProps<FileField>) {
  const { field, value, onChange, record } = props;
  const multiple = isMultiple(field);
  const items = list(value);
  const removed = record ? list(record[field.name]).filter((name) => !items.includes(name)) : [];
  const [dragged, setDragged] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const token = useFileToken(field.protected && record !== null);
  const [shown, setShown] = useState("");
  const urlOf = (name: string, thumb?: string) => (record ? fileUrl(record, name, { ...(thumb && { thumb }), ...(field.protected && { token }) }) : "");

  const give = (next: Item[]) => onChange(multiple ? next : (next.at(-1) ?? ""));
  const add = (files: FileList | null) => files && files.length > 0 && give(multiple ? [...items, ...files].slice(0, field.maxSelect) : [...files].slice(0, 1));
  const limits = [
    multiple && t("up to {count} files", { count: field.maxSelect }),
    t("{size} each", { size: formatBytes(field.maxSize || 5 * 1024 * 1024) }),
    field.mimeTypes?.length ? field.mimeTypes.map((type) => type.split("/")[1]).join(", ") : "",
  ].filter(Boolean);

  return (
    <Input.Wrapper {...labelled(props)} labelElement="div">
      <div
        className={classes["zone"]}
        data-dragged={dragged || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setDragged(true);
        }}
        onDragLeave={() => setDragged(false)}
        onDrop={(event) => {
          event.preventDefault();
          setDragged(false);
          add(event.dataTransfer.files);
        }}
      >
        {items.map((item, at) => (
          <Group key={typeof item === "string" ? item : `${item.name}-${item.size}-${item.lastModified}`} className={classes["item"] ?? ""} wrap="nowrap" gap="sm">
            <Preview item={item} url={typeof item === "string" ? urlOf(item, "100x100") : ""} />
            {typeof item === "string" ? (
              <button type="button" className={classes["name"]} onClick={() => setShown(item)}>
                {item}
              </button>
            ) : (
              <span className={classes["name"]}>
                {item.name} <Text span size="xs" c="dimmed">{formatBytes(item.size)} · {t("new")}</Text>
              </span>
            )}
            {multiple && at > 0 && (
              <ActionIcon aria-label={t("Move up")} onClick={() => give(moved(items, at, at - 1))}>
                <IconArrowUp size={15} />
              </ActionIcon>
            )}
            <Tooltip label={t("Remove")}>
              <ActionIcon aria-label={t("Remove {name}", { name: typeof item === "string" ? item : item.name })} onClick={() => give(items.filter((each) => each !== item))}>
                <IconTrash size={15} />
              </ActionIcon>
            </Tooltip>
          </Group>
        ))}
        {removed.map((name) => (
          <Group key={String(name)} className={classes["item"] ?? ""} wrap="nowrap" gap="sm">
            <IconFile size={18} className={classes["icon"]} />
            <s className={classes["name"]}>{String(name)}</s>
            <Tooltip label={t("Take it back")}>
              <ActionIcon aria-label={t("Take back {name}", { name: String(name) })} onClick={() => give(multiple ? [...items, name] : [name])}>
                <IconArrowBackUp size={15} />
              </ActionIcon>
            </Tooltip>
          </Group>
        ))}
        <Group gap="xs" p={6}>
          <Button size="compact-sm" variant="subtle" leftSection={<IconUpload size={15} />} onClick={() => picker.current?.click()}>
            {t("Choose a file")}
          </Button>
          <Text size="xs" c="dimmed">
            {t("or drop it here")} · {limits.join(" · ")}
          </Text>
        </Group>
        <input
          ref={picker}
          type="file"
          hidden
          aria-label={field.name}
          data-field={field.name}
          multiple={multiple}
          accept={field.mimeTypes?.join(",") || undefined}
          onChange={(event) => {
            add(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
      </div>
      <FilePreview name={shown} url={shown && urlOf(shown)} close={() => setShown("")} />
    </Input.Wrapper>
  );
}

function Preview({ item, url }: { item: Item; url: string }) {
  const local = useObjectUrl(typeof item === "string" ? null : item);
  const isImage = typeof item === "string" ? fileKind(item) === "image" : item.type.startsWith("image/");
  return isImage ? <img src={local || url} alt="" className={classes["thumb"]} /> : <IconFile size={18} className={classes["icon"]} aria-hidden />;
}
