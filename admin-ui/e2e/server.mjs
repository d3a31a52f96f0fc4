// A server of its own for a run: a fresh folder, a free port.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BINARY = process.env.HAVERSACK_BIN ?? new URL("../../target/debug/haversack", import.meta.url).pathname;
const START_MS = 30_000;

/**
 * Starts the program and waits until it listens. `setup` is the link that makes the first superuser; a folder that
 * is `kept` may have one already. `config` is what config.toml says, `env` what is added to the environment.
 */
export async function startServer(kept = "", { config = "", env = {} } = {}) {
  const data = kept || mkdtempSync(join(tmpdir(), "haversack-dashboard-"));
  if (kept) mkdirSync(kept, { recursive: true });
  const known = existsSync(join(data, "data.redb"));
  if (config) writeFileSync(join(data, "config.toml"), config);
  const child = spawn(BINARY, ["serve", "--data", data, "--http", "127.0.0.1:0"], { cwd: data, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (output += part));
  const found = (pattern) => pattern.exec(output)?.[0];
  const end = Date.now() + START_MS;
  const listens = () => found(/http:\S+\/_\/(?=\s)/) && (known || found(/http:\S+#\/setup\/\S+/));
  while (!listens()) {
    if (Date.now() > end || child.exitCode !== null) throw new Error(`the server did not start:\n${output}`);
    await new Promise((resume) => setTimeout(resume, 50));
  }
  return {
    folder: data,
    url: new URL(found(/http:\S+\/_\/(?=\s)/)).origin,
    setup: found(/http:\S+#\/setup\/\S+/),
    stop: async () => {
      const gone = new Promise((resume) => child.once("exit", resume));
      child.kill();
      await gone;
      if (!kept) rmSync(data, { recursive: true, force: true });
    },
  };
}
