// Derivatives of matrix functions at work: through singular values, through Cholesky's factor and the determinant, and of second
// order along vectors. Each part is in a file of its own.

import { gradcheck, hessian, linalg } from '@matgrad/autograd'
import { concat, fromFunction, type Matrix, manualSeed, ones } from '@matgrad/core'
import { plot } from '@matgrad/nn'
import { complete, makeProblem as makeCompletion, PENALTY, relativeError } from './completion.ts'
import {
  learn,
  logarithmsOf,
  measure,
  negativeLogLikelihood,
  predictAt,
  type Settings,
  slopes,
} from './gaussian-process.ts'
import { descentSteps, lengthOf, lossOf, makeProblem as makeRegression, newton } from './newton.ts'

const random = manualSeed(2)

const chapter = (title: string): void => console.log(`\n${title}\n${'='.repeat(title.length)}\n`)
const percent = (part: number): string => `${(100 * part).toFixed(1)} %`

chapter('1. A matrix of which half is missing: descent through the singular values')
{
  const problem = makeCompletion(random)
  const { truth, known, seen } = problem
  const hidden = ones(truth.rows, truth.cols).sub(known)
  const { x, values } = complete(problem, PENALTY)
  const [before, after] = [seen, x].map((each) => relativeError(each, truth, hidden))
  const numbers = (each: Matrix): number[] => Array.from(linalg.svdvals(each).data)
  const curves = { 'zeros for what is missing': numbers(seen), completed: numbers(x) }
  console.log(plot.lines(curves, { title: 'singular values' }))
  const large = (each: Matrix): number => linalg.svdvals(each).greater(2).sum().item()
  console.log(
    `\n${percent(known.mean().item())} of a ${truth.rows}x${truth.cols} matrix of rank 3 are known, with noise`,
  )
  console.log(`the objective fell from ${values[0].toFixed(1)} to ${values.at(-1)?.toFixed(1)}`)
  console.log(`singular values above 2: ${large(seen)} before, ${large(x)} after, ${large(truth)} of the truth`)
  console.log(`relative error of what was not known: ${percent(before)} before, ${percent(after)} after`)
}

chapter('2. A Gaussian process learns how smooth a function is: through Cholesky and the determinant')
{
  const made: Settings = { length: 1.2, amplitude: 1, noise: 0.2 }
  const start: Settings = { length: 0.4, amplitude: 0.5, noise: 0.5 }
  const { x, y } = measure(random, 80, 15, made)
  const likelihood = negativeLogLikelihood(x, y)
  // It throws where the tape and differences of values differ; second derivatives as well.
  gradcheck(likelihood, [logarithmsOf(start)], { order: 2, rtol: 1e-5 })
  console.log('gradient by the logarithm of   the tape            central differences')
  for (const [i, { tape, differences }] of slopes(likelihood, logarithmsOf(start).value).entries())
    console.log(`  ${Object.keys(start)[i].padEnd(27)}  ${tape.toFixed(12).padEnd(15)} ${differences.toFixed(12)}`)

  const { settings, losses } = learn(x, y, start, 300)
  const [least, most] = [0, 15]
  const places = fromFunction(72, 1, (i) => least + ((i + 0.5) * (most - least)) / 72).astype('float64')
  const { mean, std } = predictAt(places, x, y, settings)
  const curve = (heights: Matrix): Matrix =>
    fromFunction(72, 2, (i, axis) => (axis === 0 ? places.get(i, 0) : heights.get(i, 0)))
  console.log()
  console.log(
    plot.scatter(
      {
        'two deviations of the function': concat([curve(mean.add(std.mul(2))), curve(mean.sub(std.mul(2)))], 0),
        'the mean': curve(mean),
        'what was measured': fromFunction(x.rows, 2, (i, axis) => (axis === 0 ? x : y).get(i, 0)),
      },
      { title: 'what was learnt', marks: '·─o', xRange: [least, most] },
    ),
  )
  console.log()
  console.log(`minus the log likelihood of a measurement: ${losses[0].toFixed(4)} → ${losses.at(-1)?.toFixed(4)}`)
  for (const name of ['length', 'amplitude', 'noise'] as const)
    console.log(`${name.padEnd(10)} ${start[name].toFixed(2)} → ${settings[name].toFixed(3)}, made with ${made[name]}`)
}

chapter("3. Newton's method from products with the Hessian")
{
  const problem = makeRegression(random, 500, 20)
  const loss = lossOf(problem)
  const { x } = problem
  const { w, steps } = newton(loss, x.cols, 1e-14)
  console.log('step  products   |gradient|   |w − w*|   …of its square before   difference from −H⁻¹·g')
  let before = Number.NaN
  for (const [i, step] of steps.entries()) {
    const distance = lengthOf(step.w.sub(w))
    // The same step by the whole Hessian.
    const whole = linalg.solve(hessian(loss, step.w).value, step.gradient.neg())
    const difference = lengthOf(whole.sub(step.direction)) / lengthOf(whole)
    const cells = [
      String(i).padStart(4),
      String(step.products).padStart(10),
      lengthOf(step.gradient).toExponential(1).padStart(13),
      distance.toExponential(1).padStart(11),
      (i === 0 ? '' : (distance / before / before).toPrecision(2)).padStart(24),
      difference.toExponential(0).padStart(24),
    ]
    console.log(cells.join(''))
    before = distance
  }
  const { value: H } = hessian(loss, w)
  const steepest = linalg.svdvals(x).square().max().item() / x.rows / 4 + problem.penalty
  const count = descentSteps(loss, x.cols, 1e-10, steepest)
  console.log(
    `\nthe Hessian's condition is ${linalg.cond(H).toFixed(0)}: gradient descent takes ${count} steps to 1e-10`,
  )
}
