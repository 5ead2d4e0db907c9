// Adam and AdamW: their settings, their state, and what they learn.

import { type Variable, variable } from '@matgrad/autograd'
import { DTypeError, Generator, MatgradError, type Matrix, matrix, ShapeError, zeros } from '@matgrad/core'
import { Adam, AdamW, Linear, mseLoss, Sequential, SGD, Tanh } from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { stepOf } from './run.ts'
import { bitsOf, errorOf, UNIT, xor } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

const one = (value: number): Matrix => matrix([[value]], { dtype: 'float64' })
const parameterOf = (value = 0): Variable => variable(one(value))
/** A step of the optimiser with given gradients of parameters. */
const stepOn = (optimizer: Adam, ...parameters: Variable[]) =>
  stepOf(
    (...gradients: (Matrix | null)[]) => {
      for (const [i, parameter] of parameters.entries()) parameter.grad = gradients[i]
      optimizer.step()
    },
    ...parameters,
    optimizer,
  )

describe('settings', () => {
  test("Adam's defaults are PyTorch's", () => {
    const [{ settings }] = new Adam([parameterOf()]).groups
    expect(settings).toEqual({
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      decoupledWeightDecay: false,
      amsgrad: false,
    })
  })

  test("AdamW's, too", () => {
    const [{ settings }] = new AdamW([parameterOf()]).groups
    expect(settings).toEqual({
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0.01,
      decoupledWeightDecay: true,
      amsgrad: false,
    })
  })

  test('are read anew in each step: betas of 0 make the step lr·sign g', () => {
    const p = parameterOf()
    const optimizer = new Adam([{ params: [p], eps: 0 }], { lr: 0.5 })
    const step = stepOn(optimizer, p)
    step(one(3))
    const after = p.value.item()
    optimizer.groups[0].settings.betas = [0, 0]
    step(one(-7))
    expect(p.value.item()).toBe(after + 0.5)
  })

  test('betas change only as a whole', () => {
    const [{ settings }] = new Adam([parameterOf()]).groups
    expect(() => {
      ;(settings.betas as Untyped)[0] = 0.5
    }).toThrow(TypeError)
    expect(settings.betas).toEqual([0.9, 0.999])
  })

  test.each([
    [{ lr: -1 }, MatgradError, 'Adam: lr is -1, wanted 0 or more'],
    [{ lr: '1' }, DTypeError, 'Adam: lr is "1", wanted a number'],
    [{ betas: 0.9 }, DTypeError, 'Adam: betas is 0.9, wanted 2 numbers'],
    [{ betas: [0.9] }, DTypeError, 'Adam: betas is an array, wanted 2 numbers'],
    [{ betas: [1, 0.999] }, MatgradError, 'Adam: one of betas is 1, wanted 0 or more and below 1'],
    [{ betas: [0.9, -0.1] }, MatgradError, 'Adam: one of betas is -0.1, wanted 0 or more and below 1'],
    [{ betas: [0.9, null] }, DTypeError, 'Adam: one of betas is null, wanted a number'],
    [{ betas: [Number.NaN, 0.9] }, MatgradError, 'Adam: one of betas is NaN'],
    [{ eps: -1e-8 }, MatgradError, 'Adam: eps is -1e-8, wanted 0 or more'],
    [{ weightDecay: Number.POSITIVE_INFINITY }, MatgradError, 'Adam: weightDecay is Infinity, wanted 0 or more'],
    [{ decoupledWeightDecay: 1 }, DTypeError, 'Adam: decoupledWeightDecay is 1, wanted true or false'],
  ] as const)('%o throw, at first or later', (settings, kind, message) => {
    const error = errorOf(() => new Adam([parameterOf()], settings as Untyped))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
    expect(() => new AdamW([parameterOf()], settings as Untyped)).toThrow(message.replace('Adam', 'AdamW'))
    const optimizer = new Adam([parameterOf()])
    const before = optimizer.stateDict()
    expect(() => Object.assign(optimizer.groups[0].settings, settings)).toThrow(message)
    expect(optimizer.stateDict()).toEqual(before)
  })
})

