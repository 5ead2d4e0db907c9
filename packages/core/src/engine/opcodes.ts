// The numbers by which the kernels in assembly/ and their callers in src/ know each operation.
// Both sides import this file: it is TypeScript and AssemblyScript at once.

// unary(code, out, a, count, p, q)
export const NEG = 0
export const ABS = 1
export const SIGN = 2
export const EXP = 3
export const LOG = 4
export const LOG1P = 5
export const EXPM1 = 6
export const SQRT = 7
export const SQUARE = 8
export const RECIPROCAL = 9
export const SIN = 10
export const COS = 11
export const TANH = 12
export const SIGMOID = 13
export const RELU = 14
export const LEAKY_RELU = 15
export const ELU = 16
export const GELU = 17
export const SILU = 18
export const SOFTPLUS = 19
export const ERF = 20
export const FLOOR = 21
export const ROUND = 22
export const CLIP = 23

// binary(code, out, a, b, …)
export const ADD = 0
export const SUB = 1
export const MUL = 2
export const DIV = 3
export const POW = 4
export const MAXIMUM = 5
export const MINIMUM = 6
export const LESS = 7
export const LESS_EQUAL = 8
export const GREATER = 9
export const GREATER_EQUAL = 10
export const EQUAL = 11
export const NOT_EQUAL = 12

// reduce(code, out, a, …): one number a line
export const SUM = 0
export const MEAN = 1
export const PROD = 2
export const MAX = 3
export const MIN = 4
export const ARGMAX = 5
export const ARGMIN = 6
export const LOG_SUM_EXP = 7

// scan(code, out, a, …): as many numbers as the line has
export const CUMSUM = 0
export const SOFTMAX = 1
export const LOG_SOFTMAX = 2
