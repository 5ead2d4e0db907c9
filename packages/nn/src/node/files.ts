import { open, readFile, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DTypeError, FormatError, io, MatgradError, type Matrix, zeros } from '@matgrad/core'
import {
  checkNoMore,
  describe,
  encodeTensors,
  func,
  oneOf,
  readerOf,
  readTensorOptions,
  shorten,
} from '@matgrad/core/internal'
import { fromPyTorch, toPyTorch } from '../export/pytorch.ts'
import { checkModule, type Module } from '../module.ts'
import { CHECKPOINT } from '../train/checkpoint.ts'

/** A URL, such as `new URL('model.safetensors', import.meta.url)`, whether or not a program has types for it. */
export interface FileUrl {
  readonly href: string
  readonly protocol: string
}

/** As many links as Linux follows. */
const MOST_LINKS = 40

/** A file's absolute path. @throws DTypeError for what is none. */
export function checkPath(operation: string, path: string | FileUrl): string {
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
export const shown = (path: string): string => shorten(path.length > SHOWN ? `…${path.slice(1 - SHOWN)}` : path)

/**
 * What the file system threw, as an error that names the operation and the file, and has the same code; others as they
 * are.
 */
function named(operation: string, path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (error instanceof MatgradError || code === undefined) return error
  // The message ends with the call and what that was given, which may be another file than was asked for.
  const why = message.replace(/, \w+( '.*)?$/s, '')
  return Object.assign(new MatgradError(`${operation}: ${shown(path)}: ${why}`, { cause: error }), { code })
}

/** What `work` gives. @throws MatgradError, with its code, for what the file system refuses. */
export function inFile<T>(operation: string, path: string, work: () => T): T {
  try {
    const result = work()
    if (!(result instanceof Promise)) return result
    return result.catch((error) => {
      throw named(operation, path, error)
    }) as T
  } catch (error) {
    throw named(operation, path, error)
  }
}

/** The file that a path leads to, there or not: the end of all links. */
async function followLinks(operation: string, path: string): Promise<string> {
  let file = path
  for (let links = 0; links <= MOST_LINKS; links++) {
    const folder = await realpath(dirname(file))
    file = join(folder, basename(file))
    const link = await readlink(file).catch(() => undefined)
    if (link === undefined) return file
    file = resolve(folder, link)
  }
  throw new MatgradError(`${operation}: ${shown(path)} is a link that leads to no end, wanted a file`)
}

/** A temporary file, flushed to the disk, takes the name of the file that it is beside. */
async function replace(operation: string, path: string, bytes: Uint8Array): Promise<void> {
  const target = await followLinks(operation, path)
  const former = await stat(target).catch(() => undefined)
  if (former && !former.isFile())
    throw new MatgradError(`${operation}: ${shown(path)} is a folder or a device, wanted a file`)
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
      throw new MatgradError(`${operation}: another process saves ${shown(path)}, wanted one at a time`)
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
 * Writes a file so that a crash at any moment leaves either the old contents or the new, and an error the old ones. All
 * writes use one name for the temporary file, so that interrupted ones leave at most one, which the next one removes. The
 * mode stays, and a link stays one. They go one after another, each with the bytes of the call.
 *
 * @param path as `checkPath` gives it
 * @throws MatgradError for the path of a folder, and, with its code, for what the file system refuses.
 */
export async function writeAtomically(operation: string, path: string, bytes: Uint8Array): Promise<void> {
  const written = saving.then(() => inFile(operation, path, () => replace(operation, path, bytes)))
  saving = written.catch(() => undefined)
  await written
}

export interface SaveModelOptions {
  /**
   * 'pytorch' has the names and shapes of PyTorch's state dict: a bias of (n), `running_mean`, `num_batches_tracked`.
   * @default 'matgrad'
   */
  readonly format?: 'matgrad' | 'pytorch'
}

const readSaveModel = readerOf({ format: oneOf('matgrad', 'pytorch')('matgrad') })

/**
 * Saves a model's parameters and buffers, as they are at the call, as a safetensors file. The file is replaced atomically: it
 * keeps its mode, and a link to it stays one. An interrupted save leaves a hidden file `.<name>.tmp`, which the next one
 * removes. `safetensors.torch.load_file` gives what `load_state_dict` takes for PyTorch's model of the same layers where the
 * format is 'pytorch'; names of properties stay.
 *
 * Defaults: format 'matgrad'.
 *
 * @throws DTypeError for what is no path or no model, and other options; MatgradError for the path of a folder, and, with its
 * code, for what the file system refuses: the existing file then stays.
 */
export async function saveModel(
  path: string | FileUrl,
  model: Module,
  options?: SaveModelOptions,
  ...more: []
): Promise<void> {
  checkNoMore('saveModel', 'path, model, options', more)
  const name = checkPath('saveModel', path)
  checkModule('saveModel', model)
  const { format } = readSaveModel('saveModel', options)
  const bytes =
    format === 'pytorch'
      ? encodeTensors(toPyTorch('saveModel', model), { format: 'pt' })
      : io.encodeSafetensors(model.stateDict(), { format: 'matgrad' })
  await writeAtomically('saveModel', name, bytes)
}

export interface LoadModelOptions {
  /**
   * The name in the model of a tensor in the file, such as `(name) => name.replace('module.', '')`; undefined leaves it out.
   * @default the same
   */
  readonly rename?: (name: string) => string | undefined
}

const readLoadModel = readerOf({ rename: func<NonNullable<LoadModelOptions['rename']>>()() })

/** Tensors by other names. @throws DTypeError for what is no name; MatgradError for one that two have. */
function renamed<T>(tensors: Readonly<Record<string, T>>, rename: (name: string) => unknown): Record<string, T> {
  const found: Record<string, T> = Object.create(null)
  for (const [name, tensor] of Object.entries(tensors)) {
    const other = rename(name)
    if (other === undefined) continue
    if (typeof other !== 'string')
      throw new DTypeError(`rename gave ${describe(other)} for ${shorten(name)}, wanted a name, or undefined`)
    if (Object.hasOwn(found, other))
      throw new MatgradError(
        `rename gave ${shorten(other)} for ${shorten(name)} and for another, wanted a name for each`,
      )
    found[other] = tensor
  }
  return found
}

/**
 * The state in the bytes of a file.
 *
 * @throws FormatError for a checkpoint, and unless it has a matrix for each name that is in both.
 */
function decodeState(bytes: Uint8Array, model: Module, rename: (name: string) => unknown): Record<string, Matrix> {
  const { tensors, metadata, skipped } = io.decodeSafetensors(bytes)
  if (metadata.format === CHECKPOINT)
    throw new FormatError(`format is '${CHECKPOINT}', wanted that of a model: did you mean loadCheckpoint?`)
  const all: Record<string, Matrix | string> = tensors
  for (const { name, reason } of skipped) all[name] = reason
  const own = skipped.length > 0 ? model.stateDict() : {}
  const state: Record<string, Matrix> = Object.create(null)
  for (const [name, tensor] of Object.entries(renamed(all, rename))) {
    if (typeof tensor === 'string' && Object.hasOwn(own, name))
      throw new FormatError(`${shorten(name)} was not read: ${tensor}`)
    // A name that the model does not have, whatever is there.
    state[name] = typeof tensor === 'string' ? zeros(0, 0) : tensor
  }
  return state
}

/**
 * Loads the parameters and buffers in a safetensors file, such as `saveModel` writes in either format, or
 * `safetensors.torch.save_file` of PyTorch's state dict, into a model of the same structure, all or none. Those of other dtypes
 * are converted.
 *
 * Default: rename gives the same name.
 *
 * @throws FormatError for a file that is not one, and where what the model has is no matrix there; MatgradError or ShapeError
 * for names or shapes that are not the model's; DTypeError for what is no path, model or name, and other options; MatgradError,
 * with its code, for what the file system refuses. All name the file.
 */
export async function loadModel(
  path: string | FileUrl,
  model: Module,
  options?: LoadModelOptions,
  ...more: []
): Promise<void> {
  checkNoMore('loadModel', 'path, model, options', more)
  const name = checkPath('loadModel', path)
  checkModule('loadModel', model)
  const { rename = (own) => own } = readLoadModel('loadModel', options)
  await decodeFile('loadModel', name, (bytes) =>
    model.loadStateDict(fromPyTorch('loadModel', model, decodeState(bytes, model, rename))),
  )
}

/**
 * The tensors of a safetensors file of anybody as matrices by name, its metadata, and what of it is no matrix and why; see
 * `io.decodeSafetensors`.
 *
 * Defaults: names all, shapes as the file has them.
 *
 * @throws FormatError for a file that is not one; what `io.decodeSafetensors` throws; MatgradError, with its code, for what the
 * file system refuses. All name the file.
 */
export async function loadTensors(
  path: string | FileUrl,
  options?: io.TensorOptions,
  ...more: []
): Promise<ReturnType<typeof io.decodeSafetensors>> {
  checkNoMore('loadTensors', 'path, options', more)
  const name = checkPath('loadTensors', path)
  readTensorOptions('loadTensors', options)
  return decodeFile('loadTensors', name, (bytes) => io.decodeSafetensors(bytes, options))
}

/**
 * What `decode` makes of the bytes of a file.
 *
 * @param path as `checkPath` gives it
 * @throws what it throws, with the name of the file; MatgradError, with its code, for what the file system refuses.
 */
export async function decodeFile<T>(operation: string, path: string, decode: (bytes: Uint8Array) => T): Promise<T> {
  const bytes = await inFile(operation, path, async () => {
    const found = await stat(path)
    // A device may never end.
    if (found.isDirectory() || found.isCharacterDevice() || found.isBlockDevice())
      throw new MatgradError(`${operation}: ${shown(path)} is a folder or a device, wanted a file`)
    return readFile(path)
  })
  try {
    return decode(bytes)
  } catch (error) {
    if (!(error instanceof MatgradError)) throw error
    const OfItsKind = error.constructor as new (message: string, options: ErrorOptions) => MatgradError
    throw new OfItsKind(`${operation}: ${shown(path)}: ${error.message}`, { cause: error })
  }
}
