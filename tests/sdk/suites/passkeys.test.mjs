// Passkeys with the WebAuthn of a real browser. PocketBase has none, so this runs against Haversack only.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { PASSWORD } from "../harness/blog.mjs";
import { addAuthenticator, startBrowser } from "../harness/browser.mjs";
import { isPocketBase, startServer } from "../harness/server.mjs";

const EMAIL = "ann@example.com";
const base = "/api/collections/users";

describe("passkeys in a browser", { skip: isPocketBase }, async () => {
  if (isPocketBase) return;
  const server = await startServer();
  const browser = await startBrowser();
  after(async () => {
    await browser.close();
    await server.stop();
  });
  // Browsers take no address for a domain, but they take this name.
  const origin = server.url.replace("127.0.0.1", "localhost");
  const pb = await server.superuser();
  await pb.collections.update("users", { passkeys: { enabled: true, rpId: "localhost", origins: [origin] } });
  const ann = await pb.collection("users").create({ email: EMAIL, password: PASSWORD, passwordConfirm: PASSWORD });

  /// A page of the server with an authenticator of its own.
  async function newPage() {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${origin}/api/health`);
    return { page, authenticator: await addAuthenticator(page) };
  }

  test("are made and used", async () => {
    const user = await server.user(EMAIL, PASSWORD);
    const { page, authenticator } = await newPage();
    const made = await page.evaluate(register, { base, token: user.authStore.token });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    assert.equal(made.body.name, "This browser");
    const [key] = await authenticator.keys();
    assert.ok(key.isResidentCredential);

    for (let time = 0; time < 2; time += 1) {
      const done = await page.evaluate(logIn, { base });
      assert.equal(done.status, 200, JSON.stringify(done.body));
      assert.equal(done.body.record.id, ann.id);
      const me = server.guest();
      me.authStore.save(done.body.token, done.body.record);
      assert.equal((await me.collection("users").authRefresh()).record.email, EMAIL);
    }
    const { items } = await user.send(`${base}/passkeys`, {});
    assert.equal(items.length, 1);
    assert.notEqual(items[0].lastUsed, "");

    // The browser itself refuses a second key on the authenticator that holds the first.
    const again = await page.evaluate(register, { base, token: user.authStore.token });
    assert.equal(again.refusal, "InvalidStateError");

    await user.send(`${base}/passkeys/${items[0].id}`, { method: "DELETE" });
    const gone = await page.evaluate(logIn, { base });
    assert.equal(gone.status, 400);
  });

  test("are refused on a page of another origin", async () => {
    const user = await server.user(EMAIL, PASSWORD);
    await pb.collections.update("users", { passkeys: { origins: ["http://localhost:1"] } });
    const { page } = await newPage();
    const made = await page.evaluate(register, { base, token: user.authStore.token });
    assert.equal(made.status, 400);
    assert.ok(made.body.data.credential, JSON.stringify(made.body));
    await pb.collections.update("users", { passkeys: { origins: [origin] } });
  });

  test("are not used by whom the authenticator does not know", async () => {
    const user = await server.user(EMAIL, PASSWORD);
    const { page, authenticator } = await newPage();
    assert.equal((await page.evaluate(register, { base, token: user.authStore.token })).status, 200);
    await authenticator.setVerified(false);
    assert.equal((await page.evaluate(logIn, { base })).refusal, "NotAllowedError");
  });
});

// What follows runs inside the page, as it would in an application.

async function register({ base, token }) {
  const send = async (action, body) => {
    const headers = { "content-type": "application/json", authorization: token };
    const response = await fetch(`${base}/passkeys/${action}`, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
  const begun = await send("register-begin", {});
  if (begun.status !== 200) return begun;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(begun.body.publicKey);
  try {
    const credential = await navigator.credentials.create({ publicKey });
    const { challengeId } = begun.body;
    return await send("register-finish", { challengeId, name: "This browser", credential: credential.toJSON() });
  } catch (refusal) {
    return { refusal: refusal.name };
  }
}

async function logIn({ base }) {
  const send = async (action, body) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${base}/passkeys/${action}`, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
  const { challengeId, publicKey: options } = (await send("login-begin", {})).body;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON({ ...options, timeout: 2000 });
  try {
    const credential = await navigator.credentials.get({ publicKey });
    return await send("login-finish", { challengeId, credential: credential.toJSON() });
  } catch (refusal) {
    return { refusal: refusal.name };
  }
}
