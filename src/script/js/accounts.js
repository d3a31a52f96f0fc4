// Accounts: tokens, mails, passwords, who may see what.

const accountOf = (record) => [record.collection().id, record.id];
const token = (record, kind, more) => call("data.accountToken", ...accountOf(record), { kind, ...more });
const methods = {
  newAuthToken() { return token(this, "auth", { refreshable: true }); },
  // As the original does, `duration` is in nanoseconds; 0 = as long as the collection says.
  newStaticAuthToken(duration) {
    return token(this, "auth", { refreshable: false, seconds: duration > 0 ? Math.ceil(duration / 1e9) : null });
  },
  newFileToken() { return token(this, "file"); },
  newVerificationToken() { return token(this, "verification"); },
  newPasswordResetToken() { return token(this, "passwordReset"); },
  newEmailChangeToken(email) { return token(this, "emailChange", { newEmail: String(email) }); },
  validatePassword(password) { return call("data.isPassword", ...accountOf(this), String(password)); },
  refreshTokenKey() { this.set("tokenKey", $security.randomString(50)); },
  tokenKey() { throw new Error("token keys are not shown to scripts: refreshTokenKey() ends all tokens"); },
  pk() { return this.id; },
  lastSavedPK() { return this.isNew() ? "" : this.original().id; },
  baseFilesPath() { return `${this.collection().id}/${this.id}`; },
  customData() {
    const names = new Set(this.collection().fields.fieldNames());
    return Object.fromEntries(Object.entries(this.fieldsData()).filter(([name]) => !names.has(name)));
  },
  ignoreUnchangedFields() { return this; },
};
for (const [name, value] of Object.entries(methods)) {
  if (!(name in Record.prototype)) Object.defineProperty(Record.prototype, name, { value, configurable: true, writable: true });
}

const mailed = (kind, rest = () => ({})) => (...values) => {
  // The app comes first.
  if (!(values[0] instanceof Record)) values.shift();
  const [record, ...more] = values;
  if (!(record instanceof Record)) throw new TypeError("$mails needs a record of an auth collection");
  call("data.accountMail", ...accountOf(record), { kind, ...rest(...more) });
};
const $mails = {
  sendRecordVerification: mailed("verification"),
  sendRecordPasswordReset: mailed("passwordReset"),
  sendRecordChangeEmail: mailed("emailChange", (newEmail) => ({ newEmail: String(newEmail) })),
  sendRecordOTP: mailed("otp", (id, code) => ({ id: String(id), code: String(code) })),
  sendRecordAuthAlert: mailed("authAlert", (info) => ({ info: String(info ?? "") })),
};

Object.assign($security, {
  // As the original does: AES-256 in Galois mode, the nonce before what it hides, in base64.
  encrypt: (text, key) => call("security.encrypt", toString(text), String(key)),
  decrypt: (text, key) => call("security.decrypt", String(text), String(key)),
  randomStringByRegex: (pattern) => call("security.randomBy", String(pattern)),
});

const askedAs = (info) => ({
  method: info?.method ?? "", query: info?.query ?? {}, headers: info?.headers ?? {}, body: info?.body ?? {},
  auth: info?.auth instanceof Record ? accountOf(info.auth) : info?.auth ? [info.auth.collection, info.auth.data?.id] : null,
});
const belonging = (collection, expression) => (record) =>
  $app.findRecordsByFilter(collection, expression, "-created", 0, 0, { collection: record.collection().id, record: record.id });