describe('a step', () => {
  test('moves by lr against the first gradient, whatever its size, within 8 roundings', () => {
    for (const g of [1e-3, 1, -1e9]) {
      const p = parameterOf()
      stepOn(new Adam([p], { lr: 0.25, eps: 0 }), p)(one(g))
      expect(Math.abs(p.value.item() + 0.25 * Math.sign(g))).toBeLessThanOrEqual(0.25 * 8 * UNIT.float64)
    }
  })

  test('AdamW shrinks a parameter without a slope, and Adam with decay moves it by lr', () => {
    const [a, b] = [parameterOf(3), parameterOf(3)]
    stepOn(new AdamW([a], { lr: 0.5, weightDecay: 0.5 }), a)(one(0))
    stepOn(new Adam([b], { lr: 0.5, weightDecay: 0.5, eps: 0 }), b)(one(0))
    expect(a.value.item()).toBe(3 * (1 - 0.25))
    expect(Math.abs(b.value.item() - 2.5)).toBeLessThanOrEqual(8 * UNIT.float64)
  })

  test('counts for each parameter, which starts when it has its first gradient', () => {
    const [a, b] = [parameterOf(), parameterOf()]
    const optimizer = new Adam([a, b])
    const step = stepOn(optimizer, a, b)
    for (const gradient of [null, one(1)]) step(one(1), gradient)
    const { matrices } = optimizer.stateDict()
    expect(['step.0', 'step.1'].map((name) => matrices[name].item())).toEqual([2, 1])
    expect(matrices['step.0'].dtype).toBe('float64')
  })
})

describe('training', () => {
  const { x, y } = xor()
  function start(Optimizer: typeof Adam | typeof AdamW) {
    const generator = new Generator(1)
    const model = new Sequential(new Linear(2, 8, { generator }), new Tanh(), new Linear(8, 1, { generator }))
    const optimizer = new Optimizer(model.parameters(), { lr: 0.05 })
    const step = (): Variable => {
      optimizer.zeroGrad()
      const loss = mseLoss(model.forward(x), y)
      loss.backward()
      optimizer.step()
      return loss
    }
    return { model, optimizer, step: stepOf(step, model, optimizer) }
  }
  function learn({ step }: ReturnType<typeof start>, count: number): number {
    let last = 0
    for (let i = 0; i < count; i++) last = step().item()
    return last
  }

  test.each([Adam, AdamW])('$name learns XOR to a loss below 1e-3 in 300 steps', (Optimizer) => {
    expect(learn(start(Optimizer), 300)).toBeLessThan(1e-3)
  })

  test.each([Adam, AdamW])('$name resumes from a snapshot bit for bit', (Optimizer) => {
    const whole = start(Optimizer)
    learn(whole, 5)
    const snapshot = { model: whole.model.stateDict(), optimizer: whole.optimizer.stateDict() }
    learn(whole, 6)
    const resumed = start(Optimizer)
    resumed.optimizer.lr = 7
    resumed.model.loadStateDict(snapshot.model)
    resumed.optimizer.loadStateDict(snapshot.optimizer)
    learn(resumed, 6)
    expect(bitsOf(resumed.model)).toEqual(bitsOf(whole.model))
    expect(resumed.optimizer.stateDict()).toEqual(whole.optimizer.stateDict())
  })

  test('the snapshot of another kind of optimiser throws and changes nothing', () => {
    const [training, other] = [start(Adam), start(Adam)]
    learn(training, 2)
    const sgd = new SGD(other.model.parameters(), { lr: 1, momentum: 0.5 })
    stepOf(
      () => {
        mseLoss(other.model.forward(x), y).backward()
        sgd.step()
      },
      other.model,
      sgd,
    )()
    const before = training.optimizer.stateDict()
    const { groups, matrices } = before
    for (const [state, kind, message] of [
      [sgd.stateDict(), DTypeError, 'Adam: got momentum, wanted lr, betas'],
      [
        { groups, matrices: sgd.stateDict().matrices },
        MatgradError,
        'the state has velocity.0, wanted first or second',
      ],
      [{ groups, matrices: { ...matrices, 'second.1': zeros(8, 1) } }, ShapeError, 'Adam: second.1 is 8x1, wanted 1x8'],
    ] as const) {
      const error = errorOf(() => training.optimizer.loadStateDict(state as Untyped))
      expect(error).toBeInstanceOf(kind)
      expect(error.message).toContain(message)
      expect(training.optimizer.stateDict()).toEqual(before)
    }
  })
})
