// Files of every format that are broken where their structure is, and what is asked of those who read them.

import { FormatError, getDefaultGenerator, io, MatgradError, type Matrix, matrix, zeros } from '@matgrad/core'
import { decodeCheckpoint, fromJSON, type Module } from '@matgrad/nn'
import { arrays, trained, write } from './golden.ts'
import { bitsOf, noise } from './support.ts'

type Random = () => number
const below = (random: Random, n: number): number => Math.floor(random() * n)
const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)]

/** What numbers, names and the like may be instead. */
const ODD: readonly unknown[] = [
  ...[0, -1, 1, 2, 7, 0.5, 1e9, 2 ** 31, 2 ** 32 - 1, 2 ** 53, 1e300, -0],
  ...[
    '',
    'F16',
    'BF16',
    'I64',
    'BOOL',
    'F8_E4M3',
    'float64',
    'NaN',
    '-0',
    'Linear',
    'Sequential',
    '__proto__',
    'constructor',
  ],
  ...[
    null,
    true,
    false,
    [],
    {},
    [[]],
    [0, 0],
    [1, 1, 1, 3],
    { number: 'NaN' },
    { layer: 'ReLU' },
    { same: 0 },
    'x'.repeat(300),
  ],
]

type Json = Record<string, unknown>

/** One of them, which nobody else changes. */
const odd = (random: Random): unknown => structuredClone(pick(random, ODD))

/** Something in a tree is replaced, left out, doubled, moved or renamed. The tree is changed. */
function mutateTree(tree: unknown, random: Random): unknown {
  const places: [holder: Json, key: string][] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const key of Object.keys(value)) {
      places.push([value as Json, key])
      visit((value as Json)[key])
    }
  }
  visit(tree)
  if (places.length === 0 || random() < 0.01) return odd(random)
  const [holder, key] = pick(random, places)
  const value = holder[key]
  const kind = below(random, 6)
  if (kind === 0) delete holder[key]
  else if (kind === 1) holder[pick(random, places)[1]] = structuredClone(value)
  else if (kind === 2) holder[key] = structuredClone(pick(random, places)[0])
  else if (kind === 3 && typeof value === 'number') holder[key] = value + pick(random, [-8, -1, 1, 8, 0.5])
  else if (kind === 4 && Array.isArray(value))
    value.splice(below(random, value.length + 1), below(random, 2), odd(random))
  else holder[key] = odd(random)
  return tree
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const joined = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Elements that are changed, fewer, or more. */
function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const kind = below(random, 4)
  if (kind === 0) return bytes.slice(0, below(random, bytes.length + 1))
  if (kind === 1) return joined(bytes, new Uint8Array(1 + below(random, 20)))
  const changed = bytes.slice()
  if (changed.length > 0)
    changed[below(random, changed.length)] = pick(random, [0, 1, 0x7f, 0x80, 0xff, below(random, 256)])
  return changed
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength)

function mutateSafetensors(bytes: Uint8Array, random: Random): Uint8Array {
  const length = Number(viewOf(bytes).getBigUint64(0, true))
  const header = JSON.parse(decode(bytes.subarray(8, 8 + length)))
  const metadata = header.__metadata__
  if (metadata?.state && random() < 0.6)
    metadata.state = JSON.stringify(mutateTree(JSON.parse(metadata.state), random)) ?? ''
  else for (let times = 1 + below(random, 2); times > 0; times--) mutateTree(header, random)
  const text = encode(JSON.stringify(header))
  const body = bytes.subarray(8 + length)
  const start = new Uint8Array(8)
  viewOf(start).setBigUint64(0, BigInt(text.length + (random() < 0.05 ? below(random, 9) - 4 : 0)), true)
  return joined(start, text, random() < 0.2 ? mutateBytes(body, random) : body)
}

