import type { DType } from '../base/dtype.ts'
import type {
  Axis,
  BroadcastSize,
  CheckBroadcast,
  CheckMatmul,
  ReducedCols,
  ReducedRows,
  Shape,
} from '../base/shape.ts'

type Size = number

export interface MatmulOptions {
  /** Multiply by the transpose of the left matrix, without forming it. @default false */
  readonly transposeA?: boolean
  /** Multiply by the transpose of the right matrix, without forming it. @default false */
  readonly transposeB?: boolean
  /**
   * 'strassen' is faster for large matrices: it halves them while all sizes are at least 1024, and takes seven eighths of the
   * multiplications each time. Its error is bounded by the largest elements of A and B instead
   * of by those that meet in an element of C (Higham 2002, §23.2.2, Winograd's form, for n x n divided down to n₀):
   * |C − Ĉ| ≤ ((n/n₀)^log₂18·(n₀² + 6n₀) − 6n)·u·max|A|·max|B|, where the default has |C − Ĉ| ≤ n·u·|A|·|B|.
   *
   * @default 'auto'
   */
  readonly algorithm?: 'auto' | 'strassen'
}

export interface GeluOptions {
  /** 'tanh' takes the approximation of Φ by tanh. @default 'none' */
  readonly approximate?: 'none' | 'tanh'
}

/**
 * The classes whose values the operations compute with, by name. A package that brings another class, such as a tape's
 * variable, adds a member here and so has every method below with its own class as the result.
 */
// biome-ignore lint/correctness/noUnusedVariables: a declaration that adds members must name the same parameters
export interface Results<R extends Size, C extends Size> {
  value: Value
}

export type Kind = keyof Results<Size, Size>

type Classes = Exclude<Kind, 'value'>

/** What operations on values of class K take: values of every class. */
export type Operand<K extends Kind = Classes> = K extends 'value' ? Value : Results<Size, Size>[Classes]

/**
 * The class of what operands of these types give: a Matrix if all are matrices, which a type without sizes tells where those are
 * type parameters, or numbers.
 */
export type ClassOf<V> = [V] extends [{ set(i: number, j: number, value: number): void } | number]
  ? 'matrix'
  : Exclude<Classes, 'matrix'>

/** The class of what a method of class K gives beside operands of these types. */
export type Beside<K extends Kind, V> = K extends 'matrix' ? ClassOf<V> : K

/** The sizes of an operand: a number is a 1x1. */
export type RowsIn<V> = V extends { readonly rows: infer R extends Size } ? R : 1
export type ColsIn<V> = V extends { readonly cols: infer C extends Size } ? C : 1

/** The other operand of an element-wise operation of this name. */
export type Other<Name extends string, R extends Size, C extends Size, B> = B &
  CheckBroadcast<Name, R, C, RowsIn<B>, ColsIn<B>>

/** What it gives, of an R x C value of class K. */
export type Broadcast<K extends Kind, R extends Size, C extends Size, B> = Results<
  BroadcastSize<R, RowsIn<B>>,
  BroadcastSize<C, ColsIn<B>>
>[Beside<K, B>]

/** A size of a result, where −1 stands for one that is not known. */
export type SizeFound<N extends Size> = N extends -1 ? number : N

/** What selects instead of computing, beside a value of class K: nothing comes back through it. */
type Selector<K extends Kind> = K extends 'matrix' ? Results<Size, Size>['matrix'] : Operand<K>

/** A selector: numbers that pick rows. */
export type Index<K extends Kind> = Selector<K> | readonly number[]

/** `unknown` where an option has no `Unknown` name, or names are not known, else a message that no operand is assignable to. */
type CheckNames<Unknown> = [Unknown] extends [never]
  ? unknown
  : string extends Unknown
    ? unknown
    : `matmul: got ${Unknown & string} among the options`

type Flag<Options, Name extends keyof MatmulOptions> = Options extends { readonly [N in Name]: infer F } ? F : false

/** The rows of op(X), where X is R x C and op transposes if the flag is set: unknown where the flag is. */
type RowsOf<F, R extends Size, C extends Size> = [F] extends [true] ? C : [F] extends [false | undefined] ? R : number

