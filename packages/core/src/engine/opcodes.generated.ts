// Generated from the rows of ../ops by scripts/build-kernels.js: the numbers by which kernels know operations.
// Both sides import this file: it is TypeScript and AssemblyScript at once.

// unary(code, out, a, count, p, q)
export const ABS = 0
export const ACOS = 1
export const ASIN = 2
export const ATAN = 3
export const BINADE = 4
export const CEIL = 5
export const CLIP = 6
export const COS = 7
export const COSH = 8
export const ELU = 9
export const ERF = 10
export const EXP = 11
export const EXPM1 = 12
export const FINITE = 13
export const FLOOR = 14
export const GELU = 15
export const GELU_TANH = 16
export const IS_FINITE = 17
export const IS_NA_N = 18
export const LEAKY_RELU = 19
export const LOG = 20
export const LOG10 = 21
export const LOG1P = 22
export const LOG2 = 23
export const NEG = 24
export const RECIPROCAL = 25
export const RELU = 26
export const ROUND = 27
export const SIGMOID = 28
export const SIGN = 29
export const SILU = 30
export const SIN = 31
export const SINH = 32
export const SOFTPLUS = 33
export const SQRT = 34
export const SQUARE = 35
export const TAN = 36
export const TANH = 37
export const TRUNC = 38

// binary(code, out, a, b, …)
export const ADD = 0
export const ATAN2 = 1
export const DIV = 2
export const EQUAL = 3
export const GREATER = 4
export const GREATER_EQUAL = 5
export const LESS = 6
export const LESS_EQUAL = 7
export const LOG_ADD_EXP = 8
export const MAXIMUM = 9
export const MINIMUM = 10
export const MOD = 11
export const MUL = 12
export const NOT_EQUAL = 13
export const POW = 14
export const SUB = 15
export const WEIGH = 16

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
