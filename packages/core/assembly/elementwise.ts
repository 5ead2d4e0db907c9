import * as code from '../src/opcodes'
import { erf, gelu, pow, sigmoid, silu, softplus } from './math'

// An operation is a class without fields: given to a loop as a type argument its method is inlined there, so that each
// operation gets a loop of its own. p and q are the operation's own numbers, such as the slope of leakyRelu.
// Transcendental functions are computed in float64 and rounded once.

@unmanaged class Neg<T> { @inline of(x: T, p: T, q: T): T { return -x } }
@unmanaged class Abs<T> { @inline of(x: T, p: T, q: T): T { return abs<T>(x) } }
@unmanaged class Sign<T> { @inline of(x: T, p: T, q: T): T { return x > 0 ? <T>1 : x < 0 ? <T>-1 : x - x } }
@unmanaged class Exp<T> { @inline of(x: T, p: T, q: T): T { return <T>(Math.exp(<f64>x)) } }
@unmanaged class Log<T> { @inline of(x: T, p: T, q: T): T { return <T>(Math.log(<f64>x)) } }
@unmanaged class Log1p<T> { @inline of(x: T, p: T, q: T): T { return <T>(Math.log1p(<f64>x)) } }
@unmanaged class Expm1<T> { @inline of(x: T, p: T, q: T): T { return <T>(Math.expm1(<f64>x)) } }
@unmanaged class Sqrt<T> { @inline of(x: T, p: T, q: T): T { return sqrt<T>(x) } }
@unmanaged class Square<T> { @inline of(x: T, p: T, q: T): T { return x * x } }
@unmanaged class Reciprocal<T> { @inline of(x: T, p: T, q: T): T { return <T>1 / x } }
@unmanaged class Sin<T> { @inline of(x: T, p: T, q: T): T { return <T>(Math.sin(<f64>x)) } }
@unmanaged class Cos<T> { @inline of(x: T, p: T, q: T): T { return <T>(Math.cos(<f64>x)) } }
@unmanaged class Tanh<T> { @inline of(x: T, p: T, q: T): T { return <T>(Math.tanh(<f64>x)) } }
@unmanaged class Sigmoid<T> { @inline of(x: T, p: T, q: T): T { return <T>(sigmoid(<f64>x)) } }
@unmanaged class Relu<T> { @inline of(x: T, p: T, q: T): T { return max<T>(x, 0) } }
@unmanaged class LeakyRelu<T> { @inline of(x: T, p: T, q: T): T { return x > 0 ? x : x * p } }
@unmanaged class Elu<T> { @inline of(x: T, p: T, q: T): T { return x > 0 ? x : <T>(<f64>p * Math.expm1(<f64>x)) } }
@unmanaged class Gelu<T> { @inline of(x: T, p: T, q: T): T { return <T>(gelu(<f64>x)) } }
@unmanaged class Silu<T> { @inline of(x: T, p: T, q: T): T { return <T>(silu(<f64>x)) } }
@unmanaged class Softplus<T> { @inline of(x: T, p: T, q: T): T { return <T>(softplus(<f64>x)) } }
@unmanaged class Erf<T> { @inline of(x: T, p: T, q: T): T { return <T>(erf(<f64>x)) } }
@unmanaged class Floor<T> { @inline of(x: T, p: T, q: T): T { return floor<T>(x) } }
@unmanaged class Round<T> { @inline of(x: T, p: T, q: T): T { return nearest<T>(x) } }
@unmanaged class Clip<T> { @inline of(x: T, p: T, q: T): T { return min<T>(max<T>(x, p), q) } }

@unmanaged class Add<T> { @inline of(x: T, y: T): T { return x + y } }
@unmanaged class Sub<T> { @inline of(x: T, y: T): T { return x - y } }
@unmanaged class Mul<T> { @inline of(x: T, y: T): T { return x * y } }
@unmanaged class Div<T> { @inline of(x: T, y: T): T { return x / y } }
@unmanaged class Pow<T> { @inline of(x: T, y: T): T { return <T>(pow(<f64>x, <f64>y)) } }
@unmanaged class Maximum<T> { @inline of(x: T, y: T): T { return max<T>(x, y) } }
@unmanaged class Minimum<T> { @inline of(x: T, y: T): T { return min<T>(x, y) } }
@unmanaged class Less<T> { @inline of(x: T, y: T): T { return <T>(x < y) } }
@unmanaged class LessEqual<T> { @inline of(x: T, y: T): T { return <T>(x <= y) } }
@unmanaged class Greater<T> { @inline of(x: T, y: T): T { return <T>(x > y) } }
@unmanaged class GreaterEqual<T> { @inline of(x: T, y: T): T { return <T>(x >= y) } }
@unmanaged class Equal<T> { @inline of(x: T, y: T): T { return <T>(x == y) } }
@unmanaged class NotEqual<T> { @inline of(x: T, y: T): T { return <T>(x != y) } }

