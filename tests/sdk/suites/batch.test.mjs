// Several writes in one request, settings, and rate limits.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { PASSWORD, createBlog, seedBlog } from "../harness/blog.mjs";
import { ID, refused } from "../harness/expect.mjs";
import { startServer } from "../harness/server.mjs";

const server = await startServer();
after(() => server.stop());
const pb = await server.superuser();
await createBlog(pb);
const blog = await seedBlog(pb);
const guest = server.guest();
const ann = await server.user("ann@example.com", PASSWORD);
const draft = { title: "Batch", category: blog.news.id };

describe("settings", () => {
  test("are those of a new server, without secrets", async () => {
    const settings = await pb.settings.getAll();
    assert.deepEqual(Object.keys(settings), ["superuserIPs", "smtp", "backups", "s3", "meta", "rateLimits", "trustedProxy", "batch", "logs"]);
    assert.deepEqual(settings.batch, { enabled: false, maxRequests: 50, timeout: 3, maxBodySize: 0 });
    assert.equal("password" in settings.smtp, false);
    assert.equal("secret" in settings.s3, false);
    await refused(guest.settings.getAll(), 401);
    await refused(ann.settings.getAll(), 403);
  });

  test("change group by group", async () => {
    const changed = await pb.settings.update({ meta: { appName: "Blog" }, trustedProxy: { headers: ["X-IP"] } });
    assert.equal(changed.meta.appName, "Blog");
    assert.equal(changed.meta.senderName, "Support");
    assert.deepEqual(await pb.settings.getAll(), changed);
    await refused(ann.settings.update({ meta: { appName: "Hers" } }), 403);
  });

  const refusals = [
    [{ meta: { appURL: "test", accentColor: "red" } }, { "meta.appURL": "validation_is_url", "meta.accentColor": "validation_length_invalid" }],
    [{ smtp: { enabled: true, host: "", port: 0 } }, { "smtp.host": "validation_required", "smtp.port": "validation_required" }],
    [{ backups: { cron: "never" } }, { "backups.cron": "validation_invalid_cron" }],
    [{ rateLimits: { enabled: true, rules: [] } }, { "rateLimits.rules": "validation_required" }],
    [{ superuserIPs: ["1.1.1.1", "x"] }, { "superuserIPs.1": "validation_invlaid_ip_or_subnet" }],
    [
      { rateLimits: { rules: [{ label: "a", audience: "@guest", duration: 1, maxRequests: 1 }, { label: "a", duration: 1, maxRequests: 1, audience: "" }] } },
      { "rateLimits.rules.1.label": "validation_conflicting_rate_limit_rule" },
    ],
  ];
  for (const [body, codes] of refusals) {
    test(`refuses ${Object.keys(codes)}`, async () => {
      const answer = await refused(pb.settings.update(body), 400, codes);
      assert.equal(answer.message, "An error occurred while saving the new settings.");
    });
  }
});

