import { Select } from "@mantine/core";
import { Suspense } from "react";
import { t } from "@/i18n";
import { go, link, useRoute } from "@/lib/route";
import { ErrorBoundary } from "@/ui/error-boundary";
import { PageLoading } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { SETTINGS_PAGES } from "./settings-pages";
import classes from "./settings-area.module.css";

/** All pages of settings beside their list. */
export function SettingsArea() {
  const path = useRoute().path.slice(0, 2).join("/");
  const page = SETTINGS_PAGES.find((each) => each.path === path) ?? SETTINGS_PAGES[0];
  useTitle(page ? page.label() : t("Settings"));
  if (!page) return null;
  const groups = Object.entries(Object.groupBy(SETTINGS_PAGES, (each) => each.group()));
  return (
    <div className={classes["area"]}>
      <nav className={classes["list"]} aria-label={t("Settings")}>
        {groups.map(([group, pages]) => (
          <section key={group}>
            <h2 className={classes["group"]}>{group}</h2>
            {pages?.map((each) => (
              <a key={each.path} href={link(each.path)} className={classes["item"]} aria-current={each === page ? "page" : undefined}>
                <each.icon size={17} stroke={1.6} aria-hidden />
                {each.label()}
              </a>
            ))}
          </section>
        ))}
      </nav>
      <div className={classes["small"]}>
        <Select
          aria-label={t("Settings")}
          data={groups.map(([group, pages]) => ({ group, items: (pages ?? []).map((each) => ({ value: each.path, label: each.label() })) }))}
          value={page.path}
          allowDeselect={false}
          onChange={(value) => value && go(link(value))}
        />
      </div>
      <div className={classes["page"]}>
        <ErrorBoundary key={page.path}>
          <Suspense fallback={<PageLoading />}>
            <page.page />
          </Suspense>
        </ErrorBoundary>
      </div>
    </div>
  );
}
