import * as code from '../src/opcodes'
import { exp } from './exponential'
import { bytes, firstLanes, lanes, storeLanes, storeUpTo } from './vector'

// Every kernel here works on lines. Line l starts at element l · lineStep and has `count` elements, `step` apart: the
// rows of a matrix (lineStep = cols, step = 1), its columns (lineStep = 1, step = cols), or all of it as one line.

/** Up to this many terms are merged in a few sums side by side; longer lines are split in halves. */
const BLOCK: i32 = 128

@inline function at<T>(base: usize, index: i32, step: i32): usize {
  return base + <usize>index * <usize>step * sizeof<T>()
}

// How two elements become one, as vectors and alone, and the element that changes nothing. Merging in halves is pairwise
// summation: the error grows with log₂ count, not with count (Higham 2002, §4.2).

@unmanaged class Sum<T> {
  @inline identity(): T { return 0 }
  @inline merge(x: v128, y: v128): v128 { return v128.add<T>(x, y) }
  @inline one(x: T, y: T): T { return x + y }
}
@unmanaged class Product<T> {
  @inline identity(): T { return 1 }
  @inline merge(x: v128, y: v128): v128 { return v128.mul<T>(x, y) }
  @inline one(x: T, y: T): T { return x * y }
}
/** The largest element; NaN if there is one. */
@unmanaged class Largest<T> {
  @inline identity(): T { return <T>-Infinity }
  @inline merge(x: v128, y: v128): v128 { return v128.max<T>(x, y) }
  @inline one(x: T, y: T): T { return max<T>(x, y) }
}
@unmanaged class Smallest<T> {
  @inline identity(): T { return <T>Infinity }
  @inline merge(x: v128, y: v128): v128 { return v128.min<T>(x, y) }
  @inline one(x: T, y: T): T { return min<T>(x, y) }
}

/** The lanes of a vector merged, in halves. */
@inline function mergeLanes<T, F>(x: v128): T {
  const f = changetype<F>(0)
  if (sizeof<T>() == 8) return f.one(v128.extract_lane<T>(x, 0), v128.extract_lane<T>(x, 1))
  return f.one(
    f.one(v128.extract_lane<T>(x, 0), v128.extract_lane<T>(x, 1)),
    f.one(v128.extract_lane<T>(x, 2), v128.extract_lane<T>(x, 3))
  )
}

/** Elements side by side, merged. */
function along<T, F>(a: usize, count: i32): T {
  const f = changetype<F>(0)
  if (count > BLOCK) {
    const half = max<i32>(BLOCK, (count >> 1) & -BLOCK)
    return f.one(along<T, F>(a, half), along<T, F>(a + bytes<T>(half), count - half))
  }
  const identity = v128.splat<T>(f.identity())
  let x0 = identity, x1 = identity, x2 = identity, x3 = identity
  const end = a + bytes<T>(count)
  for (; a + 64 <= end; a += 64) {
    x0 = f.merge(x0, v128.load(a))
    x1 = f.merge(x1, v128.load(a, 16))
    x2 = f.merge(x2, v128.load(a, 32))
    x3 = f.merge(x3, v128.load(a, 48))
  }
  for (; a + 16 <= end; a += 16) x0 = f.merge(x0, v128.load(a))
  let rest = f.identity()
  for (; a < end; a += sizeof<T>()) rest = f.one(rest, load<T>(a))
  return f.one(mergeLanes<T, F>(f.merge(f.merge(x0, x1), f.merge(x2, x3))), rest)
}

