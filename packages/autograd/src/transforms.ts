import { concat, DTypeError, MatgradError, Matrix, type Operation, ShapeError, zeros } from '@matgrad/core'
import { checkNoMore, describe, didYouMean, formatShape, operations } from '@matgrad/core/internal'
import { isRecording, withRecording } from './recording.ts'
import { history, pullBack } from './tape.ts'
import { contains, type Flat, flatten, isBranch, leavesLike, mapTree, someLeaf } from './tree.ts'
import { constant, seedOf, Variable } from './variable.ts'

/** What a differentiated function is called with, alone or in arrays and plain objects. */
export type Argument = Variable | Matrix

/** A function of variables whose value is a 1x1. */
export type ScalarFunction<Arguments extends unknown[]> = (...args: Arguments) => Variable

// biome-ignore lint/suspicious/noExplicitAny: any function
type AnyFunction = (...args: any[]) => unknown

/** An argument where the caller may give matrices for variables. */
type GivenFor<T> = T extends Variable
  ? T | Matrix
  : T extends Matrix | AnyFunction
    ? T
    : T extends object
      ? T | { readonly [K in keyof T]: GivenFor<T[K]> }
      : T

/** The same arguments where the caller may give matrices for variables. */
type Given<Arguments extends unknown[]> = { [I in keyof Arguments]: GivenFor<Arguments[I]> }

/** The same arrays and objects with other leaves: of the leaf `Sizes` where that is given, else variables of the same shapes. */
type Like<T, Leaf = never> = T extends Variable<infer R, infer C> | Matrix<infer R, infer C>
  ? [Leaf] extends [never]
    ? Variable<R, C>
    : Leaf
  : T extends object
    ? { [K in keyof T]: Like<T[K], Leaf> }
    : never

/** Gradients by the arguments of these numbers. */
type GradientList<Arguments extends unknown[], N extends readonly number[]> = N extends readonly [
  infer I extends number,
  ...infer Rest extends readonly number[],
]
  ? [Like<Arguments[I]>, ...GradientList<Arguments, Rest>]
  : N extends readonly []
    ? []
    : Like<Arguments[number]>[]

/** The gradients asked for: one, or as many as there are argument numbers. */
type Gradients<Arguments extends unknown[], N extends number | readonly number[]> = N extends readonly number[]
  ? GradientList<Arguments, N>
  : Like<Arguments[N & number]>

/** A matrix for each variable of T. */
type Vectors<T> = T extends Variable<infer R, infer C> | Matrix<infer R, infer C>
  ? Variable<R, C> | Matrix<R, C> | Variable | Matrix
  : T extends object
    ? { readonly [K in keyof T]: Vectors<T[K]> }
    : never

/** The op of an alias: a variable's value under another identity. */
const alias: Operation = {
  name: 'alias',
  shape: ([a]) => a.shape,
  forward: operations.clone.forward,
  vjp: [(g) => g],
}

/** The op of a root above several, whose cotangents are its attributes. */
const joint: Operation = {
  name: 'joint',
  shape: ([a]) => a.shape,
  forward: operations.clone.forward,
  vjp: [(_g, _y, _inputs, cotangents, i) => cotangents[i]],
}

function toLeaf(operation: string, value: unknown, name: string): Variable {
  if (value instanceof Variable) return value
  if (value instanceof Matrix) return constant(value)
  throw new DTypeError(`${operation}: ${name} is ${describe(value)}, wanted a Variable or a Matrix`)
}

/** The variables in an argument. @throws DTypeError unless there is nothing else in it. */
function flatOf(operation: string, what: string, tree: unknown): Flat<Variable> {
  const flat = flatten(operation, what, tree, (value, name) => toLeaf(operation, value, name))
  if (flat.leaves.length === 0) toLeaf(operation, tree, what)
  return flat
}

/**
 * A variable to differentiate with respect to that has the value of `given`. What a function uses through its
 * parameter is thereby told apart from what it uses of the same variable otherwise, and a compiled function sees that
 * somebody differentiates it.
 */
const aliasOf = (given: Variable): Variable =>
  new Variable(given.matrix, true, { op: alias, inputs: [given], attributes: undefined })

/** A variable, and those that it is an alias of: a transform inside another is given aliases. */
function standsFor(given: Variable): Variable[] {
  const { origin } = given
  return origin?.op === alias ? [given, ...origin.inputs.flatMap(standsFor)] : [given]
}

