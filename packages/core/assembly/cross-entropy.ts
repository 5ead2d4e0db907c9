// The cross-entropy of rows of logits, whose exponentials serve the losses and their derivatives.

import { along, at, Largest } from './lines'
import { log } from './logarithm'
import { selected } from './rearrange'
import { sumRow } from './softmax'
import { bytes, lanes, storeUpTo } from './vector'

/** Σ e^(x − max) of row i, its terms in `terms` unless that is 0. */
@inline function sumOfRow<T>(terms: usize, a: usize, i: i32, cols: i32): f64 {
  const from = at<T>(a, i, cols)
  return sumRow<T>(terms ? at<T>(terms, i, cols) : 0, from, cols, along<T, Largest<T>>(from, cols))
}

/**
 * For rows of logits and the class t of each: losses[i] = −((x[t] − max) − ln Σ e^(x − max)), if `parts` has 1, and
 * gradient[i, :] = (softmax(x) − onehot(t))·g[i], if it has 2. The steps between elements of g are 0 or 1.
 */
function crossEntropy<T>(
  losses: usize, gradient: usize, a: usize, target: usize, g: usize, rows: i32, cols: i32, wide: i32, gStep: i32, parts: i32
): void {
  const terms = parts & 2 ? gradient : 0
  // Two rows at a time share a logarithm.
  for (let i = 0; i < rows; i += 2) {
    const count = min<i32>(2, rows - i)
    const first = sumOfRow<T>(terms, a, i, cols)
    const sums = f64x2.replace_lane(f64x2.splat(first), 1, count > 1 ? sumOfRow<T>(terms, a, i + 1, cols) : first)
    if (parts & 1) {
      const logarithms = log<f64>(sums)
      for (let j = i; j < i + count; j++) {
        const from = at<T>(a, j, cols)
        const logarithm = <T>(j == i ? f64x2.extract_lane(logarithms, 0) : f64x2.extract_lane(logarithms, 1))
        const difference = load<T>(at<T>(from, <i32>selected(target, j, wide), 1)) - along<T, Largest<T>>(from, cols)
        store<T>(at<T>(losses, j, 1), -(difference - logarithm))
      }
    }
    if (parts & 2)
      for (let j = i; j < i + count; j++) {
        const to = at<T>(gradient, j, cols)
        const scale = load<T>(at<T>(g, j, gStep))
        const scales = v128.splat<T>(scale)
        const sum = v128.splat<T>(<T>(j == i ? f64x2.extract_lane(sums, 0) : f64x2.extract_lane(sums, 1)))
        const own = at<T>(to, <i32>selected(target, j, wide), 1)
        const chosen = (load<T>(own) / v128.extract_lane<T>(sum, 0) - 1) * scale
        for (let c = 0; c < cols; c += lanes<T>()) {
          const share = v128.div<T>(v128.load(to + bytes<T>(c)), sum)
          storeUpTo<T>(to + bytes<T>(c), v128.mul<T>(share, scales), cols - c)
        }
        store<T>(own, chosen)
      }
  }
}

export function crossEntropy_f32(
  losses: usize, gradient: usize, a: usize, target: usize, g: usize, rows: i32, cols: i32, wide: i32, gStep: i32, parts: i32
): void {
  crossEntropy<f32>(losses, gradient, a, target, g, rows, cols, wide, gStep, parts)
}

export function crossEntropy_f64(
  losses: usize, gradient: usize, a: usize, target: usize, g: usize, rows: i32, cols: i32, wide: i32, gStep: i32, parts: i32
): void {
  crossEntropy<f64>(losses, gradient, a, target, g, rows, cols, wide, gStep, parts)
}
