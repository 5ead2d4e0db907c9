// How large the elements of a matrix are.

import { dot } from './block'

/** The largest |a| of `count` elements: 0 without any, NaN or infinity where one of them is. */
export function largest_f64(out: usize, a: usize, count: i32): void {
  let most = f64x2.splat(0)
  let i = 0
  for (; i + 2 <= count; i += 2, a += 16) most = f64x2.max(most, f64x2.abs(v128.load(a)))
  let largest = Math.max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1))
  if (i < count) largest = Math.max(largest, Math.abs(load<f64>(a)))
  store<f64>(out, largest)
}

/** Σ a² of `count` elements. */
export function squares_f64(out: usize, a: usize, count: i32): void {
  store<f64>(out, dot(a, a, count))
}
