// The cross-entropy of rows of logits, two rows at a time, whose exponentials serve the losses and their derivatives.

import { at } from './lines'
import { log } from './logarithm'
import { selected } from './rearrange'
import { power } from './softmax'
import { bytes, lanes, storeUpTo } from './vector'

/** Terms are added one after the other in blocks of so many, whose sums then are: the error grows with the square root. */
const BLOCK: i32 = 64

/** Two elements in float64. */
@inline function pair<T>(x: usize, y: usize): v128 {
  return sizeof<T>() == 8
    ? v128.load64_lane(y, v128.load64_zero(x), 1)
    : f64x2.promote_low_f32x4(v128.load32_lane(y, v128.load32_zero(x), 1))
}

@inline function storePair<T>(x: usize, y: usize, values: v128): void {
  if (sizeof<T>() == 8) {
    v128.store64_lane(x, values, 0)
    v128.store64_lane(y, values, 1)
  } else {
    const rounded = f32x4.demote_f64x2_zero(values)
    v128.store32_lane(x, rounded, 0)
    v128.store32_lane(y, rounded, 1)
  }
}

/** The largest elements of two rows. */
function maxima<T>(x: usize, y: usize, cols: i32): v128 {
  let largest = pair<T>(x, y)
  for (const end = x + bytes<T>(cols); x < end; x += sizeof<T>(), y += sizeof<T>())
    largest = f64x2.max(largest, pair<T>(x, y))
  return largest
}

/** Σ e^(x − shift) of two rows, whose terms are stored at `toX` and `toY` unless these are 0. */
function sums<T>(toX: usize, toY: usize, x: usize, y: usize, cols: i32, shift: v128): v128 {
  let total = f64x2.splat(0)
  for (let c = 0; c < cols; c += BLOCK) {
    let sum = f64x2.splat(0)
    for (let j = min<i32>(BLOCK, cols - c); j > 0; j--, x += sizeof<T>(), y += sizeof<T>()) {
      const term = power<T>(pair<T>(x, y), shift)
      sum = f64x2.add(sum, term)
      if (!toX) continue
      storePair<T>(toX, toY, term)
      toX += sizeof<T>()
      toY += sizeof<T>()
    }
    total = f64x2.add(total, sum)
  }
  return total
}

/**
 * For rows of logits and the class t of each: losses[i] = −((x[t] − max) − ln Σ e^(x − max)), if `parts` has 1, and
 * gradient[i, :] = (softmax(x) − onehot(t))·g[i], if it has 2. The steps between elements of g are 0 or 1.
 */
function crossEntropy<T>(
  losses: usize, gradient: usize, a: usize, target: usize, g: usize, rows: i32, cols: i32, wide: i32, gStep: i32, parts: i32
): void {
  for (let i = 0; i < rows; i += 2) {
    const next = min<i32>(i + 1, rows - 1)
    const x = at<T>(a, i, cols), y = at<T>(a, next, cols)
    const toX = parts & 2 ? at<T>(gradient, i, cols) : 0, toY = parts & 2 ? at<T>(gradient, next, cols) : 0
    const largest = maxima<T>(x, y, cols)
    const total = sums<T>(toX, toY, x, y, cols, largest)
    const classX = bytes<T>(<i32>selected(target, i, wide)), classY = bytes<T>(<i32>selected(target, next, wide))
    if (parts & 1) {
      const difference = f64x2.sub(pair<T>(x + classX, y + classY), largest)
      storePair<T>(at<T>(losses, i, 1), at<T>(losses, next, 1), f64x2.neg(f64x2.sub(difference, log<f64>(total))))
    }
    if (parts & 2) {
      scaleRow<T>(toX, cols, <T>f64x2.extract_lane(total, 0), load<T>(at<T>(g, i, gStep)), classX)
      if (next > i) scaleRow<T>(toY, cols, <T>f64x2.extract_lane(total, 1), load<T>(at<T>(g, next, gStep)), classY)
    }
  }
}

/** row = (row / sum − onehot)·scale, the class being so many bytes from the start. */
@inline function scaleRow<T>(row: usize, cols: i32, sum: T, scale: T, ofClass: usize): void {
  const own = (load<T>(row + ofClass) / sum - 1) * scale
  for (let c = 0; c < cols; c += lanes<T>()) {
    const share = v128.div<T>(v128.load(row + bytes<T>(c)), v128.splat<T>(sum))
    storeUpTo<T>(row + bytes<T>(c), v128.mul<T>(share, v128.splat<T>(scale)), cols - c)
  }
  store<T>(row + ofClass, own)
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
