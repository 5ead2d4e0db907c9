// The cross-entropy of rows of logits, a row a lane, whose exponentials serve the losses and their derivatives. A block of
// rows is transposed, and each step is taken for all of it before the next: rows do not wait for one another, and the sums
// of a loop stay in registers.
//
// The exponential of a row's maximum is 1, and s is the sum of all others: neither the loss, max − x[t] + ln(1 + s), nor
// the derivative for the class, (e^(x[t] − max) − 1 − s) / (1 + s), loses its digits where the class is nearly certain.

import { expDifferenceNormal } from './exponential'
import { addBits, ONE, shared, subBits } from './float'
import { at } from './lines'
import { fromBits, log1pModerate } from './logarithm'
import { bytes, lanes, storeTransposed, storeUpTo } from './vector'

/** Transposes panels of rows, a vector wide, whose columns follow one another. Rows beyond the last repeat it. */
function pack<T>(panels: usize, a: usize, rows: i32, cols: i32): void {
  const row = bytes<T>(cols)
  for (let i = 0; i < rows; i += lanes<T>()) {
    let x0 = a + <usize>i * row, to = panelOf<T>(panels, i, cols)
    let x1 = i + 1 < rows ? x0 + row : x0
    let x2 = i + 2 < rows ? x1 + row : x1
    let x3 = i + 3 < rows ? x2 + row : x2
    for (const end = x0 + row; x0 < end; x0 += 16, x1 += 16, x2 += 16, x3 += 16, to += 16 * lanes<T>())
      storeTransposed<T>(v128.load(x0), v128.load(x1), v128.load(x2), v128.load(x3), to, 16, lanes<T>(), lanes<T>())
  }
}

/** The inverse. */
function unpack<T>(out: usize, panels: usize, rows: i32, cols: i32): void {
  const row = bytes<T>(cols)
  for (let i = 0; i < rows; i += lanes<T>()) {
    let x = panelOf<T>(panels, i, cols), to = out + <usize>i * row
    for (let left = cols; left > 0; left -= lanes<T>(), x += 16 * lanes<T>(), to += 16)
      storeTransposed<T>(v128.load(x), v128.load(x, 16), v128.load(x, 32), v128.load(x, 48), to, row, rows - i, left)
  }
}

/** Where the panel begins of the rows from i on. */
@inline function panelOf<T>(panels: usize, i: i32, cols: i32): usize {
  return panels + bytes<T>(i * cols)
}

@inline function firstNumber<T>(): v128 {
  return sizeof<T>() == 8 ? i64x2.splat(0) : i32x4.splat(0)
}

@inline function nextNumber<T>(number: v128): v128 {
  return addBits<T>(number, sizeof<T>() == 8 ? i64x2.splat(1) : i32x4.splat(1))
}

@inline function sameNumber<T>(x: v128, y: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.eq(x, y) : i32x4.eq(x, y)
}

/** classes[i] = the whole number target[i], in the size of T. */
function numberClasses<T>(classes: usize, target: usize, rows: i32, wide: i32): void {
  for (let i = 0; i < rows; i += lanes<T>()) {
    const from = wide ? at<f64>(target, i, 1) : at<f32>(target, i, 1)
    const low = wide ? i32x4.trunc_sat_f64x2_s_zero(v128.load(from)) : i32x4.trunc_sat_f32x4_s(v128.load(from))
    let numbers = low
    if (sizeof<T>() == 8) numbers = i64x2.extend_low_i32x4_s(low)
    else if (wide) numbers = v128.shuffle<i64>(low, i32x4.trunc_sat_f64x2_s_zero(v128.load(from, 16)), 0, 2)
    v128.store(at<T>(classes, i, 1), numbers)
  }
}

/** The largest logit of each row, and that of its class. */
function selectLogits<T>(largest: usize, own: usize, panels: usize, classes: usize, rows: i32, cols: i32): void {
  for (let i = 0; i < rows; i += lanes<T>()) {
    const wanted = v128.load(at<T>(classes, i, 1))
    let x = panelOf<T>(panels, i, cols)
    const end = x + 16 * <usize>cols
    let most = v128.load(x), chosen = v128.splat<T>(0), number = firstNumber<T>()
    do {
      const logit = v128.load(x)
      most = v128.pmax<T>(most, logit)
      chosen = v128.or(chosen, v128.and(logit, sameNumber<T>(number, wanted)))
      number = nextNumber<T>(number)
      x += 16
    } while (x < end)
    v128.store(at<T>(largest, i, 1), most)
    v128.store(at<T>(own, i, 1), chosen)
  }
}

/** x = e^(x − largest) for all elements. */
function exponentiate<T>(panels: usize, largest: usize, rows: i32, cols: i32): void {
  for (let i = 0; i < rows; i += lanes<T>()) {
    const shift = v128.load(at<T>(largest, i, 1))
    let x = panelOf<T>(panels, i, cols)
    const end = x + 16 * <usize>cols
    // Two at a time: each is a chain of operations.
    for (; x + 16 < end; x += 32) {
      const even = expDifferenceNormal<T>(v128.load(x), shift), odd = expDifferenceNormal<T>(v128.load(x, 16), shift)
      v128.store(x, even)
      v128.store(x, odd, 16)
    }
    if (x < end) v128.store(x, expDifferenceNormal<T>(v128.load(x), shift))
  }
}

