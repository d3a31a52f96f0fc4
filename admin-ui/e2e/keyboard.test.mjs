// Everything from the login to the palette without a mouse.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { DESKTOP, launch } from "./browser.mjs";
import { enterOn, tabTo, writeOver } from "./keys.mjs";
import { button, openPage, settled, visit } from "./page.mjs";
import { EMAIL, PASSWORD, superuserOf } from "./session.mjs";
import { startServer } from "./server.mjs";
import { story } from "./story.mjs";

describe("the keyboard alone", () => {
  let server;
  let browser;
  let opened;
  let page;
  let pb;
  const test = story(() => page);
  before(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    pb = await superuserOf(server);
    opened = await openPage(browser, DESKTOP);
    page = opened.page;
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test("logs in", async () => {
    await visit(page, `${server.url}/_/#/login`);
    await tabTo(page, page.getByLabel("Email"));
    await page.keyboard.type(EMAIL);
    await tabTo(page, page.getByLabel("Password *", { exact: true }));
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("navigation", { name: "Areas" }).waitFor();
    await page.waitForURL(/[?&]collection=/);
    await settled(page);
  });

  test("makes a collection", async () => {
    await enterOn(page, page.getByRole("link", { name: "New collection" }));
    await tabTo(page, page.getByLabel("Name *"));
    await page.keyboard.type("notes");
    await enterOn(page, button(page, "Add a field"));
    await enterOn(page, page.locator('[data-kind="text"]'));
    await writeOver(page, page.locator('input[aria-label="Name of the field"][value="text"]'), "title");
    await enterOn(page, button(page, "Create collection"));
    await page.getByText("No records yet").waitFor();
  });

  test("adds a field to it", async () => {
    await tabTo(page, page.getByRole("tab", { name: "Records" }));
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await enterOn(page, button(page, "Add a field"));
    await enterOn(page, page.locator('[data-kind="number"]'));
    await writeOver(page, page.locator('input[aria-label="Name of the field"][value="number"]'), "rank");
    await enterOn(page, button(page, "Review and save"));
    await enterOn(page, button(page, "Save"));
    await page.getByText("The collection is saved.").waitFor();
    assert.ok((await pb.collections.getOne("notes")).fields.some((field) => field.name === "rank" && field.type === "number"));
  });

  test("changes a rule", async () => {
    await tabTo(page, page.getByRole("tab", { name: "Fields" }));
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    const rule = page.getByRole("group", { name: "List and search" });
    await tabTo(page, rule.getByRole("radio", { checked: true }));
    // From "Superusers" over "Everybody" or "Condition", as they stand.
    const condition = rule.getByRole("textbox");
    for (let steps = 0; steps < 3 && !(await condition.isVisible()); steps += 1) await page.keyboard.press("ArrowRight");
    await writeOver(page, condition, 'title != ""');
    await page.keyboard.press("Escape");
    await enterOn(page, button(page, "Review and save"));
    await enterOn(page, button(page, "Save"));
    await page.getByText("The collection is saved.").first().waitFor();
    assert.equal((await pb.collections.getOne("notes")).listRule, 'title != ""');
  });

  test("adds a record", async () => {
    await tabTo(page, page.getByRole("tab", { name: "Rules" }));
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    await page.getByText("No records yet").waitFor();
    await enterOn(page, button(page, "New record").first());
    const drawer = page.getByRole("dialog");
    await tabTo(page, drawer.getByLabel("title", { exact: true }));
    await page.keyboard.type("As it was");
    await enterOn(page, button(drawer, "Create"));
    await drawer.waitFor({ state: "detached" });
    await page.getByText("As it was").first().waitFor();
  });

  test("changes it, and is back where it was", async () => {
    const row = page.locator('[data-index="0"]');
    await enterOn(page, row);
    const drawer = page.getByRole("dialog");
    await writeOver(page, drawer.getByLabel("title", { exact: true }), "Changed");
    await page.keyboard.press("Control+s");
    await page.getByText("The record is saved.").waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    await page.getByText("Changed").first().waitFor();
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-index") === "0");
  });

  test("deletes it, and takes that back by the toast and by a key", async () => {
    await page.keyboard.press("Space");
    await enterOn(page, button(page, "Delete"));
    await page.getByText("No records yet").waitFor();
    await enterOn(page, button(page, "Undo"));
    await page.getByText("Changed").first().waitFor();
    await tabTo(page, page.locator('[data-index="0"]'));
    await page.keyboard.press("Space");
    await enterOn(page, button(page, "Delete"));
    await page.getByText("No records yet").waitFor();
    await page.keyboard.press("Control+z");
    await page.getByText("Changed").first().waitFor();
  });

  test("changes a setting", async () => {
    await enterOn(page, page.getByRole("navigation", { name: "Areas" }).getByRole("link", { name: "Settings" }));
    await writeOver(page, page.getByLabel(/^Name/).first(), "By keys");
    await enterOn(page, button(page, "Save changes"));
    await page.getByText("The settings are saved.").waitFor();
    assert.equal((await pb.settings.getAll()).meta.appName, "By keys");
  });

  test("finds everything by the palette", async () => {
    for (const [letters, heading] of [["logs", "Logs"], ["schdl jobs", "Scheduled jobs"]]) {
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox", { name: /Find a collection/ }).waitFor();
      await page.keyboard.type(letters);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    }
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: /Find a collection/ }).waitFor();
    await page.keyboard.type("new record in notes");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "New record in notes" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByRole("heading", { level: 1, name: "notes" }).waitFor();
  });

  test("chooses the dark look and logs out", async () => {
    await enterOn(page, button(page, "Account"));
    await enterOn(page, page.getByRole("menuitemradio", { name: "Dark" }));
    await page.waitForFunction(() => document.documentElement.dataset.mantineColorScheme === "dark");
    await enterOn(page, button(page, "Account"));
    await enterOn(page, page.getByRole("menuitem", { name: "Log out" }));
    await page.getByRole("heading", { name: "Log in" }).waitFor();
  });

  test("nothing was reported to the console", () => {
    assert.deepEqual(opened.complaints, []);
  });
});
