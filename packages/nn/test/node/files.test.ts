// Files with models.

import promises, {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DTypeError, FormatError, Generator, io, MatgradError, matrix, ones, ShapeError, zeros } from '@matgrad/core'
import { Linear, type Module, ReLU, Sequential, SGD } from '@matgrad/nn'
import { loadModel, saveCheckpoint, saveModel } from '@matgrad/nn/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { endOf, outputOf } from '../../../core/test/node/output.ts'
import { bitsOf, errorFrom } from '../support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

/** What the next file that is opened for writing fails to do. */
const failing: { step: 'writeFile' | 'sync' | 'close' | undefined } = { step: undefined }

const { open } = promises

/** Opens a file that does half of its work before the disk is full. */
const openFailing: typeof open = async (path, flags, ...rest) => {
  const file = await open(path, flags, ...rest)
  const { step } = failing
  if (step === undefined || flags !== 'wx') return file
  const done = file[step].bind(file) as (...args: unknown[]) => Promise<unknown>
  return Object.assign(file, {
    [step]: async (...args: unknown[]) => {
      await done(...(args[0] instanceof Uint8Array ? [args[0].subarray(0, args[0].length / 2)] : args))
      throw new Error('no space left')
    },
  })
}

/** Modules that are loaded have it, too. */
function useOpen(own: typeof open): void {
  promises.open = own
  syncBuiltinESMExports()
}

beforeAll(() => useOpen(openFailing))
afterAll(() => useOpen(open))

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'matgrad-'))
})
afterEach(async () => {
  failing.step = undefined
  await rm(folder, { recursive: true })
})

