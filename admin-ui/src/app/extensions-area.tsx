import { useLayoutEffect, useRef } from "react";
import { t } from "@/i18n";
import { link, useRoute } from "@/lib/route";
import { IconExternalLink, IconPuzzle } from "@/ui/icons";
import { Notice } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { type ExtensionPage, mountPage, useExtensions } from "./extensions";
import classes from "./extensions-area.module.css";

/** What extensions have added: their pages and links, and the page that the address names. */
export function ExtensionsArea() {
  const { pages, links } = useExtensions();
  const path = useRoute().path[1];
  const page = path ? pages.find((each) => each.path === path) : pages[0];
  useTitle(page?.label ?? t("Extensions"));
  return (
    <div className={classes["area"]}>
      <nav className={classes["list"]} aria-label={t("Extensions")}>
        {pages.map((each) => (
          <a key={each.path} href={link(`extensions/${each.path}`)} className={classes["item"]} aria-current={each === page ? "page" : undefined}>
            {each.label}
          </a>
        ))}
        {links.map(({ href, label }) => (
          <a key={href} href={href} className={classes["item"]} target="_blank" rel="noreferrer">
            {label} <IconExternalLink size={14} aria-hidden />
          </a>
        ))}
      </nav>
      <div className={classes["page"]}>{page ? <MountedPage key={page.path} page={page} /> : <Notice icon={IconPuzzle} title={t("No such page")}>{t("No extension has a page of this name.")}</Notice>}</div>
    </div>
  );
}

function MountedPage({ page }: { page: ExtensionPage }) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    return place.current ? mountPage(page, place.current) : undefined;
  }, [page]);
  // Whatever an async page still puts in after it was left goes with this element.
  return <div ref={place} />;
}
