import { useEffect } from "react";
import { t } from "@/i18n";
import { addGuard, go, link, type Route } from "@/lib/route";
import { confirm } from "./confirm";

/** While `dirty`, leaving the page or closing the tab asks first. `stays` tells addresses that lose nothing. */
export function useUnsavedGuard(dirty: boolean, stays: (route: Route) => boolean = () => false): void {
  useEffect(() => {
    if (!dirty) return;
    const beforeUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", beforeUnload);
    let agreed = false;
    const remove = addGuard((next) => {
      if (agreed || stays(next)) return true;
      void askToLeave().then((yes) => {
        if (!yes) return;
        agreed = true;
        go(link(next.path.map(encodeURIComponent).join("/"), Object.fromEntries(next.query)));
      });
      return false;
    });
    return () => {
      remove();
      window.removeEventListener("beforeunload", beforeUnload);
    };
  }, [dirty, stays]);
}

export function askToLeave(): Promise<boolean> {
  return confirm({
    title: t("Leave without saving?"),
    body: t("Your changes on this page are not saved yet."),
    action: t("Leave"),
    danger: true,
  });
}
