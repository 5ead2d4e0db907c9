// What programs need of the binary format of WebAssembly (WebAssembly Core Specification 2.0, §5).

export const I32_CONST = 0x41
export const LOCAL_GET = 0x20
export const LOCAL_SET = 0x21
export const CALL = 0x10
const END = 0x0b

const TYPES = { i: 0x7f, f: 0x7d, F: 0x7c } as const
const V128 = 0x7b

/** LEB128 of a whole number that is not negative. */
export function unsigned(value: number): number[] {
  const bytes = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 128)
  }
}

/** LEB128 of a number of 32 bits. */
export function signed(value: number): number[] {
  const bytes = []
  for (let rest = value | 0; ; rest >>= 7) {
    if (rest >= -64 && rest < 64) return [...bytes, rest & 127]
    bytes.push((rest & 127) | 128)
  }
}

const bytesOf = (array: Float32Array | Float64Array): number[] => [...new Uint8Array(array.buffer)]

/** An instruction that gives a number: i for i32, f for f32, F for f64. */
export const constant = (type: string, value: number): number[] =>
  type === 'i'
    ? [I32_CONST, ...signed(value)]
    : type === 'f'
      ? [0x43, ...bytesOf(Float32Array.of(value))]
      : [0x44, ...bytesOf(Float64Array.of(value))]

const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()]
const section = (id: number, contents: readonly number[]): number[] => [id, ...unsigned(contents.length), ...contents]
const text = (value: string): number[] => vector([...new TextEncoder().encode(value)].map((byte) => [byte]))

/** A function from another module, and the letters of its parameters; it gives nothing. */
export interface Import {
  readonly name: string
  readonly parameters: string
}

/** A memory of so many pages, perhaps shared with threads. */
export interface MemoryImport {
  readonly pages: number
  readonly shared: boolean
}

/**
 * A module that imports a memory, `env.memory`, and functions `env.<name>`, numbered in their order, and exports a function
 * for each body by its number. Bodies have so many locals of 32-bit integers, then of vectors.
 */
export function moduleOf(
  { pages, shared }: MemoryImport,
  imports: readonly Import[],
  integers: number,
  vectors: number,
  bodies: readonly (readonly number[])[],
): Uint8Array<ArrayBuffer> {
  const types = [...new Set(imports.map(({ parameters }) => parameters)), '']
  const letters = (each: string): number[][] => [...each].map((letter) => [TYPES[letter as keyof typeof TYPES]])
  const locals = vector([
    [...unsigned(integers), TYPES.i],
    [...unsigned(vectors), V128],
  ])
  const code = bodies.map((body) => {
    const whole = [...locals, ...body, END]
    return [...unsigned(whole.length), ...whole]
  })
  const functions = imports.map(({ name, parameters }) => [
    ...[...text('env'), ...text(name), 0],
    ...unsigned(types.indexOf(parameters)),
  ])
  const memory = [...text('env'), ...text('memory'), 2, shared ? 3 : 1, ...unsigned(pages), ...unsigned(65536)]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types.map((each) => [0x60, ...vector(letters(each)), 0]))),
    ...section(2, vector([...functions, memory])),
    ...section(3, vector(bodies.map(() => unsigned(types.indexOf(''))))),
    ...section(7, vector(bodies.map((_, i) => [...text(String(i)), 0, ...unsigned(imports.length + i)]))),
    ...section(10, vector(code)),
  ])
}
