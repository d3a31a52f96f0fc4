import { Input } from "@mantine/core";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import type { EditorField } from "@/api/schema";
import { t } from "@/i18n";
import { CodeEditor } from "@/ui/code-editor";
import { complain } from "@/ui/toast";
import { type InputProps, labelled } from "../input-props";
import { align, paint, turn } from "./blocks";
import classes from "./input.module.css";
import { fileMarkup, pasted, readMarkup, writeMarkup } from "./markup";
import { changeTable, currentCell, NEW_TABLE, type TableChange } from "./tables";
import { Toolbar } from "./toolbar";

const FilePicker = lazy(() => import("./file-picker").then(({ FilePicker }) => ({ default: FilePicker })));

// Pictures in the text itself make the record as large; files of a collection do not.
const PICTURE_MAX_BYTES = 1_000_000;

/** Rich text on the browser's own editing, with the markup itself one click away. */
export function EditorFieldInput(props: InputProps<EditorField>) {
  const { value, onChange, field } = props;
  const markup = String(value ?? "");
  const [source, setSource] = useState(false);
  const [large, setLarge] = useState(false);
  const [picking, setPicking] = useState(false);
  const area = useRef<HTMLDivElement>(null);
  const given = useRef<string | null>(null);
  const place = useRef<Range | null>(null);

  // The element owns its content while it is edited; only a value from outside is written into it.
  useEffect(() => {
    if (source || !area.current || given.current === markup) return;
    writeMarkup(area.current, markup);
    given.current = markup;
  }, [markup, source]);

  const read = () => {
    given.current = area.current ? readMarkup(area.current) : "";
    onChange(given.current);
  };
  const run = (command: string, argument?: string) => {
    back();
    // Deprecated on paper, in every browser, and the only editing that is already there.
    document.execCommand(command, false, argument);
    read();
  };
  const change = (work: (area: HTMLElement) => void) => {
    back();
    if (area.current) work(area.current);
    read();
  };
  /** Remembers where the caret is, for what asks something first. */
  const leave = () => {
    const selection = document.getSelection();
    const range = selection?.rangeCount ? selection.getRangeAt(0) : null;
    if (range && area.current?.contains(range.commonAncestorContainer)) place.current = range.cloneRange();
  };
  const back = () => {
    const range = place.current;
    area.current?.focus();
    const selection = document.getSelection();
    if (!range || !selection) return;
    selection.removeAllRanges();
    selection.addRange(range);
  };
  const addLink = () => {
    leave();
    const address = window.prompt(t("Address of the link"), "https://");
    if (address) run("createLink", address);
  };
  const addPicture = (file: File) => {
    if (file.size > PICTURE_MAX_BYTES) return complain(new Error(t("Pictures in the text may have 1 MB. Store larger ones in a file field.")));
    const reader = new FileReader();
    reader.addEventListener("load", () => run("insertHTML", fileMarkup(file.name, String(reader.result), true)));
    reader.readAsDataURL(file);
  };
  const onTable = (change: TableChange) => {
    back();
    const cell = currentCell(area.current);
    if (!cell) return complain(new Error(t("Put the caret into a table first.")));
    changeTable(cell, change);
    read();
  };

  return (
    <Input.Wrapper {...labelled(props)} labelElement="div">
      <div className={classes["frame"]} data-large={large || undefined}>
        <Toolbar
          label={t("Formatting of {name}", { name: field.name })}
          source={source}
          large={large}
          run={run}
          addLink={addLink}
          addTable={() => run("insertHTML", NEW_TABLE)}
          changeTable={onTable}
          addStored={() => {
            leave();
            setPicking(true);
          }}
          addPicture={addPicture}
          align={(to) => change((area) => align(area, to))}
          turn={() => change(turn)}
          paint={(color) => change((area) => paint(area, color))}
          setSource={(next) => {
            given.current = null;
            setSource(next);
          }}
          setLarge={setLarge}
        />
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
            onBlur={leave}
            onFocus={() => (place.current = null)}
            onPaste={(event) => {
              const html = event.clipboardData.getData("text/html");
              if (!html) return;
              event.preventDefault();
              run("insertHTML", pasted(html));
            }}
          />
        )}
      </div>
      {picking && (
        <Suspense>
          <FilePicker
            close={() => setPicking(false)}
            pick={(name, address, isImage) => {
              setPicking(false);
              // The dialog gives the focus back when it is gone.
              setTimeout(() => run("insertHTML", fileMarkup(name, address, isImage)), 50);
            }}
          />
        </Suspense>
      )}
    </Input.Wrapper>
  );
}
