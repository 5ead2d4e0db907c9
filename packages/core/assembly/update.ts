// The optimisers' steps: each reads a gradient and writes parameters and the optimiser's state in place.

import { bytes, lanes, storeUpTo } from './vector'

/**
 * Stochastic gradient descent with momentum (PyTorch's rule, in its order of operations):
 * d = g + weightDecay·p; v = momentum·v + (1 − dampening)·d, or d itself in the first step;
 * p −= lr·(d + momentum·v) with Nesterov's momentum, lr·v without, lr·d where there is no momentum.
 */
function sgd<T>(
  parameter: usize, velocity: usize, gradient: usize, count: i32,
  lr: T, momentum: T, dampening: T, weightDecay: T, nesterov: i32, first: i32
): void {
  const rate = v128.splat<T>(lr)
  const kept = v128.splat<T>(momentum)
  const taken = v128.splat<T>(<T>1 - dampening)
  const decay = v128.splat<T>(weightDecay)
  for (let i = 0; i < count; i += lanes<T>()) {
    const at = bytes<T>(i)
    const left = count - i
    const p = v128.load(parameter + at)
    let d = v128.load(gradient + at)
    if (weightDecay != 0) d = v128.add<T>(d, v128.mul<T>(decay, p))
    if (momentum != 0) {
      const old = v128.load(velocity + at)
      const v = first ? d : v128.add<T>(v128.mul<T>(kept, old), v128.mul<T>(taken, d))
      storeUpTo<T>(velocity + at, v, left)
      d = nesterov ? v128.add<T>(d, v128.mul<T>(kept, v)) : v
    }
    storeUpTo<T>(parameter + at, v128.sub<T>(p, v128.mul<T>(rate, d)), left)
  }
}

export function sgd_f32(
  parameter: usize, velocity: usize, gradient: usize, count: i32,
  lr: f32, momentum: f32, dampening: f32, weightDecay: f32, nesterov: i32, first: i32
): void {
  sgd<f32>(parameter, velocity, gradient, count, lr, momentum, dampening, weightDecay, nesterov, first)
}

export function sgd_f64(
  parameter: usize, velocity: usize, gradient: usize, count: i32,
  lr: f64, momentum: f64, dampening: f64, weightDecay: f64, nesterov: i32, first: i32
): void {
  sgd<f64>(parameter, velocity, gradient, count, lr, momentum, dampening, weightDecay, nesterov, first)
}
