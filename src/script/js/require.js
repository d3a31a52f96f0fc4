// CommonJS. Modules of ECMAScript are the engine's; here they are what they export.

const modules = {};
function require(path) { return requireFrom("", path); }
function requireFrom(base, path) {
  const { name, kind, source } = taken(__native.find(base, String(path)));
  if (kind === "module") return __native.namespace(name);
  if (name in modules) return modules[name].exports;
  const module = (modules[name] = { exports: {} });
  try {
    if (kind === "json") module.exports = JSON.parse(source);
    else __compile(name, source)(module, module.exports, (next) => requireFrom(name, next));
  } catch (error) {
    delete modules[name];
    throw error;
  }
  return module.exports;
}