/** How many variables the covariances of an R x C are of. */
type VariablesIn<R extends Size, C extends Size, O> = O extends { readonly rowvar: infer F }
  ? [F] extends [false]
    ? C
    : [F] extends [true]
      ? R
      : number
  : 'rowvar' extends keyof O
    ? number
    : R

/** The columns of a product, which a bias has as well. */
type ProductCols<R2 extends Size, C2 extends Size, O> = RowsOf<Flag<O, 'transposeB'>, C2, R2>

/** `unknown` where operands of these sizes have a product, else a message that no operand is assignable to. */
export type CheckProduct<R1 extends Size, C1 extends Size, R2 extends Size, C2 extends Size, O> = CheckMatmul<
  RowsOf<Flag<O, 'transposeA'>, C1, R1>,
  RowsOf<Flag<O, 'transposeB'>, R2, C2>
> &
  CheckNames<Exclude<keyof O, keyof MatmulOptions>>

/** The right operand of a product. */
export type MatmulOperand<R extends Size, C extends Size, B, O> = B & CheckProduct<R, C, RowsIn<B>, ColsIn<B>, O>

/** A row as long as those of the product. */
export type MatmulBias<B, D, O> = D & CheckBias<RowsIn<D>, ColsIn<D>, ProductCols<RowsIn<B>, ColsIn<B>, O>>

/** `unknown` where a bias of R x C is a row of N, else such a message. */
type CheckBias<R extends Size, C extends Size, N extends Size> = [
  number extends R ? 1 : R,
  number extends C | N ? N : C,
] extends [1, N]
  ? unknown
  : `affine: the bias is ${R}x${C}, wanted 1x${N}`

/** The product, of an R x C value of class K. */
export type MatmulResult<K extends Kind, R extends Size, C extends Size, B, O> = Results<
  RowsOf<Flag<O, 'transposeA'>, R, C>,
  ProductCols<RowsIn<B>, ColsIn<B>, O>
>[Beside<K, B>]

/**
 * The operations as methods, for an R x C value A of class K, whose elements are a or x. Sizes that the types know are carried
 * along and checked; the rest is checked when it runs. Every method is pure; `b` broadcasts, and a number stands for a 1x1.
 *
 * @throws ShapeError where sizes do not fit; DTypeError where an argument is not what the signature says.
 */
export interface Algebra<K extends Kind, R extends Size, C extends Size> {
  /** −x */
  neg(): Results<R, C>[K]
  /** |x|, whose derivative is 0 at 0 */
  abs(): Results<R, C>[K]
  /** −1, 0 or 1; NaN of NaN */
  sign(): Results<R, C>[K]
  /** eˣ */
  exp(): Results<R, C>[K]
  /** ln x */
  log(): Results<R, C>[K]
  /** ln(1 + x), accurate near 0 */
  log1p(): Results<R, C>[K]
  /** log₂ x, exact at powers of 2 */
  log2(): Results<R, C>[K]
  /** log₁₀ x, exact at powers of 10 */
  log10(): Results<R, C>[K]
  /** eˣ − 1, accurate near 0 */
  expm1(): Results<R, C>[K]
  /** √x */
  sqrt(): Results<R, C>[K]
  /** x² */
  square(): Results<R, C>[K]
  /** 1 / x */
  reciprocal(): Results<R, C>[K]
  /** sin x, x in radians */
  sin(): Results<R, C>[K]
  /** cos x, x in radians */
  cos(): Results<R, C>[K]
  /** tan x, x in radians */
  tan(): Results<R, C>[K]
  /** The angle between −π/2 and π/2 whose sine is x; NaN beyond ±1 */
  asin(): Results<R, C>[K]
  /** The angle between 0 and π whose cosine is x; NaN beyond ±1 */
  acos(): Results<R, C>[K]
  /** The angle between −π/2 and π/2 whose tangent is x */
  atan(): Results<R, C>[K]
  /** (eˣ − e⁻ˣ) / 2 */
  sinh(): Results<R, C>[K]
  /** (eˣ + e⁻ˣ) / 2 */
  cosh(): Results<R, C>[K]
  /** tanh x */
  tanh(): Results<R, C>[K]
  /** 1 / (1 + e⁻ˣ) */
  sigmoid(): Results<R, C>[K]
  /** max(x, 0), whose derivative is 0 at 0 */
  relu(): Results<R, C>[K]
  /** x where x > 0, else slope·x (Maas et al. 2013); slope is 0.01 unless given */
  leakyRelu(slope?: number): Results<R, C>[K]
  /** x where x > 0, else alpha·(eˣ − 1) (Clevert et al. 2016); alpha is 1 unless given */
  elu(alpha?: number): Results<R, C>[K]
  /**
   * x·Φ(x), Φ the normal distribution function (Hendrycks & Gimpel 2016), or with 'tanh' their approximation
   * x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2. Defaults: approximate 'none'.
   */
  gelu(options?: GeluOptions): Results<R, C>[K]
  /** x / (1 + e⁻ˣ) */
  silu(): Results<R, C>[K]
  /** ln(1 + eˣ) */
  softplus(): Results<R, C>[K]
  /** 2/√π ∫₀ˣ e^(−t²) dt */
  erf(): Results<R, C>[K]
  /** The largest whole number ≤ x */
  floor(): Results<R, C>[K]
  /** The smallest whole number ≥ x */
  ceil(): Results<R, C>[K]
  /** x without its fraction */
  trunc(): Results<R, C>[K]
  /** 1 where x is NaN, else 0 */
  isNaN(): Results<R, C>[K]
  /** 1 where x is a number that is neither NaN nor infinite, else 0 */
  isFinite(): Results<R, C>[K]
  /** The nearest whole number; halves go to the even one, as in NumPy */
  round(): Results<R, C>[K]
  /** min(max(x, low), high), whose derivative is 1 at both bounds */
  clip(low: number, high: number): Results<R, C>[K]

