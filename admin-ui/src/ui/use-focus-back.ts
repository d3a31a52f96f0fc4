import { useEffect, useState } from "react";

/** For a dialog that goes by being taken away: the focus returns to where it was before, or at least into the page. */
export function useFocusBack(): void {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      // The dialog is still there at this moment; and whoever put the focus elsewhere meanwhile keeps it there.
      setTimeout(() => {
        if (document.activeElement !== document.body && document.activeElement !== null) return;
        const known = before instanceof HTMLElement && before.isConnected && before !== document.body ? before : undefined;
        const place = known ?? [...document.querySelectorAll<HTMLElement>('#content, [role="dialog"]')].at(-1);
        place?.focus({ preventScroll: true });
      });
    },
    [before],
  );
}
