// What one does to a server as a whole, and to the own account: each size has a server of its own.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { DESKTOP, launch, PHONE } from "./browser.mjs";
import { button, checkAccess, visit } from "./page.mjs";
import { EMAIL, openAs, PASSWORD, superuserOf } from "./session.mjs";
import { startServer } from "./server.mjs";
import { story } from "./story.mjs";
import { totpCode } from "./totp.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

for (const [size, options] of [["desktop", DESKTOP], ["phone", { ...PHONE, colorScheme: "dark" }]]) {
  describe(size, () => {
    let server;
    let opened;
    let page;
    let pb;
    const test = story(() => page);
    const at = (address) => `${server.url}/_/${address}`;
    before(async () => {
      server = await startServer();
      pb = await superuserOf(server);
      opened = await openAs(pb, browser, options);
      page = opened.page;
    });
    after(async () => {
      await opened?.context.close();
      await server?.stop();
    });

    before(async () => {
      await pb.collections.create({ name: "notes", type: "base", fields: [{ name: "title", type: "text" }] });
      await pb.collection("notes").create({ title: "As it was" });
    });

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
