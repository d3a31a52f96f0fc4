// The collections API: what the dashboard does when it designs a schema.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createBlog, field, seedBlog, timestamps } from "../harness/blog.mjs";
import { ANY, DATE, refused } from "../harness/expect.mjs";
import { startServer } from "../harness/server.mjs";

const server = await startServer();
after(() => server.stop());
const pb = await server.superuser();
const ids = await createBlog(pb);

const byName = (fields) => Object.fromEntries(fields.map((each) => [each.name, each]));
/// The fields as the API wants them back, without those named.
const without = (fields, ...names) => fields.filter((each) => !names.includes(each.name));

describe("create", () => {
  test("answers the whole definition", async () => {
    const posts = await pb.collections.getOne("posts");
    assert.match(posts.id, /^pbc_\d+$/);
    assert.equal(posts.name, "posts");
    assert.equal(posts.type, "base");
    assert.equal(posts.system, false);
    assert.match(posts.created, DATE);
    assert.match(posts.updated, DATE);
    assert.equal(posts.deleteRule, "author = @request.auth.id");
    assert.deepEqual(
      posts.fields.map((each) => [each.name, each.type]),
      [
        ["id", "text"], ["title", "text"], ["slug", "text"], ["body", "editor"], ["views", "number"],
        ["rating", "number"], ["published", "bool"], ["contact", "email"], ["website", "url"],
        ["publishedAt", "date"], ["status", "select"], ["labels", "select"], ["author", "relation"],
        ["tags", "relation"], ["category", "relation"], ["meta", "json"], ["place", "geoPoint"],
        ["note", "text"], ["created", "autodate"], ["updated", "autodate"],
      ],
    );
    assert.deepEqual(posts.indexes, [
      "CREATE INDEX idx_posts_views ON posts (views)",
      "CREATE UNIQUE INDEX idx_posts_slug ON posts (slug) WHERE slug != ''",
    ]);
  });

  test("answers every option of a field", async () => {
    const fields = byName((await pb.collections.getOne("posts")).fields);
    assert.deepEqual(fields.id, {
      autogeneratePattern: "[a-z0-9]{15}", help: "", hidden: false, id: "text3208210256", max: 15, min: 15,
      name: "id", pattern: "^[a-z0-9]+$", presentable: false, primaryKey: true, required: true, system: true, type: "text",
    });
    const common = (name, type) => ({ help: "", hidden: false, id: fields[name].id, name, presentable: false, required: false, system: false, type });
    assert.deepEqual(fields.rating, { ...common("rating", "number"), max: 5, min: 0, onlyInt: false });
    assert.deepEqual(fields.published, common("published", "bool"));
    assert.deepEqual(fields.contact, { ...common("contact", "email"), exceptDomains: null, onlyDomains: null });
    assert.deepEqual(fields.publishedAt, { ...common("publishedAt", "date"), max: "", min: "" });
    assert.deepEqual(fields.status, { ...common("status", "select"), maxSelect: 0, values: ["draft", "published", "archived"] });
    assert.deepEqual(fields.tags, { ...common("tags", "relation"), cascadeDelete: false, collectionId: ids.tags, maxSelect: 10, minSelect: 0 });
    assert.deepEqual(fields.meta, { ...common("meta", "json"), maxSize: 0 });
    assert.deepEqual(fields.body, { ...common("body", "editor"), convertURLs: false, maxSize: 0 });
    assert.deepEqual(fields.place, common("place", "geoPoint"));
    assert.deepEqual(fields.created, {
      hidden: false, id: fields.created.id, name: "created", onCreate: true, onUpdate: false, presentable: false, system: false, type: "autodate",
    });
  });

  test("an auth collection brings its own fields, indexes and options", async () => {
    const members = await pb.collections.create({ name: "members", type: "auth", fields: [field.text("nick")] });
    assert.deepEqual(
      members.fields.map((each) => each.name).sort(),
      ["email", "emailVisibility", "id", "nick", "password", "tokenKey", "verified"],
    );
    assert.deepEqual(members.passwordAuth, { enabled: true, identityFields: ["email"] });
    assert.equal(members.authRule, "");
    assert.equal(members.manageRule, null);
    assert.equal(members.authToken.duration, 432000);
    assert.equal(members.authToken.secret, undefined);
    assert.equal(members.indexes.length, 2);
    assert.ok(members.indexes.every((sql) => sql.includes("UNIQUE")));
    await pb.collections.delete("members");
  });

  const refusals = [
    ["no name", {}, { name: "validation_required" }],
    ["a name with a space", { name: "two words" }, { name: "validation_match_invalid" }],
    ["a name in use, in any case", { name: "POSTS" }, { name: "validation_collection_name_exists" }],
    ["_via_ in the name", { name: "a_via_b" }, { name: "validation_found_via" }],
    ["a rule over an unknown field", { name: "t", listRule: "nothing = 1" }, { listRule: "validation_invalid_rule" }],
    ["a rule that cannot be parsed", { name: "t", createRule: "id =" }, { createRule: "validation_invalid_rule" }],
    ["a select without values", { name: "t", fields: [field.select("s")] }, { "fields.1.values": "validation_required" }],
    ["a relation to nothing", { name: "t", fields: [field.relation("r", { collectionId: "nothing" })] }, { "fields.1.collectionId": "validation_field_relation_missing_collection" }],
    ["a reserved field name", { name: "t", fields: [field.text("expand")] }, { "fields.1.name": "validation_not_in_invalid" }],
    ["an empty field name", { name: "t", fields: [field.text("")] }, { "fields.1.name": "validation_required" }],
    ["two fields of one name", { name: "t", fields: [field.text("a", { id: "one" }), field.text("A", { id: "two" })] }, { "fields.2.name": "validation_duplicated_field_name" }],
    ["a negative text length", { name: "t", fields: [field.text("a", { min: -1 })] }, { "fields.1.min": "validation_min_greater_equal_than_required" }],
    ["a text pattern that is no expression", { name: "t", fields: [field.text("a", { pattern: "(" })] }, { "fields.1.pattern": "validation_invalid_regex" }],
    ["an index over an unknown field", { name: "t", indexes: ["CREATE INDEX idx_t ON t (nothing)"] }, { "indexes.0": "validation_invalid_index_expression" }],
    ["text that is no index", { name: "t", indexes: ["something"] }, { "indexes.0": "validation_invalid_index_expression" }],
    ["an index name in use", { name: "t", indexes: ["CREATE INDEX idx_posts_views ON t (id)"] }, { "indexes.0": "validation_existing_index_name" }],
    ["an autodate that never sets", { name: "t", fields: [field.autodate("at")] }, { "fields.1.onCreate": "validation_required", "fields.1.onUpdate": "validation_required" }],
  ];
  for (const [what, definition, codes] of refusals) {
    test(`refuses ${what}`, async () => {
      await refused(pb.collections.create({ type: "base", ...definition }), 400, codes);
      await refused(pb.collections.getOne("t"), 404);
    });
  }

  test("refuses an unknown type", async () => {
    await refused(pb.collections.create({ name: "t", type: "queue" }), 400, { type: "validation_in_invalid" });
  });
});

