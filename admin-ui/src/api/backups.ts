import { pb } from "./client";

export interface Backup {
  key: string;
  modified: string;
  size: number;
}

export async function listBackups(): Promise<Backup[]> {
  const list = (await pb.backups.getFullList()) as unknown as Backup[];
  return list.toSorted((a, b) => b.modified.localeCompare(a.modified));
}

export async function createBackup(name: string): Promise<void> {
  await pb.backups.create(name);
}

export async function uploadBackup(file: File, token = ""): Promise<void> {
  await pb.backups.upload({ file }, token ? { headers: { Authorization: token } } : {});
}

export async function deleteBackup(key: string): Promise<void> {
  await pb.backups.delete(key);
}

export async function restoreBackup(key: string, token = ""): Promise<void> {
  await pb.backups.restore(key, token ? { headers: { Authorization: token } } : {});
}

/** An address for downloading that is good for a short time. */
export async function backupUrl(key: string): Promise<string> {
  return pb.backups.getDownloadURL(await pb.files.getToken(), key);
}
