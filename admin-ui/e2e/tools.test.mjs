// Tools around the data: import, the rule tester, undo, backups that come from elsewhere.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { DESKTOP, launch } from "./browser.mjs";
import { button, checkAccess, saveSettings, visit } from "./page.mjs";
import { openAs, superuserOf } from "./session.mjs";
import { PDF } from "./pixel.mjs";
import { startServer } from "./server.mjs";
import { story } from "./story.mjs";

const CSV = "Title,reads,published\nFirst,12,true\nSecond,many,false\nThird,3,true\n";

describe("tools", () => {
  let server;
  let browser;
  let opened;
  let page;
  let pb;
  const test = story(() => page);
  const at = (address) => `${server.url}/_/${address}`;
  before(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    pb = await superuserOf(server);
    await pb.collections.create({
      name: "posts",
      type: "base",
      listRule: "published = true",
      fields: [{ name: "title", type: "text" }, { name: "reads", type: "number" }, { name: "published", type: "bool" }],
    });
    await pb.collections.create({ name: "papers", type: "base", fields: [{ name: "paper", type: "file", maxSelect: 1, maxSize: 100_000 }] });
    opened = await openAs(pb, browser, DESKTOP);
    page = opened.page;
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test("a CSV file is tried before it is imported", async () => {
    await visit(page, at("#/collections?collection=posts"));
    await button(page, "More actions").click();
    await page.getByRole("menuitem", { name: "Import CSV" }).click();
    const dialog = page.getByRole("dialog", { name: "Import CSV into posts" });
    await dialog.locator('input[type="file"]').or(page.locator('input[type="file"][accept*="csv"]')).first().setInputFiles({ name: "posts.csv", mimeType: "text/csv", buffer: Buffer.from(CSV) });
    await dialog.getByText("Trial run: 2 of 3 rows can be imported").waitFor();
    await dialog.getByText("Line 3:").waitFor();
    assert.equal((await pb.collection("posts").getList(1, 1)).totalItems, 0, "a trial run stores nothing");
    assert.equal(await dialog.getByLabel("Field for Title").first().inputValue(), "title");
    await checkAccess(page, "the import of a CSV file");

    // Without the column that is at fault all rows are good.
    await dialog.getByLabel("Field for reads").first().click();
    await page.getByRole("option", { name: "reads" }).click();
    await dialog.getByText("Trial run: 3 of 3 rows can be imported").waitFor();
    await dialog.getByLabel("Field for reads").first().click();
    await page.getByRole("option", { name: "reads" }).click();
    await dialog.getByText("Trial run: 2 of 3 rows can be imported").waitFor();
    await button(dialog, "Import 2 rows").click();
    await dialog.getByText("2 of 2 sent, 0 refused").waitFor();
    await button(dialog, "Done").click();
    await page.getByText("2 records").waitFor();
    await page.getByText("Third").first().waitFor();
  });

  test("many records are deleted at once and taken back by a key", async () => {
    await page.getByLabel("Choose all that are loaded").check();
    await button(page.getByRole("region", { name: "Chosen records" }), "Delete").click();
    await page.getByText("2 records deleted").waitFor();
    await page.getByText("No records yet").waitFor();
    await page.keyboard.press("Control+z");
    await page.getByText("Third").first().waitFor();
    assert.equal((await pb.collection("posts").getList(1, 1)).totalItems, 2);
  });

  test("a delete that nobody takes back is done when its time is over", async () => {
    await page.getByRole("checkbox", { name: /^Choose \w{15}$/ }).first().check();
    await button(page.getByRole("region", { name: "Chosen records" }), "Delete").click();
    await page.getByText("1 record deleted").waitFor();
    await page.getByText("1 record deleted").waitFor({ state: "detached" });
    await page.getByText("1 record", { exact: true }).waitFor();
    assert.equal((await pb.collection("posts").getList(1, 1)).totalItems, 1);
  });

  test("the rule tester lists as a guest, and says that an index is missing", async () => {
    // So many that reading them all is worth a word.
    await Promise.all(Array.from({ length: 320 }, (_, at) => pb.collection("posts").create({ title: `Post ${at}`, published: at % 2 === 0, reads: at % 40 })));
    await visit(page, at("#/settings/rules?collection=posts"));
    await page.getByText("published is yes").or(page.getByText(/Allowed when/)).first().waitFor();
    await page.getByRole("textbox", { name: "Filter" }).fill("reads > 30");
    await page.keyboard.press("Escape");
    await button(page, "Try").click();
    await page.getByRole("heading", { name: "32 records" }).waitFor();
    await page.getByRole("alert").filter({ hasText: /index/i }).waitFor();
    await checkAccess(page, "the rule tester");
    await page.getByRole("combobox", { name: "As" }).or(page.getByLabel("As", { exact: true })).first().click();
    await page.getByRole("option", { name: "a superuser" }).click();
    await button(page, "Try").click();
    await page.getByRole("heading", { name: "72 records" }).waitFor();
  });

  test("a filter that is wrong is refused in words", async () => {
    await page.getByRole("textbox", { name: "Filter" }).fill("nothing_like_this = 1");
    await page.keyboard.press("Escape");
    await button(page, "Try").click();
    await page.getByRole("alert").first().waitFor();
  });

  test("a backup that comes from elsewhere is uploaded", async () => {
    await pb.backups.create("mine.zip");
    const file = await fetch(pb.backups.getDownloadURL(await pb.files.getToken(), "mine.zip"));
    await visit(page, at("#/settings/backups"));
    const uploads = page.locator('input[type="file"]');
    await uploads.setInputFiles({ name: "broken.zip", mimeType: "application/zip", buffer: Buffer.from("no zip at all") });
    await page.getByRole("alert").first().waitFor();
    await uploads.setInputFiles({ name: "theirs.zip", mimeType: "application/zip", buffer: Buffer.from(await file.arrayBuffer()) });
    await page.getByText("The backup is uploaded.").waitFor();
    await page.getByRole("table", { name: "Backups" }).getByText("theirs.zip").waitFor();
    await checkAccess(page, "backups");
  });

  test("a backup of what has changed names the one that it builds on", async () => {
    await page.getByLabel("Make backups by the clock").check({ force: true });
    await page.getByLabel("Every how many of them is a full one").fill("7");
    await saveSettings(page);
    for (const [name, incremental] of [["whole.zip", false], ["since.zip", true]]) {
      await button(page, "New backup").click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Name").fill(name);
      if (incremental) await dialog.getByLabel("Only what has changed since the last one").check({ force: true });
      await button(dialog, "Make the backup").click();
      await dialog.waitFor({ state: "detached" });
      await page.getByRole("table", { name: "Backups" }).getByText(name, { exact: true }).waitFor();
    }
    await page.getByText("what has changed since whole.zip").waitFor();
    await button(page, "Restore since.zip").click();
    await page.getByRole("dialog").getByLabel("As it was at").waitFor();
    await checkAccess(page, "restoring what has changed");
    await button(page, "Cancel").click();
  });

  test("log entries are chosen, and filters that were used are kept", async () => {
    await visit(page, at("#/logs"));
    const switchAll = page.getByLabel("With superusers");
    await switchAll.check({ force: true });
    const refresh = button(page, "Refresh");
    // Entries are written some moments after the request.
    await assert.doesNotReject(async () => {
      for (let tries = 0; tries < 20; tries += 1) {
        if (await page.getByRole("table", { name: "Logs" }).isVisible()) return;
        await refresh.click();
        await page.waitForTimeout(500);
      }
      throw new Error("no entry came");
    });
    await page.getByRole("textbox", { name: "Search, or write a filter" }).fill("data.status < 600");
    await page.keyboard.press("Enter");
    await page.waitForURL(/filter=/);
    await button(page, "Filters used before").click();
    await page.getByRole("menuitem", { name: "data.status < 600" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("table", { name: "Logs" }).getByRole("checkbox").first().check();
    const bar = page.getByRole("region", { name: "Chosen entries" });
    await bar.getByText("1 chosen").waitFor();
    await checkAccess(page, "logs");
    const download = page.waitForEvent("download");
    await button(bar, "Export").click();
    assert.equal((await download).suggestedFilename(), "logs.json");
  });

  test("a stored PDF is looked at in the page", async () => {
    const { id } = await pb.collection("papers").create({ paper: new File([PDF], "paper.pdf", { type: "application/pdf" }) });
    await visit(page, at(`#/collections?collection=papers&record=${id}`));
    await page.getByRole("dialog").getByText(/^paper_\w+\.pdf$/).first().click();
    const frame = page.locator('iframe[src^="blob:"]');
    await frame.waitFor();
    // The browser's own viewer has come into the frame.
    for (let tries = 0; tries < 100 && !page.frames().some((each) => each.url().startsWith("chrome-extension:")); tries += 1) await page.waitForTimeout(100);
    assert.ok(page.frames().some((each) => each.url().startsWith("chrome-extension:")));
    if (process.env.SHOTS) await page.waitForTimeout(1500).then(() => page.screenshot({ path: `${process.env.SHOTS}/pdf.png` }));
    await button(page.getByRole("dialog").last(), "Close").click();
    await frame.waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  test("requests that were too many to note each are told of by their number", async () => {
    // A thousand requests within a second are more than this machine may manage, so the server's words are put in its mouth.
    const hour = `${new Date().toISOString().slice(0, 13).replace("T", " ")}:00:00.000Z`;
    const entry = { id: "summaryentry001", created: hour, level: 8, message: "7200 more requests, too many to log each", data: { type: "summary", count: 7200 } };
    const answers = { "/api/logs": { page: 1, perPage: 50, totalItems: -1, totalPages: -1, items: [entry] }, "/api/logs/stats": [{ date: hour, total: 1800, leftOut: 7200 }], [`/api/logs/${entry.id}`]: entry };
    await page.route("**/api/logs**", (route) => route.fulfill({ json: answers[new URL(route.request().url()).pathname] }));
    await visit(page, at("#/logs"));
    await button(page, "Refresh").click();
    await page.getByText("1,800 entries + 7,200 more requests, only counted").waitFor();
    await page.getByText("7,200 more requests that failed, only counted").click();
    await page.getByRole("dialog").getByText("In each second the log notes 1,000 requests").waitFor();
    await checkAccess(page, "an entry that stands for many");
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/summary.png` });
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/summary-list.png` });
    await page.unroute("**/api/logs**");
  });

  test("nothing was reported to the console", () => {
    assert.deepEqual(opened.complaints, []);
  });
});
