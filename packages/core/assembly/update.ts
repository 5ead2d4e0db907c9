// The optimisers' steps: each reads a gradient and writes parameters and the optimiser's state in place.

/**
 * Stochastic gradient descent with momentum (PyTorch's rule, in its order of operations):
 * d = g + weightDecay·p; v = momentum·v + (1 − dampening)·d, or d itself in the first step;
 * p −= lr·(d + momentum·v) with Nesterov's momentum, lr·v without, lr·d where there is no momentum.
 */
function sgd<T>(
  parameter: usize, velocity: usize, gradient: usize, count: i32,
  lr: T, momentum: T, dampening: T, weightDecay: T, nesterov: i32, first: i32
): void {
  for (let i = 0; i < count; i++) {
    const offset = <usize>i * sizeof<T>()
    const p = load<T>(parameter + offset)
    let d = load<T>(gradient + offset)
    if (weightDecay != 0) d += weightDecay * p
    if (momentum != 0) {
      const v = first ? d : momentum * load<T>(velocity + offset) + (<T>1 - dampening) * d
      store<T>(velocity + offset, v)
      d = nesterov ? d + momentum * v : v
    }
    store<T>(parameter + offset, p - lr * d)
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
