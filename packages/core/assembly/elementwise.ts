import * as code from '../src/engine/opcodes'
import { elu, sigmoid, silu, softplus, tanh } from './activation'
import { exp, expm1 } from './exponential'
import { log, log1p } from './logarithm'
import { pow } from './power'
import { erf, gelu } from './erf'
import { cos, sin } from './trigonometric'
import { bytes, lanes, storeLanes } from './vector'

// An operation is a class without fields: given to a loop as a type argument its method is inlined there, so that each
// operation gets a loop of its own. p and q are the operation's own numbers, such as the slope of leakyRelu, in all lanes.
// Loops read whole vectors, past the end of a row if need be. `unary` writes them, too: its result has room for the last.

/** 1 in the lanes of a comparison that hold, else 0. */
@inline function one<T>(mask: v128): v128 {
  return v128.and(mask, v128.splat<T>(1))
}

@unmanaged class Exp<T> { @inline of(x: v128, p: v128, q: v128): v128 { return exp<T>(x) } }
@unmanaged class Log<T> { @inline of(x: v128, p: v128, q: v128): v128 { return log<T>(x) } }
@unmanaged class Log1p<T> { @inline of(x: v128, p: v128, q: v128): v128 { return log1p<T>(x) } }
@unmanaged class Expm1<T> { @inline of(x: v128, p: v128, q: v128): v128 { return expm1<T>(x) } }
@unmanaged class Sin<T> { @inline of(x: v128, p: v128, q: v128): v128 { return sin<T>(x) } }
@unmanaged class Cos<T> { @inline of(x: v128, p: v128, q: v128): v128 { return cos<T>(x) } }
@unmanaged class Tanh<T> { @inline of(x: v128, p: v128, q: v128): v128 { return tanh<T>(x) } }
@unmanaged class Sigmoid<T> { @inline of(x: v128, p: v128, q: v128): v128 { return sigmoid<T>(x) } }
@unmanaged class Silu<T> { @inline of(x: v128, p: v128, q: v128): v128 { return silu<T>(x) } }
@unmanaged class Elu<T> { @inline of(x: v128, p: v128, q: v128): v128 { return elu<T>(x, p) } }
@unmanaged class Gelu<T> { @inline of(x: v128, p: v128, q: v128): v128 { return gelu<T>(x) } }
@unmanaged class Erf<T> { @inline of(x: v128, p: v128, q: v128): v128 { return erf<T>(x) } }
@unmanaged class Softplus<T> { @inline of(x: v128, p: v128, q: v128): v128 { return softplus<T>(x) } }
@unmanaged class Neg<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.neg<T>(x) } }
@unmanaged class Abs<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.abs<T>(x) } }
/** x − x is 0 for −0, too, and NaN for NaN. */
@unmanaged class Sign<T> {
  @inline of(x: v128, p: v128, q: v128): v128 {
    const zero = v128.splat<T>(0)
    const negative = v128.bitselect(v128.splat<T>(-1), v128.sub<T>(x, x), v128.lt<T>(x, zero))
    return v128.bitselect(v128.splat<T>(1), negative, v128.gt<T>(x, zero))
  }
}
@unmanaged class Sqrt<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.sqrt<T>(x) } }
@unmanaged class Square<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.mul<T>(x, x) } }
@unmanaged class Reciprocal<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.div<T>(v128.splat<T>(1), x) } }
@unmanaged class Relu<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.pmax<T>(x, v128.splat<T>(0)) } }
@unmanaged class LeakyRelu<T> {
  @inline of(x: v128, p: v128, q: v128): v128 {
    return v128.bitselect(x, v128.mul<T>(x, p), v128.gt<T>(x, v128.splat<T>(0)))
  }
}
@unmanaged class Floor<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.floor<T>(x) } }
@unmanaged class Round<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.nearest<T>(x) } }
@unmanaged class Clip<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.min<T>(v128.max<T>(x, p), q) } }

