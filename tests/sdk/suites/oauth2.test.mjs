// Logins through a real OpenID Connect provider, as the SDK does them.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { EventSource } from "eventsource";
import { PASSWORD } from "../harness/blog.mjs";
import { ANY, refused } from "../harness/expect.mjs";
import { startProvider } from "../harness/provider.mjs";
import { isPocketBase, startServer } from "../harness/server.mjs";

globalThis.EventSource = EventSource;

const BACK = "https://app.example.com/back";
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "Ed25519"];

const server = await startServer();
const pb = await server.superuser();
const redirect = `${server.url}/api/oauth2-redirect`;
const clients = Object.fromEntries(ALGORITHMS.map((algorithm) => [algorithm, algorithm]));
const provider = await startProvider(clients, [BACK, redirect]);
after(async () => {
  provider.close();
  await server.stop();
});

const users = (client = server.guest()) => client.collection("users");
const ann = { email: "ann@example.com", email_verified: true, name: "Ann Other", preferred_username: "ann" };

const configure = (...providers) => pb.collections.update("users", { oauth2: { enabled: true, providers } });
const client = (id) => ({ name: "oidc", clientId: id, clientSecret: provider.secret(id) });
const endpoints = { authURL: provider.url("/auth"), tokenURL: provider.url("/token") };
const byUserInfo = { ...client("RS256"), ...endpoints, userInfoURL: provider.url("/me") };
const byIdToken = (id) => ({
  ...client(id), ...endpoints, extra: { jwksURL: provider.url("/jwks"), issuers: [provider.issuer] },
});
const byIssuer = { ...client("RS256"), extra: { issuer: provider.issuer } };

/// Logs in as the SDK's manual says for clients that keep the state themselves.
async function withCode(id, claims, collection = users()) {
  const { oauth2 } = await collection.listAuthMethods();
  const [offer] = oauth2.providers;
  const back = new URL(await provider.visit(offer.authURL + encodeURIComponent(BACK), id, claims));
  assert.equal(back.searchParams.get("state"), offer.state);
  const code = back.searchParams.get("code");
  const login = () => collection.authWithOAuth2Code("oidc", code, offer.codeVerifier, BACK);
  return { login, offer, code };
}

describe("with a code", () => {
  for (const [name, config, skip] of [
    ["user info", byUserInfo],
    ["an id token", byIdToken("RS256")],
    ["an issuer", byIssuer, isPocketBase && "PocketBase discovers nothing"],
  ]) {
    test(`a provider that is configured by ${name} lets people in`, { skip }, async () => {
      await configure(config);
      const id = `by ${name}`;
      const claims = { ...ann, email: `${id.replaceAll(" ", ".")}@example.com` };
      const first = await (await withCode(id, claims)).login();
      assert.deepEqual([first.meta.isNew, first.meta.id, first.meta.email], [true, id, claims.email]);
      assert.deepEqual([first.record.email, first.record.verified, first.record.name], [claims.email, true, "Ann Other"]);
      const guest = server.guest();
      const again = await (await withCode(id, claims, users(guest))).login();
      assert.deepEqual([again.meta.isNew, again.record.id], [false, first.record.id]);
      assert.equal(guest.authStore.record.id, first.record.id);
      const links = await users(guest).listExternalAuths(first.record.id);
      assert.deepEqual(links.map((link) => [link.provider, link.providerId]), [["oidc", id]]);
      await users(guest).unlinkExternalAuth(first.record.id, "oidc");
      assert.deepEqual(await users(guest).listExternalAuths(first.record.id), []);
    });
  }

  for (const algorithm of ALGORITHMS) {
    // PocketBase wants keys that name their algorithm.
    test(`id tokens signed with ${algorithm} are understood`, { skip: isPocketBase }, async () => {
      await configure(byIdToken(algorithm));
      const { login } = await withCode(algorithm, { ...ann, email: `${algorithm}@example.com` });
      assert.equal((await login()).record.email, `${algorithm}@example.com`);
    });
  }

  test("a code works once, with its verifier and its address", async () => {
    await configure(byUserInfo);
    const { login, code } = await withCode("once", { ...ann, email: "once@example.com" });
    await login();
    await refused(login(), 400);
    const { offer, code: other } = await withCode("once", ann);
    assert.notEqual(other, code);
    await refused(users().authWithOAuth2Code("oidc", other, "x".repeat(43), BACK), 400);
    const third = await withCode("once", ann);
    await refused(users().authWithOAuth2Code("oidc", third.code, offer.codeVerifier, redirect), 400);
  });

  test("an address that nobody vouches for is no way into an account", async () => {
    await configure(byUserInfo);
    const email = "victim@example.com";
    await users().create({ email, password: PASSWORD, passwordConfirm: PASSWORD });
    const { login } = await withCode("attacker", { ...ann, email, email_verified: false });
    await refused(login(), 400, ANY);
    await users().authWithPassword(email, PASSWORD);
  });
});

describe("all in one", () => {
  test("the SDK waits for the code on a stream of its own", async () => {
    await configure(byUserInfo);
    const guest = server.guest();
    const pages = [];
    const done = await users(guest).authWithOAuth2({
      provider: "oidc",
      createData: { name: "Chosen" },
      async urlCallback(url) {
        const back = await provider.visit(url, "stream", { ...ann, email: "stream@example.com" });
        assert.ok(back.startsWith(`${redirect}?code=`), back);
        const page = await fetch(back, { redirect: "manual" });
        pages.push([page.status, page.headers.get("location")]);
      },
    });
    assert.deepEqual(pages, [[307, "../_/#/auth/oauth2-redirect-success"]]);
    assert.deepEqual([done.record.email, done.record.name], ["stream@example.com", "Chosen"]);
    assert.equal(guest.authStore.isValid, true);
    assert.equal(guest.realtime.isConnected, false);
  });

  test("somebody who says no gets nowhere", async () => {
    await configure(byUserInfo);
    const attempt = users().authWithOAuth2({
      provider: "oidc",
      async urlCallback(url) {
        const state = new URL(url).searchParams.get("state");
        const page = await fetch(`${redirect}?state=${state}&error=access_denied`, { redirect: "manual" });
        assert.match(page.headers.get("location"), /oauth2-redirect-failure$/);
      },
    });
    await assert.rejects(attempt, (error) => /access_denied/.test(error.originalError?.message));
  });
});

test("superusers get the list of providers", async () => {
  const all = await pb.collections.getAllOAuth2Providers();
  assert.equal(all.length, 32);
  assert.deepEqual(Object.keys(all[0]).sort(), ["displayName", "logo", "name"]);
});
