import { List, Text } from "@mantine/core";
import { t } from "@/i18n";
import { parseRule, type Tree } from "./parse";
import { sentence } from "./sentence";

/** What a rule means, in plain words. */
export function RuleExplanation({ rule }: { rule: string | null }) {
  const say = (text: string) => (
    <Text size="sm" c="dimmed">
      {text}
    </Text>
  );
  if (rule === null) return say(t("Only superusers."));
  if (rule === "") return say(t("Everybody, also without logging in."));
  const tree = parseRule(rule);
  if (!tree) return say(t("This rule is not complete yet, or too unusual to explain."));
  return (
    <Text size="sm" c="dimmed" component="div">
      {t("Allowed when")} <Branch tree={tree} />
    </Text>
  );
}

function Branch({ tree }: { tree: Tree }) {
  if ("left" in tree) return <>{sentence(tree.left, tree.op, tree.right)}</>;
  const list = "all" in tree ? tree.all : tree.any;
  return (
    <>
      {"all" in tree ? t("all of this holds:") : t("one of this holds:")}
      <List size="sm" withPadding>
        {list.map((each, at) => (
          <List.Item key={at}>
            <Branch tree={each} />
          </List.Item>
        ))}
      </List>
    </>
  );
}
