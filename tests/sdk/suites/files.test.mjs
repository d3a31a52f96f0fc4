// Files: uploads in every form the SDK has for them, downloads by URL, tokens.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { refused } from "../harness/expect.mjs";
import { startServer } from "../harness/server.mjs";

const server = await startServer();
after(() => server.stop());
const pb = await server.superuser();
await pb.collections.create({
  name: "docs", type: "base", viewRule: "@request.auth.id != ''",
  fields: [
    { name: "title", type: "text" },
    { name: "meta", type: "json" },
    { name: "cover", type: "file", mimeTypes: ["image/gif"], thumbs: ["2x2"] },
    { name: "files", type: "file", maxSelect: 5 },
    { name: "secret", type: "file", protected: true },
  ],
});
const docs = pb.collection("docs");
const text = (content, name) => new File([content], name, { type: "text/plain" });
const gif = Uint8Array.from(Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64"));
const download = async (record, name, query) => {
  const response = await fetch(pb.files.getURL(record, name, query));
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
};

describe("uploads", () => {
  test("an object with files becomes a form, and nothing of it is lost", async () => {
    const record = await docs.create({
      title: "12", meta: { deep: [1, "two"] }, files: [text("one", "first File.txt"), text("two", "b.txt")],
      cover: new Blob([gif], { type: "image/gif" }),
    });
    assert.equal(record.title, "12");
    assert.deepEqual(record.meta, { deep: [1, "two"] });
    assert.match(record.files[0], /^first_file_[a-z0-9]{10}\.txt$/);
    assert.match(record.files[1], /^b[a-z0-9]{10}_[a-z0-9]{10}\.txt$/);
    assert.match(record.cover, /^blob_[a-z0-9]{10}\.gif$/);
    assert.deepEqual(await download(record, record.files[1]), {
      status: 200, type: "text/plain; charset=utf-8", text: "two",
    });
  });

  test("a FormData is sent as it is", async () => {
    const form = new FormData();
    form.append("title", "form");
    form.append("files", text("one", "one.txt"));
    form.append("files", text("two", "two.txt"));
    const record = await docs.create(form);
    assert.equal(record.files.length, 2);
  });

  test("files are appended, prepended, removed and replaced", async () => {
    const made = await docs.create({ files: [text("b", "bbb.txt")] });
    const appended = await docs.update(made.id, { "files+": text("c", "ccc.txt") });
    assert.equal(appended.files.length, 2);
    const prepended = await docs.update(made.id, { "+files": [text("a", "aaa.txt")] });
    assert.deepEqual(prepended.files.map((name) => name[0]), ["a", "b", "c"]);
    const removed = await docs.update(made.id, { "files-": [made.files[0]] });
    assert.deepEqual(removed.files.map((name) => name[0]), ["a", "c"]);
    const kept = await docs.update(made.id, { files: [removed.files[1], text("d", "ddd.txt")] });
    assert.deepEqual(kept.files.map((name) => name[0]), ["c", "d"]);
    const replaced = await docs.update(made.id, { files: text("e", "eee.txt") });
    assert.deepEqual(replaced.files.map((name) => name[0]), ["e"]);
    const none = await docs.update(made.id, { files: [] });
    assert.deepEqual(none.files, []);
    assert.equal((await download(replaced, replaced.files[0])).status, 404);
  });

  test("what a field does not take is refused with its name", async () => {
    await refused(docs.create({ cover: text("no picture", "a.gif") }), 400, { cover: "validation_invalid_mime_type" });
    await refused(docs.create({ files: ["made_up.txt"] }), 400, { files: "validation_invalid_file" });
  });
});

describe("downloads", () => {
  test("a thumb and a download have URLs of their own", async () => {
    const record = await docs.create({ cover: new File([gif], "dot.gif") });
    const thumb = await fetch(pb.files.getURL(record, record.cover, { thumb: "2x2" }));
    assert.equal(thumb.headers.get("content-disposition"), `inline; filename=2x2_${record.cover}`);
    assert.equal(thumb.headers.get("content-type"), "image/gif");
    const saved = await fetch(pb.files.getURL(record, record.cover, { download: true }));
    assert.equal(saved.headers.get("content-disposition"), `attachment; filename=${record.cover}`);
  });

  test("a protected file needs a token", async () => {
    const record = await docs.create({ secret: text("hush", "secret.txt") });
    assert.equal((await download(record, record.secret)).status, 404);
    const token = await pb.files.getToken();
    assert.equal((await download(record, record.secret, { token })).text, "hush");
  });
});
