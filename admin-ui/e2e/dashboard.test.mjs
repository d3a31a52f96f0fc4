import assert from "node:assert/strict";
import { after, before, describe, test as runTest } from "node:test";
import { DESKTOP, launch, PHONE } from "./browser.mjs";
import { button, checkAccess, openPage, settled, visit } from "./page.mjs";
import { EMAIL, PASSWORD } from "./session.mjs";
import { PIXEL } from "./pixel.mjs";
import { story } from "./story.mjs";
import { startServer } from "./server.mjs";

const KINDS = ["text", "editor", "number", "bool", "email", "url", "date", "autodate", "select", "file", "relation", "json", "geoPoint", "password"];

let server;
let browser;
before(async () => {
  [server, browser] = await Promise.all([startServer(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const at = (address) => `${server.url}/_/${address}`;

/** Everything that a page of this size must let one do, in the order in which one would. */
function journey(size, options, first) {
  describe(size, () => {
    const name = `things_${size}`;
    let opened;
    let page;
    const test = story(() => page);
    before(async () => {
      opened = await openPage(browser, options);
      page = opened.page;
    });
    after(() => opened?.context.close());

    if (first) {
      test("the link of the server makes the first superuser", async () => {
        await page.goto(server.setup);
        await page.getByLabel("Email").fill(EMAIL);
        await page.getByLabel("Password *", { exact: true }).fill(PASSWORD);
        await page.getByLabel("Password again").fill(PASSWORD);
        await checkAccess(page, "setup");
        await button(page, "Create and log in").click();
        await page.getByRole("heading", { name: "users" }).waitFor();
      });

      test("logging out leads to the login", async () => {
        await button(page, "Account").click();
        await page.getByRole("menuitem", { name: "Log out" }).click();
        await page.getByRole("heading", { name: "Log in" }).waitFor();
      });
    }

    test("a wrong password is refused in words, the right one lets in", async () => {
      await visit(page, at("#/login"));
      await page.getByLabel("Email").fill(EMAIL);
      await page.getByLabel("Password *", { exact: true }).fill("not-this-one");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").filter({ hasText: "Failed to authenticate" }).waitFor();
      await checkAccess(page, "login");
      await page.getByLabel("Password *", { exact: true }).fill(PASSWORD);
      await page.keyboard.press("Enter");
      await page.getByRole("navigation", { name: "Areas" }).waitFor();
      // The start leads on to a collection; only then is the page at rest.
      await page.waitForURL(/[?&]collection=/);
      await settled(page);
    });

    test("a collection with a field of every kind is made", async () => {
      await visit(page, at("#/collections?new=base"));
      await page.getByLabel("Name *").fill(name);
      for (const kind of KINDS) {
        await button(page, "Add a field").click();
        await page.locator(`[data-kind="${kind}"]`).click();
        if (kind === "select") {
          const choices = page.getByRole("combobox", { name: "Choices" });
          for (const choice of ["red", "blue"]) {
            await choices.fill(choice);
            await choices.press("Enter");
          }
        }
        if (kind === "relation") {
          await page.getByRole("combobox", { name: "Records of" }).click();
          await page.getByRole("option", { name: "users", exact: true }).click();
        }
      }
      await checkAccess(page, "fields");
      await button(page, "Create collection").click();
      await page.getByText("No records yet").waitFor();
    });

    test("a record with a value in every field is added", async () => {
      await button(page, "New record").first().click();
      const drawer = page.getByRole("dialog");
      await drawer.getByLabel("text", { exact: true }).fill("Hello");
      await drawer.getByRole("textbox", { name: "editor" }).fill("Rich words");
      await drawer.getByLabel("number", { exact: true }).fill("42");
      await drawer.getByLabel("bool", { exact: true }).check({ force: true });
      await drawer.getByLabel("email", { exact: true }).fill("someone@example.com");
      await drawer.getByLabel("url", { exact: true }).fill("https://example.com");
      await drawer.getByLabel("date", { exact: true }).fill("2026-02-03T04:05:06");
      await drawer.getByRole("combobox", { name: "select" }).or(drawer.getByLabel("select", { exact: true })).first().click();
      await page.getByRole("option", { name: "blue" }).click();
      await drawer.locator('input[data-field="file"]').setInputFiles({ name: "pixel.png", mimeType: "image/png", buffer: PIXEL });
      const json = drawer.getByRole("textbox", { name: "json" });
      await json.click();
      await page.keyboard.insertText('{"deep": [1, 2]}');
      await drawer.getByLabel("place: Latitude").fill("52.5");
      await drawer.getByLabel("place: Longitude").fill("13.4");
      await drawer.getByLabel("password", { exact: true }).fill("secret-words");
      await checkAccess(page, "the form of a record");
      await button(drawer, "Create").click();
      await page.getByText("The record is created.").waitFor();
      await drawer.waitFor({ state: "detached" });
      await page.getByText("Hello").first().waitFor();
      await checkAccess(page, "the list of records");
    });

    test("the stored values are what was written", async () => {
      const record = await page.evaluate(async (collection) => {
        const { token } = JSON.parse(localStorage.getItem("haversack_dashboard"));
        const answer = await fetch(`/api/collections/${collection}/records`, { headers: { Authorization: token } });
        return (await answer.json()).items[0];
      }, name);
      assert.equal(record.text, "Hello");
      assert.match(record.editor, /Rich words/);
      assert.equal(record.number, 42);
      assert.equal(record.bool, true);
      assert.equal(record.select, "blue");
      assert.match(record.file, /^pixel_\w+\.png$/);
      assert.deepEqual(record.json, { deep: [1, 2] });
      assert.deepEqual(record.place, { lon: 13.4, lat: 52.5 });
      assert.match(record.date, /^2026-02-0/);
    });

    test("a record is changed, and leaving unsaved changes asks first", async () => {
      await page.getByText("Hello").first().click();
      const drawer = page.getByRole("dialog");
      await drawer.getByLabel("text", { exact: true }).fill("Hello again");
      await page.keyboard.press("Escape");
      await button(page, "Cancel").click();
      await button(drawer, "Save changes").click();
      await drawer.waitFor({ state: "detached" });
      await page.getByText("Hello again").first().waitFor();
    });

    test("what somebody else has changed meanwhile is not overwritten in silence", async () => {
      await page.getByText("Hello again").first().click();
      const drawer = page.getByRole("dialog");
      await drawer.getByLabel("text", { exact: true }).fill("Mine");
      await page.evaluate(async (collection) => {
        const { token } = JSON.parse(localStorage.getItem("haversack_dashboard"));
        const headers = { Authorization: token, "Content-Type": "application/json" };
        const { items } = await (await fetch(`/api/collections/${collection}/records`, { headers })).json();
        await fetch(`/api/collections/${collection}/records/${items[0].id}`, { method: "PATCH", headers, body: '{"number": 7}' });
      }, name);
      await button(drawer, "Save changes").click();
      await drawer.getByText("They changed: number").waitFor();
      await button(drawer, "Save mine over it").click();
      // The list hears of the change before the form does.
      await drawer.waitFor({ state: "detached" });
      await page.getByText("Mine").first().waitFor();
    });

    test("a broken rule is refused where it stands, and can be mended", async () => {
      await visit(page, at(`#/collections?collection=${name}&tab=rules`));
      const rule = page.getByRole("group", { name: "List and search" });
      await rule.getByText("Condition").click();
      // An empty condition is neither "everybody" nor "nobody".
      await rule.getByRole("textbox").fill("");
      await button(page, "Review and save").click();
      await button(page, "Save").click();
      await rule.getByText("Write a condition").waitFor();
      await rule.getByRole("textbox").fill("nothing_like_this = 1");
      await page.keyboard.press("Escape");
      await button(page, "Review and save").click();
      await button(page, "Save").click();
      await page.getByRole("alert").filter({ hasText: "listRule" }).first().waitFor();
      await rule.getByRole("textbox").fill("text != ''");
      await page.keyboard.press("Escape");
      await rule.getByText("text is not empty").waitFor();
      await checkAccess(page, "rules");
      await button(page, "Review and save").click();
      await button(page, "Save").click();
      await page.getByText("The collection is saved.").waitFor();
    });

    test("a deleted record comes back by undo", async () => {
      await visit(page, at(`#/collections?collection=${name}`));
      await page.getByText("Mine").first().waitFor();
      await page.getByRole("checkbox", { name: /^Choose \w{15}$/ }).first().check();
      await button(page, "Delete").click();
      await page.getByText("No records yet").waitFor();
      await button(page, "Undo").click();
      await page.getByText("Mine").first().waitFor();
    });

    if (first) {
      test("the keyboard alone reaches a record and comes back", async () => {
        await visit(page, at("#/collections?collection=users"));
        await page.getByText("No records yet").waitFor();
        await visit(page, at(`#/collections?collection=${name}`));
        await page.locator('[data-index="0"]').focus();
        await page.keyboard.press("Enter");
        await page.getByRole("dialog").getByLabel("text", { exact: true }).waitFor();
        await page.keyboard.press("Escape");
        await page.getByRole("dialog").waitFor({ state: "detached" });
        await page.keyboard.press("/");
        await page.keyboard.type("text = 'nobody'");
        await page.keyboard.press("Enter");
        await page.getByText("No record fits this filter.").waitFor();
        await button(page, "Clear the filter").first().click();
      });

      test("records that others add appear by themselves", async () => {
        await visit(page, at(`#/collections?collection=${name}`));
        await page.getByText("Mine").first().waitFor();
        // The stream of changes opens a moment after the list.
        await page.locator("[data-live]").waitFor();
        const status = await page.evaluate(async (collection) => {
          const { token } = JSON.parse(localStorage.getItem("haversack_dashboard"));
          const answer = await fetch(`/api/collections/${collection}/records`, { method: "POST", headers: { Authorization: token, "Content-Type": "application/json" }, body: '{"text": "From afar"}' });
          return answer.status;
        }, name);
        assert.equal(status, 200);
        await page.getByText("From afar").waitFor();
        await page.getByText("2 records").waitFor();
      });
    }

    test("the palette finds a collection by some of its letters", async () => {
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox", { name: /Find a collection/ }).fill(name.slice(2));
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name }).waitFor();
    });

    test("nothing was reported to the console", () => {
      assert.deepEqual(opened.complaints, []);
    });
  });
}

journey("desktop", DESKTOP, true);

runTest("a browser that speaks German is spoken to in German", async () => {
  const context = await browser.newContext({ ...DESKTOP, locale: "de-DE" });
  const page = await context.newPage();
  await visit(page, at("#/login"));
  await page.getByRole("heading", { name: "Anmelden" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  await context.close();
});

journey("phone", { ...PHONE, colorScheme: "dark" }, false);
