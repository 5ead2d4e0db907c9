// What a division with a whole quotient leaves over, on vectors of either dtype.

/** x − n·y, where n is the quotient without its fraction: exact (fmod). */
@inline function leftOver<T>(x: v128, y: v128): v128 {
  if (sizeof<T>() == 8) {
    const first = f64x2.extract_lane(x, 0) % f64x2.extract_lane(y, 0)
    return f64x2(first, f64x2.extract_lane(x, 1) % f64x2.extract_lane(y, 1))
  }
  let rest = f32x4.splat(f32x4.extract_lane(x, 0) % f32x4.extract_lane(y, 0))
  rest = f32x4.replace_lane(rest, 1, f32x4.extract_lane(x, 1) % f32x4.extract_lane(y, 1))
  rest = f32x4.replace_lane(rest, 2, f32x4.extract_lane(x, 2) % f32x4.extract_lane(y, 2))
  return f32x4.replace_lane(rest, 3, f32x4.extract_lane(x, 3) % f32x4.extract_lane(y, 3))
}

/** The same with the sign of y, 0 as well: where the other sign is left over, y is added, which rounds once. */
export function remainder<T>(x: v128, y: v128): v128 {
  const zero = v128.splat<T>(0), sign = v128.splat<T>(-0.0)
  const rest = leftOver<T>(x, y)
  const differ = v128.xor(v128.lt<T>(rest, zero), v128.lt<T>(y, zero))
  const fitting = v128.bitselect(v128.add<T>(rest, y), rest, differ)
  return v128.bitselect(v128.and(y, sign), fitting, v128.eq<T>(rest, zero))
}
