import { bytes, lanes, storeUpTo } from './vector'

/** out = a + b, or a − b where `minus`, for rows x cols blocks with a step from row to row each. */
function combine<T>(
  out: usize, a: usize, b: usize, rows: i32, cols: i32, outRow: i32, aRow: i32, bRow: i32, minus: i32
): void {
  for (let i = 0; i < rows; i++, out += bytes<T>(outRow), a += bytes<T>(aRow), b += bytes<T>(bRow))
    for (let j = 0; j < cols; j += lanes<T>()) {
      const at = bytes<T>(j)
      const x = v128.load(a + at), y = v128.load(b + at)
      storeUpTo<T>(out + at, minus ? v128.sub<T>(x, y) : v128.add<T>(x, y), cols - j)
    }
}

export function combine_f32(
  out: usize, a: usize, b: usize, rows: i32, cols: i32, outRow: i32, aRow: i32, bRow: i32, minus: i32
): void {
  combine<f32>(out, a, b, rows, cols, outRow, aRow, bRow, minus)
}

export function combine_f64(
  out: usize, a: usize, b: usize, rows: i32, cols: i32, outRow: i32, aRow: i32, bRow: i32, minus: i32
): void {
  combine<f64>(out, a, b, rows, cols, outRow, aRow, bRow, minus)
}
