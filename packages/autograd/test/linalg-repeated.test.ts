// Derivatives at repeated singular values and eigenvalues: of functions that are the same for all vectors there they are the limits,
// others have none and say so.

import {
  compile,
  constant,
  grad,
  gradcheck,
  hvp,
  jacobian,
  jvp,
  linalg,
  noGrad,
  type Variable,
  variable,
} from '@matgrad/autograd'
import { concat, diag, eye, fromFunction, Generator, LinAlgError, type Matrix, matrix, zeros } from '@matgrad/core'
import { describe, expect, test } from 'vitest'

const float64 = { dtype: 'float64' } as const
const generator = new Generator('repeated')
const normal = (rows: number, cols: number): Matrix => generator.normal(rows, cols, 0, 1, float64)

/** Q·diag(values)·Qᵀ for a random orthogonal Q, exactly symmetric. */
function withValues(...values: number[]): Matrix {
  const Q = linalg.orthogonal(values.length, values.length, { ...float64, generator })
  const a = Q.matmul(diag(matrix([values], float64))).matmul(Q.T)
  return a.add(a.T).mul(0.5)
}

const symmetric = (x: Variable): Variable => x.add(x.T).mul(0.5)

/** V·f(Λ)·Vᵀ */
function ofEigenvalues(x: Variable, f: (values: Variable) => Variable): Variable {
  const { values, vectors } = linalg.eigh(symmetric(x))
  return vectors.mul(f(values).T).matmul(vectors.T)
}

/** U·f(Σ)·Vh */
function ofSingularValues(x: Variable, f: (values: Variable) => Variable): Variable {
  const { U, S, Vh } = linalg.svd(x)
  return U.mul(f(S).T).matmul(Vh)
}

const symmetricMatrices: Readonly<Record<string, Matrix>> = {
  identity: eye(4, float64),
  'a pair': withValues(1, 1, 2, 3),
  'a triple': withValues(-2, 1, 1, 1),
  zero: zeros(4, 4, float64),
  'rank 2': withValues(0, 0, 1, 2),
  'apart by 1e-7': withValues(1, 1 + 1e-7, 2, 3),
  'apart by 1e-10': withValues(1, 1 + 1e-10, 2, 3),
  'apart by 1e-13': withValues(1, 1 + 1e-13, 2, 3),
}
const tall = linalg.orthogonal(6, 4, { ...float64, generator })
const matrices: Readonly<Record<string, Matrix>> = {
  ...symmetricMatrices,
  'tall, all equal': tall,
  'wide, all equal': tall.T,
  'tall, a pair': tall.matmul(withValues(1, 1, 2, 3)),
  'wide, rank 2': withValues(0, 0, 1, 2).matmul(tall.T),
}

const functions: Readonly<Record<string, (values: Variable) => Variable>> = {
  identity: (x) => x,
  square: (x) => x.square(),
  cube: (x) => x.mul(x).mul(x),
  exp: (x) => x.exp(),
  sine: (x) => x.sin(),
}
/** What is smooth where singular values are 0: odd functions alone. */
const odd = ['identity', 'cube', 'sine']