  /** a + b; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
  add<B extends Operand<K> | number>(b: Other<'add', R, C, B>): Broadcast<K, R, C, B>
  /** a − b; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
  sub<B extends Operand<K> | number>(b: Other<'sub', R, C, B>): Broadcast<K, R, C, B>
  /**
   * a·b, element by element (Hadamard); a size of 1 is repeated to the other's; the matrix product is `matmul`.
   *
   * @throws ShapeError for other sizes that differ.
   */
  mul<B extends Operand<K> | number>(b: Other<'mul', R, C, B>): Broadcast<K, R, C, B>
  /** a / b; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
  div<B extends Operand<K> | number>(b: Other<'div', R, C, B>): Broadcast<K, R, C, B>
  /**
   * What a leaves over a whole number of b's, with the sign of b, as NumPy's and Python's `%`: exact where b has the sign of a,
   * NaN where it is 0; a size of 1 is repeated to the other's.
   *
   * @throws ShapeError for other sizes that differ.
   */
  mod<B extends Operand<K> | number>(b: Other<'mod', R, C, B>): Broadcast<K, R, C, B>
  /** aᵇ; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
  pow<B extends Operand<K> | number>(b: Other<'pow', R, C, B>): Broadcast<K, R, C, B>
  /**
   * The angle between −π and π from the positive x axis to the point (x, y), y being a; C's for zeros and infinities; a size of 1
   * is repeated to the other's.
   *
   * @throws ShapeError for other sizes that differ.
   */
  atan2<B extends Operand<K> | number>(x: Other<'atan2', R, C, B>): Broadcast<K, R, C, B>
  /** ln(eᵃ + eᵇ), without overflow; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
  logAddExp<B extends Operand<K> | number>(b: Other<'logAddExp', R, C, B>): Broadcast<K, R, C, B>
  /**
   * The larger of a and b; NaN if either is; a size of 1 is repeated to the other's.
   *
   * @throws ShapeError for other sizes that differ.
   */
  maximum<B extends Operand<K> | number>(b: Other<'maximum', R, C, B>): Broadcast<K, R, C, B>
  /**
   * The smaller of a and b; NaN if either is; a size of 1 is repeated to the other's.
   *
   * @throws ShapeError for other sizes that differ.
   */
  minimum<B extends Operand<K> | number>(b: Other<'minimum', R, C, B>): Broadcast<K, R, C, B>
  /** 1 where a < b, else 0; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
  less<B extends Operand<K> | number>(b: Other<'less', R, C, B>): Broadcast<K, R, C, B>
  /** 1 where a ≤ b, else 0; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
  lessEqual<B extends Operand<K> | number>(b: Other<'lessEqual', R, C, B>): Broadcast<K, R, C, B>
  /** 1 where a > b, else 0; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
  greater<B extends Operand<K> | number>(b: Other<'greater', R, C, B>): Broadcast<K, R, C, B>
  /** 1 where a ≥ b, else 0; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
  greaterEqual<B extends Operand<K> | number>(b: Other<'greaterEqual', R, C, B>): Broadcast<K, R, C, B>
  /** 1 where a = b, else 0; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
  equal<B extends Operand<K> | number>(b: Other<'equal', R, C, B>): Broadcast<K, R, C, B>
  /** 1 where a ≠ b, else 0; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
  notEqual<B extends Operand<K> | number>(b: Other<'notEqual', R, C, B>): Broadcast<K, R, C, B>
  /**
   * a where the condition, of which it is a method, is not 0, else b; a size of 1 is repeated to the other's.
   *
   * @throws ShapeError for other sizes that differ.
   */
  where<A extends Operand<K> | number, B extends Operand<K> | number>(
    a: A,
    b: B,
  ): Results<number, number>[Beside<K, A | B>]
  /** A repeated to rows x cols. @throws ShapeError unless each of its sizes is 1 or already the wanted one. */
  broadcastTo<R2 extends Size, C2 extends Size>(rows: R2, cols: C2): Results<R2, C2>[K]

