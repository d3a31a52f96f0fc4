// Bytes and texts. PocketBase has bytes as lists of numbers, the web as typed arrays; both are taken.

const utf8 = (text) => __native.utf8(String(text).toWellFormed());
function bytesOf(value) {
  if (value === null || value === undefined) return new Uint8Array(0);
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof Blob) return value._bytes();
  return Array.isArray(value) ? Uint8Array.from(value) : utf8(value);
}
const base64Of = (value) => bytesOf(value).toBase64();
const decoded = (value, isStrict) => __native.text(base64Of(value), isStrict ?? false);
const areBytes = (value) =>
  value instanceof Uint8Array || value instanceof ArrayBuffer || value instanceof Blob ||
  (Array.isArray(value) && value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256));
function toBytes(value) { return Array.isArray(value) ? value : Array.from(bytesOf(areBytes(value) ? value : toString(value))); }
function toString(value) {
  if (value === null || value === undefined) return "";
  if (areBytes(value)) return decoded(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
