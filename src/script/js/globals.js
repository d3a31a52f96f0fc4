// What scripts can name. None of it is enumerable, so that what a handler leaves behind can be told apart.

const globals = {
  console: { log: say("info"), info: say("info"), debug: say("debug"), warn: say("warn"), error: say("error") },
  $app, $security, $os, $http, $apis, cronAdd, cronRemove, routerAdd, routerUse, Middleware, require, sleep,
  toString, toBytes, readerToString: toString, unmarshal, $filesystem, File, Blob,
  queueMicrotask: (run) => void Promise.resolve().then(run), setTimeout, clearTimeout, setInterval, clearInterval: clearTimeout,
  ApiError, ValidationError, BadRequestError: errorOf(400), UnauthorizedError: errorOf(401),
  ForbiddenError: errorOf(403), NotFoundError: errorOf(404), TooManyRequestsError: errorOf(429),
  InternalServerError: errorOf(500),
  Record, Collection, Field, FieldsList, DateTime, MailerMessage, DynamicModel, arrayOf, nullString, nullInt, nullFloat, nullBool, nullArray, nullObject,
  $dbx, $mails, $filepath, SubscriptionMessage, RequestInfo, Cookie, Context,
  migrate: (up, down) => register({ kind: "migration", handler: up ?? (() => {}), down: down ?? (() => {}) }),
};
for (const type of ["text", "number", "bool", "email", "url", "editor", "date", "autodate", "select", "file", "relation", "json", "password", "geoPoint"]) {
  const name = { url: "URL", json: "JSON" }[type] ?? type[0].toUpperCase() + type.slice(1);
  globals[`${name}Field`] = fieldOf(type);
}
const { BadRequestError, UnauthorizedError, ForbiddenError, NotFoundError, TooManyRequestsError, InternalServerError } = globals;
for (const name of __names.split(" ")) globals[name] = hook(name);
globals.__hooks = __folder;
for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
const WEB = [
  "fetch", "Headers", "Request", "Response", "URL", "URLSearchParams", "FormData", "TextEncoder", "TextDecoder",
  "AbortController", "AbortSignal",
];
// What few scripts need is made when the first one does.
const part = (name, names, ...known) => {
  let made;
  for (const one of names) {
    const get = () => (made ??= __native.part(name)(...known))[one];
    const set = (value) => Object.defineProperty(globalThis, one, { value, writable: true, configurable: true, enumerable: false });
    Object.defineProperty(globalThis, one, { get, set, configurable: true, enumerable: false });
  }
};
part("web", WEB, { call, begin, utf8, decoded, bytesOf, base64Of, Blob, File });
part("template", ["$template"], { call, decoded, Blob, atEnd });
return machine;