  /**
   * Σ x, summed pairwise: the error grows with log₂ of the number of terms; 0 for no elements. Of each column with the axis 0
   * (1xn), of each row with 1 (mx1), of all elements without (1x1).
   */
  sum<A extends Axis | undefined = undefined>(axis?: A): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /**
   * Σ x / n; NaN for no elements. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements without (1x1).
   */
  mean<A extends Axis | undefined = undefined>(axis?: A): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /** Π x; 1 for no elements. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements without (1x1). */
  prod<A extends Axis | undefined = undefined>(axis?: A): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /**
   * The largest element; NaN if any is. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements without
   * (1x1).
   *
   * @throws ShapeError for no elements.
   */
  max<A extends Axis | undefined = undefined>(axis?: A): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /**
   * The smallest element; NaN if any is. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements without
   * (1x1).
   *
   * @throws ShapeError for no elements.
   */
  min<A extends Axis | undefined = undefined>(axis?: A): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /**
   * Σ (x − mean)² / (n − ddof). Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements without (1x1).
   * Defaults: ddof 0.
   */
  variance<A extends Axis | undefined = undefined>(
    axis?: A,
    options?: { ddof?: number },
  ): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /** √variance. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements without (1x1). Defaults: ddof 0. */
  std<A extends Axis | undefined = undefined>(
    axis?: A,
    options?: { ddof?: number },
  ): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /**
   * The middle element in order, or the mean of the two in the middle; NaN if any is. Of each column with the axis 0 (1xn), of
   * each row with 1 (mx1), of all elements without (1x1).
   *
   * @throws ShapeError for no elements.
   */
  median<A extends Axis | undefined = undefined>(axis?: A): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /**
   * The q-th quantile, 0 ≤ q ≤ 1: of n elements in order, from 0, the one at q·(n − 1), or between its neighbours in proportion
   * (NumPy's and PyTorch's default); NaN if any is. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all
   * elements without (1x1).
   *
   * @throws MatgradError for another q; ShapeError for no elements.
   */
  quantile<A extends Axis | undefined = undefined>(
    q: number,
    axis?: A,
  ): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /**
   * The index of the first largest element, or of the first NaN, in float64. Of each column with the axis 0 (1xn), of each row
   * with 1 (mx1), of all elements, in row-major order, without (1x1).
   *
   * @throws ShapeError for no elements.
   */
  argmax<A extends Axis | undefined = undefined>(axis?: A): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /**
   * The index of the first smallest element, or of the first NaN, in float64. Of each column with the axis 0 (1xn), of each row
   * with 1 (mx1), of all elements, in row-major order, without (1x1).
   *
   * @throws ShapeError for no elements.
   */
  argmin<A extends Axis | undefined = undefined>(axis?: A): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /**
   * ln Σ eˣ, without overflow; −∞ for no elements. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements
   * without (1x1).
   */
  logSumExp<A extends Axis | undefined = undefined>(axis?: A): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /**
   * Running sums, in the shape of A: down each column with the axis 0, along each row with 1, over all elements without an axis,
   * in row-major order
   */
  cumsum(axis?: Axis): Results<R, C>[K]
  /** eˣ / Σ eˣ, without overflow: down each column with the axis 0, along each row with 1, over all elements without an axis */
  softmax(axis?: Axis): Results<R, C>[K]
  /** x − ln Σ eˣ, without overflow: down each column with the axis 0, along each row with 1, over all elements without an axis */
  logSoftmax(axis?: Axis): Results<R, C>[K]
  /** Σ a[i, i + k], of the main diagonal unless k is given */
  trace(k?: number): Results<1, 1>[K]
  /**
   * 1 where no element is 0, else 0; NaN is not 0, and of nothing it is 1, as in NumPy. Of each column with the axis 0 (1xn), of
   * each row with 1 (mx1), of all elements without (1x1).
   */
  all<A extends Axis | undefined = undefined>(axis?: A): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /**
   * 1 where an element is not 0, else 0; NaN is not 0, and of nothing it is 0, as in NumPy. Of each column with the axis 0 (1xn),
   * of each row with 1 (mx1), of all elements without (1x1).
   */
  any<A extends Axis | undefined = undefined>(axis?: A): Results<ReducedRows<R, A>, ReducedCols<C, A>>[K]
  /**
   * Running products, in the shape of A: down each column with the axis 0, along each row with 1, over all elements without an
   * axis, in row-major order
   */
  cumprod(axis?: Axis): Results<R, C>[K]
  /**
   * Each element but the first of its line minus the one before, n times, once unless given; along the columns without an axis,
   * as in NumPy
   */
  diff(axis?: Axis, n?: number): Results<number, number>[K]