@unmanaged class Add<T> { @inline of(x: v128, y: v128): v128 { return v128.add<T>(x, y) } }
@unmanaged class Sub<T> { @inline of(x: v128, y: v128): v128 { return v128.sub<T>(x, y) } }
@unmanaged class Mul<T> { @inline of(x: v128, y: v128): v128 { return v128.mul<T>(x, y) } }
@unmanaged class Div<T> { @inline of(x: v128, y: v128): v128 { return v128.div<T>(x, y) } }
@unmanaged class Pow<T> { @inline of(x: v128, y: v128): v128 { return pow<T>(x, y) } }
@unmanaged class Maximum<T> { @inline of(x: v128, y: v128): v128 { return v128.max<T>(x, y) } }
@unmanaged class Minimum<T> { @inline of(x: v128, y: v128): v128 { return v128.min<T>(x, y) } }
@unmanaged class Less<T> { @inline of(x: v128, y: v128): v128 { return one<T>(v128.lt<T>(x, y)) } }
@unmanaged class LessEqual<T> { @inline of(x: v128, y: v128): v128 { return one<T>(v128.le<T>(x, y)) } }
@unmanaged class Greater<T> { @inline of(x: v128, y: v128): v128 { return one<T>(v128.gt<T>(x, y)) } }
@unmanaged class GreaterEqual<T> { @inline of(x: v128, y: v128): v128 { return one<T>(v128.ge<T>(x, y)) } }
@unmanaged class Equal<T> { @inline of(x: v128, y: v128): v128 { return one<T>(v128.eq<T>(x, y)) } }
@unmanaged class NotEqual<T> { @inline of(x: v128, y: v128): v128 { return one<T>(v128.ne<T>(x, y)) } }

function mapUnary<T, F>(out: usize, a: usize, count: i32, p: T, q: T): void {
  const f = changetype<F>(0)
  const ps = v128.splat<T>(p), qs = v128.splat<T>(q)
  for (const end = a + bytes<T>(count); a < end; a += 16, out += 16) v128.store(out, f.of(v128.load(a), ps, qs))
}

/** out[i] = f(a[i]) for i < count. */
function unary<T>(out: usize, a: usize, op: i32, count: i32, p: T, q: T): void {
  switch (op) {
    case code.EXP: return mapUnary<T, Exp<T>>(out, a, count, p, q)
    case code.LOG: return mapUnary<T, Log<T>>(out, a, count, p, q)
    case code.LOG1P: return mapUnary<T, Log1p<T>>(out, a, count, p, q)
    case code.EXPM1: return mapUnary<T, Expm1<T>>(out, a, count, p, q)
    case code.TANH: return mapUnary<T, Tanh<T>>(out, a, count, p, q)
    case code.SIGMOID: return mapUnary<T, Sigmoid<T>>(out, a, count, p, q)
    case code.SOFTPLUS: return mapUnary<T, Softplus<T>>(out, a, count, p, q)
    case code.NEG: return mapUnary<T, Neg<T>>(out, a, count, p, q)
    case code.ABS: return mapUnary<T, Abs<T>>(out, a, count, p, q)
    case code.SIGN: return mapUnary<T, Sign<T>>(out, a, count, p, q)
    case code.SQRT: return mapUnary<T, Sqrt<T>>(out, a, count, p, q)
    case code.SQUARE: return mapUnary<T, Square<T>>(out, a, count, p, q)
    case code.RECIPROCAL: return mapUnary<T, Reciprocal<T>>(out, a, count, p, q)
    case code.RELU: return mapUnary<T, Relu<T>>(out, a, count, p, q)
    case code.LEAKY_RELU: return mapUnary<T, LeakyRelu<T>>(out, a, count, p, q)
    case code.FLOOR: return mapUnary<T, Floor<T>>(out, a, count, p, q)
    case code.ROUND: return mapUnary<T, Round<T>>(out, a, count, p, q)
    case code.CLIP: return mapUnary<T, Clip<T>>(out, a, count, p, q)
    case code.SIN: return mapUnary<T, Sin<T>>(out, a, count, p, q)
    case code.COS: return mapUnary<T, Cos<T>>(out, a, count, p, q)
    case code.ELU: return mapUnary<T, Elu<T>>(out, a, count, p, q)
    case code.GELU: return mapUnary<T, Gelu<T>>(out, a, count, p, q)
    case code.SILU: return mapUnary<T, Silu<T>>(out, a, count, p, q)
    case code.ERF: return mapUnary<T, Erf<T>>(out, a, count, p, q)
  }
}

