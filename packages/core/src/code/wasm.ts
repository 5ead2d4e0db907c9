// What programs need of the binary format of WebAssembly (WebAssembly Core Specification 2.0, §5).

import type { Signature } from '../engine/kernels.generated.ts'

/** Bytes of the binary format, in pieces of pieces. */
export type Code = readonly (number | Code)[]

export const I32_CONST = 0x41
export const LOCAL_GET = 0x20
export const LOCAL_SET = 0x21
export const CALL = 0x10
const I32_EQZ = 0x45
const IF = 0x04
const NO_RESULT = 0x40
const END = 0x0b

const TYPES = { i: 0x7f, f: 0x7d, F: 0x7c } as const
const V128 = 0x7b

/** All bytes, one after the other. */
function flatten(code: Code, bytes: number[] = []): number[] {
  for (const each of code)
    if (typeof each === 'number') bytes.push(each)
    else flatten(each, bytes)
  return bytes
}

/** LEB128 of a whole number that is not negative. */
export function unsigned(value: number): Code {
  const bytes = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 128)
  }
}

/** LEB128 of a number of 32 bits. */
export function signed(value: number): Code {
  const bytes = []
  for (let rest = value | 0; ; rest >>= 7) {
    if (rest >= -64 && rest < 64) return [...bytes, rest & 127]
    bytes.push((rest & 127) | 128)
  }
}

const bytesOf = (array: Float32Array | Float64Array): Code => [...new Uint8Array(array.buffer)]

/** An instruction that gives a number: i for i32, f for f32, F for f64. */
export const constant = (type: string, value: number): Code =>
  type === 'i'
    ? [I32_CONST, signed(value)]
    : type === 'f'
      ? [0x43, bytesOf(Float32Array.of(value))]
      : [0x44, bytesOf(Float64Array.of(value))]

const vector = (items: readonly Code[]): Code => [unsigned(items.length), items]
const sized = (contents: Code): Code => {
  const bytes = flatten(contents)
  return [unsigned(bytes.length), bytes]
}
const section = (id: number, contents: Code): Code => [id, sized(contents)]
const text = (value: string): Code => sized([...new TextEncoder().encode(value)])

/** Code that runs if that which gives an i32 gives 0. */
export const unless = (condition: Code, code: Code): Code => [condition, I32_EQZ, IF, NO_RESULT, code, END]

/**
 * A module that imports a memory of so many pages, perhaps shared with threads, as `env.memory`, and functions `env.<name>`,
 * numbered in their order, and exports a function for each body by its number. Bodies have so many locals of 32-bit
 * integers, then of vectors.
 */
export function moduleOf(
  { pages, shared }: { readonly pages: number; readonly shared: boolean },
  imports: readonly { readonly name: string; readonly signature: Signature }[],
  integers: number,
  vectors: number,
  bodies: readonly Code[],
): Uint8Array<ArrayBuffer> {
  const letters = (each: string): Code => vector([...each].map((letter) => [TYPES[letter as keyof typeof TYPES]]))
  const types = [...imports.map(({ signature }) => signature), { parameters: '', results: '' }]
  const locals = vector([
    [unsigned(integers), TYPES.i],
    [unsigned(vectors), V128],
  ])
  const functions = imports.map(({ name }, i) => [[text('env'), text(name), 0], unsigned(i)])
  const memory = [text('env'), text('memory'), 2, shared ? 3 : 1, unsigned(pages), unsigned(65536)]
  const code = [
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, vector(types.map(({ parameters, results }) => [0x60, letters(parameters), letters(results)]))),
    section(2, vector([...functions, memory])),
    section(3, vector(bodies.map(() => unsigned(imports.length)))),
    section(7, vector(bodies.map((_, i) => [text(String(i)), 0, unsigned(imports.length + i)]))),
    section(10, vector(bodies.map((body) => sized([locals, body, END])))),
  ]
  return Uint8Array.from(flatten(code))
}