  /**
   * A·B, mxn for A of m x k and B of k x n, or with a transposed operand: (Aᵀ·B)[i, j] = Σ a[p, i]·b[p, j].
   * Defaults: transposeA false, transposeB false, algorithm 'auto'.
   *
   * @throws ShapeError unless A has as many columns as B has rows; DTypeError for other values and options.
   */
  matmul<B extends Operand<K>, const O extends MatmulOptions = Record<never, never>>(
    b: MatmulOperand<R, C, B, O>,
    options?: O,
  ): MatmulResult<K, R, C, B, O>
  /**
   * A·B + bias, a row 1xn, or with a transposed operand: in one dtype the bits of `matmul` and `add`, in less time.
   * Defaults: transposeA false, transposeB false, algorithm 'auto'.
   *
   * @throws ShapeError for another row, and what `matmul` throws.
   */
  affine<B extends Operand<K>, D extends Operand<K>, const O extends MatmulOptions = Record<never, never>>(
    b: MatmulOperand<R, C, B, O>,
    bias: MatmulBias<B, D, O>,
    options?: O,
  ): MatmulResult<Beside<K, D>, R, C, B, O>
  /** a·bᵀ, mxn, for vectors of m and of n elements, each a row or a column */
  outer<B extends Operand<K>>(b: B): Results<number, number>[Beside<K, B>]
  /** The Kronecker product: (A ⊗ B)[i·p + k, j·q + l] = a[i, j]·b[k, l] for B of p x q */
  kron<B extends Operand<K>>(b: B): Results<number, number>[Beside<K, B>]
  /**
   * The covariances of the rows, each row a variable and each column an observation: mxm; n − ddof is the divisor. Without
   * `rowvar` each column is a variable: nxn. In float64, then rounded. Defaults: rowvar true, ddof 1.
   */
  cov<const O extends { rowvar?: boolean; ddof?: number } = Record<never, never>>(
    options?: O,
  ): Results<VariablesIn<R, C, O>, VariablesIn<R, C, O>>[K]
  /**
   * The correlations of the rows, or without `rowvar` of the columns: cov[i, j] / √(cov[i, i]·cov[j, j]). Defaults: rowvar true.
   */
  corrcoef<const O extends { rowvar?: boolean } = Record<never, never>>(
    options?: O,
  ): Results<VariablesIn<R, C, O>, VariablesIn<R, C, O>>[K]

