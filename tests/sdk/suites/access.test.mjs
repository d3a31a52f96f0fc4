// Users, passwords, tokens, and the rules of the five actions.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PASSWORD, createBlog, field, seedBlog } from "../harness/blog.mjs";
import { DATE, refused } from "../harness/expect.mjs";
import { root, startServer } from "../harness/server.mjs";

const server = await startServer();
after(() => server.stop());
const pb = await server.superuser();
const ids = await createBlog(pb);
const blog = await seedBlog(pb);
const guest = server.guest();
const ann = await server.user("ann@example.com", PASSWORD);
const bob = await server.user("bob@example.com", PASSWORD);
const short = { title: "Draft", category: blog.news.id };

const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());

describe("signup", () => {
  const signup = (body) => guest.collection("users").create({ email: "new@example.com", password: PASSWORD, passwordConfirm: PASSWORD, ...body });

  test("a guest signs up, and does not see the email that is not public", async () => {
    const made = await signup({ name: "New" });
    assert.equal(made.name, "New");
    assert.deepEqual([made.verified, made.emailVisibility], [false, false]);
    for (const secret of ["email", "password", "passwordConfirm", "tokenKey"]) assert.equal(secret in made, false, secret);
    await pb.collection("users").delete(made.id);
  });

  const refusals = [
    ["no password", { password: "", passwordConfirm: "" }, { password: "validation_required" }],
    ["another confirmation", { passwordConfirm: "something else" }, { passwordConfirm: "validation_values_mismatch" }],
    ["a short password", { password: "1234567", passwordConfirm: "1234567" }, { password: "validation_min_text_constraint" }],
    ["a long password", { password: "x".repeat(72), passwordConfirm: "x".repeat(72) }, { password: "validation_max_text_constraint" }],
    ["no email", { email: "" }, { email: "validation_required" }],
    ["what is no email", { email: "nobody" }, { email: "validation_is_email" }],
    ["an email in use", { email: "ann@example.com" }, { email: "validation_not_unique" }],
    ["verified without leave", { verified: true }, { verified: "validation_values_mismatch" }],
  ];
  for (const [what, body, codes] of refusals) {
    test(`refuses ${what}`, async () => {
      const answer = await refused(signup(body), 400, what === "no password" ? { ...codes, passwordConfirm: "validation_required" } : codes);
      assert.equal(answer.message, "Failed to create record.");
    });
  }
});

