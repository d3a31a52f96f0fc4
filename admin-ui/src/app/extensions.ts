import { useSyncExternalStore } from "react";
import { pb } from "@/api/client";
import type { Route } from "@/lib/route";
import { confirm } from "@/ui/confirm";
import { say } from "@/ui/toast";

// Scripts of the operator, which the server keeps in its folder of extensions. They run before the first
// page is shown, and have `window.app`. The README says what is in it, and what it says stays.

/** Takes away what was put in place. */
type Undo = () => void;

export interface ExtensionPage {
  /** Its address is `#/extensions/<path>`. */
  path: string;
  label: string;
  /** Puts the page into its place. */
  mount: (place: HTMLElement) => Undo | void | Promise<Undo | void>;
}

export interface ExtensionLink {
  label: string;
  href: string;
}

interface ShownPage {
  path: string;
  query: Record<string, string>;
  element: HTMLElement;
}

type Hook = (page: ShownPage) => Undo | void;

export interface Extensions {
  pages: readonly ExtensionPage[];
  links: readonly ExtensionLink[];
}

let all: Extensions = { pages: [], links: [] };
const hooks = new Set<Hook>();
const listeners = new Set<() => void>();

function change(next: Partial<Extensions>): void {
  all = { ...all, ...next };
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** The pages and links that extensions have added. */
export function useExtensions(): Extensions {
  return useSyncExternalStore(subscribe, () => all);
}

const app = Object.freeze({
  version: String(import.meta.env["VITE_VERSION"]),
  pb,
  addPage(page: ExtensionPage): void {
    if (!/^[\w-]+$/.test(page.path)) throw new Error(`The path of a page is letters, digits, - and _: ${page.path}`);
    if (all.pages.some(({ path }) => path === page.path)) throw new Error(`There is a page with this path: ${page.path}`);
    change({ pages: [...all.pages, page] });
  },
  addLink(link: ExtensionLink): void {
    change({ links: [...all.links, link] });
  },
  onPage(hook: Hook): Undo {
    hooks.add(hook);
    return () => hooks.delete(hook);
  },
  toast: (message: string): void => say(message),
  confirm: (title: string, action: string): Promise<boolean> => confirm({ title, action }),
});

const failed = (fault: unknown) => console.warn("An extension failed:", fault);

/** Does what an extension wants; its faults are its own. */
function guarded<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (fault) {
    failed(fault);
    return undefined;
  }
}

/** Puts the page of an extension into its place, and takes it away again. */
export function mountPage(page: ExtensionPage, place: HTMLElement): Undo {
  const done = guarded(() => page.mount(place));
  return () => {
    place.replaceChildren();
    Promise.resolve(done).then((undo) => undo?.()).catch(failed);
  };
}

/** Tells the extensions that the page of this address is there; what comes back is for when it goes. */
export function pageShown({ path, query }: Route, element: HTMLElement): Undo {
  const page = { path: path.join("/"), query: Object.fromEntries(query), element };
  const undos = [...hooks].map((hook) => guarded(() => hook(page)));
  return () => {
    for (const undo of undos) if (undo) guarded(undo);
  };
}

const LOAD_MS = 5000;

/** Runs the extensions. Ends when all are done or one failed, and soon enough anyway. */
export async function loadExtensions(): Promise<void> {
  Object.defineProperty(window, "app", { value: app });
  const address = `${import.meta.env.BASE_URL}extensions.js`;
  const loaded = (import(/* @vite-ignore */ address) as Promise<unknown>).catch((fault: unknown) => console.warn("The extensions failed:", fault));
  await Promise.race([loaded, new Promise((resume) => setTimeout(resume, LOAD_MS))]);
}
