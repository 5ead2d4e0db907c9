// Where examples leave what they make.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { plot } from '@matgrad/nn'

/** The folder of this name for an example's files, there from now on. */
export function outputFolder(name: string): string {
  const folder = fileURLToPath(new URL(`output/${name}/`, import.meta.url))
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Writes the pixels of a picture; gives the path. */
export async function savePng(folder: string, name: string, picture: plot.PixelPicture): Promise<string> {
  const path = join(folder, name)
  writeFileSync(path, await picture.toPNG())
  return path
}
