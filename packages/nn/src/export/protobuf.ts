// Protocol Buffers' encoding (https://protobuf.dev/programming-guides/encoding), as much of it as ONNX's messages need. A
// library for all of it is larger than what is written with it.

/** A field of a message: its number and what it holds. */
export type Field = readonly [number: number, value: number | string | Uint8Array | Message | Float]

/** A message is a list of its fields. */
export type Message = readonly Field[]

/** A number of 32 bits with a fraction; plain numbers are whole. */
export class Float {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

const VARINT = 0
const LENGTH = 2
const FIXED32 = 5

/** Base 128, of whole numbers that may be negative, which are of 64 bits then. */
function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}

/** The bytes of a message, in pieces. */
function piecesOf(message: Message): { pieces: Uint8Array[]; length: number } {
  const pieces: Uint8Array[] = []
  const tag = (number: number, type: number): number[] => varint(number * 8 + type)
  for (const [number, value] of message) {
    if (typeof value === 'number') pieces.push(Uint8Array.from([...tag(number, VARINT), ...varint(value)]))
    else if (value instanceof Float) {
      const bytes = new Uint8Array(4)
      new DataView(bytes.buffer).setFloat32(0, value.value, true)
      pieces.push(Uint8Array.from(tag(number, FIXED32)), bytes)
    } else {
      const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
      const inside = bytes instanceof Uint8Array ? { pieces: [bytes], length: bytes.length } : piecesOf(bytes)
      pieces.push(Uint8Array.from([...tag(number, LENGTH), ...varint(inside.length)]), ...inside.pieces)
    }
  }
  return { pieces, length: pieces.reduce((total, piece) => total + piece.length, 0) }
}

/** The bytes of a message. */
export function encode(message: Message): Uint8Array<ArrayBuffer> {
  const { pieces, length } = piecesOf(message)
  const bytes = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}