describe("login", () => {
  test("answers a token and the record, email included", async () => {
    const { token, record } = await server.guest().collection("users").authWithPassword("ann@example.com", PASSWORD);
    assert.deepEqual([record.id, record.email, record.collectionName], [blog.ann.id, "ann@example.com", "users"]);
    assert.equal("tokenKey" in record, false);
    assert.equal("password" in record, false);
    const claims = claimsOf(token);
    assert.deepEqual([claims.id, claims.type, claims.collectionId, claims.refreshable], [blog.ann.id, "auth", ids.users, true]);
    const days = (claims.exp - Date.now() / 1000) / 86400;
    assert.ok(days > 4.9 && days <= 5, `${days} days`);
  });

  test("answers expanded and picked fields when asked", async () => {
    const client = server.guest();
    const { record } = await client.collection("users").authWithPassword("ann@example.com", PASSWORD, { expand: "posts_via_author", fields: "token,record.id,record.expand.posts_via_author.title" });
    assert.deepEqual(record.expand.posts_via_author.map((post) => post.title), ["Alpha", "Gamma 100%"]);
  });

  test("a wrong password, an unknown name and an empty one are refused alike", async () => {
    for (const [name, password] of [["ann@example.com", "wrong password"], ["nobody@example.com", PASSWORD]]) {
      const answer = await refused(guest.collection("users").authWithPassword(name, password), 400);
      assert.equal(answer.message, "Failed to authenticate.");
    }
    await refused(guest.collection("users").authWithPassword("", ""), 400, { identity: "validation_required", password: "validation_required" });
    await refused(guest.collection("posts").authWithPassword("ann@example.com", PASSWORD), 404);
  });

  test("a user is no superuser, and the superuser no user", async () => {
    await refused(guest.collection("_superusers").authWithPassword("ann@example.com", PASSWORD), 400);
    await refused(guest.collection("users").authWithPassword(root.email, root.password), 400);
  });

  test("auth methods say that a password will do", async () => {
    const methods = await guest.collection("users").listAuthMethods();
    assert.deepEqual(methods.password, { enabled: true, identityFields: ["email"] });
    assert.equal(methods.mfa.enabled, false);
    assert.equal(methods.otp.enabled, false);
    assert.deepEqual(methods.oauth2.providers, []);
  });

  test("a token is refreshed for its holder only", async () => {
    const client = await server.user("ann@example.com", PASSWORD);
    const { token, record } = await client.collection("users").authRefresh();
    assert.equal(record.id, blog.ann.id);
    assert.equal(claimsOf(token).id, blog.ann.id);
    await refused(guest.collection("users").authRefresh(), 401);
    await refused(client.collection("_superusers").authRefresh(), 403);
  });

  test("a token may come with or without the word Bearer, and a broken one is nobody's", async () => {
    const see = (authorization) => guest.collection("users").getFullList({ headers: { Authorization: authorization } });
    assert.equal((await see(ann.authStore.token)).length, 2);
    assert.equal((await see(`Bearer ${ann.authStore.token}`)).length, 2);
    assert.equal((await see(`${ann.authStore.token.slice(0, -3)}abc`)).length, 0);
  });

  test("a new password ends the old tokens", async () => {
    const body = { email: "turn@example.com", password: PASSWORD, passwordConfirm: PASSWORD };
    const made = await pb.collection("users").create(body);
    const client = await server.user(body.email, PASSWORD);
    const next = { password: "another password", passwordConfirm: "another password" };
    await refused(client.collection("users").update(made.id, next), 400, { oldPassword: "validation_required" });
    await refused(client.collection("users").update(made.id, { ...next, oldPassword: "wrong password" }), 400, { oldPassword: "validation_invalid_old_password" });
    await client.collection("users").update(made.id, { ...next, oldPassword: PASSWORD });
    await refused(client.collection("users").authRefresh(), 401);
    await refused(guest.collection("users").authWithPassword(body.email, PASSWORD), 400);
    await server.user(body.email, "another password");
    await pb.collection("users").delete(made.id);
  });

  test("a deleted user's token is nobody's", async () => {
    const body = { email: "gone@example.com", password: PASSWORD, passwordConfirm: PASSWORD };
    const made = await pb.collection("users").create(body);
    const client = await server.user(body.email, PASSWORD);
    await client.collection("users").delete(made.id);
    await refused(client.collection("users").authRefresh(), 401);
  });

  test("an authRule of null lets nobody in, and a condition those who meet it", async () => {
    await pb.collections.update("users", { authRule: null });
    await refused(guest.collection("users").authWithPassword("ann@example.com", PASSWORD), 403);
    await pb.collections.update("users", { authRule: "name = 'bob'" });
    await refused(guest.collection("users").authWithPassword("ann@example.com", PASSWORD), 403);
    await server.user("bob@example.com", PASSWORD);
    await pb.collections.update("users", { authRule: "" });
    // A change of the rule ends every token of the collection.
    await ann.collection("users").authWithPassword("ann@example.com", PASSWORD);
    await bob.collection("users").authWithPassword("bob@example.com", PASSWORD);
  });
});

describe("email visibility", () => {
  test("others see a public email only; its owner and the superuser always", async () => {
    const see = async (client, id) => (await client.collection("users").getOne(id)).email;
    assert.equal(await see(bob, blog.ann.id), "ann@example.com");
    assert.equal(await see(ann, blog.bob.id), undefined);
    assert.equal(await see(bob, blog.bob.id), "bob@example.com");
    assert.equal(await see(pb, blog.bob.id), "bob@example.com");
  });

  test("a filter finds public emails only", async () => {
    const find = async (client, email) => (await client.collection("users").getFullList({ filter: `email = '${email}'` })).length;
    assert.equal(await find(bob, "ann@example.com"), 1);
    assert.equal(await find(ann, "bob@example.com"), 0);
    assert.equal(await find(pb, "bob@example.com"), 1);
  });

  test("expand hides it as well", async () => {
    const post = await ann.collection("posts").getOne(blog.epsilon.id, { expand: "author" });
    assert.equal(post.expand.author.name, "bob");
    assert.equal("email" in post.expand.author, false);
  });

  test("an owner changes the name, not the email", async () => {
    const users = ann.collection("users");
    assert.equal((await users.update(blog.ann.id, { name: "ann" })).name, "ann");
    await refused(users.update(blog.ann.id, { email: "other@example.com" }), 400, { email: "validation_values_mismatch" });
    await refused(users.update(blog.ann.id, { verified: true }), 400, { verified: "validation_values_mismatch" });
    await refused(users.update(blog.bob.id, { name: "x" }), 404);
  });
});

