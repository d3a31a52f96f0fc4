import { Alert, Button, Stack } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { explainFailure, type FieldErrors, fieldErrors } from "@/api/failure";

interface Props {
  action: string;
  /** Does the work; what it throws is shown beside the inputs it names, or above them all. */
  submit: (values: Record<string, string>) => Promise<void>;
  children: (errors: FieldErrors) => ReactNode;
  names: string[];
}

/** A small form of plain inputs, read when it is sent. */
export function SubmitForm({ action, submit, children, names }: Props) {
  const [errors, setErrors] = useState<FieldErrors>({});
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);
  return (
    <form
      onInput={() => setErrors({})}
      onSubmit={async (event) => {
        event.preventDefault();
        const data = new FormData(event.currentTarget);
        setBusy(true);
        setMessage("");
        try {
          await submit(Object.fromEntries(Array.from(data, ([name, value]) => [name, String(value)])));
        } catch (failure) {
          const found = fieldErrors(failure);
          setErrors(found);
          setMessage(names.some((name) => found[name]) ? "" : explainFailure(failure));
        } finally {
          setBusy(false);
        }
      }}
    >
      <Stack>
        {message && (
          <Alert color="red" role="alert" p="xs">
            {message}
          </Alert>
        )}
        {children(errors)}
        <Button type="submit" loading={busy} fullWidth>
          {action}
        </Button>
      </Stack>
    </form>
  );
}
