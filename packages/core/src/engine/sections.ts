// The outermost layer of the binary format of WebAssembly (WebAssembly Core Specification 2.0, §5.5).

/** Bytes of the preamble, before the first section. */
export const PREAMBLE = 8

/** Reads bytes from one place on. */
export class ModuleReader {
  readonly bytes: Uint8Array<ArrayBuffer>
  at = 0

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes
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

  /** Bytes after the number that says how many they are. */
  take(): Uint8Array<ArrayBuffer> {
    const length = this.number()
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }
}

/** A part of a module, of the kind `id`: all of it, and what is in it. */
export interface Section {
  readonly id: number
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly contents: Uint8Array<ArrayBuffer>
}

export function sectionsOf(module: Uint8Array<ArrayBuffer>): Section[] {
  const reader = new ModuleReader(module)
  reader.at = PREAMBLE
  const sections: Section[] = []
  while (reader.at < module.length) {
    const start = reader.at
    const id = reader.byte()
    const contents = reader.take()
    sections.push({ id, bytes: module.subarray(start, reader.at), contents })
  }
  return sections
}
