// What `progress` shows, and what it makes of signals.

import { Writable } from 'node:stream'
import { Generator } from '@matgrad/core'
import { type Callback, Linear, type Logs, mseLoss, Sequential, SGD, StepLR, Tanh } from '@matgrad/nn'
import { progress } from '@matgrad/nn/node'
import { describe, expect, test } from 'vitest'
import { endOf } from '../../../core/test/node/output.ts'
import { fit } from '../run.ts'
import { xor } from '../support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

/** A stream that keeps what is written, as a terminal or not. */
class Screen extends Writable {
  text = ''
  readonly isTTY: boolean
  readonly columns = 100

  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }

  /** What is left on the screen: each line after its last return, without control sequences and with T for a time. */
  get lines(): string[] {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are controlled by them
    const cleared = this.text.replace(/[^\n]*\x1b\[2K/g, '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the same
    const lines = cleared.replace(/\x1b(\[[0-9;?]*[A-Za-z]|[78])/g, '').split('\n')
    return lines.map((line) => line.replace(/\d+\.\d s$/, 'T s'))
  }

  count(sequence: string): number {
    return this.text.split(sequence).length - 1
  }
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Longer than a bar stays as it is. */
const LONG = 130
/** Makes each batch long. */
const slowly: Callback = { onBatchEnd: () => wait(LONG) }

interface Given {
  readonly callbacks?: readonly Callback[]
  readonly signal?: AbortSignal
  readonly epochs?: number
  readonly every?: number
  readonly lr?: number
}

function train(stream: Screen, { callbacks = [], signal, epochs = 3, every, lr = 0.1 }: Given = {}) {
  const generator = new Generator(1)
  const model = new Sequential(new Linear(2, 4, { generator }), new Tanh(), new Linear(4, 1, { generator }))
  const optimizer = new SGD(model.parameters(), { lr })
  return fit(model, xor(), {
    loss: mseLoss,
    optimizer,
    scheduler: new StepLR(optimizer, { stepSize: 1, gamma: 0.5 }),
    epochs,
    batchSize: 1,
    metrics: { half: () => 0.5 },
    ...(signal && { signal }),
    callbacks: [progress({ stream, ...(every !== undefined && { every }) }), ...callbacks],
  })
}

const lineOf = (epoch: number, epochs: number, loss: number): string =>
  `epoch ${epoch}/${epochs}  loss ${loss.toPrecision(4)}  half 0.5000  T s`

describe('without a terminal', () => {
  test('there is a line for each epoch', async () => {
    const screen = new Screen(false)
    const { loss } = await train(screen)
    expect(screen.lines).toEqual([...loss.map((each, i) => lineOf(i + 1, 3, each)), ''])
    expect(screen.text).not.toContain('\x1b')
  })

  test('the number of an epoch is padded to that of the last', async () => {
    const screen = new Screen(false)
    await train(screen, { epochs: 10 })
    const numbers = Array.from({ length: 9 }, (_, i) => `epoch  ${i + 1}/10`)
    expect(screen.lines.map((line) => line.slice(0, 11))).toEqual([...numbers, 'epoch 10/10', ''])
  })

  test.each([
    ['ends', [], 8, [3, 6, 8]],
    ['ends with a line that is due', [], 6, [3, 6]],
    ['is stopped', [{ onEpochEnd: (epoch, _logs, training) => epoch === 4 && training.stop() }], 8, [3, 5]],
    [
      'is stopped where a line is due',
      [{ onEpochEnd: (epoch, _, training) => epoch === 5 && training.stop() }],
      8,
      [3, 6],
    ],
    ['is stopped before an epoch', [{ onEpochBegin: (epoch, training) => epoch === 4 && training.stop() }], 8, [3, 4]],
  ] as [string, Callback[], number, number[]][])(
    'every third epoch has a line, and the last, when the training %s',
    async (_title, callbacks, epochs, numbers) => {
      const screen = new Screen(false)
      const { loss } = await train(screen, { callbacks, epochs, every: 3 })
      expect(screen.lines).toEqual([...numbers.map((number) => lineOf(number, epochs, loss[number - 1])), ''])
    },
  )

  test('the last epoch has a line, too, when an error ends the training, or the signal', async () => {
    for (const controller of [undefined, new AbortController()]) {
      const screen = new Screen(false)
      const end = (epoch: number): void => {
        if (epoch !== 2) return
        if (!controller) throw new Error('thrown')
        controller.abort()
      }
      const given = { every: 5, epochs: 9, callbacks: [{ onEpochBegin: end }] }
      await expect(train(screen, controller ? { ...given, signal: controller.signal } : given)).rejects.toThrow()
      expect(screen.lines.map((line) => line.slice(0, 9))).toEqual(['epoch 2/9', ''])
    }
  })

  test('it asks for nothing at the end of a batch, which would keep the training waiting', () => {
    expect(progress({ stream: new Screen(false) })).not.toHaveProperty('onBatchEnd')
    expect(progress({ stream: new Screen(true) })).toHaveProperty('onBatchEnd')
  })

  test('one callback can be used for one training after another', async () => {
    const stream = new Screen(false)
    const callback = progress({ stream, every: 2 })
    const model = new Linear(2, 1)
    const optimizer = new SGD(model.parameters(), { lr: 0.1 })
    for (const epochs of [1, 3]) await fit(model, xor(), { loss: mseLoss, optimizer, epochs, callbacks: [callback] })
    expect(stream.lines.map((line) => line.slice(0, 9))).toEqual(['epoch 1/1', 'epoch 2/3', 'epoch 3/3', ''])
  })

  test.each([
    [0, '0'],
    [-0, '0'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [1.23456e-9, '1.235e-9'],
    [-1.23456e-9, '-1.235e-9'],
    [5e-324, '4.941e-324'],
    [0.000999999, '1.000e-3'],
    [0.001, '0.001000'],
    [0.0123456, '0.01235'],
    [0.5, '0.5000'],
    [0.99999, '1.000'],
    [1, '1.000'],
    [12.3456, '12.35'],
    [999.96, '1000'],
    [1234.5, '1235'],
    [123456.7, '123457'],
    [1e6, '1.000e+6'],
    [1.23456e12, '1.235e+12'],
    [Number.MAX_VALUE, '1.798e+308'],
  ])('%s is written as %s, of any column', async (value, text) => {
    const stream = new Screen(false)
    const { onEpochBegin, onEpochEnd } = progress({ stream })
    const training = { epochs: 1, batches: 1 } as Untyped
    const logs: Logs = { loss: value, valOther: value }
    await onEpochBegin?.(0, training)
    await onEpochEnd?.(0, logs, training)
    expect(stream.lines).toEqual([`epoch 1/1  loss ${text}  valOther ${text}  T s`, ''])
  })
})

/** The cursor is shown as often as it is hidden, lines wrap again, and nobody waits for signals any more. */
function expectClean(screen: Screen, listeners: number): void {
  expect(screen.count('\x1b[?25h')).toBe(screen.count('\x1b[?25l'))
  expect(screen.text.lastIndexOf('\x1b[?25h')).toBeGreaterThan(screen.text.lastIndexOf('\x1b[?25l'))
  expect(screen.count('\x1b[?7h')).toBe(screen.count('\x1b[?7l'))
  expect(listenersNow()).toBe(listeners)
}
const listenersNow = (): number =>
  ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit'].reduce((count, name) => count + process.listenerCount(name), 0)

describe('on a terminal', () => {
  test('there is a bar for each epoch with what is known, which leaves the lines alone', async () => {
    const screen = new Screen(true)
    const listeners = listenersNow()
    const { loss } = await train(screen, { callbacks: [slowly] })
    for (const i of [1, 2, 3]) {
      expect(screen.text).toMatch(new RegExp(`epoch ${i}/3 ░+ 0/4 .*lr ${[0.1, 0.05, 0.025][i - 1]}`))
      expect(screen.text).toMatch(
        new RegExp(`epoch ${i}/3 █+░+ [23]/4 {2}loss \\d\\.\\d+  .*\\d(\\.\\d+)? samples/s  \\d s left  lr 0`),
      )
    }
    expect(screen.text).toMatch(/epoch 2\/3 .* half 0\.5000/)
    expectClean(screen, listeners)
    expect(screen.lines).toEqual([...loss.map((each, i) => lineOf(i + 1, 3, each)), ''])
  })

  test('samples a second and the time left are what waits of 130 ms, one fewer than batches, let through', async () => {
    const screen = new Screen(true)
    await train(screen, { callbacks: [slowly, { onEpochEnd: (_epoch, _logs, { stop }) => stop() }], epochs: 40 })
    const [, rate, left] = /epoch {2}1\/40 █+░+ 3\/4 .*?([\d.]+) samples\/s {2}(\d+) s left/.exec(screen.text) ?? []
    expect(Number(rate)).toBeGreaterThan(0.5)
    expect(Number(rate)).toBeLessThan((2 * 1000) / (LONG - 2))
    expect(Number(left)).toBeGreaterThan(((2 / 3) * 157 * (LONG - 2)) / 1000 - 1)
    expect(Number(left)).toBeLessThan(300)
  })

  test('a learning rate is as short as it can be', async () => {
    const screen = new Screen(true)
    await train(screen, { lr: 3e-4, epochs: 1 })
    expect(screen.text).toContain('lr 0.0003')
  })

  test('many short epochs draw at most ten bars a second', async () => {
    const screen = new Screen(true)
    const listeners = listenersNow()
    const start = performance.now()
    await train(screen, { epochs: 2000, every: 1e6 })
    const seconds = (performance.now() - start) / 1000
    expect(screen.count('\r') + screen.count('\x1b[1G')).toBeLessThan(12 * seconds + 5)
    expectClean(screen, listeners)
    expect(screen.lines.map((line) => line.slice(0, 15))).toEqual(['epoch 2000/2000', ''])
  })

  test.each([
    ['an error', { callbacks: [{ onBatchEnd: () => expect.fail('thrown') }] }],
    ['a signal', (controller: AbortController) => ({ signal: controller.signal })],
  ] as const)('the bar is taken away when %s ends the training in an epoch', async (_title, more) => {
    const screen = new Screen(true)
    const listeners = listenersNow()
    const controller = new AbortController()
    const options =
      typeof more === 'function'
        ? { ...more(controller), callbacks: [{ onBatchEnd: () => controller.abort() }] }
        : { callbacks: [...more.callbacks] }
    await expect(train(screen, options)).rejects.toThrow()
    expect(screen.count('\x1b[?25l')).toBe(1)
    expectClean(screen, listeners)
    expect(screen.lines).toEqual([''])
    // A timer that still draws would draw within this time.
    const { text } = screen
    await wait(250)
    expect(screen.text).toBe(text)
  })

  test('nobody listens any more when another callback does not let the training begin', async () => {
    const listeners = listenersNow()
    const fails: Callback = { onTrainBegin: () => expect.fail('thrown') }
    await expect(train(new Screen(true), { callbacks: [fails] })).rejects.toThrow('thrown')
    expect(listenersNow()).toBe(listeners)
  })
})

const [shows, hides] = ['\x1b[?25h', '\x1b[?25l']
const interrupted = async (...args: string[]) => {
  const ended = await endOf(new URL('./interrupted.ts', import.meta.url), { args })
  expect(ended.output.lastIndexOf(shows)).toBeGreaterThan(ended.output.lastIndexOf(hides))
  expect(ended.output.lastIndexOf('\x1b[?7h')).toBeGreaterThan(ended.output.lastIndexOf('\x1b[?7l'))
  expect(ended.output).toContain(hides)
  return ended
}

// At once, as they wait for processes.
describe.concurrent('the terminal is given back', { timeout: 60_000 }, () => {
  test.each([
    ['SIGTERM', null, 'SIGTERM'],
    ['SIGHUP', null, 'SIGHUP'],
    ['exit', 7, null],
    ['throw', 1, null],
  ])('when the process ends by %s, which it does', async (how, code, signal) => {
    const ended = await interrupted(how)
    expect([ended.code, ended.signal]).toEqual([code, signal])
    expect(ended.output).not.toContain('went on')
  })

  test('by the first Ctrl-C, which ends the training after the batch, with its history and a usable model', async () => {
    const ended = await interrupted('SIGINT')
    expect([ended.code, ended.signal, ended.errors]).toEqual([0, null, ''])
    expect(ended.output).toContain('The training ends; Ctrl-C again ends the process.\n')
    expect(ended.output).toMatch(
      /epoch 1\/2 {2}loss [\d.e-]+ {2}[\d.]+ s\n1 epochs, 2 batches, usable\nwent on, 0 listeners more\n$/,
    )
  })

  test('by a second Ctrl-C, which ends the process', async () => {
    const ended = await interrupted('SIGINT', 'batch', 'twice')
    expect([ended.code, ended.signal]).toEqual([null, 'SIGINT'])
    expect(ended.output).not.toContain('went on')
  })

  test.each(['end of a batch', 'last'])('by a signal at the %s of an epoch, which is not lost', async (when) => {
    const ended = await interrupted('SIGTERM', when)
    expect([ended.code, ended.signal]).toEqual([null, 'SIGTERM'])
    expect(ended.output).not.toContain('went on')
    const stopped = await interrupted('SIGINT', when)
    expect([stopped.code, stopped.signal]).toEqual([0, null])
    expect(stopped.output).toContain('The training ends')
    expect(stopped.output).toMatch(/, usable\nwent on, 0 listeners more\n$/)
  })

  test('and a signal is left to those who listen to it', async () => {
    const ended = await interrupted('SIGINT', 'batch', 'listens')
    expect([ended.code, ended.signal]).toEqual([0, null])
    expect(ended.output).not.toContain('The training ends')
    expect(ended.output).toMatch(/aborted\nwent on, 0 listeners more\n$/)
  })
})
