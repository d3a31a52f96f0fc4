/** Letters and digits in lower case with underscores between words: a name for a collection or a file. */
export function slug(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").replace(/\W+/g, "_").replace(/^_+|_+$/g, "");
}

/** A random text of `length` letters and digits, from the browser's generator of secrets. */
export function randomText(length: number, alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"): string {
  // Bytes past the last whole alphabet are thrown away, or its first letters would come more often.
  const limit = 256 - (256 % alphabet.length);
  let text = "";
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length * 2))) {
      if (byte < limit && text.length < length) text += alphabet.charAt(byte % alphabet.length);
    }
  }
  return text;
}

/** Whether two values are the same once written as JSON. */
export function sameJson(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** The same list with one item at another place. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const copy = [...list];
  const [item] = copy.splice(from, 1);
  if (item !== undefined) copy.splice(to, 0, item);
  return copy;
}
