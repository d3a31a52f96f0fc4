import { useHotkeys, useNetwork } from "@mantine/hooks";
import { Alert } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect, useState, type ComponentType } from "react";
import { onOtherTabs } from "@/api/collections";
import { onOtherTabsSettings, useSettings } from "@/api/settings";
import { t } from "@/i18n";
import { useRoute } from "@/lib/route";
import { ErrorBoundary } from "@/ui/error-boundary";
import { PageLoading } from "@/ui/states";
import { pageShown } from "./extensions";
import { Rail } from "./rail";
import classes from "./shell.module.css";

const Palette = lazy(() => import("./palette").then(({ Palette }) => ({ default: Palette })));

const AREAS: Record<string, ComponentType> = {
  collections: lazy(() => import("./collections-area").then(({ CollectionsArea }) => ({ default: CollectionsArea }))),
  overview: lazy(() => import("@/features/overview/page").then(({ OverviewPage }) => ({ default: OverviewPage }))),
  logs: lazy(() => import("@/features/logs/page").then(({ LogsPage }) => ({ default: LogsPage }))),
  extensions: lazy(() => import("./extensions-area").then(({ ExtensionsArea }) => ({ default: ExtensionsArea }))),
  settings: lazy(() => import("./settings-area").then(({ SettingsArea }) => ({ default: SettingsArea }))),
};

const DEFAULT_ACCENT = "#1055c9";

/** The frame around every page after login: the rail of areas, and the area that the address names. */
export function Shell() {
  const { path } = useRoute();
  const { online } = useNetwork();
  const client = useQueryClient();
  const accent = useSettings().data?.meta.accentColor;
  const [paletteOpen, setPaletteOpen] = useState(false);
  useHotkeys([["mod+K", () => setPaletteOpen((open) => !open)]], []);
  useEffect(() => onOtherTabsSettings(() => void client.invalidateQueries({ queryKey: ["settings"] })), [client]);
  useEffect(() => onOtherTabs(() => void client.invalidateQueries({ queryKey: ["collections"] })), [client]);

  const openPalette = useCallback(() => setPaletteOpen(true), []);
  const name = path[0] && path[0] in AREAS ? path[0] : "collections";
  const Area = AREAS[name] as ComponentType;
  return (
    <div className={classes["shell"]} style={accent && accent.toLowerCase() !== DEFAULT_ACCENT ? { borderTop: `3px solid ${accent}` } : {}}>
      <a
        className="hs-skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>("#content")?.focus();
        }}
      >
        {t("Skip to the content")}
      </a>
      <Rail area={name} openPalette={openPalette} />
      <main id="content" tabIndex={-1} className={classes["content"]}>
        {!online && (
          <Alert color="yellow" p="xs" radius={0} role="status">
            {t("You are offline. What you see may be old.")}
          </Alert>
        )}
        <ErrorBoundary key={name}>
          <Suspense fallback={<PageLoading />}>
            <Area />
            <PageHooks />
          </Suspense>
        </ErrorBoundary>
      </main>
      <Suspense>{paletteOpen && <Palette close={() => setPaletteOpen(false)} />}</Suspense>
    </div>
  );
}

/** Tells extensions of each page, once it is there. */
function PageHooks() {
  const route = useRoute();
  useEffect(() => {
    const content = document.querySelector<HTMLElement>("#content");
    return content ? pageShown(route, content) : undefined;
  }, [route]);
  return null;
}