/** An argument that is not differentiated: it may be anything, with constants in the place of matrices. */
function asVariables(operation: string, what: string, argument: unknown): unknown {
  if (argument instanceof Matrix) return constant(argument)
  if (!isBranch(argument) || !someLeaf(operation, what, argument, (leaf) => leaf instanceof Matrix)) return argument
  return mapTree(operation, what, argument, (leaf) => (leaf instanceof Matrix ? constant(leaf) : leaf))
}

/** Whether a value depends, beside `ends`, on variables that somebody may differentiate with respect to. */
const dependsOnOthers = (nodes: readonly Variable[], ends: ReadonlySet<Variable>): boolean =>
  nodes.some((node) => node.requiresGrad && ends.has(node) !== isStart(node))

/** Whether nothing that a variable was computed from requires a gradient. */
const isStart = ({ origin }: Variable): boolean => !origin?.inputs.some((input) => input.requiresGrad)

/** The way back from `roots` to `ends`, which may be gone with many cotangents. */
class Path {
  /** Whether the roots depend on what somebody else may differentiate with respect to. */
  readonly goesOn: boolean
  private readonly roots: readonly Variable[]
  private readonly ends: ReadonlySet<Variable>
  private readonly wanted: ReadonlySet<Variable>
  private readonly cotangents: Variable[] = []
  private readonly nodes: readonly Variable[]

  /** @param wanted which of `ends` are to have cotangents */
  constructor(roots: readonly Variable[], ends: ReadonlySet<Variable>, wanted: ReadonlySet<Variable> = ends) {
    this.roots = roots
    this.ends = ends
    this.wanted = wanted
    const [first, ...others] = roots
    const root =
      others.length === 0
        ? first
        : new Variable(
            first.matrix,
            roots.some(({ requiresGrad }) => requiresGrad),
            { op: joint, inputs: roots, attributes: this.cotangents },
          )
    this.nodes = root ? history(root, ends) : []
    this.goesOn = dependsOnOthers(this.nodes, ends)
  }

  /** Whether the roots depend on one of `ends`. */
  goesThrough(end: Variable): boolean {
    return this.nodes[end.position] === end
  }

  /** Whether anything on the way is a variable, or was computed from it, and not through one of `ends`. */
  uses(variable: Variable): boolean {
    const { nodes, ends } = this
    return nodes.some(
      (node) => node === variable || (!ends.has(node) && node.origin?.inputs.includes(variable) === true),
    )
  }

  /**
   * The cotangents of those that are wanted for those of the roots; what the roots do not depend on has none. They have a history
   * themselves where somebody may differentiate them, or `always` while operations are recorded.
   */
  pull(cotangents: readonly Variable[], always = false): ReadonlyMap<Variable, Variable> {
    const { roots, ends, wanted, nodes } = this
    if (roots.length === 0) return new Map()
    const records = isRecording() && (always || this.goesOn || cotangents.some((cotangent) => cotangent.requiresGrad))
    this.cotangents.splice(0, roots.length, ...cotangents)
    const reached = withRecording(records, () => pullBack(nodes, cotangents[0], ends, wanted))
    this.cotangents.length = 0
    const found = new Map<Variable, Variable>()
    for (const [end, { cotangent }] of reached) if (wanted.has(end)) found.set(end, cotangent)
    return found
  }
}

/** What is called so in messages. */
const VALUE = 'the value'

/** What a function gave for aliases of its arguments. */
class Point {
  readonly value: Flat<Variable>
  /** The aliases. */
  readonly ends: ReadonlySet<Variable>
  /** The way back from the value to them. */
  readonly path: Path
  /** Those of each argument that it is differentiated with respect to. */
  private readonly aliases: readonly (readonly Variable[])[]
  private readonly given: readonly Flat<Variable>[]
  private readonly outside: boolean = isRecording()