function mapUnary<T, F>(out: usize, a: usize, count: i32, p: T, q: T): void {
  const f = changetype<F>(0)
  for (const end = a + <usize>count * sizeof<T>(); a < end; a += sizeof<T>(), out += sizeof<T>())
    store<T>(out, f.of(load<T>(a), p, q))
}

/** out[i] = f(a[i]) for i < count. */
function unary<T>(out: usize, a: usize, op: i32, count: i32, p: T, q: T): void {
  switch (op) {
    case code.NEG: return mapUnary<T, Neg<T>>(out, a, count, p, q)
    case code.ABS: return mapUnary<T, Abs<T>>(out, a, count, p, q)
    case code.SIGN: return mapUnary<T, Sign<T>>(out, a, count, p, q)
    case code.EXP: return mapUnary<T, Exp<T>>(out, a, count, p, q)
    case code.LOG: return mapUnary<T, Log<T>>(out, a, count, p, q)
    case code.LOG1P: return mapUnary<T, Log1p<T>>(out, a, count, p, q)
    case code.EXPM1: return mapUnary<T, Expm1<T>>(out, a, count, p, q)
    case code.SQRT: return mapUnary<T, Sqrt<T>>(out, a, count, p, q)
    case code.SQUARE: return mapUnary<T, Square<T>>(out, a, count, p, q)
    case code.RECIPROCAL: return mapUnary<T, Reciprocal<T>>(out, a, count, p, q)
    case code.SIN: return mapUnary<T, Sin<T>>(out, a, count, p, q)
    case code.COS: return mapUnary<T, Cos<T>>(out, a, count, p, q)
    case code.TANH: return mapUnary<T, Tanh<T>>(out, a, count, p, q)
    case code.SIGMOID: return mapUnary<T, Sigmoid<T>>(out, a, count, p, q)
    case code.RELU: return mapUnary<T, Relu<T>>(out, a, count, p, q)
    case code.LEAKY_RELU: return mapUnary<T, LeakyRelu<T>>(out, a, count, p, q)
    case code.ELU: return mapUnary<T, Elu<T>>(out, a, count, p, q)
    case code.GELU: return mapUnary<T, Gelu<T>>(out, a, count, p, q)
    case code.SILU: return mapUnary<T, Silu<T>>(out, a, count, p, q)
    case code.SOFTPLUS: return mapUnary<T, Softplus<T>>(out, a, count, p, q)
    case code.ERF: return mapUnary<T, Erf<T>>(out, a, count, p, q)
    case code.FLOOR: return mapUnary<T, Floor<T>>(out, a, count, p, q)
    case code.ROUND: return mapUnary<T, Round<T>>(out, a, count, p, q)
    case code.CLIP: return mapUnary<T, Clip<T>>(out, a, count, p, q)
  }
}

function mapBinary<T, F>(
  out: usize, a: usize, b: usize, rows: i32, cols: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32
): void {
  const f = changetype<F>(0)
  const aStep = <usize>aCol * sizeof<T>()
  const bStep = <usize>bCol * sizeof<T>()
  for (let i = 0; i < rows; i++) {
    let x = a + <usize>i * aRow * sizeof<T>()
    let y = b + <usize>i * bRow * sizeof<T>()
    for (const end = out + <usize>cols * sizeof<T>(); out < end; out += sizeof<T>(), x += aStep, y += bStep)
      store<T>(out, f.of(load<T>(x), load<T>(y)))
  }
}

/** out[i, j] = f(a[i, j], b[i, j]); a stride of 0 (in elements) repeats an operand along that direction. */
function binary<T>(
  out: usize, a: usize, b: usize, op: i32, rows: i32, cols: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32
): void {
  switch (op) {
    case code.ADD: return mapBinary<T, Add<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.SUB: return mapBinary<T, Sub<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.MUL: return mapBinary<T, Mul<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.DIV: return mapBinary<T, Div<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.POW: return mapBinary<T, Pow<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.MAXIMUM: return mapBinary<T, Maximum<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.MINIMUM: return mapBinary<T, Minimum<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.LESS: return mapBinary<T, Less<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.LESS_EQUAL: return mapBinary<T, LessEqual<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.GREATER: return mapBinary<T, Greater<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.GREATER_EQUAL: return mapBinary<T, GreaterEqual<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.EQUAL: return mapBinary<T, Equal<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
    case code.NOT_EQUAL: return mapBinary<T, NotEqual<T>>(out, a, b, rows, cols, aRow, aCol, bRow, bCol)
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
