import { open, readFile, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DTypeError, FormatError, io, MatgradError, type Matrix, zeros } from '@matgrad/core'
import { checkNoMore, describe, shorten } from '@matgrad/core/internal'
import { checkModule, type Module } from '../module.ts'

/** A URL, such as `new URL('model.safetensors', import.meta.url)`, whether or not a program has types for it. */
export interface FileUrl {
  readonly href: string
  readonly protocol: string
}

/** As many links as Linux follows. */
const MOST_LINKS = 40

/** A file's absolute path. @throws DTypeError for what is none. */
function checkPath(operation: string, path: string | FileUrl): string {
  if (path instanceof URL && path.protocol === 'file:') return resolve(fileURLToPath(path))
  if (typeof path !== 'string' || path === '' || path.endsWith('/')) {
    const got = path instanceof URL ? describe(path.href) : describe(path)
    throw new DTypeError(`${operation}: path is ${got}, wanted the name of a file or a file: URL`)
  }
  return resolve(path)
}

/** So many characters of a path are shown. */
const SHOWN = 80

/** A path as a message shows it: its end, where the name is. */
const shown = (path: string): string => shorten(path.length > SHOWN ? `…${path.slice(1 - SHOWN)}` : path)

/** The file that a path leads to, there or not: the end of all links. */
async function followLinks(path: string): Promise<string> {
  let file = path
  for (let links = 0; links <= MOST_LINKS; links++) {
    const folder = await realpath(dirname(file))
    file = join(folder, basename(file))
    const link = await readlink(file).catch(() => undefined)
    if (link === undefined) return file
    file = resolve(folder, link)
  }
  throw new MatgradError(`saveModel: ${shown(path)} is a link that leads to no end, wanted a file`)
}

/**
 * Writes a file so that a crash at any moment leaves either the old contents or the new: a temporary file beside it,
 * flushed to the disk, takes its name. All saves use one name for it, so that interrupted ones leave at most one file,
 * which the next one removes. The mode stays.
 */
async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const target = await followLinks(path)
  const former = await stat(target).catch(() => undefined)
  if (former && !former.isFile())
    throw new MatgradError(`saveModel: ${shown(path)} is a folder or a device, wanted a file`)
  const temporary = join(dirname(target), `.${basename(target)}.tmp`)
  await rm(temporary, { force: true })
  // Exclusively, so that nobody's link of this name is followed.
  const file = await open(temporary, 'wx')
  try {
    let written: number
    try {
      await file.writeFile(bytes)
      if (former) await file.chmod(former.mode & 0o7777)
      await file.sync()
      written = (await file.stat()).ino
    } finally {
      await file.close()
    }
    // Another process may have removed it and be writing its own.
    if ((await stat(temporary)).ino !== written)
      throw new MatgradError(`saveModel: another process saves ${shown(path)}, wanted one at a time`)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  const directory = await open(dirname(target), 'r').catch(() => undefined)
  // Some systems cannot open or flush a directory; there the file system orders the rename itself.
  await directory?.sync().catch(() => undefined)
  await directory?.close()
}

/** The saves that were begun, which go one after another: two of one file must not meet. */
let saving: Promise<unknown> = Promise.resolve()

/**
 * Saves a model's parameters and buffers, as they are at the call, as a safetensors file. The file is replaced atomically: it
 * keeps its mode, and a link to it stays one. An interrupted save leaves a hidden file `.<name>.tmp`, which the next one
 * removes.
 *
 * @throws DTypeError for what is no path or no model; MatgradError for the path of a folder; what the file system throws.
 */
export async function saveModel(path: string | FileUrl, model: Module, ...more: []): Promise<void> {
  checkNoMore('saveModel', 'path, model', more)
  const name = checkPath('saveModel', path)
  checkModule('saveModel', model)
  const bytes = io.encodeSafetensors(model.stateDict(), { format: 'matgrad' })
  const saved = saving.then(() => writeAtomically(name, bytes))
  saving = saved.catch(() => undefined)
  await saved
}

/** The state in the bytes of a file. @throws FormatError unless it has a matrix for each name that is in both. */
function decodeState(bytes: Uint8Array, model: Module): Record<string, Matrix> {
  const { tensors, skipped } = io.decodeSafetensors(bytes)
  const own = skipped.length > 0 ? model.stateDict() : {}
  for (const { name, reason } of skipped) {
    if (Object.hasOwn(own, name)) throw new FormatError(`${shorten(name)} was not read: ${reason}`)
    // A name that the model does not have, whatever is there.
    tensors[name] = zeros(0, 0)
  }
  return tensors
}

/**
 * Loads the parameters and buffers in a safetensors file, such as `saveModel` writes, into a model of the same structure, all or
 * none. Those of other dtypes are converted.
 *
 * @throws FormatError for a file that is not one, and where what the model has is no matrix there; MatgradError or ShapeError for names or shapes that are not the model's;
 * DTypeError for what is no path or no model; what the file system throws. All name the file.
 */
export async function loadModel(path: string | FileUrl, model: Module, ...more: []): Promise<void> {
  checkNoMore('loadModel', 'path, model', more)
  const name = checkPath('loadModel', path)
  checkModule('loadModel', model)
  if ((await stat(name)).isDirectory()) throw new MatgradError(`loadModel: ${shown(name)} is a folder, wanted a file`)
  const bytes = await readFile(name)
  try {
    model.loadStateDict(decodeState(bytes, model))
  } catch (error) {
    if (!(error instanceof MatgradError)) throw error
    const OfItsKind = error.constructor as new (message: string, options: ErrorOptions) => MatgradError
    throw new OfItsKind(`loadModel: ${shown(name)}: ${error.message}`, { cause: error })
  }
}
