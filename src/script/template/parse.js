// Templates as Go has them: text to a tree.

class TemplateError extends Error {
  constructor(name, line, message) {
    super(`template: ${name || "text"}:${line}: ${message}`);
    this.name = "TemplateError";
  }
}
const TOKEN = /\s+|"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\])'|[+-]?(?:0[xX][\da-fA-F]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])|:=|[=|(),]|\$\w*|[\p{L}_][\p{L}\d_]*|(?:\.[\p{L}_][\p{L}\d_]*)+|\./uy;
const KEYWORDS = ["if", "else", "end", "range", "with", "define", "block", "template", "break", "continue"];
const DEPTH_MAX = 16;

// What stands between the actions, and what they say.
function pieces(text, name) {
  const found = [];
  let at = 0;
  let line = 1;
  const count = (part) => part.split("\n").length - 1;
  let isTrimmed = false;
  for (;;) {
    let start = text.indexOf("{{", at);
    const isLast = start < 0;
    if (isLast) start = text.length;
    let plain = text.slice(at, start);
    const lines = count(plain);
    if (isTrimmed) plain = plain.trimStart();
    const trimsBefore = /^\{\{-\s/.test(text.slice(start, start + 4));
    if (trimsBefore) plain = plain.trimEnd();
    if (plain) found.push({ text: plain, line });
    line += lines;
    if (isLast) return found;
    at = start + (trimsBefore ? 3 : 2);
    const begun = line;
    const comment = /^\s*\/\*[^]*?\*\/\s*?(\s-)?\}\}/.exec(text.slice(at));
    if (comment) {
      line += count(comment[0]);
      at += comment[0].length;
      isTrimmed = Boolean(comment[1]);
      continue;
    }
    const tokens = [];
    let isApart = true;
    for (;;) {
      const end = /^\s-\}\}|^\}\}/.exec(text.slice(at, at + 5));
      if (end) {
        at += end[0].length;
        line += count(end[0]);
        isTrimmed = end[0].length > 2;
        break;
      }
      TOKEN.lastIndex = at;
      const token = TOKEN.exec(text)?.[0];
      if (token === undefined) {
        throw new TemplateError(name, line, at >= text.length ? "unclosed action" : `unexpected ${JSON.stringify([...text.slice(at, at + 8)][0])} in an action`);
      }
      at += token.length;
      line += count(token);
      if (/^\s/.test(token)) isApart = true;
      else {
        tokens.push({ token, isApart });
        isApart = false;
      }
    }
    found.push({ tokens, line: begun });
  }
}

function unquoted(token, fail) {
  if (token[0] === "`") return token.slice(1, -1);
  try {
    return JSON.parse(`"${token.slice(1, -1).replace(/\\(x([\da-fA-F]{2})|'|a|v)/g, (_, kind, code) => (code ? `\\u00${code}` : { "'": "'", a: "\\u0007", v: "\\u000b" }[kind]))}"`);
  } catch {
    throw fail(`a text that cannot be read: ${token}`);
  }
}