const OWN = "collectionRef = {:collection} && recordRef = {:record}";
const removed = (find) => (record) => { for (const one of find(record)) $app.delete(one); };
const findFor = (collection) => ({
  byRecord: belonging(collection, OWN),
  byCollection: (of) => $app.findRecordsByFilter(collection, "collectionRef = {:id}", "-created", 0, 0, { id: of.id }),
});
const [externalAuths, mfas, otps, origins] = ["_externalAuths", "_mfas", "_otps", "_authOrigins"].map(findFor);
Object.assign($app, {
  findAuthRecordByToken(text, ...kinds) {
    const found = call("data.tokenHolder", String(text), kinds.flat());
    if (!found) throw notFound();
    return Record._of(found);
  },
  canAccessRecord: (record, info, rule) => call("data.passes", ...accountOf(record), rule ?? null, askedAs(info)),
  findAllExternalAuthsByRecord: externalAuths.byRecord,
  findAllExternalAuthsByCollection: externalAuths.byCollection,
  deleteAllExternalAuthsByRecord: removed(externalAuths.byRecord),
  findFirstExternalAuthByExpr(expression) {
    const found = new Record();
    $app.recordQuery("_externalAuths").andWhere(expression).one(found);
    return found;
  },
  findAllMFAsByRecord: mfas.byRecord,
  findAllMFAsByCollection: mfas.byCollection,
  findMFAById: (id) => $app.findRecordById("_mfas", id),
  deleteAllMFAsByRecord: removed(mfas.byRecord),
  findAllOTPsByRecord: otps.byRecord,
  findAllOTPsByCollection: otps.byCollection,
  findOTPById: (id) => $app.findRecordById("_otps", id),
  deleteAllOTPsByRecord: removed(otps.byRecord),
  findAllAuthOriginsByRecord: origins.byRecord,
  findAllAuthOriginsByCollection: origins.byCollection,
  findAuthOriginById: (id) => $app.findRecordById("_authOrigins", id),
  deleteAllAuthOriginsByRecord: removed(origins.byRecord),
});

// Shows records as the API would: what the caller may not see is left out.
function enrich(e, list, expands) {
  const info = e.requestInfo();
  const asked = String(info.query?.expand ?? "").split(",").map((path) => path.trim()).filter(Boolean);
  for (const record of list) {
    for (const path of [...asked, ...expands.flat()]) expandAs(record, path.split("."), info);
    if (record.collection().isAuth() && seesEmail(e, record, info)) record.ignoreEmailVisibility(true);
  }
}
function seesEmail(e, record, info) {
  if (e.hasSuperuserAuth()) return true;
  if (e.auth && e.auth.id === record.id && e.auth.collection().id === record.collection().id) return true;
  const rule = record.collection().manageRule;
  return Boolean(e.auth && rule && $app.canAccessRecord(record, info, rule));
}
function expandAs(record, [name, ...rest], info) {
  const field = record.collection().fields.getByName(name);
  if (field?.type !== "relation") return;
  const rule = $app.findCollectionByNameOrId(field.collectionId).viewRule;
  const found = $app.findRecordsByIds(field.collectionId, record.getStringSlice(name)).filter((one) => $app.canAccessRecord(one, info, rule));
  if (rest.length) for (const one of found) expandAs(one, rest, info);
  if (found.length) record.mergeExpand({ [name]: field.maxSelect > 1 ? found : found[0] });
}
Object.assign($apis, {
  enrichRecord: (e, record, ...expands) => enrich(e, [record], expands),
  enrichRecords: (e, list, ...expands) => enrich(e, list, expands),
  recordAuthResponse(e, record, authMethod, meta) {
    const { authRule, mfa } = record.collection();
    const info = { ...e.requestInfo(), auth: record };
    if (authRule === null || (authRule && !$app.canAccessRecord(record, info, authRule))) {
      throw new ForbiddenError("The request doesn't satisfy the collection requirements to authenticate.");
    }
    if (authMethod && mfa?.enabled) throw new Error("$apis.recordAuthResponse() knows no second factor: log in over the API");
    const text = record.newAuthToken();
    record.ignoreEmailVisibility(true);
    enrich(e, [record], []);
    return e.json(200, { token: text, record, ...(meta === undefined || meta === null ? {} : { meta }) });
  },
  static(folder, indexFallback) {
    const root = typeof folder === "string" ? folder : folder?.path ?? folder?.root ?? folder?.dir;
    if (typeof root !== "string") throw new TypeError("$apis.static() needs a folder");
    // A handler is its source, so what it serves has to stand there.
    return (0, eval)(`(e) => e._serve(${JSON.stringify(root)}, e.request.pathValue("path"), ${Boolean(indexFallback)})`);
  },
  bodyLimit: (bytes) => ({ guard: "none", bodyLimit: Number(bytes) }),
  skipSuccessActivityLog: () => ({ guard: "quiet" }),
});
