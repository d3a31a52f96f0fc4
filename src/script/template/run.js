// $template: templates at work.

const OVER = { break: Symbol("break"), continue: Symbol("continue") };
let added = {};

// A member of a value by its name in Go or here.
function member(value, name) {
  if (value === null || value === undefined) return undefined;
  if (value instanceof Map) return value.get(name);
  if (typeof value !== "object" && typeof value !== "function") throw new Error(`${JSON.stringify(value)} has no ${name}`);
  if (name in value) return value[name];
  const small = name.replace(/^[A-Z]+(?=[A-Z][a-z]|\d|$)|^[A-Z]/, (start) => start.toLowerCase());
  if (small in value) return value[small];
  if (!isPlain(value) && typeof value.get === "function") return value.get(name);
  return undefined;
}

class Run {
  depth = 0;
  page = new Page();
  constructor(defined) { this.defined = defined; }

  template(template, dot) {
    if (++this.depth > DEPTH_MAX) throw new Error("templates are inside each other without end");
    const before = this.file;
    this.file = template.file;
    this.nodes(template.nodes, dot, new Map([["$", { value: dot }]]));
    this.file = before;
    this.depth--;
  }
  // Returns what ends the range around, if something does.
  nodes(nodes, dot, variables) {
    for (const node of nodes) {
      if (node.kind === "text") {
        this.page.add(node.text);
        continue;
      }
      if (node.kind in OVER) return OVER[node.kind];
      const over = this.at(node.line, () => this.node(node, dot, variables));
      if (over) return over;
    }
    return undefined;
  }
  at(line, run) {
    try {
      return run();
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      throw Object.assign(new TemplateError(this.file, line, error?.message ?? String(error)), { cause: error });
    }
  }
  node(node, dot, variables) {
    if (node.kind === "print") {
      const value = this.pipe(node.pipe, dot, variables);
      if (!node.pipe.names.length) this.page.put(value);
      return undefined;
    }
    if (node.kind === "template") {
      const template = this.defined.get(node.name);
      if (!template) throw new Error(`no template "${node.name}"`);
      this.template(template, node.pipe ? this.pipe(node.pipe, dot, variables) : null);
      return undefined;
    }
    const inner = new Map(variables);
    if (node.kind === "range") return this.range(node, dot, inner);
    const value = this.pipe(node.pipe, dot, inner);
    if (!isTrue(value)) return this.nodes(node.otherwise, dot, inner);
    return this.nodes(node.body, node.kind === "with" ? value : dot, inner);
  }
  range(node, dot, variables) {
    const { names } = node.pipe;
    const value = this.pipe({ ...node.pipe, names: [] }, dot, variables);
    let pairs;
    if (value === null || value === undefined) pairs = [];
    else if (typeof value === "number") pairs = Array.from({ length: value }, (_, at) => [at, at]);
    else if (Array.isArray(value) || ArrayBuffer.isView(value)) pairs = [...value.entries()];
    else if (value instanceof Map) pairs = [...value];
    else if (typeof value === "object" && value[Symbol.iterator]) pairs = [...value].entries();
    else if (typeof value === "object") pairs = Object.keys(value).sort().map((key) => [key, value[key]]);
    else throw new Error(`range over ${JSON.stringify(value)}`);
    let isEmpty = true;
    for (const [key, one] of pairs) {
      isEmpty = false;
      const inner = new Map(variables);
      if (names.length === 1) inner.set(names[0], { value: one });
      else names.forEach((name, at) => inner.set(name, { value: at === 0 ? key : one }));
      if (this.nodes(node.body, one, inner) === OVER.break) break;
    }
    return isEmpty ? this.nodes(node.otherwise, dot, variables) : undefined;
  }
  pipe({ names, isNew, commands }, dot, variables) {
    let value;
    commands.forEach((command, at) => {
      value = this.command(command, at ? [value] : [], dot, variables);
    });
    for (const name of names) {
      if (isNew) variables.set(name, { value });
      else if (variables.has(name)) variables.get(name).value = value;
      else throw new Error(`undefined variable "${name}"`);
    }
    return value;
  }
  command([first, ...rest], last, dot, variables) {
    const value = (one) => this.operand(one, [], dot, variables);
    if (first.kind !== "function") {
      const values = [...rest.map(value), ...last];
      return this.operand(first, values, dot, variables);
    }
    if (LAZY.includes(first.name) && !(first.name in added)) {
      let result;
      for (const one of [...rest.map((operand) => () => value(operand)), ...last.map((known) => () => known)]) {
        result = one();
        if (isTrue(result) === (first.name === "or")) break;
      }
      return result;
    }
    return (added[first.name] ?? BUILT_IN[first.name])(...rest.map(value), ...last);
  }
  operand(one, values, dot, variables) {
    if (one.kind === "value") return one.value;
    if (one.kind === "function") return this.command([one], [], dot, variables);
    let value = dot;
    if (one.kind === "pipe") value = this.pipe(one.pipe, dot, variables);
    else if (one.kind === "variable") {
      if (!variables.has(one.name)) throw new Error(`undefined variable "${one.name}"`);
      value = variables.get(one.name).value;
    }
    one.path.forEach((name, at) => {
      const found = member(value, name);
      const isLast = at === one.path.length - 1;
      value = typeof found === "function" ? found.apply(value, isLast ? values : []) : found;
    });
    if (values.length && one.path.length === 0) throw new Error("a value that is no function got arguments");
    return value;
  }
}

class Renderer {
  #texts;
  constructor(texts) { this.#texts = texts; }
  render(data) {
    const defined = new Map();
    const isKnown = (name) => name in added || name in BUILT_IN || LAZY.includes(name);
    const files = this.#texts.map(([name, text]) => {
      const template = parse(text, name, defined, isKnown);
      if (name) defined.set(name, template);
      return template;
    });
    const run = new Run(defined);
    run.template(files[0], data);
    return run.page.text;
  }
}
const $template = {
  addFuncs(functions) {
    added = { ...added, ...functions };
    return $template;
  },
  loadString: (text) => new Renderer([["", String(text)]]),
  loadFiles(...paths) {
    if (paths.length === 0) throw new TypeError("loadFiles needs a file");
    const read = (path) => decoded(Uint8Array.fromBase64(call("os.readFile", String(path))));
    return new Renderer(paths.flat().map((path) => [String(path).replace(/^.*\//, ""), read(path)]));
  },
};
// What a call adds is gone with it.
atEnd.push(() => (added = {}));
return { $template };
