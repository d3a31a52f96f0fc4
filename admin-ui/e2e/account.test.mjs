// What one does to a server as a whole, and to the own account: each size has a server of its own.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { DESKTOP, launch, PHONE } from "./browser.mjs";
import { button, checkAccess, openPage, visit } from "./page.mjs";
import { EMAIL, PASSWORD, superuserOf } from "./session.mjs";
import { startServer } from "./server.mjs";
import { story } from "./story.mjs";
import { totpCode } from "./totp.mjs";

const TABS_MAX = 120;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Presses Tab until `target` has the focus, as somebody without a mouse would. */
async function tabTo(page, target) {
  await target.waitFor();
  for (let pressed = 0; pressed < TABS_MAX; pressed += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`the keyboard does not reach ${target}`);
}

async function enterOn(page, target) {
  await tabTo(page, target);
  await page.keyboard.press("Enter");
}

for (const [size, options] of [["desktop", DESKTOP], ["phone", { ...PHONE, colorScheme: "dark" }]]) {
  describe(size, () => {
    let server;
    let opened;
    let page;
    let pb;
    const test = story(() => page);
    const at = (address) => `${server.url}/_/${address}`;
    before(async () => {
      [server, opened] = await Promise.all([startServer(), openPage(browser, options)]);
      page = opened.page;
      pb = await superuserOf(server);
    });
    after(async () => {
      await opened?.context.close();
      await server?.stop();
    });

    test("the keyboard alone logs in", async () => {
      await visit(page, at("#/login"));
      await tabTo(page, page.getByLabel("Email"));
      await page.keyboard.type(EMAIL);
      await tabTo(page, page.getByLabel("Password *", { exact: true }));
      await page.keyboard.type(PASSWORD);
      await page.keyboard.press("Enter");
      await page.getByRole("navigation", { name: "Areas" }).waitFor();
    });

    if (size === "desktop") {
      test("the keyboard alone makes a collection, a field and a record", async () => {
        await enterOn(page, page.getByRole("link", { name: "New collection" }));
        await tabTo(page, page.getByLabel("Name *"));
        await page.keyboard.type("notes");
        await enterOn(page, button(page, "Add a field"));
        await enterOn(page, page.locator('[data-kind="text"]'));
        const name = page.locator(`input[aria-label="Name of the field"][value="text"]`);
        await tabTo(page, name);
        await page.keyboard.press("Control+a");
        await page.keyboard.type("title");
        await enterOn(page, button(page, "Create collection"));
        await page.getByText("No records yet").waitFor();
        await enterOn(page, button(page, "New record").first());
        const drawer = page.getByRole("dialog");
        await tabTo(page, drawer.getByLabel("title", { exact: true }));
        await page.keyboard.type("As it was");
        await enterOn(page, button(drawer, "Create"));
        await drawer.waitFor({ state: "detached" });
        await page.getByText("As it was").first().waitFor();
      });

      test("the keyboard alone deletes a record and takes it back", async () => {
        await tabTo(page, page.locator('[data-index="0"]'));
        await page.keyboard.press("Space");
        await enterOn(page, button(page, "Delete"));
        await page.getByText("No records yet").waitFor();
        await enterOn(page, button(page, "Undo"));
        await page.getByText("As it was").first().waitFor();
      });

      test("the keyboard alone changes a setting", async () => {
        await enterOn(page, page.getByRole("navigation", { name: "Areas" }).getByRole("link", { name: "Settings" }));
        const name = page.getByLabel(/^Name/).first();
        await tabTo(page, name);
        await page.keyboard.press("Control+a");
        await page.keyboard.type("By keys");
        await enterOn(page, button(page, "Save changes"));
        await page.getByText("The settings are saved.").waitFor();
        assert.equal((await pb.settings.getAll()).meta.appName, "By keys");
      });
    } else {
      before(async () => {
        await pb.collections.create({ name: "notes", type: "base", fields: [{ name: "title", type: "text" }] });
        await pb.collection("notes").create({ title: "As it was" });
      });
    }

    test("a backup that is restored brings the old record back", async () => {
      const backup = "before-the-change.zip";
      await visit(page, at("#/settings/backups"));
      await button(page, "New backup").click();
      await page.getByRole("dialog").getByLabel("Name").fill(backup);
      await button(page, "Make the backup").click();
      await page.getByRole("table", { name: "Backups" }).getByText(backup).waitFor();

      await visit(page, at("#/collections?collection=notes"));
      await page.getByText("As it was").first().click();
      const drawer = page.getByRole("dialog");
      await drawer.getByLabel("title", { exact: true }).fill("Changed since");
      await button(drawer, "Save changes").click();
      await drawer.waitFor({ state: "detached" });
      await page.getByText("Changed since").first().waitFor();

      await visit(page, at("#/settings/backups"));
      await button(page, `Restore ${backup}`).click();
      const question = page.getByRole("dialog");
      assert.equal(await button(question, "Restore").isEnabled(), false);
      await question.getByLabel(`Type ${backup} to confirm`).fill(backup);
      const loadedAgain = page.waitForEvent("load", { timeout: 30_000 });
      await button(question, "Restore").click();
      await loadedAgain;
      await page.getByRole("table", { name: "Backups" }).getByText(backup).waitFor();
      await visit(page, at("#/collections?collection=notes"));
      await page.getByText("As it was").first().waitFor();
      assert.equal(await page.getByText("Changed since").count(), 0);
    });

    test("an app with codes is set up and asked for at the next login", async () => {
      await visit(page, at("#/collections?collection=_superusers&tab=auth"));
      await button(page, "App with codes (TOTP) off").click();
      await page.getByLabel("Accounts may set up an app as their second step").check({ force: true });
      await button(page, "Review and save").click();
      await button(page, "Save").click();
      await page.getByText("The collection is saved.").waitFor();

      await visit(page, at("#/settings/sessions"));
      await page.getByLabel("Your password").first().fill(PASSWORD);
      await button(page, "Set up an app").click();
      await page.getByRole("img", { name: "Code to point the camera at" }).waitFor();
      const secret = (await page.getByRole("region", { name: "Secret" }).innerText()).trim();
      await checkAccess(page, "an app with codes");
      await page.getByLabel("Code", { exact: true }).fill(totpCode(secret));
      await button(page, "Confirm").click();
      const codes = (await page.getByRole("region", { name: "Recovery codes" }).innerText()).trim().split("\n");
      assert.equal(codes.length, 10);
      await button(page, "Done").click();
      await page.getByText("10 recovery codes are left.").waitFor();

      // The code of now is used up; that of the next half minute is good already.
      for (const code of [totpCode(secret, 1), codes[0]]) {
        await button(page, "Account").click();
        await page.getByRole("menuitem", { name: "Log out" }).click();
        await page.getByRole("heading", { name: "Log in" }).waitFor();
        await page.getByLabel("Email").fill(EMAIL);
        await page.getByLabel("Password *", { exact: true }).fill(PASSWORD);
        await page.keyboard.press("Enter");
        const input = page.getByLabel("Code of your app");
        if (code !== codes[0]) {
          await input.fill("000");
          await button(page, "Log in").click();
          await page.locator('[name="code"][aria-invalid="true"]').waitFor();
          await checkAccess(page, "the second step");
        }
        await input.fill(code);
        await button(page, "Log in").click();
        await page.getByRole("navigation", { name: "Areas" }).waitFor();
      }
      await visit(page, at("#/settings/sessions"));
      await page.getByText("9 recovery codes are left.").waitFor();
    });

    test("nothing was reported to the console", () => {
      // While the server is away, nobody answers.
      assert.deepEqual(opened.complaints.filter((line) => !/ERR_(CONNECTION|EMPTY|INCOMPLETE)/.test(line)), []);
    });
  });
}