describe("rules", () => {
  const listed = async (client) => (await client.collection("posts").getFullList({ sort: "@rowid" })).map((post) => post.title);

  test("list shows what the rule lets each one see", async () => {
    // A guest's id and an empty author are both empty, so "author = @request.auth.id" holds for delta.
    assert.deepEqual(await listed(guest), ["Alpha", "Gamma 100%", "delta_x", "Epsilon"]);
    assert.deepEqual(await listed(ann), ["Alpha", "Gamma 100%", "Epsilon"]);
    assert.deepEqual(await listed(bob), ["Alpha", "Beta", "Gamma 100%", "Epsilon"]);
    assert.equal((await listed(pb)).length, 5);
    assert.equal((await guest.collection("posts").getList(1, 1)).totalItems, 4);
    assert.equal((await guest.collection("posts").getList(1, 10, { filter: "title = 'Beta'" })).totalItems, 0);
  });

  test("view hides what the rule hides", async () => {
    assert.equal((await guest.collection("posts").getOne(blog.alpha.id)).title, "Alpha");
    await refused(guest.collection("posts").getOne(blog.beta.id), 404);
    await refused(ann.collection("posts").getOne(blog.beta.id), 404);
    assert.equal((await bob.collection("posts").getOne(blog.beta.id)).title, "Beta");
  });

  test("create asks the rule of the new record", async () => {
    const answer = await refused(guest.collection("posts").create(short), 400);
    assert.equal(answer.message, "Failed to create record.");
    await refused(ann.collection("posts").create(short), 400);
    await refused(ann.collection("posts").create({ ...short, author: blog.bob.id }), 400);
    const made = await ann.collection("posts").create({ ...short, author: blog.ann.id });
    assert.equal(made.author, blog.ann.id);
    await ann.collection("posts").delete(made.id);
  });

  test("update and delete are for the owner", async () => {
    const own = await bob.collection("posts").create({ ...short, author: blog.bob.id, published: true });
    for (const client of [guest, ann]) {
      await refused(client.collection("posts").update(own.id, { title: "mine" }), 404);
      await refused(client.collection("posts").delete(own.id), 404);
    }
    await refused(bob.collection("posts").update(own.id, { author: blog.ann.id }), 404);
    assert.equal((await bob.collection("posts").update(own.id, { title: "changed" })).title, "changed");
    await bob.collection("posts").delete(own.id);
    await refused(bob.collection("posts").getOne(own.id), 404);
  });

  test("a rule may look through a relation", async () => {
    const onAnns = await bob.collection("comments").create({ post: blog.alpha.id, author: blog.bob.id, text: "by bob" });
    await refused(guest.collection("comments").delete(onAnns.id), 404);
    await ann.collection("comments").delete(onAnns.id);
    const onBobs = await bob.collection("comments").create({ post: blog.epsilon.id, author: blog.bob.id, text: "by bob" });
    await refused(ann.collection("comments").delete(onBobs.id), 404);
    await bob.collection("comments").delete(onBobs.id);
  });

  test("no rule is a 403 for all but the superuser", async () => {
    await pb.collections.create({ name: "vault", type: "base", fields: [field.text("secret")] });
    const kept = await pb.collection("vault").create({ secret: "x" });
    for (const client of [guest, ann]) {
      const vault = client.collection("vault");
      const answer = await refused(vault.getList(), 403);
      assert.equal(answer.message, "Only superusers can perform this action.");
      await refused(vault.getOne(kept.id), 403);
      await refused(vault.create({ secret: "y" }), 403);
      await refused(vault.update(kept.id, { secret: "y" }), 403);
      await refused(vault.delete(kept.id), 403);
      await refused(client.collection("comments").update(blog.nice.id, { text: "y" }), 403);
    }
    assert.equal((await pb.collection("vault").getOne(kept.id)).secret, "x");
  });

  test("a hidden field is the superuser's to see and to set", async () => {
    assert.equal("note" in (await guest.collection("posts").getOne(blog.alpha.id)), false);
    const changed = await ann.collection("posts").update(blog.alpha.id, { note: "overwritten" });
    assert.equal("note" in changed, false);
    assert.equal((await pb.collection("posts").getOne(blog.alpha.id)).note, "secret");
  });

  test("a superuser's records are nobody else's business", async () => {
    for (const client of [guest, ann]) {
      await refused(client.collection("_superusers").getList(), 403);
      await refused(client.collection("_superusers").create({ email: "x@example.com", password: PASSWORD, passwordConfirm: PASSWORD }), 403);
    }
    const all = await pb.collection("_superusers").getFullList();
    assert.deepEqual(all.map((each) => [each.email, each.verified]), [[root.email, true]]);
    assert.match(all[0].created, DATE);
    await refused(pb.collection("_superusers").delete(all[0].id), 400);
  });
});

