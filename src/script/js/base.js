// The way to the host, and errors.

const call = (name, ...values) => {
  return taken(__host(name, values.length ? JSON.stringify(values) : ""));
};
// What the host says: nothing, JSON, or why not.
const taken = (answer) => {
  if (answer === "") return undefined;
  if (answer.charCodeAt(0) !== 33) return JSON.parse(answer);
  const { status, message, data, number } = JSON.parse(answer.slice(1));
  const error = new ApiError(status, message, data);
  error.number = number;
  throw error;
};

class ApiError extends Error {
  constructor(status, message, data) {
    super(message ?? "");
    this.name = "ApiError";
    this.status = status ?? 500;
    this.data = data ?? {};
  }
}
const errorOf = (status) => class extends ApiError { constructor(message, data) { super(status, message, data); } };
class ValidationError extends Error {
  constructor(code, message) {
    super(message ?? "");
    this.name = "ValidationError";
    this.code = code ?? "validation_invalid_value";
  }
  toJSON() { return { code: this.code, message: this.message }; }
}

function shown(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  try { return JSON.stringify(value) ?? String(value); } catch { return String(value); }
}
const say = (level) => (...values) => void call("log", level, values.map(shown).join(" "));
