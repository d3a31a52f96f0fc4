// Relations: expand in every direction, and what a delete does to those that point at the record.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createBlog, field, seedBlog, timestamps } from "../harness/blog.mjs";
import { refused } from "../harness/expect.mjs";
import { startServer } from "../harness/server.mjs";

const server = await startServer();
after(() => server.stop());
const pb = await server.superuser();
const ids = await createBlog(pb);
const blog = await seedBlog(pb);
const posts = pb.collection("posts");
const comments = pb.collection("comments");

describe("expand", () => {
  test("a single relation is the whole record", async () => {
    const { expand } = await posts.getOne(blog.alpha.id, { expand: "author" });
    assert.deepEqual(expand, { author: await pb.collection("users").getOne(blog.ann.id) });
  });

  test("several relations are a list in stored order", async () => {
    const { expand } = await posts.getOne(blog.epsilon.id, { expand: "tags" });
    assert.deepEqual(expand.tags.map((tag) => tag.name), ["js", "go", "rust"]);
  });

  test("a path goes from record to record", async () => {
    const comment = await comments.getOne(blog.nice.id, { expand: "post.author,post.tags,author" });
    assert.equal(comment.expand.post.title, "Alpha");
    assert.equal(comment.expand.post.expand.author.name, "ann");
    assert.deepEqual(comment.expand.post.expand.tags.map((tag) => tag.name), ["go", "rust"]);
    assert.equal(comment.expand.author.name, "bob");
  });

  test("a back-relation lists who points here, and goes on from there", async () => {
    const post = await posts.getOne(blog.alpha.id, { expand: "comments_via_post.author" });
    assert.deepEqual(
      post.expand.comments_via_post.map((comment) => [comment.text, comment.expand.author.name]),
      [["Nice post", "bob"], ["thanks", "ann"]],
    );
    const ann = await pb.collection("users").getOne(blog.ann.id, { expand: "posts_via_author" });
    assert.deepEqual(ann.expand.posts_via_author.map((each) => each.title), ["Alpha", "Gamma 100%"]);
    const tag = await pb.collection("tags").getOne(blog.js.id, { expand: "posts_via_tags.comments_via_post" });
    assert.equal(tag.expand.posts_via_tags[0].expand.comments_via_post[0].text, "spam");
  });

  test("a back-relation through a unique field is one record", async () => {
    await pb.collections.create({
      name: "profiles", type: "base", viewRule: "",
      fields: [field.relation("user", { collectionId: ids.users, maxSelect: 1 }), field.text("bio")],
      indexes: ["CREATE UNIQUE INDEX idx_profiles_user ON profiles (user)"],
    });
    await pb.collection("profiles").create({ user: blog.ann.id, bio: "writes" });
    const ann = await pb.collection("users").getOne(blog.ann.id, { expand: "profiles_via_user" });
    assert.equal(ann.expand.profiles_via_user.bio, "writes");
  });

  test("nothing to show is an empty expand, and a path that does not exist is left out", async () => {
    assert.deepEqual((await posts.getOne(blog.delta.id, { expand: "author" })).expand, {});
    assert.equal("expand" in (await posts.getOne(blog.alpha.id)), false);
    assert.deepEqual(Object.keys((await posts.getOne(blog.alpha.id, { expand: "title,nothing,author.nothing,category" })).expand), ["category"]);
  });

  test("a list is expanded record by record", async () => {
    const list = await posts.getFullList({ expand: "author,comments_via_post", sort: "@rowid" });
    assert.deepEqual(list.map((post) => post.expand?.author?.name), ["ann", "bob", "ann", undefined, "bob"]);
    assert.deepEqual(list.map((post) => post.expand?.comments_via_post?.length), [2, 1, undefined, undefined, 1]);
  });

  test("create and update answer the expanded record", async () => {
    const made = await posts.create({ title: "x", category: blog.news.id, author: blog.bob.id }, { expand: "author" });
    assert.equal(made.expand.author.name, "bob");
    const changed = await posts.update(made.id, { author: blog.ann.id }, { expand: "author,category" });
    assert.deepEqual([changed.expand.author.name, changed.expand.category.name], ["ann", "news"]);
    await posts.delete(made.id);
  });

  test("a view rule hides what it hides in expand too", async () => {
    const guest = server.guest();
    const post = await guest.collection("posts").getOne(blog.alpha.id, { expand: "author,tags,comments_via_post.author" });
    assert.equal("author" in post.expand, false, "users are for users");
    assert.deepEqual(post.expand.tags.map((tag) => tag.name), ["go", "rust"]);
    const comment = await guest.collection("comments").getOne(blog.draft.id, { expand: "post" });
    assert.equal(comment.expand?.post, undefined, "the post is a draft");
  });
});

