import { Group, Paper, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import classes from "./guest-frame.module.css";

/** The frame of a page before login: the mark, and one card. */
export function GuestFrame({ title, intro, children }: { title: string; intro?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Haversack`;
  }, [title]);
  return (
    <main className={classes["page"]}>
      <Group gap="xs" justify="center" mb="lg">
        <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width={30} height={30} />
        <Text fw={700} size="lg">
          Haversack
        </Text>
      </Group>
      <Paper withBorder radius="lg" p="xl" className={classes["card"]}>
        <Stack gap="lg">
          <div>
            <Title order={1}>{title}</Title>
            {intro && (
              <Text component="div" size="sm" c="dimmed" mt={4}>
                {intro}
              </Text>
            )}
          </div>
          {children}
        </Stack>
      </Paper>
    </main>
  );
}
