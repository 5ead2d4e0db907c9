import * as code from '../src/engine/opcodes.generated'
import { lostByAny, lostByTwo } from './float'
import { packAlong, workspace } from './gemm'
import { along, at, BLOCK, down, downPair, Largest, Product, Smallest, Sum } from './lines'
import { productBeyond } from './recurrence'
import { logSoftmaxLines, logSumExpLines, softmaxLines } from './softmax'
import { bytes, lanes, loadPair, storeLanes, storePair } from './vector'

/** out[l] = the elements of line l merged; each is divided by `divisor`. */
function mergeLines<T, F>(
  out: usize, a: usize, lines: i32, lineStep: i32, count: i32, step: i32, divisor: T
): void {
  if (step == 1) {
    for (let l = 0; l < lines; l++) store<T>(at<T>(out, l, 1), along<T, F>(at<T>(a, l, lineStep), count) / divisor)
    return
  }
  const divisors = v128.splat<T>(divisor)
  let l = 0
  if (count <= BLOCK)
    for (; l + 2 * lanes<T>() <= lines; l += 2 * lanes<T>(), a += 32, out += 32)
      downPair<T, F>(out, a, count, bytes<T>(step), divisors)
  for (; l + lanes<T>() <= lines; l += lanes<T>(), a += 16, out += 16)
    v128.store(out, v128.div<T>(down<T, F>(a, count, bytes<T>(step)), divisors))
  storeLanes<T>(out, v128.div<T>(down<T, F>(a, count, bytes<T>(step)), divisors), lines - l)
}

/** Where a mean is not finite, its sum may have overflowed: of elements that are smaller by 2³² it has not. */
function mendMeans<T>(out: usize, a: usize, lines: i32, lineStep: i32, count: i32, step: i32): void {
  for (let l = 0; l < lines; l++) {
    const to = at<T>(out, l, 1)
    if (Math.abs(<f64>load<T>(to)) < Infinity) continue
    const line = at<T>(a, l, lineStep)
    let total: f64 = 0, lost: f64 = 0
    for (let i = 0; i < count; i++) {
      const x = <f64>load<T>(at<T>(line, i, step)) * SMALLER
      const sum = total + x
      lost += lostByTwo(total, x, sum)
      total = sum
    }
    if (Math.abs(total) < Infinity) store<T>(to, <T>((total + lost) / <f64>count / SMALLER))
  }
}

/** Where a product is 0, infinite or NaN, it may be so for what it was on the way. */
function mendProducts<T>(out: usize, a: usize, lines: i32, lineStep: i32, count: i32, step: i32): void {
  for (let l = 0; l < lines; l++) {
    const to = at<T>(out, l, 1)
    const product = load<T>(to), size = Math.abs(<f64>product)
    if (!(size > 0 && size < Infinity)) store<T>(to, productBeyond<T>(product, at<T>(a, l, lineStep), count, step))
  }
}

const SMALLER: f64 = 1.0 / 4294967296.0

/** One line of any step, merged one after another. */
function mergeLine<T, F>(a: usize, count: i32, step: i32): T {
  const f = changetype<F>(0)
  if (step == 1) return along<T, F>(a, count)
  let merged = f.identity()
  for (let i = 0; i < count; i++) merged = f.one(merged, load<T>(at<T>(a, i, step)))
  return merged
}

/** The first index whose element equals `value`, or is NaN. */
function firstIndex<T>(value: T, a: usize, count: i32, step: i32): i32 {
  for (let i = 0; i < count; i++) {
    const x = load<T>(at<T>(a, i, step))
    if (x == value || x != x) return i
  }
  return 0
}