describe('the limit is the derivative within 1e-6', () => {
  for (const [title, a] of Object.entries(symmetricMatrices))
    for (const [name, f] of Object.entries(functions))
      test(`V·f(Λ)·Vᵀ, f ${name}: ${title}`, () => gradcheck((x) => ofEigenvalues(x, f), [a]))

  for (const [title, a] of Object.entries(matrices)) {
    const isSingular = title === 'zero' || title.includes('rank')
    for (const name of isSingular ? odd : Object.keys(functions)) {
      const f = functions[name]
      // Of a tall matrix the complement of U has σ in the denominator, and f(σ)/σ for σ → 0 is smooth for these alone, too.
      test(`U·f(Σ)·Vh, f ${name}: ${title}`, () => gradcheck((x) => ofSingularValues(x, f), [a]))
    }
    if (!isSingular) test(`U·Vh: ${title}`, () => gradcheck((x) => ofSingularValues(x, (s) => s.div(s)), [a]))
  }

  test('of functions of the spectrum alone, order 2', () => {
    for (const a of Object.values(symmetricMatrices))
      gradcheck((x) => linalg.eigvalsh(symmetric(x)).sin().sum(), [a], { order: 2 })
    for (const a of Object.values(matrices))
      gradcheck((x) => linalg.svdvals(x).square().square().sum(), [a], { order: 2 })
  })

  test('of norms: order 1', () => {
    for (const a of Object.values(matrices)) gradcheck((x) => linalg.norm(x).square(), [a])
    const { U, Vh } = linalg.svd(matrices['a pair'])
    expect(grad((x) => linalg.norm(x, 'nuc'))(matrices['a pair']).value.allClose(U.matmul(Vh), { rtol: 1e-12 })).toBe(
      true,
    )
  })
})

describe('functions of the matrix that need it beside its decomposition', () => {
  const C = normal(4, 4)
  const whole: Readonly<Record<string, (x: Variable) => Variable>> = {
    'f(A)·A': (x) => ofEigenvalues(x, (w) => w.exp()).matmul(x),
    'V·f(Λ − mean A)·Vᵀ': (x) => ofEigenvalues(x, (w) => w.sub(x.mean()).exp()),
    'X·(XᵀX + I)^(−1/2)': (x) => x.matmul(ofEigenvalues(x.T.matmul(x), (w) => w.add(1).pow(-0.5))),
    'U·f(Σ)·Vh ⊙ A': (x) => ofSingularValues(x, (s) => s.sin()).mul(x),
  }
  for (const [name, f] of Object.entries(whole))
    for (const what of ['identity', 'a pair', 'a triple', 'zero'])
      test(`${name}, within 1e-6: ${what}`, () => gradcheck((x) => f(x).mul(C), [symmetricMatrices[what]]))

  // What multiplies these depends on which vectors were found, so that a limit with it fixed is not theirs.
  const torn: Readonly<Record<string, (x: Variable) => Variable>> = {
    'V·exp(diag VᵀAV)·Vᵀ': (x) => {
      const { vectors: V } = linalg.eigh(symmetric(x))
      return V.mul(V.T.matmul(symmetric(x)).matmul(V).diagonal().exp().reshape(1, 4)).matmul(V.T)
    },
    'V·exp(eigvalsh)·Vᵀ': (x) => {
      const { vectors: V } = linalg.eigh(symmetric(x))
      return V.mul(linalg.eigvalsh(symmetric(x)).exp().T).matmul(V.T)
    },
    'U·exp(svdvals)·Vh': (x) => {
      const { U, Vh } = linalg.svd(x)
      return U.mul(linalg.svdvals(x).exp().T).matmul(Vh)
    },
  }
  test.each(Object.entries(torn))('%s is refused', (_, f) => {
    for (const what of ['identity', 'a pair', 'a triple'])
      expect(() => grad((x: Variable) => f(x).mul(C).sum())(symmetricMatrices[what]), what).toThrow(LinAlgError)
  })
})

