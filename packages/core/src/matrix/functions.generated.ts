// Generated from the rows of ../ops, the docstrings of Algebra and the types of Functions by scripts/build-kernels.js.

import { type BinaryFunction, type Functions, functionOf, type UnaryFunction } from './function.ts'

/** |x|, whose derivative is 0 at 0 */
export const abs: UnaryFunction = functionOf('abs')
/** The angle between 0 and π whose cosine is x; NaN beyond ±1 */
export const acos: UnaryFunction = functionOf('acos')
/** The angle between −π/2 and π/2 whose sine is x; NaN beyond ±1 */
export const asin: UnaryFunction = functionOf('asin')
/** The angle between −π/2 and π/2 whose tangent is x */
export const atan: UnaryFunction = functionOf('atan')
/** The smallest whole number ≥ x */
export const ceil: UnaryFunction = functionOf('ceil')
/** cos x, x in radians */
export const cos: UnaryFunction = functionOf('cos')
/** (eˣ + e⁻ˣ) / 2 */
export const cosh: UnaryFunction = functionOf('cosh')
/** 2/√π ∫₀ˣ e^(−t²) dt */
export const erf: UnaryFunction = functionOf('erf')
/** eˣ */
export const exp: UnaryFunction = functionOf('exp')
/** eˣ − 1, accurate near 0 */
export const expm1: UnaryFunction = functionOf('expm1')
/** The largest whole number ≤ x */
export const floor: UnaryFunction = functionOf('floor')
/** 1 where x is a number that is neither NaN nor infinite, else 0 */
export const isFinite: UnaryFunction = functionOf('isFinite')
/** 1 where x is NaN, else 0 */
export const isNaN: UnaryFunction = functionOf('isNaN')
/** ln x */
export const log: UnaryFunction = functionOf('log')
/** log₁₀ x, exact at powers of 10 */
export const log10: UnaryFunction = functionOf('log10')
/** ln(1 + x), accurate near 0 */
export const log1p: UnaryFunction = functionOf('log1p')
/** log₂ x, exact at powers of 2 */
export const log2: UnaryFunction = functionOf('log2')
/** −x */
export const neg: UnaryFunction = functionOf('neg')
/** 1 / x */
export const reciprocal: UnaryFunction = functionOf('reciprocal')
/** max(x, 0), whose derivative is 0 at 0 */
export const relu: UnaryFunction = functionOf('relu')
/** The nearest whole number; halves go to the even one, as in NumPy */
export const round: UnaryFunction = functionOf('round')
/** 1 / (1 + e⁻ˣ) */
export const sigmoid: UnaryFunction = functionOf('sigmoid')
/** −1, 0 or 1; NaN of NaN */
export const sign: UnaryFunction = functionOf('sign')
/** x / (1 + e⁻ˣ) */
export const silu: UnaryFunction = functionOf('silu')
/** sin x, x in radians */
export const sin: UnaryFunction = functionOf('sin')
/** (eˣ − e⁻ˣ) / 2 */
export const sinh: UnaryFunction = functionOf('sinh')
/** ln(1 + eˣ) */
export const softplus: UnaryFunction = functionOf('softplus')
/** √x */
export const sqrt: UnaryFunction = functionOf('sqrt')
/** x² */
export const square: UnaryFunction = functionOf('square')
/** tan x, x in radians */
export const tan: UnaryFunction = functionOf('tan')
/** tanh x */
export const tanh: UnaryFunction = functionOf('tanh')
/** x without its fraction */
export const trunc: UnaryFunction = functionOf('trunc')
/** a + b; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
export const add: BinaryFunction<'add'> = functionOf('add')
/**
 * The angle between −π and π from the positive x axis to the point (x, y), y being a; C's for zeros and infinities; a size of 1
 * is repeated to the other's.
 *
 * @throws ShapeError for other sizes that differ.
 */
