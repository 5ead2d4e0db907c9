// What the kernels share about 128-bit vectors of either dtype.

/** Elements in a vector. */
@inline export function lanes<T>(): i32 {
  return 16 / sizeof<T>()
}

/** The bytes that `count` elements take. */
@inline export function bytes<T>(count: i32): usize {
  return <usize>count * sizeof<T>()
}

/** y·x + c: a step of Horner's scheme. */
@inline export function step<T>(y: v128, x: v128, c: v128): v128 {
  return v128.add<T>(v128.mul<T>(y, x), c)
}

/** Stores the first `count` lanes, fewer than all. */
@inline export function storeLanes<T>(to: usize, x: v128, count: i32): void {
  if (sizeof<T>() == 8) {
    if (count) v128.store64_lane(to, x, 0)
    return
  }
  if (count & 2) {
    v128.store64_lane(to, x, 0)
    if (count & 1) v128.store32_lane(to, x, 2, 8)
  } else if (count) v128.store32_lane(to, x, 0)
}

/** Stores a vector, or as many lanes of it as are `left`. */
@inline export function storeUpTo<T>(to: usize, x: v128, left: i32): void {
  if (left >= lanes<T>()) v128.store(to, x)
  else storeLanes<T>(to, x, left)
}

/** Two elements as float64. */
@inline export function loadPair<T>(from: usize): v128 {
  return sizeof<T>() == 8 ? v128.load(from) : f64x2.promote_low_f32x4(v128.load64_zero(from))
}

/** Stores two float64, rounded to the dtype, or the first of them if `single`. */
@inline export function storePair<T>(to: usize, x: v128, single: bool): void {
  if (single) store<T>(to, <T>f64x2.extract_lane(x, 0))
  else if (sizeof<T>() == 8) v128.store(to, x)
  else v128.store64_lane(to, f32x4.demote_f64x2_zero(x), 0)
}

/**
 * Stores the transpose of the square that vectors are the rows of, two of float64 or four of float32: at most `count` rows,
 * `step` bytes apart, of at most `width` elements.
 */
@inline export function storeTransposed<T>(
  x0: v128, x1: v128, x2: v128, x3: v128, to: usize, step: usize, count: i32, width: i32
): void {
  if (sizeof<T>() == 8) {
    storeUpTo<T>(to, v128.shuffle<i64>(x0, x1, 0, 2), width)
    if (count > 1) storeUpTo<T>(to + step, v128.shuffle<i64>(x0, x1, 1, 3), width)
    return
  }
  const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5), low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5)
  storeUpTo<T>(to, v128.shuffle<i64>(low01, low23, 0, 2), width)
  if (count > 1) storeUpTo<T>(to + step, v128.shuffle<i64>(low01, low23, 1, 3), width)
  const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7), high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7)
  if (count > 2) storeUpTo<T>(to + 2 * step, v128.shuffle<i64>(high01, high23, 0, 2), width)
  if (count > 3) storeUpTo<T>(to + 3 * step, v128.shuffle<i64>(high01, high23, 1, 3), width)
}

/** The number at place i of a table of the dtype, in all lanes. */
@inline export function entry<T>(table: usize, i: i32): v128 {
  return sizeof<T>() == 8 ? v128.load64_splat(table + (i << 3)) : v128.load32_splat(table + (i << 2))
}

@inline function terms2<T>(table: usize, i: i32, n: i32, x: v128): v128 {
  return i + 1 < n ? step<T>(entry<T>(table, i + 1), x, entry<T>(table, i)) : entry<T>(table, i)
}

@inline function terms4<T>(table: usize, i: i32, n: i32, x: v128, x2: v128): v128 {
  const low = terms2<T>(table, i, n, x)
  return i + 2 < n ? step<T>(terms2<T>(table, i + 2, n, x), x2, low) : low
}

@inline function terms8<T>(table: usize, i: i32, n: i32, x: v128, x2: v128, x4: v128): v128 {
  const low = terms4<T>(table, i, n, x, x2)
  return i + 4 < n ? step<T>(terms4<T>(table, i + 4, n, x, x2), x4, low) : low
}

/**
 * c₀ + c₁x + … + cₙ₋₁xⁿ⁻¹ for n ≤ 16, with the coefficients of a table. Pairs of terms, then pairs of pairs (Estrin's
 * scheme): a chain of operations that wait for each other is log₂ n long, where Horner's is n.
 */
@inline export function polynomial<T>(table: usize, n: i32, x: v128): v128 {
  const x2 = v128.mul<T>(x, x)
  const x4 = v128.mul<T>(x2, x2)
  const low = terms8<T>(table, 0, n, x, x2, x4)
  return n > 8 ? step<T>(terms8<T>(table, 8, n, x, x2, x4), v128.mul<T>(x4, x4), low) : low
}

/** The third and fourth of four float32 as the first two. */
@inline export function upperHalf(x: v128): v128 {
  return v128.shuffle<i64>(x, x, 1, 1)
}

/**
 * Four float32 as float64, two at a time, in F, a class whose method `of` takes them and a parameter in both lanes; its
 * results are rounded.
 */
@inline export function inHalves<F>(x: v128, parameter: v128): v128 {
  const f = changetype<F>(0)
  const low = f32x4.demote_f64x2_zero(f.of(f64x2.promote_low_f32x4(x), parameter))
  const high = f32x4.demote_f64x2_zero(f.of(f64x2.promote_low_f32x4(upperHalf(x)), parameter))
  return v128.shuffle<i64>(low, high, 0, 2)
}

/** The same of two numbers each, of a class whose method `of` takes both. */
@inline export function inHalvesOfBoth<F>(x: v128, y: v128): v128 {
  const f = changetype<F>(0)
  const low = f32x4.demote_f64x2_zero(f.of(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y)))
  const high = f32x4.demote_f64x2_zero(f.of(f64x2.promote_low_f32x4(upperHalf(x)), f64x2.promote_low_f32x4(upperHalf(y))))
  return v128.shuffle<i64>(low, high, 0, 2)
}