const WORDS = [
  ...[
    "'<f4'",
    "'>f8'",
    "'|b1'",
    "'<i8'",
    "'<u2'",
    "'<c8'",
    "'|O'",
    "'e'",
    '"<f8"',
    "''",
    "u'<f8'",
    "'shape'",
    "'descr'",
  ],
  ...[
    'True',
    'False',
    'None',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '0',
    '1',
    '3',
    '6',
    '-1',
    '2L',
    '1.5',
    '4294967296',
    '9'.repeat(30),
  ],
]

function mutateNpy(bytes: Uint8Array, random: Random): Uint8Array {
  const length = viewOf(bytes).getUint16(8, true)
  const tokens = decode(bytes.subarray(10, 10 + length)).match(/'[^']*'|\w+|\S/g) as string[]
  for (let times = 1 + below(random, 2); times > 0; times--)
    tokens.splice(below(random, tokens.length), below(random, 3), ...(random() < 0.9 ? [pick(random, WORDS)] : []))
  const text = encode(`${tokens.join(pick(random, ['', ' ', '\n']))}\n`)
  const version = random() < 0.9 ? 1 : below(random, 5)
  const said = text.length + (random() < 0.05 ? below(random, 9) - 4 : 0)
  const size = version === 1 ? [said & 255, said >> 8] : [said & 255, said >> 8, 0, 0]
  const body = bytes.subarray(10 + length)
  return joined(bytes.subarray(0, 6), [version, 0], size, text, random() < 0.2 ? mutateBytes(body, random) : body)
}

const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0)
  return rest
})
const sumOf = (bytes: Uint8Array): number =>
  ~bytes.reduce((sum, byte) => REMAINDERS[(sum ^ byte) & 255] ^ (sum >>> 8), -1) >>> 0

/** Where the fields of a file, of its entry in the directory, and of the end of an archive are, and how many bytes each has. */
const FILE = {
  length: 30,
  fields: [
    [4, 2],
    [6, 2],
    [8, 2],
    [14, 4],
    [18, 4],
    [22, 4],
    [26, 2],
    [28, 2],
  ],
} as const
const ENTRY = {
  length: 46,
  fields: [
    [6, 2],
    [8, 2],
    [10, 2],
    [16, 4],
    [20, 4],
    [24, 4],
    [28, 2],
    [30, 2],
    [32, 2],
    [42, 4],
  ],
} as const
const END = {
  length: 22,
  fields: [
    [4, 2],
    [6, 2],
    [8, 2],
    [10, 2],
    [12, 4],
    [16, 4],
    [20, 2],
  ],
} as const

/** An archive of files that are stored. */
function zipOf(files: readonly (readonly [name: string, bytes: Uint8Array])[]): Uint8Array {
  const [locals, entries]: [Uint8Array[], Uint8Array[]] = [[], []]
  let at = 0
  for (const [name, bytes] of files) {
    const [text, sum] = [encode(name), sumOf(bytes)]
    const [local, entry] = [new Uint8Array(FILE.length), new Uint8Array(ENTRY.length)]
    for (const [record, shift] of [
      [local, 0],
      [entry, 2],
    ] as const) {
      const view = viewOf(record)
      view.setUint32(0, shift ? 0x02014b50 : 0x04034b50, true)
      view.setUint16(4 + shift, 20, true)
      view.setUint32(14 + shift, sum, true)
      view.setUint32(18 + shift, bytes.length, true)
      view.setUint32(22 + shift, bytes.length, true)
      view.setUint16(26 + shift, text.length, true)
    }
    viewOf(entry).setUint32(42, at, true)
    locals.push(joined(local, text, bytes))
    entries.push(joined(entry, text))
    at += local.length + text.length + bytes.length
  }
  const end = new Uint8Array(END.length)
  const view = viewOf(end)
  const directory = joined(...entries)
  view.setUint32(0, 0x06054b50, true)
  for (const place of [8, 10]) view.setUint16(place, files.length, true)
  view.setUint32(12, directory.length, true)
  view.setUint32(16, at, true)
  return joined(...locals, directory, end)
}