export const atan2: BinaryFunction<'atan2'> = functionOf('atan2')
/** a / b; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
export const div: BinaryFunction<'div'> = functionOf('div')
/** 1 where a = b, else 0; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
export const equal: BinaryFunction<'equal'> = functionOf('equal')
/** 1 where a > b, else 0; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
export const greater: BinaryFunction<'greater'> = functionOf('greater')
/** 1 where a ≥ b, else 0; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
export const greaterEqual: BinaryFunction<'greaterEqual'> = functionOf('greaterEqual')
/** 1 where a < b, else 0; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
export const less: BinaryFunction<'less'> = functionOf('less')
/** 1 where a ≤ b, else 0; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
export const lessEqual: BinaryFunction<'lessEqual'> = functionOf('lessEqual')
/** ln(eᵃ + eᵇ), without overflow; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
export const logAddExp: BinaryFunction<'logAddExp'> = functionOf('logAddExp')
/**
 * The larger of a and b; NaN if either is; a size of 1 is repeated to the other's.
 *
 * @throws ShapeError for other sizes that differ.
 */
export const maximum: BinaryFunction<'maximum'> = functionOf('maximum')
/**
 * The smaller of a and b; NaN if either is; a size of 1 is repeated to the other's.
 *
 * @throws ShapeError for other sizes that differ.
 */
export const minimum: BinaryFunction<'minimum'> = functionOf('minimum')
/**
 * What a leaves over a whole number of b's, with the sign of b, as NumPy's and Python's `%`: exact where b has the sign of a,
 * NaN where it is 0; a size of 1 is repeated to the other's.
 *
 * @throws ShapeError for other sizes that differ.
 */
export const mod: BinaryFunction<'mod'> = functionOf('mod')
/**
 * a·b, element by element (Hadamard); a size of 1 is repeated to the other's; the matrix product is `matmul`.
 *
 * @throws ShapeError for other sizes that differ.
 */
export const mul: BinaryFunction<'mul'> = functionOf('mul')
/** 1 where a ≠ b, else 0; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
export const notEqual: BinaryFunction<'notEqual'> = functionOf('notEqual')
/** aᵇ; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
export const pow: BinaryFunction<'pow'> = functionOf('pow')
/** a − b; a size of 1 is repeated to the other's. @throws ShapeError for other sizes that differ. */
export const sub: BinaryFunction<'sub'> = functionOf('sub')
/** x where x > 0, else slope·x (Maas et al. 2013); slope is 0.01 unless given */
export const leakyRelu: Functions['leakyRelu'] = functionOf('leakyRelu')
/** x where x > 0, else alpha·(eˣ − 1) (Clevert et al. 2016); alpha is 1 unless given */
export const elu: Functions['elu'] = functionOf('elu')
/**
 * x·Φ(x), Φ the normal distribution function (Hendrycks & Gimpel 2016), or with 'tanh' their approximation
 * x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2. Defaults: approximate 'none'.
 */
export const gelu: Functions['gelu'] = functionOf('gelu')
/** min(max(x, low), high), whose derivative is 1 at both bounds */
export const clip: Functions['clip'] = functionOf('clip')
/**
 * a where the condition, of which it is a method, is not 0, else b; a size of 1 is repeated to the other's.
 *
 * @throws ShapeError for other sizes that differ.
 */
export const where: Functions['where'] = functionOf('where')
/** A repeated to rows x cols. @throws ShapeError unless each of its sizes is 1 or already the wanted one. */
export const broadcastTo: Functions['broadcastTo'] = functionOf('broadcastTo')
/**
 * Σ x, summed pairwise: the error grows with log₂ of the number of terms; 0 for no elements. Of each column with the axis 0
 * (1xn), of each row with 1 (mx1), of all elements without (1x1).
 */
export const sum: Functions['sum'] = functionOf('sum')
/**
 * Σ x / n; NaN for no elements. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements without (1x1).
 */
export const mean: Functions['mean'] = functionOf('mean')
/** Π x; 1 for no elements. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements without (1x1). */
export const prod: Functions['prod'] = functionOf('prod')
/**
 * The largest element; NaN if any is. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements without
 * (1x1).
 *
 * @throws ShapeError for no elements.
 */
export const max: Functions['max'] = functionOf('max')
/**
 * The smallest element; NaN if any is. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements without
 * (1x1).
 *
 * @throws ShapeError for no elements.
 */
export const min: Functions['min'] = functionOf('min')
/**
 * Σ (x − mean)² / (n − ddof). Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements without (1x1).
 * Defaults: ddof 0.
 */
