import type { KeyboardEvent } from "react";
import { CopyButton } from "./copy-button";
import classes from "./code-block.module.css";

/** Code to read and to copy. Ctrl+A in it chooses all of it and nothing else. */
export function CodeBlock({ code, label }: { code: string; label: string }) {
  const selectAll = (event: KeyboardEvent<HTMLPreElement>) => {
    if (event.key !== "a" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    getSelection()?.selectAllChildren(event.currentTarget);
  };
  return (
    <div className={classes["frame"]}>
      {/* Focusable, so that the arrow keys scroll it. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls must take the focus */}
      <pre className={classes["code"]} tabIndex={0} aria-label={label} role="region" onKeyDown={selectAll}>
        {code}
      </pre>
      <span className={classes["copy"]}>
        <CopyButton text={code} />
      </span>
    </div>
  );
}