const model = (seed = 1, hidden = 4) => {
  const generator = new Generator(seed)
  return new Sequential(new Linear(2, hidden, { generator }), new ReLU(), new Linear(hidden, 1, { generator }))
}
describe('saveModel and loadModel', () => {
  test('take no other options, and change nothing where they are given some', async () => {
    const path = join(folder, 'model.safetensors')
    const more = [{ strict: false }] as unknown as []
    await expect(saveModel(path, model(1), ...more)).rejects.toThrow('saveModel: got strict, wanted format')
    expect(await readdir(folder)).toEqual([])
    await expect(loadModel(path, model(1), ...more)).rejects.toThrow('loadModel: got strict, wanted rename')
  })

  test('give back every bit, and leave one file', async () => {
    const path = join(folder, 'model.safetensors')
    const [saved, loaded] = [model(1), model(2)]
    await saveModel(path, saved)
    await loadModel(path, loaded)
    expect(bitsOf(loaded)).toEqual(bitsOf(saved))
    expect(await readdir(folder)).toEqual(['model.safetensors'])
  })

  test('give back float64 and numbers that are hard to write', async () => {
    const path = join(folder, 'model')
    const make = (): Linear => new Linear(2, 2, { dtype: 'float64' })
    const [saved, loaded] = [make(), make()]
    const hard = [Number.NaN, Number.NEGATIVE_INFINITY, -0, Number.MIN_VALUE]
    saved.weight.value.data.set(hard)
    await saveModel(path, saved)
    await loadModel(path, loaded)
    expect([...loaded.weight.value.data]).toEqual(hard)
  })

  test('read weights of another dtype, and sizes that make no difference', async () => {
    const path = join(folder, 'model')
    const header = {
      weight: { dtype: 'BF16', shape: [1, 2, 1, 1], data_offsets: [0, 4] },
      bias: { dtype: 'I64', shape: [], data_offsets: [4, 12] },
      __metadata__: null,
    }
    const json = new TextEncoder().encode(JSON.stringify(header))
    const bytes = new Uint8Array(8 + json.length + 12)
    bytes.set([json.length], 0)
    bytes.set(json, 8)
    bytes.set([0x80, 0x3f, 0x40, 0xc0, 7], 8 + json.length)
    await writeFile(path, bytes)
    const loaded = new Linear(2, 1)
    await loadModel(path, loaded)
    expect(loaded.weight.value.toArray()).toEqual([[1, -3]])
    expect(loaded.bias?.value.toArray()).toEqual([[7]])
  })

  test('use the safetensors format with the names of the state', async () => {
    const path = join(folder, 'model')
    const saved = model()
    await saveModel(path, saved)
    const { tensors, metadata } = io.decodeSafetensors(await readFile(path))
    expect(metadata).toEqual({ format: 'matgrad' })
    const shapes = Object.entries(tensors).map(([name, { shape, dtype }]) => [name, shape, dtype])
    expect(shapes).toEqual([
      ['0.weight', [4, 2], 'float32'],
      ['0.bias', [1, 4], 'float32'],
      ['2.weight', [1, 4], 'float32'],
      ['2.bias', [1, 1], 'float32'],
    ])
  })

  test('save what the model is at the call, not what it becomes while the file is written', async () => {
    const path = join(folder, 'model')
    const [saved, loaded] = [model(1), model(2)]
    const before = bitsOf(saved)
    const saving = saveModel(path, saved)
    saved.parameters()[0].value.data.fill(9)
    await saving
    await loadModel(path, loaded)
    expect(bitsOf(loaded)).toEqual(before)
  })

  test('overwrite, and of four savings at once the last remains', async () => {
    const path = join(folder, 'model')
    await saveModel(path, model(9))
    const models = [1, 2, 3, 4].map((seed) => model(seed, 200))
    await Promise.all(models.map((each) => saveModel(path, each)))
    const loaded = model(5, 200)
    await loadModel(path, loaded)
    expect(bitsOf(loaded)).toEqual(bitsOf(models[3]))
    expect(await readdir(folder)).toEqual(['model'])
  })

  test.each(['writeFile', 'sync', 'close'] as const)(
    'a save whose %s fails leaves the existing file and no other',
    async (step) => {
      const path = join(folder, 'model')
      await saveModel(path, model(1))
      const before = await readFile(path)
      failing.step = step
      expect((await errorFrom(saveModel(path, model(2)))).message).toBe('no space left')
      failing.step = undefined
      expect((await readFile(path)).equals(before)).toBe(true)
      expect(await readdir(folder)).toEqual(['model'])
    },
  )

  test('a save onto a folder is refused and leaves it', async () => {
    const path = join(folder, 'model')
    await mkdir(path)
    const error = await errorFrom(saveModel(path, model()))
    expect(error).toBeInstanceOf(MatgradError)
    expect(error.message).toMatch(/^saveModel: .* is a folder or a device, wanted a file$/)
    expect((await stat(path)).isDirectory()).toBe(true)
    expect(await readdir(folder)).toEqual(['model'])
  })

  test('a load from a folder is refused, by its name', async () => {
    const path = join(folder, 'model')
    await mkdir(path)
    const error = await errorFrom(loadModel(path, model()))
    expect(error).toBeInstanceOf(MatgradError)
    expect(error.message).toMatch(/^loadModel: .*model is a folder or a device, wanted a file$/)
  })

  test('a device is refused: one that is never full, and one that never ends', async () => {
    await expect(saveModel('/dev/full', model())).rejects.toThrow('saveModel: /dev/full is a folder or a device')
    await expect(loadModel('/dev/zero', model())).rejects.toThrow('loadModel: /dev/zero is a folder or a device')
  })

  test('a disk where no more than 100 kB may be written: the existing file stays, and no other', {
    timeout: 60_000,
  }, async () => {
    const path = join(folder, 'model')
    await saveModel(path, model(1))
    const before = await readFile(path)
    const { errors } = await endOf(new URL('./large-save.ts', import.meta.url), { args: [path], kilobytes: 100 })
    expect(errors).toContain(`MatgradError: saveModel: ${path}: EFBIG: file too large\n`)
    expect((await readFile(path)).equals(before)).toBe(true)
    expect(await readdir(folder)).toEqual(['model'])
  })

  test('a save that is killed leaves the existing file and one other, which the next save removes', {
    timeout: 60_000,
  }, async () => {
    const path = join(folder, 'model')
    await saveModel(path, model(1))
    const before = await readFile(path)
    await writeFile(join(folder, '.model.tmp'), 'what an earlier one left')
    const killed = await errorFrom(outputOf(new URL('./killed-save.ts', import.meta.url), { args: [path] }))
    expect(killed.message).toBe('the script ended with null: ')
    expect((await readFile(path)).equals(before)).toBe(true)
    expect(await readdir(folder)).toEqual(['.model.tmp', 'model'])
    expect((await stat(join(folder, '.model.tmp'))).size).toBeGreaterThan(100)
    await saveModel(path, model(2))
    expect(await readdir(folder)).toEqual(['model'])
    expect((await readFile(path)).equals(before)).toBe(false)
  })

  test('a save keeps the mode of the file', async () => {
    const path = join(folder, 'model')
    await saveModel(path, model(1))
    const usual = await stat(path)
    expect(usual.mode & 0o777).toBe(0o666 & ~process.umask())
    for (const mode of [0o600, 0o666, 0o440]) {
      await chmod(path, mode)
      await saveModel(path, model(2))
      expect((await stat(path)).mode & 0o777).toBe(mode)
    }
  })

  test('a save through links writes the file at their end, there or not, and leaves them', async () => {
    await mkdir(join(folder, 'deep'))
    await symlink('deep', join(folder, 'alias'))
    await symlink('../first', join(folder, 'deep', 'second'))
    await symlink(join(folder, 'deep', 'model'), join(folder, 'first'))
    for (const seed of [1, 2]) {
      const [saved, loaded] = [model(seed), model(3)]
      await saveModel(join(folder, 'alias', 'second'), saved)
      await loadModel(join(folder, 'deep', 'model'), loaded)
      expect(bitsOf(loaded)).toEqual(bitsOf(saved))
      for (const link of ['first', 'alias', 'deep/second'])
        expect((await lstat(join(folder, link))).isSymbolicLink()).toBe(true)
      expect((await readdir(join(folder, 'deep'))).sort()).toEqual(['model', 'second'])
    }
  })

  test('a link to itself is an error', async () => {
    const path = join(folder, 'model')
    await symlink('model', path)
    const error = await errorFrom(saveModel(path, model()))
    expect(error).toBeInstanceOf(MatgradError)
    expect(error.message).toContain('a link that leads to no end')
  })

  test('a link with the name of the temporary file is removed, not followed', async () => {
    const [path, other] = [join(folder, 'model'), join(folder, 'other')]
    await writeFile(other, 'precious')
    await symlink(other, join(folder, '.model.tmp'))
    await saveModel(path, model())
    expect(await readFile(other, 'utf8')).toBe('precious')
    expect((await readdir(folder)).sort()).toEqual(['model', 'other'])
  })

  test('a file: URL is a path', async () => {
    const [saved, loaded] = [model(1), model(2)]
    const url = pathToFileURL(join(folder, 'a model'))
    await saveModel(url, saved)
    await loadModel(url, loaded)
    expect(bitsOf(loaded)).toEqual(bitsOf(saved))
    expect(await readdir(folder)).toEqual(['a model'])
  })

  test.each([
    ['""', ''],
    ['"folder/"', 'folder/'],
    ['undefined', undefined],
    ['3', 3],
    ['Uint8Array', new Uint8Array(3)],
    ['Sequential', model()],
    ['"https://example.com/model"', new URL('https://example.com/model')],
  ])('%s is no path', async (shown, path) => {
    for (const [name, run] of Object.entries({ saveModel, loadModel })) {
      const error = await errorFrom(run(path as Untyped, model()))
      expect(error).toBeInstanceOf(DTypeError)
      expect(error.message).toBe(`${name}: path is ${shown}, wanted the name of a file or a file: URL`)
    }
  })

  test('a save into a folder that is not there fails', async () => {
    const path = join(folder, 'none', 'model')
    const error = await errorFrom(saveModel(path, model()))
    expect(error).toBeInstanceOf(MatgradError)
    expect(error).toMatchObject({ code: 'ENOENT', message: `saveModel: ${path}: ENOENT: no such file or directory` })
    expect(await readdir(folder)).toEqual([])
  })

  test.each([
    ['a Matrix', ones(1, 1), 'Matrix'],
    ['null', null, 'null'],
    ['a state', model().stateDict(), 'Object'],
    ['undefined', undefined, 'undefined'],
    ['a list of layers', [new ReLU()], 'an array'],
    ['a text', 'text', '"text"'],
    ['a number', Number.NaN, 'NaN'],
  ])('%s is no model to save or to load into', async (_title, value, shown) => {
    const path = join(folder, 'model')
    for (const [name, run] of Object.entries({ saveModel, loadModel })) {
      const error = await errorFrom(run(path, value as Untyped))
      expect(error).toBeInstanceOf(DTypeError)
      expect(error.message).toBe(`${name}: model is ${shown}, wanted a Module`)
    }
    expect(await readdir(folder)).toEqual([])
  })
})