export const variance: Functions['variance'] = functionOf('variance')
/** √variance. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements without (1x1). Defaults: ddof 0. */
export const std: Functions['std'] = functionOf('std')
/**
 * The middle element in order, or the mean of the two in the middle; NaN if any is. Of each column with the axis 0 (1xn), of
 * each row with 1 (mx1), of all elements without (1x1).
 *
 * @throws ShapeError for no elements.
 */
export const median: Functions['median'] = functionOf('median')
/**
 * The q-th quantile, 0 ≤ q ≤ 1: of n elements in order, from 0, the one at q·(n − 1), or between its neighbours in proportion
 * (NumPy's and PyTorch's default); NaN if any is. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all
 * elements without (1x1).
 *
 * @throws MatgradError for another q; ShapeError for no elements.
 */
export const quantile: Functions['quantile'] = functionOf('quantile')
/**
 * The index of the first largest element, or of the first NaN, in float64. Of each column with the axis 0 (1xn), of each row
 * with 1 (mx1), of all elements, in row-major order, without (1x1).
 *
 * @throws ShapeError for no elements.
 */
export const argmax: Functions['argmax'] = functionOf('argmax')
/**
 * The index of the first smallest element, or of the first NaN, in float64. Of each column with the axis 0 (1xn), of each row
 * with 1 (mx1), of all elements, in row-major order, without (1x1).
 *
 * @throws ShapeError for no elements.
 */
export const argmin: Functions['argmin'] = functionOf('argmin')
/**
 * ln Σ eˣ, without overflow; −∞ for no elements. Of each column with the axis 0 (1xn), of each row with 1 (mx1), of all elements
 * without (1x1).
 */
export const logSumExp: Functions['logSumExp'] = functionOf('logSumExp')
/**
 * Running sums, in the shape of A: down each column with the axis 0, along each row with 1, over all elements without an axis,
 * in row-major order
 */
export const cumsum: Functions['cumsum'] = functionOf('cumsum')
/**
 * 1 where no element is 0, else 0; NaN is not 0, and of nothing it is 1, as in NumPy. Of each column with the axis 0 (1xn), of
 * each row with 1 (mx1), of all elements without (1x1).
 */
export const all: Functions['all'] = functionOf('all')
/**
 * 1 where an element is not 0, else 0; NaN is not 0, and of nothing it is 0, as in NumPy. Of each column with the axis 0 (1xn),
 * of each row with 1 (mx1), of all elements without (1x1).
 */
export const any: Functions['any'] = functionOf('any')
/**
 * Running products, in the shape of A: down each column with the axis 0, along each row with 1, over all elements without an
 * axis, in row-major order
 */
export const cumprod: Functions['cumprod'] = functionOf('cumprod')
/**
 * Each element but the first of its line minus the one before, n times, once unless given; along the columns without an axis,
 * as in NumPy
 */
export const diff: Functions['diff'] = functionOf('diff')
/** eˣ / Σ eˣ, without overflow: down each column with the axis 0, along each row with 1, over all elements without an axis */
export const softmax: Functions['softmax'] = functionOf('softmax')
/** x − ln Σ eˣ, without overflow: down each column with the axis 0, along each row with 1, over all elements without an axis */
export const logSoftmax: Functions['logSoftmax'] = functionOf('logSoftmax')
/** Σ a[i, i + k], of the main diagonal unless k is given */
export const trace: Functions['trace'] = functionOf('trace')
/**
 * A·B, mxn for A of m x k and B of k x n, or with a transposed operand: (Aᵀ·B)[i, j] = Σ a[p, i]·b[p, j].
 * Defaults: transposeA false, transposeB false, algorithm 'auto'.
 *
 * @throws ShapeError unless A has as many columns as B has rows; DTypeError for other values and options.
 */
export const matmul: Functions['matmul'] = functionOf('matmul')
/**
 * A·B + bias, a row 1xn, or with a transposed operand: in one dtype the bits of `matmul` and `add`, in less time.
 * Defaults: transposeA false, transposeB false, algorithm 'auto'.
 *
 * @throws ShapeError for another row, and what `matmul` throws.
 */
