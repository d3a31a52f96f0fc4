// Scripts of the operator in the dashboard.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { DESKTOP, launch, PHONE } from "./browser.mjs";
import { checkAccess, visit } from "./page.mjs";
import { openAs, superuserOf } from "./session.mjs";
import { startServer } from "./server.mjs";
import { story } from "./story.mjs";

const REPORTS = `
const { greeting } = await import("/_/extensions/reports/words.js");
app.addPage({
  path: "reports",
  label: "Reports",
  async mount(place) {
    const heading = document.createElement("h1");
    heading.textContent = greeting;
    const text = document.createElement("p");
    place.append(heading, text);
    app.pb.collection("users").getList(1, 1).then(({ totalItems }) => (text.textContent = totalItems + " users"));
    return () => (document.body.dataset.reports = "gone");
  },
});
app.addPage({ path: "broken", label: "Broken", mount() { throw new Error("it is broken"); } });
app.addLink({ label: "Our handbook", href: "https://example.com/handbook" });
app.onPage(({ path, query, element }) => {
  element.dataset.seen = path + (query.collection ?? "");
  return () => delete element.dataset.seen;
});
`;

describe("extensions", () => {
  let server;
  let browser;
  let opened;
  let page;
  let pb;
  const test = story(() => page);
  const at = (address) => `${server.url}/_/${address}`;
  const extend = (name, file, text) => {
    mkdirSync(join(server.folder, "extensions", name), { recursive: true });
    writeFileSync(join(server.folder, "extensions", name, file), text);
  };
  before(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    pb = await superuserOf(server);
    extend("reports", "main.js", REPORTS);
    extend("reports", "words.js", 'export const greeting = "What we sold";');
    // It comes after the other one, in order of their names.
    extend("zz-faulty", "main.js", 'app.toast("Hello there");\nthrow new Error("a fault of its own");');
    opened = await openAs(pb, browser, DESKTOP);
    page = opened.page;
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test("a page of an extension is in the menu and in the palette, and goes when it is left", async () => {
    await visit(page, at("#/collections?collection=users"));
    await page.getByText("Hello there").waitFor();
    await page.getByRole("navigation", { name: "Areas" }).getByRole("link", { name: "More" }).click();
    await page.getByRole("heading", { level: 1, name: "What we sold" }).waitFor();
    await page.getByText("0 users").waitFor();
    const links = page.getByRole("navigation", { name: "Extensions" }).getByRole("link");
    assert.deepEqual((await links.allInnerTexts()).map((text) => text.trim()), ["Reports", "Broken", "Our handbook"]);
    await checkAccess(page, "a page of an extension");
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/extension.png` });
    await links.filter({ hasText: "Broken" }).click();
    await page.waitForFunction(() => document.body.dataset.reports === "gone");
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: /Find a collection/ }).waitFor();
    await page.keyboard.type("reports");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "What we sold" }).waitFor();
  });

  test("an extension hears of the pages that are shown", async () => {
    await visit(page, at("#/collections?collection=users"));
    await page.locator('#content[data-seen="collectionsusers"]').waitFor();
    await visit(page, at("#/logs"));
    await page.locator('#content[data-seen="logs"]').waitFor();
  });

  test("it fits on a phone", async () => {
    const phone = await openAs(pb, browser, { ...PHONE, colorScheme: "dark" });
    await visit(phone.page, at("#/extensions/reports"));
    await checkAccess(phone.page, "a page of an extension on a phone");
    assert.ok((await phone.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)) <= 0);
    if (process.env.SHOTS) await phone.page.screenshot({ path: `${process.env.SHOTS}/extension-phone.png` });
    await phone.context.close();
  });

  test("nothing was reported to the console as an error", () => {
    assert.deepEqual(opened.complaints, []);
  });
});
