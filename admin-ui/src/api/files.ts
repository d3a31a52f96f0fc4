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

export type FileKind = "image" | "video" | "audio" | "pdf" | "other";

const EXTENSIONS: Record<Exclude<FileKind, "other">, string[]> = {
  image: ["jpg", "jpeg", "png", "gif", "webp", "svg", "avif", "bmp"],
  video: ["mp4", "webm", "mov", "m4v", "ogv"],
  audio: ["mp3", "ogg", "wav", "m4a", "aac", "flac", "opus"],
  pdf: ["pdf"],
};

export function fileKind(name: string): FileKind {
  const extension = name.split(".").pop()?.toLowerCase() ?? "";
  const found = Object.entries(EXTENSIONS).find(([, list]) => list.includes(extension))?.[0];
  return (found as FileKind | undefined) ?? "other";
}
