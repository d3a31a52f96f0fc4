import { useSyncExternalStore } from "react";

/** An address after the `#`: its path in parts, and its query. */
export interface Route {
  path: string[];
  query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  return { path: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}

/** A hand-written address may hold a stray percent sign. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export type Query = Record<string, string | undefined>;

/** Writes an address; empty and undefined parameters are left out. */
export function link(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) params.set(name, value);
  const text = params.toString();
  return `#/${path}${text ? `?${text}` : ""}`;
}

/** A question that must be answered with yes before the page may change. */
type Guard = (leaving: Route) => boolean;
const guards = new Set<Guard>();

/** Asks before the address changes for as long as the guard stands. */
export function addGuard(guard: Guard): () => void {
  guards.add(guard);
  return () => guards.delete(guard);
}

let shown = location.hash;
let current = parseRoute(shown);
const listeners = new Set<() => void>();

window.addEventListener("hashchange", () => {
  if (location.hash === shown) return;
  const next = parseRoute(location.hash);
  for (const guard of guards) {
    if (guard(next)) continue;
    history.pushState(null, "", shown || "#/");
    return;
  }
  shown = location.hash;
  current = next;
  for (const listener of listeners) listener();
});

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, () => current);
}

export function go(address: string): void {
  location.hash = address;
}

/** Changes parameters of the present address; what is undefined goes. */
export function patchQuery(changes: Query, how: "push" | "replace" = "push"): void {
  // The address itself is asked, because a change of it may be on its way to `current`.
  const { path, query } = parseRoute(location.hash);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const address = link(path.map(encodeURIComponent).join("/"), Object.fromEntries(query));
  if (how === "replace") {
    history.replaceState(null, "", address);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = address;
  }
}
