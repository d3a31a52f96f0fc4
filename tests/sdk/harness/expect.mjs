// Assertions on what the API answers.

import assert from "node:assert/strict";

/// Stands for codes that a test says nothing about.
export const ANY = Symbol("any codes");

/// Asserts that a call is refused with `status` and exactly these codes, keyed by dotted field path.
export async function refused(call, status, codes = {}) {
  const error = await call.then(
    (answer) => assert.fail(`expected ${status}, got an answer: ${JSON.stringify(answer)}`),
    (reason) => reason,
  );
  assert.equal(error.status, status, `${error} ${JSON.stringify(error.response)}`);
  assert.deepEqual(Object.keys(error.response).sort(), ["data", "message", "status"]);
  assert.equal(error.response.status, status);
  assert.notEqual(error.response.message, "");
  if (codes !== ANY) assert.deepEqual(codesOf(error.response.data), codes, JSON.stringify(error.response));
  return error.response;
}

/// `{fields: {2: {name: {code, message}}}}` as `{"fields.2.name": code}`.
export function codesOf(data, prefix = "") {
  return Object.entries(data).reduce((codes, [key, value]) => {
    const path = prefix + key;
    const leaf = typeof value.code === "string";
    return { ...codes, ...(leaf ? { [path]: value.code } : codesOf(value, `${path}.`)) };
  }, {});
}

export const DATE = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}Z$/;
export const ID = /^[a-z0-9]{15}$/;
