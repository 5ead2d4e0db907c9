// The optimisers' steps: each reads a gradient and writes parameters and the optimiser's state in place. The numbers of a
// step are float64 in memory, so that a call which is made again finds the present ones. Whole vectors are stored: operands
// have room for the last. Loops test at their end: only then does V8 compute what they do not change before them.

import { bytes } from './vector'

@inline function numberAt(numbers: usize, i: i32): f64 {
  return load<f64>(numbers + bytes<f64>(i))
}

/** g + weightDecay·p: the gradient with that of weightDecay/2·‖p‖². */
@inline function decayed<T>(gradient: v128, parameter: v128, weightDecay: T): v128 {
  if (weightDecay == 0) return gradient
  return v128.add<T>(gradient, v128.mul<T>(v128.splat<T>(weightDecay), parameter))
}

/** p −= lr·(g + weightDecay·p), with numbers = (lr, momentum, dampening, weightDecay, nesterov). */
function sgd<T>(parameter: usize, gradient: usize, numbers: usize, count: i32): void {
  const rate = v128.splat<T>(<T>numberAt(numbers, 0))
  const weightDecay = <T>numberAt(numbers, 3)
  const size = bytes<T>(count)
  let at: usize = 0
  if (size) do {
    const p = v128.load(parameter + at)
    const d = decayed<T>(v128.load(gradient + at), p, weightDecay)
    v128.store(parameter + at, v128.sub<T>(p, v128.mul<T>(rate, d)))
    at += 16
  } while (at < size)
}

/**
 * The same with momentum (PyTorch's rule, in its order of operations): d = g + weightDecay·p;
 * v = momentum·v + (1 − dampening)·d, or d itself in the first step; p −= lr·v, or lr·(d + momentum·v) with Nesterov's.
 * The step is counted if `counts`.
 */
function momentum<T>(
  parameter: usize, velocity: usize, step: usize, gradient: usize, numbers: usize, count: i32, counts: i32
): void {
  const rate = v128.splat<T>(<T>numberAt(numbers, 0))
  const kept = v128.splat<T>(<T>numberAt(numbers, 1))
  const taken = v128.splat<T>(<T>(1 - numberAt(numbers, 2)))
  const weightDecay = <T>numberAt(numbers, 3)
  const nesterov = numberAt(numbers, 4) != 0
  const first = load<f64>(step) == 0
  if (counts) store<f64>(step, load<f64>(step) + 1)
  const size = bytes<T>(count)
  if (!size) return
  let at: usize = 0
  // What most steps are is a loop without questions.
  if (!first && !nesterov && weightDecay == 0) {
    do {
      const v = v128.add<T>(
        v128.mul<T>(kept, v128.load(velocity + at)), v128.mul<T>(taken, v128.load(gradient + at))
      )
      v128.store(velocity + at, v)
      v128.store(parameter + at, v128.sub<T>(v128.load(parameter + at), v128.mul<T>(rate, v)))
      at += 16
    } while (at < size)
    return
  }
  do {
    const p = v128.load(parameter + at)
    const d = decayed<T>(v128.load(gradient + at), p, weightDecay)
    const old = v128.load(velocity + at)
    const v = first ? d : v128.add<T>(v128.mul<T>(kept, old), v128.mul<T>(taken, d))
    v128.store(velocity + at, v)
    const direction = nesterov ? v128.add<T>(d, v128.mul<T>(kept, v)) : v
    v128.store(parameter + at, v128.sub<T>(p, v128.mul<T>(rate, direction)))
    at += 16
  } while (at < size)
}

/** xⁿ of two x for a whole n ≥ 0 by repeated squaring, with a relative error of at most n·2⁻⁵³. */
function wholePowers(x: v128, n: f64): v128 {
  let power = f64x2.splat(1)
  for (let left = <i64>n; left > 0; left >>= 1, x = f64x2.mul(x, x)) if (left & 1) power = f64x2.mul(power, x)
  return power
}

