// $app and the other globals that reach outside of the script.

function bindable(filter, params) {
  return { filter: filter ?? "", params: params ?? {} };
}
const nameOf = (collection) => (collection instanceof Collection ? collection.id || collection.name : String(collection));
const notFound = (message) => new ApiError(404, message ?? "sql: no rows in result set");
const records = (answers) => answers.map(Record._of);

const store = {
  get: (key) => call("store.get", key) ?? null,
  set: (key, value) => void call("store.set", key, value ?? null),
  has: (key) => call("store.has", key),
  remove: (key) => void call("store.remove", key),
  removeAll: () => void call("store.clear"),
  length: () => call("store.length"),
  getAll: () => call("store.all"),
  getOrSet(key, make) {
    if (!store.has(key)) store.set(key, make());
    return store.get(key);
  },
};

const logger = (context) => {
  const log = (level) => (message, ...pairs) => {
    const fields = { ...context };
    for (let at = 0; at < pairs.length; at += 2) fields[pairs[at]] = pairs[at + 1];
    const text = Object.entries(fields).map(([key, value]) => ` ${key}=${shown(value)}`);
    call("log", level, shown(message) + text.join(""));
  };
  return {
    debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error"),
    with: (...pairs) => logger({ ...context, ...Object.fromEntries(pairs.flatMap((key, at) => (at % 2 ? [] : [[key, pairs[at + 1]]]))) }),
    withGroup: () => logger(context),
  };
};

const $app = {
  findRecordById(collection, id) {
    const found = call("data.find", nameOf(collection), String(id));
    if (!found) throw notFound();
    return Record._of(found);
  },
  findRecordsByIds: (collection, ids) =>
    ids.map((id) => Record._of(call("data.find", nameOf(collection), id))).filter(Boolean),
  findRecordsByFilter: (collection, filter, sort, limit, offset, params) =>
    records(call("data.list", nameOf(collection), bindable(filter, params), sort ?? "", limit ?? 0, offset ?? 0)),
  findAllRecords(collection, ...expressions) {
    if (expressions.length) throw new TypeError("expressions of SQL are not supported: use findRecordsByFilter");
    return records(call("data.list", nameOf(collection), bindable(), "", 0, 0));
  },
  findFirstRecordByFilter(collection, filter, params) {
    const [found] = call("data.list", nameOf(collection), bindable(filter, params), "", 1, 0);
    if (!found) throw notFound();
    return Record._of(found);
  },
  findFirstRecordByData(collection, field, value) {
    if (!/^\w+$/.test(field)) throw new TypeError("no name of a field");
    return $app.findFirstRecordByFilter(collection, `${field} = {:value}`, { value });
  },
  findAuthRecordByEmail: (collection, email) => $app.findFirstRecordByData(collection, "email", email),
  countRecords(collection, filter, params) {
    return call("data.count", nameOf(collection), bindable(filter, params));
  },
  findCollectionByNameOrId: (name) => new Collection(call("data.collection", nameOf(name))),
  findCachedCollectionByNameOrId: (name) => $app.findCollectionByNameOrId(name),
  findAllCollections(...types) {
    const all = call("data.collections").map((data) => new Collection(data));
    return types.length ? all.filter((c) => types.flat().includes(c.type)) : all;
  },
  isCollectionNameUnique: (name) => !$app.findAllCollections().some((c) => c.name.toLowerCase() === name.toLowerCase()),
  save(model) {
    if (model instanceof Record) model._saved(call("data.save", model._changes()));
    else if (model instanceof Collection) {
      const saved = new Collection(call(model.isNew() ? "data.createCollection" : "data.saveCollection", model));
      for (const key of Object.keys(model)) delete model[key];
      Object.assign(model, saved);
    } else if (model?.[SETTINGS]) throw new Error("settings can only be changed over the API");
    else throw new TypeError("only records and collections can be saved");
  },
  delete(model) {
    if (model instanceof Record) call("data.delete", nameOf(model.collection()), model.id);
    else if (model instanceof Collection) call("data.deleteCollection", nameOf(model));
    else throw new TypeError("only records and collections can be deleted");
  },
  importCollections(collections, deleteMissing) {
    call("data.importCollections", collections, Boolean(deleteMissing));
  },
  runInTransaction(run) {
    if (!call("tx.begin")) return run($app);
    let outcome;
    try {
      outcome = run($app);
    } catch (error) {
      call("tx.rollback");
      throw error;
    }
    if (outcome instanceof Promise) {
      return outcome.then((value) => (call("tx.commit"), value), (error) => { call("tx.rollback"); throw error; });
    }
    call("tx.commit");
    return outcome;
  },
  isTransactional: () => call("tx.is"),
  expandRecord: (record, paths) => void $app.expandRecords([record], paths),
  expandRecords(all, paths) {
    for (const record of all) for (const path of paths) expandPath(record, path.split("."));
    return {};
  },
  settings: () => Object.assign(call("data.settings"), { [SETTINGS]: true }),
  logger: () => logger({}),
  store: () => store,
  newMailClient: () => ({ send: (message) => void call("data.mail", mailOf(message)) }),
  cron: () => ({ add: cronAdd, remove: cronRemove }),
  newFilesystem: () => new Filesystem(),
  dataDir: () => call("app.dataDir"),
  isDev: () => false,
};
const SETTINGS = Symbol("settings");

function expandPath(record, [name, ...rest]) {
  const field = record.collection().fields.getByName(name);
  if (field?.type !== "relation") throw new TypeError(`${name} is no relation`);
  const known = record.expandedAll(name);
  const found = known.length ? known : $app.findRecordsByIds(field.collectionId, record.getStringSlice(name));
  if (rest.length) for (const one of found) expandPath(one, rest);
  if (found.length) record.mergeExpand({ [name]: field.maxSelect > 1 ? found : found[0] });
}

const addressOf = (address) => (typeof address === "string" ? address : address?.address ?? "");
function mailOf(message) {
  const to = [].concat(message.to ?? []).map(addressOf);
  return { to, subject: message.subject ?? "", html: message.html || message.text || "" };
}
class MailerMessage { constructor(data) { Object.assign(this, data); } }

const $security = {
  md5: (text) => call("security.md5", String(text)),
  sha256: (text) => call("security.sha256", String(text)),
  sha512: (text) => call("security.sha512", String(text)),
  hs256: (text, secret) => call("security.hs256", String(text), String(secret)),
  hs512: (text, secret) => call("security.hs512", String(text), String(secret)),
  equal: (a, b) => call("security.equal", String(a), String(b)),
  randomString: (length) => call("security.random", length ?? 15, ""),
  randomStringWithAlphabet: (length, alphabet) => call("security.random", length, alphabet),
  pseudorandomString: (length) => call("security.random", length ?? 15, ""),
  pseudorandomStringWithAlphabet: (length, alphabet) => call("security.random", length, alphabet),
  createJWT: (payload, key, seconds) => call("security.createJWT", payload, String(key), seconds),
  parseJWT: (token, key) => call("security.parseJWT", String(token), String(key)),
  parseUnverifiedJWT: (token) => call("security.parseJWT", String(token), null),
};
const cronAdd = (id, expression, handler) => register({ kind: "cron", id: String(id), expression, handler });
const cronRemove = (id) => void call("cron.remove", String(id));

const sleep = (millis) => void call("sleep", millis);
const unmarshal = (data, target) => {
  if (target instanceof Collection && data.fields) data = { ...data, fields: FieldsList._of(data.fields) };
  Object.assign(target, data);
};
