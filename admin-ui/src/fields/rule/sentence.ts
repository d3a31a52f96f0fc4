import { t, type Phrase } from "@/i18n";

const OPERATORS: Record<string, Phrase> = {
  "=": "{left} is {right}",
  "!=": "{left} is not {right}",
  ">": "{left} is more than {right}",
  ">=": "{left} is at least {right}",
  "<": "{left} is less than {right}",
  "<=": "{left} is at most {right}",
  "~": "{left} contains {right}",
  "!~": "{left} does not contain {right}",
  "?=": "one of {left} is {right}",
  "?!=": "one of {left} is not {right}",
  "?>": "one of {left} is more than {right}",
  "?>=": "one of {left} is at least {right}",
  "?<": "one of {left} is less than {right}",
  "?<=": "one of {left} is at most {right}",
  "?~": "one of {left} contains {right}",
  "?!~": "one of {left} does not contain {right}",
};

const isEmpty = (text: string) => text === '""' || text === "''";

/** One comparison of a rule in plain words. */
export function sentence(left: string, op: string, right: string): string {
  const special = aboutCaller(left, op, right) ?? aboutRequest(left, op, right);
  if (special) return special;
  if (isEmpty(right) && op === "=") return t("{left} is empty", { left: operand(left) });
  if (isEmpty(right) && op === "!=") return t("{left} is not empty", { left: operand(left) });
  const words = OPERATORS[op];
  return words ? t(words, { left: operand(left), right: operand(right) }) : `${left} ${op} ${right}`;
}

function aboutCaller(left: string, op: string, right: string): string | null {
  if (right === "@request.auth.id" && (op === "=" || op === "?=")) {
    if (left === "id") return t("the record is the caller's own account");
    return op === "?=" ? t("{left} includes the caller", { left: operand(left) }) : t("{left} is the caller", { left: operand(left) });
  }
  if (left === "@request.auth.id" && right !== "@request.auth.id") {
    if (isEmpty(right)) return op === "=" ? t("the caller is not logged in") : t("the caller is logged in");
    if (op === "=" || op === "?=") return t("the caller is {right}", { right: operand(right) });
  }
  if (left === "@request.auth.collectionName" && op === "=") return t("the caller has an account in {right}", { right: operand(right) });
  if (left === "@request.auth.verified" && op === "=" && right === "true") return t("the caller's address is confirmed");
  return null;
}

function aboutRequest(left: string, op: string, right: string): string | null {
  const match = /^@request\.(?:body|query|headers)\.(.+):(isset|changed)$/.exec(left);
  if (!match || op !== "=" || (right !== "true" && right !== "false")) return null;
  const name = match[1] ?? "";
  if (match[2] === "isset") return right === "true" ? t("the request sets {name}", { name }) : t("the request does not set {name}", { name });
  return right === "true" ? t("the request changes {name}", { name }) : t("the request does not change {name}", { name });
}

const WORDS: Record<string, Phrase> = { true: "yes", false: "no", null: "nothing", "@now": "now", "@todayStart": "the start of today", "@todayEnd": "the end of today", "@request.method": "the method of the request" };

function operand(text: string): string {
  const word = WORDS[text];
  if (word) return t(word);
  if (/^["']/.test(text)) return isEmpty(text) ? t("nothing") : `“${text.slice(1, -1)}”`;
  const [path = "", modifier] = text.split(":");
  const name = withPlace(path);
  switch (modifier) {
    case "length":
      return t("the number of {name}", { name });
    case "each":
      return t("every one of {name}", { name });
    default:
      return name;
  }
}

function withPlace(path: string): string {
  const [, kind, name] = /^@request\.(auth|body|query|headers)\.(.+)$/.exec(path) ?? [];
  switch (kind) {
    case "auth":
      return t("the caller's {name}", { name: name ?? "" });
    case "body":
      return t("the submitted {name}", { name: name ?? "" });
    case "query":
      return t("the parameter {name}", { name: name ?? "" });
    case "headers":
      return t("the header {name}", { name: name ?? "" });
    default: {
      const [, collection, field] = /^@collection\.(\w+)(?::\w+)?\.(.+)$/.exec(path) ?? [];
      return collection ? t("{field} of any record of {collection}", { field: field ?? "", collection }) : path;
    }
  }
}