/** A record's field is another number, or the bytes of an array are. */
function mutateNpz(bytes: Uint8Array, npy: Uint8Array, random: Random): Uint8Array {
  if (random() < 0.3)
    return zipOf([
      [pick(random, ['a.npy', 'b', '.npy', '__proto__.npy', 'c/.npy']), mutateNpy(npy, random)],
      ['a.npy', npy],
    ])
  const changed = bytes.slice()
  const view = viewOf(changed)
  const records: [at: number, fields: readonly (readonly [number, number])[]][] = []
  const [end] = [changed.length - END.length]
  records.push([end, END.fields])
  let at = view.getUint32(end + 16, true)
  for (let count = view.getUint16(end + 10, true); count > 0; count--) {
    records.push([at, ENTRY.fields], [view.getUint32(at + 42, true), FILE.fields])
    at += ENTRY.length + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
  }
  const [start, fields] = pick(random, records)
  const [place, size] = pick(random, fields)
  const old = size === 2 ? view.getUint16(start + place, true) : view.getUint32(start + place, true)
  const value = pick(random, [
    0,
    1,
    8,
    old - 1,
    old + 1,
    old * 2,
    0xff,
    0xffff,
    0xffffffff,
    below(random, changed.length),
  ])
  if (size === 2) view.setUint16(start + place, value, true)
  else view.setUint32(start + place, value, true)
  return random() < 0.1 ? mutateBytes(changed, random) : changed
}

/** A format: how its files are broken, and how they are read, which gives matrices; `state` is what must not change. */
export interface Target {
  readonly name: string
  /** How many of 10,000 mutants are of it. */
  readonly share: number
  readonly mutate: (random: Random) => { readonly length: number; readonly read: () => unknown }
  readonly state: () => unknown
  /** What is thrown for a file that says something else than the model is. */
  readonly otherwise?: typeof MatgradError
}

const nothing = (): undefined => undefined
const matricesOf = (model: Module): Record<string, Matrix> => model.stateDict()

export async function targets(): Promise<readonly Target[]> {
  const files = await write()
  const npy = Object.values(arrays()).map((each) => io.encodeNpy(each))
  const text = decode(files['model.json'])
  const generator = getDefaultGenerator()
  const into = trained()
  const stateOf = (): unknown => [
    bitsOf(into.model),
    into.optimizer.stateDict(),
    into.scheduler.stateDict(),
    into.generator.state,
    generator.state,
  ]
  const of = (bytes: Uint8Array, read: (bytes: Uint8Array) => unknown) => ({
    length: bytes.length,
    read: () => read(bytes),
  })
  const checkpoint = (bytes: Uint8Array, random: Random) =>
    of(mutateSafetensors(bytes, random), (bytes) => {
      decodeCheckpoint(bytes, into)
      return matricesOf(into.model)
    })
  const small = { a: matrix([[1, 2]]), b: zeros(3, 0) }
  const archives = [await io.encodeNpz(small), await io.encodeNpz(small, { compressed: true })]
  const { tensors, metadata } = io.decodeSafetensors(files['checkpoint.safetensors'])
  const { sum, ...unsummed } = metadata
  const older = io.encodeSafetensors(tensors, unsummed)
  return [
    {
      name: 'safetensors',
      share: 2600,
      mutate: (random) =>
        of(
          mutateSafetensors(files[pick(random, ['tensors.safetensors', 'model.safetensors'])], random),
          (bytes) => io.decodeSafetensors(bytes).tensors,
        ),
      state: nothing,
    },
    {
      name: 'npy',
      share: 3000,
      mutate: (random) => of(mutateNpy(pick(random, npy), random), (bytes) => ({ a: io.decodeNpy(bytes) })),
      state: nothing,
    },
    {
      name: 'npz',
      share: 1700,
      mutate: (random) => of(mutateNpz(pick(random, archives), npy[0], random), io.decodeNpz),
      state: nothing,
    },
    {
      name: 'JSON',
      share: 1300,
      mutate: (random) => {
        const tree = mutateTree(JSON.parse(text), random)
        return { length: text.length, read: () => matricesOf(fromJSON(tree)) }
      },
      state: () => generator.state,
    },
    {
      name: 'checkpoint',
      share: 900,
      mutate: (random) => checkpoint(files['checkpoint.safetensors'], random),
      state: stateOf,
    },
    {
      name: 'checkpoint without a checksum',
      share: 500,
      mutate: (random) => checkpoint(older, random),
      state: stateOf,
      otherwise: MatgradError,
    },
  ]
}

