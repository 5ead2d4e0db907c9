// Generated from the rows of ../ops by scripts/build-kernels.js: the numbers by which kernels know operations.
// Both sides import this file: it is TypeScript and AssemblyScript at once.

// unary(code, out, a, count, p, q)
export const ABS = 0
export const BINADE = 1
export const CEIL = 2
export const CLIP = 3
export const COS = 4
export const ELU = 5
export const ERF = 6
export const EXP = 7
export const EXPM1 = 8
export const FINITE = 9
export const FLOOR = 10
export const GELU = 11
export const GELU_TANH = 12
export const IS_FINITE = 13
export const IS_NA_N = 14
export const LEAKY_RELU = 15
export const LOG = 16
export const LOG10 = 17
export const LOG1P = 18
export const LOG2 = 19
export const NEG = 20
export const RECIPROCAL = 21
export const RELU = 22
export const ROUND = 23
export const SIGMOID = 24
export const SIGN = 25
export const SILU = 26
export const SIN = 27
export const SOFTPLUS = 28
export const SQRT = 29
export const SQUARE = 30
export const TAN = 31
export const TANH = 32
export const TRUNC = 33

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
export const MOD = 9
export const MUL = 10
export const NOT_EQUAL = 11
export const POW = 12
export const SUB = 13
export const WEIGH = 14

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
