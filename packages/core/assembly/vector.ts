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

const LANES_F64: usize = memory.data<f64>([0, 1], 16)
const LANES_F32: usize = memory.data<f32>([0, 1, 2, 3], 16)

/** The first `count` lanes of x, and 0 in the others. */
@inline export function firstLanes<T>(x: v128, count: i32): v128 {
  return v128.and(x, v128.lt<T>(v128.load(sizeof<T>() == 8 ? LANES_F64 : LANES_F32), v128.splat<T>(<T>count)))
}
