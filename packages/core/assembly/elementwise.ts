import { elu, geluTanh, logAddExp, sigmoid, silu, softplus, tanh } from './activation'
import { exp, expm1 } from './exponential'
import { log, log1p, log2, log10 } from './logarithm'
import { pow } from './power'
import { erf, gelu } from './erf'
import { cosh, sinh } from './hyperbolic'
import { acos, asin, atan, atan2 } from './inverse'
import { remainder } from './remainder'
import { cos, sin, tan } from './trigonometric'
import { bytes, lanes, storeLanes } from './vector'

// An operation is a class without fields, whose name is that of its row in src/ops: given to a loop as a type argument its
// method is inlined there, so that each operation gets a loop of its own. p and q are the operation's own numbers, such as the
// slope of leakyRelu, in all lanes. Loops read whole vectors, past the end of a row if need be. `unary` writes them, too: its
// result has room for the last.

/** 1 in the lanes of a comparison that hold, else 0. */
@inline function one<T>(mask: v128): v128 {
  return v128.and(mask, v128.splat<T>(1))
}

@unmanaged export class Exp<T> { @inline of(x: v128, p: v128, q: v128): v128 { return exp<T>(x) } }
@unmanaged export class Log<T> { @inline of(x: v128, p: v128, q: v128): v128 { return log<T>(x) } }
@unmanaged export class Log1p<T> { @inline of(x: v128, p: v128, q: v128): v128 { return log1p<T>(x) } }
@unmanaged export class Log2<T> { @inline of(x: v128, p: v128, q: v128): v128 { return log2<T>(x) } }
@unmanaged export class Log10<T> { @inline of(x: v128, p: v128, q: v128): v128 { return log10<T>(x) } }
@unmanaged export class Expm1<T> { @inline of(x: v128, p: v128, q: v128): v128 { return expm1<T>(x) } }
@unmanaged export class Sin<T> { @inline of(x: v128, p: v128, q: v128): v128 { return sin<T>(x) } }
@unmanaged export class Cos<T> { @inline of(x: v128, p: v128, q: v128): v128 { return cos<T>(x) } }
@unmanaged export class Tan<T> { @inline of(x: v128, p: v128, q: v128): v128 { return tan<T>(x) } }
@unmanaged export class Asin<T> { @inline of(x: v128, p: v128, q: v128): v128 { return asin<T>(x) } }
@unmanaged export class Acos<T> { @inline of(x: v128, p: v128, q: v128): v128 { return acos<T>(x) } }
@unmanaged export class Atan<T> { @inline of(x: v128, p: v128, q: v128): v128 { return atan<T>(x) } }
@unmanaged export class Sinh<T> { @inline of(x: v128, p: v128, q: v128): v128 { return sinh<T>(x) } }
@unmanaged export class Cosh<T> { @inline of(x: v128, p: v128, q: v128): v128 { return cosh<T>(x) } }
@unmanaged export class Tanh<T> { @inline of(x: v128, p: v128, q: v128): v128 { return tanh<T>(x) } }
@unmanaged export class Sigmoid<T> { @inline of(x: v128, p: v128, q: v128): v128 { return sigmoid<T>(x) } }
@unmanaged export class Silu<T> { @inline of(x: v128, p: v128, q: v128): v128 { return silu<T>(x) } }
@unmanaged export class Elu<T> { @inline of(x: v128, p: v128, q: v128): v128 { return elu<T>(x, p) } }
@unmanaged export class Gelu<T> { @inline of(x: v128, p: v128, q: v128): v128 { return gelu<T>(x) } }
@unmanaged export class GeluTanh<T> { @inline of(x: v128, p: v128, q: v128): v128 { return geluTanh<T>(x) } }
@unmanaged export class Erf<T> { @inline of(x: v128, p: v128, q: v128): v128 { return erf<T>(x) } }
@unmanaged export class Softplus<T> { @inline of(x: v128, p: v128, q: v128): v128 { return softplus<T>(x) } }
@unmanaged export class Neg<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.neg<T>(x) } }
@unmanaged export class Abs<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.abs<T>(x) } }
/** x − x is 0 for −0, too, and NaN for NaN. */
@unmanaged export class Sign<T> {
  @inline of(x: v128, p: v128, q: v128): v128 {
    const zero = v128.splat<T>(0)
    const negative = v128.bitselect(v128.splat<T>(-1), v128.sub<T>(x, x), v128.lt<T>(x, zero))
    return v128.bitselect(v128.splat<T>(1), negative, v128.gt<T>(x, zero))
  }
}
@unmanaged export class Sqrt<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.sqrt<T>(x) } }
@unmanaged export class Square<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.mul<T>(x, x) } }
@unmanaged export class Reciprocal<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.div<T>(v128.splat<T>(1), x) } }
@unmanaged export class Relu<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.pmax<T>(x, v128.splat<T>(0)) } }
@unmanaged export class LeakyRelu<T> {
  @inline of(x: v128, p: v128, q: v128): v128 {
    return v128.bitselect(x, v128.mul<T>(x, p), v128.gt<T>(x, v128.splat<T>(0)))
  }
}
@unmanaged export class Finite<T> {
  @inline of(x: v128, p: v128, q: v128): v128 {
    return v128.bitselect(v128.splat<T>(<T>1e4), x, v128.eq<T>(v128.abs<T>(x), v128.splat<T>(<T>Infinity)))
  }
}
@unmanaged export class Floor<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.floor<T>(x) } }
@unmanaged export class Ceil<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.ceil<T>(x) } }
@unmanaged export class Trunc<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.trunc<T>(x) } }
@unmanaged export class Round<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.nearest<T>(x) } }
/** The bits of the exponent alone; for less than the least normal number, that. */
@unmanaged export class Binade<T> {
  @inline of(x: v128, p: v128, q: v128): v128 {
    const power = v128.and(x, v128.splat<T>(<T>Infinity))
    const least = sizeof<T>() == 8 ? v128.splat<T>(<T>2.2250738585072014e-308) : v128.splat<T>(<T>1.1754943508222875e-38)
    return v128.pmax<T>(power, least)
  }
}
@unmanaged export class Clip<T> { @inline of(x: v128, p: v128, q: v128): v128 { return v128.min<T>(v128.max<T>(x, p), q) } }
@unmanaged export class IsNaN<T> { @inline of(x: v128, p: v128, q: v128): v128 { return one<T>(v128.ne<T>(x, x)) } }
@unmanaged export class IsFinite<T> {
  @inline of(x: v128, p: v128, q: v128): v128 { return one<T>(v128.lt<T>(v128.abs<T>(x), v128.splat<T>(<T>Infinity))) }
}

