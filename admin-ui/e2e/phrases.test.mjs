// The catalogues of phrases. That none is missing is for the compiler to say; this says that none is too many or wrong.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const SOURCE = new URL("../src/", import.meta.url).pathname;
const ENTRY = /^ {2}("(?:[^"\\]|\\.)*"): ("(?:[^"\\]|\\.)*"),$/gm;

const languages = readdirSync(`${SOURCE}i18n`, { withFileTypes: true }).filter((each) => each.isDirectory()).map(({ name }) => name);
const phrasesOf = (language) =>
  readdirSync(`${SOURCE}i18n/${language}`)
    .filter((file) => file !== "index.ts")
    .flatMap((file) => [...readFileSync(`${SOURCE}i18n/${language}/${file}`, "utf8").matchAll(ENTRY)].map(([, phrase, text]) => [JSON.parse(phrase), JSON.parse(text)]));
const placeholders = (text) => (text.match(/\{\w+\}/g) ?? []).toSorted();

for (const language of languages) {
  test(`${language} has every phrase once, with the same values in it`, () => {
    const seen = new Set();
    for (const [phrase, text] of phrasesOf(language)) {
      assert.ok(!seen.has(phrase), `twice: ${phrase}`);
      seen.add(phrase);
      assert.notEqual(text.trim(), "", `empty: ${phrase}`);
      assert.deepEqual([...new Set(placeholders(text))], [...new Set(placeholders(phrase))], `other values: ${phrase}`);
    }
    assert.ok(seen.size > 800);
  });
}

test("all languages have the same phrases", () => {
  const [first, ...others] = languages.map((language) => phrasesOf(language).map(([phrase]) => phrase).toSorted());
  for (const other of others) assert.deepEqual(other, first);
});

test("every phrase is said somewhere", () => {
  const code = readdirSync(SOURCE, { recursive: true })
    .filter((file) => /\.tsx?$/.test(file) && !file.startsWith("i18n/"))
    .map((file) => readFileSync(SOURCE + file, "utf8"))
    .join("\n");
  const said = (phrase) => code.includes(JSON.stringify(phrase)) || code.includes(`'${phrase}'`) || code.includes(`\`${phrase}\``);
  assert.deepEqual(phrasesOf(languages[0]).map(([phrase]) => phrase).filter((phrase) => !said(phrase)), []);
});
