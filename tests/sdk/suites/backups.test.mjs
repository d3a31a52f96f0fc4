// Backups through the SDK: made, listed, sent over, downloaded, restored.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isPocketBase, startServer } from "../harness/server.mjs";

const server = await startServer();
const pb = await server.superuser();
after(() => server.stop());

const keys = async () => (await pb.backups.getFullList()).map((backup) => backup.key).sort();

test("backups are made, listed, downloaded, sent back and deleted", async () => {
  assert.ok(await pb.backups.create("one.zip"));
  const [backup] = await pb.backups.getFullList();
  assert.equal(backup.key, "one.zip");
  assert.ok(backup.size > 0 && !Number.isNaN(Date.parse(backup.modified)));
  const url = pb.backups.getDownloadURL(await pb.files.getToken(), "one.zip");
  const answer = await fetch(url);
  assert.equal(answer.status, 200);
  const bytes = await answer.blob();
  assert.equal(bytes.size, backup.size);
  const form = new FormData();
  form.append("file", bytes, "two.zip");
  await pb.backups.upload(form);
  assert.deepEqual(await keys(), ["one.zip", "two.zip"]);
  await pb.backups.delete("one.zip");
  assert.deepEqual(await keys(), ["two.zip"]);
  await assert.rejects(pb.backups.create("Bad Name"), (error) => {
    assert.equal(error.status, 400);
    assert.equal(error.response.data.name.code, "validation_match_invalid");
    return true;
  });
});

// The original starts itself again as well, but under another supervision than this harness has.
test("a restored backup brings back what was there", { skip: isPocketBase }, async () => {
  await pb.backups.create("before.zip");
  await pb.collections.create({ name: "later", type: "base" });
  await pb.backups.restore("before.zip");
  const isGone = async () => {
    try {
      await pb.collections.getOne("later");
    } catch (error) {
      return error.status === 404;
    }
    return false;
  };
  for (let waited = 0; !(await isGone()); waited += 100) {
    assert.ok(waited < 20_000, "the server is not back");
    await sleep(100);
  }
  assert.ok((await keys()).includes("before.zip"));
});
