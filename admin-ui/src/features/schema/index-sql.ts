/** The parts of an index, as far as the form can show them. */
export interface IndexParts {
  unique: boolean;
  name: string;
  columns: string[];
  where: string;
}

const SHAPE = /^\s*create\s+(unique\s+)?index\s+(?:if\s+not\s+exists\s+)?(\S+)\s+on\s+\S+\s*\(([\s\S]*?)\)\s*(?:where\s+([\s\S]+))?$/i;
const bare = (text: string) => text.trim().replace(/^[`"'[]|[`"'\]]$/g, "");

/** Reads the SQL of an index; null when it is more than columns and a condition. */
export function readIndex(sql: string): IndexParts | null {
  const match = SHAPE.exec(sql);
  if (!match) return null;
  const [, unique, name = "", columns = "", where = ""] = match;
  const list = columns.split(",").map((column) => column.trim());
  const simple = list.every((column) => /^[`"[]?\w+[`"\]]?$/.test(column));
  return simple ? { unique: Boolean(unique), name: bare(name), columns: list.map(bare), where: where.trim() } : null;
}

export function writeIndex({ unique, name, columns, where }: IndexParts, table: string): string {
  const list = columns.map((column) => `\`${column}\``).join(", ");
  return `CREATE ${unique ? "UNIQUE " : ""}INDEX \`${name}\` ON \`${table}\` (${list})${where ? ` WHERE ${where}` : ""}`;
}

export function indexTitle(sql: string): string {
  const parts = readIndex(sql);
  return parts ? parts.columns.join(", ") : sql.replace(/\s+/g, " ").slice(0, 60);
}

export function isUnique(sql: string): boolean {
  return /^\s*create\s+unique/i.test(sql);
}
