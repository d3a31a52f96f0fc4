import { recall, remember } from "@/lib/storage";
import type { de } from "./de/index";

// The English text is its own key; every other language is a catalogue of the same keys, so a phrase
// that a language lacks does not compile.
export type Phrase = keyof typeof de;
export type Catalogue = Record<Phrase, string>;

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const CATALOGUES: Record<Exclude<Language, "en">, () => Promise<Catalogue>> = {
  de: () => import("./de/index").then((module) => module.de),
};

export const language: Language = chosenLanguage();
let catalogue: Partial<Catalogue> = {};

function chosenLanguage(): Language {
  const wanted = [recall<string>("language", ""), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.find((tag): tag is Language => tag in LANGUAGES) ?? "en";
}

/** Must be done before anything is shown. */
export async function loadLanguage(): Promise<void> {
  document.documentElement.lang = language;
  if (language !== "en") catalogue = await CATALOGUES[language]();
}

export function switchLanguage(next: Language): void {
  remember("language", next);
  location.reload();
}

type Values = Record<string, string | number>;

/** The phrase in the reader's language, with `{name}` replaced by values. */
export function t(phrase: Phrase, values?: Values): string {
  const text = catalogue[phrase] ?? phrase;
  return values ? text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)) : text;
}

/** `one` for a count of one, else `many`; both may use `{count}`. */
export function plural(count: number, one: Phrase, many: Phrase, values?: Values): string {
  return t(count === 1 ? one : many, { count, ...values });
}
