// $dbx, $app.db() and $app.recordQuery(): questions in SQL, which the host answers over a copy of
// what they read. Those that the filter language can ask go there instead, as it knows the indexes.

const literal = (value) => {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (value instanceof Date) value = new DateTime(value.toISOString());
  const text = typeof value === "object" && !(value instanceof DateTime) ? JSON.stringify(value) : String(value);
  if (text.includes("\0")) throw new TypeError("a value with a zero character cannot be used in a query");
  return `'${text.replaceAll("'", "''")}'`;
};
const quotedName = (name) =>
  /^[\w.*]+$/.test(name) ? name.split(".").map((part) => (part === "*" ? part : `"${part}"`)).join(".") : named(name);
// `[[column]]` and `{{table}}` are names, whatever is in them.
const named = (sql) =>
  String(sql).replace(/\[\[(.+?)\]\]|\{\{(.+?)\}\}/g, (_, column, table) => quotedName((column ?? table).replaceAll('"', '""')));
function boundSql(sql, params) {
  return named(sql).replace(/\{:(\w+)\}/g, (_, name) => {
    if (!params || !(name in params)) throw new TypeError(`no value is bound to {:${name}}`);
    return literal(params[name]);
  });
}

// A condition: its SQL, and what the filter language says for it, if it can.
class Expression {
  constructor(sql, filter) {
    this._sql = sql;
    this._filter = filter ?? (() => null);
  }
  build() { return this._sql(); }
}
const isExpression = (one) => one instanceof Expression;
const asExpression = (one, params) => {
  if (isExpression(one)) return one;
  if (typeof one === "string") return $dbx.exp(one, params);
  if (one && typeof one === "object") return $dbx.hashExp(one);
  throw new TypeError("a condition has to be an expression of $dbx");
};
const present = (all) => all.filter((one) => one !== null && one !== undefined).map((one) => asExpression(one));
const together = (all, word, sign) => {
  const list = present(all);
  return new Expression(
    () => {
      const parts = list.map((one) => one.build()).filter(Boolean);
      return parts.length > 1 ? `(${parts.join(`) ${word} (`)})` : parts[0] ?? "";
    },
    (fields) => {
      const parts = list.map((one) => one._filter(fields));
      if (parts.length === 0 || parts.includes(null)) return null;
      return { filter: parts.map((part) => `(${part.filter})`).join(` ${sign} `), params: Object.assign({}, ...parts.map((part) => part.params)) };
    },
  );
};

// Whether `field = value` means the same in both languages.
const TEXTS = ["text", "email", "url", "editor", "select", "relation", "file"];
const agrees = (field, value) => {
  if (!field) return false;
  if (field.type === "number") return typeof value === "number";
  if (field.type === "bool") return typeof value === "boolean";
  return typeof value === "string" && value !== "" && TEXTS.includes(field.type) && !(field.maxSelect > 1);
};
let lastParameter = 0;
function comparison(fields, name, sign, value) {
  const field = fields?.(name);
  if (!agrees(field, value)) return null;
  if (field.type !== "number" && sign !== "=" && sign !== "!=") return null;
  const parameter = `q${(lastParameter += 1)}`;
  return { filter: `${field.name} ${sign} {:${parameter}}`, params: { [parameter]: value } };
}

const likes = (word, sign) => (column, ...values) => {
  let escapes = true;
  let [left, right] = [true, true];
  const expression = new Expression(() => {
    const parts = values.flat().map((value) => {
      let text = String(value);
      if (escapes) text = text.replace(/[\\%_]/g, (char) => `\\${char}`);
      return `${quotedName(column)} ${sign} ${literal(`${left ? "%" : ""}${text}${right ? "%" : ""}`)} ESCAPE '\\'`;
    });
    return parts.join(` ${word} `);
  });
  expression.match = (atLeft, atRight) => { [left, right] = [atLeft, atRight]; return expression; };
  expression.escape = (...pairs) => { escapes = pairs.length > 0; return expression; };
  return expression;
};
const among = (sign, word) => (column, ...values) => {
  const list = values.flat();
  return new Expression(
    () => (list.length ? `${quotedName(column)} ${sign} (${list.map(literal).join(", ")})` : word),
    (fields) => {
      const parts = list.map((value) => (sign === "IN" ? comparison(fields, column, "=", value) : null));
      if (parts.length === 0 || parts.length > 50 || parts.includes(null)) return null;
      return { filter: parts.map((part) => part.filter).join(" || "), params: Object.assign({}, ...parts.map((part) => part.params)) };
    },
  );
};
const between = (word) => (column, from, to) =>
  new Expression(() => `${quotedName(column)} ${word} ${literal(from)} AND ${literal(to)}`);

