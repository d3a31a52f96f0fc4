import { HELD_STYLE, safeMarkup } from "@/lib/html";

/** Puts markup into an element that is edited. Styles go in one by one, which the page's policy lets pass. */
export function writeMarkup(area: HTMLElement, markup: string): void {
  area.innerHTML = safeMarkup(markup);
  for (const element of area.querySelectorAll<HTMLElement>(`[${HELD_STYLE}]`)) {
    element.style.cssText = element.getAttribute(HELD_STYLE) ?? "";
    element.removeAttribute(HELD_STYLE);
  }
}

/** What is pasted keeps its structure and leaves its looks behind. */
export function pasted(markup: string): string {
  return safeMarkup(markup).replaceAll(new RegExp(` ${HELD_STYLE}="[^"]*"`, "g"), "");
}

export function readMarkup(area: HTMLElement): string {
  return area.innerHTML === "<br>" ? "" : area.innerHTML;
}

const escaped = (text: string) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** A picture, or a link to what is none. */
export function fileMarkup(name: string, address: string, isImage: boolean): string {
  return isImage ? `<img src="${escaped(address)}" alt="${escaped(name)}">` : `<a href="${escaped(address)}">${escaped(name)}</a>`;
}