/** out[l] = the reduction of line l. The indices argmax and argmin find are float64 whatever the dtype of a. */
function reduce<T>(out: usize, a: usize, op: i32, lines: i32, lineStep: i32, count: i32, step: i32): void {
  switch (op) {
    case code.SUM: return mergeLines<T, Sum<T>>(out, a, lines, lineStep, count, step, 1)
    case code.MEAN:
      mergeLines<T, Sum<T>>(out, a, lines, lineStep, count, step, <T>count)
      return mendMeans<T>(out, a, lines, lineStep, count, step)
    case code.PROD:
      mergeLines<T, Product<T>>(out, a, lines, lineStep, count, step, 1)
      return mendProducts<T>(out, a, lines, lineStep, count, step)
    case code.MAX: return mergeLines<T, Largest<T>>(out, a, lines, lineStep, count, step, 1)
    case code.MIN: return mergeLines<T, Smallest<T>>(out, a, lines, lineStep, count, step, 1)
    case code.LOG_SUM_EXP: return logSumExpLines<T>(out, a, lines, lineStep, count, step)
  }
  for (let l = 0; l < lines; l++) {
    const line = at<T>(a, l, lineStep)
    switch (op) {
      case code.ARGMAX:
        store<f64>(at<f64>(out, l, 1), firstIndex<T>(mergeLine<T, Largest<T>>(line, count, step), line, count, step))
        break
      case code.ARGMIN:
        store<f64>(at<f64>(out, l, 1), firstIndex<T>(mergeLine<T, Smallest<T>>(line, count, step), line, count, step))
        break
      default: unreachable()
    }
  }
}

/**
 * Sums up to each element of one line, or of two whose elements are side by side. They are added in float64, of float64 with
 * what each addition loses, which is left out where a sum is infinite.
 */
function cumsumPair<T>(to: usize, from: usize, count: i32, step: usize, single: bool): void {
  let total = f64x2.splat(0), lost = total
  for (let i = 0; i < count; i++, from += step, to += step) {
    const x = loadPair<T>(from)
    const sum = f64x2.add(total, x)
    if (sizeof<T>() == 8) {
      lost = f64x2.add(lost, lostByAny(total, x, sum))
      const finite = f64x2.lt(f64x2.abs(sum), f64x2.splat(Infinity))
      storePair<T>(to, f64x2.add(sum, v128.and(lost, finite)), single)
    } else storePair<T>(to, sum, single)
    total = sum
  }
}

function cumsumLines<T>(out: usize, a: usize, lines: i32, lineStep: i32, count: i32, step: i32): void {
  // Columns are two at a time.
  const width = lineStep == 1 ? 2 : 1
  for (let l = 0; l < lines; l += width)
    cumsumPair<T>(at<T>(out, l, lineStep), at<T>(a, l, lineStep), count, bytes<T>(step), l + width > lines || width == 1)
}

/** Rows up to this long leave lanes unused when each is scanned alone. */
const SHORT: i32 = 12
const GROUP: i32 = 4

/** Short rows, four at a time as the columns of a panel, so that a row has the same bits whatever the others are. */
function scanShortRows<T>(out: usize, a: usize, op: i32, lines: i32, lineStep: i32, count: i32): void {
  for (let l = 0; l < lines; l += GROUP) {
    const rows = min<i32>(GROUP, lines - l)
    packAlong<T>(workspace, at<T>(a, l, lineStep), bytes<T>(lineStep), rows, bytes<T>(GROUP), count)
    scan<T>(workspace, workspace, op, rows, 1, count, GROUP)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < count; j++)
        store<T>(at<T>(out, l + i, lineStep) + bytes<T>(j), load<T>(at<T>(workspace, j, GROUP) + bytes<T>(i)))
  }
}

/** Line l of out = the scan of line l of a; both have the same layout. */
function scan<T>(out: usize, a: usize, op: i32, lines: i32, lineStep: i32, count: i32, step: i32): void {
  if (step == 1 && count <= SHORT) return scanShortRows<T>(out, a, op, lines, lineStep, count)
  switch (op) {
    case code.CUMSUM: return cumsumLines<T>(out, a, lines, lineStep, count, step)
    case code.SOFTMAX: return softmaxLines<T>(out, a, lines, lineStep, count, step)
    case code.LOG_SOFTMAX: return logSoftmaxLines<T>(out, a, lines, lineStep, count, step)
    default: unreachable()
  }
}

export function reduce_f32(out: usize, a: usize, op: i32, lines: i32, lineStep: i32, count: i32, step: i32): void {
  reduce<f32>(out, a, op, lines, lineStep, count, step)
}

export function reduce_f64(out: usize, a: usize, op: i32, lines: i32, lineStep: i32, count: i32, step: i32): void {
  reduce<f64>(out, a, op, lines, lineStep, count, step)
}

export function scan_f32(out: usize, a: usize, op: i32, lines: i32, lineStep: i32, count: i32, step: i32): void {
  scan<f32>(out, a, op, lines, lineStep, count, step)
}

export function scan_f64(out: usize, a: usize, op: i32, lines: i32, lineStep: i32, count: i32, step: i32): void {
  scan<f64>(out, a, op, lines, lineStep, count, step)
}