describe('at equal values jvp and jacobian by columns are what vjp and jacobian by rows are', () => {
  const dA = normal(4, 4)
  test.each([
    ['V·f(Λ)·Vᵀ', (x: Variable) => ofEigenvalues(x, (w) => w.exp()), (x: Variable) => linalg.expm(symmetric(x))],
    ['U·Σ³·Vh', (x: Variable) => ofSingularValues(x, (s) => s.pow(3)), (x: Variable) => x.matmul(x.T).matmul(x)],
  ])(
    '%s: within 1e-12, and where values are 1e-7 apart or less, of which the limit or rounding is off by that, 1e-7',
    (_, f, closed) => {
      for (const [what, a] of Object.entries(symmetricMatrices)) {
        const within = (wanted: Matrix) => ({
          rtol: 0,
          atol: (what.includes('apart') ? 1e-7 : 1e-12) * (1 + wanted.abs().max().item()),
        })
        const wanted = jvp(closed, [a], [dA])[1].value
        expect(jvp(f, [a], [dA])[1].value.allClose(wanted, within(wanted)), what).toBe(true)
        const twice = (g: (x: Variable) => Variable) => (x: Variable) => concat([g(x), g(x)], 0) as Variable
        const [columns, rows] = [jacobian(twice(f), a).value, jacobian(twice(closed), a).value]
        expect(columns.allClose(rows, within(rows)), what).toBe(true)
      }
    },
  )

  test('and second derivatives say that they are not known', () => {
    const f = (x: Variable): Variable =>
      ofEigenvalues(x, (w) => w.exp())
        .mul(dA)
        .sum()
    for (const what of ['identity', 'a pair', 'zero'])
      expect(() => hvp(f, [symmetricMatrices[what]], [dA])).toThrow(
        'eigh: the second derivative is asked for where eigenvalues are equal',
      )
    const g = (x: Variable): Variable =>
      ofSingularValues(x, (s) => s.pow(3))
        .mul(dA)
        .sum()
    expect(() => hvp(g, [eye(4, float64)], [dA])).toThrow(
      'svd: the second derivative is asked for where singular values are equal',
    )
  })
})

describe('of real size', () => {
  test('exp of a symmetric matrix of 60 rows, 40 values equal: as the closed form within 1e-12', () => {
    const n = 60
    const values = Array.from({ length: n }, (_, i) => (i < 40 ? 0.5 : i / 20))
    const Q = linalg.orthogonal(n, n, { ...float64, generator })
    const a = Q.matmul(diag(matrix([values], float64))).matmul(Q.T)
    const C = normal(n, n)
    const got = grad((x) =>
      ofEigenvalues(x, (w) => w.exp())
        .mul(C)
        .sum(),
    )(a).value
    // Daleckii & Krein 1965: divided differences of exp.
    const difference = (x: number, y: number): number => (x === y ? Math.exp(x) : (Math.exp(x) - Math.exp(y)) / (x - y))
    const L = matrix(
      values.map((x) => values.map((y) => difference(x, y))),
      float64,
    )
    const inside = Q.T.matmul(C.add(C.T).mul(0.5)).matmul(Q).mul(L)
    const wanted = Q.matmul(inside).matmul(Q.T)
    expect(got.sub(wanted).abs().max().item()).toBeLessThan(1e-12 * wanted.abs().max().item() * n)
  })

  test('det of singular matrices: the cofactors, as minors give them, within 1e-12 of the largest', () => {
    for (const rank of [7, 6, 5]) {
      const n = 7
      const a = normal(n, rank).matmul(normal(rank, n))
      const got = grad((x) => linalg.det(x))(a).value
      const all = Array.from({ length: n }, (_, i) => i)
      const size = linalg.norm(a, 2) ** (n - 1)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          const minor = a.gatherRows(all.filter((k) => k !== i)).gatherCols(all.filter((k) => k !== j))
          const wanted = (rank < n - 1 ? 0 : linalg.det(minor)) * (-1) ** (i + j)
          expect(Math.abs(got.get(i, j) - wanted)).toBeLessThan(1e-12 * size)
        }
    }
  })

  test('directional derivatives of 100x100, 150x90 and 90x150 agree with differences within 1e-7', () => {
    const check = (name: string, f: (x: Variable) => Variable, rows: number, cols: number): void => {
      const a = normal(rows, cols).add(eye(rows, cols, float64).mul(3))
      const d = normal(rows, cols)
      const slope = grad((x) => f(x).sum())(a)
        .value.mul(d)
        .sum()
        .item()
      const at = (t: number): number => noGrad(() => f(constant(a.add(d.mul(t)))).sum()).item()
      const h = 1e-5
      const numeric = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
      expect(Math.abs(slope - numeric), name).toBeLessThanOrEqual(1e-7 * Math.max(1, Math.abs(numeric)))
    }
    check('inv', (x) => linalg.inv(x.add(eye(100, float64).mul(20))), 100, 100)
    check('slogdet', (x) => linalg.slogdet(x).logAbsDet, 100, 100)
    check('solve', (x) => linalg.solve(x.add(eye(100, float64).mul(20)), x), 100, 100)
    check('cholesky', (x) => linalg.cholesky(x.matmul(x.T).add(eye(100, float64).mul(9))), 100, 100)
    check('eigh', (x) => ofEigenvalues(x, (w) => w.sin()), 100, 100)
    check('expm', (x) => linalg.expm(x.mul(0.05)), 100, 100)
    for (const [m, n] of [
      [150, 90],
      [90, 150],
    ]) {
      check('qr', (x) => linalg.qr(x).R.square(), m, n)
      check('svd', (x) => ofSingularValues(x, (s) => s.log1p()), m, n)
      check('pinv', (x) => linalg.pinv(x), m, n)
      check('norm', (x) => linalg.norm(x, 2), m, n)
    }
  })
})

