import { DTypeError, MatgradError, Matrix, type Operation, zeros } from '@matgrad/core'
import { checkNoMore, describe, operations } from '@matgrad/core/internal'
import { isRecording, withRecording } from './recording.ts'
import { history, pullBack } from './tape.ts'
import { constant, seedOf, Variable } from './variable.ts'

/** What a differentiated function is called with. */
export type Argument = Variable | Matrix

/** A function of variables whose value is a 1x1. */
export type ScalarFunction<Arguments extends unknown[]> = (...args: Arguments) => Variable

/** The same arguments where the caller may give matrices for variables. */
type Given<Arguments extends unknown[]> = {
  [I in keyof Arguments]: Arguments[I] | (Extract<Arguments[I], Variable> extends never ? never : Matrix)
}

/** The gradients asked for: one, or as many as there are argument numbers. */
type Gradients<N extends number | readonly number[]> = N extends number ? Variable : Variable[]

/** The op of an alias: a variable's value under another identity. */
const alias: Operation = {
  name: 'alias',
  shape: ([a]) => a.shape,
  forward: operations.clone.forward,
  vjp: [(g) => g],
}

/**
 * A variable to differentiate with respect to that has the value of `argument`. What a function uses through its
 * parameter is thereby told apart from what it uses of the same variable otherwise, and a compiled function sees that
 * somebody differentiates it.
 */
function aliasOf(operation: string, argument: unknown, position: number): Variable {
  const given = argument instanceof Matrix ? constant(argument) : argument
  if (!(given instanceof Variable))
    throw new DTypeError(`${operation}: argument ${position} is ${describe(argument)}, wanted a Variable or a Matrix`)
  return new Variable(given.matrix, true, { op: alias, inputs: [given], attributes: undefined })
}

/**
 * The function (…args) → [f(…args), ∂f/∂argsᵢ], with i = argnums, a number or a list of them. The gradients are variables:
 * they have derivatives themselves where f is called with variables, or uses some, that require a gradient. Parameters of f
 * without a type are variables.
 *
 * @throws DTypeError for an argument that is not a Variable or a Matrix; ShapeError unless the value is 1x1; MatgradError
 * for an argument number that does not exist.
 */
export function valueAndGrad<Arguments extends unknown[] = Variable[], const N extends number | readonly number[] = 0>(
  f: ScalarFunction<Arguments>,
  argnums?: N,
  ...more: []
): (...args: Given<Arguments>) => [value: Variable, gradient: Gradients<N>] {
  checkNoMore('valueAndGrad', 'f, argnums', more)
  return differentiated('valueAndGrad', f, argnums)
}

/** The same, whose errors speak of `operation`. */
function differentiated<Arguments extends unknown[], const N extends number | readonly number[]>(
  operation: string,
  f: ScalarFunction<Arguments>,
  argnums: N | undefined,
): (...args: Given<Arguments>) => [value: Variable, gradient: Gradients<N>] {
  if (typeof f !== 'function') throw new DTypeError(`${operation}: f is ${describe(f)}, wanted a function`)
  if (argnums !== undefined && typeof argnums !== 'number' && !Array.isArray(argnums))
    throw new DTypeError(`${operation}: argnums is ${describe(argnums)}, wanted a number or an array of numbers`)
  const wanted: readonly number[] = typeof argnums === 'number' ? [argnums] : (argnums ?? [0])
  return (...args) => {
    for (const i of wanted)
      if (!(Number.isInteger(i) && i >= 0 && i < args.length))
        throw new MatgradError(`${operation}: argnums has ${describe(i)}, wanted whole numbers below ${args.length}`)
    const outside = isRecording()
    const variables = args.map((argument, i) =>
      wanted.includes(i) ? aliasOf(operation, argument, i) : argument instanceof Matrix ? constant(argument) : argument,
    )
    const ends = new Set(wanted.map((i) => variables[i] as Variable))
    const value = withRecording(true, () => f(...(variables as Arguments)))
    if (!(value instanceof Variable)) throw new DTypeError(`${operation}: f gave ${describe(value)}, wanted a Variable`)
    const seed = seedOf(operation, value)
    const nodes = history(value, ends)
    const goesOn = outside && dependsOnOthers(nodes, ends)
    const cotangents = withRecording(goesOn, () => pullBack(nodes, seed, ends))
    const gradients = wanted.map((i) => {
      const end = variables[i] as Variable
      return cotangents.get(end)?.cotangent ?? constant(zeros(end.rows, end.cols, { dtype: end.dtype }))
    })
    const result = goesOn ? value : value.detach()
    return [result, (typeof argnums === 'object' ? gradients : gradients[0]) as Gradients<N>]
  }
}

/** Whether a value depends, beside the new aliases, on variables that somebody may differentiate with respect to. */
const dependsOnOthers = (nodes: readonly Variable[], ends: ReadonlySet<Variable>): boolean =>
  nodes.some((node) => node.requiresGrad && ends.has(node) !== isStart(node))

/** Whether nothing that a variable was computed from requires a gradient. */
const isStart = ({ origin }: Variable): boolean => !origin?.inputs.some((input) => input.requiresGrad)

/**
 * The function (…args) → ∂f/∂argsᵢ, with i = argnums. Compose it for higher derivatives: grad(grad(f)).
 *
 * @throws what valueAndGrad throws.
 */
export function grad<Arguments extends unknown[] = Variable[], const N extends number | readonly number[] = 0>(
  f: ScalarFunction<Arguments>,
  argnums?: N,
  ...more: []
): (...args: Given<Arguments>) => Gradients<N> {
  checkNoMore('grad', 'f, argnums', more)
  const both = differentiated('grad', f, argnums)
  return (...args) => both(...args)[1]
}