describe("who may", () => {
  test("guests get 401 and users 403 on every call", async () => {
    const email = "who@example.com";
    await pb.collection("users").create({ email, password: "1234567890", passwordConfirm: "1234567890" });
    for (const [client, status] of [[server.guest(), 401], [await server.user(email, "1234567890"), 403]]) {
      await refused(client.collections.getList(), status);
      await refused(client.collections.getOne("posts"), status);
      await refused(client.collections.create({ name: "t", type: "base" }), status);
      await refused(client.collections.update("posts", {}), status);
      await refused(client.collections.delete("posts"), status);
      await refused(client.collections.truncate("posts"), status);
    }
  });
});

describe("read", () => {
  test("a collection is found by id and by name in any case, or is missing", async () => {
    for (const key of [ids.posts, "posts", "Posts"]) assert.equal((await pb.collections.getOne(key)).id, ids.posts);
    await refused(pb.collections.getOne("nothing"), 404);
  });

  test("the list is paged, filtered and sorted", async () => {
    const all = await pb.collections.getFullList({ sort: "name" });
    const names = all.map((each) => each.name);
    assert.deepEqual(names, [...names].sort());
    for (const name of ["_superusers", "categories", "comments", "posts", "tags", "users"]) assert.ok(names.includes(name), name);
    const page = await pb.collections.getList(1, 2, { filter: "system = false", sort: "-name" });
    assert.deepEqual(page.items.map((each) => each.name), ["users", "tags"]);
    assert.deepEqual([page.page, page.perPage, page.totalItems, page.totalPages], [1, 2, 5, 3]);
    const first = await pb.collections.getFirstListItem('name = "posts"', { fields: "id,name" });
    assert.deepEqual(first, { id: ids.posts, name: "posts" });
  });
});