describe('at singular and nearly singular matrices', () => {
  const withSingularValues = (...values: number[]): Matrix =>
    linalg
      .orthogonal(values.length, values.length, { ...float64, generator })
      .mul(matrix([values], float64))
      .matmul(linalg.orthogonal(values.length, values.length, { ...float64, generator }))

  test('the derivative of cond(A, −2) is that of the smallest singular value over the largest', () => {
    const { value } = grad((x) => linalg.cond(x, -2))(diag(matrix([[1, 2, 0]], float64)))
    expect(value.toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0.5],
    ])
    gradcheck((x) => linalg.cond(x, -2), [withSingularValues(3, 2, 0.5)])
  })

  test.each([5, 60])('grad and hvp of pinv are those of inv at a condition of 1e8 within 1e-6: %i rows', (n) => {
    const a = withSingularValues(...Array.from({ length: n }, (_, i) => 10 ** ((-8 * i) / (n - 1))))
    const [C, v] = [normal(n, n), normal(n, n)]
    const by = (inverse: (x: Variable) => Variable) => {
      const f = (x: Variable): Variable => inverse(x).mul(C).sum()
      return [grad(f)(a).value, hvp(f, [a], [v])[0].value] as const
    }
    const [got, wanted] = [by((x) => linalg.pinv(x)), by((x) => linalg.inv(x))]
    for (const [i, each] of wanted.entries())
      expect(got[i].sub(each).abs().max().item()).toBeLessThan(1e-6 * each.abs().max().item())
  })
})

