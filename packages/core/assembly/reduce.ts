import * as code from '../src/opcodes'

// Every kernel here works on lines. Line l starts at element l · lineStep and has `count` elements, `step` apart: the
// rows of a matrix (lineStep = cols, step = 1), its columns (lineStep = 1, step = cols), or all of it as one line.

/** Up to this many terms are added one after another; longer sums are split in halves. */
const PAIRWISE_BLOCK: i32 = 64

@inline function at<T>(base: usize, index: i32, step: i32): usize {
  return base + <usize>index * <usize>step * sizeof<T>()
}

/** Pairwise summation: the error grows with log₂ count, not with count (Higham 2002, §4.2). */
function pairwiseSum<T>(a: usize, count: i32, step: i32): T {
  if (count > PAIRWISE_BLOCK) {
    const half = count >> 1
    return pairwiseSum<T>(a, half, step) + pairwiseSum<T>(at<T>(a, half, step), count - half, step)
  }
  let total: T = 0
  for (let i = 0; i < count; i++) total += load<T>(at<T>(a, i, step))
  return total
}

function product<T>(a: usize, count: i32, step: i32): T {
  let total: T = 1
  for (let i = 0; i < count; i++) total *= load<T>(at<T>(a, i, step))
  return total
}

/** The largest element; NaN if there is one. */
function largest<T>(a: usize, count: i32, step: i32): T {
  let best: T = <T>-Infinity
  for (let i = 0; i < count; i++) best = max<T>(best, load<T>(at<T>(a, i, step)))
  return best
}

function smallest<T>(a: usize, count: i32, step: i32): T {
  let best: T = <T>Infinity
  for (let i = 0; i < count; i++) best = min<T>(best, load<T>(at<T>(a, i, step)))
  return best
}

/** The first index whose element equals `value`, or is NaN. */
function firstIndex<T>(value: T, a: usize, count: i32, step: i32): i32 {
  for (let i = 0; i < count; i++) {
    const x = load<T>(at<T>(a, i, step))
    if (x == value || x != x) return i
  }
  return 0
}

/** Σ e^(x − shift). The terms are in float64, so that float32 sums lose nothing before the last rounding. */
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
  const shift = shiftOf<T>(largest<T>(a, count, step))
  return shift + Math.log(sumExp<T>(shift, a, count, step))
}

function reduceLine<T>(op: i32, a: usize, count: i32, step: i32): T {
  switch (op) {
    case code.SUM: return pairwiseSum<T>(a, count, step)
    case code.MEAN: return pairwiseSum<T>(a, count, step) / <T>count
    case code.PROD: return product<T>(a, count, step)
    case code.MAX: return largest<T>(a, count, step)
    case code.MIN: return smallest<T>(a, count, step)
    case code.LOG_SUM_EXP: return <T>logSumExp<T>(a, count, step)
  }
  return 0
}

/** out[l] = the reduction of line l. The indices argmax and argmin find are float64 whatever the dtype of a. */
function reduce<T>(out: usize, a: usize, op: i32, lines: i32, lineStep: i32, count: i32, step: i32): void {
  for (let l = 0; l < lines; l++) {
    const line = at<T>(a, l, lineStep)
    if (op == code.ARGMAX) store<f64>(out + (<usize>l << 3), firstIndex<T>(largest<T>(line, count, step), line, count, step))
    else if (op == code.ARGMIN) store<f64>(out + (<usize>l << 3), firstIndex<T>(smallest<T>(line, count, step), line, count, step))
    else store<T>(at<T>(out, l, 1), reduceLine<T>(op, line, count, step))
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
  const shift = <f64>largest<T>(a, count, step)
  const total = sumExp<T>(shift, a, count, step)
  for (let i = 0; i < count; i++)
    store<T>(at<T>(out, i, step), <T>(Math.exp(<f64>load<T>(at<T>(a, i, step)) - shift) / total))
}

/** (x − max) − log Σ e^(x − max): the maximum is not added back, so that it cannot swallow the digits of the logarithm. */
function logSoftmaxLine<T>(out: usize, a: usize, count: i32, step: i32): void {
  const shift = <f64>largest<T>(a, count, step)
  const logTotal = Math.log(sumExp<T>(shift, a, count, step))
  for (let i = 0; i < count; i++)
    store<T>(at<T>(out, i, step), <T>(<f64>load<T>(at<T>(a, i, step)) - shift - logTotal))
}

/** Line l of out = the scan of line l of a; both have the same layout. */
function scan<T>(out: usize, a: usize, op: i32, lines: i32, lineStep: i32, count: i32, step: i32): void {
  for (let l = 0; l < lines; l++) {
    const from = at<T>(a, l, lineStep)
    const to = at<T>(out, l, lineStep)
    switch (op) {
      case code.CUMSUM: cumsumLine<T>(to, from, count, step); break
      case code.SOFTMAX: softmaxLine<T>(to, from, count, step); break
      case code.LOG_SOFTMAX: logSoftmaxLine<T>(to, from, count, step); break
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
