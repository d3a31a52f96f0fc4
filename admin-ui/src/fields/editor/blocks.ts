// What the browser's own commands write as text of a style, which the page's policy refuses, is done to the elements here.

/** The paragraphs, headings and so on that the selection touches; text without one is put into one. */
export function selectedBlocks(area: HTMLElement): HTMLElement[] {
  const range = () => (document.getSelection()?.rangeCount ? document.getSelection()?.getRangeAt(0) : undefined);
  const touched = () => {
    const now = range();
    return now ? Array.from(area.children).filter((each): each is HTMLElement => each instanceof HTMLElement && now.intersectsNode(each)) : [];
  };
  if (touched().length === 0 && range() && area.contains(range()?.startContainer ?? null)) document.execCommand("formatBlock", false, "p");
  return touched();
}

export type Alignment = "left" | "center" | "right";

export function align(area: HTMLElement, to: Alignment): void {
  for (const block of selectedBlocks(area)) {
    // Inside a table the cell is meant, not all of it.
    const cell = document.getSelection()?.anchorNode?.parentElement?.closest<HTMLElement>("td, th");
    (cell && block.contains(cell) ? cell : block).style.textAlign = to === "left" ? "" : to;
    if (block.getAttribute("style") === "") block.removeAttribute("style");
  }
}

/** From left to right, or the other way. */
export function turn(area: HTMLElement): void {
  for (const block of selectedBlocks(area)) {
    if (block.dir === "rtl") block.removeAttribute("dir");
    else block.dir = "rtl";
  }
}

/** Colors the selected text. */
export function paint(area: HTMLElement, color: string): void {
  document.execCommand("foreColor", false, color);
  for (const font of area.querySelectorAll("font[color]")) {
    const span = document.createElement("span");
    span.style.color = font.getAttribute("color") ?? "";
    span.append(...font.childNodes);
    font.replaceWith(span);
  }
}
