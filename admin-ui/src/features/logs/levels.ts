/** Levels as the server counts them. */
export const LEVELS = [
  { value: -4, name: "DEBUG", color: "gray" },
  { value: 0, name: "INFO", color: "moss" },
  { value: 4, name: "WARN", color: "yellow" },
  { value: 8, name: "ERROR", color: "red" },
] as const;

export function levelOf(value: number): (typeof LEVELS)[number] {
  return LEVELS.findLast((level) => value >= level.value) ?? LEVELS[0];
}