export const affine: Functions['affine'] = functionOf('affine')
/** a·bᵀ, mxn, for vectors of m and of n elements, each a row or a column */
export const outer: Functions['outer'] = functionOf('outer')
/** The Kronecker product: (A ⊗ B)[i·p + k, j·q + l] = a[i, j]·b[k, l] for B of p x q */
export const kron: Functions['kron'] = functionOf('kron')
/**
 * The covariances of the rows, each row a variable and each column an observation: mxm; n − ddof is the divisor. Without
 * `rowvar` each column is a variable: nxn. In float64, then rounded. Defaults: rowvar true, ddof 1.
 */
export const cov: Functions['cov'] = functionOf('cov')
/**
 * The correlations of the rows, or without `rowvar` of the columns: cov[i, j] / √(cov[i, i]·cov[j, j]). Defaults: rowvar true.
 */
export const corrcoef: Functions['corrcoef'] = functionOf('corrcoef')
/** Aᵀ */
export const transpose: Functions['transpose'] = functionOf('transpose')
/** The elements in row-major order in another shape of the same size; −1 is the size that the other one leaves */
export const reshape: Functions['reshape'] = functionOf('reshape')
/**
 * Rows rowStart to rowEnd and columns colStart to colEnd, the ends excluded; without an end all from the start on, without
 * any columns all of them. Negative ones count from the end.
 */
export const slice: Functions['slice'] = functionOf('slice')
/**
 * The rows that `index`, an nx1 column of whole numbers or an array, names, 0 the first.
 *
 * @throws ShapeError for one out of range.
 */
export const gatherRows: Functions['gatherRows'] = functionOf('gatherRows')
/**
 * The columns that `index`, an nx1 column of whole numbers or an array, names, 0 the first.
 *
 * @throws ShapeError for one out of range.
 */
export const gatherCols: Functions['gatherCols'] = functionOf('gatherCols')
/**
 * The rows where `mask`, a boolean for each of them or an nx1 column of 1 and 0, holds. How many there are depends on the
 * numbers of a column, which `compile` therefore refuses.
 */
export const filterRows: Functions['filterRows'] = functionOf('filterRows')
/** A with rows above and below it and columns left and right of it that have one value, 0 unless given */
export const pad: Functions['pad'] = functionOf('pad')
/** A so many times below and beside itself */
export const tile: Functions['tile'] = functionOf('tile')
/**
 * For an nx1 column of whole numbers: row i is 1 at column a[i] and 0 elsewhere, nxcount, in the dtype of A or another.
 *
 * @throws ShapeError for one out of range.
 */
export const oneHot: Functions['oneHot'] = functionOf('oneHot')
/** A matrix of zeros with `rows` rows, to whose row index[i] row i of A is added: the adjoint of gatherRows */
export const scatterAddRows: Functions['scatterAddRows'] = functionOf('scatterAddRows')
/** a[i, index[i]], nx1: one element of each row. @throws ShapeError for an index out of range. */
export const pick: Functions['pick'] = functionOf('pick')
/** A row or column of n elements on diagonal k (j − i = k) of a square matrix of zeros with n + |k| rows; k is 0 unless given */
export const diag: Functions['diag'] = functionOf('diag')
/** The elements a[i, i + k], as a column; k is 0 unless given */
export const diagonal: Functions['diagonal'] = functionOf('diagonal')
/** The elements with j − i ≤ k, and zeros; k is 0 unless given */
export const tril: Functions['tril'] = functionOf('tril')
/** The elements with j − i ≥ k, and zeros; k is 0 unless given */
export const triu: Functions['triu'] = functionOf('triu')
/** The rows in reverse order */
export const flipRows: Functions['flipRows'] = functionOf('flipRows')
/** The columns in reverse order */
export const flipCols: Functions['flipCols'] = functionOf('flipCols')
/**
 * In ascending order, NaN last: each column with the axis 0, each row with 1, all elements, in row-major order, without an axis
 */
export const sort: Functions['sort'] = functionOf('sort')
/**
 * The indices that sort each column with the axis 0, each row with 1, all elements without an axis, in float64; equal elements
 * keep their order
 */
export const argsort: Functions['argsort'] = functionOf('argsort')
