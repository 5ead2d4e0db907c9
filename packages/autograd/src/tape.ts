import { DTypeError, MatgradError, type Matrix, type Operation, type Rule, ShapeError, zeros } from '@matgrad/core'
import {
  describe,
  endTemporaries,
  formatShape,
  settle,
  startTemporaries,
  startWalk,
  tracer,
  useTemporaries,
  withTracer,
} from '@matgrad/core/internal'
import { detector } from './detector.ts'
import { isBuiltIn, ruleOf } from './op.ts'
import { gradientWatch, isRecording, withRecording } from './recording.ts'
import { isStale, withoutStale } from './stale.ts'
import type { Origin, Variable } from './variable.ts'

const noEnds: ReadonlySet<Variable> = new Set()

/**
 * The variables that `root` was computed from and that require a gradient, itself included, newest first: every variable
 * comes before its inputs. The search does not look behind the variables in `ends`.
 */
export function history(root: Variable, ends: ReadonlySet<Variable> = noEnds): Variable[] {
  const nodes = [root]
  root.position = 0
  for (let i = 0; i < nodes.length; i++) {
    const { origin } = nodes[i]
    if (!origin || ends.has(nodes[i])) continue
    for (const input of origin.inputs)
      if (input.requiresGrad && nodes[input.position] !== input) input.position = nodes.push(input) - 1
  }
  sortNewestFirst(nodes)
  number(nodes)
  return nodes
}

/** Up to this many, insertion is faster than what V8 has: the search finds them almost in order. */
const FEW = 64

function sortNewestFirst(nodes: Variable[]): void {
  if (nodes.length > FEW) {
    nodes.sort((a, b) => b.created - a.created)
    return
  }
  for (let i = 1; i < nodes.length; i++) {
    const node = nodes[i]
    let j = i
    for (; j > 0 && nodes[j - 1].created < node.created; j--) nodes[j] = nodes[j - 1]
    nodes[j] = node
  }
}

function number(nodes: readonly Variable[]): void {
  for (let i = 0; i < nodes.length; i++) nodes[i].position = i
}

/** Where `node` is in a history that it is in. Another history, searched since, may have numbered it anew. */
function positionIn(nodes: readonly Variable[], node: Variable): number {
  if (nodes[node.position] !== node) number(nodes)
  return node.position
}

/** The cotangent of a broadcast input: summed down to its shape, in its dtype. */
function sumDown(op: Operation, cotangent: Variable, input: Variable): Variable {
  if (cotangent?.constructor !== input.constructor)
    throw new DTypeError(`${op.name}: its derivative is ${describe(cotangent)}, wanted a Variable`)
  let g = cotangent
  if (g.rows !== input.rows && input.rows === 1) g = g.sum(0)
  if (g.cols !== input.cols && input.cols === 1) g = g.sum(1)
  if (g.rows !== input.rows || g.cols !== input.cols)
    throw new ShapeError(
      `${op.name}: its derivative is ${formatShape(cotangent.shape)}, wanted ${formatShape(input.shape)}, the input's shape`,
    )
  return g.dtype === input.dtype ? g : g.astype(input.dtype)
}

/**
 * What `rule`, that of input i of `node`, gives for g. Where the op is a user's (not `known`), what the rule is given and what
 * it computes may stay in the user's hands.
 */
function callWithCare(rule: Rule, g: Variable, node: Variable, i: number, known: boolean): Variable {
  const { inputs, attributes } = node.origin as Origin
  if (!known) settle(g.matrix)
  const slope = asksSlope(node) && isRecording() ? slopeOf(g, node) : undefined
  const run = (): Variable => withoutStale(node, () => rule(g, node, inputs, attributes, i, slope) as Variable)
  return detector === null ? run() : detector.watchRule(node, i, g, run)
}

/** The cotangent of a variable where a walk ends. */
export interface Reached {
  readonly cotangent: Variable
  /** Whether the walk made its matrix, and gave it to no other variable. */
  readonly own: boolean
}

/**
 * Which of `nodes`, a history that ends at `ends`, a walk to `wanted` goes through: what leads to one of them, or has a history
 * that is not known, which the walk refuses.
 */
function leadingTo(
  nodes: readonly Variable[],
  ends: ReadonlySet<Variable>,
  wanted: ReadonlySet<Variable>,
): readonly boolean[] {
  const leads: boolean[] = Array(nodes.length)
  for (let n = nodes.length - 1; n >= 0; n--) {
    const node = nodes[n]
    leads[n] = wanted.has(node)
    if (leads[n] || !node.origin || ends.has(node)) continue
    const { inputs } = node.origin
    leads[n] = inputs.length === 0 || inputs.some((input) => input.requiresGrad && leads[positionIn(nodes, input)])
  }
  return leads
}

/**
 * Walks down `nodes`, a history, from the cotangent `seed` of its first, and returns the cotangents where the walk ends:
 * at variables without origin or, where some are `wanted`, at those alone. A variable that the first does not depend on has none.
 *
 * @param ends where the history ends, those that are wanted among them
 * @throws MatgradError where a rule needs elements that have changed in place since the op was computed; what rules throw.
 */
export function pullBack(
  nodes: readonly Variable[],
  seed: Variable,
  ends: ReadonlySet<Variable> = noEnds,
  wanted: ReadonlySet<Variable> = ends,
): Map<Variable, Reached> {
  const leads = wanted === noEnds ? null : leadingTo(nodes, ends, wanted)
  if (nodes.some((node, n) => leads?.[n] !== false && !ends.has(node) && asksSlope(node)))
    return walkToLimits(nodes, seed, ends, leads)
  // What is recorded or traced goes on from here, and what a user's rule calls must leave its caller's temporaries alone.
  if (isRecording() || tracer !== null || !startTemporaries()) return walk(nodes, seed, ends, leads, false)
  try {
    return walk(nodes, seed, ends, leads, true)
  } finally {
    endTemporaries()
  }
}

