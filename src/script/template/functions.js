// How values are compared and shown, and the functions that templates have.

class Markup {
  constructor(html) { this.html = String(html ?? ""); }
  toString() { return this.html; }
}
const isPlain = (value) => Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null;
function isTrue(value) {
  if (value === null || value === undefined) return false;
  if (value instanceof Markup) return value.html !== "";
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return value.length > 0;
  if (typeof value === "object" && isPlain(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}
function textOf(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return `[${value.map((one) => (one === null || one === undefined ? "<nil>" : textOf(one))).join(" ")}]`;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object" && isPlain(value)) {
    return `map[${Object.keys(value).sort().map((key) => `${key}:${value[key] === null ? "<nil>" : textOf(value[key])}`).join(" ")}]`;
  }
  if (typeof value === "object" && value.toString === Object.prototype.toString) return JSON.stringify(value);
  return String(value);
}
const basic = (value) => (value !== null && typeof value === "object" ? textOf(value) : value ?? null);
function ordered(a, b) {
  [a, b] = [basic(a), basic(b)];
  if (typeof a !== typeof b || !["number", "string"].includes(typeof a)) throw new Error("values that cannot be compared");
  return a < b ? -1 : a > b ? 1 : 0;
}
function sizeOf(value) {
  if (typeof value === "string") return new Blob([value]).size;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return value.length;
  if (value !== null && typeof value === "object") return value instanceof Map ? value.size : Object.keys(value).length;
  throw new Error("len of a value that has none");
}
function indexed(value, ...keys) {
  for (const key of keys) {
    if (value === null || value === undefined) throw new Error("index of nil");
    if (Array.isArray(value) && !(key in value)) throw new Error(`index out of range: ${key}`);
    value = value instanceof Map ? value.get(key) : value[key];
  }
  return value;
}
function formatted(format, ...values) {
  let at = 0;
  const made = String(format).replace(/%([-+ 0#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g, (whole, flags, width, precision, verb) => {
    if (verb === "%") return "%";
    if (at >= values.length) return `%!${verb}(MISSING)`;
    const value = values[at++];
    let text;
    if (verb === "s" || verb === "v") text = precision === undefined ? textOf(value) : [...textOf(value)].slice(0, precision).join("");
    else if (verb === "d") text = String(Math.trunc(Number(value)));
    else if (verb === "f") text = Number(value).toFixed(precision ?? 6);
    else if (verb === "t") text = String(Boolean(value));
    else if (verb === "q") text = JSON.stringify(textOf(value));
    else if (verb === "x" || verb === "X") {
      text = Number(value).toString(16);
      if (verb === "X") text = text.toUpperCase();
    } else if (verb === "c") text = String.fromCodePoint(value);
    else throw new Error(`printf has no %${verb} here`);
    if (flags.includes("+") && "df".includes(verb) && Number(value) >= 0) text = `+${text}`;
    if (width === undefined) return text;
    if (flags.includes("-")) return text.padEnd(width);
    if (!flags.includes("0") || "svqt".includes(verb)) return text.padStart(width);
    const sign = /^[+-]/.exec(text)?.[0] ?? "";
    return sign + text.slice(sign.length).padStart(width - sign.length, "0");
  });
  return made;
}
const printed = (...values) => {
  // A space stands between two values neither of which is a text.
  let made = "";
  values.forEach((value, at) => {
    if (at && typeof value !== "string" && typeof values[at - 1] !== "string") made += " ";
    made += textOf(value);
  });
  return made;
};
const HTML = { '"': "&#34;", "&": "&amp;", "'": "&#39;", "+": "&#43;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd" };
const escapedHtml = (text) => text.replace(/["&'+<>\0]/g, (letter) => HTML[letter]);
const escapedScript = (text) =>
  text.replace(/[\0-\x1f"'`&<>+/\\\u2028\u2029]/g, (letter) => {
    const short = { "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "/": "\\/", "\\": "\\\\" }[letter];
    return short ?? `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });

const percented = (text) =>
  encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`).replace(/%[\dA-F]{2}/g, (code) => code.toLowerCase());

const BUILT_IN = {
  not: (value) => !isTrue(value),
  eq: (first, ...others) => others.some((other) => basic(first) === basic(other)),
  ne: (a, b) => basic(a) !== basic(b),
  lt: (a, b) => ordered(a, b) < 0,
  le: (a, b) => ordered(a, b) <= 0,
  gt: (a, b) => ordered(a, b) > 0,
  ge: (a, b) => ordered(a, b) >= 0,
  len: sizeOf,
  index: indexed,
  slice: (value, from, to) => value.slice(from, to),
  print: printed,
  println: (...values) => `${values.map(textOf).join(" ")}\n`,
  printf: formatted,
  html: (...values) => new Markup(escapedHtml(printed(...values))),
  js: (...values) => escapedScript(printed(...values)),
  urlquery: (...values) => percented(printed(...values)).replaceAll("%20", "+"),
  call: (run, ...values) => run(...values),
  raw: (text) => new Markup(textOf(text)),
};
// These look at a value only if they have to.
const LAZY = ["and", "or"];