describe("update", () => {
  test("a field is added with its zero value, renamed with its data, and removed", async () => {
    const made = await pb.collections.create({ name: "notes", type: "base", fields: [field.text("title"), field.number("n")] });
    const note = await pb.collection("notes").create({ title: "one", n: 7 });

    const added = await pb.collections.update("notes", { fields: [...made.fields, field.bool("done"), field.select("labels", { values: ["a", "b"], maxSelect: 2 })] });
    assert.deepEqual(added.fields.map((each) => each.name), ["id", "title", "n", "done", "labels"]);
    const zero = await pb.collection("notes").getOne(note.id);
    assert.deepEqual([zero.title, zero.n, zero.done, zero.labels], ["one", 7, false, []]);

    const renamed = await pb.collections.update("notes", { fields: added.fields.map((each) => (each.name === "title" ? { ...each, name: "headline" } : each)) });
    assert.deepEqual(renamed.fields.map((each) => each.name), ["id", "headline", "n", "done", "labels"]);
    const moved = await pb.collection("notes").getOne(note.id);
    assert.equal(moved.headline, "one");
    assert.equal("title" in moved, false);

    const removed = await pb.collections.update("notes", { fields: without(renamed.fields, "n") });
    const less = await pb.collection("notes").getOne(note.id);
    assert.equal("n" in less, false);

    // A field of the old name is a new field: the old data does not come back.
    await pb.collections.update("notes", { fields: [...removed.fields, field.number("n", { id: "another" })] });
    assert.equal((await pb.collection("notes").getOne(note.id)).n, 0);
    await pb.collections.delete("notes");
  });

  test("a renamed collection keeps its records and its id", async () => {
    const made = await pb.collections.create({ name: "drafts", type: "base", fields: [field.text("title")], indexes: ["CREATE INDEX idx_drafts_title ON drafts (title)"] });
    const draft = await pb.collection("drafts").create({ title: "kept" });
    const renamed = await pb.collections.update(made.id, { name: "papers" });
    assert.equal(renamed.id, made.id);
    assert.match(renamed.indexes[0], /ON `papers` \(`title`\)$/);
    assert.equal((await pb.collection("papers").getOne(draft.id)).collectionName, "papers");
    await refused(pb.collection("drafts").getOne(draft.id), 404);
    await pb.collections.delete("papers");
  });

  test("a field that becomes single keeps its last value, and multiple again a list of it", async () => {
    const made = await pb.collections.create({ name: "picks", type: "base", fields: [field.select("s", { values: ["a", "b", "c"], maxSelect: 3 })] });
    const pick = await pb.collection("picks").create({ s: ["a", "c"] });
    const resize = (maxSelect) => pb.collections.update("picks", { fields: made.fields.map((each) => (each.name === "s" ? { ...each, maxSelect } : each)) });
    await resize(1);
    assert.equal((await pb.collection("picks").getOne(pick.id)).s, "c");
    await resize(2);
    assert.deepEqual((await pb.collection("picks").getOne(pick.id)).s, ["c"]);
    await pb.collections.delete("picks");
  });

  test("rules alone can change, and nothing else does", async () => {
    const before = await pb.collections.getOne("tags");
    const after = await pb.collections.update("tags", { createRule: "@request.auth.id != ''" });
    assert.equal(after.createRule, "@request.auth.id != ''");
    assert.deepEqual(after.fields, before.fields);
    assert.equal((await pb.collections.update("tags", { createRule: null })).createRule, null);
  });

  test("what would break is refused", async () => {
    const tags = await pb.collections.getOne("tags");
    const withName = (change) => tags.fields.map((each) => (each.name === "name" ? { ...each, ...change } : each));
    const retyped = await refused(pb.collections.update("tags", { type: "auth" }), 400, ANY);
    assert.equal(retyped.data.type.code, "validation_collection_type_change");
    await refused(pb.collections.update("tags", { fields: withName({ type: "number" }) }), 400, { "fields.1": "validation_field_type_change" });
    await refused(pb.collections.update("tags", { name: "posts" }), 400, { name: "validation_collection_name_exists" });
    await refused(pb.collections.update("nothing", { name: "x" }), 404);
    await refused(pb.collections.update("_superusers", { name: "admins" }), 400, { name: "validation_collection_system_name_change" });
    const posts = await pb.collections.getOne("posts");
    await refused(
      pb.collections.update("posts", { fields: posts.fields.map((each) => (each.name === "tags" ? { ...each, collectionId: ids.users } : each)) }),
      400,
      { "fields.13.collectionId": "validation_field_relation_change" },
    );
    await refused(pb.collections.update("posts", { fields: without(posts.fields, "published") }), 400, {
      listRule: "validation_invalid_rule",
      viewRule: "validation_invalid_rule",
    });
    assert.deepEqual((await pb.collections.getOne("posts")).fields, posts.fields);
  });

  test("a unique index over duplicates is refused and changes nothing", async () => {
    await pb.collections.create({ name: "dups", type: "base", fields: [field.text("a")] });
    await pb.collection("dups").create({ a: "same" });
    await pb.collection("dups").create({ a: "same" });
    await refused(pb.collections.update("dups", { indexes: ["CREATE UNIQUE INDEX idx_dups ON dups (a)"] }), 400, {
      "indexes.0": "validation_invalid_index_expression",
    });
    assert.deepEqual((await pb.collections.getOne("dups")).indexes, []);
    await pb.collections.delete("dups");
  });
});