describe('loadModel rejects and changes nothing', () => {
  const good = (): Uint8Array => io.encodeSafetensors(model(2).stateDict())
  const text = (words: string): Uint8Array => new TextEncoder().encode(words)
  /** The bytes of a file whose header says `header` and whose tensors have no elements. */
  const withHeader = (header: unknown): Uint8Array => {
    const json = text(JSON.stringify(header))
    const bytes = new Uint8Array(8 + json.length)
    bytes[0] = json.length
    bytes.set(json, 8)
    return bytes
  }
  const bad: [string, () => Uint8Array, new (message: string) => Error, string][] = [
    ['an empty file', () => new Uint8Array(), FormatError, 'wanted at least 8'],
    ['a text', () => text('These are not weights, this is a poem.'), FormatError, 'the header has'],
    ['a PNG', () => Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13), FormatError, 'the header has'],
    ['a matrix in .npy', () => io.encodeNpy(zeros(4, 2)), FormatError, 'the bytes are those of .npy'],
    ['a file cut short', () => good().subarray(0, -1), FormatError, 'the tensors need'],
    ['a file cut in the header', () => good().subarray(0, 40), FormatError, 'the header has'],
    ['a byte too many', () => Uint8Array.of(...good(), 0), FormatError, 'the tensors need'],
    ['a broken header', () => good().fill(0x7b, 8, 12), FormatError, 'the header is not JSON'],
    [
      'weights of a dtype that is not read',
      () => withHeader({ '0.weight': { dtype: 'F8_E4M3', shape: [4, 2], data_offsets: [0, 0] } }),
      FormatError,
      '0.weight was not read: dtype is F8_E4M3, wanted floats',
    ],
    [
      'weights that are no matrix',
      () => withHeader({ '2.bias': { dtype: 'F32', shape: [2, 0, 2], data_offsets: [0, 0] } }),
      FormatError,
      '2.bias was not read: shape is (2, 0, 2), wanted at most two sizes',
    ],
    [
      'a name too many for what is no matrix',
      () => withHeader({ kernel: { dtype: 'F32', shape: [2, 0, 2], data_offsets: [0, 0] } }),
      MatgradError,
      'missing 0.weight, 0.bias, 2.weight, 2.bias; unexpected kernel',
    ],
    ['other names', () => io.encodeSafetensors({ weight: zeros(1, 1) }), MatgradError, 'missing 0.weight, 0.bias'],
    [
      'a name too many',
      () => io.encodeSafetensors({ ...model(2).stateDict(), '3.bias': zeros(1, 1) }),
      MatgradError,
      'unexpected 3.bias',
    ],
    ['a larger model', () => io.encodeSafetensors(model(2, 5).stateDict()), ShapeError, '0.weight is 5x2, wanted 4x2'],
    [
      'a wrong last matrix',
      () => io.encodeSafetensors({ ...model(2).stateDict(), '2.bias': zeros(1, 2) }),
      ShapeError,
      '2.bias is 1x2, wanted 1x1',
    ],
  ]

  test.each(bad)('%s', async (_title, bytes, kind, message) => {
    const path = join(folder, 'model')
    await writeFile(path, bytes())
    const target: Module = model(1)
    const before = bitsOf(target)
    const error = await errorFrom(loadModel(path, target))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
    expect(error.message.startsWith(`loadModel: ${path}: `), error.message).toBe(true)
    expect(bitsOf(target)).toEqual(before)
  })

  test('under other names, of those that are asked for', async () => {
    const path = join(folder, 'renamed')
    const [source, target] = [model(1), model(2)]
    const tensors = { ...source.stateDict(), 'head.weight': ones(3, 3) }
    const named = Object.fromEntries(Object.entries(tensors).map(([name, each]) => [`module.${name}`, each]))
    await writeFile(path, io.encodeSafetensors(named))
    const rename = (name: string) => (name.startsWith('module.head') ? undefined : name.replace('module.', ''))
    await loadModel(path, target, { rename })
    expect(bitsOf(target)).toEqual(bitsOf(source))
    for (const [rename, kind, message] of [
      [(name: string) => name.replace('module.', ''), MatgradError, 'unexpected head.weight'],
      [() => 'a', MatgradError, 'rename gave a for module.'],
      [() => 1 as never, DTypeError, 'rename gave 1 for module.'],
    ] as const) {
      const error = await errorFrom(loadModel(path, target, { rename }))
      expect(error).toBeInstanceOf(kind)
      expect(error.message).toContain(message)
    }
    expect(bitsOf(target)).toEqual(bitsOf(source))
  })

  test('a checkpoint', async () => {
    const path = join(folder, 'checkpoint')
    const target = model(1)
    await saveCheckpoint(path, { model: target, optimizer: new SGD(target.parameters(), { lr: 0.1 }) })
    const { message } = await errorFrom(loadModel(path, target))
    expect(message).toBe(
      `loadModel: ${path}: format is 'matgrad checkpoint', wanted that of a model: did you mean loadCheckpoint?`,
    )
  })

  test('the end of a long path, where the name is', async () => {
    const path = join(folder, 'f'.repeat(100), 'model')
    await mkdir(join(folder, 'f'.repeat(100)))
    await writeFile(path, 'x')
    const { message } = await errorFrom(loadModel(path, model(1)))
    expect(message).toContain(`loadModel: …${'f'.repeat(73)}/model: `)
  })

  test('a file that is not there', async () => {
    const target = model(1)
    const before = bitsOf(target)
    const error = await errorFrom(loadModel(join(folder, 'none'), target))
    expect(error).toBeInstanceOf(MatgradError)
    expect(error.message).toBe(`loadModel: ${join(folder, 'none')}: ENOENT: no such file or directory`)
    expect(bitsOf(target)).toEqual(before)
  })
})

test('matrix and file keep rows in the same order', async () => {
  const path = join(folder, 'order')
  const saved = new Linear(3, 2, {
    init: () =>
      matrix([
        [1, 2, 3],
        [4, 5, 6],
      ]),
  })
  await saveModel(path, saved)
  const bytes = await readFile(path)
  // The bias, two zeros, comes after the weight.
  const elements = new Float32Array(8).map((_, i) => bytes.readFloatLE(bytes.length - 32 + 4 * i))
  expect([...elements]).toEqual([1, 2, 3, 4, 5, 6, 0, 0])
})
