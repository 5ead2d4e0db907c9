// What looks at elements while a function is compiled is named, with the line, and for whom nobody asked for programs what to do.

import { compile, Variable, variable } from '@matgrad/autograd'
import { type Matrix, ones, zeros } from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { afterEach, describe, expect, test, vi } from 'vitest'

const optimizer = new nn.SGD([variable(ones(1, 2), { name: 'w' })], { lr: 0.1 })
const schedule = new nn.ExponentialLR(optimizer, { gamma: 0.9 })
const OUTSIDE = 'read it, and let schedules make their steps, outside'

const INSIDE = 'return it, and read it outside, or compute with operations'

test.each<[title: string, run: (x: Matrix) => unknown, what: string, advice: string]>([
  ['a setting', () => optimizer.lr, 'the setting lr is read or set', OUTSIDE],
  ['a schedule’s step', () => schedule.step(), 'the setting lr is read or set', OUTSIDE],
  ['a metric', (x) => nn.accuracy(x, x), 'accuracy reads or writes the elements of a 2x1 matrix', INSIDE],
])('%s', (_title, run, what, advice) => {
  expect(() => compile(run)(zeros(2, 1))).toThrow(
    new RegExp(
      `^compile: ${what} while the function is traced, wanted only operations: ${advice}.*; called at .*read-while-compiled\\.test\\.ts(?:\\?[^:]*)?:\\d+:\\d+$`,
    ),
  )
  expect(optimizer.lr).toBe(0.1)
})

describe('a method of variables that somebody has replaced, to print what goes through it', () => {
  afterEach(() => vi.restoreAllMocks())

  const { tanh } = Variable.prototype
  const replaced = (): nn.Sequential => {
    vi.spyOn(Variable.prototype, 'tanh').mockImplementation(function (this: Variable) {
      this.toArray()
      return tanh.call(this)
    } as never)
    return new nn.Sequential(new nn.Linear(2, 2), new nn.Tanh()) as never
  }
  const told =
    /^in layers\.1, Tanh: compile: toArray reads or writes the elements of a 4x2 matrix .*read-while-compiled\.test\.ts(?:\?[^:]*)?:\d+:\d+; the option compile: false runs it as it is$/
  const data = { x: zeros(4, 2), y: zeros(4, 2) }

  test('fit', async () => {
    const model = replaced()
    const options = { loss: nn.mseLoss, optimizer: new nn.SGD(model.parameters(), { lr: 0.1 }), epochs: 2 }
    await expect(nn.fit(model, data, options)).rejects.toThrow(told)
    await nn.fit(model, data, { ...options, compile: false })
    vi.restoreAllMocks()
    expect((await nn.fit(model, data, { ...options, epochs: 9 })).loss.length).toBe(9)
  })

  test.each<[string, (model: nn.Sequential, compile: boolean) => unknown]>([
    ['evaluate', (model, compile) => nn.evaluate(model, data, { loss: nn.mseLoss, compile })],
    ['predict', (model, compile) => nn.predict(model, data.x, { compile })],
  ])('%s', (_name, run) => {
    const model = replaced()
    // The first call is worth no program.
    run(model, true)
    expect(() => run(model, true)).toThrow(told)
    run(model, false)
  })
})
