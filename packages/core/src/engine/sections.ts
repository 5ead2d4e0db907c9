// The outermost layer of the binary format of WebAssembly (WebAssembly Core Specification 2.0, §5.5).

/** Bytes of the preamble, before the first section. */
export const PREAMBLE = 8

/** Reads a module from one place on. */
export class ModuleReader {
  readonly bytes: Uint8Array<ArrayBuffer>
  at: number

  constructor(bytes: Uint8Array<ArrayBuffer>, at: number) {
    this.bytes = bytes
    this.at = at
  }

  byte(): number {
    return this.bytes[this.at++]
  }

  /** An unsigned number of 32 bits, as LEB128. */
  number(): number {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
}

/** A part of a module: what is between `contents` and `end`, of the kind `id`. */
export interface Section {
  readonly id: number
  readonly start: number
  readonly contents: number
  readonly end: number
}

export function sectionsOf(module: Uint8Array<ArrayBuffer>): Section[] {
  const reader = new ModuleReader(module, PREAMBLE)
  const sections: Section[] = []
  while (reader.at < module.length) {
    const start = reader.at
    const id = reader.byte()
    const length = reader.number()
    const contents = reader.at
    reader.at += length
    sections.push({ id, start, contents, end: reader.at })
  }
  return sections
}
