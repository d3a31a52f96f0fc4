import { useQuery } from "@tanstack/react-query";
import { pb } from "./client";
import type { Row } from "./records";

/** A short-lived key for protected files, renewed before it ends. */
export function useFileToken(needed: boolean): string {
  const { data } = useQuery({
    queryKey: ["file-token"],
    queryFn: () => pb.files.getToken(),
    enabled: needed,
    staleTime: 100_000,
    refetchInterval: 100_000,
  });
  return data ?? "";
}

export function fileUrl(record: Pick<Row, "id" | "collectionId" | "collectionName">, name: string, options: { thumb?: string; token?: string; download?: boolean } = {}): string {
  const { thumb, token, download } = options;
  return pb.files.getURL(record, name, { ...(thumb && { thumb }), ...(token && { token }), ...(download && { download }) });
}

export type FileKind = "image" | "video" | "audio" | "text" | "pdf" | "other";

const EXTENSIONS: Record<Exclude<FileKind, "other">, string[]> = {
  image: ["jpg", "jpeg", "png", "gif", "webp", "svg", "avif", "bmp"],
  video: ["mp4", "webm", "mov", "m4v", "ogv"],
  audio: ["mp3", "ogg", "wav", "m4a", "aac", "flac", "opus"],
  text: ["txt", "md", "json", "csv", "tsv", "xml", "yaml", "yml", "toml", "log", "ini"],
  pdf: ["pdf"],
};

export function fileKind(name: string): FileKind {
  const extension = name.split(".").pop()?.toLowerCase() ?? "";
  const found = Object.entries(EXTENSIONS).find(([, list]) => list.includes(extension))?.[0];
  return (found as FileKind | undefined) ?? "other";
}

/** The beginning of a stored text. */
export async function loadText(url: string, length: number, signal: AbortSignal): Promise<string> {
  const answer = await fetch(url, { signal, headers: { Range: `bytes=0-${length - 1}` } });
  if (!answer.ok) throw new Error(answer.statusText || String(answer.status));
  return answer.text();
}

/** A stored PDF; null when it is larger than `limit` bytes. Whatever is in it, it is never anything but a PDF to the browser. */
export async function loadPdf(url: string, limit: number, signal: AbortSignal): Promise<Blob | null> {
  const answer = await fetch(url, { signal });
  if (!answer.ok) throw new Error(answer.statusText || String(answer.status));
  if (Number(answer.headers.get("Content-Length")) > limit) {
    await answer.body?.cancel();
    return null;
  }
  return new Blob([await answer.arrayBuffer()], { type: "application/pdf" });
}

/** Stored files as files of this computer, to store them again elsewhere, without what the server had put into their names. */
export async function fetchFiles(record: Row, names: string[], isProtected: boolean): Promise<File[]> {
  const token = isProtected ? await pb.files.getToken() : "";
  return Promise.all(
    names.map(async (name) => {
      const answer = await fetch(fileUrl(record, name, { token }));
      if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
      return new File([await answer.blob()], name.replace(/_\w{10}(?=\.|$)/, ""), { type: answer.headers.get("Content-Type") ?? "" });
    }),
  );
}
