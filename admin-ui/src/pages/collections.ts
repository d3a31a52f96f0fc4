import type { CollectionModel } from "pocketbase";
import { explain, isSessionOver, pb } from "../api";
import { brand, button, el } from "../dom";
import { collectionLink } from "../route";
import { recordTable } from "./record-table";

const RECORDS_SHOWN = 50;

/** The collections with their sizes, and the first records of the one that is chosen. */
export function showCollections(root: HTMLElement, chosen: string): void {
  document.title = `${chosen || "Collections"} · Haversack`;
  const list = el("nav", { "aria-label": "Collections", class: "collections" });
  const content = el("main", { class: "content", id: "content" });
  const who = el("span", { class: "muted who" }, String(pb.authStore.record?.["email"] ?? ""));
  root.replaceChildren(
    el("a", { class: "skip", href: "#content" }, "Skip to records"),
    el("header", { class: "top" }, brand(), who, button("Log out", "quiet", () => pb.authStore.clear())),
    el("div", { class: "columns" }, list, content),
  );
  // The address belongs to the router, so the link moves the focus itself.
  root.querySelector(".skip")?.addEventListener("click", (event) => {
    event.preventDefault();
    content.querySelector<HTMLElement>("h1")?.focus();
  });

  const load = async () => {
    content.replaceChildren(skeleton());
    try {
      const all = await pb.collections.getFullList({ sort: "name" });
      const collection = all.find((each) => each.name === chosen) ?? (chosen ? undefined : all.find((each) => !each.system));
      fillList(list, all, collection?.name ?? "");
      if (collection) await fillContent(content, collection);
      else if (chosen) content.replaceChildren(note("No such collection", `There is no collection named “${chosen}”.`));
      else content.replaceChildren(note("No collections yet", "Make one through the API; see the README for the two calls it takes."));
    } catch (failure) {
      if (isSessionOver(failure)) return pb.authStore.clear();
      content.replaceChildren(note("That did not work", explain(failure), button("Try again", "plain", load)));
    }
  };
  void load();
}

function fillList(list: HTMLElement, all: CollectionModel[], chosen: string): void {
  const group = (title: string, collections: CollectionModel[]) =>
    collections.length === 0
      ? null
      : el("section", {}, el("h2", {}, title), el("ul", {}, ...collections.map((each) => entry(each, each.name === chosen))));
  const groups = [
    group("Collections", all.filter((each) => !each.system)),
    group("System", all.filter((each) => each.system)),
  ];
  list.replaceChildren(...groups.filter((each) => each !== null));
  list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}

function entry(collection: CollectionModel, isChosen: boolean): HTMLElement {
  const size = el("span", { class: "size", "aria-label": "counting" }, "…");
  // One failing count is no reason to show nothing.
  pb.collection(collection.name)
    .getList(1, 1, { fields: "id" })
    .then(({ totalItems }) => {
      size.textContent = totalItems.toLocaleString();
      size.setAttribute("aria-label", `${totalItems} records`);
    })
    .catch(() => {
      size.textContent = "?";
      size.setAttribute("aria-label", "could not be counted");
    });
  const link = el("a", { href: collectionLink(collection.name), "aria-current": isChosen && "page" }, el("span", {}, collection.name), size);
  return el("li", {}, link);
}

async function fillContent(content: HTMLElement, collection: CollectionModel): Promise<void> {
  const page = await pb.collection(collection.name).getList(1, RECORDS_SHOWN);
  const heading = el("h1", { tabindex: "-1" }, collection.name);
  const shown = page.items.length;
  const summary =
    page.totalItems > shown ? `The first ${shown} of ${page.totalItems.toLocaleString()} records` : page.totalItems === 1 ? "1 record" : `${shown} records`;
  const title = el("div", { class: "title" }, heading, el("span", { class: "chip" }, collection.type), el("span", { class: "muted" }, summary));
  content.replaceChildren(
    title,
    shown > 0 ? recordTable(collection, page.items) : note("", "No records yet. They appear here as soon as something creates them."),
  );
}

function note(title: string, text: string, ...actions: HTMLElement[]): HTMLElement {
  return el("div", { class: "note", role: "status" }, title ? el("h1", { tabindex: "-1" }, title) : null, el("p", {}, text), ...actions);
}

function skeleton(): HTMLElement {
  const bars = Array.from({ length: 6 }, () => el("div", { class: "bar" }));
  return el("div", { class: "skeleton", role: "status", "aria-label": "Loading" }, ...bars);
}
