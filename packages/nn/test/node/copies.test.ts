// Two copies of the packages in one program: what one makes is named as the other's where it is refused.

import * as core from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { describe, expect, test, vi } from 'vitest'

vi.resetModules()
const autograd: typeof import('@matgrad/autograd') = await import('@matgrad/autograd')
const other: typeof nn = await import('@matgrad/nn')
const otherCore: typeof core = await import('@matgrad/core')

// biome-ignore lint/suspicious/noExplicitAny: the types of both copies are almost the same
type Untyped = any

const layer = new other.Linear(2, 1)
const data = { x: core.zeros(4, 2), y: core.zeros(4, 1) }
const model = new nn.Linear(2, 1)
const optimizer: Untyped = new nn.SGD(model.parameters(), { lr: 0.1 })
const foreign: Untyped = new other.SGD(layer.parameters(), { lr: 0.1 })
const loader: Untyped = new other.DataLoader({ x: otherCore.zeros(4, 2), y: otherCore.zeros(4, 1) })
const COPY = 'from another copy of @matgrad/core, of which two are loaded, wanted'

class Net extends nn.Module {
  readonly part: unknown
  constructor(part: unknown) {
    super()
    this.part = part
  }
  override forward(): never {
    throw new Error('not called')
  }
}

test('there are two copies', () => {
  expect(other.Linear).not.toBe(nn.Linear)
  expect(otherCore.Matrix).not.toBe(core.Matrix)
})

describe('a part of another copy is not left out in silence', () => {
  const parts: [name: string, part: Untyped][] = [
    ['Linear', layer],
    ['Variable', autograd.variable(otherCore.zeros(1, 1))],
    ['Matrix', otherCore.zeros(1, 1)],
  ]
  test.each(parts)('%s', (name, part) => {
    for (const [path, held] of [
      ['part', part],
      ['part.1', [model, part]],
      ['part.a.0', { a: new Set([part]) }],
    ]) {
      const net = new Net(held)
      for (const use of ['parameters', 'stateDict', 'train', 'summary'] as const)
        expect(() => net[use]()).toThrow(`Net: ${path} is ${name} ${COPY} a Variable, a Matrix or a Module`)
    }
  })

  test('what is no part may be of another copy, or of any class', () => {
    expect(new Net([foreign, new otherCore.Generator(1), new Map([[1, loader]]), new Date()]).parameters()).toEqual([])
  })
})

describe('what is wanted of this copy, and is of another', () => {
  const calls: [shown: string, call: () => unknown][] = [
    [`predict: model is Linear ${COPY} a Module`, () => nn.predict(layer as Untyped, data.x)],
    [`Sequential: layer 0 is Linear ${COPY} a Module`, () => new nn.Sequential(layer as Untyped)],
    [`StepLR: optimizer is SGD ${COPY} an Optimizer`, () => new nn.StepLR(foreign, { stepSize: 1 })],
    [
      `fit: optimizer is SGD ${COPY} an Optimizer`,
      () => nn.fit(model, data, { epochs: 1, optimizer: foreign, loss: nn.mseLoss }),
    ],
    [
      `fit: scheduler is StepLR ${COPY} a Scheduler`,
      () =>
        nn.fit(model, data, {
          ...{ epochs: 1, optimizer, loss: nn.mseLoss },
          scheduler: new other.StepLR(foreign, { stepSize: 1 }) as Untyped,
        }),
    ],
    [
      `fit: the dataset is DataLoader ${COPY} matrices`,
      () => nn.fit(model, loader, { epochs: 1, optimizer, loss: nn.mseLoss }),
    ],
    [`SGD: parameter 0 is Variable ${COPY} a Variable`, () => new nn.SGD(layer.parameters() as Untyped, { lr: 1 })],
    [
      `add: operand 2 is SparseMatrix ${COPY} a SparseMatrix`,
      () => core.sparse.SparseMatrix.identity(2).add(otherCore.sparse.SparseMatrix.identity(2) as Untyped),
    ],
  ]
  test.each(calls)('%s', async (shown, call) => {
    await expect((async () => call())()).rejects.toThrow(shown)
  })

  test('what is of this copy but no value is no operand', () => {
    const sparse: Untyped = core.sparse.SparseMatrix.identity(1)
    expect(() => core.eye(1).add(sparse)).toThrow('add: operand 2 is SparseMatrix, wanted a Matrix or a number')
    expect(() => core.eye(1).outer(sparse)).toThrow('outer: operand 2 is SparseMatrix, wanted a Matrix')
  })
})