// The templates in a text: the text itself, and those that it defines, by name.
function parse(text, name, defined, isKnown) {
  const all = pieces(text, name);
  let at = 0;
  const failAt = (line) => (message) => new TemplateError(name, line, message);

  // What an action says after its keyword.
  function pipeline(tokens, fail) {
    let position = 0;
    const peek = () => tokens[position]?.token;
    function operand() {
      const { token } = tokens[position++];
      let one;
      if (token === "(") {
        one = { kind: "pipe", pipe: pipe(")"), path: [] };
        if (peek() !== ")") throw fail("a bracket is not closed");
        position++;
      } else if (token[0] === '"' || token[0] === "`") one = { kind: "value", value: unquoted(token, fail) };
      else if (token[0] === "'") one = { kind: "value", value: unquoted(token, fail).codePointAt(0) };
      else if (/^[+-]?\d/.test(token)) one = { kind: "value", value: Number(token.replaceAll("_", "")) };
      else if (token === "true" || token === "false") one = { kind: "value", value: token === "true" };
      else if (token === "nil") one = { kind: "value", value: null };
      else if (token === ".") one = { kind: "dot", path: [] };
      else if (token[0] === ".") one = { kind: "dot", path: token.slice(1).split(".") };
      else if (token[0] === "$") one = { kind: "variable", name: token, path: [] };
      else if (/^[\p{L}_]/u.test(token) && !KEYWORDS.includes(token)) {
        if (!isKnown(token)) throw fail(`function "${token}" not defined`);
        one = { kind: "function", name: token };
      } else throw fail(`unexpected ${token}`);
      const next = tokens[position];
      if (one.path && next && !next.isApart && next.token.length > 1 && next.token[0] === ".") {
        one.path.push(...next.token.slice(1).split("."));
        position++;
      }
      return one;
    }
    function pipe(end) {
      const made = { names: [], isNew: false, commands: [] };
      if (/^\$\w/.test(peek() ?? "")) {
        const names = [peek()];
        let after = position + 1;
        if (tokens[after]?.token === "," && /^\$\w/.test(tokens[after + 1]?.token ?? "")) {
          names.push(tokens[after + 1].token);
          after += 2;
        }
        const sign = tokens[after]?.token;
        if (sign === ":=" || sign === "=") {
          Object.assign(made, { names, isNew: sign === ":=" });
          position = after + 1;
        }
      }
      for (;;) {
        const command = [];
        while (position < tokens.length && peek() !== "|" && peek() !== end) command.push(operand());
        if (command.length === 0) throw fail("missing value");
        if (made.commands.length && command[0].kind === "value") throw fail("only functions can come after |");
        made.commands.push(command);
        if (peek() !== "|") return made;
        position++;
      }
    }
    if (tokens.length === 0) throw fail("missing value");
    const made = pipe();
    if (position < tokens.length) throw fail(`unexpected ${peek()}`);
    return made;
  }

  // Nodes until one of the keywords; returns them with the action that ended them.
  function list(ends, loops) {
    const nodes = [];
    for (; at < all.length; at++) {
      const { text: plain, tokens, line } = all[at];
      const fail = failAt(line);
      if (plain !== undefined) {
        nodes.push({ kind: "text", text: plain });
        continue;
      }
      const keyword = tokens[0]?.token;
      if (ends.includes(keyword)) return { nodes, tokens, line };
      const rest = tokens.slice(1);
      if (keyword === "if" || keyword === "with" || keyword === "range") {
        at++;
        nodes.push(branch(keyword, rest, line, loops));
      } else if (keyword === "define" || keyword === "block") {
        const called = rest[0] && /^["`]/.test(rest[0].token) ? unquoted(rest[0].token, fail) : undefined;
        if (called === undefined || (keyword === "define" && rest.length > 1)) throw fail(`${keyword} needs a name in quotes`);
        at++;
        const { nodes: body } = until("end", 0, line);
        const isEmpty = body.every((node) => node.kind === "text" && !node.text.trim());
        if (!isEmpty || !defined.has(called)) defined.set(called, { nodes: body, file: name });
        if (keyword === "block") nodes.push({ kind: "template", name: called, pipe: pipeline(rest.slice(1), fail), line });
      } else if (keyword === "template") {
        if (!/^["`]/.test(rest[0]?.token ?? "")) throw fail("template needs a name in quotes");
        nodes.push({ kind: "template", name: unquoted(rest[0].token, fail), pipe: rest.length > 1 ? pipeline(rest.slice(1), fail) : null, line });
      } else if (keyword === "break" || keyword === "continue") {
        if (!loops) throw fail(`${keyword} outside of range`);
        nodes.push({ kind: keyword });
      } else if (keyword === "else" || keyword === "end") throw fail(`unexpected {{${keyword}}}`);
      else nodes.push({ kind: "print", pipe: pipeline(tokens, fail), line });
    }
    return { nodes };
  }
  function until(end, loops, line) {
    const found = list([].concat(end), loops);
    if (!found.tokens) throw failAt(line)("an action is not closed by {{end}}");
    return found;
  }
  function branch(kind, tokens, line, loops) {
    const fail = failAt(line);
    const node = { kind, pipe: pipeline(tokens, fail), line, otherwise: [] };
    const found = until(["else", "end"], kind === "range" ? loops + 1 : loops, line);
    node.body = found.nodes;
    if (found.tokens[0].token === "else") {
      const chained = found.tokens[1]?.token;
      at++;
      if (chained === "if" || chained === "with") {
        node.otherwise = [branch(chained, found.tokens.slice(2), found.line, loops)];
        return node;
      }
      if (chained !== undefined) throw failAt(found.line)(`unexpected ${chained} after else`);
      node.otherwise = until("end", loops, line).nodes;
    }
    return node;
  }
  const { nodes } = list([], 0);
  return { nodes, file: name };
}