/** Mutants of files of megabytes, whose memory is more than that of the headers. */
export async function largeTargets(): Promise<readonly Target[]> {
  const random = noise(1)
  const large = matrix(
    Float32Array.from({ length: 2 ** 20 }, () => random()),
    1024,
    1024,
  )
  const [tensors, npy] = [io.encodeSafetensors({ large, more: zeros(3, 4) }), io.encodeNpy(large)]
  const archives = [await io.encodeNpz({ large }), await io.encodeNpz({ large }, { compressed: true })]
  const rows: readonly (readonly [string, (random: Random) => Uint8Array, (bytes: Uint8Array) => unknown])[] = [
    ['safetensors', (random) => mutateSafetensors(tensors, random), (bytes) => io.decodeSafetensors(bytes).tensors],
    ['npy', (random) => mutateNpy(npy, random), (bytes) => ({ a: io.decodeNpy(bytes) })],
    ['npz', (random) => mutateNpz(pick(random, archives), npy, random), io.decodeNpz],
  ]
  return rows.map(([name, mutate, read]) => ({
    name: `${name} of 4 MiB`,
    share: 3,
    mutate: (random) => {
      const bytes = mutate(random)
      return { length: bytes.length, read: () => read(bytes) }
    },
    state: nothing,
  }))
}

/** The most bytes of a result for one of a file, beside some for headers: bytes become float32. */
const GROWTH = 4
const HEADERS = 1000

/** Where a mutant takes longer than this, it is read again: what took so long may have been the machine, or garbage of others. */
const LONG = 50
const TIMES = 3

/**
 * Reads mutants, so many of 'read' and 'refused' each; `slowest` is in milliseconds, `largest` the bytes of a file. @throws what is no
 * FormatError, and where a result is too large or something changed.
 */
export async function survive(
  { mutate, state, otherwise = FormatError }: Target,
  count: number,
  random: Random,
): Promise<{ read: number; refused: number; slowest: number; largest: number }> {
  const counts = { read: 0, refused: 0, slowest: 0, largest: 0 }
  let before = JSON.stringify(state())
  for (let i = 0; i < count; i++) {
    const { length, read } = mutate(random)
    let shortest = Number.POSITIVE_INFINITY
    for (let times = 0; times < TIMES && shortest > LONG; times++) {
      const start = performance.now()
      let result: unknown
      try {
        result = await read()
      } catch (error) {
        result = error
      }
      shortest = Math.min(shortest, performance.now() - start)
      if (result instanceof Error) {
        if (!(result instanceof otherwise)) throw new Error(`mutant ${i}`, { cause: result })
        if (JSON.stringify(state()) !== before) throw new Error(`mutant ${i} was refused, and changed something`)
        if (times === 0) counts.refused++
        continue
      }
      const matrices = Object.values(result as Record<string, Matrix>)
      const bytes = matrices.reduce((sum, { data }) => sum + data.byteLength, 0)
      if (bytes > GROWTH * length + HEADERS) throw new Error(`mutant ${i}: ${length} bytes became ${bytes}`)
      before = JSON.stringify(state())
      if (times === 0) counts.read++
    }
    counts.slowest = Math.max(counts.slowest, shortest)
    counts.largest = Math.max(counts.largest, length)
  }
  return counts
}
