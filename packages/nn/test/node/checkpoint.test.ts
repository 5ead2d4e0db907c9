// Checkpoints in files: what `checkpoint` leaves, and trainings that another process goes on with.

import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DTypeError, FormatError, Generator, MatgradError, ShapeError } from '@matgrad/core'
import { Adam, fit, Linear, mseLoss, SGD } from '@matgrad/nn'
import { type CheckpointOptions, checkpoint, loadCheckpoint, saveCheckpoint, saveModel } from '@matgrad/nn/node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { endOf, outputOf } from '../../../core/test/node/output.ts'
import { bitsOf, errorFrom, errorOf, xor } from '../support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'matgrad-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** A training of four epochs of two batches, with checkpoints. */
async function train(name: string, options?: CheckpointOptions, settings: Untyped = {}) {
  const model = new Linear(2, 1, { generator: new Generator(1) })
  const optimizer = new SGD(model.parameters(), { lr: 0.1 })
  const callbacks = [checkpoint(join(folder, name), options)]
  await fit(model, xor(), { loss: mseLoss, optimizer, epochs: 4, batchSize: 2, callbacks, ...settings })
  return { model, optimizer }
}

const into = () => {
  const model = new Linear(2, 1)
  return { model, optimizer: new SGD(model.parameters(), { lr: 1 }) }
}

describe('checkpoint', () => {
  test('one file has the last epoch', async () => {
    const { model } = await train('last')
    expect(await readdir(folder)).toEqual(['last'])
    const parts = into()
    expect(await loadCheckpoint(join(folder, 'last'), parts)).toMatchObject({ epoch: 4, batch: 0 })
    expect(bitsOf(parts.model)).toEqual(bitsOf(model))
    expect(parts.optimizer.lr).toBe(0.1)
  })

  test('a model alone takes the weights, with the generator of fit if it had one', async () => {
    const generator = new Generator(2)
    for (const settings of [{}, { generator }]) {
      const { model } = await train('last', {}, settings)
      const other = new Linear(2, 1)
      await loadCheckpoint(join(folder, 'last'), { model: other, ...settings })
      expect(bitsOf(other)).toEqual(bitsOf(model))
    }
  })

  test('with {epoch} in its path each number of epochs has a file, and the last ones are kept', async () => {
    await train('after {epoch}')
    expect((await readdir(folder)).sort()).toEqual(['after 1', 'after 2', 'after 3', 'after 4'])
    for (const epoch of [1, 2, 3, 4])
      expect(await loadCheckpoint(join(folder, `after ${epoch}`), into())).toMatchObject({ epoch })
    await train('{epoch} of two', { keep: 2 })
    expect((await readdir(folder)).filter((name) => name.endsWith('of two')).sort()).toEqual(['3 of two', '4 of two'])
  })

  test('every two and every three epochs, and after the last', async () => {
    await train('two {epoch}', { every: 2 })
    await train('three {epoch}', { every: 3 })
    expect((await readdir(folder)).sort()).toEqual(['three 3', 'three 4', 'two 2', 'two 4'])
  })

  test('by batch the file is of the last of them, in the middle of an epoch', async () => {
    let batches = 0
    const stop = {
      onBatchEnd(_batch: number, _logs: unknown, training: Untyped) {
        if (++batches === 3) training.stop()
      },
    }
    const saver = checkpoint(join(folder, 'batch'), { by: 'batch', every: 3 })
    await train('unused', { every: 9 }, { callbacks: [saver, stop] })
    expect(await readdir(folder)).toEqual(['batch'])
    expect(await loadCheckpoint(join(folder, 'batch'), into())).toMatchObject({ epoch: 1, batch: 1 })
  })

  test('with a monitor there is a file where it is the best so far', async () => {
    const values = [3, 1, 2, 0.5]
    let epoch = 0
    const metrics = { error: () => values[epoch++] }
    await train('best {epoch}', { monitor: 'error' }, { metrics })
    expect((await readdir(folder)).sort()).toEqual(['best 1', 'best 2', 'best 4'])
    epoch = 0
    await train('most {epoch}', { monitor: 'error', mode: 'max' }, { metrics })
    expect((await readdir(folder)).filter((name) => name.startsWith('most'))).toEqual(['most 1'])
  })

  test('what makes no sense is refused: options at once, names before the first step', async () => {
    const of = (options: Untyped, path: Untyped = 'a') => errorOf(() => checkpoint(path, options))
    expect(of({}, 3)).toBeInstanceOf(DTypeError)
    expect(of({ every: 0 })).toBeInstanceOf(ShapeError)
    expect(of({ keep: 0 }, 'a{epoch}')).toBeInstanceOf(ShapeError)
    expect(of({ keep: 2 }).message).toContain('{epoch} in the path')
    expect(of({ by: 'batch', monitor: 'loss' }).message).toContain("by: 'epoch'")
    expect(of({ by: 'step' })).toBeInstanceOf(DTypeError)
    const error = await errorFrom(train('a', { monitor: 'valLoss' }))
    expect(error.message).toContain('checkpoint: monitor is valLoss, wanted one of loss')
    expect(await readdir(folder)).toEqual([])
  })

  test('a folder that cannot be written to ends the training with an error that names the file', async () => {
    const error = await errorFrom(train('none/of this'))
    expect(error).toBeInstanceOf(MatgradError)
    expect(error).toMatchObject({ code: 'ENOENT', message: expect.stringContaining('checkpoint: ') })
  })
})