const SIMPLE = /^\s*(?:\[\[)?([\w.]+)(?:\]\])?\s*(=|!=|<>|<=|>=|<|>)\s*\{:(\w+)\}\s*$/;
const $dbx = {
  exp: (sql, params) =>
    new Expression(
      () => boundSql(sql, params),
      (fields) => {
        const [, name, sign, parameter] = SIMPLE.exec(sql) ?? [];
        if (!name || !params || !(parameter in params)) return null;
        return comparison(fields, name, sign === "<>" ? "!=" : sign, params[parameter]);
      },
    ),
  hashExp: (values) =>
    together(
      Object.entries(values).map(([column, value]) => {
        if (isExpression(value)) return value;
        if (Array.isArray(value)) return $dbx.in(column, ...value);
        if (value === null || value === undefined) return new Expression(() => `${quotedName(column)} IS NULL`);
        return new Expression(() => `${quotedName(column)} = ${literal(value)}`, (fields) => comparison(fields, column, "=", value));
      }),
      "AND",
      "&&",
    ),
  not: (one) => new Expression(() => `NOT (${asExpression(one).build()})`),
  and: (...all) => together(all, "AND", "&&"),
  or: (...all) => together(all, "OR", "||"),
  in: among("IN", "0=1"),
  notIn: among("NOT IN", "1=1"),
  like: likes("AND", "LIKE"),
  orLike: likes("OR", "LIKE"),
  notLike: likes("AND", "NOT LIKE"),
  orNotLike: likes("OR", "NOT LIKE"),
  exists: (one) => new Expression(() => `EXISTS (${asExpression(one).build()})`),
  notExists: (one) => new Expression(() => `NOT EXISTS (${asExpression(one).build()})`),
  between: between("BETWEEN"),
  notBetween: between("NOT BETWEEN"),
};

// Shapes that answers are put into.
const SHAPE = Symbol("shape");
const MODEL = Symbol("model");
class Nullable {
  constructor(zero) { this.zero = zero; }
  toJSON() { return this.zero; }
}
const nullString = () => new Nullable("");
const nullInt = () => new Nullable(0);
const nullFloat = () => new Nullable(0);
const nullBool = () => new Nullable(false);
const nullArray = () => new Nullable([]);
const nullObject = () => new Nullable({});
class DynamicModel {
  constructor(shape) {
    if (!shape || Object.keys(shape).length === 0) throw new TypeError("a DynamicModel needs a shape");
    Object.defineProperty(this, SHAPE, { value: { ...shape } });
    for (const [name, zero] of Object.entries(shape)) this[name] = zero instanceof Nullable ? null : clone(zero);
  }
}
const clone = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
function arrayOf(model) {
  const list = [];
  Object.defineProperty(list, MODEL, { value: model });
  return list;
}
// A text or null of an answer, as what `zero` is.
function shaped(zero, text) {
  if (zero instanceof Nullable) return text === null ? null : shaped(zero.zero, text);
  if (text === null) return clone(zero);
  if (typeof zero === "number") return Number(text) || 0;
  if (typeof zero === "boolean") return !["", "0", "false"].includes(text);
  if (typeof zero !== "object" || zero === null) return text;
  try { return JSON.parse(text); } catch { return clone(zero); }
}
function fill(model, row) {
  const shape = model[SHAPE] ?? { ...model };
  for (const name of Object.keys(shape)) if (name in row) model[name] = shaped(shape[name], row[name]);
  return model;
}

