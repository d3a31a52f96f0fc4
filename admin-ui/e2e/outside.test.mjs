// What needs others: mails, buckets, login providers.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { DESKTOP, launch } from "./browser.mjs";
import { button, checkAccess, visit } from "./page.mjs";
import { openAs, superuserOf } from "./session.mjs";
import { startServer } from "./server.mjs";
import { loginProvider, mailSink } from "./sinks.mjs";
import { story } from "./story.mjs";

describe("outside", () => {
  let server;
  let browser;
  let opened;
  let page;
  let pb;
  let sink;
  let provider;
  const test = story(() => page);
  const at = (address) => `${server.url}/_/${address}`;
  before(async () => {
    [server, browser, sink, provider] = await Promise.all([startServer(), launch(), mailSink(), loginProvider()]);
    pb = await superuserOf(server);
    opened = await openAs(pb, browser, DESKTOP);
    page = opened.page;
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await sink?.stop();
    await provider?.stop();
  });

  async function sendTest() {
    await button(page, "Send a test").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("To").fill("ada@example.com");
    await button(dialog, "Send").click();
    return dialog;
  }

  test("a mail server that does not answer is told in the dialog", async () => {
    await visit(page, at("#/settings/mail"));
    await page.getByLabel("Send through an SMTP server").check({ force: true });
    await page.getByLabel("Host").fill("127.0.0.1");
    await page.getByLabel("Port").fill("1");
    await button(page, "Save changes").click();
    await page.getByText("The settings are saved.").waitFor();
    const dialog = await sendTest();
    await page.getByRole("alert").first().waitFor();
    assert.match(await page.getByRole("alert").first().innerText(), /\w{4}/);
    assert.equal(await dialog.isVisible(), true, "the dialog stays for another try");
    await checkAccess(page, "a mail that did not go");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  test("a test mail goes through the server of the settings", async () => {
    await page.getByLabel("Port").fill(String(sink.port));
    await button(page, "Save changes").click();
    await page.getByText("The settings are saved.").first().waitFor();
    await page.getByRole("button", { name: "Save changes", disabled: true }).waitFor();
    const dialog = await sendTest();
    await page.getByText("A mail is on its way.").waitFor();
    await dialog.waitFor({ state: "detached" });
    assert.equal(sink.mails.length, 1);
    assert.match(sink.mails[0], /To: .*ada@example\.com/);
  });

  test("a bucket that cannot be reached is told with the reason", async () => {
    await visit(page, at("#/settings/storage"));
    await page.getByText("In an S3 store", { exact: true }).click();
    await page.getByLabel("Endpoint").fill("http://127.0.0.1:1");
    await page.getByRole("textbox", { name: "Bucket" }).fill("things");
    await page.getByLabel("Region").fill("eu-1");
    await page.getByLabel("Access key").fill("key");
    await page.getByLabel("Secret").fill("secret");
    await button(page, "Save changes").click();
    await page.getByText("The settings are saved.").first().waitFor();
    await button(page, "Test the connection").click();
    const alert = page.getByRole("alert").filter({ hasText: /S3|bucket|connect|reach/i });
    await alert.waitFor();
    await checkAccess(page, "a bucket that does not answer");
    await page.getByText("On this machine", { exact: true }).click();
    await button(page, "Save changes").click();
    await page.getByText("The settings are saved.").first().waitFor();
  });

  test("a login provider is set up in its form", async () => {
    await visit(page, at("#/collections?collection=users&tab=auth"));
    await page.getByRole("button", { name: /^Other services \(OAuth2\)/ }).first().click();
    await page.getByLabel("Log in through other services").check({ force: true });
    await button(page, "Add a service").click();
    const picker = page.getByRole("dialog");
    await picker.getByRole("button", { name: /\boidc$/ }).click();
    const form = page.getByRole("dialog").filter({ has: page.getByLabel("Client id") });
    await form.getByLabel("Client id").fill("haversack");
    await form.getByLabel("Client secret").fill("very secret");
    await form.getByLabel("Name that people see").fill("Ada's");
    await form.getByLabel("Address to log in at").fill(`${provider.url}/authorize`);
    await form.getByLabel("Address for tokens").fill(`${provider.url}/token`);
    await form.getByLabel("Address of the account data").fill(`${provider.url}/userinfo`);
    await checkAccess(page, "the form of a login provider");
    await button(form, "Take it").click();
    await form.waitFor({ state: "detached" });
    await button(page, "Review and save").click();
    await button(page, "Save").click();
    await page.getByText("The collection is saved.").waitFor();
  });

  test("somebody logs in through it, and the dashboard shows the link", async () => {
    const users = pb.collection("users");
    const [way] = (await users.listAuthMethods()).oauth2.providers;
    assert.equal(way.displayName, "Ada's");
    const back = `${server.url}/api/oauth2-redirect`;
    const answer = await fetch(way.authURL + encodeURIComponent(back), { redirect: "manual" });
    const code = new URL(answer.headers.get("location")).searchParams.get("code");
    const guest = new (pb.constructor)(server.url);
    const { record } = await guest.collection("users").authWithOAuth2Code(way.name, code, way.codeVerifier, back);
    assert.equal(record.email, "ada@example.com");
    assert.deepEqual(provider.asked, ["/authorize", "/token", "/userinfo"]);

    await visit(page, at(`#/collections?collection=users&record=${record.id}`));
    await page.getByRole("tab", { name: "Linked services" }).click();
    await page.getByRole("dialog").getByText("ada-1").waitFor();
    await checkAccess(page, "linked services");
  });

  test("nothing was reported to the console", () => {
    assert.deepEqual(opened.complaints, []);
  });
});