  /** Aᵀ */
  readonly T: Results<C, R>[K]
  /** Aᵀ */
  transpose(): Results<C, R>[K]
  /** The same numbers in another precision, always a copy */
  astype(dtype: DType): Results<R, C>[K]
  /** The elements in row-major order in another shape of the same size; −1 is the size that the other one leaves */
  reshape<R2 extends Size, C2 extends Size>(rows: R2, cols: C2): Results<SizeFound<R2>, SizeFound<C2>>[K]
  /**
   * Rows rowStart to rowEnd and columns colStart to colEnd, the ends excluded; without an end all from the start on, without
   * any columns all of them. Negative ones count from the end.
   */
  slice(rowStart: number, rowEnd?: number, colStart?: number, colEnd?: number): Results<number, number>[K]
  /** A with rows above and below it and columns left and right of it that have one value, 0 unless given */
  pad(top: number, bottom: number, left: number, right: number, value?: number): Results<number, number>[K]
  /** A so many times below and beside itself */
  tile(rows: number, cols: number): Results<number, number>[K]
  /** Row i, 1xn; −1 is the last */
  row(i: number): Results<1, C>[K]
  /** Column j, mx1; −1 is the last */
  col(j: number): Results<R, 1>[K]
  /**
   * The rows that `index`, an nx1 column of whole numbers or an array, names, 0 the first.
   *
   * @throws ShapeError for one out of range.
   */
  gatherRows(index: Index<K>): Results<number, C>[K]
  /**
   * The columns that `index`, an nx1 column of whole numbers or an array, names, 0 the first.
   *
   * @throws ShapeError for one out of range.
   */
  gatherCols(index: Index<K>): Results<R, number>[K]
  /**
   * The rows where `mask`, a boolean for each of them or an nx1 column of 1 and 0, holds. How many there are depends on the
   * numbers of a column, which `compile` therefore refuses.
   */
  filterRows(mask: Selector<K> | readonly boolean[]): Results<number, C>[K]
  /**
   * For an nx1 column of whole numbers: row i is 1 at column a[i] and 0 elsewhere, nxcount, in the dtype of A or another.
   *
   * @throws ShapeError for one out of range.
   */
  oneHot(count: number, options?: { dtype?: DType }): Results<R, number>[K]
  /** A matrix of zeros with `rows` rows, to whose row index[i] row i of A is added: the adjoint of gatherRows */
  scatterAddRows(index: Index<K>, rows: number): Results<number, C>[K]
  /** a[i, index[i]], nx1: one element of each row. @throws ShapeError for an index out of range. */
  pick(index: Index<K>): Results<R, 1>[K]
  /** A in a rows x cols matrix of zeros, its first element at (rowStart, colStart): the adjoint of slice */
  place<R2 extends Size, C2 extends Size>(rows: R2, cols: C2, rowStart: number, colStart: number): Results<R2, C2>[K]
  /** A row or column of n elements on diagonal k (j − i = k) of a square matrix of zeros with n + |k| rows; k is 0 unless given */
  diag(k?: number): Results<number, number>[K]
  /** The elements a[i, i + k], as a column; k is 0 unless given */
  diagonal(k?: number): Results<number, 1>[K]
  /** The elements with j − i ≤ k, and zeros; k is 0 unless given */
  tril(k?: number): Results<R, C>[K]
  /** The elements with j − i ≥ k, and zeros; k is 0 unless given */
  triu(k?: number): Results<R, C>[K]
  /** The rows in reverse order */
  flipRows(): Results<R, C>[K]
  /** The columns in reverse order */
  flipCols(): Results<R, C>[K]
  /**
   * In ascending order, NaN last: each column with the axis 0, each row with 1, all elements, in row-major order, without an axis
   */
  sort(axis?: Axis): Results<R, C>[K]
  /**
   * The indices that sort each column with the axis 0, each row with 1, all elements without an axis, in float64; equal elements
   * keep their order
   */
  argsort(axis?: Axis): Results<R, C>[K]
}

/** Anything that has the operations as methods: what derivatives are written with, whatever class records them. */
export interface Value extends Algebra<'value', number, number> {
  readonly rows: number
  readonly cols: number
  readonly shape: Shape
  readonly dtype: DType
  /** Runs an operation of this contract on values. */
  apply(operation: object, operands: readonly unknown[], attributes: unknown): Value
}
