import { useState } from "react";
import { errorBelow, type FieldErrors, fieldErrors } from "@/api/failure";
import { sameJson } from "@/lib/text";
import { complain } from "./toast";

export interface Form<T> {
  values: T;
  errors: FieldErrors;
  busy: boolean;
  dirty: boolean;
  /** Sets one value; the complaint about it goes. */
  set: <K extends keyof T & string>(name: K, value: T[K]) => void;
  error: (path: string) => string | undefined;
  reset: (values: T) => void;
  /** Runs the work; the server's complaints land beside the inputs, the rest in a toast. */
  submit: (work: (values: T) => Promise<unknown>) => Promise<boolean>;
}

export function useForm<T extends object>(initial: T): Form<T> {
  const [base, setBase] = useState(initial);
  const [values, setValues] = useState(initial);
  const [errors, setErrors] = useState<FieldErrors>({});
  const [busy, setBusy] = useState(false);
  return {
    values,
    errors,
    busy,
    dirty: !sameJson(base, values),
    set: (name, value) => {
      setValues((before) => ({ ...before, [name]: value }));
      setErrors((before) => Object.fromEntries(Object.entries(before).filter(([path]) => path !== name && !path.startsWith(`${name}.`))));
    },
    error: (path) => errorBelow(errors, path),
    reset: (next) => {
      setBase(next);
      setValues(next);
      setErrors({});
    },
    submit: async (work) => {
      setBusy(true);
      try {
        await work(values);
        setErrors({});
        return true;
      } catch (failure) {
        const found = fieldErrors(failure);
        setErrors(found);
        if (Object.keys(found).length === 0) complain(failure);
        return false;
      } finally {
        setBusy(false);
      }
    },
  };
}