describe("delete", () => {
  test("a record that a required relation needs stays", async () => {
    const answer = await refused(pb.collection("categories").delete(blog.essays.id), 400);
    assert.match(answer.message, /required relation/);
    assert.equal((await pb.collection("categories").getOne(blog.essays.id)).name, "essays");
  });

  test("an optional relation is emptied, a list loses one, and updated moves", async () => {
    await pb.collection("tags").delete(blog.go.id);
    assert.deepEqual((await posts.getOne(blog.alpha.id)).tags, [blog.rust.id]);
    assert.deepEqual((await posts.getOne(blog.delta.id)).tags, []);
    assert.deepEqual((await posts.getOne(blog.epsilon.id)).tags, [blog.js.id, blog.rust.id]);
    await pb.collection("users").delete(blog.bob.id);
    assert.equal((await posts.getOne(blog.beta.id)).author, "");
    assert.equal((await comments.getOne(blog.nice.id)).author, "");
    assert.ok((await posts.getOne(blog.beta.id)).updated > blog.beta.updated);
  });

  test("a cascade takes the comments of a post with it, and no others", async () => {
    await posts.delete(blog.alpha.id);
    await refused(comments.getOne(blog.nice.id), 404);
    await refused(comments.getOne(blog.thanks.id), 404);
    assert.deepEqual((await comments.getFullList()).map((comment) => comment.text), ["Nice draft", "spam"]);
  });

  test("a cascade goes down several steps, and a required relation below stops all of it", async () => {
    const create = (name, parent, options) =>
      pb.collections.create({ name, type: "base", fields: [field.relation("up", { collectionId: parent, maxSelect: 1, required: true, ...options }), ...timestamps] });
    const top = await pb.collections.create({ name: "tops", type: "base", fields: [field.text("name")] });
    const middle = await create("middles", top.id, { cascadeDelete: true });
    const bottom = await create("bottoms", middle.id, { cascadeDelete: true });
    await create("anchors", bottom.id, { cascadeDelete: false });

    const chain = async () => {
      const a = await pb.collection("tops").create({ name: "a" });
      const b = await pb.collection("middles").create({ up: a.id });
      return [a, b, await pb.collection("bottoms").create({ up: b.id })];
    };
    const [free] = await chain();
    const [held, , leaf] = await chain();
    const anchor = await pb.collection("anchors").create({ up: leaf.id });

    await pb.collection("tops").delete(free.id);
    assert.equal((await pb.collection("bottoms").getList()).totalItems, 1);

    await refused(pb.collection("tops").delete(held.id), 400);
    assert.deepEqual([(await pb.collection("tops").getList()).totalItems, (await pb.collection("middles").getList()).totalItems], [1, 1]);

    await pb.collection("anchors").delete(anchor.id);
    await pb.collection("tops").delete(held.id);
    assert.equal((await pb.collection("bottoms").getList()).totalItems, 0);
  });

  test("a cascade over a list waits for the last of it", async () => {
    const albums = await pb.collections.create({ name: "albums", type: "base", fields: [field.text("name")] });
    await pb.collections.create({
      name: "songs", type: "base",
      fields: [field.relation("albums", { collectionId: albums.id, maxSelect: 5, cascadeDelete: true })],
    });
    const first = await pb.collection("albums").create({ name: "first" });
    const second = await pb.collection("albums").create({ name: "second" });
    const song = await pb.collection("songs").create({ albums: [first.id, second.id] });
    await pb.collection("albums").delete(first.id);
    assert.deepEqual((await pb.collection("songs").getOne(song.id)).albums, [second.id]);
    await pb.collection("albums").delete(second.id);
    await refused(pb.collection("songs").getOne(song.id), 404);
  });

  test("a record may point at itself and still go", async () => {
    const made = await pb.collections.create({ name: "nodes", type: "base", fields: [field.text("name")] });
    await pb.collections.update("nodes", {
      fields: [...made.fields, field.relation("next", { collectionId: made.id, maxSelect: 1, required: false, cascadeDelete: true })],
    });
    const nodes = pb.collection("nodes");
    const one = await nodes.create({ name: "one" });
    const two = await nodes.create({ name: "two", next: one.id });
    await nodes.update(one.id, { next: two.id });
    await nodes.delete(one.id);
    assert.equal((await nodes.getList()).totalItems, 0, "a ring goes as a whole");
  });
});
