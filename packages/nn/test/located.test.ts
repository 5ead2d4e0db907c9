// An error that comes out of a model says in which layer it came up, once, and stays what it is.

import { constant, type Variable, variable } from '@matgrad/autograd'
import { DTypeError, full, MatgradError, type Matrix, ones, ShapeError, zeros } from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { describe, expect, test } from 'vitest'

const { Linear, Module, Residual, Sequential } = nn

/** Takes 3 features, which the first operation finds out. */
class Centre extends Module {
  scale = variable(ones(1, 3))
  forward(x: Variable) {
    return x.mul(this.scale)
  }
}

const OWN = 'Centre: mul: left is 4x2, right is 1x3, wanted sizes that match or are 1'

function errorOf(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

/** Layers of the package that refuse 4x2, with what they say. */
const refusing: [title: string, layer: () => nn.Module, type: typeof MatgradError, message: string][] = [
  ['Linear', () => new Linear(3, 8), ShapeError, 'Linear(3 → 8): x is 4x2, wanted 3 columns'],
  ['BatchNorm1d', () => new nn.BatchNorm1d(3), ShapeError, 'BatchNorm1d: x is 4x2, wanted 3 columns'],
  ['LayerNorm', () => new nn.LayerNorm(3), ShapeError, 'LayerNorm: x is 4x2, wanted 3 columns'],
  ['PReLU', () => new nn.PReLU(3), ShapeError, 'PReLU'],
  ['Embedding', () => new nn.Embedding(5, 3), ShapeError, 'Embedding: index 0 is 9'],
  ['Residual', () => new Residual(new Linear(2, 5) as never), ShapeError, 'Residual: x is 4x2, inner gives 4x5'],
  ['Lambda', () => new nn.Lambda(() => 1 as never, { name: 'one' }), DTypeError, 'Lambda(one): f gave 1'],
  [
    'Lambda, an operation',
    () => new nn.Lambda((x) => x.matmul(x), { name: 'square' }),
    ShapeError,
    'Lambda(square): matmul: left is 4x2, right is 4x2',
  ],
  ['ModuleList', () => new nn.ModuleList(), MatgradError, 'ModuleList: got samples'],
  ['a class of one’s own', () => new Centre(), ShapeError, OWN],
]

describe.each(refusing)('%s', (_title, layer, type, message) => {
  const x = full(4, 2, 9)

  test('alone', () => {
    const error = errorOf(() => layer().forward(x as never))
    expect(error.message).not.toContain('layers')
    expect(error.message).toContain(message)
    expect(error.constructor).toBe(type)
  })

  const model = (): nn.Module => new Sequential(new nn.Identity(), layer() as never)
  test.each<[string, (model: nn.Module) => unknown]>([
    ['called', (model) => model.forward(x)],
    ['predict', (model) => nn.predict(model, x)],
    ['predict, as it is', (model) => nn.predict(model, x, { compile: false })],
    ['evaluate', (model) => nn.evaluate(model, { x, y: zeros(4, 3) }, { loss: nn.mseLoss })],
  ])('%s', (_how, run) => {
    const error = errorOf(() => run(model()))
    expect(error.message.startsWith('in layers.1, ')).toBe(true)
    expect(error.message).toContain(message)
    expect(error.message.indexOf('layers')).toBe(error.message.lastIndexOf('layers'))
    expect(error.constructor).toBe(type)
    expect(error.stack).toContain(error.message)
    expect(error.stack).toMatch(/\n +at /)
  })

  // What comes out of Linear is no index.
  test.skipIf(message.includes('Embedding')).each([true, false])('fit, compile: %s', async (compile) => {
    const broken = new Sequential(new Linear(2, 2), layer() as never)
    const optimizer = new nn.SGD(broken.parameters(), { lr: 0.1 })
    const training = nn.fit(broken, { x, y: zeros(4, 3) }, { loss: nn.mseLoss, optimizer, epochs: 1, compile })
    const error = await training.then(
      () => undefined,
      (error: Error) => error,
    )
    expect(error?.message.startsWith('in layers.1, ')).toBe(true)
    expect(error?.message).toContain(message)
    expect(error?.constructor).toBe(type)
  })
})

describe('paths', () => {
  const x = zeros(4, 2)

  test.each<[title: string, model: () => nn.Module, path: string]>([
    ['in an array of a class', () => Object.assign(new Chain(), { steps: [new nn.Tanh(), new Centre()] }), 'steps.1'],
    [
      'in Sequential in Residual in Sequential',
      () =>
        new Sequential(
          new nn.Tanh(),
          new Residual(new Sequential(new nn.Tanh(), new nn.Tanh(), new Centre() as never)),
        ),
      'layers.1.inner.2',
    ],
    [
      'in a class in Sequential',
      () => new Sequential(Object.assign(new Chain(), { steps: [new Centre()] })),
      'layers.0.steps.0',
    ],
    [
      'in a class in a class',
      () => Object.assign(new Chain(), { steps: [Object.assign(new Chain(), { steps: [new Centre()] })] }),
      'steps.0.steps.0',
    ],
  ])('%s', (_title, model, path) => {
    expect(errorOf(() => model().forward(x)).message).toBe(`in ${path}, ${OWN}`)
  })

  test('one that is in two places has the first', () => {
    const shared = new Centre()
    const model = Object.assign(new Chain(), { steps: [shared, shared] })
    expect(errorOf(() => model.forward(constant(x))).message).toBe(`in steps.0, ${OWN}`)
    expect(errorOf(() => model.forward(constant(x))).message).toBe(`in steps.0, ${OWN}`)
  })

  test('one that nobody can see has none', () => {
    class Hidden extends Module {
      readonly #inner = new Centre()
      forward(x: Variable) {
        return this.#inner.forward(x)
      }
    }
    expect(errorOf(() => new Hidden().forward(constant(x))).message).toBe(`in ${OWN}`)
    expect(errorOf(() => new Sequential(new Hidden()).forward(x)).message).toBe(`in layers.0, ${OWN}`)
  })

  test('a forward that calls the one above', () => {
    class More extends Centre {
      override forward(x: Variable) {
        return super.forward(x)
      }
    }
    expect(errorOf(() => new Sequential(new More()).forward(x)).message).toBe(
      `in layers.0, ${OWN.replace('Centre', 'More')}`,
    )
  })

  test('of 2000 in one another the end is shown', () => {
    let model: nn.Module = new Centre()
    for (let i = 0; i < 2000; i++) model = new Residual(model as never)
    expect(errorOf(() => model.forward(x)).message).toMatch(/^in …[.a-z]{80}, Centre: mul: /)
  })
})

/** Modules one after the other. */
class Chain extends Module {
  steps: nn.Module[] = []
  forward(x: Variable) {
    return this.steps.reduce((value, step) => step.forward(value), x)
  }
}

describe('the error', () => {
  const x = zeros(4, 2)
  class Throwing extends Module {
    error: unknown
    constructor(error: unknown) {
      super()
      this.error = error
    }
    forward(): Variable {
      throw this.error
    }
  }

  test('keeps its cause, and is the same object', () => {
    const error = new ShapeError('mine: wrong', { cause: 'a reason' })
    expect(errorOf(() => new Sequential(new Throwing(error)).forward(x))).toBe(error)
    expect([error.message, error.cause, error.name]).toEqual([
      'in layers.0, Throwing: mine: wrong',
      'a reason',
      'ShapeError',
    ])
  })

  test('thrown again says it once', () => {
    const model = new Sequential(new Throwing(new MatgradError('mine: wrong')))
    for (let i = 0; i < 3; i++)
      expect(errorOf(() => model.forward(x)).message).toBe('in layers.0, Throwing: mine: wrong')
  })

  test.each([new TypeError('no'), 'text', undefined, Object.freeze(new MatgradError('frozen'))])(
    '%s of somebody stays as it is',
    (error) => {
      const message = (error as Error)?.message
      expect(errorOf(() => new Sequential(new Throwing(error)).forward(x))).toBe(error)
      expect((error as Error)?.message).toBe(message)
    },
  )

  test('that was caught and told in other words', () => {
    class Careful extends Module {
      inner = new Centre()
      forward(x: Variable): Variable {
        try {
          return this.inner.forward(x)
        } catch (error) {
          throw new MatgradError('careful: no', { cause: error })
        }
      }
    }
    const error = errorOf(() => new Sequential(new Careful()).forward(x))
    expect(error.message).toBe('in layers.0, Careful: careful: no')
    expect((error.cause as Error).message).toBe(`in ${OWN}`)
  })

  test('of a layer that cannot describe itself', () => {
    class Odd extends Centre {
      override describe(): string {
        throw new Error('no')
      }
    }
    expect(errorOf(() => new Sequential(new Odd()).forward(x)).message).toMatch(/^in layers\.0, Odd: mul: /)
  })

  test('of indices that a program finds', () => {
    const model = new Sequential(new nn.Embedding(5, 3), new Linear(3, 1))
    const index = (i: number): Matrix => full(2, 1, i)
    for (let i = 0; i < 100; i++) nn.predict(model, index(i % 5))
    expect(errorOf(() => nn.predict(model, index(9))).message).toBe(
      'in layers.0, Embedding: index 0 is 9, wanted 0 to 4',
    )
    expect(nn.predict(model, index(1)).shape).toEqual([2, 1])
  })

  test('of a validation', async () => {
    const model = new Sequential(
      new Linear(2, 3),
      new nn.Lambda((x) => (x.rows > 4 ? x.matmul(x) : x), { name: 'odd' }),
    )
    const optimizer = new nn.SGD(model.parameters(), { lr: 0.1 })
    const validation = { x: zeros(5, 2), y: zeros(5, 3) }
    const options = { loss: nn.mseLoss, optimizer, epochs: 1, validation, batchSize: 4 }
    await expect(nn.fit(model, { x, y: zeros(4, 3) }, options)).rejects.toThrow(
      'fit: validation: in layers.1, Lambda(odd): matmul: left is 5x3, right is 5x3',
    )
  })
})
