// A server of its own for a run: a fresh folder, a free port.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BINARY = process.env.HAVERSACK_BIN ?? new URL("../../target/debug/haversack", import.meta.url).pathname;
const START_MS = 30_000;

/** Starts the program and waits until it listens. `setup` is the link that makes the first superuser. */
export async function startServer() {
  const data = mkdtempSync(join(tmpdir(), "haversack-dashboard-"));
  const child = spawn(BINARY, ["serve", "--data", data, "--http", "127.0.0.1:0"], { cwd: data, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (output += part));
  const found = (pattern) => pattern.exec(output)?.[0];
  const end = Date.now() + START_MS;
  while (!(found(/http:\S+\/_\/(?=\s)/) && found(/http:\S+#\/setup\/\S+/))) {
    if (Date.now() > end || child.exitCode !== null) throw new Error(`the server did not start:\n${output}`);
    await new Promise((resume) => setTimeout(resume, 50));
  }
  return {
    url: new URL(found(/http:\S+\/_\/(?=\s)/)).origin,
    setup: found(/http:\S+#\/setup\/\S+/),
    stop: async () => {
      const gone = new Promise((resume) => child.once("exit", resume));
      child.kill();
      await gone;
      rmSync(data, { recursive: true, force: true });
    },
  };
}
