import { ActionIcon, Divider, Group, Input, Tooltip } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { EditorField } from "@/api/schema";
import { t } from "@/i18n";
import { safeMarkup } from "@/lib/html";
import { CodeEditor } from "@/ui/code-editor";
import { IconBold, IconClearFormatting, IconCode, IconH2, IconItalic, IconLink, IconList, IconListNumbers, IconQuote, IconStrikethrough, IconUnderline, type Icon } from "@/ui/icons";
import { type InputProps, labelled } from "../input-props";
import classes from "./input.module.css";

interface Tool {
  name: string;
  icon: Icon;
  command: string;
  argument?: string;
}

const tools = (): Tool[] => [
  { name: t("Bold"), icon: IconBold, command: "bold" },
  { name: t("Italic"), icon: IconItalic, command: "italic" },
  { name: t("Underline"), icon: IconUnderline, command: "underline" },
  { name: t("Strike through"), icon: IconStrikethrough, command: "strikeThrough" },
  { name: t("Heading"), icon: IconH2, command: "formatBlock", argument: "h2" },
  { name: t("Quote"), icon: IconQuote, command: "formatBlock", argument: "blockquote" },
  { name: t("List"), icon: IconList, command: "insertUnorderedList" },
  { name: t("Numbered list"), icon: IconListNumbers, command: "insertOrderedList" },
  { name: t("Plain text"), icon: IconClearFormatting, command: "removeFormat" },
];

/** Rich text on the browser's own editing, with the markup itself one click away. */
export function EditorFieldInput(props: InputProps<EditorField>) {
  const { value, onChange, field } = props;
  const markup = String(value ?? "");
  const [source, setSource] = useState(false);
  const area = useRef<HTMLDivElement>(null);
  const given = useRef<string | null>(null);

  // The element owns its content while it is edited; only a value from outside is written into it.
  useEffect(() => {
    if (source || !area.current || given.current === markup) return;
    area.current.innerHTML = safeMarkup(markup);
    given.current = markup;
  }, [markup, source]);

  const read = () => {
    const html = area.current?.innerHTML ?? "";
    given.current = html === "<br>" ? "" : html;
    onChange(given.current);
  };
  const run = (command: string, argument?: string) => {
    area.current?.focus();
    // Deprecated on paper, in every browser, and the only editing that is already there.
    document.execCommand(command, false, argument);
    read();
  };
  const addLink = () => {
    const address = window.prompt(t("Address of the link"), "https://");
    if (address) run("createLink", address);
  };

  return (
    <Input.Wrapper {...labelled(props)} labelElement="div">
      <div className={classes["frame"]}>
        <Group gap={2} p={4} role="toolbar" aria-label={t("Formatting of {name}", { name: field.name })} className={classes["bar"] ?? ""}>
          {tools().map(({ name, icon: Mark, command, argument }) => (
            <Tooltip key={name} label={name}>
              <ActionIcon aria-label={name} disabled={source} onMouseDown={(event) => event.preventDefault()} onClick={() => run(command, argument)}>
                <Mark size={16} />
              </ActionIcon>
            </Tooltip>
          ))}
          <Tooltip label={t("Link")}>
            <ActionIcon aria-label={t("Link")} disabled={source} onMouseDown={(event) => event.preventDefault()} onClick={addLink}>
              <IconLink size={16} />
            </ActionIcon>
          </Tooltip>
          <Divider orientation="vertical" mx={4} />
          <Tooltip label={t("Markup")}>
            <ActionIcon
              aria-label={t("Markup")}
              aria-pressed={source}
              variant={source ? "light" : "subtle"}
              onClick={() => {
                given.current = null;
                setSource(!source);
              }}
            >
              <IconCode size={16} />
            </ActionIcon>
          </Tooltip>
        </Group>
        {source ? (
          <CodeEditor language="text" label={`${field.name}: ${t("Markup")}`} value={markup} onChange={onChange} minHeight={140} />
        ) : (
          <div
            ref={area}
            className={classes["area"]}
            contentEditable
            suppressContentEditableWarning
            role="textbox"
            tabIndex={0}
            aria-multiline
            aria-label={field.name}
            onInput={read}
            onPaste={(event) => {
              const html = event.clipboardData.getData("text/html");
              if (!html) return;
              event.preventDefault();
              run("insertHTML", safeMarkup(html));
            }}
          />
        )}
      </div>
    </Input.Wrapper>
  );
}
