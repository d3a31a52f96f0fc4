// Rich text, and records that name others.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { DESKTOP, launch } from "./browser.mjs";
import { button, checkAccess, visit } from "./page.mjs";
import { openAs, superuserOf } from "./session.mjs";
import { startServer } from "./server.mjs";
import { story } from "./story.mjs";
import { PIXEL } from "./pixel.mjs";

describe("the form of a record", () => {
  let server;
  let browser;
  let opened;
  let page;
  let pb;
  const test = story(() => page);
  let picture;
  const at = (address) => `${server.url}/_/${address}`;
  before(async () => {
    [server, browser] = await Promise.all([startServer(), launch()]);
    pb = await superuserOf(server);
    const media = await pb.collections.create({ name: "media", type: "base", fields: [{ name: "title", type: "text", presentable: true }, { name: "file", type: "file", maxSelect: 1, thumbs: ["50x50"] }, { name: "secret", type: "file", maxSelect: 1, protected: true }] });
    await pb.collections.create({
      name: "articles",
      type: "base",
      fields: [{ name: "title", type: "text" }, { name: "body", type: "editor" }, { name: "cover", type: "relation", collectionId: media.id, maxSelect: 1 }, { name: "attached", type: "file", maxSelect: 3 }],
    });
    picture = await pb.collection("media").create({ title: "A dot", file: new File([PIXEL], "dot.png", { type: "image/png" }) });
    opened = await openAs(pb, browser, DESKTOP);
    page = opened.page;
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test("rich text takes headings, alignment, tables and stored pictures", async () => {
    await visit(page, at("#/collections?collection=articles&record=new"));
    const drawer = page.getByRole("dialog");
    const text = drawer.getByRole("textbox", { name: "body" });
    await text.click();
    await page.keyboard.type("Title");
    await button(drawer, "Heading").click();
    await button(drawer, "Centered").click();
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.keyboard.type("red");
    await page.keyboard.press("Shift+Home");
    await drawer.getByLabel("Color").fill("#ff0000");
    await text.click({ position: { x: 300, y: 20 } });
    await page.keyboard.press("Control+End");
    await page.keyboard.press("Enter");
    await button(drawer, "Table").click();
    await page.getByRole("menuitem", { name: "New table" }).click();
    await text.locator("td").first().click();
    await page.keyboard.type("cell");
    await button(drawer, "Table").click();
    await page.getByRole("menuitem", { name: "Row below" }).click();
    await text.locator("p").last().click();
    await button(drawer, "Insert a stored file").click();
    const picker = page.getByRole("dialog", { name: "Insert a stored file" });
    await picker.getByLabel("Collection").first().click();
    await page.getByRole("option", { name: "media", exact: true }).click();
    await picker.getByRole("option", { name: /^dot_/ }).click();
    await checkAccess(page, "the picker of stored files");
    assert.equal(await picker.getByRole("listbox", { name: "Stored files" }).getByRole("option").count(), 1, "files of protected fields are not offered");
    await picker.getByRole("combobox", { name: "Size" }).or(picker.getByLabel("Size")).first().click();
    await page.getByRole("option", { name: "50x50" }).click();
    await button(picker, "Insert").click();
    await picker.waitFor({ state: "detached" });
    await text.locator("img").waitFor();
    await checkAccess(page, "rich text");
    await drawer.getByLabel("title", { exact: true }).fill("First");
    await button(drawer, "Create").click();
    await drawer.waitFor({ state: "detached" });
    const { body } = (await pb.collection("articles").getList(1, 1)).items[0];
    assert.match(body, /<h2[^>]*text-align: center[^>]*>Title<\/h2>/);
    assert.match(body, /<span style="color: rgb\(255, 0, 0\);">red<\/span>/);
    assert.match(body, /<td>cell/);
    assert.equal(body.match(/<tr>/g).length, 4);
    assert.ok(body.includes(`/api/files/${picture.collectionId}/${picture.id}/${picture.file}?thumb=50x50`), body);
  });

  test("what is styled shows as it was, and is not changed by looking at it", async () => {
    await page.getByText("First").first().click();
    const drawer = page.getByRole("dialog");
    const heading = drawer.getByRole("textbox", { name: "body" }).locator("h2");
    await heading.waitFor();
    assert.equal(await heading.evaluate((element) => getComputedStyle(element).textAlign), "center");
    assert.equal(await button(drawer, "Save changes").isDisabled(), true);
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
  });

  test("a related record is made and changed without leaving", async () => {
    await page.getByText("First").first().click();
    const drawer = page.getByRole("dialog", { name: "Record in articles" });
    await button(drawer, "Pick a record").click();
    const picker = page.getByRole("dialog", { name: "Pick from media" });
    await button(picker, "New record").click();
    const nested = page.getByRole("dialog", { name: "New record in media" });
    await nested.getByLabel("title", { exact: true }).fill("Made on the way");
    await button(nested, "Create").click();
    await nested.waitFor({ state: "detached" });
    assert.equal(await picker.getByRole("radio", { name: "Made on the way" }).isChecked(), true);
    await button(picker, "Take these").click();
    await button(drawer, "Edit Made on the way").click();
    const again = page.getByRole("dialog", { name: "Record in media" });
    await again.getByLabel("title", { exact: true }).fill("Changed on the way");
    // What is written and not saved is not lost by closing.
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: "Leave without saving?" }).waitFor();
    await button(page, "Cancel").click();
    await checkAccess(page, "a record over a record");
    await button(again, "Save changes").click();
    await again.waitFor({ state: "detached" });
    await drawer.getByText("Changed on the way").waitFor();
    await button(drawer, "Save changes").click();
    await drawer.waitFor({ state: "detached" });
    await page.getByRole("gridcell").getByText("Changed on the way").waitFor();
  });

  test("a copy of a record has its files", async () => {
    const [{ id }] = await pb.collection("articles").getFullList();
    await pb.collection("articles").update(id, { attached: [new File([PIXEL], "dot.png", { type: "image/png" }), new File(["words"], "words.txt", { type: "text/plain" })] });
    await visit(page, at(`#/collections?collection=articles&record=${id}`));
    await button(page.getByRole("dialog"), "More actions").click();
    await page.getByRole("menuitem", { name: "Duplicate" }).click();
    const drawer = page.getByRole("dialog", { name: "New record in articles" });
    await drawer.getByText("words.txt").waitFor();
    await button(drawer, "Create").click();
    await drawer.waitFor({ state: "detached" });
    const copy = (await pb.collection("articles").getList(1, 1, { sort: "-@rowid" })).items[0];
    assert.notEqual(copy.id, id);
    assert.match(copy.attached.join(), /^dot_\w{10}\.png,words_\w{10}\.txt$/);
  });

  test("a stored text is shown where it is", async () => {
    await page.locator('[data-index="0"]').click();
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("button", { name: /^words_/ }).click();
    await page.getByRole("region", { name: /^words_/ }).getByText("words", { exact: true }).waitFor();
  });

  test("nothing was reported to the console", () => {
    assert.deepEqual(opened.complaints, []);
  });
});
