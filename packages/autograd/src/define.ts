import { type Attributes, DTypeError, MatgradError, Matrix, type Operation, ShapeError } from '@matgrad/core'
import { checkNoMore, describe } from '@matgrad/core/internal'
import type { Op } from './op.ts'
import { applyOp, Variable } from './variable.ts'

/** Which parameter of a rule is the index of its input. */
const INDEX = 4

const listed = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(describe).join(', ')}]` : describe(value)

/**
 * A function on variables from an op with the contract of the built-in ones (PyTorch's `autograd.Function`): `shape` refuses
 * inputs that do not fit and gives the size of the result, `forward` writes its elements to `out.data`, and `vjp` has a rule
 * for each input, written with operations on variables, so that it has derivatives itself, or `null` for one without a
 * derivative; a last rule (g, y, inputs, attributes, index) serves all inputs from its own on. Without rules the result has no
 * derivative. The function takes its inputs in a list, then attributes, which all of these are handed, too:
 *
 *     const cube = defineOp({
 *       name: 'cube',
 *       shape: ([x]) => x.shape,
 *       forward(out, [x]) {
 *         for (let i = 0; i < x.data.length; i++) out.data[i] = x.data[i] ** 3
 *       },
 *       vjp: [(g, y, [x]) => g.mul(x.square()).mul(3)], // gᵀ·∂y/∂x
 *     })
 *     gradcheck((x) => cube([x]), [randn(2, 3, { dtype: 'float64' })], { order: 2 })
 *
 * @throws DTypeError when a part of the contract is missing or wrong, and from the function where `forward` returns a result
 * instead; MatgradError from the function for more inputs than rules, if there are rules and the last has no parameter for the
 * index.
 */
export function defineOp(op: Op, ...more: []): (inputs: readonly unknown[], attributes?: Attributes) => Variable {
  checkNoMore('defineOp', 'op', more)
  if (typeof op !== 'object' || op === null)
    throw new DTypeError(`defineOp: op is ${describe(op)}, wanted an object with name, shape, forward and vjp`)
  if (typeof op.name !== 'string' || op.name === '')
    throw new DTypeError('defineOp: the op has no name, wanted an object with name, shape, forward and vjp')
  for (const part of ['shape', 'forward'] as const)
    if (typeof op[part] !== 'function')
      throw new DTypeError(`defineOp: ${part} of ${op.name} is ${describe(op[part])}, wanted a function`)
  if (!Array.isArray(op.vjp))
    throw new DTypeError(`defineOp: vjp of ${op.name} is ${describe(op.vjp)}, wanted a list of rules`)
  for (const [i, rule] of op.vjp.entries())
    if (rule !== null && typeof rule !== 'function')
      throw new DTypeError(`defineOp: rule ${i} of ${op.name} is ${describe(rule)}, wanted a function or null`)
  const rules = op.vjp.length
  // One that is not told which input it is for would give several the gradient of one.
  const isTold = (op.vjp.at(-1)?.length ?? 0) > INDEX
  const own: Operation = {
    ...op,
    shape(inputs, attributes) {
      if (rules > 0 && inputs.length > rules && !isTold)
        throw new MatgradError(
          `${op.name}: got ${inputs.length} inputs and ${rules === 1 ? 'one rule' : `${rules} rules`}, wanted in vjp a rule or null for each; ` +
            'the last one serves more where it takes (g, y, inputs, attributes, index)',
        )
      const shape: unknown = op.shape(inputs, attributes)
      if (!(Array.isArray(shape) && shape.length === 2 && shape.every((size) => Number.isInteger(size) && size >= 0)))
        throw new ShapeError(`${op.name}: its shape gives ${listed(shape)}, wanted [rows, cols]`)
      return [shape[0], shape[1]]
    },
    forward(out, inputs, attributes, machine) {
      const given: unknown = op.forward(out, inputs, attributes, machine)
      // An arrow function may return what an assignment or `fill` gives: only another object is a result.
      if (typeof given === 'object' && given !== null && given !== out && given !== out.data)
        throw new DTypeError(`${op.name}: its forward gives ${describe(given)}, wanted nothing: it writes to out.data`)
    },
    // What a user's function does with the elements is not known: programs call it.
    program: 'host',
  }
  return (inputs, attributes) => {
    if (!Array.isArray(inputs) || !inputs.some((each) => each instanceof Variable || each instanceof Matrix))
      throw new DTypeError(`${op.name}: inputs are ${describe(inputs)}, wanted a list with a Variable or a Matrix`)
    return applyOp(own, [...inputs], attributes)
  }
}
