import { useEffect, useMemo, useState } from "react";
import { failureKind, type FieldErrors, fieldErrors } from "@/api/failure";
import { createRecord, type Row, updateRecord, type Versioned } from "@/api/records";
import type { Collection } from "@/api/schema";
import { recall, remember } from "@/lib/storage";
import { complain } from "@/ui/toast";
import { bodyOf, changedNames, copiedValues, startValues, type Values, withoutFiles } from "./values";

export interface RecordForm {
  values: Values;
  set: (name: string, value: unknown) => void;
  errors: FieldErrors;
  changed: string[];
  busy: boolean;
  /** The record as the server has it, or null for a new one. */
  record: Row | null;
  /** What was written here before and never saved. */
  draft: Values | null;
  restoreDraft: () => void;
  dropDraft: () => void;
  reset: () => void;
  /** Saves; null when it did not work. `overwrite` does not mind what others have changed. */
  save: (overwrite?: boolean) => Promise<Row | null>;
  /** Others have changed the record since it was opened. */
  conflict: boolean;
  dismissConflict: () => void;
}

/** The state of a record's form. `source` is the record, or the one to copy when `isCopy`. */
export function useRecordForm(collection: Collection, source: Versioned | null, isCopy: boolean): RecordForm {
  const [loaded, setLoaded] = useState<Versioned | null>(isCopy ? null : source);
  const record = loaded?.record ?? null;
  const base = useMemo(() => startValues(collection, record), [collection, record]);
  const [values, setValues] = useState<Values>(() => (isCopy && source ? copiedValues(collection, source.record) : base));
  const [errors, setErrors] = useState<FieldErrors>({});
  const [busy, setBusy] = useState(false);
  const [conflict, setConflict] = useState(false);
  const draftKey = `draft.${collection.id}.${record?.id ?? "new"}`;
  const [draft, setDraft] = useState<Values | null>(() => (isCopy ? null : recall<Values | null>(draftKey, null)));
  const changed = changedNames(base, values);

  useEffect(() => {
    if (changed.length === 0) return;
    const timer = setTimeout(() => remember(draftKey, withoutFiles(Object.fromEntries(changed.map((name) => [name, values[name]])))), 600);
    return () => clearTimeout(timer);
  });

  const forget = () => {
    remember(draftKey, undefined);
    setDraft(null);
  };
  return {
    values,
    errors,
    changed,
    busy,
    record,
    draft: changed.length === 0 && draft && Object.keys(draft).length > 0 ? draft : null,
    conflict,
    dismissConflict: () => setConflict(false),
    set: (name, value) => {
      setValues((before) => ({ ...before, [name]: value }));
      setErrors(({ [name]: _gone, ...rest }) => rest);
    },
    restoreDraft: () => setValues((before) => ({ ...before, ...draft })),
    dropDraft: forget,
    reset: () => {
      setValues(base);
      setErrors({});
      forget();
    },
    save: async (overwrite = false) => {
      setBusy(true);
      try {
        const body = bodyOf(collection, base, values);
        const saved = loaded
          ? await updateRecord(collection.name, loaded.record.id, body, overwrite ? "" : loaded.etag)
          : await createRecord(collection.name, body);
        forget();
        setErrors({});
        setConflict(false);
        setLoaded(saved);
        setValues(startValues(collection, saved.record));
        return saved.record;
      } catch (failure) {
        if (failureKind(failure) === "conflict") setConflict(true);
        else {
          const found = fieldErrors(failure);
          setErrors(found);
          if (!Object.keys(found).some((name) => name in values)) complain(failure);
        }
        return null;
      } finally {
        setBusy(false);
      }
    },
  };
}