describe("truncate and delete", () => {
  test("truncate empties the collection and those that cascade from it", async () => {
    const blog = await seedBlog(pb);
    await refused(pb.collections.truncate("categories"), 400);
    assert.equal((await pb.collection("categories").getFullList()).length, 2);
    await pb.collections.truncate("posts");
    assert.equal((await pb.collection("posts").getList()).totalItems, 0);
    assert.equal((await pb.collection("comments").getList()).totalItems, 0);
    assert.equal((await pb.collection("users").getOne(blog.ann.id)).name, "ann");
    assert.ok(await pb.collections.getOne("posts"));
  });

  test("a collection that others relate to cannot be deleted, one that none do can", async () => {
    const answer = await refused(pb.collections.delete("tags"), 400);
    assert.match(answer.message, /posts/);
    await refused(pb.collections.delete("_superusers"), 400);
    await pb.collections.delete("comments");
    await refused(pb.collections.getOne("comments"), 404);
    await refused(pb.collection("comments").getList(), 404);
    await pb.collections.delete("posts");
    await pb.collections.delete("tags");
  });

  test("a collection of the same name starts empty", async () => {
    const define = () => pb.collections.create({ name: "again", type: "base", fields: [field.text("a"), ...timestamps] });
    await define();
    await pb.collection("again").create({ a: "old" });
    await pb.collections.delete("again");
    await define();
    assert.equal((await pb.collection("again").getList()).totalItems, 0);
    await pb.collections.delete("again");
  });
});
