// Files: those of the machine, those of records, and those that are to become some.

class Blob {
  #bytes;
  constructor(parts, options) {
    const all = [...(parts ?? [])].map(bytesOf);
    this.#bytes = new Uint8Array(all.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of all) {
      this.#bytes.set(part, at);
      at += part.length;
    }
    this.type = options?.type ?? "";
  }
  get size() { return this.#bytes.length; }
  _bytes() { return this.#bytes; }
  slice(from, to, type) { return new Blob([this.#bytes.slice(from, to)], { type }); }
  async text() { return decoded(this.#bytes); }
  async bytes() { return this.#bytes.slice(); }
  async arrayBuffer() { return this.#bytes.slice().buffer; }
}
// What a file field can be set to.
class File extends Blob {
  constructor(parts, name, options) {
    super(parts, options);
    this.name = this.originalName = String(name ?? "");
  }
  get reader() { return this; }
  open() { return this; }
  close() {}
  toJSON() { return this.name; }
}
// How a value of a record goes to the host.
function sent(value) {
  if (value instanceof File) return { name: value.originalName, base64: base64Of(value) };
  return Array.isArray(value) && value.some((one) => one instanceof File) ? value.map(sent) : value;
}
const hasFile = (value) => value instanceof File || (Array.isArray(value) && value.some((one) => one instanceof File));
const baseName = (path) => String(path).replace(/\/+$/, "").replace(/^.*\//, "");
const fromBase64 = (text) => Uint8Array.fromBase64(text);

const $filesystem = {
  fileFromPath: (path) => new File([fromBase64(call("os.readFile", String(path)))], baseName(path)),
  fileFromBytes: (bytes, name) => new File([bytes], name),
  fileFromURL(url, seconds) {
    const answer = call("http.send", { url: String(url), method: "GET", headers: [], body: "", seconds: seconds || 120 });
    if (answer.status >= 400) throw new Error(`failed to download ${url}: status ${answer.status}`);
    return new File([fromBase64(answer.body)], decodeURIComponent(baseName(String(url).replace(/[?#].*$/, ""))));
  },
};

// Where the files of records are. Keys are `collectionId/recordId/name`.
class Filesystem {
  exists(key) { return call("files.exists", String(key)); }
  attributes(key) {
    const { size, type } = call("files.read", String(key), true);
    return { size, contentType: type };
  }
  getReader(key) {
    const { content, type } = call("files.read", String(key), false);
    return new File([fromBase64(content)], baseName(key), { type });
  }
  getFile(key) { return this.getReader(key); }
  getReuploadableFile(key) { return this.getReader(key); }
  upload(bytes, key) { call("files.write", String(key), base64Of(bytes)); }
  uploadFile(file, key) { this.upload(file, key); }
  copy(from, to) { this.upload(this.getReader(from), to); }
  delete(key) { call("files.remove", String(key)); }
  serve(response, request, key, name) {
    const { content, type } = call("files.read", String(key), false);
    const quoted = String(name ?? baseName(key)).replaceAll(/["\\\r\n]/g, "_");
    call("res.header", "content-disposition", `${/^(image|video|audio)\/(?!svg)/.test(type) ? "inline" : "attachment"}; filename="${quoted}"`);
    call("res", 200, type, { base64: content });
  }
  close() {}
}

const entryOf = ({ name, size, isDir, modified }) => ({
  name: () => name, size: () => size, isDir: () => isDir, modTime: () => new DateTime(modified), info: () => entryOf({ name, size, isDir, modified }),
});
const $os = {
  getenv: (name) => call("os.getenv", String(name)),
  readFile: (path) => Array.from(fromBase64(call("os.readFile", String(path)))),
  writeFile: (path, data) => void call("os.writeFile", String(path), base64Of(data)),
  readDir: (path) => call("os.readDir", String(path)).map(entryOf),
  stat: (path) => entryOf(call("os.stat", String(path))),
  mkdir: (path) => void call("os.mkdir", String(path)),
  mkdirAll: (path) => void call("os.mkdirAll", String(path)),
  rename: (from, to) => void call("os.rename", String(from), String(to)),
  remove: (path) => void call("os.remove", String(path)),
  removeAll: (path) => void call("os.removeAll", String(path)),
  tempDir: () => call("os.tempDir"),
  getwd: () => call("os.getwd"),
  cmd: () => { throw new Error("programs cannot be run from scripts"); },
  exec: () => $os.cmd(),
};