describe("rules over the request", () => {
  const rules = [
    ["@request.method = 'GET'", {}, 200],
    ["@request.method = 'POST'", {}, 404],
    ["@request.context = 'default'", {}, 200],
    ["@request.query.key = 'open'", { query: { key: "open" } }, 200],
    ["@request.query.key = 'open'", {}, 404],
    ["@request.query.key:isset = true", { query: { key: "" } }, 200],
    ["@request.headers.x_key = 'open'", { headers: { "X-Key": "open" } }, 200],
    ["@request.headers.x_key = 'open'", {}, 404],
    ["@request.auth.name = 'ann'", {}, 200],
    ["@request.auth.name = 'bob'", {}, 404],
    ["@request.auth.collectionName = 'users'", {}, 200],
    ["@request.auth.posts_via_author.title ?= 'Alpha'", {}, 200],
    ["@request.auth.posts_via_author.title ?= 'Beta'", {}, 404],
    ["@collection.posts.author ?= @request.auth.id && @collection.posts.title ?= 'Alpha'", {}, 200],
    ["@collection.posts.author ?= @request.auth.id && @collection.posts.title ?= 'Beta'", {}, 404],
    ["@request.auth.nothing = ''", {}, 200],
  ];
  let id;
  before(async () => {
    await pb.collections.create({ name: "doors", type: "base", fields: [field.text("name")] });
    ({ id } = await pb.collection("doors").create({ name: "one" }));
  });
  for (const [viewRule, options, status] of rules) {
    test(`${viewRule} ${JSON.stringify(options)}: ${status}`, async () => {
      await pb.collections.update("doors", { viewRule });
      const view = ann.collection("doors").getOne(id, options);
      if (status === 200) assert.equal((await view).name, "one");
      else await refused(view, status);
    });
  }

  const bodies = [
    ["@request.body.name:isset = true", { name: "x" }, true],
    ["@request.body.name:isset = false", { name: "x" }, false],
    ["@request.body.name = 'x'", { name: "x" }, true],
    ["@request.body.name:changed = true", { name: "x" }, true],
    ["@request.body.name:changed = true", { name: "one" }, false],
    ["@request.body.name:lower = 'x'", { name: "X" }, true],
    ["name = 'one'", { name: "x" }, true],
    ["name = 'x'", { name: "x" }, false],
  ];
  for (const [updateRule, body, allowed] of bodies) {
    test(`update ${updateRule} ${JSON.stringify(body)}: ${allowed}`, async () => {
      await pb.collection("doors").update(id, { name: "one" });
      await pb.collections.update("doors", { updateRule });
      const update = ann.collection("doors").update(id, body);
      if (allowed) assert.equal((await update).name, body.name);
      else await refused(update, 404);
    });
  }
});
