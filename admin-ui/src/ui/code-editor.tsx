import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";

export interface CodeEditorProps {
  language: "json" | "sql" | "text";
  label: string;
  value: string;
  onChange?: (value: string) => void;
  /** Names to complete, for SQL: tables with their columns. */
  tables?: Record<string, string[]>;
  onSubmit?: () => void;
  minHeight?: number;
}

const Loaded = lazy(() => import("./code-mirror").then(({ CodeMirror }) => ({ default: CodeMirror })));

/** A code editor, loaded when one is first shown. */
export function CodeEditor(props: CodeEditorProps) {
  return (
    <Suspense fallback={<Skeleton height={props.minHeight ?? 90} />}>
      <Loaded {...props} />
    </Suspense>
  );
}
