import { Button, ScrollArea, Table, Text, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import type { SqlAnswer } from "@/api/sql";
import { t } from "@/i18n";
import { IconArrowDown, IconArrowUp } from "@/ui/icons";

const FIRST_ROWS = 250;

/** Numbers by size, everything else as text; nothing comes first. */
function inOrder(a: string | null, b: string | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  const [x, y] = [Number(a), Number(b)];
  return a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y) ? x - y : a.localeCompare(b);
}

export function SqlTable({ answer }: { answer: SqlAnswer }) {
  const [sort, setSort] = useState<{ column: number; down: boolean } | null>(null);
  const [all, setAll] = useState(false);
  const rows = sort ? answer.rows.toSorted((a, b) => inOrder(a[sort.column] ?? null, b[sort.column] ?? null) * (sort.down ? -1 : 1)) : answer.rows;
  const shown = all ? rows : rows.slice(0, FIRST_ROWS);
  return (
    <>
      <ScrollArea>
        <Table withTableBorder striped highlightOnHover style={{ fontSize: "0.82rem" }}>
          <Table.Thead>
            <Table.Tr>
              {answer.columns.map((column, at) => {
                const active = sort?.column === at;
                return (
                  <Table.Th key={at} aria-sort={active ? (sort.down ? "descending" : "ascending") : "none"}>
                    <UnstyledButton fz="sm" fw={600} onClick={() => setSort({ column: at, down: active ? !sort.down : false })}>
                      {column.name} {active && (sort.down ? <IconArrowDown size={12} /> : <IconArrowUp size={12} />)}
                    </UnstyledButton>
                  </Table.Th>
                );
              })}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((row, at) => (
              <Table.Tr key={at}>
                {row.map((value, column) => (
                  <Table.Td key={column} maw={360} className="hs-clip" title={value ?? ""}>
                    {value ?? <Text span size="xs" c="dimmed">null</Text>}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
      {!all && rows.length > FIRST_ROWS && <Button variant="subtle" onClick={() => setAll(true)}>{t("Show all {count}", { count: rows.length })}</Button>}
    </>
  );
}
