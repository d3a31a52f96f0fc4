import { useEffect, useRef } from "react";
import { fetchFiles } from "@/api/files";
import type { Row } from "@/api/records";
import { type Collection, isMultiple } from "@/api/schema";
import { attempt } from "@/ui/toast";

/** Brings the files of a record into the form for its copy. */
export function useCopiedFiles(collection: Collection, source: Row | null, set: (name: string, value: unknown) => void): void {
  const latest = useRef(set);
  useEffect(() => {
    latest.current = set;
  });
  useEffect(() => {
    if (!source) return;
    void attempt(async () => {
      for (const field of collection.fields) {
        if (field.type !== "file") continue;
        const names = [source[field.name] ?? []].flat().map(String).filter(Boolean);
        if (names.length === 0) continue;
        const files = await fetchFiles(source, names, field.protected);
        latest.current(field.name, isMultiple(field) ? files : files[0]);
      }
    });
  }, [collection, source]);
}
