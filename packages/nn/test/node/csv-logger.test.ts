// The tables that `csvLogger` writes.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FormatError, Generator, MatgradError } from '@matgrad/core'
import { type Callback, Linear, type Logs, type Metrics, mseLoss, SGD } from '@matgrad/nn'
import { type CsvLoggerOptions, csvLogger } from '@matgrad/nn/node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { endOf } from '../../../core/test/node/output.ts'
import { fit } from '../run.ts'
import { xor } from '../support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

let [folder, path] = ['', '']
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'matgrad-'))
  path = join(folder, 'log.csv')
})
afterEach(() => rm(folder, { recursive: true }))

const contents = (): Promise<string> => readFile(path, 'utf8')

function train(logger: Callback, callbacks: readonly Callback[] = [], metrics: Metrics = {}) {
  const model = new Linear(2, 1, { generator: new Generator(1) })
  const optimizer = new SGD(model.parameters(), { lr: 0.1 })
  const options = { loss: mseLoss, optimizer, epochs: 3, validation: xor(), metrics }
  return fit(model, xor(), { ...options, callbacks: [logger, ...callbacks] })
}

/** Writes epochs without a training. */
async function log(options: CsvLoggerOptions, ...epochs: readonly Logs[]): Promise<void> {
  const { onTrainBegin, onEpochEnd } = csvLogger(path, options)
  const training: Untyped = { epoch: 0, history: Object.fromEntries(Object.keys(epochs[0]).map((name) => [name, []])) }
  await onTrainBegin?.(training)
  for (const [epoch, logs] of epochs.entries()) await onEpochEnd?.(epoch, logs, training)
}

test('a line for each epoch has the numbers of the history, to every bit', async () => {
  const history = await train(csvLogger(pathToFileURL(path)), [], { half: () => 0.5 })
  const [header, ...lines] = (await contents()).split('\n')
  expect(header).toBe('epoch,loss,half,valLoss,valHalf')
  expect(lines.pop()).toBe('')
  const { loss, half, valLoss, valHalf } = history
  const wanted = loss.map((each, i) => [i, each, half[i], valLoss[i], valHalf[i]])
  expect(lines.map((line) => line.split(',').map(Number))).toEqual(wanted)
})

test('numbers are as short as they can be, and every one comes back', async () => {
  const numbers = [
    0.1,
    1e-9,
    1e21,
    -0,
    5e-324,
    Number.MAX_VALUE,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ]
  await log({}, ...numbers.map((loss) => ({ loss })))
  const cells = (await contents())
    .split('\n')
    .slice(1, -1)
    .map((line) => line.split(',')[1])
  expect(cells).toEqual([
    '0.1',
    '1e-9',
    '1e+21',
    '-0',
    '5e-324',
    '1.7976931348623157e+308',
    'NaN',
    'Infinity',
    '-Infinity',
  ])
  expect(cells.map(Number)).toEqual(numbers)
})

test('names with the separator, quotation marks or ends of lines are in quotation marks', async () => {
  await log({ separator: ';' }, { loss: 1, 'a;b': 2, 'a,b': 3, 'the "best"': 4, 'two\nlines': 5 })
  expect(await contents()).toBe('epoch;loss;"a;b";a,b;"the ""best""";"two\nlines"\n0;1;2;3;4;5\n')
})

test('each line is in the file when its epoch is over', async () => {
  const seen: number[] = []
  await train(csvLogger(path), [{ onEpochEnd: async () => void seen.push((await contents()).split('\n').length) }])
  expect(seen).toEqual([3, 4, 5])
})

test('a former file is replaced, without append', async () => {
  await writeFile(path, 'something else\n')
  await log({}, { loss: 1 })
  expect(await contents()).toBe('epoch,loss\n0,1\n')
})

