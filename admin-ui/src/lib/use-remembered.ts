import { useCallback, useState } from "react";
import { recall, remember } from "./storage";

/** State that survives a reload of the page. When `key` changes, so does the value. */
export function useRemembered<T>(key: string, fallback: T): [T, (next: T) => void] {
  const [held, setHeld] = useState(() => ({ key, value: recall(key, fallback) }));
  const current = held.key === key ? held.value : recall(key, fallback);
  if (held.key !== key) setHeld({ key, value: current });
  const set = useCallback(
    (value: T) => {
      remember(key, value);
      setHeld({ key, value });
    },
    [key],
  );
  return [current, set];
}