/** The sum of all powers of a row but one of those that are 1, compensated (Kahan 1965). */
function sumOthers<T>(sums: usize, panels: usize, rows: i32, cols: i32): void {
  for (let i = 0; i < rows; i += lanes<T>()) {
    let x = panelOf<T>(panels, i, cols)
    const end = x + 16 * <usize>cols
    let sum = v128.splat<T>(0), lost = sum, ones = sum
    do {
      const power = v128.load(x)
      const isOne = v128.eq<T>(power, shared<T>(ONE))
      ones = subBits<T>(ones, isOne)
      const term = v128.sub<T>(v128.andnot(power, isOne), lost)
      const total = v128.add<T>(sum, term)
      lost = v128.sub<T>(v128.sub<T>(total, sum), term)
      sum = total
      x += 16
    } while (x < end)
    const count = sizeof<T>() == 8 ? fromBits<T>(ones) : f32x4.convert_i32x4_s(ones)
    v128.store(at<T>(sums, i, 1), v128.add<T>(sum, v128.sub<T>(count, shared<T>(ONE))))
  }
}

/** losses = largest − own + ln(1 + sum) */
function putLosses<T>(losses: usize, largest: usize, own: usize, sums: usize, rows: i32): void {
  for (let i = 0; i < rows; i += lanes<T>()) {
    const difference = v128.sub<T>(v128.load(at<T>(largest, i, 1)), v128.load(at<T>(own, i, 1)))
    const loss = v128.add<T>(difference, log1pModerate<T>(v128.load(at<T>(sums, i, 1))))
    storeUpTo<T>(at<T>(losses, i, 1), loss, rows - i)
  }
}

/** 0 instead of what is not a number, the product of 0 and an infinite share, in those rows. */
function dropInvalid<T>(x: usize, end: usize, rows: v128): void {
  for (; x < end; x += 16) {
    const value = v128.load(x)
    v128.store(x, v128.andnot(value, v128.and(rows, v128.ne<T>(value, value))))
  }
}

/** x = (x − onehot·(1 + sum))·g / (1 + sum) for all elements, where 0·∞ is 0. */
function derive<T>(panels: usize, sums: usize, classes: usize, g: usize, gStep: i32, rows: i32, cols: i32): void {
  for (let i = 0; i < rows; i += lanes<T>()) {
    const sum = v128.load(at<T>(sums, i, 1)), wanted = v128.load(at<T>(classes, i, 1))
    const factors = gStep ? v128.load(at<T>(g, i, 1)) : v128.splat<T>(load<T>(g))
    const share = v128.div<T>(factors, v128.add<T>(shared<T>(ONE), sum))
    let x = panelOf<T>(panels, i, cols)
    const end = x + 16 * <usize>cols
    let number = firstNumber<T>()
    do {
      const isOwn = sameNumber<T>(number, wanted)
      const rest = v128.sub<T>(v128.load(x), v128.and(shared<T>(ONE), isOwn))
      v128.store(x, v128.mul<T>(v128.sub<T>(rest, v128.and(sum, isOwn)), share))
      number = nextNumber<T>(number)
      x += 16
    } while (x < end)
    const isInfinite = v128.eq<T>(v128.abs<T>(share), v128.splat<T>(<T>Infinity))
    if (v128.any_true(isInfinite)) dropInvalid<T>(panelOf<T>(panels, i, cols), end, isInfinite)
  }
}

/**
 * For rows of logits and the class t of each: losses[i] = −ln softmax(x)[t], if `parts` has 1, and gradient[i, :] =
 * (softmax(x) − onehot(t))·g[i], if it has 2. The steps between elements of g are 0 or 1.
 */
function crossEntropy<T>(
  losses: usize, gradient: usize, a: usize, target: usize, g: usize, room: usize, rows: i32, cols: i32, block: i32,
  wide: i32, gStep: i32, parts: i32
): void {
  const largest = room, own = at<T>(room, block, 1), sums = at<T>(room, block, 2), classes = at<T>(room, block, 3)
  const panels = at<T>(room, block, 4)
  for (let i = 0; i < rows; i += block) {
    const count = min<i32>(block, rows - i)
    pack<T>(panels, at<T>(a, i, cols), count, cols)
    numberClasses<T>(classes, wide ? at<f64>(target, i, 1) : at<f32>(target, i, 1), count, wide)
    selectLogits<T>(largest, own, panels, classes, count, cols)
    exponentiate<T>(panels, largest, count, cols)
    sumOthers<T>(sums, panels, count, cols)
    if (parts & 1) putLosses<T>(at<T>(losses, i, 1), largest, own, sums, count)
    if (!(parts & 2)) continue
    derive<T>(panels, sums, classes, at<T>(g, i, gStep), gStep, count, cols)
    unpack<T>(at<T>(gradient, i, cols), panels, count, cols)
  }
}

export function crossEntropy_f32(
  losses: usize, gradient: usize, a: usize, target: usize, g: usize, room: usize, rows: i32, cols: i32, block: i32,
  wide: i32, gStep: i32, parts: i32
): void {
  crossEntropy<f32>(losses, gradient, a, target, g, room, rows, cols, block, wide, gStep, parts)
}

export function crossEntropy_f64(
  losses: usize, gradient: usize, a: usize, target: usize, g: usize, room: usize, rows: i32, cols: i32, block: i32,
  wide: i32, gStep: i32, parts: i32
): void {
  crossEntropy<f64>(losses, gradient, a, target, g, room, rows, cols, block, wide, gStep, parts)
}
