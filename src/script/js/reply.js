// More of what handlers get: answers of other kinds, and members of single events.

const more = {
  // What middleware of everything is around.
  _pass() { this._flush(); call("e.next"); },
  _serve(root, path, indexFallback) {
    const parts = String(path ?? "").split("/").map(encodeURIComponent).join("/");
    call("res.file", root, `/${parts}`, Boolean(indexFallback));
  },
  fileFS(folder, name) {
    const root = typeof folder === "string" ? folder : folder?.path ?? folder?.root ?? folder?.dir;
    if (typeof root !== "string") throw new TypeError("fileFS() needs a folder");
    this._serve(root, name, false);
  },
  stream(status, type, reader) {
    call("res", status, type, typeof reader === "string" ? reader : { base64: base64Of(areBytes(reader) ? reader : toBytes(reader)) });
  },
  setCookie(cookie) {
    const parts = [`${cookie.name}=${cookie.value ?? ""}`];
    const add = (name, value) => { if (value) parts.push(value === true ? name : `${name}=${value}`); };
    add("Path", cookie.path);
    add("Domain", cookie.domain);
    add("Max-Age", cookie.maxAge > 0 ? String(cookie.maxAge) : cookie.maxAge < 0 ? "0" : "");
    add("HttpOnly", cookie.httpOnly);
    add("Secure", cookie.secure);
    add("SameSite", ["", "", "Lax", "Strict", "None"][cookie.sameSite] ?? cookie.sameSite);
    call("res.header", "set-cookie", parts.join("; "));
  },
  written() { return call("res.status") > 0; },
  status() { return call("res.status"); },
  isTLS() { return (this.requestInfo().headers?.x_forwarded_proto ?? "") === "https"; },
  flush() {},
};
for (const [name, value] of Object.entries(more)) {
  if (!Object.hasOwn(Event.prototype, name)) Object.defineProperty(Event.prototype, name, { value, configurable: true, writable: true });
}
const answered = Event.prototype.error;
Object.defineProperty(Event.prototype, "error", {
  configurable: true,
  // What went wrong, in hooks after errors; else what makes an error.
  get() {
    const failure = call("e.get", "error");
    if (!failure) return answered;
    const error = new ApiError(failure.status, failure.message, failure.data);
    return Object.assign(error, { error: () => error.message });
  },
});
Object.defineProperty(Event.prototype, "client", {
  configurable: true,
  get() {
    const id = call("e.get", "clientId");
    return id ? broker.clients()[id] ?? clientOf({ id, topics: [], auth: null }) : null;
  },
});
