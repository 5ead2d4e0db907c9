import { MatgradError, Matrix } from '@matgrad/core'
import { describe, formatShape, type Holder, isPlain, type Slot, type Step } from '@matgrad/core/internal'
import { matricesOf } from '../tree.ts'
import { Variable } from '../variable.ts'
import { same } from './attributes.ts'
import { type Program, programOf, Undoing } from './program.ts'

/**
 * What the function gives for these arguments, which the program serves, after the program gave the same from the same
 * state.
 *
 * @throws MatgradError where the function does something else than the program, or has other results; state and gradients
 * are the function's then.
 */
export function runBothWays<Result>(
  program: Program<Result>,
  // biome-ignore lint/suspicious/noExplicitAny: any function
  fn: (...args: any[]) => Result,
  args: readonly unknown[],
): Result {
  // What the function makes it makes anew, with gradients of their own.
  const outside = program.gradients.filter(({ variable }) => program.trace.isFromOutside(variable))
  const gradients = outside.map(({ variable }) => ({ variable, grad: variable.present }))
  // The last result may be an argument of this call.
  const changed = [...program.lasting, ...gradients.flatMap(({ grad }) => grad ?? []), ...matricesOf(program.result)]
  const undoings = [...new Set(changed)].map((holder) => new Undoing(holder))
  const given = program.run(args)
  const replayed = [...matricesOf(given)].map(elementsOf)
  const states = [...program.lasting].map(elementsOf)
  const slopes = gradients.map(({ variable }) => variable.present && elementsOf(variable.present))
  for (const undoing of undoings) undoing.takeBack()
  for (const { variable, grad } of gradients) variable.grad = grad

  const again = programOf(fn, args)
  checkSteps(program.trace.steps, again.trace.steps)
  checkForm('the result', again.result, given)
  const results = [...matricesOf(again.result)]
  for (const [i, result] of results.entries()) checkElements(`result ${i}`, result, replayed[i])
  for (const [i, holder] of [...program.lasting].entries()) checkElements('state', holder, states[i])
  for (const { variable } of again.gradients)
    if (again.trace.isFromOutside(variable) && !outside.some((each) => each.variable === variable))
      throw other(`sets ${gradientOf(variable)}, which the program does not`)
  for (const [i, { variable }] of gradients.entries()) {
    const slope = slopes[i]
    const { present } = variable
    const what = gradientOf(variable)
    if ((present === null) !== (slope === null)) throw other(`leaves ${what} ${present ? 'there' : 'null'}`)
    if (present && slope) checkElements(what, present, slope)
  }
  return again.result
}

const gradientOf = ({ name, shape }: Variable): string =>
  `the gradient of ${name ?? `a ${formatShape(shape)} variable`}`

/** @throws MatgradError unless two results are the same but for their matrices. */
function checkForm(what: string, now: unknown, before: unknown): void {
  if (Object.is(now, before)) return
  if (now instanceof Variable && before instanceof Variable && now.requiresGrad !== before.requiresGrad)
    throw other(
      `gives a variable for ${what} whose requiresGrad is ${now.requiresGrad}, the program ${before.requiresGrad}`,
    )
  for (const type of [Matrix, Variable]) if (now instanceof type && before instanceof type) return
  if (Array.isArray(now) ? Array.isArray(before) : isPlain(now) && isPlain(before)) {
    const [parts, others] = [now, before] as Record<string, unknown>[]
    const keys = Object.keys(parts)
    if (keys.join() !== Object.keys(others).join())
      throw other(
        `gives ${keys.length} parts of ${what}, ${keys.join(', ')}, the program ${Object.keys(others).join(', ')}`,
      )
    for (const key of keys) checkForm(`${what}.${key}`, parts[key], others[key])
    return
  }
  throw other(`gives ${describe(now)} for ${what}, the program ${describe(before)}`)
}

const elementsOf = ({ elements }: Holder): Holder['elements'] => elements.slice()

const other = (what: string): MatgradError =>
  new MatgradError(
    `compile: with check, the function ${what}: wanted the same in every call, or what changes as an argument`,
  )

/** @throws MatgradError unless both are the same operations on the same matrices, with the same numbers. */
function checkSteps(recorded: readonly Step[], now: readonly Step[]): void {
  /** Values that are the same in both. */
  const known = new Map<Slot, Slot>()
  for (const [i, step] of now.entries()) {
    const before = recorded[i]
    if (!before) throw other(`does ${step.operation.name} after what the program does`)
    const { name } = before.operation
    if (step.operation.name !== name) throw other(`does ${step.operation.name} where the program does ${name}`)
    if (!same(step.attributes, before.attributes)) throw other(`does ${name} with other settings than the program`)
    if (step.inputs.length !== before.inputs.length) throw other(`does ${name} with other operands than the program`)
    for (const [j, input] of step.inputs.entries()) checkValue(name, input, before.inputs[j], known)
    for (const [j, target] of step.targets.entries()) known.set(target, before.targets[j])
  }
  if (now.length < recorded.length)
    throw other(`does no ${recorded[now.length].operation.name}, which the program does`)
}

function checkValue(name: string, now: Slot, before: Slot, known: Map<Slot, Slot>): void {
  const expected = known.get(now)
  known.set(now, before)
  if (expected !== undefined ? expected !== before : now.kind !== before.kind)
    throw other(`does ${name} with another operand than the program`)
  if (expected !== undefined || now.kind === 'argument' || now.kind === 'result') return
  if (now.kind === 'state' && now.holder !== before.holder)
    throw other(`does ${name} with another matrix that it found outside than the program`)
  if (now.kind === 'constant') checkElements(`a number that ${name} takes`, now.holder, before.holder.elements)
}

function checkElements(what: string, holder: Holder, before: Holder['elements']): void {
  const { elements } = holder
  const i = elements.findIndex((element, at) => !Object.is(element, before[at]))
  if (i < 0) return
  const where = holder instanceof Matrix ? `, element ${Math.floor(i / holder.cols)}, ${i % holder.cols}` : ''
  throw other(`has ${elements[i]} for ${what}${where}, the program ${before[i]}`)
}
