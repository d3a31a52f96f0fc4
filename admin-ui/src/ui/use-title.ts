import { useEffect } from "react";
import { useSettings } from "@/api/settings";

/** Names the page in the tab of the browser. */
export function useTitle(title: string): void {
  const appName = useSettings().data?.meta.appName || "Haversack";
  useEffect(() => {
    document.title = `${title} · ${appName}`;
  }, [title, appName]);
}
