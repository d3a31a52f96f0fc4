// Starts the real binary on a fresh data folder and a free port, and ends it with the test file.
//
// The target is Haversack, found through HAVERSACK_BIN or in target/. SDK_TARGET=pocketbase with
// POCKETBASE_BIN runs the same suites against PocketBase, which proves that what they assert is
// true of the API they imitate.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import PocketBase from "pocketbase";

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 5_000;
const LOG_CHARS_MAX = 20_000;
const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

export const isPocketBase = process.env.SDK_TARGET === "pocketbase";
export const root = { email: "root@example.com", password: "correct horse battery" };

/// Starts one server with one superuser. Call it once per test file, at the top, and stop it in `after`.
/// `variables` go into its environment.
export async function startServer(variables = {}) {
  const folder = mkdtempSync(join(tmpdir(), "haversack-sdk-"));
  const target = isPocketBase ? await pocketbase(folder) : haversack(folder);
  const logPath = join(folder, "server.log");
  const readLog = () => readFileSync(logPath, "utf8");

  const upsert = spawnSync(target.binary, [...target.upsert, root.email, root.password], { encoding: "utf8" });
  assert.equal(upsert.status, 0, `superuser upsert failed:\n${upsert.stdout}${upsert.stderr}`);

  let child, ended;
  const start = (address) => {
    const log = openSync(logPath, "w");
    child = spawn(target.binary, target.serve(address), {
      stdio: ["ignore", log, log],
      env: { ...process.env, ...variables },
    });
    closeSync(log);
    ended = new Promise((done) => child.once("exit", done));
  };
  start();

  // The runner gives every test file a process, whose exit code says whether a test failed.
  process.on("exit", (code) => {
    child.kill("SIGKILL");
    if (code !== 0) writeSync(2, `\n--- log of ${target.binary} ---\n${readLog().slice(-LOG_CHARS_MAX)}\n`);
    rmSync(folder, { recursive: true, force: true });
  });

  const url = await untilListening(child, target.url, readLog);
  return {
    url,
    /// A client that holds no token, at another address if one is given.
    guest: (at = url) => client(at),
    /// A client logged in as the superuser.
    async superuser() {
      const pb = client(url);
      await pb.collection("_superusers").authWithPassword(root.email, root.password);
      return pb;
    },
    /// A client logged in as a record of an auth collection.
    async user(email, password, collection = "users") {
      const pb = client(url);
      await pb.collection(collection).authWithPassword(email, password);
      return pb;
    },
    /// Ends the process as a crash does, and starts it again at the same address; `meanwhile` runs
    /// while it is down.
    async crash(meanwhile = async () => {}) {
      child.kill("SIGKILL");
      await ended;
      await meanwhile();
      start(new URL(url).host);
      await untilListening(child, () => url, readLog);
    },
    async stop() {
      child.kill("SIGTERM");
      const clean = await Promise.race([ended.then(() => true), sleep(STOP_MS_MAX, false, { ref: false })]);
      assert.ok(clean, "the server did not end on SIGTERM");
    },
  };
}

function client(url) {
  const pb = new PocketBase(url);
  // Tests send equal requests side by side, which the SDK would otherwise take for repeated clicks.
  return pb.autoCancellation(false);
}

function haversack(folder) {
  const named = process.env.HAVERSACK_BIN;
  const built = ["release", "debug"].map((profile) => join(repository, "target", profile, "haversack"));
  const binary = named ? resolve(named) : built.find(existsSync);
  assert.ok(binary && existsSync(binary), `no binary: run "cargo build" or set HAVERSACK_BIN (looked at ${named ?? built})`);
  const data = ["--data", join(folder, "data")];
  return {
    binary,
    upsert: ["superuser", "upsert", ...data],
    serve: (address = "127.0.0.1:0") => ["serve", "--http", address, ...data],
    url: (log) => log.match(/listening on (http:\/\/127\.0\.0\.1:\d+)/)?.[1],
  };
}

async function pocketbase(folder) {
  const binary = process.env.POCKETBASE_BIN;
  assert.ok(binary, "SDK_TARGET=pocketbase needs POCKETBASE_BIN");
  const data = ["--dir", join(folder, "data")];
  const port = await freePort();
  return {
    binary,
    upsert: ["superuser", "upsert", ...data],
    // It takes a binary below the temporary folder for a development build and logs all its SQL.
    serve: () => ["serve", "--dev=false", "--http", `127.0.0.1:${port}`, ...data],
    url: () => `http://127.0.0.1:${port}`,
  };
}

async function untilListening(child, findUrl, readLog) {
  const deadline = Date.now() + START_MS_MAX;
  while (Date.now() < deadline) {
    assert.equal(child.exitCode, null, `the server ended while starting:\n${readLog()}`);
    const url = findUrl(readLog());
    const health = url && (await fetch(`${url}/api/health`).catch(() => undefined));
    if (health?.ok) return url;
    await sleep(20);
  }
  assert.fail(`the server was not listening after ${START_MS_MAX} ms:\n${readLog()}`);
}

function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer().once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}
