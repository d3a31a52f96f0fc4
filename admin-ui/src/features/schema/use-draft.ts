import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { loadScaffolds, saveCollection, useCollectionsChanged } from "@/api/collections";
import { errorBelow, type FieldErrors, fieldErrors } from "@/api/failure";
import { type Collection, type CollectionType, type Field, rulesOf } from "@/api/schema";
import { t } from "@/i18n";
import { randomText, sameJson } from "@/lib/text";
import { complain } from "@/ui/toast";

export interface Draft {
  /** As the server has it; null for a new collection. */
  saved: Collection | null;
  now: Collection;
  /** Fields that go when the draft is saved. */
  removed: ReadonlySet<string>;
  dirty: boolean;
  busy: boolean;
  errors: FieldErrors;
  error: (path: string) => string | undefined;
  set: (change: Partial<Collection>) => void;
  setField: (id: string, change: Partial<Field>) => void;
  setRemoved: (id: string, removed: boolean) => void;
  reset: () => void;
  /** What would be stored: the draft without the fields that go. */
  result: () => Collection;
  save: () => Promise<Collection | null>;
}

/** An id for a field that the server has not seen yet. */
export function newFieldId(type: Field["type"]): string {
  return type + randomText(10, "0123456789");
}

const dates = (): Field[] =>
  (["created", "updated"] as const).map((name) => ({ type: "autodate", id: newFieldId("autodate"), name, onCreate: true, onUpdate: name === "updated", hidden: false, presentable: false, system: false }));

/** A new collection starts with the dates that nearly every collection wants. */
function withDates(scaffold: Collection): Collection {
  return scaffold.type === "view" ? scaffold : { ...scaffold, fields: [...scaffold.fields, ...dates()] };
}

/** A new collection with everything of another one but its records; the server adds the indexes that it insists on. */
function copyOf(source: Collection, scaffold: Collection): Collection {
  const name = `${source.name}_copy`;
  const indexes = source.indexes
    .filter((sql) => !/idx_(tokenKey|email)_/.test(sql))
    .map((sql) => sql.replace(/index\s+(if\s+not\s+exists\s+)?\S+\s+on\s+\S+/i, `INDEX \`idx_${randomText(10)}\` ON \`${name}\``));
  const fields = source.fields.map((field) => (field.system ? field : { ...field, id: newFieldId(field.type) }));
  return { ...scaffold, ...source, id: "", created: "", updated: "", name, system: false, fields, indexes };
}

/** The state of a collection that is being changed. Null while a new one's defaults are loaded. */
export function useDraft(saved: Collection | null, newType: CollectionType, like?: Collection): { draft: Draft | null; failure: unknown; retry: () => void } {
  const scaffolds = useQuery({ queryKey: ["scaffolds"], queryFn: loadScaffolds, enabled: saved === null, staleTime: Infinity });
  const scaffold = scaffolds.data?.[newType];
  const [base, setBase] = useState<Collection | null>(saved);
  const [now, setNow] = useState<Collection | null>(saved);
  const [removed, setRemovedIds] = useState<ReadonlySet<string>>(new Set());
  const [errors, setErrors] = useState<FieldErrors>({});
  const [busy, setBusy] = useState(false);
  const changed = useCollectionsChanged();

  useEffect(() => {
    const start = saved ?? (scaffold && (like ? copyOf(like, scaffold) : withDates(scaffold)));
    if (!start) return;
    // A change from elsewhere replaces the draft only while nothing is written in it.
    setNow((before) => (before === null || sameJson(before, base) ? start : before));
    setBase((before) => (before === null || saved ? start : before));
    // oxlint-disable-next-line react/exhaustive-deps -- `base` follows here and must not start this again, nor may a copy change with its source
  }, [saved, scaffold]);

  const start = () => {
    setNow(base);
    setRemovedIds(new Set());
    setErrors({});
  };
  if (!now || !base) return { draft: null, failure: scaffolds.error, retry: () => void scaffolds.refetch() };

  const result = (): Collection => ({ ...now, fields: now.fields.filter((field) => !removed.has(field.id)) });
  const clear = (paths: string[]) =>
    setErrors((before) => Object.fromEntries(Object.entries(before).filter(([key]) => !paths.some((path) => key === path || key.startsWith(`${path}.`)))));
  const draft: Draft = {
    saved,
    now,
    removed,
    errors,
    busy,
    dirty: removed.size > 0 || !sameJson(base, now),
    error: (path) => errorBelow(errors, path),
    set: (change) => {
      setNow((before) => before && { ...before, ...change });
      clear(Object.keys(change));
    },
    setField: (id, change) => {
      setNow((before) => before && { ...before, fields: before.fields.map((field) => (field.id === id ? ({ ...field, ...change } as Field) : field)) });
      clear(["fields"]);
    },
    setRemoved: (id, gone) => {
      const isNew = !saved?.fields.some((field) => field.id === id);
      if (isNew) setNow((before) => before && { ...before, fields: before.fields.filter((field) => field.id !== id) });
      else setRemovedIds((before) => new Set(gone ? [...before, id] : [...before].filter((each) => each !== id)));
    },
    reset: start,
    result,
    save: async () => {
      // A condition that was rubbed out must not open the door to everybody by accident.
      const blank = rulesOf(now).filter((rule) => now[rule] && now[rule].trim() === "");
      if (blank.length > 0) {
        setErrors(Object.fromEntries(blank.map((rule) => [rule, t("Write a condition, or choose Superusers or Everybody.")])));
        return null;
      }
      setBusy(true);
      try {
        const { id: _id, created: _created, updated: _updated, ...body } = result();
        const stored = await saveCollection(saved?.id ?? "", body);
        setBase(stored);
        setNow(stored);
        setRemovedIds(new Set());
        setErrors({});
        await changed();
        return stored;
      } catch (failure) {
        const found = fieldErrors(failure);
        setErrors(found);
        if (Object.keys(found).length === 0) complain(failure);
        return null;
      } finally {
        setBusy(false);
      }
    },
  };
  return { draft, failure: null, retry: () => undefined };
}
