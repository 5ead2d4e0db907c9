import { checkNoMore } from '../base/options.ts'
import type { CheckSquare, Shape } from '../base/shape.ts'
import { Matrix } from '../matrix/matrix.ts'
import type { ColsIn, Operand, RowsIn, Value } from '../ops/algebra.ts'
import { productOfOthers } from '../ops/recurrence.ts'
import { determinantOf, signedLogarithm } from './lu.ts'
import { asFirst, type Computed, checkSquare, computed, resultOf, type Scalar } from './operation.ts'
import { inverted } from './solve.ts'
import { decompose } from './svd.ts'
import { create, exponentOf, shifted, toDtype } from './workspace.ts'

const one = (): Shape => [1, 1]

/** A row of numbers. */
function rowOf(a: Matrix, ...values: readonly number[]): Matrix {
  const row = create(a.dtype, 1, values.length)
  row.elements.set(values)
  return row
}

export const determinant: Computed = computed('det', one, ([a]) => rowOf(a, determinantOf('det', a)), [
  (g, _y, [a]) => g.mul(resultOf(cofactors, [a])),
])

export const logarithm: Computed = computed(
  'slogdet',
  () => [1, 2],
  ([a]) => {
    const { sign, logAbsDet } = signedLogarithm('slogdet', a)
    return rowOf(a, sign, logAbsDet)
  },
  // The sign changes nowhere (Giles 2008, §2.2.4).
  [(g, _y, [a]) => g.col(1).mul(inverted('the derivative of slogdet', a).T)],
)

/** U, σ and V of a matrix, and det(U)·det(V). */
function rotated(a: Matrix): { U: Matrix; S: Matrix; Vh: Matrix; scale: number; sign: number } {
  const found = decompose('the derivative of det', a, 'reduced')
  const sign = Math.sign(determinantOf('det', found.U)) * Math.sign(determinantOf('det', found.Vh))
  return { ...found, sign }
}

/** U·X·Vh divided by scale^power, in the dtype of A. */
function turned(a: Matrix, { U, Vh, scale, sign }: ReturnType<typeof rotated>, x: Matrix, power: number): Matrix {
  const product = U.matmul(x).matmul(Vh).mul(sign)
  const exponent = -power * exponentOf(scale)
  if (exponent !== 0)
    for (let i = 0; i < product.size; i++) product.elements[i] = shifted(product.elements[i], exponent)
  return toDtype(product, a.dtype)
}

/**
 * ∂ det A/∂A: det(A)·A⁻ᵀ, which is U·diag(Πⱼ≠ᵢ σⱼ)·Vh·det(U)·det(V) for A = U·diag(σ)·Vh, and so is right for singular matrices
 * (Magnus & Neudecker 2019, §8.3).
 */
export const cofactors: Computed = computed(
  'cofactors',
  asFirst,
  ([a]) => {
    const parts = rotated(a)
    const others = productOfOthers(rowOf(parts.S, 1) as unknown as Value, parts.S as unknown as Value)
    return turned(a, parts, others.diag() as unknown as Matrix, a.rows - 1)
  },
  [(g, _y, [a]) => resultOf(cofactorChange, [a, g])],
)

/** Π σₗ over the l that are neither i nor j. */
function productWithout({ elements: data }: Matrix, i: number, j: number): number {
  let [product, exponent] = [1, 0]
  for (let l = 0; l < data.length; l++) {
    if (l === i || l === j) continue
    product *= data[l]
    const size = product === 0 ? 0 : exponentOf(product)
    if (Math.abs(size) < 500) continue
    product = shifted(product, -size)
    exponent += size
  }
  return shifted(product, exponent)
}

/**
 * The derivative of the cofactors of A in the direction H, which is symmetric in H and what it is multiplied with: for
 * A = diag(σ) it is diag(Σⱼ P[i, j]·h[j, j]) − P∘Hᵀ, P[i, j] the product of all σ but those of i ≠ j.
 */
export const cofactorChange: Computed = computed(
  'cofactorChange',
  asFirst,
  ([a, h]) => {
    const parts = rotated(a)
    const { U, S, Vh } = parts
    const n = a.rows
    const inside = U.matmul(toDtype(h, 'float64'), { transposeA: true }).matmul(Vh, { transposeB: true })
    const x = create('float64', n, n)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        if (i === j) continue
        const product = productWithout(S, i, j)
        x.elements[i * n + j] -= product * inside.elements[j * n + i]
        x.elements[i * (n + 1)] += product * inside.elements[j * (n + 1)]
      }
    return turned(a, parts, x, n - 2)
  },
  [
    (g, _y, [a, h]) => {
      const b = inverted('the third derivative of det', a).T
      const through = (x: Value): Value => b.matmul(x, { transposeB: true }).matmul(b)
      const [ofG, ofH] = [g.mul(b).sum(), h.mul(b).sum()]
      const [throughG, throughH] = [through(g), through(h)]
      const both = b.matmul(h, { transposeB: true }).matmul(throughG)
      const other = b.matmul(g, { transposeB: true }).matmul(throughH)
      const crossed = g.mul(throughH).sum()
      const first = b.mul(ofG.mul(ofH).sub(crossed))
      return first
        .sub(throughH.mul(ofG))
        .sub(throughG.mul(ofH))
        .add(both)
        .add(other)
        .mul(resultOf(determinant, [a]))
    },
    (g, _y, [a]) => resultOf(cofactorChange, [a, g]),
  ],
)

/**
 * The determinant of an n x n matrix, a number in float64, from A = P·L·U; 1 for 0x0. What lies beyond the range of float64
 * is ±Infinity or 0; `slogdet` has it. Its derivative is the matrix of cofactors, for singular matrices as well.
 *
 * @throws What `slogdet` throws.
 */
export function det<V extends Operand>(a: V & CheckSquare<'det', RowsIn<V>, ColsIn<V>>, ...more: []): Scalar<V> {
  checkNoMore('det', 'a', more)
  checkSquare('det', a)
  return (a instanceof Matrix ? determinantOf('det', a) : resultOf(determinant, [a])) as never
}

/**
 * det A = sign·e^logAbsDet for an n x n matrix, numbers in float64: sign 0 and −Infinity where U has a 0 on its diagonal. The
 * derivative of logAbsDet is A⁻ᵀ.
 *
 * @throws ShapeError unless a is square; DTypeError unless it is a matrix; LinAlgError for NaN and infinities.
 */
export function slogdet<V extends Operand>(
  a: V & CheckSquare<'slogdet', RowsIn<V>, ColsIn<V>>,
  ...more: []
): { sign: Scalar<V>; logAbsDet: Scalar<V> } {
  checkNoMore('slogdet', 'a', more)
  checkSquare('slogdet', a)
  if (a instanceof Matrix) return signedLogarithm('slogdet', a) as never
  const both = resultOf(logarithm, [a])
  return { sign: both.col(0), logAbsDet: both.col(1) } as never
}
