// What is shown when things are not as one would like: offline, refused, broken, changed by somebody else.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { DESKTOP, launch } from "./browser.mjs";
import { button, checkAccess, openTab, settled, visit } from "./page.mjs";
import { openAs, superuserOf } from "./session.mjs";
import { startServer } from "./server.mjs";
import { story } from "./story.mjs";

describe("states", () => {
  let server;
  let browser;
  let opened;
  let page;
  let pb;
  const test = story(() => page);
  const at = (address) => `${server.url}/_/${address}`;
  const answer = (status, message) => ({ status, contentType: "application/json", body: JSON.stringify({ status, message, data: {} }) });
  before(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    pb = await superuserOf(server);
    await pb.collections.create({ name: "notes", type: "base", fields: [{ name: "title", type: "text" }, { name: "count", type: "number" }] });
    await pb.collections.create({ name: "empty", type: "base", fields: [{ name: "title", type: "text" }] });
    await pb.collection("notes").create({ title: "As it was" });
    opened = await openAs(pb, browser, DESKTOP);
    page = opened.page;
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test("what is empty says so, and what to do", async () => {
    await visit(page, at("#/collections?collection=empty"));
    await page.getByText("No records yet").waitFor();
    await checkAccess(page, "an empty collection");
    await visit(page, at("#/collections?collection=notes&filter=title%20%3D%20%27nobody%27"));
    await page.getByText("No record fits this filter.").waitFor();
    await visit(page, at("#/settings/backups"));
    await page.getByText("No backups yet").waitFor();
  });

  test("a list that fails says why, and another try brings it", async () => {
    const broken = (route) => route.fulfill(answer(500, "The disk is on fire."));
    await page.route("**/collections/empty/records?*", broken);
    await visit(page, at("#/collections?collection=empty"));
    await page.reload();
    await page.getByText("That did not work").waitFor();
    await page.getByText("The disk is on fire.").waitFor();
    await checkAccess(page, "a list that failed");
    await page.unroute("**/collections/empty/records?*", broken);
    await button(page, "Try again").click();
    await page.getByText("No records yet").waitFor();
  });

  test("what one may not see says so", async () => {
    const refused = (route) => route.fulfill(answer(403, "You are not allowed to perform this request."));
    await page.route("**/api/backups*", refused);
    await visit(page, at("#/settings/backups"));
    await page.reload();
    await page.getByText("No permission").waitFor();
    await checkAccess(page, "what one may not see");
    await page.unroute("**/api/backups*", refused);
    await button(page, "Try again").click();
    await page.getByText("No backups yet").waitFor();
  });

  test("a server that is away says so, and another try brings it", async () => {
    const away = (route) => route.abort("connectionrefused");
    await page.route("**/api/logs?*", away);
    await visit(page, at("#/logs"));
    await page.getByText("No connection").waitFor();
    await page.unroute("**/api/logs?*", away);
    await button(page, "Try again").click();
    await page.getByText("No connection").waitFor({ state: "detached" });
  });

  test("a lost connection is told while it lasts", async () => {
    await visit(page, at("#/collections?collection=notes"));
    await opened.context.setOffline(true);
    await page.getByText("You are offline. What you see may be old.").waitFor();
    await page.getByText("As it was").first().waitFor();
    await checkAccess(page, "offline");
    await opened.context.setOffline(false);
    await page.getByText("You are offline.").waitFor({ state: "detached" });
  });

  test("two tabs that change the same record do not overwrite each other in silence", async () => {
    await visit(page, at("#/collections?collection=notes"));
    await page.getByText("As it was").first().click();
    const mine = page.getByRole("dialog");
    await mine.getByLabel("title", { exact: true }).fill("Mine");

    const other = await openTab(opened.context, opened.complaints);
    await visit(other, at("#/collections?collection=notes"));
    await other.getByText("As it was").first().click();
    const theirs = other.getByRole("dialog");
    await theirs.getByLabel("count", { exact: true }).fill("7");
    await button(theirs, "Save changes").click();
    await theirs.waitFor({ state: "detached" });
    await other.close();

    await button(mine, "Save changes").click();
    await mine.getByText("They changed: count").waitFor();
    await checkAccess(page, "a conflict");
    await button(mine, "Take theirs, drop my changes").click();
    await mine.getByText("They changed: count").waitFor({ state: "detached" });
    await mine.getByLabel("title", { exact: true }).and(page.locator("[value], textarea")).first().waitFor();
    await settled(page);
    assert.equal(await mine.getByLabel("title", { exact: true }).inputValue(), "As it was");
    assert.equal(await mine.getByLabel("count", { exact: true }).inputValue(), "7");
    await page.keyboard.press("Escape");
    await mine.waitFor({ state: "detached" });
  });

  test("a session that was ended elsewhere leads to the login, and back", async () => {
    await visit(page, at("#/settings/crons"));
    await page.evaluate(() => {
      const session = JSON.parse(localStorage.getItem("haversack_dashboard"));
      localStorage.setItem("haversack_dashboard", JSON.stringify({ ...session, token: session.token.replace(/.$/, (last) => (last === "A" ? "B" : "A")) }));
    });
    await page.reload();
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    await page.getByLabel("Email").fill("first@example.com");
    await page.getByLabel("Password *", { exact: true }).fill("a-long-password");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Scheduled jobs" }).waitFor();
  });

  test("nothing was reported to the console", () => {
    assert.deepEqual(opened.complaints.filter((line) => !/status of 500|ERR_(CONNECTION|INTERNET)/.test(line)), []);
  });
});
