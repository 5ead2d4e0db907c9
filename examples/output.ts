// Where examples leave what they make.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Matrix } from '@matgrad/core'
import { encode } from 'fast-png'

/** The folder of this name for an example's files, there from now on. */
export function outputFolder(name: string): string {
  const folder = fileURLToPath(new URL(`output/${name}/`, import.meta.url))
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Writes pixels from 0 (black) to 1 (white) as a picture; gives its path. */
export function savePng(folder: string, name: string, pixels: Matrix): string {
  const data = Uint8Array.from(pixels.clip(0, 1).mul(255).round().data)
  const path = join(folder, name)
  writeFileSync(path, encode({ width: pixels.cols, height: pixels.rows, data, channels: 1, depth: 8 }))
  return path
}
