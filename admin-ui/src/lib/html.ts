/** Where the styles of an element wait, because the page's policy refuses them as text, even in a page that nobody sees. */
export const HELD_STYLE = "data-held-style";
const STYLE = /(<[a-z][^<>]*?[\s/"'])style(?=\s*=)/gi;

/** Parsing this way runs and fetches nothing. */
function parsed(markup: string): HTMLElement {
  return new DOMParser().parseFromString(markup.replace(STYLE, `$1${HELD_STYLE}`), "text/html").body;
}

/** What markup says, without the markup. */
export function plainText(markup: string): string {
  const parts = parsed(markup).childNodes;
  return Array.from(parts, (part) => part.textContent ?? "").join(" ").trim();
}

const ALLOWED = new Set(
  "a b blockquote br code col div em figcaption figure h1 h2 h3 h4 h5 h6 hr i img li ol p pre s span strong sub sup table tbody td th thead tr u ul"
    .split(" "),
);
const ATTRIBUTES = new Set(["href", "src", "alt", "title", "colspan", "rowspan", "width", "height", HELD_STYLE, "class", "dir", "target"]);

/** The markup without anything that could run: unknown elements are unwrapped, handlers and odd links dropped. Styles are held back. */
export function safeMarkup(markup: string): string {
  const body = parsed(markup);
  for (const element of Array.from(body.querySelectorAll("*"))) {
    const name = element.tagName.toLowerCase();
    if (["script", "style", "iframe", "object", "embed", "template", "svg", "math"].includes(name)) element.remove();
    else if (!ALLOWED.has(name)) element.replaceWith(...element.childNodes);
    else tidyAttributes(element);
  }
  return body.innerHTML;
}

function tidyAttributes(element: Element): void {
  for (const { name, value } of Array.from(element.attributes)) {
    const isLink = name === "href" || name === "src";
    const runs = isLink && /^\s*(?!https?:|mailto:|tel:|data:image\/|blob:)[a-z][a-z0-9+.-]*:/i.test(value);
    if (!ATTRIBUTES.has(name) || runs) element.removeAttribute(name);
  }
}