/** As many columns as a vector has lanes, `step` bytes from row to row, merged down the rows. */
function down<T, F>(a: usize, rows: i32, step: usize): v128 {
  const f = changetype<F>(0)
  if (rows > BLOCK) {
    const half = rows >> 1
    return f.merge(down<T, F>(a, half, step), down<T, F>(a + <usize>half * step, rows - half, step))
  }
  const identity = v128.splat<T>(f.identity())
  let x0 = identity, x1 = identity, x2 = identity, x3 = identity
  let i = 0
  for (; i + 4 <= rows; i += 4, a += 4 * step) {
    x0 = f.merge(x0, v128.load(a))
    x1 = f.merge(x1, v128.load(a + step))
    x2 = f.merge(x2, v128.load(a + 2 * step))
    x3 = f.merge(x3, v128.load(a + 3 * step))
  }
  for (; i < rows; i++, a += step) x0 = f.merge(x0, v128.load(a))
  return f.merge(f.merge(x0, x1), f.merge(x2, x3))
}

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
  for (; l + lanes<T>() <= lines; l += lanes<T>(), a += 16, out += 16)
    v128.store(out, v128.div<T>(down<T, F>(a, count, bytes<T>(step)), divisors))
  storeLanes<T>(out, v128.div<T>(down<T, F>(a, count, bytes<T>(step)), divisors), lines - l)
}

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

/** e^(x − shift), with what the rounding of the difference loses (Møller 1965): the exponential would multiply it. */
@inline function expDifference<T>(x: v128, shift: v128): v128 {
  const difference = v128.sub<T>(x, shift)
  const taken = v128.sub<T>(difference, x)
  const lost = v128.sub<T>(v128.sub<T>(x, v128.sub<T>(difference, taken)), v128.add<T>(shift, taken))
  const finite = v128.lt<T>(v128.abs<T>(difference), v128.splat<T>(<T>Infinity))
  const power = exp<T>(difference)
  return v128.add<T>(power, v128.and(v128.mul<T>(power, lost), finite))
}

// What a sum of a row in float64 is over.

@unmanaged class Elements<T> { @inline of(x: v128, shift: v128): v128 { return x } }
@unmanaged class Exponentials<T> { @inline of(x: v128, shift: v128): v128 { return expDifference<T>(x, shift) } }

/** The sums of lanes in float64. */
@inline function widen<T>(x: v128): v128 {
  if (sizeof<T>() == 8) return x
  return f64x2.add(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 1)))
}

/** Σ f(x) of elements side by side, in float64 whatever their dtype, in halves. */
function wideSum<T, F>(a: usize, count: i32, shift: T): f64 {
  if (count > BLOCK) {
    const half = max<i32>(BLOCK, (count >> 1) & -BLOCK)
    return wideSum<T, F>(a, half, shift) + wideSum<T, F>(a + bytes<T>(half), count - half, shift)
  }
  const f = changetype<F>(0)
  const shifts = v128.splat<T>(shift)
  let total = f64x2.splat(0)
  for (let left = count; left > 0; left -= lanes<T>(), a += 16)
    total = f64x2.add(total, widen<T>(firstLanes<T>(f.of(v128.load(a), shifts), left)))
  return f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1)
}

/** Σ e^(x − shift) of a line of any step. The terms are in float64, so that float32 loses nothing before the last rounding. */
function sumExp<T>(shift: f64, a: usize, count: i32, step: i32): f64 {
  let total: f64 = 0
  for (let i = 0; i < count; i++) total += Math.exp(<f64>load<T>(at<T>(a, i, step)) - shift)
  return total
}

/** The largest element as what to subtract before exp: 0 where subtracting an infinity would give NaN. */
@inline function shiftOf<T>(best: T): f64 {
  return abs<T>(best) == <T>Infinity ? 0 : <f64>best
}

function logSumExp<T>(a: usize, count: i32, step: i32): f64 {
  const shift = shiftOf<T>(mergeLine<T, Largest<T>>(a, count, step))
  return shift + Math.log(sumExp<T>(shift, a, count, step))
}