describe('append', () => {
  test.each([
    ['a file that is not there', undefined, ''],
    ['an empty file', '', ''],
    ['a header that was not finished', 'epoch,lo', ''],
    ['a file with a header alone', 'epoch,loss\n', ''],
    ['a file with lines', 'epoch,loss\n0,3\n1,2\n', '0,3\n1,2\n'],
    ['a file whose last line was not finished', 'epoch,loss\n0,3\n1,0.12', '0,3\n'],
  ])('goes on with %s', async (_title, former, kept) => {
    if (former !== undefined) await writeFile(path, former)
    await log({ append: true }, { loss: 1 })
    expect(await contents()).toBe(`epoch,loss\n${kept}0,1\n`)
  })

  test('goes on with a file whose lines end as on Windows', async () => {
    await writeFile(path, 'epoch,loss\r\n0,3\r\n')
    await log({ append: true }, { loss: 1 })
    expect(await contents()).toBe('epoch,loss\r\n0,3\r\n0,1\n')
  })

  test.each([
    ['other columns', 'epoch,loss\n0,3\n', 'epoch, loss'],
    ['another order', 'epoch,valLoss,loss\n0,3,4\n', 'epoch, valLoss, loss'],
    ['another separator', 'epoch;loss;valLoss\n', 'epoch;loss;valLoss'],
    ['a text without an end', 'a poem', 'a poem'],
  ])('refuses a file with %s before the first step, and leaves it', async (_title, former, shown) => {
    await writeFile(path, former)
    let batches = 0
    const error = await train(csvLogger(path, { append: true }), [{ onBatchEnd: () => void batches++ }]).catch((e) => e)
    expect(error).toBeInstanceOf(FormatError)
    expect(error.message).toBe(`csvLogger: ${path} has the columns ${shown}, wanted epoch, loss, valLoss`)
    expect(await contents()).toBe(former)
    expect(batches).toBe(0)
  })
})

describe('what it refuses', () => {
  test.each([
    ['', '""'],
    [',,', '",,"'],
    ['"', '"\\""'],
    ['\n', '"\\n"'],
    ['1', '"1"'],
    ['e', '"e"'],
    ['.', '"."'],
    ['-', '"-"'],
  ])('the separator %j', (separator, shown) => {
    expect(() => csvLogger(path, { separator })).toThrow(
      `csvLogger: separator is ${shown}, wanted one character such as`,
    )
  })

  test('what is no path, and arguments in excess', () => {
    for (const wrong of ['', 'folder/', 3, undefined])
      expect(() => csvLogger(wrong as Untyped)).toThrow('wanted the name of a file or a file: URL')
    expect(() => csvLogger(path, {}, ...([1] as unknown as []))).toThrow('csvLogger: got 1 in excess')
  })

  test.each([
    ['a folder', () => folder, 'EISDIR', 'illegal operation on a directory'],
    [
      'a file in a folder that is not there',
      () => join(folder, 'none', 'log.csv'),
      'ENOENT',
      'no such file or directory',
    ],
    ['a full disk', () => '/dev/full', 'ENOSPC', 'no space left on device'],
  ])('%s, by its name and before the first step', async (_title, pathOf, code, why) => {
    for (const append of pathOf() === '/dev/full' ? [false] : [false, true]) {
      let batches = 0
      const logger = csvLogger(pathOf(), { append })
      const error = await train(logger, [{ onBatchEnd: () => void batches++ }]).catch((e) => e)
      expect(error).toBeInstanceOf(MatgradError)
      expect(error.message).toBe(`csvLogger: ${pathOf()}: ${code}: ${why}`)
      expect(error).toMatchObject({ code })
      expect(batches).toBe(0)
    }
  })

  test('a file that becomes a folder in the training', async () => {
    const replaced: Callback = {
      async onEpochBegin(epoch) {
        if (epoch !== 1) return
        await rm(path)
        await mkdir(path)
      },
    }
    await expect(train(csvLogger(path), [replaced])).rejects.toThrow(`csvLogger: ${path}: EISDIR`)
  })
})

test('a process that is killed leaves all lines of the epochs before', { timeout: 60_000 }, async () => {
  const ended = await endOf(new URL('./killed-log.ts', import.meta.url), { args: [path] })
  expect(ended.signal).toBe('SIGKILL')
  expect((await contents()).split('\n').map((line) => line.split(',')[0])).toEqual(['epoch', '0', '1', '2', ''])
})

test('a training that goes on writes the epochs that it makes again in the place of those that were there', async () => {
  await log({}, { loss: 1 }, { loss: 2 }, { loss: 3 })
  const { onTrainBegin, onEpochEnd } = csvLogger(path, { append: true })
  const training: Untyped = { history: { loss: [1] }, epoch: 1 }
  await onTrainBegin?.(training)
  await onEpochEnd?.(1, { loss: 7 }, training)
  expect(await contents()).toBe('epoch,loss\n0,1\n1,7\n')
  // One that begins anew adds to what is there.
  const { onTrainBegin: begin, onEpochEnd: end } = csvLogger(path, { append: true })
  await begin?.({ ...training, epoch: 0 })
  await end?.(0, { loss: 9 }, training)
  expect(await contents()).toBe('epoch,loss\n0,1\n1,7\n0,9\n')
})
