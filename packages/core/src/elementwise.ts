import { ShapeError } from './errors.ts'
import * as code from './opcodes.ts'
import { colStep, type Operation, rowStep, run } from './operation.ts'
import { broadcastShapes, checkNumber, checkShape, formatShape } from './shape.ts'

/** out[i, j] = f(a[i, j]). `parameters` names the numbers that the operation takes beside its input, at most two. */
function unary(name: string, opcode: number, ...parameters: string[]): Operation {
  const [p, q] = parameters
  return {
    name,
    shape([a], attributes) {
      for (const parameter of parameters) checkNumber(name, parameter, attributes[parameter])
      return a.shape
    },
    forward(out, inputs, attributes) {
      run('unary', out.dtype, out, inputs, [opcode, out.data.length, p ? attributes[p] : 0, q ? attributes[q] : 0])
    },
  }
}

/** out[i, j] = f(a[i, j], b[i, j]), with broadcasting. */
function binary(name: string, opcode: number): Operation {
  return {
    name,
    shape: ([a, b]) => broadcastShapes(name, a.shape, b.shape),
    forward(out, inputs) {
      const [a, b] = inputs
      const flat = a.data.length === b.data.length && a.rows === b.rows
      const layout = flat
        ? [1, out.data.length, 0, 1, 0, 1]
        : [out.rows, out.cols, rowStep(a), colStep(a), rowStep(b), colStep(b)]
      run('binary', out.dtype, out, inputs, [opcode, ...layout])
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