/** out[l] = the reduction of line l. The indices argmax and argmin find are float64 whatever the dtype of a. */
function reduce<T>(out: usize, a: usize, op: i32, lines: i32, lineStep: i32, count: i32, step: i32): void {
  switch (op) {
    case code.SUM: return mergeLines<T, Sum<T>>(out, a, lines, lineStep, count, step, 1)
    case code.MEAN: return mergeLines<T, Sum<T>>(out, a, lines, lineStep, count, step, <T>count)
    case code.PROD: return mergeLines<T, Product<T>>(out, a, lines, lineStep, count, step, 1)
    case code.MAX: return mergeLines<T, Largest<T>>(out, a, lines, lineStep, count, step, 1)
    case code.MIN: return mergeLines<T, Smallest<T>>(out, a, lines, lineStep, count, step, 1)
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
      case code.LOG_SUM_EXP:
        store<T>(at<T>(out, l, 1), <T>logSumExp<T>(line, count, step))
        break
    }
  }
}

function cumsumLine<T>(out: usize, a: usize, count: i32, step: i32): void {
  let total: T = 0
  for (let i = 0; i < count; i++) {
    total += load<T>(at<T>(a, i, step))
    store<T>(at<T>(out, i, step), total)
  }
}

/** e^(x − max) / Σ e^(x − max). */
function softmaxLine<T>(out: usize, a: usize, count: i32, step: i32): void {
  const shift = <f64>mergeLine<T, Largest<T>>(a, count, step)
  const total = sumExp<T>(shift, a, count, step)
  for (let i = 0; i < count; i++)
    store<T>(at<T>(out, i, step), <T>(Math.exp(<f64>load<T>(at<T>(a, i, step)) - shift) / total))
}

/** (x − max) − log Σ e^(x − max): the maximum is not added back, so that it cannot swallow the digits of the logarithm. */
function logSoftmaxLine<T>(out: usize, a: usize, count: i32, step: i32): void {
  const shift = <f64>mergeLine<T, Largest<T>>(a, count, step)
  const logTotal = Math.log(sumExp<T>(shift, a, count, step))
  for (let i = 0; i < count; i++)
    store<T>(at<T>(out, i, step), <T>(<f64>load<T>(at<T>(a, i, step)) - shift - logTotal))
}

/** Softmax of elements side by side. The exponentials wait in the result for their sum. */
function softmaxRow<T>(out: usize, a: usize, count: i32): void {
  const shift = along<T, Largest<T>>(a, count)
  const shifts = v128.splat<T>(shift)
  for (let i = 0; i < count; i += lanes<T>())
    storeUpTo<T>(out + bytes<T>(i), expDifference<T>(v128.load(a + bytes<T>(i)), shifts), count - i)
  const total = v128.splat<T>(<T>wideSum<T, Elements<T>>(out, count, 0))
  for (let i = 0; i < count; i += lanes<T>())
    storeUpTo<T>(out + bytes<T>(i), v128.div<T>(v128.load(out + bytes<T>(i)), total), count - i)
}

/** The logarithm of softmax of elements side by side. */
function logSoftmaxRow<T>(out: usize, a: usize, count: i32): void {
  const shift = along<T, Largest<T>>(a, count)
  const shifts = v128.splat<T>(shift)
  const logTotal = v128.splat<T>(<T>Math.log(wideSum<T, Exponentials<T>>(a, count, shift)))
  for (let i = 0; i < count; i += lanes<T>()) {
    const difference = v128.sub<T>(v128.load(a + bytes<T>(i)), shifts)
    storeUpTo<T>(out + bytes<T>(i), v128.sub<T>(difference, logTotal), count - i)
  }
}

/** Line l of out = the scan of line l of a; both have the same layout. */
function scan<T>(out: usize, a: usize, op: i32, lines: i32, lineStep: i32, count: i32, step: i32): void {
  for (let l = 0; l < lines; l++) {
    const from = at<T>(a, l, lineStep)
    const to = at<T>(out, l, lineStep)
    switch (op) {
      case code.CUMSUM: cumsumLine<T>(to, from, count, step); break
      case code.SOFTMAX:
        if (step == 1) softmaxRow<T>(to, from, count)
        else softmaxLine<T>(to, from, count, step)
        break
      case code.LOG_SOFTMAX:
        if (step == 1) logSoftmaxRow<T>(to, from, count)
        else logSoftmaxLine<T>(to, from, count, step)
        break
    }
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
