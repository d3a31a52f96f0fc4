import { json } from "@codemirror/lang-json";
import { sql } from "@codemirror/lang-sql";
import { indentWithTab } from "@codemirror/commands";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Prec, type Extension } from "@codemirror/state";
import { keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { EditorView, minimalSetup } from "codemirror";
import { autocompletion, completionKeymap, closeBrackets } from "@codemirror/autocomplete";
import { useEffect, useRef } from "react";
import type { CodeEditorProps } from "./code-editor";

const look = EditorView.theme({
  "&": { border: "1px solid var(--mantine-color-default-border)", borderRadius: "var(--mantine-radius-md)", fontSize: "0.82rem", backgroundColor: "var(--hs-surface)" },
  "&.cm-focused": { outline: "2px solid var(--mantine-primary-color-filled)", outlineOffset: "-1px" },
  ".cm-content": { fontFamily: "var(--mantine-font-family-monospace)", caretColor: "var(--mantine-color-text)", padding: "8px 4px" },
  ".cm-scroller": { maxHeight: "50vh", overflow: "auto" },
  ".cm-cursor": { borderLeftColor: "var(--mantine-color-text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--hs-accent-soft)" },
  ".cm-tooltip": { backgroundColor: "var(--hs-surface)", borderColor: "var(--hs-line)", color: "var(--mantine-color-text)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--hs-accent-soft)", color: "inherit" },
});

const colors = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.keyword, tags.bool, tags.null], color: "light-dark(#7a3e9d, #cfa3e8)" },
    { tag: [tags.string, tags.special(tags.string)], color: "light-dark(#3f6b3c, #9cc795)" },
    { tag: tags.number, color: "light-dark(#9a5a00, #e0b072)" },
    { tag: tags.propertyName, color: "light-dark(#1d5f8a, #8fc4e8)" },
    { tag: tags.comment, color: "var(--hs-muted)", fontStyle: "italic" },
  ]),
);

function languageOf({ language, tables }: CodeEditorProps): Extension {
  if (language === "json") return json();
  return language === "sql" ? sql({ schema: tables ?? {} }) : [];
}

const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? "";

export function CodeMirror(props: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    if (!host.current) return;
    const now = latest.current;
    const submit = () => {
      latest.current.onSubmit?.();
      return latest.current.onSubmit !== undefined;
    };
    // Escape first leaves the editor's trap of the Tab key, so that the keyboard gets out.
    const leave = (editor: EditorView) => {
      editor.contentDOM.blur();
      return true;
    };
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: now.value,
        extensions: [
          Prec.highest(keymap.of([{ key: "Mod-Enter", run: submit }])),
          minimalSetup,
          closeBrackets(),
          autocompletion(),
          keymap.of([...completionKeymap, indentWithTab, { key: "Escape", run: leave }]),
          EditorView.lineWrapping,
          EditorView.cspNonce.of(nonce),
          EditorView.contentAttributes.of({ "aria-label": now.label }),
          EditorView.editable.of(now.onChange !== undefined),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange?.(update.state.doc.toString());
          }),
          look,
          EditorView.theme({ ".cm-content": { minHeight: `${now.minHeight ?? 72}px` } }),
          colors,
          languageOf(now),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === props.value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: props.value } });
  }, [props.value]);

  // Escape belongs to the editor here, not to the drawer around it.
  return <div ref={host} onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()} />;
}
