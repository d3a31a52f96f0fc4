// Sessions and API keys, which PocketBase does not have, through the SDK, which knows of neither.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { EventSource } from "eventsource";
import { PASSWORD, createBlog, seedBlog } from "../harness/blog.mjs";
import { refused } from "../harness/expect.mjs";
import { isPocketBase, startServer } from "../harness/server.mjs";

globalThis.EventSource = EventSource;

const QUIET_MS = 300;
const server = await startServer();
after(() => server.stop());
const pb = await server.superuser();
await createBlog(pb);
await seedBlog(pb);
const open = { listRule: "@request.auth.id != ''", viewRule: "@request.auth.id != ''" };
if (!isPocketBase) {
  await pb.collections.update("users", { sessions: { enabled: true }, apiKeys: { enabled: true } });
  await pb.collections.create({ name: "news", fields: [{ name: "title", type: "text" }], ...open });
}
const log_in = () => server.user("ann@example.com", PASSWORD);
const users = "/api/collections/users";

/// The titles that reach a subscription of this client from now on.
async function titles(client) {
  const heard = [];
  await client.collection("news").subscribe("*", ({ record }) => heard.push(record.title));
  return {
    async next() {
      for (let waited = 0; heard.length === 0 && waited < 5000; waited += 10) await sleep(10);
      return heard.shift();
    },
    async none() {
      await sleep(QUIET_MS);
      return heard.length === 0;
    },
  };
}

const publish = (title) => pb.collection("news").create({ title });

describe("sessions", { skip: isPocketBase }, () => {
  test("login, refresh and sign-out go through the SDK as it is", async () => {
    const client = await log_in();
    assert.equal(client.authStore.isValid, true);
    await client.collection("users").authRefresh();
    const { items } = await client.send(`${users}/sessions`, { method: "GET" });
    assert.deepEqual(items.map(({ method, current }) => [method, current]), [["password", true]]);
    const heard = await titles(client);
    await publish("before");
    assert.equal(await heard.next(), "before");
    await client.send(`${users}/auth-logout`, { method: "POST" });
    await publish("after");
    assert.ok(await heard.none());
    await refused(client.collection("users").authRefresh(), 401);
    assert.deepEqual(await client.collection("news").getFullList(), []);
    await client.realtime.unsubscribe();
  });

  test("one device signs the others out", async () => {
    const [phone, laptop] = [await log_in(), await log_in()];
    await laptop.send(`${users}/sessions`, { method: "DELETE" });
    await refused(phone.collection("users").authRefresh(), 401);
    await laptop.collection("users").authRefresh();
  });
});

describe("API keys", { skip: isPocketBase }, () => {
  test("a key in the auth store works as a token does, within its scope", async () => {
    const client = await log_in();
    const scopes = [{ collection: "news", actions: ["list", "view"] }];
    const { id, key } = await client.send(`${users}/api-keys`, { method: "POST", body: { name: "robot", scopes } });
    const robot = server.guest();
    robot.authStore.save(key, null);
    assert.notEqual((await robot.collection("news").getFullList()).length, 0);
    await refused(robot.collection("news").create({ title: "x" }), 403);
    await refused(robot.collection("users").authRefresh(), 403);
    await refused(robot.files.getToken(), 403);
    const heard = await titles(robot);
    await publish("to robots");
    assert.equal(await heard.next(), "to robots");
    await client.send(`${users}/api-keys/${id}`, { method: "DELETE" });
    await publish("to nobody");
    assert.ok(await heard.none());
    assert.deepEqual(await robot.collection("news").getFullList(), []);
    await robot.realtime.unsubscribe();
  });
});
