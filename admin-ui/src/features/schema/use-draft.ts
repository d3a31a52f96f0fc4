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

interface Held {
  /** Whose state it is: the collection's id. */
  owner: string | undefined;
  base: Collection | null;
  now: Collection | null;
  removed: ReadonlySet<string>;
  errors: FieldErrors;
}

const NONE: ReadonlySet<string> = new Set();

/** The state of a collection that is being changed. Null while a new one's defaults are loaded. */
export function useDraft(saved: Collection | null, newType: CollectionType, like?: Collection): { draft: Draft | null; failure: unknown; retry: () => void } {
  const scaffolds = useQuery({ queryKey: ["scaffolds"], queryFn: loadScaffolds, enabled: saved === null, staleTime: Infinity });
  const scaffold = scaffolds.data?.[newType];
  // Another collection begins afresh: whoever left changes behind was asked before.
  const owner = saved?.id;
  const fresh = (): Held => ({ owner, base: saved, now: saved, removed: NONE, errors: {} });
  const [held, setHeld] = useState(fresh);
  const { base, now, removed, errors } = held.owner === owner ? held : fresh();
  const change = (make: (before: Held) => Partial<Held>) =>
    setHeld((before) => {
      const mine = before.owner === owner ? before : fresh();
      return { ...mine, ...make(mine) };
    });
  const [busy, setBusy] = useState(false);
  const changed = useCollectionsChanged();

  useEffect(() => {
    const start = saved ?? (scaffold && (like ? copyOf(like, scaffold) : withDates(scaffold)));
    if (!start) return;
    // A change from elsewhere replaces the draft only while nothing is written in it.
    change(({ now, base }) => ({ now: now === null || sameJson(now, base) ? start : now, base: base === null || saved ? start : base }));
    // oxlint-disable-next-line react/exhaustive-deps -- only what comes from the server starts this, and a copy may not change with its source
  }, [saved, scaffold]);

  const start = () => change(({ base }) => ({ now: base, removed: NONE, errors: {} }));
  if (!now || !base) return { draft: null, failure: scaffolds.error, retry: () => void scaffolds.refetch() };

  const result = (): Collection => ({ ...now, fields: now.fields.filter((field) => !removed.has(field.id)) });
  const clear = (paths: string[]) =>
    change(({ errors }) => ({ errors: Object.fromEntries(Object.entries(errors).filter(([key]) => !paths.some((path) => key === path || key.startsWith(`${path}.`)))) }));
  const draft: Draft = {
    saved,
    now,
    removed,
    errors,
    busy,
    dirty: removed.size > 0 || !sameJson(base, now),
    error: (path) => errorBelow(errors, path),
    set: (values) => {
      change(({ now }) => ({ now: now && { ...now, ...values } }));
      clear(Object.keys(values));
    },
    setField: (id, values) => {
      change(({ now }) => ({ now: now && { ...now, fields: now.fields.map((field) => (field.id === id ? ({ ...field, ...values } as Field) : field)) } }));
      clear(["fields"]);
    },
    setRemoved: (id, gone) => {
      const isNew = !saved?.fields.some((field) => field.id === id);
      if (isNew) change(({ now }) => ({ now: now && { ...now, fields: now.fields.filter((field) => field.id !== id) } }));
      else change(({ removed }) => ({ removed: new Set(gone ? [...removed, id] : [...removed].filter((each) => each !== id)) }));
    },
    reset: start,
    result,
    save: async () => {
      // A condition that was rubbed out must not open the door to everybody by accident.
      const blank = rulesOf(now).filter((rule) => now[rule] && now[rule].trim() === "");
      if (blank.length > 0) {
        change(() => ({ errors: Object.fromEntries(blank.map((rule) => [rule, t("Write a condition, or choose Superusers or Everybody.")])) }));
        return null;
      }
      setBusy(true);
      try {
        const { id: _id, created: _created, updated: _updated, ...body } = result();
        const stored = await saveCollection(saved?.id ?? "", body);
        change(() => ({ base: stored, now: stored, removed: NONE, errors: {} }));
        await changed();
        return stored;
      } catch (failure) {
        const found = fieldErrors(failure);
        change(() => ({ errors: found }));
        if (Object.keys(found).length === 0) complain(failure);
        return null;
      } finally {
        setBusy(false);
      }
    },
  };
  return { draft, failure: null, retry: () => undefined };
}
