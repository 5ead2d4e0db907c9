// Generated from the rows of ../ops by scripts/build-kernels.js: the numbers by which kernels know operations.
// Both sides import this file: it is TypeScript and AssemblyScript at once.

// unary(code, out, a, count, p, q)
export const ABS = 0
export const BINADE = 1
export const CLIP = 2
export const COS = 3
export const ELU = 4
export const ERF = 5
export const EXP = 6
export const EXPM1 = 7
export const FINITE = 8
export const FLOOR = 9
export const GELU = 10
export const LEAKY_RELU = 11
export const LOG = 12
export const LOG1P = 13
export const NEG = 14
export const RECIPROCAL = 15
export const RELU = 16
export const ROUND = 17
export const SIGMOID = 18
export const SIGN = 19
export const SILU = 20
export const SIN = 21
export const SOFTPLUS = 22
export const SQRT = 23
export const SQUARE = 24
export const TANH = 25

// binary(code, out, a, b, …)
export const ADD = 0
export const DIV = 1
export const EQUAL = 2
export const GREATER = 3
export const GREATER_EQUAL = 4
export const LESS = 5
export const LESS_EQUAL = 6
export const MAXIMUM = 7
export const MINIMUM = 8
export const MUL = 9
export const NOT_EQUAL = 10
export const POW = 11
export const SUB = 12
export const WEIGH = 13

// reduce(code, out, a, …) and scan(code, out, a, …)
export const ARGMAX = 0
export const ARGMIN = 1
export const CUMSUM = 2
export const LOG_SOFTMAX = 3
export const LOG_SUM_EXP = 4
export const MAX = 5
export const MEAN = 6
export const MIN = 7
export const PROD = 8
export const SOFTMAX = 9
export const SUM = 10
