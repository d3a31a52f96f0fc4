// $http.send.

const titled = (name) => name.replace(/(^|-)([a-z])/g, (letter) => letter.toUpperCase());
function cookieOf(line) {
  const [pair, ...attributes] = line.split(";").map((part) => part.trim());
  const at = pair.indexOf("=");
  const cookie = { name: pair.slice(0, at), value: pair.slice(at + 1), raw: line };
  for (const attribute of attributes) {
    const [key, value] = attribute.split("=");
    const known = { path: "path", domain: "domain", "max-age": "maxAge", secure: "secure", httponly: "httpOnly", expires: "rawExpires" }[key.toLowerCase()];
    if (known) cookie[known] = value === undefined ? true : known === "maxAge" ? Number(value) : value;
  }
  return cookie;
}
const $http = {
  send(options) {
    const headers = Object.entries(options.headers ?? {}).map(([name, value]) => [name, String(value)]);
    let body = options.data && Object.keys(options.data).length ? JSON.stringify(options.data) : options.body ?? "";
    if (body instanceof globalThis.FormData) {
      const { bytes, type } = body._encoded();
      headers.push(["content-type", type]);
      body = bytes;
    } else if (typeof body === "object" && !areBytes(body)) body = JSON.stringify(body);
    const wanted = { url: String(options.url ?? ""), method: String(options.method || "GET").toUpperCase(), headers, body: base64Of(body), seconds: options.timeout || 120 };
    const answer = call("http.send", wanted);
    const raw = __native.text(answer.body, false);
    const result = { statusCode: answer.status, headers: {}, cookies: {}, raw, json: null };
    for (const [name, value] of answer.headers) {
      (result.headers[titled(name)] ??= []).push(value);
      if (name === "set-cookie") {
        const cookie = cookieOf(value);
        result.cookies[cookie.name] = cookie;
      }
    }
    Object.defineProperty(result, "body", { enumerable: true, get: () => Array.from(Uint8Array.fromBase64(answer.body)) });
    try { result.json = JSON.parse(raw); } catch { /* It is none. */ }
    return result;
  },
};
