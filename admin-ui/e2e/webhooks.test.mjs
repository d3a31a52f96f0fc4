// Webhooks, with a server at the other end.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe } from "node:test";
import { DESKTOP, launch, PHONE } from "./browser.mjs";
import { button, checkAccess, visit } from "./page.mjs";
import { openAs, superuserOf } from "./session.mjs";
import { startServer } from "./server.mjs";
import { hookSink } from "./sinks.mjs";
import { story } from "./story.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

function isSigned({ headers, body }, secret) {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const text = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  return headers["webhook-signature"] === `v1,${createHmac("sha256", key).update(text).digest("base64")}`;
}

for (const [size, options] of [["desktop", DESKTOP], ["phone", { ...PHONE, colorScheme: "dark" }]]) {
  describe(`webhooks, ${size}`, () => {
    let server;
    let opened;
    let page;
    let pb;
    let sink;
    let secret;
    const test = story(() => page);
    const item = () => page.getByRole("list", { name: "Webhooks" }).getByRole("listitem");
    const menu = async (entry) => {
      await button(page, "More actions for Search index").click();
      await page.getByRole("menuitem", { name: entry }).click();
    };
    const closeDrawer = async () => {
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    };
    const secretShown = async () => {
      const text = (await page.getByRole("region", { name: "The secret of the webhook" }).innerText()).trim();
      assert.match(text, /^whsec_/);
      await checkAccess(page, "the secret");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      return text;
    };
    before(async () => {
      [server, sink] = await Promise.all([startServer("", { config: "outbound.allow_private = true\n" }), hookSink()]);
      pb = await superuserOf(server);
      await pb.collections.create({ name: "posts", type: "base", fields: [{ name: "title", type: "text" }] });
      opened = await openAs(pb, browser, options);
      page = opened.page;
    });
    after(async () => {
      await opened?.context.close();
      await server?.stop();
      await sink?.stop();
    });

    test("one is made, what is wrong is said beside the inputs, and its secret is shown once", async () => {
      await visit(page, `${server.url}/_/#/settings/webhooks`);
      await page.getByText("No webhooks yet").waitFor();
      await button(page, "New webhook").click();
      const dialog = page.getByRole("dialog");
      await button(dialog, "Make the webhook").click();
      await dialog.locator('input[type="url"][aria-invalid="true"]').waitFor();
      await checkAccess(page, "the form with faults");
      await dialog.getByLabel("Name", { exact: false }).first().fill("Search index");
      await dialog.getByRole("combobox", { name: "Collection" }).click();
      await page.getByRole("option", { name: "posts" }).click();
      assert.equal(await page.getByRole("option", { name: "_superusers" }).count(), 0);
      await dialog.getByLabel("records that are deleted").uncheck();
      await dialog.getByLabel("Address of the receiver").fill(sink.url);
      await dialog.getByRole("textbox", { name: "Only when" }).fill('title != "quiet"');
      await button(dialog, "Add a header").click();
      await dialog.getByLabel("Name of the header").fill("X-Team");
      await dialog.getByLabel("Value of the header").fill("blue");
      await checkAccess(page, "the form");
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/hook-form-${size}.png` });
      await button(dialog, "Make the webhook").click();
      secret = await secretShown();
      await item().getByText("Search index").waitFor();
      assert.deepEqual((await item().locator(".mantine-Badge-label").allInnerTexts()), ["posts", "create", "update"]);
    });

    test("a record is told of, signed, and the delivery is seen to arrive", async () => {
      await pb.collection("posts").create({ title: "quiet" });
      const post = await pb.collection("posts").create({ title: "loud" });
      await button(page, "Deliveries of Search index").click();
      const drawer = page.getByRole("dialog", { name: "Deliveries of Search index" });
      await drawer.getByText("arrived").waitFor();
      await drawer.getByRole("link", { name: post.id }).waitFor();
      assert.equal(sink.heard.length, 1);
      assert.equal(sink.heard[0].headers["x-team"], "blue");
      assert.ok(isSigned(sink.heard[0], secret));
      await button(drawer, "1 attempt").click();
      await drawer.getByRole("region", { name: "Answer" }).getByText("so be it").waitFor();
      await checkAccess(page, "deliveries");
      await closeDrawer();
    });

    test("a test is sent, and what fails is tried again and can be sent again", async () => {
      sink.answers.push(503);
      await menu("Send a test");
      const drawer = page.getByRole("dialog", { name: "Deliveries of Search index" });
      await drawer.getByText("webhook.test").waitFor();
      await button(drawer, "2 attempts").click();
      const attempts = drawer.getByRole("list", { name: "Attempts" });
      await attempts.getByText("answered 503").waitFor();
      await attempts.getByText("answered 200").waitFor();
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/hook-deliveries-${size}.png` });
      const before = sink.heard.length;
      await drawer.getByRole("button", { name: /^Send msg_/ }).first().click();
      await button(drawer, "3 attempts").waitFor();
      assert.equal(sink.heard.length, before + 1);
      await closeDrawer();
    });

    test("a secret is made anew and signs what follows", async () => {
      await menu("Make a new secret");
      await button(page.getByRole("dialog"), "Make a new secret").click();
      const next = await secretShown();
      assert.notEqual(next, secret);
      await menu("Send a test");
      await page.getByRole("dialog").getByText("webhook.test").nth(1).waitFor();
      while (!isSigned(sink.heard.at(-1), next)) await page.waitForTimeout(100);
      await closeDrawer();
    });

    test("it is changed, and a change that is not saved asks before it is lost", async () => {
      await button(page, "Edit Search index").click();
      const dialog = page.getByRole("dialog", { name: "Edit Search index" });
      assert.equal(await dialog.getByRole("combobox", { name: "Collection" }).isDisabled(), true);
      await dialog.getByLabel("records that are deleted").check();
      await page.keyboard.press("Escape");
      await button(page.getByRole("dialog", { name: "Leave without saving?" }), "Cancel").click();
      await button(dialog, "Save changes").click();
      await dialog.waitFor({ state: "detached" });
      await item().getByText("delete", { exact: true }).waitFor();
    });

    test("a receiver that is gone has it switched off, which says why, and it is switched on again", async () => {
      sink.answers.push(410);
      await menu("Send a test");
      await page.getByRole("dialog").getByText("given up").waitFor();
      await closeDrawer();
      await button(page, "Refresh").click();
      await page.getByText("The server answered that it is gone (410).").waitFor();
      await checkAccess(page, "a webhook that is off");
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/hook-off-${size}.png` });
      await button(page, "Switch on again").click();
      await page.getByText("The server answered that it is gone (410).").waitFor({ state: "detached" });
    });

    test("it is deleted once that is confirmed", async () => {
      await menu("Delete");
      await button(page.getByRole("dialog"), "Delete").click();
      await page.getByText("No webhooks yet").waitFor();
      assert.equal((await pb.send("/api/webhooks", { method: "GET" })).totalItems, 0);
    });

    test("nothing was reported to the console", () => {
      assert.deepEqual(opened.complaints, []);
    });
  });
}
