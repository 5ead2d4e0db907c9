// Generated from the rows of ../src/ops by scripts/build-kernels.js.

import * as code from '../src/engine/opcodes.generated'
import {
  mapBinary, mapUnary,
  Abs,
  Acos,
  Asin,
  Atan,
  Binade,
  Ceil,
  Clip,
  Cos,
  Cosh,
  Elu,
  Erf,
  Exp,
  Expm1,
  Finite,
  Floor,
  Gelu,
  GeluTanh,
  IsFinite,
  IsNaN,
  LeakyRelu,
  Log,
  Log10,
  Log1p,
  Log2,
  Neg,
  Reciprocal,
  Relu,
  Round,
  Sigmoid,
  Sign,
  Silu,
  Sin,
  Sinh,
  Softplus,
  Sqrt,
  Square,
  Tan,
  Tanh,
  Trunc,
  Add,
  Atan2,
  Div,
  Equal,
  Greater,
  GreaterEqual,
  Less,
  LessEqual,
  LogAddExp,
  Maximum,
  Minimum,
  Mod,
  Mul,
  NotEqual,
  Pow,
  Sub,
  Weigh,
} from './elementwise'

function unary<T>(out: usize, a: usize, op: i32, count: i32, p: T, q: T): void {
  switch (op) {
    case code.ABS: return mapUnary<T, Abs<T>>(out, a, count, p, q)
    case code.ACOS: return mapUnary<T, Acos<T>>(out, a, count, p, q)
    case code.ASIN: return mapUnary<T, Asin<T>>(out, a, count, p, q)
    case code.ATAN: return mapUnary<T, Atan<T>>(out, a, count, p, q)
    case code.BINADE: return mapUnary<T, Binade<T>>(out, a, count, p, q)
    case code.CEIL: return mapUnary<T, Ceil<T>>(out, a, count, p, q)
    case code.CLIP: return mapUnary<T, Clip<T>>(out, a, count, p, q)
    case code.COS: return mapUnary<T, Cos<T>>(out, a, count, p, q)
    case code.COSH: return mapUnary<T, Cosh<T>>(out, a, count, p, q)
    case code.ELU: return mapUnary<T, Elu<T>>(out, a, count, p, q)
    case code.ERF: return mapUnary<T, Erf<T>>(out, a, count, p, q)
    case code.EXP: return mapUnary<T, Exp<T>>(out, a, count, p, q)
    case code.EXPM1: return mapUnary<T, Expm1<T>>(out, a, count, p, q)
    case code.FINITE: return mapUnary<T, Finite<T>>(out, a, count, p, q)
    case code.FLOOR: return mapUnary<T, Floor<T>>(out, a, count, p, q)
    case code.GELU: return mapUnary<T, Gelu<T>>(out, a, count, p, q)
    case code.GELU_TANH: return mapUnary<T, GeluTanh<T>>(out, a, count, p, q)
    case code.IS_FINITE: return mapUnary<T, IsFinite<T>>(out, a, count, p, q)
    case code.IS_NA_N: return mapUnary<T, IsNaN<T>>(out, a, count, p, q)
    case code.LEAKY_RELU: return mapUnary<T, LeakyRelu<T>>(out, a, count, p, q)
    case code.LOG: return mapUnary<T, Log<T>>(out, a, count, p, q)
    case code.LOG10: return mapUnary<T, Log10<T>>(out, a, count, p, q)
    case code.LOG1P: return mapUnary<T, Log1p<T>>(out, a, count, p, q)
    case code.LOG2: return mapUnary<T, Log2<T>>(out, a, count, p, q)
    case code.NEG: return mapUnary<T, Neg<T>>(out, a, count, p, q)
    case code.RECIPROCAL: return mapUnary<T, Reciprocal<T>>(out, a, count, p, q)
    case code.RELU: return mapUnary<T, Relu<T>>(out, a, count, p, q)
    case code.ROUND: return mapUnary<T, Round<T>>(out, a, count, p, q)
    case code.SIGMOID: return mapUnary<T, Sigmoid<T>>(out, a, count, p, q)
    case code.SIGN: return mapUnary<T, Sign<T>>(out, a, count, p, q)
    case code.SILU: return mapUnary<T, Silu<T>>(out, a, count, p, q)
    case code.SIN: return mapUnary<T, Sin<T>>(out, a, count, p, q)
    case code.SINH: return mapUnary<T, Sinh<T>>(out, a, count, p, q)
    case code.SOFTPLUS: return mapUnary<T, Softplus<T>>(out, a, count, p, q)
    case code.SQRT: return mapUnary<T, Sqrt<T>>(out, a, count, p, q)
    case code.SQUARE: return mapUnary<T, Square<T>>(out, a, count, p, q)
    case code.TAN: return mapUnary<T, Tan<T>>(out, a, count, p, q)
    case code.TANH: return mapUnary<T, Tanh<T>>(out, a, count, p, q)
    case code.TRUNC: return mapUnary<T, Trunc<T>>(out, a, count, p, q)
    default: unreachable()
  }
}

export function unary_f32(out: usize, a: usize, op: i32, count: i32, p: f32, q: f32): void {
  unary<f32>(out, a, op, count, p, q)
}

export function unary_f64(out: usize, a: usize, op: i32, count: i32, p: f64, q: f64): void {
  unary<f64>(out, a, op, count, p, q)
}

function binary<T>(out: usize, a: usize, b: usize, op: i32, rows: i32, cols: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  switch (op) {
    case code.ADD: return mapBinary<T, Add<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.ATAN2: return mapBinary<T, Atan2<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.DIV: return mapBinary<T, Div<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.EQUAL: return mapBinary<T, Equal<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.GREATER: return mapBinary<T, Greater<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.GREATER_EQUAL: return mapBinary<T, GreaterEqual<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.LESS: return mapBinary<T, Less<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.LESS_EQUAL: return mapBinary<T, LessEqual<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.LOG_ADD_EXP: return mapBinary<T, LogAddExp<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.MAXIMUM: return mapBinary<T, Maximum<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.MINIMUM: return mapBinary<T, Minimum<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.MOD: return mapBinary<T, Mod<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.MUL: return mapBinary<T, Mul<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.NOT_EQUAL: return mapBinary<T, NotEqual<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.POW: return mapBinary<T, Pow<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.SUB: return mapBinary<T, Sub<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.WEIGH: return mapBinary<T, Weigh<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    default: unreachable()
  }
}

export function binary_f32(out: usize, a: usize, b: usize, op: i32, rows: i32, cols: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  binary<f32>(out, a, b, op, rows, cols, aRow, aCol, bRow, bCol)
}

export function binary_f64(out: usize, a: usize, b: usize, op: i32, rows: i32, cols: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  binary<f64>(out, a, b, op, rows, cols, aRow, aCol, bRow, bCol)
}
