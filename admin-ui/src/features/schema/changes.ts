import { type Collection, type Field, isMultiple, rulesOf } from "@/api/schema";
import { t } from "@/i18n";
import { sameJson } from "@/lib/text";

export interface Change {
  text: string;
  /** Data is lost, or somebody may lose or gain access. */
  risky: boolean;
}

const ruleText = (rule: string | null | undefined) => (rule === null || rule === undefined ? t("only superusers") : rule === "" ? t("everybody") : rule);
const OWN = new Set(["id", "name", "fields", "indexes", "created", "updated", "system", "type"]);

/** What saving would change, in words. */
export function changesOf(before: Collection, after: Collection): Change[] {
  const changes: Change[] = [];
  const add = (text: string, risky = false) => changes.push({ text, risky });
  if (before.name !== after.name) add(t("The collection {from} is renamed to {to}. Addresses of its API change.", { from: before.name, to: after.name }), true);
  for (const field of before.fields) {
    const next = after.fields.find((each) => each.id === field.id);
    if (!next) add(t("The field {name} and all its values are deleted.", { name: field.name }), true);
    else fieldChanges(field, next, add);
  }
  for (const field of after.fields) {
    if (!before.fields.some((each) => each.id === field.id)) add(t("The field {name} is added.", { name: field.name }));
  }
  const order = (collection: Collection, other: Collection) => collection.fields.filter((field) => other.fields.some((each) => each.id === field.id)).map((field) => field.id);
  if (!sameJson(order(before, after), order(after, before))) add(t("The fields are in another order."));
  for (const rule of rulesOf(after)) {
    if (before[rule] !== after[rule]) add(t("{rule}: {from} → {to}", { rule, from: ruleText(before[rule]), to: ruleText(after[rule]) }), true);
  }
  for (const index of before.indexes) if (!after.indexes.includes(index)) add(t("An index goes: {index}", { index }));
  for (const index of after.indexes) if (!before.indexes.includes(index)) add(t("An index comes: {index}", { index }));
  const rules = new Set<string>(rulesOf(after));
  for (const key of Object.keys(after) as (keyof Collection)[]) {
    if (!OWN.has(key) && !rules.has(key) && !sameJson(before[key], after[key])) add(t("The option {name} changes.", { name: key }));
  }
  return changes;
}

function fieldChanges(before: Field, after: Field, add: (text: string, risky?: boolean) => void): void {
  const { name } = after;
  if (before.name !== name) add(t("The field {from} is renamed to {to}.", { from: before.name, to: name }), true);
  if (isMultiple(before) && !isMultiple(after)) add(t("{name} keeps only the last of its values.", { name }), true);
  if (!isMultiple(before) && isMultiple(after)) add(t("{name} becomes a list.", { name }), true);
  const options = Object.keys(after).filter((key) => key !== "name" && !sameJson((before as unknown as Record<string, unknown>)[key], (after as unknown as Record<string, unknown>)[key]));
  if (options.length > 0) add(t("{name}: {options} changes.", { name, options: options.join(", ") }));
}
