// The rest of $app: settings, what is kept in memory, realtime, backups; and what it cannot do.

const broker = {
  clients() {
    return Object.fromEntries(call("realtime.clients").map((client) => [client.id, clientOf(client)]));
  },
  clientById(id) {
    const client = broker.clients()[id];
    if (!client) throw new Error(`no client associated with connection ID "${id}"`);
    return client;
  },
  totalClients: () => call("realtime.clients").length,
  chunkedClients(size) {
    const all = Object.values(broker.clients());
    const chunks = [];
    for (let at = 0; at < all.length; at += size) chunks.push(all.slice(at, at + size));
    return chunks;
  },
};
function clientOf({ id, topics, auth }) {
  const own = { auth: Record._of(auth) ?? null };
  return {
    id: () => id,
    subscriptions: () => Object.fromEntries(topics.map((topic) => [topic, {}])),
    hasSubscription: (topic) => topics.includes(topic),
    get: (name) => own[name] ?? null,
    send: (message) => void call("realtime.send", id, String(message.name ?? ""), typeof message.data === "string" ? message.data : toString(message.data ?? "")),
    isDiscarded: () => false,
  };
}
class SubscriptionMessage { constructor(data) { Object.assign(this, { name: "", data: "" }, data); } }
class RequestInfo { constructor(data) { Object.assign(this, { method: "", context: "default", query: {}, headers: {}, body: {}, auth: null }, data); } }
class Cookie { constructor(data) { Object.assign(this, data); } }
class Context {
  #parent; #key; #value;
  constructor(parent, key, value) { [this.#parent, this.#key, this.#value] = [parent, key, value]; }
  value(key) { return this.#key !== undefined && key === this.#key ? this.#value : this.#parent?.value?.(key) ?? null; }
}

Object.assign(store, {
  setIfLessThanLimit: (key, value, limit) => call("store.setWithin", key, value ?? null, limit),
  setFunc: (key, make) => store.set(key, make(store.get(key))),
  getOk: (key) => [store.get(key), store.has(key)],
  values: () => Object.values(store.getAll()),
  reset(values) {
    store.removeAll();
    for (const [key, value] of Object.entries(values ?? {})) store.set(key, value);
  },
});

const saveModel = $app.save;
function saveSettings(settings) {
  const before = JSON.parse(settings[SETTINGS]);
  const changed = Object.entries(settings).filter(([group, value]) => JSON.stringify(value) !== JSON.stringify(before[group]));
  Object.assign(settings, settingsOf(call("data.saveSettings", Object.fromEntries(changed))));
}
const settingsOf = (data) => Object.defineProperty(data, SETTINGS, { value: JSON.stringify(data), enumerable: true, writable: true });
Object.assign($app, {
  settings: () => settingsOf(call("data.settings")),
  reloadSettings: () => {},
  save: (model) => (model?.[SETTINGS] ? saveSettings(model) : saveModel(model)),
  importCollectionsByMarshaledJSON: (text, deleteMissing) => $app.importCollections(JSON.parse(toString(text)), deleteMissing),
  truncateCollection: (collection) => void call("data.truncate", nameOf(collection)),
  // What is found is always what is stored: there is nothing to read anew.
  reloadCachedCollections: () => {},
  findCollectionReferences(collection, ...except) {
    const found = new Map();
    for (const other of $app.findAllCollections()) {
      const fields = other.fields.filter((field) => field.type === "relation" && field.collectionId === collection.id);
      if (fields.length && !except.flat().includes(other.id)) found.set(other, fields);
    }
    return found;
  },
  findCachedCollectionReferences: (collection, ...except) => $app.findCollectionReferences(collection, ...except),
  findRecordByViewFile() { throw unsupported("$app.findRecordByViewFile"); },
  hasTable: (name) => $app.findAllCollections().some((one) => one.name.toLowerCase() === String(name).toLowerCase()),
  tableColumns: (name) => $app.findCollectionByNameOrId(name).fields.fieldNames(),
  newMailClient: () => ({
    send(message) {
      const list = (all) => [].concat(all ?? []);
      if (Object.keys(message.attachments ?? {}).length || Object.keys(message.inlineAttachments ?? {}).length) {
        throw unsupported("an attachment of a mail");
      }
      // Each gets a mail of their own.
      const to = [...list(message.to), ...list(message.cc), ...list(message.bcc)];
      if (to.length === 0) throw new TypeError("a mail needs somebody to go to");
      call("data.mail", mailOf({ ...message, to }));
    },
  }),
  subscriptionsBroker: () => broker,
  createBackup: (_context, name) => void call("backup.create", String(name ?? "")),
  restoreBackup: (_context, name) => void call("backup.restore", String(name)),
  isBootstrapped: () => true,
  isDev: () => false,
  unsafeWithoutHooks: () =>
    new Proxy($app, {
      get(app, name) {
        const member = app[name];
        if (typeof member !== "function") return member;
        return (...values) => {
          call("quiet.begin");
          try { return member(...values); } finally { call("quiet.end"); }
        };
      },
    }),
});
const unsupported = (name) => new Error(`${name} is not supported here`);
for (const name of [
  "auxDB", "auxConcurrentDB", "auxNonconcurrentDB", "auxHasTable", "auxSave", "auxSaveNoValidate", "auxDelete", "auxVacuum",
  "auxRunInTransaction", "auxModelQuery", "modelQuery", "collectionQuery", "logQuery", "findLogById", "logsStats", "deleteOldLogs",
  "saveNoValidate", "saveWithContext", "saveNoValidateWithContext", "deleteWithContext", "validate", "validateWithContext",
  "saveView", "deleteView", "deleteTable", "createViewFields", "dryRunView", "tableInfo", "tableIndexes", "vacuum",
  "syncRecordTableSchema", "restart", "resetBootstrapState", "bootstrap", "runSystemMigrations", "runAppMigrations",
  "runAllMigrations", "encryptionEnv", "txInfo", "newBackupsFilesystem",
]) {
  $app[name] ??= () => { throw unsupported(`$app.${name}()`); };
}