class SqlQuery {
  #sql;
  #params = {};
  constructor(sql) { this.#sql = sql; }
  bind(params) { this.#params = { ...params }; return this; }
  andBind(params) { Object.assign(this.#params, params); return this; }
  sql() { return boundSql(this.#sql, this.#params); }
  params() { return this.#params; }
  _rows() { return call("data.select", this.sql()); }
  all(list) {
    const rows = this._rows();
    const model = list?.[MODEL];
    if (model instanceof Record) throw new TypeError("records are found with $app.recordQuery()");
    if (!Array.isArray(list) || !model) throw new TypeError("all() needs arrayOf(new DynamicModel({...}))");
    list.length = 0;
    for (const row of rows) list.push(fill(new DynamicModel(model[SHAPE] ?? model), row));
  }
  one(model) {
    const [row] = this._rows();
    if (!row) throw notFound();
    if (model instanceof Record) throw new TypeError("records are found with $app.recordQuery()");
    fill(model, row);
  }
  row(...models) {
    const [row] = this._rows();
    if (!row) throw notFound();
    Object.values(row).forEach((text, at) => { if (models[at] && typeof models[at] === "object") models[at].value = text; });
    return Object.values(row);
  }
  column(list) {
    const values = this._rows().map((row) => Object.values(row)[0]);
    if (Array.isArray(list)) list.splice(0, list.length, ...values);
    return values;
  }
  rows() { return this._rows(); }
  execute() {
    throw new Error("SQL can only read here: change records with $app.save() and $app.delete()");
  }
}

class SelectQuery {
  #columns = [];
  #from = [];
  #joins = [];
  #where = null;
  #having = null;
  #group = [];
  #order = [];
  #limit = -1;
  #offset = 0;
  #distinct = false;
  #params = {};
  #collection;
  constructor(columns, collection) {
    this.#columns = columns;
    this.#collection = collection;
  }
  select(...columns) { this.#columns = columns; return this; }
  andSelect(...columns) { this.#columns.push(...columns); return this; }
  distinct(on) { this.#distinct = on; return this; }
  from(...tables) { this.#from = tables; return this; }
  join(kind, table, on) { this.#joins.push([kind, table, on]); return this; }
  innerJoin(table, on) { return this.join("INNER JOIN", table, on); }
  leftJoin(table, on) { return this.join("LEFT JOIN", table, on); }
  rightJoin(table, on) { return this.join("RIGHT JOIN", table, on); }
  where(one) { this.#where = one ? asExpression(one) : null; return this; }
  andWhere(one) { this.#where = this.#where ? $dbx.and(this.#where, one) : asExpression(one); return this; }
  orWhere(one) { this.#where = this.#where ? $dbx.or(this.#where, one) : asExpression(one); return this; }
  groupBy(...columns) { this.#group = columns; return this; }
  andGroupBy(...columns) { this.#group.push(...columns); return this; }
  having(one) { this.#having = asExpression(one); return this; }
  andHaving(one) { this.#having = this.#having ? $dbx.and(this.#having, one) : asExpression(one); return this; }
  orderBy(...keys) { this.#order = keys; return this; }
  andOrderBy(...keys) { this.#order.push(...keys); return this; }
  limit(count) { this.#limit = count; return this; }
  offset(count) { this.#offset = count; return this; }
  bind(params) { this.#params = { ...params }; return this; }
  andBind(params) { Object.assign(this.#params, params); return this; }
  build(columns) {
    const part = (word, text) => (text ? ` ${word} ${text}` : "");
    const table = (name) => named(/^\s*(\w+)\s*$/.test(name) ? quotedName(name.trim()) : name);
    const column = (name) => (/^[\w.*]+$/.test(name) ? quotedName(name) : named(name));
    const key = (name) => name.split(",").map((one) => one.replace(/^\s*([\w.]+)(?=\s|$)/, (_, bare) => quotedName(bare))).join(", ");
    const from = this.#from.length ? this.#from : this.#collection ? [this.#collection.name] : [];
    const wanted = columns ?? (this.#columns.length ? this.#columns : ["*"]);
    const sql =
      `SELECT ${this.#distinct ? "DISTINCT " : ""}${wanted.map(column).join(", ")}` +
      part("FROM", from.map(table).join(", ")) +
      this.#joins.map(([kind, name, on]) => ` ${kind} ${table(name)}${part("ON", on && asExpression(on).build())}`).join("") +
      part("WHERE", this.#where?.build()) +
      part("GROUP BY", this.#group.map(column).join(", ")) +
      part("HAVING", this.#having?.build()) +
      part("ORDER BY", this.#order.map((one) => named(key(one))).join(", ")) +
      (this.#limit >= 0 ? ` LIMIT ${Number(this.#limit)}` : this.#offset ? " LIMIT -1" : "") +
      (this.#offset ? ` OFFSET ${Number(this.#offset)}` : "");
    return new SqlQuery(sql).bind(this.#params);
  }
  // The same for the filter language; null when that cannot say it.
  #filter() {
    const is = { joins: this.#joins, group: this.#group, from: this.#from };
    if (is.joins.length || is.group.length || is.from.length || this.#having || this.#distinct || this.#offset && this.#limit < 0) return null;
    const collection = this.#collection;
    const own = (name) => (name.startsWith(`${collection.name}.`) ? name.slice(collection.name.length + 1) : name);
    const fields = (name) => collection.fields.getByName(own(name));
    const where = this.#where ? this.#where._filter(fields) : { filter: "", params: {} };
    const keys = this.#order.flatMap((one) => one.split(",")).map((one) => {
      const [, name, way] = /^\s*(?:\[\[)?([\w.]+)(?:\]\])?(?:\s+(asc|desc))?\s*$/i.exec(one) ?? [];
      return name && fields(name) ? (way?.toLowerCase() === "desc" ? "-" : "") + own(name) : null;
    });
    if (!where || keys.includes(null) || this.#limit === 0) return null;
    return { where, sort: keys.join(",") };
  }
  _records() {
    const collection = this.#collection;
    const asked = this.#filter();
    if (asked) return records(call("data.list", nameOf(collection), asked.where, asked.sort, Math.max(this.#limit, 0), this.#offset));
    const ids = this.build([`${this.#from[0] ?? collection.name}.id AS id`.replace(/^([\w]+)\.id/, '[[$1.id]]')])._rows();
    return $app.findRecordsByIds(collection, ids.map((row) => row.id));
  }
  _count() {
    const asked = this.#filter();
    if (asked && this.#limit < 0) return call("data.count", nameOf(this.#collection), asked.where);
    return Number(new SqlQuery(`SELECT COUNT(*) AS total FROM (${this.build().sql()})`)._rows()[0].total);
  }
  #isForRecords(model) { return this.#collection && (!model || model instanceof Record); }
  all(list) {
    if (!Array.isArray(list)) throw new TypeError("all() needs an array, such as arrayOf(new DynamicModel({...}))");
    if (!this.#isForRecords(list[MODEL])) return this.build().all(list);
    list.splice(0, list.length, ...this._records());
  }
  one(model) {
    if (!this.#isForRecords(model)) return this.build().one(model);
    const limit = this.#limit;
    this.#limit = 1;
    const [found] = this._records();
    this.#limit = limit;
    if (!found) throw notFound();
    model?._become(found);
  }
  row(...models) { return this.build().row(...models); }
  column(list) { return this.build().column(list); }
  execute() { return this.build().execute(); }
}
const readsOnly = (name) => () => {
  throw new Error(`$app.db().${name}() cannot be used: SQL can only read here`);
};
const database = {
  newQuery: (sql) => new SqlQuery(sql),
  select: (...columns) => new SelectQuery(columns),
};
for (const name of ["insert", "update", "upsert", "delete", "createTable", "dropTable", "addColumn", "dropColumn", "createIndex", "createUniqueIndex", "dropIndex", "renameTable", "renameColumn", "truncateTable"]) {
  database[name] = readsOnly(name);
}
const collectionOf = (one) => (one instanceof Collection ? one : $app.findCollectionByNameOrId(one));
Object.assign($app, {
  db: () => database,
  concurrentDB: () => database,
  nonconcurrentDB: () => database,
  recordQuery: (collection) => new SelectQuery([], collectionOf(collection)),
  findAllRecords(collection, ...all) {
    const query = $app.recordQuery(collection);
    return (present(all).length ? query.where($dbx.and(...all)) : query)._records();
  },
  countRecords(collection, filter, ...rest) {
    if (typeof filter === "string") return call("data.count", nameOf(collection), bindable(filter, rest[0]));
    const all = present([filter, ...rest]);
    const query = $app.recordQuery(collection);
    return (all.length ? query.where($dbx.and(...all)) : query)._count();
  },
});
