// A training loop written by hand, as it is and compiled: the same bits, the program, and how much faster it is.

import { compile } from '@matgrad/autograd'
import { Generator, type Matrix } from '@matgrad/core'
import { Adam, BatchNorm1d, CosineAnnealingLR, clipGradNorm, Linear, mseLoss, Sequential, Tanh } from '@matgrad/nn'

const STEPS = 2000

/** A model that learns sin 3x from noisy batches, and the function that makes one step. */
function setUp() {
  const generator = new Generator(5)
  const model = new Sequential(
    new Linear(1, 16, { generator }),
    new BatchNorm1d(16),
    new Tanh(),
    new Linear(16, 1, { generator }),
  )
  const optimizer = new Adam(model.parameters(), { lr: 0.02 })
  const schedule = new CosineAnnealingLR(optimizer, { tMax: STEPS })
  const step = (x: Matrix) => {
    const y = x
      .mul(3)
      .sin()
      .add(generator.normal(x.rows, 1, 0, 0.1))
    optimizer.zeroGrad()
    const loss = mseLoss(model.forward(x), y)
    loss.backward()
    clipGradNorm(model.parameters(), 1)
    optimizer.step()
    return loss
  }
  return { model, schedule, step }
}

/** The last loss, and the milliseconds that all steps took. */
function train(
  step: (x: Matrix) => { item(): number },
  schedule: CosineAnnealingLR,
): [loss: number, milliseconds: number] {
  const generator = new Generator(6)
  const began = performance.now()
  let loss = Number.NaN
  for (let i = 0; i < STEPS; i++) {
    loss = step(generator.uniform(32, 1, -2, 2)).item()
    schedule.step()
  }
  return [loss, performance.now() - began]
}

const eager = setUp()
const [loss, milliseconds] = train(eager.step, eager.schedule)

const other = setUp()
const step = compile(other.step)
const [compiledLoss, compiledMilliseconds] = train(step, other.schedule)

console.log(step.program())
console.log(`\nas it is:  loss ${loss} after ${STEPS} steps, ${((milliseconds / STEPS) * 1000).toFixed(0)} µs each`)
console.log(`compiled:  loss ${compiledLoss}, ${((compiledMilliseconds / STEPS) * 1000).toFixed(0)} µs each`)
const states = [eager, other].map(({ model }) => Object.values(model.stateDict()))
const same = states[0].every((matrix, i) => matrix.equals(states[1][i]))
console.log(`the parameters and running statistics are ${same ? 'the same, bit for bit' : 'different'}`)
