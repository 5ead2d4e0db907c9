// Linear algebra in losses, layers and optimisers of one's own: trained by default as with `compile: false`.

import { constant, linalg, type Variable, variable } from '@matgrad/autograd'
import { eye, Generator, type Matrix } from '@matgrad/core'
import { fit, Linear, Module, mseLoss, predict, Sequential, SGD } from '@matgrad/nn'
import { expect, test } from 'vitest'
import { bitsOf } from './support.ts'

const normal = (rows: number, cols: number): Matrix => new Generator(rows).normal(rows, cols)

/** A rotation by e^(W − Wᵀ), of which numbers that its matrix gives choose the size. */
class Rotation extends Module {
  skew = variable(normal(4, 4).mul(0.1))
  chosen = eye(4)

  override forward(x: Variable): Variable {
    const rotated = x.matmul(linalg.expm(this.skew.sub(this.skew.T)))
    return rotated.mul(linalg.det(this.chosen) === 1 ? 1 : 100)
  }
}

const losses: Readonly<Record<string, (p: Variable, t: Matrix) => Variable>> = {
  'of a rank': (p, t) => mseLoss(p, t).mul(linalg.matrixRank(t) === 2 ? 2 : 1),
  'of a norm': (p, t) => mseLoss(p, t).div(linalg.norm(t) === 0 ? 1 : linalg.norm(t)),
  'of a determinant': (p, t) => mseLoss(p, t).add(linalg.slogdet(p.T.matmul(p).add(eye(2))).logAbsDet.mul(0.1)),
  'of singular values': (p, t) => mseLoss(p, t).add(linalg.norm(p, 'nuc').mul(0.01)),
  'of a whitened product': (p, t) => {
    const l = linalg.cholesky(p.T.matmul(p).add(eye(2)))
    return linalg.solve(l, p.T).square().mean().add(mseLoss(p, t))
  },
}

test.each(Object.entries(losses))('a loss %s', async (_title, loss) => {
  const trained = async (compile: boolean): Promise<unknown> => {
    const model = new Sequential(
      new Linear(3, 4, { generator: new Generator(1) }),
      new Rotation(),
      new Linear(4, 2, { generator: new Generator(2) }),
    )
    const optimizer = new SGD(model.parameters(), { lr: 0.05 })
    const data = { x: normal(40, 3), y: normal(40, 2) }
    const settings = { loss, optimizer, batchSize: 8, compile, shuffle: false }
    const first = await fit(model, data, { ...settings, epochs: 3 })
    const predicted = predict(model, data.x).toArray()
    expect(predict(model, data.x).toArray()).toEqual(predicted)
    expect(model.forward(constant(data.x)).toArray()).toEqual(predicted)
    const second = await fit(model, data, { ...settings, epochs: 3 })
    return [first, second, predicted, bitsOf(model)]
  }
  expect(await trained(true)).toEqual(await trained(false))
})
