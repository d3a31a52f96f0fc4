(function (known) {
"use strict";
const { call, begin, utf8, decoded, bytesOf, base64Of, Blob, File } = known;
// What browsers have for talking with servers. Made when a script first names any of it.

class Headers {
  #list = [];
  constructor(init) {
    if (init instanceof Headers || Array.isArray(init)) for (const [name, value] of init) this.append(name, value);
    else for (const name of Object.keys(init ?? {})) this.append(name, init[name]);
  }
  append(name, value) { this.#list.push([String(name).toLowerCase(), String(value).trim()]); }
  set(name, value) {
    this.delete(name);
    this.append(name, value);
  }
  delete(name) { this.#list = this.#list.filter(([known]) => known !== String(name).toLowerCase()); }
  has(name) { return this.get(name) !== null; }
  get(name) {
    const found = this.#list.filter(([known]) => known === String(name).toLowerCase());
    return found.length ? found.map(([, value]) => value).join(", ") : null;
  }
  getSetCookie() { return this.#list.filter(([name]) => name === "set-cookie").map(([, value]) => value); }
  *entries() {
    const names = [...new Set(this.#list.map(([name]) => name))].sort();
    for (const name of names) {
      if (name === "set-cookie") for (const value of this.getSetCookie()) yield [name, value];
      else yield [name, this.get(name)];
    }
  }
  *keys() { for (const [name] of this.entries()) yield name; }
  *values() { for (const [, value] of this.entries()) yield value; }
  forEach(run) { for (const [name, value] of this.entries()) run(value, name, this); }
  [Symbol.iterator]() { return this.entries(); }
}

class URLSearchParams {
  #list = [];
  #changed;
  constructor(init, changed) {
    this.#changed = changed;
    if (typeof init === "string") this.#list = call("url.query", init.replace(/^\?/, ""));
    else if (init?.[Symbol.iterator]) this.#list = [...init].map(([name, value]) => [String(name), String(value)]);
    else this.#list = Object.entries(init ?? {}).map(([name, value]) => [name, String(value)]);
  }
  #put(list) {
    this.#list = list;
    this.#changed?.(this.toString());
  }
  get size() { return this.#list.length; }
  append(name, value) { this.#put([...this.#list, [String(name), String(value)]]); }
  delete(name, value) {
    this.#put(this.#list.filter(([n, v]) => n !== String(name) || (value !== undefined && v !== String(value))));
  }
  get(name) { return this.#list.find(([n]) => n === String(name))?.[1] ?? null; }
  getAll(name) { return this.#list.filter(([n]) => n === String(name)).map(([, value]) => value); }
  has(name, value) { return this.#list.some(([n, v]) => n === String(name) && (value === undefined || v === String(value))); }
  set(name, value) {
    const at = this.#list.findIndex(([n]) => n === String(name));
    if (at < 0) return this.append(name, value);
    const others = this.#list.filter(([n], index) => index === at || n !== String(name));
    this.#put(others.map((pair) => (pair[0] === String(name) ? [pair[0], String(value)] : pair)));
  }
  sort() { this.#put([...this.#list].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))); }
  forEach(run) { for (const [name, value] of this.#list) run(value, name, this); }
  entries() { return this.#list.values(); }
  *keys() { for (const [name] of this.#list) yield name; }
  *values() { for (const [, value] of this.#list) yield value; }
  [Symbol.iterator]() { return this.entries(); }
  toString() { return call("url.form", this.#list); }
}

class URL {
  #parts;
  #query;
  constructor(text, base) { this.#take(call("url.parse", String(text), base === undefined ? null : String(base)), text); }
  #take(parts, text) {
    if (!parts) throw new TypeError(`Invalid URL: ${text}`);
    this.#parts = parts;
  }
  static canParse(text, base) { return call("url.parse", String(text), base === undefined ? null : String(base)) !== undefined; }
  static parse(text, base) { return URL.canParse(text, base) ? new URL(text, base) : null; }
  get href() { return this.#parts.href; }
  set href(text) {
    this.#take(call("url.parse", String(text), null), text);
    this.#query = undefined;
  }
  get origin() { return this.#parts.origin; }
  get searchParams() {
    return (this.#query ??= new URLSearchParams(this.#parts.search, (text) => (this.#parts = call("url.set", this.href, "search", text))));
  }
  _set(name, value) {
    this.#parts = call("url.set", this.href, name, String(value));
    if (name === "search") this.#query = undefined;
  }
  _get(name) { return this.#parts[name]; }
  toString() { return this.href; }
  toJSON() { return this.href; }
}
for (const name of ["protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"]) {
  Object.defineProperty(URL.prototype, name, {
    get() { return this._get(name); },
    set(value) { this._set(name, value); },
  });
}

class FormData {
  #list = [];
  static _of(list) {
    const form = new FormData();
    form.#list = list;
    return form;
  }
  #pair(name, value, file) {
    if (value instanceof Blob && !(value instanceof File)) value = new File([value], file ?? "blob", { type: value.type });
    else if (value instanceof File && file !== undefined) value = new File([value], file, { type: value.type });
    return [String(name), value instanceof File ? value : String(value)];
  }
  append(name, value, file) { this.#list.push(this.#pair(name, value, file)); }
  set(name, value, file) {
    this.delete(name);
    this.append(name, value, file);
  }
  delete(name) { this.#list = this.#list.filter(([known]) => known !== String(name)); }
  get(name) { return this.#list.find(([known]) => known === String(name))?.[1] ?? null; }
  getAll(name) { return this.#list.filter(([known]) => known === String(name)).map(([, value]) => value); }
  has(name) { return this.#list.some(([known]) => known === String(name)); }
  // Lists, as PocketBase has them; they can be iterated as those of browsers can.
  keys() { return this.#list.map(([name]) => name); }
  values() { return this.#list.map(([, value]) => value); }
  entries() { return this.#list.map((pair) => [...pair]); }
  forEach(run) { for (const [name, value] of this.#list) run(value, name, this); }
  [Symbol.iterator]() { return this.entries().values(); }
  _encoded() {
    const boundary = `----haversack${call("security.random", 24, "")}`;
    const quoted = (text) => text.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
    const parts = [];
    for (const [name, value] of this.#list) {
      const file = value instanceof File ? `; filename="${quoted(value.originalName)}"\r\nContent-Type: ${value.type || "application/octet-stream"}` : "";
      parts.push(`--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"${file}\r\n\r\n`, value, "\r\n");
    }
    parts.push(`--${boundary}--\r\n`);
    return { bytes: new Blob(parts)._bytes(), type: `multipart/form-data; boundary=${boundary}` };
  }
}

class TextEncoder {
  get encoding() { return "utf-8"; }
  encode(text) { return utf8(text ?? ""); }
}
class TextDecoder {
  #isStrict;
  constructor(label, options) {
    if (!/^(unicode-1-1-)?utf-?8$/i.test(label ?? "utf-8")) throw new RangeError(`${label} is not supported: only utf-8 is`);
    this.#isStrict = Boolean(options?.fatal);
  }
  get encoding() { return "utf-8"; }
  get fatal() { return this.#isStrict; }
  decode(value) {
    const text = decoded(value ?? "", this.#isStrict);
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

class AbortError extends Error {
  constructor(message, name) {
    super(message);
    this.name = name ?? "AbortError";
  }
}
class AbortSignal {
  aborted = false;
  reason = undefined;
  onabort = null;
  #listeners = [];
  static abort(reason) {
    const signal = new AbortSignal();
    signal._abort(reason);
    return signal;
  }
  static timeout(millis) {
    const signal = new AbortSignal();
    setTimeout(() => signal._abort(new AbortError("The time was up.", "TimeoutError")), millis);
    signal._millis = millis;
    return signal;
  }
  static any(signals) {
    const signal = new AbortSignal();
    for (const one of signals) {
      if (one.aborted) signal._abort(one.reason);
      else one.addEventListener("abort", () => signal._abort(one.reason));
    }
    return signal;
  }
  _abort(reason) {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason ?? new AbortError("This operation was aborted.");
    const event = { type: "abort", target: this };
    this.onabort?.(event);
    for (const listener of this.#listeners.splice(0)) listener(event);
  }
  addEventListener(type, listener) { if (type === "abort") this.#listeners.push(listener); }
  removeEventListener(type, listener) { this.#listeners = this.#listeners.filter((one) => one !== listener); }
  throwIfAborted() { if (this.aborted) throw this.reason; }
}
class AbortController {
  signal = new AbortSignal();
  abort(reason) { this.signal._abort(reason); }
}

// What a request or a response carries, with the type that it has by itself.
function carried(body) {
  if (body === null || body === undefined) return { bytes: null, type: null };
  if (body instanceof FormData) return body._encoded();
  if (body instanceof URLSearchParams) return { bytes: utf8(body.toString()), type: "application/x-www-form-urlencoded;charset=UTF-8" };
  if (body instanceof Blob) return { bytes: bytesOf(body), type: body.type || null };
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return { bytes: bytesOf(body).slice(), type: null };
  return { bytes: utf8(String(body)), type: "text/plain;charset=UTF-8" };
}
class Body {
  #bytes;
  bodyUsed = false;
  constructor(bytes) { this.#bytes = bytes; }
  get _bytes() { return this.#bytes; }
  #take() {
    if (this.bodyUsed) throw new TypeError("the body was read already");
    this.bodyUsed = this.#bytes !== null;
    return this.#bytes ?? new Uint8Array(0);
  }
  async bytes() { return this.#take(); }
  async arrayBuffer() { return this.#take().slice().buffer; }
  async text() { return new TextDecoder().decode(this.#take()); }
  async json() { return JSON.parse(await this.text()); }
  async blob() { return new Blob([this.#take()], { type: this.headers.get("content-type") ?? "" }); }
  async formData() {
    const type = this.headers.get("content-type") ?? "";
    if (!type.startsWith("application/x-www-form-urlencoded")) throw new TypeError("the body is no form that can be read");
    return FormData._of([...new URLSearchParams(await this.text())]);
  }
}
class Request extends Body {
  constructor(input, init = {}) {
    const from = input instanceof Request ? input : null;
    const { bytes, type } = init.body === undefined && from ? { bytes: from._bytes, type: null } : carried(init.body);
    super(bytes);
    this.url = from ? from.url : String(input);
    this.method = String(init.method ?? from?.method ?? "GET").toUpperCase();
    this.headers = new Headers(init.headers ?? from?.headers);
    if (type && !this.headers.has("content-type")) this.headers.set("content-type", type);
    this.signal = init.signal ?? from?.signal ?? null;
    this.redirect = init.redirect ?? from?.redirect ?? "follow";
    if (bytes && (this.method === "GET" || this.method === "HEAD")) throw new TypeError(`a ${this.method} request has no body`);
  }
  clone() { return new Request(this); }
}
class Response extends Body {
  constructor(body, init = {}) {
    const { bytes, type } = carried(body);
    super(bytes);
    this.status = init.status ?? 200;
    this.statusText = init.statusText ?? "";
    this.headers = new Headers(init.headers);
    if (type && !this.headers.has("content-type")) this.headers.set("content-type", type);
    this.url = init.url ?? "";
    this.redirected = init.redirected ?? false;
    this.type = "default";
  }
  get ok() { return this.status >= 200 && this.status < 300; }
  static json(data, init = {}) {
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new Response(JSON.stringify(data), { ...init, headers });
  }
  clone() {
    if (this.bodyUsed) throw new TypeError("the body was read already");
    return new Response(this._bytes, this);
  }
}

async function fetch(input, init) {
  const request = new Request(input, init);
  const { signal } = request;
  signal?.throwIfAborted();
  const wanted = {
    url: request.url, method: request.method, headers: [...request.headers], redirect: request.redirect,
    body: request._bytes ? base64Of(request._bytes) : "", seconds: signal?._millis === undefined ? null : signal._millis / 1000,
  };
  const coming = begin("fetch", wanted).then(
    (answer) => {
      if (answer.status >= 300 && answer.status < 400 && request.redirect === "error") throw new TypeError("fetch failed: the answer is a redirect");
      const { status, headers, url, redirected } = answer;
      return new Response(answer.body === "" ? null : Uint8Array.fromBase64(answer.body), { status, headers, url, redirected });
    },
    (error) => {
      throw Object.assign(new TypeError(`fetch failed: ${error.message}`), { cause: error });
    },
  );
  if (!signal) return coming;
  return Promise.race([coming, new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))]);
}

return { fetch, Headers, Request, Response, URL, URLSearchParams, FormData, TextEncoder, TextDecoder, AbortController, AbortSignal };
})
