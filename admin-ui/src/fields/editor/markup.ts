import { safeMarkup } from "@/lib/html";

/** Puts markup into an element that is edited. Styles go in one by one, because the page's policy refuses them as text. */
export function writeMarkup(area: HTMLElement, markup: string): void {
  const page = new DOMParser().parseFromString(safeMarkup(markup), "text/html");
  const styled = Array.from(page.body.querySelectorAll("[style]"), (element, at) => {
    const style = element.getAttribute("style") ?? "";
    element.removeAttribute("style");
    element.setAttribute("data-style", String(at));
    return style;
  });
  area.innerHTML = page.body.innerHTML;
  for (const element of area.querySelectorAll<HTMLElement>("[data-style]")) {
    element.style.cssText = styled[Number(element.dataset["style"])] ?? "";
    delete element.dataset["style"];
  }
}

export function readMarkup(area: HTMLElement): string {
  return area.innerHTML === "<br>" ? "" : area.innerHTML;
}

const escaped = (text: string) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** A picture, or a link to what is none. */
export function fileMarkup(name: string, address: string, isImage: boolean): string {
  return isImage ? `<img src="${escaped(address)}" alt="${escaped(name)}">` : `<a href="${escaped(address)}">${escaped(name)}</a>`;
}