describe('what has no derivative says so', () => {
  const C = normal(4, 4)
  const vectors: Readonly<Record<string, (x: Variable) => Variable>> = {
    'eigh: eigenvalues': (x) => linalg.eigh(symmetric(x)).vectors,
    'svd: singular values': (x) => linalg.svd(x).U,
    'eig: eigenvalues': (x) => linalg.eig(x).vectors.re,
  }
  test.each(Object.entries(vectors))('%s that are equal', (title, f) => {
    const [name, values] = title.split(': ')
    for (const [what, a] of Object.entries(symmetricMatrices)) {
      if (what.includes('apart by') || (name === 'eig' && what !== 'identity' && what !== 'zero')) continue
      const x = variable(a)
      expect(() => f(x).mul(C).sum().backward(), what).toThrow(LinAlgError)
      expect(() => f(x).mul(C).sum().backward(), what).toThrow(
        `${name}: the derivative is that of a function of vectors that belong to equal ${values}`,
      )
      expect(x.grad, what).toBe(null)
    }
  })

  // Of these the cotangent is 0 along every rotation of the vectors that were found, and not of others.
  const structured: readonly [name: string, f: (x: Variable) => Variable, a: Matrix][] = [
    ['V₀₀ of the identity', (x) => linalg.eigh(x).vectors.slice(0, 1, 0, 1), eye(3, float64)],
    ['V₀₀ of zero', (x) => linalg.eigh(x).vectors.slice(0, 1, 0, 1), zeros(3, 3, float64)],
    ['V₀₀² of a pair', (x) => linalg.eigh(x).vectors.slice(0, 1, 0, 1).square(), diag(matrix([[1, 1, 2]], float64))],
    ['the fourth powers of V', (x) => linalg.eigh(x).vectors.pow(4), eye(5, float64)],
    [
      'V₀₀ of 40 equal of 60',
      (x) => linalg.eigh(x).vectors.slice(0, 1, 0, 1),
      diag(fromFunction(1, 60, (_, j) => Math.max(1, j - 38), float64)),
    ],
    ['U₀₀ of the identity', (x) => linalg.svd(x).U.slice(0, 1, 0, 1), eye(3, float64)],
    [
      'U₀₀·Vh₀₀ of the identity',
      (x) =>
        linalg
          .svd(x)
          .U.slice(0, 1, 0, 1)
          .mul(linalg.svd(x).Vh.slice(0, 1, 0, 1)),
      eye(3, float64),
    ],
    ['U₀₀ of zero', (x) => linalg.svd(x).U.slice(0, 1, 0, 1), zeros(3, 3, float64)],
    ['U₀₀ of a column of zeros', (x) => linalg.svd(x).U.slice(0, 1, 0, 1), zeros(3, 1, float64)],
    ['Vh₀₀ of a row of zeros', (x) => linalg.svd(x).Vh.slice(0, 1, 0, 1), zeros(1, 3, float64)],
    ['U₂₂ of rank 1', (x) => linalg.svd(x).U.slice(2, 3, 2, 3), diag(matrix([[1, 0, 0]], float64))],
  ]
  test.each(structured)('%s', (_, f, a) => {
    expect(() => grad((x: Variable) => f(x).sum())(a)).toThrow('a function of vectors that belong to equal')
  })

  test('but what is the same for all vectors has, in float32 and of 50 rows, too', () => {
    const wide = normal(50, 30)
    for (const dtype of ['float32', 'float64'] as const)
      for (const a of [
        eye(50, { dtype }),
        eye(50, 30, { dtype }),
        ...[2, 9].map((n) => zeros(n, n + 1, { dtype })),
        wide.mul(0).astype(dtype),
      ]) {
        grad((x) =>
          ofSingularValues(x, (s) => s.mul(3))
            .square()
            .sum(),
        )(a)
        const square = a.matmul(a.T)
        grad((x) =>
          ofEigenvalues(x, (w) => w.exp())
            .slice(0, 1, 0, 1)
            .sum(),
        )(square)
        const { value } = grad((x) => linalg.eigh(symmetric(x)).vectors.square().sum())(square)
        expect(value.abs().max().item()).toBeLessThan(dtype === 'float32' ? 1e-3 : 1e-9)
      }
  })

  test('cond where it is Infinity', () => {
    const singular = diag(matrix([[1, 2, 0]], float64))
    for (const [a, ord] of [
      [singular, 2],
      [zeros(2, 2, float64), 2],
      [zeros(2, 2, float64), -2],
    ] as const)
      expect(() => grad((x) => linalg.cond(x, ord))(a)).toThrow('the derivative of cond: a singular value is 0')
  })

  test('eigenvalues of a defective matrix, but not their sum', () => {
    for (const n of [2, 3, 6]) {
      const jordan = fromFunction(n, n, (i, j) => Number(j === i || j === i + 1), float64)
      expect(() => grad((x: Variable) => linalg.eigvals(x).re.slice(0, 1).sum())(jordan)).toThrow(
        'parallel but for rounding',
      )
    }
    const jordan = matrix(
      [
        [1, 1],
        [0, 1],
      ],
      float64,
    )
    expect(grad((x: Variable) => linalg.eigvals(x).re.sum())(jordan).value.equals(eye(2, float64))).toBe(true)
  })

  test('but the values that eig gives have one where they are equal', () => {
    const { value } = grad((x: Variable) => linalg.eig(x).values.re.square().sum())(diag(matrix([[1, 1, 2]], float64)))
    expect(value.equals(diag(matrix([[2, 2, 4]], float64)))).toBe(true)
  })

  test('U·Vh of a singular matrix', () => {
    expect(() =>
      grad((x) =>
        ofSingularValues(x, (s) => s.mul(0).add(1))
          .mul(C)
          .sum(),
      )(symmetricMatrices['rank 2']),
    ).toThrow(LinAlgError)
  })

  test('second derivatives of the vectors of equal values', () => {
    const f = (x: Variable): Variable =>
      ofEigenvalues(x, (w) => w.exp())
        .mul(C)
        .sum()
    const first = (x: Variable): Variable => grad(f)(x).square().sum()
    expect(() => grad(first)(symmetricMatrices['a pair'])).toThrow(LinAlgError)
  })

  test('singular matrices name what wants the inverse', () => {
    const singular = zeros(3, 3, float64)
    expect(() => grad((x) => linalg.slogdet(x).logAbsDet)(singular)).toThrow('the derivative of slogdet: pivot 0 is 0')
    expect(() => grad((x) => linalg.qr(x).Q.sum())(singular)).toThrow('the derivative of qr: pivot 0 is 0')
    expect(() => grad((x) => linalg.inv(x).sum())(singular)).toThrow('inv: pivot 0 is 0')
  })
})