/** Rows in which either operand may be one element for all columns. */
function mapBinary<T, F>(
  out: usize, a: usize, b: usize, rows: i32, cols: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32
): void {
  const f = changetype<F>(0)
  const whole = bytes<T>(cols & -lanes<T>())
  const rest = cols & (lanes<T>() - 1)
  for (let i = 0; i < rows; i++, out += bytes<T>(cols), a += bytes<T>(aRow), b += bytes<T>(bRow)) {
    if (aCol && bCol) {
      for (let at: usize = 0; at < whole; at += 16) v128.store(out + at, f.of(v128.load(a + at), v128.load(b + at)))
      storeLanes<T>(out + whole, f.of(v128.load(a + whole), v128.load(b + whole)), rest)
    } else if (aCol) {
      const y = v128.load_splat<T>(b)
      for (let at: usize = 0; at < whole; at += 16) v128.store(out + at, f.of(v128.load(a + at), y))
      storeLanes<T>(out + whole, f.of(v128.load(a + whole), y), rest)
    } else {
      const x = v128.load_splat<T>(a)
      for (let at: usize = 0; at < whole; at += 16)
        v128.store(out + at, f.of(x, bCol ? v128.load(b + at) : v128.load_splat<T>(b)))
      storeLanes<T>(out + whole, f.of(x, bCol ? v128.load(b + whole) : v128.load_splat<T>(b)), rest)
    }
  }
}

/**
 * out[i, j] = f(a[i, j], b[i, j]). A step of 0 repeats an operand along that direction; the steps between columns are 0
 * or 1.
 */
function binary<T>(
  out: usize, a: usize, b: usize, op: i32, rows: i32, cols: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32
): void {
  switch (op) {
    case code.ADD: return mapBinary<T, Add<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.SUB: return mapBinary<T, Sub<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.MUL: return mapBinary<T, Mul<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.DIV: return mapBinary<T, Div<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.MAXIMUM: return mapBinary<T, Maximum<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.MINIMUM: return mapBinary<T, Minimum<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.LESS: return mapBinary<T, Less<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.LESS_EQUAL: return mapBinary<T, LessEqual<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.GREATER: return mapBinary<T, Greater<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.GREATER_EQUAL: return mapBinary<T, GreaterEqual<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.EQUAL: return mapBinary<T, Equal<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.NOT_EQUAL: return mapBinary<T, NotEqual<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.POW: return mapBinary<T, Pow<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
  }
}

export function unary_f32(out: usize, a: usize, op: i32, count: i32, p: f32, q: f32): void {
  unary<f32>(out, a, op, count, p, q)
}

export function binary_f32(
  out: usize, a: usize, b: usize, op: i32, rows: i32, cols: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32
): void {
  binary<f32>(out, a, b, op, rows, cols, aRow, aCol, bRow, bCol)
}

export function unary_f64(out: usize, a: usize, op: i32, count: i32, p: f64, q: f64): void {
  unary<f64>(out, a, op, count, p, q)
}

export function binary_f64(
  out: usize, a: usize, b: usize, op: i32, rows: i32, cols: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32
): void {
  binary<f64>(out, a, b, op, rows, cols, aRow, aCol, bRow, bCol)
}
