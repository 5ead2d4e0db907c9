import { at } from './lines'

/**
 * out[0] = b[0] and out[i] = b[i] + a[i]·out[i − 1] along each line (a[0] is not read). Each is computed in float64 from the one
 * before as it was before it was rounded.
 */
function recurrence<T>(out: usize, a: usize, b: usize, lines: i32, lineStep: i32, count: i32, step: i32): void {
  for (let l = 0; l < lines; l++) {
    const start = at<T>(0, l, lineStep)
    let value = <f64>load<T>(b + start)
    store<T>(out + start, <T>value)
    for (let i = 1; i < count; i++) {
      const place = start + at<T>(0, i, step)
      value = <f64>load<T>(b + place) + <f64>load<T>(a + place) * value
      store<T>(out + place, <T>value)
    }
  }
}

export function recurrence_f32(
  out: usize, a: usize, b: usize, lines: i32, lineStep: i32, count: i32, step: i32
): void {
  recurrence<f32>(out, a, b, lines, lineStep, count, step)
}

export function recurrence_f64(
  out: usize, a: usize, b: usize, lines: i32, lineStep: i32, count: i32, step: i32
): void {
  recurrence<f64>(out, a, b, lines, lineStep, count, step)
}
