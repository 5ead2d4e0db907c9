// How large the elements of a matrix are.

import { dot } from './block'

/** The largest |a| of `count` elements: 0 without any, NaN or infinity where one of them is. */
export function largest_f64(out: usize, a: usize, count: i32): void {
  let most = f64x2.splat(0), others = most, strange = most
  let i = 0
  // pmax is one instruction where max is many, but may lose NaN.
  for (; i + 4 <= count; i += 4, a += 32) {
    const x = v128.load(a), y = v128.load(a, 16)
    most = f64x2.pmax(most, f64x2.abs(x))
    others = f64x2.pmax(others, f64x2.abs(y))
    strange = v128.or(strange, v128.or(f64x2.ne(x, x), f64x2.ne(y, y)))
  }
  most = f64x2.max(most, others)
  let largest = v128.any_true(strange) ? NaN : Math.max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1))
  for (; i < count; i++, a += 8) largest = Math.max(largest, Math.abs(load<f64>(a)))
  store<f64>(out, largest)
}

/** Σ a² of `count` elements, in four sums that do not wait for one another. */
export function squares_f64(out: usize, a: usize, count: i32): void {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0
  let i = 0
  for (; i + 8 <= count; i += 8, a += 64) {
    const x0 = v128.load(a), x1 = v128.load(a, 16), x2 = v128.load(a, 32), x3 = v128.load(a, 48)
    s0 = f64x2.add(s0, f64x2.mul(x0, x0))
    s1 = f64x2.add(s1, f64x2.mul(x1, x1))
    s2 = f64x2.add(s2, f64x2.mul(x2, x2))
    s3 = f64x2.add(s3, f64x2.mul(x3, x3))
  }
  s0 = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3))
  store<f64>(out, f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1) + dot(a, a, count - i))
}