  /**
   * @param given the variables in the arguments to differentiate with respect to, whose numbers are `wanted`
   * @throws DTypeError unless f gives variables.
   */
  constructor(
    operation: string,
    f: AnyFunction,
    args: readonly unknown[],
    given: readonly Flat<Variable>[],
    wanted: readonly number[] = args.map((_, i) => i),
  ) {
    this.given = given
    this.aliases = given.map(({ leaves }) => leaves.map(aliasOf))
    this.ends = new Set(this.aliases.flat())
    const variables = args.map((argument, i) => {
      const at = wanted.indexOf(i)
      return at < 0 ? asVariables(operation, `argument ${i}`, argument) : given[at].build(this.aliases[at])
    })
    const value = withRecording(true, () => f(...variables))
    const refuse = (leaf: unknown, where = ''): never => {
      throw new DTypeError(`${operation}: f gave ${describe(leaf)}${where}, wanted a Variable`)
    }
    this.value = flatten(operation, VALUE, value, (leaf, name) =>
      leaf instanceof Variable ? leaf : refuse(leaf, name === VALUE ? '' : ` for ${name}`),
    )
    if (this.value.leaves.length === 0) refuse(value)
    this.path = new Path(this.value.leaves, this.ends)
    this.checkUsed(
      operation,
      args.filter((_, i) => !wanted.includes(i)),
    )
  }

  /**
   * @throws MatgradError where f computes with a variable that it was called with and not with the parameter that stands for it.
   */
  private checkUsed(operation: string, constants: readonly unknown[]): void {
    const isUsed = (leaf: Variable): boolean => !contains(constants, leaf) && this.path.uses(leaf)
    for (const [i, { leaves, names }] of this.given.entries())
      for (const [j, leaf] of leaves.entries()) {
        if (this.path.goesThrough(this.aliases[i][j]) || !standsFor(leaf).some(isUsed)) continue
        throw new MatgradError(
          `${operation}: f computes with ${names[j]} itself (${formatShape(leaf.shape)}), a constant there, and not with its ` +
            "parameter, wanted a function of that: a model's is functionalCall(model, parameters, x) of @matgrad/nn",
        )
      }
  }

  /** The value, without its history where nobody differentiates it. */
  result(): unknown {
    const { leaves } = this.value
    return this.value.build(
      leaves.map((leaf) => {
        if (this.outside && this.path.goesOn) return leaf
        return this.ends.has(leaf) ? constant(leaf.matrix.clone()) : leaf.detach()
      }),
    )
  }

  /** Trees like the arguments, of what their aliases have in a map, or zeros. */
  likeArguments(found: ReadonlyMap<Variable, Variable>): unknown[] {
    return this.given.map((flat, i) => flat.build(this.aliases[i].map((end) => found.get(end) ?? zerosLike(end))))
  }

  /** The cotangents of the aliases by variables `seeds` that stand for those of the value, which they are linear in. */
  transpose(): { readonly seeds: readonly Variable[]; readonly back: ReadonlyMap<Variable, Variable> } {
    const seeds = this.value.leaves.map((leaf) => new Variable(zerosLike(leaf).matrix, true))
    return { seeds, back: withRecording(true, () => this.path.pull(seeds)) }
  }
}

const zerosLike = ({ rows, cols, dtype }: Variable): Variable => constant(zeros(rows, cols, { dtype }))

/**
 * The variables in a tree that belongs to another, converted to the dtypes there.
 *
 * @throws DTypeError unless it has the same arrays and objects; ShapeError for another shape.
 */
