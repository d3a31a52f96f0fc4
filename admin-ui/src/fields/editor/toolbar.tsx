import { ActionIcon, Divider, Group, Menu, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { t } from "@/i18n";
import { IconAlignCenter, IconAlignLeft, IconAlignRight, IconBold, IconClearFormatting, IconCode, IconSourceCode, IconPalette, IconH2, IconH3, IconItalic, IconArrowsMaximize, IconLink, IconList, IconListNumbers, IconPhoto, IconPhotoPlus, IconQuote, IconTextDirectionRtl, IconStrikethrough, IconTable, IconUnderline, type Icon } from "@/ui/icons";
import type { Alignment } from "./blocks";
import classes from "./input.module.css";
import type { TableChange } from "./tables";

interface Tool {
  name: string;
  icon: Icon;
  command: string;
  argument?: string;
}

const groups = (): Tool[][] => [
  [
    { name: t("Bold"), icon: IconBold, command: "bold" },
    { name: t("Italic"), icon: IconItalic, command: "italic" },
    { name: t("Underline"), icon: IconUnderline, command: "underline" },
    { name: t("Strike through"), icon: IconStrikethrough, command: "strikeThrough" },
  ],
  [
    { name: t("Heading"), icon: IconH2, command: "formatBlock", argument: "h2" },
    { name: t("Smaller heading"), icon: IconH3, command: "formatBlock", argument: "h3" },
    { name: t("Quote"), icon: IconQuote, command: "formatBlock", argument: "blockquote" },
    { name: t("Code"), icon: IconSourceCode, command: "formatBlock", argument: "pre" },
    { name: t("List"), icon: IconList, command: "insertUnorderedList" },
    { name: t("Numbered list"), icon: IconListNumbers, command: "insertOrderedList" },
  ],
];

export interface ToolbarProps {
  label: string;
  /** Only the switch of the markup itself works. */
  source: boolean;
  large: boolean;
  run: (command: string, argument?: string) => void;
  addLink: () => void;
  addTable: () => void;
  changeTable: (change: TableChange) => void;
  addStored: () => void;
  addPicture: (file: File) => void;
  align: (to: Alignment) => void;
  turn: () => void;
  paint: (color: string) => void;
  setSource: (source: boolean) => void;
  setLarge: (large: boolean) => void;
}

// The caret must stay in the text while a tool is pressed.
const stay = (event: { preventDefault: () => void }) => event.preventDefault();

export function Toolbar(props: ToolbarProps) {
  const { label, source, large, run } = props;
  const tool = (name: string, Mark: Icon, work: () => void) => (
    <Tooltip key={name} label={name}>
      <ActionIcon aria-label={name} disabled={source} onMouseDown={stay} onClick={work}>
        <Mark size={16} />
      </ActionIcon>
    </Tooltip>
  );
  const line = (key: number): ReactNode => <Divider key={key} orientation="vertical" mx={4} />;
  return (
    <Group gap={2} p={4} role="toolbar" aria-label={label} className={classes["bar"] ?? ""}>
      {groups().flatMap((group, at) => [...group.map(({ name, icon, command, argument }) => tool(name, icon, () => run(command, argument))), line(at)])}
      {tool(t("Left"), IconAlignLeft, () => props.align("left"))}
      {tool(t("Centered"), IconAlignCenter, () => props.align("center"))}
      {tool(t("Right"), IconAlignRight, () => props.align("right"))}
      {line(-3)}
      <Tooltip label={t("Color")}>
        <ActionIcon component="label" className={classes["color"] ?? ""} {...(source && { "data-disabled": true })}>
          <IconPalette size={16} aria-hidden />
          <input type="color" aria-label={t("Color")} disabled={source} onChange={(event) => props.paint(event.currentTarget.value)} />
        </ActionIcon>
      </Tooltip>
      {tool(t("Plain text"), IconClearFormatting, () => run("removeFormat"))}
      {tool(t("Right to left"), IconTextDirectionRtl, props.turn)}
      {line(-1)}
      {tool(t("Link"), IconLink, props.addLink)}
      {tool(t("Insert a stored file"), IconPhoto, props.addStored)}
      <Tooltip label={t("Put a picture into the text")}>
        <ActionIcon component="label" className={classes["color"] ?? ""} {...(source && { "data-disabled": true })}>
          <IconPhotoPlus size={16} aria-hidden />
          <input
            type="file"
            accept="image/*"
            aria-label={t("Put a picture into the text")}
            disabled={source}
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (file) props.addPicture(file);
              event.currentTarget.value = "";
            }}
          />
        </ActionIcon>
      </Tooltip>
      <Menu position="bottom-start" returnFocus={false}>
        <Menu.Target>
          <Tooltip label={t("Table")}>
            <ActionIcon aria-label={t("Table")} disabled={source} onMouseDown={stay}>
              <IconTable size={16} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={props.addTable}>{t("New table")}</Menu.Item>
          <Menu.Divider />
          <Menu.Item onClick={() => props.changeTable("addRow")}>{t("Row below")}</Menu.Item>
          <Menu.Item onClick={() => props.changeTable("addColumn")}>{t("Column to the right")}</Menu.Item>
          <Menu.Item onClick={() => props.changeTable("removeRow")}>{t("Remove the row")}</Menu.Item>
          <Menu.Item onClick={() => props.changeTable("removeColumn")}>{t("Remove the column")}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {line(-2)}
      <Tooltip label={t("Markup")}>
        <ActionIcon aria-label={t("Markup")} aria-pressed={source} variant={source ? "light" : "subtle"} onClick={() => props.setSource(!source)}>
          <IconCode size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t("More room")}>
        <ActionIcon aria-label={t("More room")} aria-pressed={large} variant={large ? "light" : "subtle"} onClick={() => props.setLarge(!large)}>
          <IconArrowsMaximize size={16} />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}
