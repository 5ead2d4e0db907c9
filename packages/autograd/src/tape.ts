import { DTypeError, describe, formatShape, ShapeError } from '@matgrad/core'
import { type Op, ruleOf } from './op.ts'
import type { Variable } from './variable.ts'

let searches = 0

/**
 * The variables that `root` was computed from and that require a gradient, itself included, newest first: every variable
 * comes before its inputs. The search does not look behind the variables in `ends`.
 */
export function history(root: Variable, ends: ReadonlySet<Variable>): Variable[] {
  const search = ++searches
  const found = [root]
  root.found = search
  for (let i = 0; i < found.length; i++) {
    const { origin } = found[i]
    if (!origin || ends.has(found[i])) continue
    for (const input of origin.inputs)
      if (input.requiresGrad && input.found !== search) {
        input.found = search
        found.push(input)
      }
  }
  return found.sort((a, b) => b.created - a.created)
}

/** The cotangent of a broadcast input: summed down to its shape, in its dtype. */
function sumDown(op: Op, cotangent: Variable, input: Variable): Variable {
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
 * Walks down `nodes`, a history, from the cotangent `seed` of its first, and returns the cotangents where the walk ends:
 * at variables without origin and at `ends`. A variable that the first does not depend on has none.
 */
export function pullBack(
  nodes: readonly Variable[],
  seed: Variable,
  ends: ReadonlySet<Variable>,
): Map<Variable, Variable> {
  const cotangents = new Map([[nodes[0], seed]])
  for (const node of nodes) {
    const g = cotangents.get(node)
    if (!g || !node.origin || ends.has(node)) continue
    cotangents.delete(node)
    const { op, inputs, attributes } = node.origin
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i]
      const rule = ruleOf(op, i)
      if (!input.requiresGrad || !rule) continue
      const cotangent = sumDown(op, rule(g, node, inputs, attributes, i), input)
      const sum = cotangents.get(input)
      cotangents.set(input, sum ? sum.add(cotangent) : cotangent)
    }
  }
  return cotangents
}
