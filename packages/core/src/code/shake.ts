// The functions of a module and which of them call which (WebAssembly Core Specification 2.0, §5.4 and §5.5).

import { MatgradError } from '../base/errors.ts'
import { ModuleReader, PREAMBLE, type Section, sectionsOf } from '../engine/sections.ts'
import { CALL, type Code, END, flatten, I32_CONST, section, signed, unsigned, vector } from './wasm.ts'

const EXPORTS = 7
const START = 8
const DATA = 11
const BODIES = 10
/** What is exported is a function. */
const FUNCTION = 0
/** The body of a function that has no locals and traps. */
const NOTHING = Uint8Array.of(3, 0, 0x00, 0x0b)

/** Skips so many numbers, of any length and sign. */
function skip(reader: ModuleReader, numbers: number): void {
  for (let i = 0; i < numbers; i++) while (reader.byte() >= 128);
}

/** Instructions that a number follows: blocks, branches, locals and globals, the memory's size, constants of integers. */
const isOfNumber = (code: number): boolean =>
  (code >= 0x02 && code <= 0x04) ||
  (code >= 0x0c && code <= 0x0d) ||
  (code >= 0x20 && code <= 0x24) ||
  (code >= 0x3f && code <= 0x42)

/**
 * Reads what follows the code of an instruction, and gives the constant among it that may be an address; −1 where there is none.
 *
 * @throws MatgradError for an instruction that the kernels do not have.
 */
function readOperands(code: number, reader: ModuleReader): number {
  if (code === I32_CONST) return readSigned(reader)
  if (code >= 0x28 && code <= 0x3e) return readOffset(reader)
  if (code === 0xfd) return readOfVector(reader.number(), reader)
  if (code === 0xfc) skipOfMemory(reader.number(), reader)
  else if (code === 0x43) reader.at += 4
  else if (code === 0x44) reader.at += 8
  else if (code === 0x0e) skip(reader, reader.number() + 1)
  else if (isOfNumber(code)) skip(reader, 1)
  else if (code > 0xc4 || code === 0x11 || code === 0x1c || code === 0x25 || code === 0x26)
    throw new MatgradError(`shake: the kernels have instruction ${code}, wanted one that is known`)
  return -1
}

/** A whole number of 32 bits that may be negative, as LEB128. */
function readSigned(reader: ModuleReader): number {
  for (let value = 0, shift = 0; ; ) {
    const byte = reader.byte()
    value |= (byte & 127) << shift
    shift += 7
    if (byte < 128) return shift < 32 && byte & 64 ? value | (-1 << shift) : value
  }
}

/** The offset of a load or store, after its alignment. */
function readOffset(reader: ModuleReader): number {
  skip(reader, 1)
  return reader.number()
}

/** Loads and stores have an alignment and an offset, constants and shuffles 16 bytes, lanes their own; all others nothing. */
function readOfVector(code: number, reader: ModuleReader): number {
  const isMemory = code <= 0x0b || (code >= 0x54 && code <= 0x5d)
  const offset = isMemory ? readOffset(reader) : -1
  if (code === 0x0c || code === 0x0d) reader.at += 16
  if ((code >= 0x15 && code <= 0x22) || (code >= 0x54 && code <= 0x5b)) reader.at++
  return offset
}

/** Conversions have nothing, `memory.copy` two memories, `memory.fill` one. */
function skipOfMemory(code: number, reader: ModuleReader): void {
  if (code > 7 && code !== 10 && code !== 11)
    throw new MatgradError(`shake: the kernels have instruction 252 ${code}, wanted one that is known`)
  if (code > 7) skip(reader, 12 - code)
}

/** What `read` finds in each entry of a section, and its bytes. */
function entriesOf<T>({ contents }: Section, read: (reader: ModuleReader) => T): (T & { code: Uint8Array })[] {
  const reader = new ModuleReader(contents)
  return Array.from({ length: reader.number() }, () => {
    const start = reader.at
    const found = read(reader)
    return { ...found, code: contents.subarray(start, reader.at) }
  })
}

interface Exported {
  readonly name: string
  readonly kind: number
  readonly number: number
}

const readExport = (reader: ModuleReader): Exported => ({
  name: new TextDecoder().decode(reader.take()),
  kind: reader.byte(),
  number: reader.number(),
})

/** A function of a module that imports none. */
interface Body {
  /** The numbers of the functions that it calls. */
  readonly calls: readonly number[]
  /** Its constants that may be addresses, alone or with what is added to them. */
  readonly addresses: readonly number[]
}

function readBody(of: ModuleReader): Body {
  const reader = new ModuleReader(of.take())
  const calls: number[] = []
  const addresses: number[] = []
  // Locals, in groups of a count and a type.
  skip(reader, 2 * reader.number())
  while (reader.at < reader.bytes.length) {
    const code = reader.byte()
    if (code === CALL) calls.push(reader.number())
    else addresses.push(readOperands(code, reader))
  }
  return { calls, addresses }
}

/** What a module writes to its memory at the start: bytes from an address on. */
interface Table {
  readonly address: number
  readonly bytes: Uint8Array
}

/** @throws MatgradError for what is not at a constant address. */
function readTable(reader: ModuleReader): Table {
  if (reader.number() !== 0 || reader.byte() !== I32_CONST)
    throw new MatgradError('shake: the kernels have data without an address, wanted one for all')
  const address = readSigned(reader)
  skip(reader, 1)
  return { address, bytes: reader.take() }
}

/** So far beside a table a constant may be that stands for its address: what is added to it need not begin at 0. */
const BESIDE = 64

/**
 * A module that imports no functions, with those alone that the exported ones of these names call, directly or not. Others are not
 * exported and trap, so that the numbers of functions stay; tables that they alone read are empty.
 */
export function shake(module: Uint8Array<ArrayBuffer>, names: ReadonlySet<string>): Uint8Array<ArrayBuffer> {
  const sections = sectionsOf(module)
  const find = (id: number): Section => sections.find((each) => each.id === id) as Section
  const exported = entriesOf(find(EXPORTS), readExport)
  const bodies = entriesOf(find(BODIES), readBody)
  const alive = new Set<number>()
  const reach = (number: number): void => {
    if (alive.has(number)) return
    alive.add(number)
    bodies[number].calls.forEach(reach)
  }
  for (const { name, kind, number } of exported) if (kind === FUNCTION && names.has(name)) reach(number)
  for (const { id, contents } of sections) if (id === START) reach(new ModuleReader(contents).number())
  const stays = ({ kind, number }: Exported): boolean => kind !== FUNCTION || alive.has(number)
  const addresses = bodies.flatMap((body, i) => (alive.has(i) ? body.addresses : []))
  const isMeant = ({ address, bytes }: Table): boolean =>
    addresses.some((each) => each > address - BESIDE && each < address + bytes.length + BESIDE)
  const written = (table: Table): Code => {
    const bytes = isMeant(table) ? table.bytes : new Uint8Array()
    return [0, I32_CONST, signed(table.address), END, unsigned(bytes.length), bytes]
  }
  const changed: Readonly<Record<number, Code>> = {
    [EXPORTS]: vector(exported.filter(stays).map(({ code }) => code)),
    [DATA]: vector(entriesOf(find(DATA), readTable).map(written)),
    [BODIES]: vector(bodies.map(({ code }, i) => (alive.has(i) ? code : NOTHING))),
  }
  const parts = sections.map(({ id, bytes }) => (id in changed ? section(id, changed[id]) : bytes))
  return flatten([module.subarray(0, PREAMBLE), parts])
}
