// Models as ONNX: ONNX Runtime took these very files, and computed what is in the fixture.

import { createHash } from 'node:crypto'
import { linalg, MatgradError, manualSeed, matrix, ones, rand } from '@matgrad/core'
import { operations } from '@matgrad/core/internal'
import { Dropout, Embedding, Linear, type Module, predict, ReLU, Residual, Sequential, toOnnx } from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../../fixtures/read.ts'
import { translations } from '../../src/export/onnx-nodes.ts'
import { followingCount, OPSETS, of, onnxCases } from '../exported-models.ts'

interface Stored {
  readonly name: string
  readonly opset: number
  readonly digest: string
  /** What JSON has no number for is null. */
  readonly y: readonly (number | null)[]
}

const stored = await readJson<Stored[]>('nn/onnx.json')

describe.each(OPSETS)('toOnnx with opset %i', (opset) => {
  const of = new Map(stored.filter((each) => each.opset === opset).map((each) => [each.name, each]))
  test.each(onnxCases().map((each) => [each.name, each] as const))(
    '%s: the file that ONNX Runtime took, which gives the results within 1e-5',
    (name, { model, x }) => {
      const { digest, y } = of.get(name) as Stored
      const wanted = predict(model, x)
      expect(wanted.size).toBe(y.length)
      for (const [i, value] of wanted.toArray().flat().entries()) {
        const got = y[i]
        if (got === null) expect(Number.isFinite(value), `${i}: ${value}`).toBe(false)
        else
          expect(Math.abs(value - got), `${i}: ${value}, in ONNX Runtime ${got}`).toBeLessThanOrEqual(
            1e-5 * (1 + Math.abs(got)),
          )
      }
      expect(
        createHash('sha256')
          .update(toOnnx(model, { opset, features: x.cols }))
          .digest('hex'),
      ).toBe(digest)
    },
  )
})

describe('toOnnx', () => {
  const model = () => new Sequential(new Linear(3, 4), new ReLU(), new Linear(4, 2))
  const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

  test('names are those that are asked for, and the parameters own', () => {
    const text = textOf(toOnnx(model(), { inputName: 'pixels', outputName: 'scores' }))
    for (const name of ['pixels', 'scores', 'samples', '0.weight', '0.bias', '2.weight', '2.bias', 'matgrad'])
      expect(text).toContain(name)
    expect(text).not.toContain('input')
  })

  test('a model that is 1,000 layers deep, and one with all of its names taken', () => {
    const deep = new Sequential(...Array.from({ length: 1000 }, () => new ReLU()))
    expect(textOf(toOnnx(deep, { features: 2 })).match(/Relu/g)?.length).toBe(1000)
    expect(() => toOnnx(model(), { inputName: 'v0', outputName: 'v1' })).not.toThrow()
  })

  test('every operation of users has a translation, or is known to have none', () => {
    const none = Object.entries(operations).filter(
      ([name, each]) => typeof each === 'object' && 'vjp' in each && !Object.hasOwn(translations, name),
    )
    // Of rows of samples, of losses and rules, and products that go on.
    const known = [
      'cov',
      'cumprod',
      'cumprodGradient',
      'diag',
      'diagonal',
      'finite',
      'scatterAddRows',
      'tril',
      'triu',
      'weigh',
    ]
    expect(none.map(([name]) => name).sort()).toEqual(known)
  })

  test.each<[name: string, run: () => unknown, message: string]>([
    [
      'linear algebra',
      () =>
        toOnnx(
          of((x) => x.add(linalg.pinv(x.T.matmul(x)).sum())),
          { features: 2 },
        ),
      'toOnnx: ',
    ],
    [
      'an operation that is not in ONNX, with its layer',
      () =>
        toOnnx(
          new Sequential(
            new Linear(3, 3),
            new Residual(
              new Sequential(
                new ReLU(),
                of((x) => x.cumprod(1)),
              ),
            ),
          ),
        ),
      'in layers.1.inner.1, Lambda: toOnnx: cumprod has no counterpart in ONNX',
    ],
    [
      'the same, which the model goes on after',
      () =>
        toOnnx(
          of((x) => orElse(() => x.cumprod(1), x.mul(1))),
          { features: 2 },
        ),
      'toOnnx: what the model computes with depends on how many samples there are',
    ],
    [
      'the mean of samples of indices',
      () =>
        toOnnx(
          new Sequential(
            new Embedding(5, 3),
            of((x) => x.sub(x.mean(0))),
          ),
        ),
      'depends on that alone',
    ],
    [
      'parameters that are too large',
      () => toOnnx(new Linear(2, 1, { dtype: 'float64', init: () => matrix(Float64Array.of(1, 1e300), 1, 2) })),
      'toOnnx: weight has elements beyond the range of float32',
    ],
    [
      'the mean of samples',
      () =>
        toOnnx(
          of((x) => x.sub(x.mean(0))),
          { features: 2 },
        ),
      'depends on that alone',
    ],
    [
      'random numbers',
      () =>
        toOnnx(
          of((x) => x.add(rand(1, 2))),
          { features: 2 },
        ),
      'toOnnx: ',
    ],
    [
      'random numbers that count for nothing',
      () =>
        toOnnx(
          of((x) => x.add(rand(1, 2).mul(0))),
          { features: 2 },
        ),
      'in Lambda: toOnnx: draw changes what goes on from call to call',
    ],
    ['no features', () => toOnnx(new ReLU()), 'toOnnx: no layer says how many features a sample has'],
    ['features that do not fit', () => toOnnx(model(), { features: 5 }), 'wanted 3 columns'],
    ['an old opset', () => toOnnx(model(), { opset: 9 }), 'toOnnx: opset is 9, wanted 14 to 21'],
    ['a name twice', () => toOnnx(model(), { inputName: 'x', outputName: 'x' }), 'toOnnx: inputName is "x"'],
    ['a name of a parameter', () => toOnnx(model(), { inputName: '0.bias' }), 'toOnnx: inputName is "0.bias"'],
    ['no name', () => toOnnx(model(), { outputName: '' }), 'toOnnx: outputName is ""'],
    ['no model', () => toOnnx(ones(2, 2) as unknown as Module), 'toOnnx: model is'],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(MatgradError)
    expect(run).toThrow(message)
  })

  test.each(Object.entries(followingCount))('%s', (_, f) => {
    expect(() => toOnnx(of(f), { features: 2 })).toThrow(
      'toOnnx: what the model computes with depends on how many samples there are',
    )
  })

  /** What is given in place of what throws. */
  function orElse<T>(run: () => T, other: T): T {
    try {
      return run()
    } catch {
      return other
    }
  }

  test('leaves the model, its mode and the default generator as they were', () => {
    const own = new Sequential(model(), new Dropout(0.5))
    own.train()
    const before = own.stateDict()
    const next = (): number => rand(1, 1).item()
    manualSeed('onnx')
    const wanted = next()
    manualSeed('onnx')
    toOnnx(own)
    expect(own.training).toBe(true)
    expect(own.stateDict()).toEqual(before)
    expect(next()).toBe(wanted)
  })
})
