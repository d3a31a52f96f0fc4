// Subscriptions through the SDK, and going on after an interruption.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { EventSource } from "eventsource";
import { resumable } from "../../../examples/realtime-resume.mjs";
import { PASSWORD, createBlog, seedBlog } from "../harness/blog.mjs";
import { startProxy } from "../harness/proxy.mjs";
import { isPocketBase, startServer } from "../harness/server.mjs";

// The connections of a client, the newest last, so that tests can cut them.
const opened = [];
const recording = (Source) =>
  class extends Source {
    constructor(...given) {
      super(...given);
      opened.push(this);
    }
  };
globalThis.EventSource = recording(EventSource);

const QUIET_MS = 200;
const server = await startServer();
const pb = await server.superuser();
await createBlog(pb);
const blog = await seedBlog(pb);
const clients = [];
after(async () => {
  for (const client of clients) await client.realtime.unsubscribe();
  await server.stop();
});

const fresh = (client) => (clients.push(client), client);

/// Collects what a subscription gets.
function inbox() {
  const events = [];
  const receive = (event) => events.push(event);
  const settle = async (count) => {
    for (let waited = 0; events.length < count && waited < 5000; waited += 10) await sleep(10);
    await sleep(QUIET_MS);
    return events.splice(0);
  };
  return { receive, settle };
}

const shown = (events) => events.map(({ action, record }) => `${action} ${record.name}`);

describe("subscriptions", () => {
  test("a collection's creates, updates and deletes arrive until unsubscribed", async () => {
    const guest = fresh(server.guest());
    const { receive, settle } = inbox();
    const unsubscribe = await guest.collection("tags").subscribe("*", receive);
    const tag = await pb.collection("tags").create({ name: "one" });
    await pb.collection("tags").update(tag.id, { name: "two" });
    await pb.collection("tags").delete(tag.id);
    const events = await settle(3);
    assert.deepEqual(events.map((e) => e.action), ["create", "update", "delete"]);
    assert.ok(events.every((e) => e.record.id === tag.id && e.record.collectionName === "tags"));
    await unsubscribe();
    await pb.collection("tags").create({ name: "three" });
    assert.deepEqual(await settle(0), []);
  });

  test("one record's topic gets that record only", async () => {
    const guest = fresh(server.guest());
    const { receive, settle } = inbox();
    await guest.collection("tags").subscribe(blog.go.id, receive);
    await pb.collection("tags").update(blog.rust.id, { slug: "x" });
    await pb.collection("tags").update(blog.go.id, { slug: "y" });
    assert.deepEqual(shown(await settle(1)), ["update go"]);
  });

  test("filter, fields and expand of a subscription are obeyed", async () => {
    const guest = fresh(server.guest());
    const { receive, settle } = inbox();
    const options = { filter: "text ~ 'some words'", fields: "text,expand.post.title", expand: "post" };
    await guest.collection("comments").subscribe("*", receive, options);
    await pb.collection("comments").create({ post: blog.alpha.id, text: "nothing" });
    await pb.collection("comments").create({ post: blog.alpha.id, text: "some words + more" });
    const [event, ...rest] = await settle(1);
    assert.deepEqual(event.record, { text: "some words + more", expand: { post: { title: "Alpha" } } });
    assert.deepEqual(rest, []);
  });

  test("rules decide for each subscriber", async () => {
    const [ann, bob] = [await server.user("ann@example.com", PASSWORD), await server.user("bob@example.com", PASSWORD)];
    const [hers, his] = [inbox(), inbox()];
    await fresh(ann).collection("posts").subscribe("*", hers.receive);
    await fresh(bob).collection("posts").subscribe("*", his.receive);
    const draft = await pb.collection("posts").create({ title: "draft", author: blog.ann.id, category: blog.news.id });
    await pb.collection("posts").delete(draft.id);
    assert.deepEqual((await hers.settle(2)).map((e) => e.action), ["create", "delete"]);
    assert.deepEqual(await his.settle(0), []);
  });

  test("the connection is made anew after a cut, with its topics", async () => {
    const guest = fresh(server.guest());
    const { receive, settle } = inbox();
    await guest.collection("tags").subscribe("*", receive);
    await cut(guest);
    await pb.collection("tags").update(blog.js.id, { slug: "again" });
    assert.deepEqual(shown(await settle(1)), ["update js"]);
  });
});

describe("a restart of the server", () => {
  test("the SDK connects again by itself and gets what happens from then on", async () => {
    const guest = fresh(server.guest());
    const { receive, settle } = inbox();
    await guest.collection("tags").subscribe("*", receive);
    const before = guest.realtime.clientId;
    await server.crash();
    await connectedAnew(guest, before);
    await pb.collection("tags").create({ name: "after the crash" });
    assert.deepEqual(shown(await settle(1)), ["create after the crash"]);
  });
});

describe("resuming", { skip: isPocketBase && "PocketBase cannot" }, () => {
  test("with the example's EventSource nothing is missed", async () => {
    globalThis.EventSource = recording(resumable(EventSource));
    const guest = fresh(server.guest());
    const { receive, settle } = inbox();
    await guest.collection("tags").subscribe("*", receive);
    await pb.collection("tags").create({ name: "before" });
    assert.deepEqual(shown(await settle(1)), ["create before"]);
    await cut(guest, async () => {
      for (const name of ["missed 1", "missed 2"]) await pb.collection("tags").create({ name });
    });
    await pb.collection("tags").create({ name: "after" });
    assert.deepEqual(shown(await settle(3)), ["create missed 1", "create missed 2", "create after"]);
  });

  test("a thousand writes on both sides of a crash arrive once and in order", async () => {
    globalThis.EventSource = recording(resumable(EventSource));
    const line = await startProxy(server.url);
    const guest = fresh(server.guest(line.url));
    const { receive, settle } = inbox();
    await guest.collection("tags").subscribe("*", receive);
    const before = guest.realtime.clientId;
    const write = async (from, to) => {
      for (let number = from; number < to; number++) await pb.collection("tags").create({ name: `write ${number}` });
    };
    await write(0, 100);
    const writing = write(100, 600);
    await sleep(QUIET_MS);
    line.cut();
    await writing;
    await server.crash();
    await write(600, 950);
    await line.mend();
    await write(950, 1000);
    await connectedAnew(guest, before);
    const expected = Array.from({ length: 1000 }, (_, number) => `create write ${number}`);
    assert.deepEqual(shown(await settle(1000)), expected);
    await guest.realtime.unsubscribe();
    line.cut();
  });
});

/// Cuts the client's connection, lets things happen, and waits until it is connected again.
async function cut(client, meanwhile = async () => {}) {
  const before = client.realtime.clientId;
  const source = opened.at(-1);
  source.close();
  await meanwhile();
  source.onerror?.(new Event("error"));
  await connectedAnew(client, before);
}

/// Waits until the client has another id than `before` and its topics are set.
async function connectedAnew(client, before) {
  for (let waited = 0; waited < 5000; waited += 10) {
    if (client.realtime.clientId && client.realtime.clientId !== before) break;
    await sleep(10);
  }
  assert.ok(client.realtime.clientId && client.realtime.clientId !== before);
  await sleep(QUIET_MS);
}
