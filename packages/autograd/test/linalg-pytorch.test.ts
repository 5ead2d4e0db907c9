// Programs of linear algebra against PyTorch 1.13 (fixtures/autograd/linalg.py): values, gradients, second-order gradients.

import { linalg, type Variable } from '@matgrad/autograd'
import { eye } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { compare, type Fixture } from './pytorch.ts'

const { cholesky, cond, det, eigh, eigvals, eigvalsh, expm, inv, lstsq, lu, matrixPower, norm } = linalg
const { pinv, qr, slogdet, solve, solveTriangular, svd, svdvals } = linalg

const float64 = { dtype: 'float64' } as const
const identity = (n: number) => eye(n, float64)
const symmetric = (x: Variable): Variable => x.add(x.T)
const skew = (x: Variable): Variable => x.sub(x.T)
const definite = (x: Variable): Variable => x.matmul(x.T).add(identity(x.rows))
const gram = (x: Variable): Variable => x.T.matmul(x)

function polar(x: Variable): Variable {
  const { U, Vh } = svd(x)
  return U.matmul(Vh)
}

function logLikelihood(x: Variable, y: Variable): Variable {
  const kernel = x.sub(x.T).square().mul(-0.5).exp().add(identity(x.rows).mul(0.1))
  return y.mul(solve(kernel, y)).sum().mul(0.5).add(cholesky(kernel).diagonal().log().sum())
}

const PROGRAMS: Readonly<Record<string, (...args: Variable[]) => Variable>> = {
  inv: (x) => inv(x),
  det: (x) => det(x),
  slogdet: (x) => slogdet(x).logAbsDet,
  cholesky: (x) => cholesky(definite(x)),
  choleskyLogDet: (x) => cholesky(definite(x)).diagonal().log().sum().mul(2),
  qrQ: (x) => qr(x).Q,
  qrR: (x) => qr(x).R,
  svdvals: (x) => svdvals(x),
  polar,
  svdSine(x) {
    const { U, S, Vh } = svd(x)
    return U.mul(S.sin().T).matmul(Vh)
  },
  svdSquaredVectors(x) {
    const { U, Vh } = svd(x)
    return U.square().matmul(Vh.square())
  },
  rankOne(x) {
    const { U, S, Vh } = svd(x)
    return U.col(0).matmul(Vh.row(0)).mul(S.row(0))
  },
  spectralEntropy(x) {
    const s = svdvals(x)
    const p = s.div(s.sum())
    return p.mul(p.log()).sum().neg()
  },
  eigvalsh: (x) => eigvalsh(symmetric(x)),
  eighExp(x) {
    const { values, vectors } = eigh(symmetric(x))
    return vectors.mul(values.exp().T).matmul(vectors.T)
  },
  eighSquaredVectors: (x) => eigh(symmetric(x)).vectors.square(),
  eigvalsRe: (x) => eigvals(x).re.pow(3).sum(),
  eigvalsAbs(x) {
    const { re, im } = eigvals(x)
    return re.square().add(im.square()).sum()
  },
  pinv: (x) => pinv(x),
  expm: (x) => expm(x),
  expmSkew: (x) => expm(skew(x)),
  power3: (x) => matrixPower(x, 3),
  power0: (x) => matrixPower(x, 0),
  powerMinus2: (x) => matrixPower(x, -2),
  normFro: (x) => norm(x),
  normNuc: (x) => norm(x, 'nuc'),
  norm1: (x) => norm(x, 1),
  normMinus1: (x) => norm(x, -1),
  norm2: (x) => norm(x, 2),
  normMinus2: (x) => norm(x, -2),
  normInfinity: (x) => norm(x, Number.POSITIVE_INFINITY),
  normMinusInfinity: (x) => norm(x, Number.NEGATIVE_INFINITY),
  cond: (x) => cond(x),
  cond1: (x) => cond(x, 1),
  condFro: (x) => cond(x, 'fro'),
  trace: (x) => x.trace(),
  cayley: (x) => solve(skew(x).add(identity(x.rows)), skew(x).neg().add(identity(x.rows))),
  whiten: (x) => solve(cholesky(gram(x).div(x.rows)), x.T).T,
  newtonSchulz: (x) => x.mul(1.5).sub(x.matmul(x.T).matmul(x).mul(0.5)),
  logDetGram: (x) => slogdet(gram(x)).logAbsDet,
  projection: (x) => x.matmul(solve(gram(x), x.T)),
  solve: (a, b) => solve(a, b),
  solveLower: (a, b) => solveTriangular(a, b, { upper: false }),
  solveUpperUnit: (a, b) => solveTriangular(a, b, { upper: true, unitDiagonal: true }),
  solveUpperRight: (a, b) => solveTriangular(a, b, { upper: true, left: false }),
  luL: (x) => lu(x).L,
  luU: (x) => lu(x).U,
  solveRight: (a, b) => solve(a, b, { left: false }),
  lstsq: (a, b) => lstsq(a, b).x,
  residuals: (a, b) => lstsq(a, b).residuals,
  kron: (a, b) => a.kron(b),
  outer: (a, b) => a.outer(b),
  ridge: (a, b) => solve(gram(a).add(identity(a.cols).mul(0.1)), a.T.matmul(b)),
  mahalanobis: (a, b) => b.mul(solve(definite(a), b)).sum(0),
  gaussianProcess: logLikelihood,
  procrustes: (a, b) => polar(a.T.matmul(b)),
  sylvester: (a, b) => a.matmul(b).sub(b.matmul(a)),
  layerNorm(x, weight, bias) {
    const deviation = x.sub(x.mean(1))
    return deviation.div(x.variance(1).add(1e-5).sqrt()).mul(weight).add(bias)
  },
}

const fixtures = await readJson<Fixture[]>('autograd/linalg.json')

describe('as PyTorch has them', () => {
  test('there is a case of every program, more than 80 of them', () => {
    expect(new Set(fixtures.map(({ call: [name] }) => name))).toEqual(new Set(Object.keys(PROGRAMS)))
    expect(fixtures.length).toBeGreaterThan(80)
  })

  // What cancels altogether leaves noise of 1e-14. Differences of singular values, and conditions, of up to a hundred multiply what rounding leaves, twice in second order.
  test.each(fixtures.map((fixture) => [fixture.name, fixture] as const))('%s, within 1e-9', (_name, fixture) => {
    compare(fixture, PROGRAMS[fixture.call[0]], 1e-9, 1e-14)
  })
})
