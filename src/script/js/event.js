// What handlers get, and how they are called.

const MEMBERS = [
  "identity", "password", "otp", "newEmail", "token", "meta", "authMethod", "message", "name", "type",
  "subscriptions", "topic", "data", "servedName", "newSettings", "address", "action", "definition",
  "settings", "batch", "collectionsData", "deleteMissing", "clientId", "identityField", "provider", "otpId",
];

class Headers {
  #all;
  constructor(all) { this.#all = all; }
  get(name) { return this.#all[name.toLowerCase().replaceAll("-", "_")] ?? ""; }
}
class Query {
  #all;
  constructor(all) { this.#all = all; }
  get(name) { return this.#all[name] ?? ""; }
  has(name) { return name in this.#all; }
}

class Event {
  #record;
  #collection;
  #collectionText;
  #auth;
  #info;
  #members = new Map();
  #own = {};
  _after = [];
  next() {
    this._flush();
    call("e.next");
    this.#record?._forget();
    this.#members.clear();
  }
  // Tells the host what the handler changed.
  _flush() {
    if (this.#record) {
      const changes = this.#record._takeDirty();
      if (changes) call("e.setRecord", changes);
      const shown = this.#record._shown();
      if (shown) call("e.show", shown);
    }
    if (this.#collection) {
      const text = JSON.stringify(this.#collection);
      if (text !== this.#collectionText) {
        this.#collectionText = text;
        call("e.setCollection", this.#collection);
      }
    }
    for (const [name, member] of this.#members) {
      const text = JSON.stringify(member.value);
      if (text !== member.text) {
        member.text = text;
        call("e.set", name, member.value);
      }
    }
  }
  _member(name) {
    let member = this.#members.get(name);
    if (!member) {
      const value = call("e.get", name) ?? null;
      this.#members.set(name, (member = { value, text: JSON.stringify(value) }));
    }
    return member;
  }
  get app() { return $app; }
  get record() {
    if (this.#record === undefined) {
      let first = call("e.record");
      const ask = () => {
        const answer = first ?? call("e.record");
        first = undefined;
        return answer;
      };
      this.#record = first ? new Record(LAZY, ask) : null;
    }
    return this.#record;
  }
  get model() { return this.record ?? this.collection; }
  get collection() {
    if (this.#collection === undefined) {
      const data = call("e.collection");
      this.#collection = data ? new Collection(data) : null;
      this.#collectionText = JSON.stringify(this.#collection);
    }
    return this.#collection;
  }
  get auth() { return (this.#auth ??= this.requestInfo().auth); }
  hasSuperuserAuth() { return this.requestInfo().isSuperuser === true; }
  isGuest() { return !this.auth; }
  // What rules see of the request: a function, whose members are those of what it returns.
  get requestInfo() {
    if (!this.#info) {
      const info = call("e.info") ?? { query: {}, headers: {}, body: {}, auth: null };
      info.auth = Record._of(info.auth) ?? null;
      const own = { hasSuperuserAuth: () => info.isSuperuser === true, clone: () => ({ ...info }) };
      for (const [name, value] of Object.entries(own)) Object.defineProperty(info, name, { value });
      this.#info = Object.assign(() => info, info, own);
    }
    return this.#info;
  }
  get request() {
    const info = this.requestInfo();
    return {
      method: info.method, header: new Headers(info.headers), remoteAddr: info.remote ?? "",
      url: { path: info.path ?? "", query: () => new Query(info.query) },
      pathValue: (name) => info.params?.[name] ?? "",
    };
  }
  realIP() { return this.requestInfo().ip ?? ""; }
  remoteIP() { return this.requestInfo().remote ?? ""; }
  get(name) { return this.#own[name] ?? null; }
  set(name, value) { this.#own[name] = value; }
  getAll() { return { ...this.#own }; }
  setAll(values) { this.#own = { ...values }; }
  bindBody(target) {
    const body = this.requestInfo().body;
    for (const key of Object.keys(target)) if (key in body) target[key] = body[key];
    if (Object.keys(target).length === 0) Object.assign(target, body);
  }
  get response() { return { header: () => ({ set: (name, value) => void call("res.header", name, String(value)) }) }; }
  json(status, data) { call("res", status, "application/json", JSON.stringify(data ?? null)); }
  string(status, text) { call("res", status, "text/plain; charset=utf-8", String(text)); }
  html(status, text) { call("res", status, "text/html; charset=utf-8", String(text)); }
  xml(status, text) { call("res", status, "application/xml; charset=utf-8", String(text)); }
  blob(status, type, bytes) { call("res", status, type, { base64: base64Of(bytes) }); }
  noContent(status) { call("res", status ?? 204, "", ""); }
  redirect(status, url) {
    call("res.header", "location", String(url));
    call("res", status ?? 302, "", "");
  }
  error(status, message, data) { return new ApiError(status, message, data); }
  badRequestError(message, data) { return new BadRequestError(message, data); }
  notFoundError(message, data) { return new NotFoundError(message, data); }
  forbiddenError(message, data) { return new ForbiddenError(message, data); }
  unauthorizedError(message, data) { return new UnauthorizedError(message, data); }
  tooManyRequestsError(message, data) { return new TooManyRequestsError(message, data); }
  internalServerError(message, data) { return new InternalServerError(message, data); }
}
for (const name of MEMBERS) {
  Object.defineProperty(Event.prototype, name, {
    get() { return this._member(name).value; },
    set(value) { this._member(name).value = value; },
  });
}

const $apis = {
  requireAuth: (...collections) => ({ guard: "auth", collections }),
  requireSuperuserAuth: () => ({ guard: "superuser" }),
  requireGuestOnly: () => ({ guard: "guest" }),
  requireSuperuserOrOwnerAuth: (parameter) => ({ guard: "owner", parameter: parameter ?? "id" }),
  // Answers are compressed anyway.
  gzip: () => ({ guard: "none" }),
};
function guarded(e, { guard, collections, parameter }) {
  const auth = e.auth;
  if (guard === "guest" && auth) throw new BadRequestError("The request can be accessed only by guests.");
  if (guard === "quiet") call("res.quiet");
  if (["none", "quiet", "guest"].includes(guard)) return;
  if (!auth) throw new UnauthorizedError("The request requires valid record authorization token.");
  if (e.hasSuperuserAuth() && guard !== "auth") return;
  if (guard === "superuser") throw new ForbiddenError("The authorized record is not allowed to perform this action.");
  if (guard === "owner" && auth.id !== e.request.pathValue(parameter)) throw new ForbiddenError();
  if (collections?.length && !collections.includes(auth.collection().name)) {
    throw new ForbiddenError("The authorized record is not allowed to perform this action.");
  }
}

// Handlers as they were registered, for the one that reads the files.
const registered = [];
function register(entry) {
  if (!loading) throw new Error("handlers can only be added while the files are read");
  registered.push(entry);
}
const sourceOf = (handler) => {
  if (typeof handler !== "function") throw new TypeError("a handler has to be a function");
  const { lineNumber: line, columnNumber: column, fileName: file } = handler;
  return { source: Function.prototype.toString.call(handler), line, column, file };
};
let loading = false;
const hook = (name) => (handler, ...tags) => register({ kind: "hook", name, tags, handler });
const routerAdd = (method, path, handler, ...middleware) =>
  register({ kind: "route", method: method.toUpperCase(), path, handler, guards: guardsOf(middleware) });
const guardsOf = (middleware) =>
  middleware.map((one) => {
    if (one?.guard) return one;
    return typeof one === "function" ? sourceOf(one) : { ...sourceOf(one.func), priority: one.priority ?? 0 };
  });
class Middleware { constructor(func, priority, id) { Object.assign(this, { func, priority, id }); } }
const routerUse = (...middleware) => {
  for (const guard of guardsOf(middleware)) register({ kind: "use", handler: null, guards: [guard] });
};

// One handler after the other: what a route's middleware is around.
function steps(e, list) {
  const [first, ...rest] = list;
  if (rest.length === 0) return first(e);
  if (typeof first !== "function") {
    guarded(e, first);
    return steps(e, rest);
  }
  const before = e.next;
  e.next = () => {
    e.next = before;
    const outcome = steps(e, rest);
    // Middleware that does not wait for what it is around does not end the call before that.
    if (outcome instanceof Promise) e._after.push(outcome);
    return outcome;
  };
  return first(e);
}

// A failure as the host reads it.
function failure(error) {
  const own = error instanceof ApiError;
  return JSON.stringify({
    status: own ? error.status : 0, message: own ? error.message : "", data: own ? error.data : {},
    number: error?.number ?? null, cause: own ? "" : String(error?.message ?? error), name: error?.name ?? "",
    stack: error instanceof Error ? String(error.stack) : "",
  });
}
const handlers = [];
const machine = {
  begin: () => { loading = true; return ""; },
  registrations() {
    loading = false;
    return JSON.stringify(registered.map(({ handler, ...entry }) => ({ ...entry, ...(handler ? sourceOf(handler) : {}) })));
  },
  define: (number, list) => { handlers[number] = list; },
  has: (number) => number in handlers,
  run(number) {
    // A call that broke off did not come to its end.
    for (const left of [rejected, timers, errands]) left.clear();
    const e = new Event();
    try {
      const list = handlers[number];
      const outcome = list.length === 1 ? list[0](e) : steps(e, list);
      return outcome instanceof Promise || e._after.length ? settled(e, outcome) : ended(e, outcome);
    } catch (error) {
      return failure(error);
    }
  },
  // The call is over: nothing of it is left for the next one.
  end() {
    for (const reason of rejected.values()) call("log", "error", `a rejection that nobody handled: ${told(reason)}`);
    rejected.clear();
    timers.clear();
    errands.clear();
    for (const run of atEnd) run();
    for (const name in globalThis) delete globalThis[name];
  },
  failure,
  rejection,
  turn,
  answer,
  migrations() {
    loading = false;
    const other = registered.find((entry) => entry.kind !== "migration");
    if (other) throw new Error(`${other.name ?? other.kind} cannot be used in a migration`);
    return "";
  },
  // Those of one file: up (0) in their order, or down (1) backwards.
  migrate(way) {
    const ways = registered.map((entry) => (way === 0 ? entry.handler : entry.down));
    if (way === 1) ways.reverse();
    const go = (at) => {
      for (; at < ways.length; at++) {
        const outcome = ways[at]($app);
        const next = at + 1;
        if (outcome instanceof Promise) return outcome.then(() => go(next));
      }
      return "";
    };
    try {
      const outcome = go(0);
      return outcome instanceof Promise ? outcome.catch(failure) : outcome;
    } catch (error) {
      return failure(error);
    }
  },
};

// How a call ends: with nothing, or with a failure.
function ended(e, outcome) {
  e._flush();
  return outcome instanceof ApiError ? failure(outcome) : "";
}
async function settled(e, outcome) {
  try {
    outcome = await outcome;
    for (const inner of e._after) {
      // What failed before and is not among the rejected was handled by somebody.
      if (rejected.has(inner) || __native.isPending(inner)) await inner;
    }
    return ended(e, outcome);
  } catch (error) {
    return failure(error);
  }
}
