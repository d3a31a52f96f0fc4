export type Page = "setup" | "login" | "collections";

export interface Route {
  page: Page;
  /** The token of a setup, or the name of a collection; empty when there is none. */
  argument: string;
}

/** Reads `#/setup/TOKEN`, `#/login`, `#/collections/NAME`; anything else is the start page. */
export function parseRoute(hash: string): Route {
  const [, page = "", argument = ""] = hash.split("/");
  switch (page) {
    case "setup":
    // The address that PocketBase's server prints, which this page answers to as well.
    case "pbinstall":
      return { page: "setup", argument };
    case "login":
      return { page: "login", argument: "" };
    case "collections":
      return { page: "collections", argument: decode(argument) };
    default:
      return { page: "collections", argument: "" };
  }
}

export function collectionLink(name: string): string {
  return `#/collections/${encodeURIComponent(name)}`;
}

/** A hand-written address may hold a stray percent sign. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
