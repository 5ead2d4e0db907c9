import type { Matrix } from '../matrix/matrix.ts'
import type { Value } from '../ops/algebra.ts'
import { concat } from '../ops/rearrange.ts'
import { solved } from './solve.ts'

/** Complex numbers as their two parts, of the same shape. */
export interface Complex<M = Matrix> {
  readonly re: M
  readonly im: M
}

type Values = Complex<Value>

/** Aᴴ */
export const conjugateTransposed = ({ re, im }: Values): Values => ({ re: re.T, im: im.T.neg() })

/** A − B */
export const minus = (a: Values, b: Values): Values => ({ re: a.re.sub(b.re), im: a.im.sub(b.im) })

/** A·B */
export const product = (a: Values, b: Values): Values => ({
  re: a.re.matmul(b.re).sub(a.im.matmul(b.im)),
  im: a.re.matmul(b.im).add(a.im.matmul(b.re)),
})

const joined = (a: Value, b: Value, axis: 0 | 1): Value => a.apply(concat, [a, b], { axis })

/** The X with A·X = B, from the real system of twice the size. */
export function divided(of: string, a: Values, b: Values): Values {
  const n = a.re.rows
  const real = joined(joined(a.re, a.im.neg(), 1), joined(a.im, a.re, 1), 0)
  const both = solved(of, real, joined(b.re, b.im, 0))
  return { re: both.slice(0, n), im: both.slice(n) }
}