describe("a batch", () => {
  test("is refused until it is enabled", async () => {
    const batch = pb.createBatch();
    batch.collection("tags").create({ name: "never" });
    const answer = await refused(batch.send(), 403);
    assert.equal(answer.message, "Batch requests are not allowed.");
    await pb.settings.update({ batch: { enabled: true } });
  });

  test("creates, changes, upserts and deletes in order", async () => {
    const batch = pb.createBatch();
    const tags = batch.collection("tags");
    tags.create({ id: "batch0000000001", name: "one" });
    tags.update("batch0000000001", { name: "two" });
    tags.upsert({ id: "batch0000000001", slug: "slug" });
    tags.upsert({ id: "batch0000000002", name: "three" });
    tags.upsert({ name: "four" });
    batch.collection("posts").create({ ...draft, author: blog.ann.id, tags: ["batch0000000001"] }, { expand: "tags,author", fields: "title,expand.tags.name" });
    tags.delete("batch0000000001");
    const answers = await batch.send();
    assert.deepEqual(answers.map((answer) => answer.status), [200, 200, 200, 200, 200, 200, 204]);
    assert.deepEqual(answers.slice(0, 5).map(({ body }) => [body.name, body.slug]), [["one", ""], ["two", ""], ["two", "slug"], ["three", ""], ["four", ""]]);
    assert.equal(answers[3].body.id, "batch0000000002");
    assert.match(answers[4].body.id, ID);
    assert.deepEqual(answers[5].body, { title: "Batch", expand: { tags: [{ name: "two" }] } });
    assert.equal(answers[6].body, null);
    await refused(pb.collection("tags").getOne("batch0000000001"), 404);
    assert.equal((await pb.collection("tags").getOne("batch0000000002")).name, "three");
  });

  test("does nothing when one of its writes fails, and says which", async () => {
    const before = (await pb.collection("tags").getList(1, 1)).totalItems;
    const batch = pb.createBatch();
    batch.collection("tags").create({ name: "fine" });
    batch.collection("tags").create({ name: "" });
    batch.collection("tags").create({ name: "" });
    const answer = await refused(batch.send(), 400, { "requests.1": "batch_request_failed" });
    assert.equal(answer.message, "Batch transaction failed.");
    const { response, ...failed } = answer.data.requests[1];
    assert.deepEqual(failed, { code: "batch_request_failed", message: "Batch request failed." });
    assert.deepEqual(response, { data: { name: { code: "validation_required", message: "Cannot be blank." } }, message: "Failed to create record.", status: 400 });
    assert.equal((await pb.collection("tags").getList(1, 1)).totalItems, before);
  });

  test("obeys the rules of the one who sends it", async () => {
    const batch = ann.createBatch();
    batch.collection("posts").create({ ...draft, author: blog.ann.id });
    batch.collection("posts").create({ ...draft, author: blog.bob.id });
    const answer = await refused(batch.send(), 400, { "requests.1": "batch_request_failed" });
    assert.deepEqual(answer.data.requests[1].response, { data: {}, message: "Failed to create record.", status: 400 });
    const forbidden = ann.createBatch();
    forbidden.collection("tags").create({ name: "hers" });
    const { response } = (await refused(forbidden.send(), 400, { "requests.0": "batch_request_failed" })).data.requests[0];
    assert.deepEqual([response.status, response.message], [403, "Only superusers can perform this action."]);
    const hidden = guest.createBatch();
    hidden.collection("posts").delete(blog.alpha.id);
    assert.equal((await refused(hidden.send(), 400, { "requests.0": "batch_request_failed" })).data.requests[0].response.status, 404);
  });

  test("makes and changes accounts", async () => {
    const batch = pb.createBatch();
    const account = { email: "batch@example.com", password: PASSWORD, passwordConfirm: PASSWORD };
    batch.collection("users").create({ id: "batchuser000001", ...account });
    batch.collection("users").upsert({ id: "batchuser000001", password: "changed12345", passwordConfirm: "changed12345" });
    const answers = await batch.send();
    assert.equal("password" in answers[1].body || "tokenKey" in answers[1].body, false);
    await server.user("batch@example.com", "changed12345");
    await refused(server.user("batch@example.com", PASSWORD), 400);
  });

  test("is checked before it runs", async () => {
    const send = (body) => pb.send("/api/batch", { method: "POST", body });
    await refused(send({}), 400, { requests: "validation_required" });
    await refused(send({ requests: "x" }), 400);
    await refused(send({ requests: [{ method: "POST", url: "/x" }, { method: "get" }] }), 400, { "requests.1.method": "validation_in_invalid", "requests.1.url": "validation_required" });
    const many = Array.from({ length: 51 }, () => ({ method: "POST", url: "/x" }));
    await refused(send({ requests: many }), 400, { requests: "validation_length_too_long" });
    for (const url of ["/api/collections/tags/records/x", "/api/health", "http://x.co/api/collections/tags/records"]) {
      const answer = await refused(send({ requests: [{ method: "POST", url }] }), 400, { "requests.0": "batch_request_failed" });
      assert.deepEqual(answer.data.requests[0].response, { data: {}, message: "Something went wrong while processing your request.", status: 400 });
    }
    const missing = await refused(send({ requests: [{ method: "POST", url: "/api/collections/missing/records" }] }), 400, { "requests.0": "batch_request_failed" });
    assert.deepEqual(missing.data.requests[0].response, { data: {}, message: "Missing collection context.", status: 404 });
  });
});

describe("rate limits", () => {
  const from = (ip) => ({ headers: { "X-IP": ip } });
  const limit = (rules) => pb.settings.update({ rateLimits: { enabled: true, rules: rules.map((rule) => ({ audience: "", duration: 600, maxRequests: 1, ...rule })) } });

  test("count each client, and start over when settings are saved", async () => {
    await limit([{ label: "tags:list" }, { label: "*:view", audience: "@guest" }]);
    const list = (ip) => guest.collection("tags").getList(1, 1, from(ip));
    await list("1.1.1.1");
    const answer = await refused(list("1.1.1.1"), 429);
    assert.equal(answer.message, "Too Many Requests.");
    await list("2.2.2.2");
    await pb.collection("tags").getList(1, 1, from("1.1.1.1"));
    const view = (client) => client.collection("tags").getOne(blog.go.id, from("1.1.1.1"));
    await view(guest);
    await refused(view(guest), 429);
    await view(ann);
    await view(ann);
    await pb.settings.update({});
    await list("1.1.1.1");
  });

  test("count the paths under one rule together, and each write of a batch", async () => {
    await limit([{ label: "tags:delete" }, { label: "/api/", maxRequests: 3 }]);
    const health = () => guest.health.check(from("3.3.3.3"));
    await health();
    await refused(guest.send("/api/nothing", from("3.3.3.3")), 404);
    await health();
    await refused(health(), 429);
    const batch = guest.createBatch();
    batch.collection("tags").delete(blog.go.id);
    batch.collection("tags").delete(blog.go.id);
    const first = await refused(batch.send(from("4.4.4.4")), 400, { "requests.0": "batch_request_failed" });
    assert.equal(first.data.requests[0].response.status, 403);
    const again = guest.createBatch();
    again.collection("tags").delete(blog.go.id);
    const second = await refused(again.send(from("4.4.4.4")), 400, { "requests.0": "batch_request_failed" });
    assert.equal(second.data.requests[0].response.status, 429);
    await pb.settings.update({ rateLimits: { enabled: false } });
    await health();
  });
});