describe('compiled', () => {
  test('the bits of what is not compiled, where values are apart, then equal, then apart again', () => {
    const C = normal(4, 4)
    const f = (x: Variable): Variable =>
      grad((y) =>
        ofEigenvalues(y, (w) => w.exp())
          .mul(C)
          .sum()
          .add(
            ofSingularValues(y, (s) => s.sin())
              .mul(C)
              .sum(),
          ),
      )(x)
    const compiled = compile(f)
    const inputs = [normal(4, 4), normal(4, 4), eye(4, float64), symmetricMatrices['a pair'], normal(4, 4)]
    for (const a of inputs) expect(compiled(constant(a)).value.equals(f(constant(a)).value)).toBe(true)
  })

  test('a first call at equal values is refused by name, and later calls are not', () => {
    const f = compile((x: Variable) => grad((y) => ofEigenvalues(y, (w) => w.exp()).sum())(x))
    expect(() => f(constant(eye(3, float64)))).toThrow('compile: ')
    const a = normal(3, 3)
    const wanted = grad((y) => ofEigenvalues(y, (w) => w.exp()).sum())(a).value
    expect(f(constant(a)).value.equals(wanted)).toBe(true)
    expect(f(constant(a)).value.equals(wanted)).toBe(true)
  })

  test('what is a number of a matrix reads its elements, and so is refused while a function is traced', () => {
    const numbers: Readonly<Record<string, (x: Matrix) => unknown>> = {
      norm: (x) => linalg.norm(x),
      det: (x) => linalg.det(x),
      slogdet: (x) => linalg.slogdet(x).sign,
      cond: (x) => linalg.cond(x),
      matrixRank: (x) => linalg.matrixRank(x),
      lstsq: (x) => linalg.lstsq(x, x).rank,
    }
    for (const [name, number] of Object.entries(numbers)) {
      expect(typeof number(eye(2))).toBe('number')
      expect(() => compile((x: Matrix) => (number(x) === 2 ? x : x.mul(10)))(eye(2)), name).toThrow(
        `compile: ${name} reads`,
      )
      const ofVariables = number as unknown as (x: Variable) => Variable
      expect(compile((x: Variable) => ofVariables(x))(constant(eye(2))).value.item(), name).toBeCloseTo(
        number(eye(2)) as number,
        6,
      )
    }
  })
})
