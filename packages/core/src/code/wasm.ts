// What programs need of the binary format of WebAssembly (WebAssembly Core Specification 2.0, §5).

import type { Signature } from '../engine/kernels.generated.ts'

/** Bytes of the binary format, in pieces of pieces. */
export type Code = readonly (number | Code)[] | Uint8Array

export const I32_CONST = 0x41
export const LOCAL_GET = 0x20
export const LOCAL_SET = 0x21
export const CALL = 0x10
const I32_EQZ = 0x45
const IF = 0x04
const NO_RESULT = 0x40
export const END = 0x0b

const TYPES = { i: 0x7f, f: 0x7d, F: 0x7c } as const
const V128 = 0x7b

// A program is encoded once, by code that V8 has not optimised yet: what is written here without iterators and spreads is run
// tens of thousands of times.

function lengthOf(code: Code): number {
  if (code instanceof Uint8Array) return code.length
  let length = 0
  for (let i = 0; i < code.length; i++) {
    const each = code[i]
    length += typeof each === 'number' ? 1 : lengthOf(each)
  }
  return length
}

/** Writes code to a place, and gives where it ends. */
function write(code: Code, bytes: Uint8Array, start: number): number {
  let at = start
  if (code instanceof Uint8Array) {
    bytes.set(code, at)
    return at + code.length
  }
  for (let i = 0; i < code.length; i++) {
    const each = code[i]
    if (typeof each === 'number') bytes[at++] = each
    else at = write(each, bytes, at)
  }
  return at
}

/** All bytes, one after the other. */
export function flatten(code: Code): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(lengthOf(code))
  write(code, bytes, 0)
  return bytes
}

/** LEB128 of a whole number that is not negative. */
export const unsigned = (value: number): Code =>
  value < 128 ? [value] : [(value % 128) | 128, unsigned(Math.floor(value / 128))]

/** LEB128 of a number of 32 bits. */
export function signed(value: number): Code {
  const bits = value | 0
  return bits >= -64 && bits < 64 ? [bits & 127] : [(bits & 127) | 128, signed(bits >> 7)]
}

/** An instruction that gives a number: i for i32, f for f32, F for f64. */
export const constant = (type: string, value: number): Code =>
  type === 'i'
    ? [I32_CONST, signed(value)]
    : type === 'f'
      ? [0x43, new Uint8Array(Float32Array.of(value).buffer)]
      : [0x44, new Uint8Array(Float64Array.of(value).buffer)]

export const vector = (items: readonly Code[]): Code => [unsigned(items.length), items]
const sized = (contents: Code): Code => {
  const bytes = flatten(contents)
  return [unsigned(bytes.length), bytes]
}
export const section = (id: number, contents: Code): Code => [id, sized(contents)]
/** A name of ASCII characters. */
function text(name: string): Code {
  const bytes = new Uint8Array(name.length)
  for (let i = 0; i < name.length; i++) bytes[i] = name.charCodeAt(i)
  return [unsigned(name.length), bytes]
}

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
  const env = text('env')
  const functions = imports.map(({ name }, i) => [[env, text(name), 0], unsigned(i)])
  const memory = [env, text('memory'), 2, shared ? 3 : 1, unsigned(pages), unsigned(65536)]
  const code = [
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, vector(types.map(({ parameters, results }) => [0x60, letters(parameters), letters(results)]))),
    section(2, vector([...functions, memory])),
    section(3, vector(bodies.map(() => unsigned(imports.length)))),
    section(7, vector(bodies.map((_, i) => [text(String(i)), 0, unsigned(imports.length + i)]))),
    section(10, vector(bodies.map((body) => sized([locals, body, END])))),
  ]
  return flatten(code)
}
