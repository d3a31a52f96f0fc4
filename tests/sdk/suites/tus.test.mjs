// Uploads in pieces with the tus client, which knows nothing of Haversack.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import * as tus from "tus-js-client";
import { isPocketBase, startServer } from "../harness/server.mjs";

const server = await startServer();
after(() => server.stop());
const pb = await server.superuser();
await pb.collections.create({
  name: "docs", type: "base", viewRule: "", createRule: "", updateRule: "",
  fields: [
    { name: "title", type: "text" },
    { name: "video", type: "file", maxSize: 10_000_000 },
  ],
});
const content = Buffer.alloc(3_000_000, "a line of some length, again and again\n");

/// An upload for the field `video`, with what is to be known of its progress.
function upload(options) {
  const settings = {
    endpoint: `${server.url}/api/files/uploads`,
    headers: { Authorization: pb.authStore.token },
    metadata: { collection: "docs", field: "video", filename: "holiday.mp4" },
    chunkSize: 500_000,
    retryDelays: null,
    ...options,
  };
  return new Promise((onSuccess, onError) => {
    const it = new tus.Upload(content, { ...settings, onError, onSuccess: () => onSuccess(it) });
    options?.prepare?.(it);
    it.start();
  });
}

const idOf = (it) => it.url.split("/").pop();
const download = async (record) => Buffer.from(await (await fetch(pb.files.getURL(record, record.video))).arrayBuffer());

describe("uploads in pieces", { skip: isPocketBase && "PocketBase has none" }, () => {
  test("an upload goes on after a crash of the server and becomes the file of a record", async () => {
    // The client stops after some pieces, as if its page was closed.
    const url = await new Promise((done, fail) => {
      const it = new tus.Upload(content, {
        endpoint: `${server.url}/api/files/uploads`,
        headers: { Authorization: pb.authStore.token },
        metadata: { collection: "docs", field: "video", filename: "holiday.mp4" },
        chunkSize: 500_000,
        retryDelays: null,
        onError: fail,
        onChunkComplete: (_size, accepted) => {
          if (accepted >= 1_000_000) it.abort().then(() => done(it.url), fail);
        },
      });
      it.start();
    });
    await server.crash();
    let resumedAt;
    const it = await upload({
      uploadUrl: url,
      onProgress: (sent) => { resumedAt ??= sent; },
    });
    assert.ok(resumedAt >= 1_000_000, `resumed at ${resumedAt}`);
    const record = await pb.collection("docs").create({ title: "x", video: `upload:${idOf(it)}` });
    assert.match(record.video, /^holiday_[a-z0-9]{10}\.mp4$/);
    assert.ok((await download(record)).equals(content));
  });

  test("the content may come with the creation", async () => {
    const it = await upload({ uploadDataDuringCreation: true });
    const record = await pb.collection("docs").create({ video: `upload:${idOf(it)}` });
    assert.ok((await download(record)).equals(content));
  });

  test("an upload can be given up", async () => {
    const it = await upload();
    await tus.Upload.terminate(it.url, { headers: { Authorization: pb.authStore.token } });
    await assert.rejects(pb.collection("docs").create({ video: `upload:${idOf(it)}` }), (error) => {
      assert.equal(error.response.data.video.code, "validation_invalid_upload");
      return true;
    });
  });

  test("what a field does not take is refused at once", async () => {
    await assert.rejects(upload({ uploadSize: 10_000_001 }), /response code: 413/);
  });
});