describe('saveCheckpoint and loadCheckpoint', () => {
  test('errors name the file, and nothing is changed', async () => {
    const path = join(folder, 'file')
    const parts = into()
    const before = bitsOf(parts.model)
    expect(await errorFrom(loadCheckpoint(path, parts))).toMatchObject({ code: 'ENOENT' })
    await saveModel(path, parts.model)
    const error = await errorFrom(loadCheckpoint(path, parts))
    expect(error).toBeInstanceOf(FormatError)
    expect(error.message).toMatch(/^loadCheckpoint: .*file: decodeCheckpoint: format is/)
    await saveCheckpoint(path, { model: parts.model, optimizer: new Adam(parts.model.parameters()) })
    expect((await errorFrom(loadCheckpoint(path, parts))).message).toContain('SGD')
    const bytes = await readFile(path)
    for (let length = 0; length < bytes.length; length += 13) {
      await writeFile(path, bytes.subarray(0, length))
      expect(await errorFrom(loadCheckpoint(path, parts))).toBeInstanceOf(FormatError)
    }
    expect(bitsOf(parts.model)).toEqual(before)
    expect(await errorFrom(saveCheckpoint(path, 3 as Untyped))).toBeInstanceOf(MatgradError)
    expect(await errorFrom(saveCheckpoint('', parts))).toBeInstanceOf(DTypeError)
  })

  test.skipIf(process.getuid?.() === 0)('a read-only folder leaves the existing file', async () => {
    const path = join(folder, 'file')
    const parts = into()
    await saveCheckpoint(path, parts)
    await chmod(folder, 0o500)
    expect(await errorFrom(saveCheckpoint(path, parts))).toMatchObject({ code: 'EACCES' })
    await chmod(folder, 0o700)
    await loadCheckpoint(path, parts)
  })
})

describe('a training that kill -9 ends goes on in another process with the same bits', () => {
  const script = new URL('./resumed.ts', import.meta.url)

  test.each([
    ['SGD', 3],
    ['Adam', 20],
  ])('%s, after %i batches', async (name, batches) => {
    const file = join(folder, 'checkpoint')
    const [whole, killed] = await Promise.all([
      outputOf(script, { args: ['whole', name, file] }),
      endOf(script, { args: ['killed', name, file, String(batches)] }),
    ])
    expect(killed).toMatchObject({ signal: 'SIGKILL', output: '', errors: '' })
    expect(await outputOf(script, { args: ['resumed', name, file] })).toBe(whole)
  })
})