/** Whether the rules of what gave a variable want to know how its cotangent changes. */
function asksSlope({ origin, matrix }: Variable): boolean {
  if (origin?.op.asksSlope === undefined) return false
  const inputs = origin.inputs.map((input) => input.matrix as Matrix)
  return withTracer(null, () => origin.op.asksSlope?.(matrix as Matrix, inputs)) === true
}

/**
 * The same walk where cotangents are differentiated on the way, and so recorded. Whether they are depends on elements, which a
 * program cannot tell.
 */
function walkToLimits(
  nodes: readonly Variable[],
  seed: Variable,
  ends: ReadonlySet<Variable>,
  leads: readonly boolean[] | null,
): Map<Variable, Reached> {
  if (tracer !== null)
    for (const node of nodes)
      if (!ends.has(node) && asksSlope(node)) tracer.touched(node.matrix, `the gradient of ${node.origin?.op.name}`)
  const reached = withRecording(true, () => walk(nodes, seed, ends, leads, false))
  if (isRecording()) return reached
  return new Map([...reached].map(([end, { cotangent }]) => [end, { cotangent: cotangent.detach(), own: false }]))
}

/** What moves with y: y, and inputs of its operation after the first. */
const movingWith = (y: Variable): Variable[] => [y, ...(y.origin as Origin).inputs.slice(1)]

/** How the cotangent g of y changes as y moves: by walks back through what g was computed from. */
function slopeOf(g: Variable, y: Variable): Parameters<Rule>[5] {
  const variableOf = (matrix: Matrix, requiresGrad: boolean): Variable =>
    new (g.constructor as typeof Variable)(matrix, requiresGrad)
  const constantOf = (direction: Matrix | Variable): Variable =>
    variableOf('matrix' in direction ? direction.matrix : direction, false)
  const none = variableOf(zeros(g.rows, g.cols, { dtype: g.dtype }), false)
  const moving = movingWith(y)
  const along = (...directions: (Matrix | Variable)[]): Variable => {
    if (!g.requiresGrad) return none
    // The derivative of rᵢ(w) = (∂g/∂yᵢ)ᵀ·w by w, for each that moves.
    const w = variableOf(none.matrix, true)
    const ends = new Set(moving)
    const back = pullBack(history(g, ends), w, ends)
    const toW = new Set([w, ...moving])
    return directions.reduce<Variable>((sum, direction, i) => {
      const r = back.get(moving[i])?.cotangent
      if (!r?.requiresGrad) return sum
      const change = pullBack(history(r, toW), constantOf(direction), toW).get(w)?.cotangent
      return change ? sum.add(change) : sum
    }, none)
  }
  const aside = (direction: Variable): Variable => {
    const behind = history((y.origin as Origin).inputs[0])
    const ends = new Set([...behind, ...moving])
    const others = g.requiresGrad
      ? pullBack(history(g, ends), constantOf(direction), ends)
      : new Map<Variable, Reached>()
    return [...others].reduce<Variable>(
      (most, [end, { cotangent }]) => (moving.includes(end) ? most : most.maximum(cotangent.abs().max())),
      variableOf(zeros(1, 1, { dtype: g.dtype }), false),
    )
  }
  return { along, aside } as never
}

function walk(
  nodes: readonly Variable[],
  seed: Variable,
  ends: ReadonlySet<Variable>,
  leads: readonly boolean[] | null,
  temporaries: boolean,
): Map<Variable, Reached> {
  startWalk()
  const cotangents: (Variable | undefined)[] = Array(nodes.length)
  const own: (boolean | undefined)[] = Array(nodes.length)
  cotangents[0] = seed
  const reached = new Map<Variable, Reached>()
  for (let n = 0; n < nodes.length; n++) {
    const node = nodes[n]
    const g = cotangents[n]
    if (!g) continue
    if (!node.origin || ends.has(node)) {
      if (temporaries) settle(g.matrix)
      reached.set(node, { cotangent: g, own: own[n] === true })
      continue
    }
    cotangents[n] = undefined
    const { op, inputs, attributes } = node.origin
    if (inputs.length === 0)
      throw new MatgradError(
        `backward: a ${formatShape(node.shape)} variable was given by a compiled function, which has no history, wanted ` +
          'the whole step in one compiled function, the function itself, or `detach` where no gradient is meant to flow',
      )
    if (gradientWatch !== null) gradientWatch.wentThrough(node)
    const known = isBuiltIn(op)
    const careful = !known || detector !== null || isStale(node, inputs)
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i]
      const rule = ruleOf(op, i)
      if (!input.requiresGrad || !rule) continue
      const position = positionIn(nodes, input)
      if (leads !== null && !leads[position]) continue
      // What a user's rule is given and computes may stay in the user's hands, and so does where a walk ends.
      if (temporaries) useTemporaries(known && input.origin !== null && !ends.has(input))
      const given =
        careful || op.asksSlope !== undefined
          ? callWithCare(rule, g, node, i, known)
          : (rule(g, node, inputs, attributes, i) as Variable)
      const cotangent = sumDown(op, given, input)
      const sum = cotangents[position]
      cotangents[position] = sum ? sum.add(cotangent) : cotangent
      own[position] = sum !== undefined || cotangent !== given || (known && given !== g)
    }
  }
  return reached
}
