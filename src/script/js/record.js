// Records, collections and fields as scripts see them.

const LAZY = Symbol("lazy");
const zeroes = { number: 0, bool: false, json: null, geoPoint: { lon: 0, lat: 0 } };

function zeroOf(field) {
  if (field.type in zeroes) return zeroes[field.type];
  const isList = ["select", "file", "relation"].includes(field.type) && field.maxSelect > 1;
  return isList ? [] : "";
}

class DateTime {
  #millis;
  constructor(text) {
    if (text === undefined) this.#millis = Date.now();
    else this.#millis = text ? Date.parse(String(text).replace(" ", "T")) : NaN;
  }
  time() { return new Date(this.#millis); }
  unix() { return Math.floor(this.#millis / 1000); }
  unixMilli() { return this.#millis; }
  isZero() { return Number.isNaN(this.#millis); }
  string() { return this.isZero() ? "" : new Date(this.#millis).toISOString().replace("T", " "); }
  toString() { return this.string(); }
  toJSON() { return this.string(); }
  addDate(years, months, days) {
    const date = new Date(this.#millis);
    date.setUTCFullYear(date.getUTCFullYear() + years, date.getUTCMonth() + months, date.getUTCDate() + days);
    return new DateTime(date.toISOString());
  }
  before(other) { return this.#millis < other.unixMilli(); }
  after(other) { return this.#millis > other.unixMilli(); }
  equal(other) { return this.#millis === other.unixMilli(); }
}

class Record {
  #load; // Asks for what is below once it is needed.
  #collection; // Its id.
  #definition; // The collection, once asked for.
  #data;
  #old;
  #isNew = true;
  #dirty = new Set();
  #shown = {};
  #expand = {};
  #showsEmail = false;

  constructor(collection, data) {
    if (collection === LAZY) {
      this.#load = data;
      return;
    }
    if (collection === undefined) {
      // To be filled by a query.
      [this.#collection, this.#data, this.#old] = ["", {}, {}];
      return;
    }
    if (!(collection instanceof Collection)) throw new TypeError("new Record() needs a collection");
    this.#collection = collection.id || collection.name;
    this.#definition = collection;
    this.#data = {};
    for (const field of collection.fields) {
      if (field.type !== "password") this.#data[field.name] = zeroOf(field);
    }
    this.#data.id = "";
    this.#old = { ...this.#data };
    if (data) this.load(data);
  }
  #ready() {
    if (this.#data) return;
    const { collection, data, old, isNew } = this.#load();
    this.#collection = collection;
    this.#data = data;
    this.#old = old ?? { ...data };
    this.#isNew = isNew;
  }
  static _of(answer) { return answer ? new Record(LAZY, () => answer) : answer; }
  // What was set since the last time, for the host.
  _takeDirty() {
    if (this.#dirty.size === 0) return null;
    const changes = {};
    for (const name of this.#dirty) changes[name] = sent(this.#data[name] ?? null);
    this.#dirty.clear();
    return changes;
  }
  // Has everything asked for anew.
  _forget() {
    if (!this.#load) return;
    this.#data = undefined;
    this.#dirty.clear();
  }
  _saved({ collection, data }) {
    this.#collection = collection;
    this.#data = data;
    this.#old = { ...data };
    this.#isNew = false;
    this.#dirty.clear();
  }
  _become(other) {
    other.#ready();
    this.#load = undefined;
    [this.#collection, this.#definition] = [other.#collection, other.#definition];
    [this.#data, this.#old, this.#isNew] = [{ ...other.#data }, { ...other.#old }, other.#isNew];
    this.#dirty.clear();
  }
  _changes() {
    this.#ready();
    const body = {};
    for (const name of this.#dirty) body[name] = sent(this.#data[name] ?? null);
    return { collection: this.#collection, id: this.#data.id, isNew: this.#isNew, body };
  }
  get id() { return this.get("id"); }
  set id(id) { this.set("id", id); }
  get collectionId() { this.#ready(); return this.collection().id; }
  get collectionName() { this.#ready(); return this.collection().name; }
  collection() {
    this.#ready();
    return (this.#definition ??= $app.findCollectionByNameOrId(this.#collection));
  }
  tableName() { return this.collection().name; }
  isNew() { this.#ready(); return this.#isNew; }
  isSuperuser() { return this.collection().name === "_superusers"; }
  get(name) {
    this.#ready();
    if (name in this.#data) return this.#data[name];
    return name === "expand" ? this.#expand : this.#shown[name] ?? null;
  }
  getRaw(name) { return this.get(name); }
  set(name, value) {
    this.#ready();
    const modifier = /^(\+?)(.*?)([+-]?)$/.exec(name);
    if (!(name in this.#data) && (modifier[1] || modifier[3])) {
      const [, before, field, after] = modifier;
      const old = this.#data[field];
      if (Array.isArray(old)) {
        const items = [].concat(value);
        if (before) value = [...items, ...old];
        else if (after === "+") value = [...old, ...items];
        else value = old.filter((item) => !items.includes(item));
      } else if (typeof old === "number") value = after === "-" ? old - value : old + Number(value);
      name = field;
    }
    if (value instanceof Record) value = value.id;
    if (value instanceof Date) value = new DateTime(value.toISOString()).string();
    this.#data[name] = value === undefined ? null : hasFile(value) ? value : JSON.parse(JSON.stringify(value));
    this.#dirty.add(name);
  }
  setRaw(name, value) { this.set(name, value); }
  setIfFieldExists(name, value) {
    if (this.collection().fields.getByName(name)) this.set(name, value);
  }
  load(data) { for (const name of Object.keys(data)) this.set(name, data[name]); }
  getString(name) {
    const value = this.get(name);
    if (value === null || value === undefined) return "";
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  }
  getBool(name) {
    const value = this.get(name);
    return typeof value === "string" ? ["1", "t", "true", "TRUE", "True", "T"].includes(value) : Boolean(value);
  }
  getInt(name) { return Math.trunc(this.getFloat(name)); }
  getFloat(name) { return Number(this.get(name)) || 0; }
  getDateTime(name) { return new DateTime(this.getString(name)); }
  getGeoPoint(name) { return this.get(name) ?? { lon: 0, lat: 0 }; }
  getStringSlice(name) {
    const value = this.get(name);
    if (value === null || value === undefined || value === "") return [];
    return [].concat(value).map(String);
  }
  unmarshalJSONField(name, target) { Object.assign(target, this.get(name)); }
  original() {
    this.#ready();
    const { collection, old } = { collection: this.#collection, old: this.#old };
    return Record._of({ collection, data: { ...old }, isNew: false });
  }
  fresh() { return this.original(); }
  clone() {
    this.#ready();
    return Record._of({ collection: this.#collection, data: { ...this.#data }, old: { ...this.#old }, isNew: this.#isNew });
  }
  fieldsData() { this.#ready(); return { ...this.#data }; }
  baseFilesPath() { return `${this.collection().id}/${this.id}`; }
  publicExport() { return this.toJSON(); }
  expand() { return this.#expand; }
  setExpand(expand) { this.#expand = expand; }
  mergeExpand(expand) { Object.assign(this.#expand, expand); }
  expandedOne(name) { return [].concat(this.#expand[name] ?? [])[0] ?? null; }
  expandedAll(name) { return [].concat(this.#expand[name] ?? []); }
  // How it is shown: what enrich hooks change.
  hide(...names) { for (const name of names) this.#shown[name] = LAZY; }
  unhide(...names) { for (const name of names) this.#shown[name] = undefined; }
  withCustomData() { return this; }
  ignoreEmailVisibility(on) { this.#showsEmail = on !== false; return this; }
  markAsNew() { this.#ready(); this.#isNew = true; for (const name of Object.keys(this.#data)) this.#dirty.add(name); }
  markAsNotNew() { this.#ready(); this.#isNew = false; }
  _shown() {
    const shown = { hide: [], show: [] };
    for (const name of Object.keys(this.#shown)) (this.#shown[name] === LAZY ? shown.hide : shown.show).push(name);
    return shown.hide.length + shown.show.length > 0 ? shown : null;
  }
  toJSON() {
    const hidden = new Set(this.collection().fields.filter((f) => f.hidden).map((f) => f.name));
    const out = { collectionId: this.collection().id, collectionName: this.collection().name };
    for (const name of Object.keys(this.#data)) {
      const shown = this.#shown[name];
      if (name === "email" && !this.#showsEmail && this.collection().isAuth() && !this.#data.emailVisibility) continue;
      if (shown !== LAZY && (!hidden.has(name) || name in this.#shown)) out[name] = this.#data[name];
    }
    if (Object.keys(this.#expand).length) out.expand = this.#expand;
    return out;
  }
  // Accounts.
  email() { return this.getString("email"); }
  setEmail(email) { this.set("email", email); }
  verified() { return this.getBool("verified"); }
  setVerified(on) { this.set("verified", on); }
  emailVisibility() { return this.getBool("emailVisibility"); }
  setEmailVisibility(on) { this.set("emailVisibility", on); }
  setPassword(password) { this.set("password", password); }
  setRandomPassword() {
    const password = $security.randomString(30);
    this.setPassword(password);
    return password;
  }
}

class FieldsList extends Array {
  static get [Symbol.species]() { return Array; }
  static _of(fields) {
    const list = new FieldsList();
    for (const field of fields ?? []) list.push(field instanceof Field ? field : new Field(field));
    return list;
  }
  getByName(name) { return this.find((field) => field.name === name) ?? null; }
  getById(id) { return this.find((field) => field.id === id) ?? null; }
  removeByName(name) { this.#remove((field) => field.name === name); }
  removeById(id) { this.#remove((field) => field.id === id); }
  #remove(test) {
    const at = this.findIndex(test);
    if (at >= 0) this.splice(at, 1);
  }
  add(...fields) { for (const field of fields) this.addAt(this.length, field); }
  addAt(at, ...fields) {
    for (let field of fields) {
      if (!(field instanceof Field)) field = new Field(field);
      const old = this.findIndex((f) => (field.id ? f.id === field.id : f.name === field.name));
      if (old >= 0) {
        field.id ||= this[old].id;
        this.splice(old, 1);
      }
      this.splice(Math.min(at++, this.length), 0, field);
    }
  }
  addMarshaledJSON(text) { this.add(...[].concat(JSON.parse(toString(text)))); }
  addMarshaledJSONAt(at, text) { this.addAt(at, ...[].concat(JSON.parse(toString(text)))); }
  fieldNames() { return this.map((field) => field.name); }
  asMap() { return Object.fromEntries(this.map((field) => [field.name, field])); }
}

class Field {
  constructor(data) { Object.assign(this, data); }
  getName() { return this.name; }
  getId() { return this.id; }
}
const fieldOf = (type) => class extends Field { constructor(data) { super({ ...data, type }); } };

class Collection {
  constructor(data) {
    Object.assign(this, { name: "", type: "base", indexes: [] }, data);
    this.fields = FieldsList._of(data?.fields);
  }
  isBase() { return this.type === "base"; }
  isAuth() { return this.type === "auth"; }
  isView() { return this.type === "view"; }
  isNew() { return !this.created; }
  addIndex(name, unique, columns, where) {
    this.removeIndex(name);
    const end = where ? ` WHERE ${where}` : "";
    this.indexes.push(`CREATE ${unique ? "UNIQUE " : ""}INDEX \`${name}\` ON \`${this.name}\` (${columns})${end}`);
  }
  removeIndex(name) { this.indexes = this.indexes.filter((text) => !nameOfIndex(text, name)); }
  getIndex(name) { return this.indexes.find((text) => nameOfIndex(text, name)) ?? ""; }
}
const nameOfIndex = (text, name) =>
  /index\s+(?:if\s+not\s+exists\s+)?[`"[]?(\w+)/i.exec(text)?.[1]?.toLowerCase() === name.toLowerCase();
