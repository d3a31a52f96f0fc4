// $filepath: paths as texts. Nothing is looked up.

const cleanPath = (path) => {
  const isAbsolute = path.startsWith("/");
  const parts = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || !isAbsolute) parts.push(part);
  }
  return (isAbsolute ? "/" : "") + parts.join("/") || ".";
};
const lastSlash = (path) => path.lastIndexOf("/") + 1;
const $filepath = {
  base(path) {
    if (path === "") return ".";
    const bare = path.replace(/\/+$/, "");
    return bare === "" ? "/" : bare.slice(lastSlash(bare));
  },
  clean: cleanPath,
  dir: (path) => cleanPath(path.slice(0, lastSlash(path))),
  ext(path) {
    const base = path.slice(lastSlash(path));
    const dot = base.lastIndexOf(".");
    return dot < 0 ? "" : base.slice(dot);
  },
  isAbs: (path) => path.startsWith("/"),
  join: (...parts) => {
    const some = parts.filter((part) => part !== "");
    return some.length ? cleanPath(some.join("/")) : "";
  },
  rel(base, target) {
    const [from, to] = [cleanPath(base), cleanPath(target)].map((path) => path.split("/").filter((part) => part !== "" && part !== "."));
    if (base.startsWith("/") !== target.startsWith("/")) throw new Error(`Rel: can't make ${target} relative to ${base}`);
    let same = 0;
    while (same < from.length && from[same] === to[same]) same += 1;
    return [...from.slice(same).map(() => ".."), ...to.slice(same)].join("/") || ".";
  },
  split: (path) => [path.slice(0, lastSlash(path)), path.slice(lastSlash(path))],
  splitList: (list) => (list === "" ? [] : list.split(":")),
  toSlash: (path) => path,
  fromSlash: (path) => path,
};
