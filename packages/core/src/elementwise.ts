import type { TypedArray } from './dtype.ts'
import { ShapeError } from './errors.ts'
import * as code from './opcodes.ts'
import { type Block, colStep, type Operation, rowStep, run, runOn } from './operation.ts'
import { broadcastShapes, checkNumber, checkShape, formatShape } from './shape.ts'

/**
 * The most elements that go through a kernel at once. Larger operands take their turn in pieces that stay in the cache,
 * and need no more WebAssembly memory than a piece.
 */
const PIECE = 16384

/** Elements start … end − 1, without a new view where that is all of them. */
const pieceOf = (data: TypedArray, start: number, end: number): TypedArray =>
  start === 0 && end === data.length ? data : data.subarray(start, end)

/** Calls `visit` with the starts and ends of pieces of at most `size` that make up 0 … length − 1. */
function inPieces(length: number, size: number, visit: (start: number, end: number) => void): void {
  for (let start = 0; start < length; start += size) visit(start, Math.min(length, start + size))
}

/** out[i, j] = f(a[i, j]). `parameters` names the numbers that the operation takes beside its input, at most two. */
function unary(name: string, opcode: number, ...parameters: string[]): Operation {
  const [p, q] = parameters
  return {
    name,
    shape([a], attributes) {
      for (const parameter of parameters) checkNumber(name, parameter, attributes[parameter])
      return a.shape
    },
    forward(out, [a], attributes) {
      const numbers = [p ? attributes[p] : 0, q ? attributes[q] : 0]
      inPieces(out.data.length, PIECE, (start, end) => {
        const input = [pieceOf(a.data, start, end)]
        runOn('unary', out.dtype, pieceOf(out.data, start, end), input, [opcode, end - start, ...numbers])
      })
    },
  }
}

/** How an operand is read: the distance in elements to its next row and to its next column, 0 where it is repeated. */
interface Steps {
  readonly row: number
  readonly col: number
}

/**
 * Rows and columns that give the same walk through the result as its own, but longer: what lies in one line is one row,
 * and a column becomes a row.
 */
function flatten(out: Block, inputs: readonly Block[]): { rows: number; cols: number; steps: Steps[] } {
  if (inputs.every(({ rows, cols }) => rows === out.rows && cols === out.cols))
    return { rows: 1, cols: out.data.length, steps: inputs.map(() => inLine) }
  const steps = inputs.map((input): Steps => ({ row: rowStep(input), col: colStep(input) }))
  if (out.cols === 1) return { rows: 1, cols: out.rows, steps: steps.map(({ row }) => ({ row: 0, col: row })) }
  const one = steps.every(({ row, col }) => row === col * out.cols)
  return one ? { rows: 1, cols: out.data.length, steps } : { rows: out.rows, cols: out.cols, steps }
}

const inLine: Steps = { row: 0, col: 1 }

/** out[i, j] = f(a[i, j], b[i, j]), with broadcasting. */
function binary(name: string, opcode: number): Operation {
  return {
    name,
    shape: ([a, b]) => broadcastShapes(name, a.shape, b.shape),
    forward(out, inputs) {
      const { rows, cols, steps } = flatten(out, inputs)
      const layout = [steps[0].row, steps[0].col, steps[1].row, steps[1].col]
      const byCols = rows === 1
      inPieces(byCols ? cols : rows, byCols ? PIECE : Math.max(1, Math.floor(PIECE / cols)), (start, end) => {
        const partOf = (data: TypedArray, step: number): TypedArray =>
          step === 0 ? data : pieceOf(data, start * step, end * step)
        const operands = inputs.map(({ data }, i) => partOf(data, byCols ? steps[i].col : steps[i].row))
        const size = byCols ? [1, end - start] : [end - start, cols]
        runOn('binary', out.dtype, partOf(out.data, byCols ? 1 : cols), operands, [opcode, ...size, ...layout])
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
  shape: ([condition, a, b]) => broadcastShapes('where', broadcastShapes('where', a.shape, b.shape), condition.shape),
  forward(out, inputs) {
    const steps = inputs.flatMap((input) => [rowStep(input), colStep(input)])
    run('where', out.dtype, out, inputs, [out.rows, out.cols, ...steps, Number(inputs[0].dtype === 'float64')])
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