@unmanaged export class Add<T> { @inline of(x: v128, y: v128): v128 { return v128.add<T>(x, y) } }
@unmanaged export class Sub<T> { @inline of(x: v128, y: v128): v128 { return v128.sub<T>(x, y) } }
@unmanaged export class Mul<T> { @inline of(x: v128, y: v128): v128 { return v128.mul<T>(x, y) } }
/** The product of x and y, but 0 where that is not a number and both factors are: 0·∞. */
function unlessNothing<T>(product: v128, x: v128, y: v128): v128 {
  const numbers = v128.and(v128.eq<T>(x, x), v128.eq<T>(y, y))
  return v128.andnot(product, v128.and(numbers, v128.ne<T>(product, product)))
}
@unmanaged export class Weigh<T> {
  @inline of(x: v128, y: v128): v128 {
    const product = v128.mul<T>(x, y)
    return v128.any_true(v128.ne<T>(product, product)) ? unlessNothing<T>(product, x, y) : product
  }
}
@unmanaged export class Div<T> { @inline of(x: v128, y: v128): v128 { return v128.div<T>(x, y) } }
@unmanaged export class Mod<T> { @inline of(x: v128, y: v128): v128 { return remainder<T>(x, y) } }
@unmanaged export class Pow<T> { @inline of(x: v128, y: v128): v128 { return pow<T>(x, y) } }
@unmanaged export class Atan2<T> { @inline of(x: v128, y: v128): v128 { return atan2<T>(x, y) } }
@unmanaged export class LogAddExp<T> { @inline of(x: v128, y: v128): v128 { return logAddExp<T>(x, y) } }
@unmanaged export class Maximum<T> { @inline of(x: v128, y: v128): v128 { return v128.max<T>(x, y) } }
@unmanaged export class Minimum<T> { @inline of(x: v128, y: v128): v128 { return v128.min<T>(x, y) } }
@unmanaged export class Less<T> { @inline of(x: v128, y: v128): v128 { return one<T>(v128.lt<T>(x, y)) } }
@unmanaged export class LessEqual<T> { @inline of(x: v128, y: v128): v128 { return one<T>(v128.le<T>(x, y)) } }
@unmanaged export class Greater<T> { @inline of(x: v128, y: v128): v128 { return one<T>(v128.gt<T>(x, y)) } }
@unmanaged export class GreaterEqual<T> { @inline of(x: v128, y: v128): v128 { return one<T>(v128.ge<T>(x, y)) } }
@unmanaged export class Equal<T> { @inline of(x: v128, y: v128): v128 { return one<T>(v128.eq<T>(x, y)) } }
@unmanaged export class NotEqual<T> { @inline of(x: v128, y: v128): v128 { return one<T>(v128.ne<T>(x, y)) } }

/** out[i] = f(a[i]) for i < count. */
export function mapUnary<T, F>(out: usize, a: usize, count: i32, p: T, q: T): void {
  const f = changetype<F>(0)
  const ps = v128.splat<T>(p), qs = v128.splat<T>(q)
  for (const end = a + bytes<T>(count); a < end; a += 16, out += 16) v128.store(out, f.of(v128.load(a), ps, qs))
}

/**
 * out[i, j] = f(a[i, j], b[i, j]). A step of 0 repeats an operand along that direction; the steps between columns are 0
 * or 1.
 */
export function mapBinary<T, F>(
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
