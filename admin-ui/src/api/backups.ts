import { pb } from "./client";

export interface Backup {
  key: string;
  modified: string;
  size: number;
  /** What it holds, when the server could read it: everything, or what has changed since `base`. */
  kind?: "full" | "incremental";
  base?: string | null;
  /** The state that it holds. */
  at?: string | null;
}

export async function listBackups(): Promise<Backup[]> {
  const list = (await pb.backups.getFullList()) as unknown as Backup[];
  return list.toSorted((a, b) => b.modified.localeCompare(a.modified));
}

/** `incremental` makes one of what has changed since the newest. */
export async function createBackup(name: string, incremental: boolean): Promise<void> {
  await (incremental ? pb.send("/api/backups", { method: "POST", body: { name, incremental } }) : pb.backups.create(name));
}

export async function uploadBackup(file: File, token = ""): Promise<void> {
  await pb.backups.upload({ file }, token ? { headers: { Authorization: token } } : {});
}

export async function deleteBackup(key: string): Promise<void> {
  await pb.backups.delete(key);
}

/** `until` is a moment within the time of an incremental backup, when it is not to be the state at its end. */
export async function restoreBackup(key: string, { token = "", until = "" } = {}): Promise<void> {
  await pb.backups.restore(key, { ...(token && { headers: { Authorization: token } }), ...(until && { body: { until } }) });
}

const POLL_MS = 400;

/**
 * Does `work` once a restore is over. The server says that it is busy until it starts itself anew, which no
 * connection outlives; a token that the old data does not know is not told, and nothing is busy then.
 */
export async function whenRestored(work: () => void): Promise<void> {
  for (;;) {
    await new Promise((resume) => setTimeout(resume, POLL_MS));
    const health = await pb.health.check({ requestKey: null }).catch(() => undefined);
    if (health && health.data["canBackup"] !== false) return work();
  }
}

/** An address for downloading that is good for a short time. */
export async function backupUrl(key: string): Promise<string> {
  return pb.backups.getDownloadURL(await pb.files.getToken(), key);
}
