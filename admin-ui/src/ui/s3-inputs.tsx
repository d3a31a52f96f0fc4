import { Alert, Button, Group, PasswordInput, SimpleGrid, Stack, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { explainFailure } from "@/api/failure";
import { type S3Options, testS3 } from "@/api/settings";
import { t } from "@/i18n";

interface Props {
  value: S3Options;
  onChange: (value: S3Options) => void;
  error: (name: string) => string | undefined;
  filesystem: "storage" | "backups";
  /** Whether what is shown is not saved yet, so that a test would try something else. */
  unsaved: boolean;
}

type Trial = "none" | "running" | "works" | { failure: string };

/** Where an S3 store is and how to get in, with a test of the connection. */
export function S3Inputs({ value, onChange, error, filesystem, unsaved }: Props) {
  const [trial, setTrial] = useState<Trial>("none");
  const set = (change: Partial<S3Options>) => onChange({ ...value, ...change });
  const test = async () => {
    setTrial("running");
    try {
      await testS3(filesystem);
      setTrial("works");
    } catch (failure) {
      setTrial({ failure: explainFailure(failure) });
    }
  };
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput label={t("Endpoint")} withAsterisk placeholder="https://s3.example.com" value={value.endpoint} onChange={(event) => set({ endpoint: event.currentTarget.value })} error={error("endpoint")} />
        <TextInput label={t("Bucket")} withAsterisk value={value.bucket} onChange={(event) => set({ bucket: event.currentTarget.value })} error={error("bucket")} />
        <TextInput label={t("Region")} withAsterisk value={value.region} onChange={(event) => set({ region: event.currentTarget.value })} error={error("region")} />
        <TextInput label={t("Access key")} withAsterisk autoComplete="off" value={value.accessKey} onChange={(event) => set({ accessKey: event.currentTarget.value })} error={error("accessKey")} />
        <PasswordInput label={t("Secret")} autoComplete="new-password" placeholder={t("Leave empty to keep it")} value={value.secret ?? ""} onChange={(event) => set({ secret: event.currentTarget.value })} error={error("secret")} />
      </SimpleGrid>
      <Switch label={t("The bucket is part of the path, not of the host")} checked={value.forcePathStyle} onChange={(event) => set({ forcePathStyle: event.currentTarget.checked })} />
      <Group gap="sm">
        <Button variant="default" loading={trial === "running"} disabled={unsaved} onClick={() => void test()}>{t("Test the connection")}</Button>
        {unsaved && <span style={{ fontSize: "0.8rem", color: "var(--hs-muted)" }}>{t("Save first; the saved settings are tested.")}</span>}
      </Group>
      {trial === "works" && <Alert p="xs" role="status">{t("The connection works.")}</Alert>}
      {typeof trial === "object" && <Alert p="xs" color="red" role="alert" style={{ whiteSpace: "pre-wrap" }}>{trial.failure}</Alert>}
    </Stack>
  );
}
