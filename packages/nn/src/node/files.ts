import { randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { io } from '@matgrad/core'
import { checkModule, type Module } from '../module.ts'

/**
 * Writes a file so that a crash at any moment leaves either the old contents or the new: a temporary file beside it,
 * flushed to the disk, takes its name.
 */
async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const file = await open(temporary, 'w')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  const directory = await open(dirname(path), 'r').catch(() => undefined)
  // Some systems cannot open or flush a directory; there the file system orders the rename itself.
  await directory?.sync().catch(() => undefined)
  await directory?.close()
}

/** Saves a model's parameters and buffers as a safetensors file, atomically. */
export async function saveModel(path: string, model: Module): Promise<void> {
  checkModule('saveModel', model)
  await writeAtomically(path, io.encodeSafetensors(model.stateDict(), { format: 'matgrad' }))
}

/**
 * Loads parameters and buffers that `saveModel` saved into a model of the same structure, all or none.
 *
 * @throws FormatError for a file that is not one; MatgradError or ShapeError for names or shapes that are not the model's.
 */
export async function loadModel(path: string, model: Module): Promise<void> {
  checkModule('loadModel', model)
  const { tensors } = io.decodeSafetensors(await readFile(path))
  model.loadStateDict(tensors)
}
