// A tour of matgrad, to be read first: from a matrix to a trained network in a file.

import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile, grad, type Variable, variable } from '@matgrad/autograd'
import { linalg, type Matrix, manualSeed, matrix, randn } from '@matgrad/core'
import { fit, Linear, mseLoss, predict, Sequential, SGD, Tanh } from '@matgrad/nn'
import { loadModel, saveModel } from '@matgrad/nn/node'
import { expect, test } from 'vitest'

test('a matrix holds rows and columns of float32, and its operations are methods and functions', () => {
  const a = matrix([
    [2, 1],
    [1, 3],
  ])
  expect(a.shape).toEqual([2, 2])
  expect(a.mul(10).add(a.row(0)).toArray()).toEqual([
    [22, 11],
    [12, 31],
  ])
  // Reductions keep both dimensions: a mean down the rows is a row.
  expect(a.mean(0).toArray()).toEqual([[1.5, 2]])
})

test('a product of matrices, and what linear algebra makes of one', () => {
  const a = matrix([
    [2, 1],
    [1, 3],
  ])
  const b = matrix([[5], [10]])
  const x = linalg.solve(a, b)
  expect(x.toArray()).toEqual([[1], [3]])
  expect(a.matmul(x).toArray()).toEqual(b.toArray())
})

test('a variable remembers how it was computed, and gradients flow back from it', () => {
  const w = variable(matrix([[1, 2, 3]]))
  const y = w.square().sum()
  y.backward()
  // ∂Σw²/∂w = 2w
  expect(w.grad?.toArray()).toEqual([[2, 4, 6]])
  // Derivatives of derivatives: d²(x³)/dx² = 6x
  const cube = (x: Variable): Variable => x.pow(3)
  expect(grad(grad(cube))(matrix([[2]])).item()).toBe(12)
})

test('a compiled step does the same as its function, by one program', () => {
  const [plain, compiled] = [1, 2].map(() => {
    manualSeed('tour')
    const w = variable(randn(3, 1))
    const step = (x: Matrix, y: Matrix): Variable => {
      w.grad = null
      const loss = mseLoss(w.T.matmul(x.T).T, y)
      loss.backward()
      w.value.assign(w.value.sub((w.grad as Matrix | null)?.mul(0.1) ?? 0))
      return loss
    }
    return { w, step }
  })
  const fast = compile(compiled.step)
  for (let n = 0; n < 20; n++) {
    const [x, y] = [randn(8, 3), randn(8, 1)]
    expect(fast(x, y).item()).toBe(plain.step(x, y).item())
  }
  expect(compiled.w.value.equals(plain.w.value)).toBe(true)
})

test('a network learns XOR, and comes back from a file', async () => {
  manualSeed(1)
  const x = matrix([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ])
  const y = matrix([[0], [1], [1], [0]])
  const make = () => new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1))

  const model = make()
  const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
  const { loss } = await fit(model, { x, y }, { loss: mseLoss, optimizer, epochs: 500, batchSize: 4 })
  expect(loss.at(-1)).toBeLessThan(1e-3)
  expect(predict(model, x).round().toArray()).toEqual(y.toArray())

  const path = join(tmpdir(), `matgrad-tour-${process.pid}.safetensors`)
  await saveModel(path, model)
  const other = make()
  await loadModel(path, other)
  await rm(path)
  expect(predict(other, x).equals(predict(model, x))).toBe(true)
})