/**
 * Adam (Kingma & Ba 2015) by PyTorch's rule, with numbers = (lr, β₁, β₂, eps, weightDecay, decoupled), t the number of
 * this step and m and v the first and second moments: m = β₁·m + (1 − β₁)·d; v = β₂·v + (1 − β₂)·d²;
 * p −= lr/(1 − β₁ᵗ)·m / (√v·1/√(1 − β₂ᵗ) + eps), in this order of operations: PyTorch divides √v, which takes longer.
 * Decay is d = g + weightDecay·p, or decoupled (Loshchilov & Hutter 2019): d = g, and p is multiplied by
 * 1 − lr·weightDecay before.
 */
function adam<T>(
  parameter: usize, first: usize, second: usize, step: usize, gradient: usize, numbers: usize, count: i32, counts: i32
): void {
  const lr = numberAt(numbers, 0), beta1 = numberAt(numbers, 1), beta2 = numberAt(numbers, 2)
  const decay = numberAt(numbers, 4)
  const decoupled = numberAt(numbers, 5) != 0
  const t = load<f64>(step) + 1
  if (counts) store<f64>(step, t)
  const powers = wholePowers(v128.load(numbers + bytes<f64>(1)), t)
  const rate = v128.splat<T>(<T>(lr / (1 - f64x2.extract_lane(powers, 0))))
  const scale = v128.splat<T>(<T>(1 / Math.sqrt(1 - f64x2.extract_lane(powers, 1))))
  const eps = v128.splat<T>(<T>numberAt(numbers, 3))
  const kept1 = v128.splat<T>(<T>beta1), taken1 = v128.splat<T>(<T>(1 - beta1))
  const kept2 = v128.splat<T>(<T>beta2), taken2 = v128.splat<T>(<T>(1 - beta2))
  const weightDecay = decoupled ? <T>0 : <T>decay
  const shrink = v128.splat<T>(decoupled ? <T>(1 - lr * decay) : <T>1)
  const size = bytes<T>(count)
  let at: usize = 0
  if (size) do {
    const p = v128.mul<T>(v128.load(parameter + at), shrink)
    const d = decayed<T>(v128.load(gradient + at), p, weightDecay)
    const m = v128.add<T>(v128.mul<T>(kept1, v128.load(first + at)), v128.mul<T>(taken1, d))
    const v = v128.add<T>(
      v128.mul<T>(kept2, v128.load(second + at)), v128.mul<T>(v128.mul<T>(taken2, d), d)
    )
    v128.store(first + at, m)
    v128.store(second + at, v)
    const denominator = v128.add<T>(v128.mul<T>(v128.sqrt<T>(v), scale), eps)
    v128.store(parameter + at, v128.sub<T>(p, v128.div<T>(v128.mul<T>(rate, m), denominator)))
    at += 16
  } while (at < size)
}

export function sgd_f32(parameter: usize, gradient: usize, numbers: usize, count: i32): void {
  sgd<f32>(parameter, gradient, numbers, count)
}

export function sgd_f64(parameter: usize, gradient: usize, numbers: usize, count: i32): void {
  sgd<f64>(parameter, gradient, numbers, count)
}

export function momentum_f32(
  parameter: usize, velocity: usize, step: usize, gradient: usize, numbers: usize, count: i32, counts: i32
): void {
  momentum<f32>(parameter, velocity, step, gradient, numbers, count, counts)
}

export function momentum_f64(
  parameter: usize, velocity: usize, step: usize, gradient: usize, numbers: usize, count: i32, counts: i32
): void {
  momentum<f64>(parameter, velocity, step, gradient, numbers, count, counts)
}

export function adam_f32(
  parameter: usize, first: usize, second: usize, step: usize, gradient: usize, numbers: usize, count: i32, counts: i32
): void {
  adam<f32>(parameter, first, second, step, gradient, numbers, count, counts)
}

export function adam_f64(
  parameter: usize, first: usize, second: usize, step: usize, gradient: usize, numbers: usize, count: i32, counts: i32
): void {
  adam<f64>(parameter, first, second, step, gradient, numbers, count, counts)
}

/** step += 1 */
export function count_f64(step: usize): void {
  store<f64>(step, load<f64>(step) + 1)
}
