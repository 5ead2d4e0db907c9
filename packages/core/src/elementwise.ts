import type { TypedArray } from './dtype.ts'
import { ShapeError } from './errors.ts'
import * as code from './opcodes.ts'
import { colStep, type Operation, rowStep, run, runOn } from './operation.ts'
import { broadcastShapes, checkNumber, checkShape, formatShape } from './shape.ts'

/**
 * The most elements that go through a kernel at once. Larger operands take their turn in pieces that stay in the cache,
 * and need no more WebAssembly memory than a piece.
 */
const PIECE = 16384

/** Calls `visit` with the starts and ends of pieces of at most `size` that make up 0 … length − 1. */
function inPieces(length: number, size: number, visit: (start: number, end: number) => void): void {
  for (let start = 0; start < length; start += size) visit(start, Math.min(length, start + size))
}

/** out[i, j] = f(a[i, j]). `parameters` names the numbers that the operation takes beside its input, at most two. */
function unary(name: string, opcode: number, ...parameters: string[]): Operation {
  const [first, second] = parameters
  return {
    name,
    elementwise: true,
    shape([a], attributes) {
      for (const parameter of parameters) checkNumber(name, parameter, attributes[parameter])
      return a.shape
    },
    forward(out, [a], attributes) {
      const p = first ? attributes[first] : 0
      const q = second ? attributes[second] : 0
      const size = out.data.length
      if (size <= PIECE) {
        runOn('unary', out.dtype, out.data, [a.data], [opcode, size, p, q])
        return
      }
      inPieces(size, PIECE, (start, end) => {
        const numbers = [opcode, end - start, p, q]
        runOn('unary', out.dtype, out.data.subarray(start, end), [a.data.subarray(start, end)], numbers)
      })
    },
  }
}

/** out[i, j] = f(a[i, j], b[i, j]), with broadcasting. */
function binary(name: string, opcode: number): Operation {
  return {
    name,
    elementwise: true,
    shape: ([a, b]) => broadcastShapes(name, a.shape, b.shape),
    forward(out, [a, b]) {
      let { rows, cols } = out
      const size = out.data.length
      let [aRow, aCol, bRow, bCol] = [rowStep(a), colStep(a), rowStep(b), colStep(b)]
      // Longer rows are faster: a column is one, and so is a matrix whose operands go on from row to row.
      if (cols === 1) [rows, cols, aRow, aCol, bRow, bCol] = [1, size, 0, aRow, 0, bRow]
      else if (aRow === aCol * cols && bRow === bCol * cols) [rows, cols] = [1, size]
      if (size <= PIECE) {
        runOn('binary', out.dtype, out.data, [a.data, b.data], [opcode, rows, cols, aRow, aCol, bRow, bCol])
        return
      }
      const [length, aStep, bStep, outStep] = rows === 1 ? [cols, aCol, bCol, 1] : [rows, aRow, bRow, cols]
      inPieces(length, Math.max(1, Math.floor(PIECE / outStep)), (start, end) => {
        const partOf = (data: TypedArray, step: number): TypedArray =>
          step === 0 ? data : data.subarray(start * step, end * step)
        const operands = [partOf(a.data, aStep), partOf(b.data, bStep)]
        const [pieceRows, pieceCols] = rows === 1 ? [1, end - start] : [end - start, cols]
        const numbers = [opcode, pieceRows, pieceCols, aRow, aCol, bRow, bCol]
        runOn('binary', out.dtype, partOf(out.data, outStep), operands, numbers)
      })
    },
  }
}

export const neg: Operation = unary('neg', code.NEG)
export const abs: Operation = unary('abs', code.ABS)
export const sign: Operation = unary('sign', code.SIGN)
export const exp: Operation = unary('exp', code.EXP)
export const log: Operation = unary('log', code.LOG)
export const log1p: Operation = unary('log1p', code.LOG1P)
export const expm1: Operation = unary('expm1', code.EXPM1)
export const sqrt: Operation = unary('sqrt', code.SQRT)
export const square: Operation = unary('square', code.SQUARE)
export const reciprocal: Operation = unary('reciprocal', code.RECIPROCAL)
export const sin: Operation = unary('sin', code.SIN)
export const cos: Operation = unary('cos', code.COS)
export const tanh: Operation = unary('tanh', code.TANH)
export const sigmoid: Operation = unary('sigmoid', code.SIGMOID)
export const relu: Operation = unary('relu', code.RELU)
export const leakyRelu: Operation = unary('leakyRelu', code.LEAKY_RELU, 'slope')
export const elu: Operation = unary('elu', code.ELU, 'alpha')
export const gelu: Operation = unary('gelu', code.GELU)
export const silu: Operation = unary('silu', code.SILU)
export const softplus: Operation = unary('softplus', code.SOFTPLUS)
export const erf: Operation = unary('erf', code.ERF)
export const floor: Operation = unary('floor', code.FLOOR)
export const round: Operation = unary('round', code.ROUND)
export const clip: Operation = unary('clip', code.CLIP, 'low', 'high')

export const add: Operation = binary('add', code.ADD)
export const sub: Operation = binary('sub', code.SUB)
export const mul: Operation = binary('mul', code.MUL)
export const div: Operation = binary('div', code.DIV)
export const pow: Operation = binary('pow', code.POW)
export const maximum: Operation = binary('maximum', code.MAXIMUM)
export const minimum: Operation = binary('minimum', code.MINIMUM)
export const less: Operation = binary('less', code.LESS)
export const lessEqual: Operation = binary('lessEqual', code.LESS_EQUAL)
export const greater: Operation = binary('greater', code.GREATER)
export const greaterEqual: Operation = binary('greaterEqual', code.GREATER_EQUAL)
export const equal: Operation = binary('equal', code.EQUAL)
export const notEqual: Operation = binary('notEqual', code.NOT_EQUAL)

/** out[i, j] = condition[i, j] ≠ 0 ? a[i, j] : b[i, j], with broadcasting. */
export const where: Operation = {
  name: 'where',
  selector: 0,
  elementwise: true,
  shape: ([condition, a, b]) => broadcastShapes('where', broadcastShapes('where', a.shape, b.shape), condition.shape),
  forward(out, inputs) {
    const [condition, a, b] = inputs
    const [conditionRow, conditionCol] = [rowStep(condition), colStep(condition)]
    const [aRow, aCol, bRow, bCol] = [rowStep(a), colStep(a), rowStep(b), colStep(b)]
    const wide = Number(condition.dtype === 'float64')
    const numbers = [out.rows, out.cols, conditionRow, conditionCol, aRow, aCol, bRow, bCol, wide]
    run('where', out.dtype, out, inputs, numbers)
  },
}

/** `a` repeated to a larger shape: each of its sizes is 1 or already the wanted one. */
export const broadcastTo: Operation = {
  name: 'broadcastTo',
  shape([a], { rows, cols }) {
    checkShape('broadcastTo', rows, cols)
    if ((a.rows !== rows && a.rows !== 1) || (a.cols !== cols && a.cols !== 1))
      throw new ShapeError(`broadcastTo: ${formatShape(a.shape)} does not repeat to ${rows}x${cols}`)
    return [rows, cols]
  },
  forward(out, [a]) {
    run('copy', out.dtype, out, [a], [out.rows, out.cols, 0, out.cols, 1, 0, rowStep(a), colStep(a)])
  },
}