function vectorsFor(
  operation: string,
  what: string,
  tree: unknown,
  { leaves, names, build }: Flat<Variable>,
): Variable[] {
  return leavesLike(operation, what, tree, build(leaves)).map((given, i) => {
    const name = what + names[i].slice(names[i].split(/[.[]/, 1)[0].length)
    const vector = toLeaf(operation, given, name)
    const { shape, dtype } = leaves[i]
    if (vector.rows !== shape[0] || vector.cols !== shape[1])
      throw new ShapeError(`${operation}: ${name} is ${formatShape(vector.shape)}, wanted ${formatShape(shape)}`)
    return vector.dtype === dtype ? vector : vector.astype(dtype)
  })
}

function checkFunction(operation: string, f: unknown): asserts f is AnyFunction {
  if (typeof f !== 'function') throw new DTypeError(`${operation}: f is ${describe(f)}, wanted a function`)
}

/** Variables in whose matrices a result may be without sharing the caller's. */
const owned = (variables: readonly Variable[]): Variable[] =>
  variables.map((each) => (each.requiresGrad ? each : constant(each.matrix.clone())))

/** The variables in arguments that are in a list, and those in a vector for each. */
function argumentsAndVectors(
  operation: string,
  args: unknown,
  vectors: unknown,
  what: string,
): { given: Flat<Variable>[]; along: Variable[] } {
  for (const [name, list] of [
    ['args', args],
    [`${what}s`, vectors],
  ])
    if (!Array.isArray(list)) throw new DTypeError(`${operation}: ${name} are ${describe(list)}, wanted an array`)
  const [given, others] = [args, vectors] as [unknown[], unknown[]]
  if (given.length !== others.length)
    throw new MatgradError(`${operation}: got ${given.length} arguments and ${others.length} ${what}s, wanted as many`)
  const flats = given.map((argument, i) => flatOf(operation, `argument ${i}`, argument))
  return {
    given: flats,
    along: owned(flats.flatMap((flat, i) => vectorsFor(operation, `${what} ${i}`, others[i], flat))),
  }
}

/** The seed of a backward pass from what f gave. @throws ShapeError or DTypeError unless that is one 1x1. */
function onlySeed(operation: string, { leaves, names }: Flat<Variable>): Variable {
  if (leaves.length !== 1 || names[0] !== VALUE)
    throw new DTypeError(`${operation}: f gave ${leaves.length} variables in arrays or objects, wanted one, a 1x1`)
  return seedOf(operation, leaves[0])
}

/**
 * The function (…args) → [f(…args), ∂f/∂argsᵢ], with i = argnums, a number or a list of them, 0 unless given. An argument may
 * be an array or a plain object of variables, nested, and its gradient is one, too. Gradients are variables: they have
 * derivatives themselves where f is called with variables, or uses some, that require a gradient. Parameters of f without a
 * type are variables.
 *
 * @throws DTypeError for an argument that is not made of Variables and Matrices; ShapeError unless the value is 1x1; MatgradError
 * for an argument number that does not exist.
 */
export function valueAndGrad<Arguments extends unknown[] = Variable[], const N extends number | readonly number[] = 0>(
  f: ScalarFunction<Arguments>,
  argnums?: N,
  ...more: []
): (...args: Given<Arguments>) => [value: Variable, gradient: Gradients<Arguments, N>] {
  checkNoMore('valueAndGrad', 'f, argnums', more)
  return differentiated('valueAndGrad', f, argnums)
}

/** The same, whose errors speak of `operation`. */
function differentiated<Arguments extends unknown[], const N extends number | readonly number[]>(
  operation: string,
  f: ScalarFunction<Arguments>,
  argnums: N | undefined,
): (...args: Given<Arguments>) => [value: Variable, gradient: Gradients<Arguments, N>] {
  checkFunction(operation, f)
  if (argnums !== undefined && typeof argnums !== 'number' && !Array.isArray(argnums))
    throw new DTypeError(
      `${operation}: argnums is ${describe(argnums)}, wanted a number or an array of numbers` +
        didYouMean(
          (argnums as unknown) instanceof Matrix || (argnums as unknown) instanceof Variable
            ? `${operation}(f)(x)`
            : undefined,
        ),
    )
  const wanted: readonly number[] = typeof argnums === 'number' ? [argnums] : (argnums ?? [0])
  return (...args) => {
    for (const i of wanted)
      if (!(Number.isInteger(i) && i >= 0 && i < args.length))
        throw new MatgradError(`${operation}: argnums has ${describe(i)}, wanted whole numbers below ${args.length}`)
    const numbers = [...new Set(wanted)]
    const given = numbers.map((i) => flatOf(operation, `argument ${i}`, args[i]))
    const point = new Point(operation, f, args, given, numbers)
    const found = point.path.pull([onlySeed(operation, point.value)])
    const gradients = point.likeArguments(found)
    const all = wanted.map((i) => gradients[numbers.indexOf(i)])
    return [point.result() as Variable, (typeof argnums === 'object' ? all : all[0]) as Gradients<Arguments, N>]
  }
}

/**
 * The function (…args) → ∂f/∂argsᵢ, with i = argnums, 0 unless given (JAX's `grad`). Compose it for higher derivatives:
 * grad(grad(f)). The gradient of an array or an object of variables is one of gradients: `grad(f)({ w, b })` is `{ w, b }`.
 *
 * @throws what valueAndGrad throws.
 */
export function grad<Arguments extends unknown[] = Variable[], const N extends number | readonly number[] = 0>(
  f: ScalarFunction<Arguments>,
  argnums?: N,
  ...more: []
): (...args: Given<Arguments>) => Gradients<Arguments, N> {
  checkNoMore('grad', 'f, argnums', more)
  const both = differentiated('grad', f, argnums)
  return (...args) => both(...args)[1]
}

/**
 * `[f(…args), pullback]`: the pullback takes a cotangent g like the value to gᵀ·∂f/∂args, one for each argument, in a list
 * (JAX's `vjp`). It may be called many times, and without g where the value is 1x1. Arguments and values are variables of any
 * shape, or arrays and plain objects of them. The pullback has derivatives itself, as gradients of `grad` do.
 *
 * @throws DTypeError unless f is a function, the arguments are made of Variables and Matrices, f gives Variables, and g has the
 * same arrays and objects as the value; ShapeError for a g of another shape.
 */
export function vjp<Arguments extends unknown[] = Variable[], Value = Variable>(
  f: (...args: Arguments) => Value,
  ...args: NoInfer<Given<Arguments>>
): [value: Value, pullback: (cotangent?: Vectors<Value>, ...more: []) => Like<Arguments>] {
  checkFunction('vjp', f)
  const given = args.map((argument, i) => flatOf('vjp', `argument ${i}`, argument))
  const point = new Point('vjp', f, args, given)
  return [
    point.result() as Value,
    (cotangent, ...more) => {
      checkNoMore('pullback', 'cotangent', more)
      const cotangents =
        cotangent === undefined
          ? [onlySeed('vjp', point.value)]
          : owned(vectorsFor('vjp', 'the cotangent', cotangent, point.value))
      return point.likeArguments(point.path.pull(cotangents)) as Like<Arguments>
    },
  ]
}

/**
 * `[f(…args), ∂f/∂args · tangents]`: the derivative of f along the tangents, one like each argument, which is like the value (JAX's
 * `jvp`). Rules here go backward; the pullback is linear in its cotangent, so that its own pullback goes forward. It takes about
 * half as long again as a gradient, however many arguments and elements of the value there are.
 *
 * @throws DTypeError unless f is a function, arguments and tangents are lists, made of Variables and Matrices with the same
 * arrays and objects, and f gives Variables; MatgradError unless there are as many tangents as arguments; ShapeError for a
 * tangent of another shape.
 */
export function jvp<Arguments extends unknown[] = Variable[], Value = Variable>(
  f: (...args: Arguments) => Value,
  args: NoInfer<Readonly<Given<Arguments>>>,
  tangents: NoInfer<Readonly<Vectors<Arguments>>>,
  ...more: []
): [value: Value, tangent: Like<Value>] {
  checkNoMore('jvp', 'f, args, tangents', more)
  checkFunction('jvp', f)
  const { given, along } = argumentsAndVectors('jvp', args, tangents, 'tangent')
  const point = new Point('jvp', f, args as readonly unknown[], given)
  const { seeds, back } = point.transpose()
  const tangentOf = new Map([...point.ends].map((end, i) => [end, along[i]]))
  const wanted = new Set(seeds)
  const path = new Path([...back.values()], new Set([...seeds, ...point.ends]), wanted)
  const found = path.pull([...back.keys()].map((end) => tangentOf.get(end) as Variable))
  const tangent = point.value.build(seeds.map((seed) => found.get(seed) ?? zerosLike(seed)))
  return [point.result() as Value, tangent as Like<Value>]
}

/**
 * Σⱼ ∂²f/∂argsᵢ∂argsⱼ · vectorsⱼ for each argument i, in a list: the Hessian's product with a vector like the arguments, without
 * the Hessian. It is a pullback of the gradient, whose transpose it is: `jvp` of `grad` gives the same in twice the time or more.
 * It takes two to three times as long as a gradient.
 *
 * @throws as jvp does; ShapeError unless the value is 1x1.
 */
export function hvp<Arguments extends unknown[] = Variable[]>(
  f: ScalarFunction<Arguments>,
  args: NoInfer<Readonly<Given<Arguments>>>,
  vectors: NoInfer<Readonly<Vectors<Arguments>>>,
  ...more: []
): Like<Arguments> {
  checkNoMore('hvp', 'f, args, vectors', more)
  checkFunction('hvp', f)
  const { given, along } = argumentsAndVectors('hvp', args, vectors, 'vector')
  const point = new Point('hvp', f, args as readonly unknown[], given)
  const seed = onlySeed('hvp', point.value)
  const gradients = withRecording(true, () => point.path.pull([seed], true))
  const vectorOf = new Map([...point.ends].map((end, i) => [end, along[i]]))
  const path = new Path([...gradients.values()], point.ends)
  const found = path.pull([...gradients.keys()].map((end) => vectorOf.get(end) as Variable))
  return point.likeArguments(found) as Like<Arguments>
}

const sizeOf = ({ rows, cols }: Variable): number => rows * cols

const sizeOfAll = (variables: readonly Variable[]): number => variables.reduce((sum, each) => sum + sizeOf(each), 0)

/** A constant like a variable, of zeros with a 1 in place i, row by row. */
function unitLike({ rows, cols, dtype }: Variable, i: number): Variable {
  const unit = zeros(rows, cols, { dtype })
  unit.set(Math.floor(i / cols), i % cols, 1)
  return constant(unit)
}

/**
 * What the path from `root` gives to each of `others` for a 1 in each place of it: the elements of each in a row, one below the
 * other, or with axis 1 in columns beside one another.
 */
function linesOf(root: Variable, path: Path, others: readonly Variable[], axis: 0 | 1): Variable[] {
  const found = Array.from({ length: sizeOf(root) }, (_, i) => path.pull([unitLike(root, i)]))
  return others.map((other) => {
    const [rows, cols] = axis === 0 ? [1, sizeOf(other)] : [sizeOf(other), 1]
    const lines = found.map((each) => (each.get(other) ?? zerosLike(other)).reshape(rows, cols))
    if (lines.length > 0) return concat(lines, axis) as Variable
    return constant(zeros(axis === 0 ? 0 : rows, axis === 0 ? cols : 0, { dtype: other.dtype }))
  })
}

/** The Jacobians of f's values by the variables in x, as a tree like the value of trees like x. */
function jacobianOf(operation: string, f: AnyFunction, x: unknown): unknown {
  const given = flatOf(operation, 'x', x)
  const point = new Point(operation, f, [x], [given])
  const { value, ends } = point
  const inputs = [...ends]
  if (sizeOfAll(value.leaves) <= sizeOfAll(inputs))
    return value.build(value.leaves.map((leaf) => given.build(linesOf(leaf, new Path([leaf], ends), inputs, 0))))
  const { seeds, back } = point.transpose()
  const columns = inputs.map((input) => {
    const root = back.get(input) ?? zerosLike(input)
    const path = new Path([root], new Set([...seeds, ...ends]), new Set(seeds))
    return linesOf(root, path, seeds, 1).map((block) => block.astype(input.dtype))
  })
  return value.build(seeds.map((_, k) => given.build(columns.map((blocks) => blocks[k]))))
}

/**
 * The derivatives of all elements of f(x) by all elements of x: for x of r x c and f(x) of p x q a (p·q)x(r·c) matrix, both counted
 * row by row. It is computed by rows or by columns, whichever are fewer. Of an array or object x it is one of Jacobians, and where
 * f gives an array or object, one of such: `jacobian(f, { w, b })` of f that gives a variable is `{ w, b }`.
 *
 * @throws DTypeError unless f is a function, x is made of Variables and Matrices, and f gives Variables.
 */
export function jacobian<X = Variable, Value = Variable>(
  f: (x: X) => Value,
  x: NoInfer<GivenFor<X>>,
  ...more: []
): Like<Value, Like<X, Variable>> {
  checkNoMore('jacobian', 'f, x', more)
  checkFunction('jacobian', f)
  return jacobianOf('jacobian', f, x) as Like<Value, Like<X, Variable>>
}

/**
 * The second derivatives of f, a function to 1x1: for x of r x c an (r·c)x(r·c) matrix, counted row by row. Of an object x it
 * is one of objects, `hessian(f, { w, b }).w.b` the derivatives by w and then b.
 *
 * @throws as jacobian does; ShapeError unless the value is 1x1.
 */
export function hessian<X = Variable>(
  f: (x: X) => Variable,
  x: NoInfer<GivenFor<X>>,
  ...more: []
): Like<X, Like<X, Variable>> {
  checkNoMore('hessian', 'f, x', more)
  checkFunction('hessian', f)
  const gradient = (at: unknown): unknown => {
    const point = new Point('hessian', f, [at], [flatOf('hessian', 'x', at)])
    return point.likeArguments(point.path.pull([onlySeed('hessian', point.value)]))[0]
  }
  return jacobianOf('hessian', gradient, x) as Like<X, Like<X, Variable>>
}
