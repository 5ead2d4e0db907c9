// Adam's step, which reads a gradient and writes parameters and the optimiser's state in place. Its settings are float64 in
// memory, so that a call which is made again finds the present ones. Whole vectors are stored: operands have room for the
// last. The loop tests at its end: only then does V8 compute what it does not change before it.

import { bytes } from './vector'

/** g + weightDecay·p: the gradient with that of weightDecay/2·‖p‖². */
@inline function decayed<T>(gradient: v128, parameter: v128, weightDecay: T): v128 {
  if (weightDecay == 0) return gradient
  return v128.add<T>(gradient, v128.mul<T>(v128.splat<T>(weightDecay), parameter))
}

/** xⁿ of two x for a whole n ≥ 0 by repeated squaring, with a relative error of at most n·2⁻⁵³. */
function wholePowers(x: v128, n: f64): v128 {
  const one = f64x2.splat(1)
  let power = one
  // Its bits are another pattern in each step: a branch on them would be guessed wrong.
  for (let left = <i64>n; left > 0; left >>= 1, x = f64x2.mul(x, x))
    power = f64x2.mul(power, v128.bitselect(x, one, i64x2.splat(-(left & 1))))
  return power
}

/**
 * Adam (Kingma & Ba 2015) by PyTorch's rule, t being the number of
 * this step and m and v the first and second moments: m = β₁·m + (1 − β₁)·d; v = β₂·v + (1 − β₂)·d²;
 * p −= lr/(1 − β₁ᵗ)·m / (√v·1/√(1 − β₂ᵗ) + eps), in this order of operations: PyTorch divides √v, which takes longer.
 * Decay is d = g + weightDecay·p, or decoupled (Loshchilov & Hutter 2019): d = g, and p is multiplied by
 * 1 − lr·weightDecay before.
 */
function adam<T>(
  parameter: usize, first: usize, second: usize, step: usize, gradient: usize,
  lr: usize, beta1: usize, beta2: usize, eps: usize, weightDecay: usize, decoupled: usize, count: i32, counts: i32
): void {
  const decay = load<f64>(weightDecay)
  const shrinks = load<f64>(decoupled) != 0
  const t = load<f64>(step) + 1
  if (counts) store<f64>(step, t)
  const betas = f64x2.replace_lane(f64x2.splat(load<f64>(beta1)), 1, load<f64>(beta2))
  const powers = wholePowers(betas, t)
  const rate = v128.splat<T>(<T>(load<f64>(lr) / (1 - f64x2.extract_lane(powers, 0))))
  const scale = v128.splat<T>(<T>(1 / Math.sqrt(1 - f64x2.extract_lane(powers, 1))))
  const least = v128.splat<T>(<T>load<f64>(eps))
  const kept1 = v128.splat<T>(<T>load<f64>(beta1)), taken1 = v128.splat<T>(<T>(1 - load<f64>(beta1)))
  const kept2 = v128.splat<T>(<T>load<f64>(beta2)), taken2 = v128.splat<T>(<T>(1 - load<f64>(beta2)))
  const added = shrinks ? <T>0 : <T>decay
  const shrink = v128.splat<T>(shrinks ? <T>(1 - load<f64>(lr) * decay) : <T>1)
  const size = bytes<T>(count)
  let at: usize = 0
  if (size) do {
    const p = v128.mul<T>(v128.load(parameter + at), shrink)
    const d = decayed<T>(v128.load(gradient + at), p, added)
    const m = v128.add<T>(v128.mul<T>(kept1, v128.load(first + at)), v128.mul<T>(taken1, d))
    const v = v128.add<T>(
      v128.mul<T>(kept2, v128.load(second + at)), v128.mul<T>(v128.mul<T>(taken2, d), d)
    )
    v128.store(first + at, m)
    v128.store(second + at, v)
    const denominator = v128.add<T>(v128.mul<T>(v128.sqrt<T>(v), scale), least)
    v128.store(parameter + at, v128.sub<T>(p, v128.div<T>(v128.mul<T>(rate, m), denominator)))
    at += 16
  } while (at < size)
}

export function adam_f32(
  parameter: usize, first: usize, second: usize, step: usize, gradient: usize,
  lr: usize, beta1: usize, beta2: usize, eps: usize, weightDecay: usize, decoupled: usize, count: i32, counts: i32
): void {
  adam<f32>(
    parameter, first, second, step, gradient, lr, beta1, beta2, eps, weightDecay, decoupled, count, counts
  )
}

export function adam_f64(
  parameter: usize, first: usize, second: usize, step: usize, gradient: usize,
  lr: usize, beta1: usize, beta2: usize, eps: usize, weightDecay: usize, decoupled: usize, count: i32, counts: i32
): void {
  adam<f64>(
    parameter, first, second, step, gradient, lr, beta1, beta2, eps, weightDecay, decoupled, count, counts
  )
}

/** step += 1 */
export function count_f64(step: usize): void {
  store<f64>(step, load<f64>(step) + 1)
}
