/** A rule as a tree, for explaining it. The server alone decides what a rule means and whether it is valid. */
export type Tree = { all: Tree[] } | { any: Tree[] } | { left: string; op: string; right: string };

const TOKEN = /\s+|\/\/[^\n]*|(&&|\|\||\(|\)|\?!=|\?>=|\?<=|\?!~|\?=|\?>|\?<|\?~|!=|>=|<=|!~|=|>|<|~|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[@\w.:-]+(?:\([^)]*\))?)/gy;

function tokens(rule: string): string[] | null {
  const found: string[] = [];
  let at = 0;
  TOKEN.lastIndex = 0;
  while (at < rule.length) {
    const match = TOKEN.exec(rule);
    if (!match) return null;
    at = TOKEN.lastIndex;
    if (match[1]) found.push(match[1]);
  }
  return found;
}

/** The tree of a rule, or null when it cannot be read. */
export function parseRule(rule: string): Tree | null {
  const list = tokens(rule);
  if (!list || list.length === 0) return null;
  let at = 0;
  const peek = () => list[at];
  const next = () => list[at++];

  const one = (): Tree | null => {
    if (peek() === "(") {
      next();
      const inner = any();
      return next() === ")" ? inner : null;
    }
    const [left, op, right] = [next(), next(), next()];
    const isOperator = op !== undefined && /^\??[!=<>~]+$/.test(op);
    return left && right && isOperator ? { left, op, right } : null;
  };
  const chain = (sign: string, inner: () => Tree | null, make: (list: Tree[]) => Tree) => (): Tree | null => {
    const trees: Tree[] = [];
    do {
      if (trees.length > 0) next();
      const tree = inner();
      if (!tree) return null;
      trees.push(tree);
    } while (peek() === sign);
    return trees.length === 1 ? (trees[0] ?? null) : make(trees);
  };
  // "And" binds closer than "or", as on the server.
  const all = chain("&&", one, (list) => ({ all: list }));
  const any = chain("||", all, (list) => ({ any: list }));
  const tree = any();
  return at === list.length ? tree : null;
}
