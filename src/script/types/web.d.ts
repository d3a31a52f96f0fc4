
// --- Waiting ------------------------------------------------------------------------------------

/** Timers that are pending when the handler is over are dropped: await what they are for. */
declare function setTimeout(run: (...values: any[]) => void, millis?: number, ...values: any[]): number;
declare function clearTimeout(timer?: number): void;
declare function setInterval(run: (...values: any[]) => void, millis?: number, ...values: any[]): number;
declare function clearInterval(timer?: number): void;
declare function queueMicrotask(run: () => void): void;

// --- Files --------------------------------------------------------------------------------------

declare class Blob {
  constructor(parts?: Iterable<any>, options?: { type?: string });
  readonly size: number;
  readonly type: string;
  slice(from?: number, to?: number, type?: string): Blob;
  text(): Promise<string>;
  bytes(): Promise<Uint8Array>;
  arrayBuffer(): Promise<ArrayBuffer>;
}
/** What a file field can be set to; `toString(file)` and `toBytes(file)` read it. */
declare class File extends Blob {
  constructor(parts: Iterable<any>, name: string, options?: { type?: string });
  readonly name: string;
  readonly originalName: string;
  readonly reader: File;
}
declare const $filesystem: {
  fileFromPath(path: string): File;
  fileFromBytes(bytes: Bytes, name: string): File;
  fileFromURL(url: string, seconds?: number): File;
};
/** The files of records, by keys like `${record.baseFilesPath()}/${record.get("avatar")}`. */
interface Filesystem {
  exists(key: string): boolean;
  attributes(key: string): { size: number; contentType: string };
  getReader(key: string): File;
  getFile(key: string): File;
  getReuploadableFile(key: string, preserveName?: boolean): File;
  upload(bytes: Bytes | File, key: string): void;
  uploadFile(file: File, key: string): void;
  copy(from: string, to: string): void;
  delete(key: string): void;
  serve(response: any, request: any, key: string, name?: string): void;
  close(): void;
}
interface App { newFilesystem(): Filesystem; }
interface FileEntry { name(): string; size(): number; isDir(): boolean; modTime(): DateTime; info(): FileEntry; }
declare const $os: {
  getenv(name: string): string;
  readFile(path: string): number[];
  writeFile(path: string, data: Bytes, mode?: number): void;
  readDir(path: string): FileEntry[];
  stat(path: string): FileEntry;
  mkdir(path: string, mode?: number): void;
  mkdirAll(path: string, mode?: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  removeAll(path: string): void;
  tempDir(): string;
  getwd(): string;
};

// --- Templates ----------------------------------------------------------------------------------

interface Renderer { render(data?: any): string; }
/** Go's templates. What `addFuncs` adds is there until the handler is over. */
declare const $template: {
  addFuncs(functions: { [name: string]: (...values: any[]) => any }): typeof $template;
  loadFiles(...paths: string[]): Renderer;
  loadString(text: string): Renderer;
};

// --- The web ------------------------------------------------------------------------------------

declare class Headers {
  constructor(init?: any);
  append(name: string, value: string): void;
  set(name: string, value: string): void;
  delete(name: string): void;
  get(name: string): string | null;
  has(name: string): boolean;
  getSetCookie(): string[];
  forEach(run: (value: string, name: string) => void): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}
interface Body {
  readonly bodyUsed: boolean;
  text(): Promise<string>;
  json(): Promise<any>;
  bytes(): Promise<Uint8Array>;
  arrayBuffer(): Promise<ArrayBuffer>;
  blob(): Promise<Blob>;
  formData(): Promise<FormData>;
}
interface RequestOptions {
  method?: string;
  headers?: any;
  body?: string | ArrayBuffer | ArrayBufferView | Blob | FormData | URLSearchParams | null;
  redirect?: "follow" | "manual" | "error";
  signal?: AbortSignal | null;
}
interface Request extends Body { readonly url: string; readonly method: string; readonly headers: Headers; clone(): Request; }
declare const Request: { new (input: string | URL | Request, options?: RequestOptions): Request };
interface Response extends Body {
  readonly status: number;
  readonly statusText: string;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly url: string;
  readonly redirected: boolean;
  clone(): Response;
}
declare const Response: {
  new (body?: any, options?: { status?: number; statusText?: string; headers?: any }): Response;
  json(data: any, options?: { status?: number; headers?: any }): Response;
};
/** Public addresses only. Redirects of GET alone are followed. */
declare function fetch(input: string | URL | Request, options?: RequestOptions): Promise<Response>;
declare class URLSearchParams {
  constructor(init?: any);
  readonly size: number;
  append(name: string, value: string): void;
  delete(name: string, value?: string): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string, value?: string): boolean;
  set(name: string, value: string): void;
  sort(): void;
  forEach(run: (value: string, name: string) => void): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  toString(): string;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}
declare class URL {
  constructor(url: string | URL, base?: string | URL);
  static canParse(url: string, base?: string): boolean;
  static parse(url: string, base?: string): URL | null;
  href: string; protocol: string; username: string; password: string; host: string; hostname: string; port: string;
  pathname: string; search: string; hash: string;
  readonly origin: string;
  readonly searchParams: URLSearchParams;
}
declare class FormData {
  append(name: string, value: any, file?: string): void;
  set(name: string, value: any, file?: string): void;
  delete(name: string): void;
  get(name: string): string | File | null;
  getAll(name: string): (string | File)[];
  has(name: string): boolean;
  keys(): string[];
  values(): (string | File)[];
  entries(): [string, string | File][];
}
declare class TextEncoder { readonly encoding: string; encode(text?: string): Uint8Array; }
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean });
  readonly encoding: string;
  readonly fatal: boolean;
  decode(bytes?: ArrayBuffer | ArrayBufferView): string;
}
declare class AbortSignal {
  static abort(reason?: any): AbortSignal;
  static timeout(millis: number): AbortSignal;
  static any(signals: AbortSignal[]): AbortSignal;
  readonly aborted: boolean;
  readonly reason: any;
  onabort: ((event: any) => void) | null;
  addEventListener(type: "abort", listener: (event: any) => void): void;
  removeEventListener(type: "abort", listener: (event: any) => void): void;
  throwIfAborted(): void;
}
declare class AbortController { readonly signal: AbortSignal; abort(reason?: any): void; }
