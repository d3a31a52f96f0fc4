// Subscriptions through the SDK, and going on after an interruption.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { EventSource } from "eventsource";
import { resumable } from "../../../examples/realtime-resume.mjs";
import { PASSWORD, createBlog, seedBlog } from "../harness/blog.mjs";
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
});

/// Cuts the client's connection, lets things happen, and waits until it is connected again.
async function cut(client, meanwhile = async () => {}) {
  const before = client.realtime.clientId;
  const source = opened.at(-1);
  source.close();
  await meanwhile();
  source.onerror?.(new Event("error"));
  for (let waited = 0; waited < 5000; waited += 10) {
    if (client.realtime.clientId && client.realtime.clientId !== before) break;
    await sleep(10);
  }
  assert.notEqual(client.realtime.clientId, before);
  await sleep(QUIET_MS);
}
