type Child = Node | string | null;

/** Makes an element: attributes with `false` are left out, listeners come as `on` properties. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | boolean> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function button(label: string, variant: "plain" | "quiet", onClick: () => void): HTMLButtonElement {
  const made = el("button", { type: "button", class: variant }, label);
  made.addEventListener("click", onClick);
  return made;
}

/** The mark and the name, as they stand at the top of every page. */
export function brand(): HTMLElement {
  const mark = el("img", { src: `${import.meta.env.BASE_URL}icon.svg`, alt: "", width: "28", height: "28" });
  return el("span", { class: "brand" }, mark, "Haversack");
}
