// A network learns to find its way by trying: Q-learning with replay and a target network (Mnih et al. 2015).

import { compile } from '@matgrad/autograd'
import { eye, type Matrix, manualSeed, zeros } from '@matgrad/core'
import { Adam, CosineAnnealingLR, Linear, mseLoss, ReLU, Sequential } from '@matgrad/nn'
import { trainingLength } from '../command-line.ts'
import { ACTIONS, bestPolicy, CELLS, DISCOUNT, isEnd, meanReturn, move, picture, start } from './world.ts'

const BATCH = 64
const MEMORY = 10_000
/** The target network takes over what was learnt after so many steps. */
const PERIOD = 200
/** An episode is given up after so many steps. */
const PATIENCE = 100

const random = manualSeed(1)

// 1. What each action is worth in a cell, which comes as 1 among zeros.
const makeNetwork = () => new Sequential(new Linear(CELLS, 64), new ReLU(), new Linear(64, ACTIONS))
const [network, target] = [makeNetwork(), makeNetwork()]
const steps = trainingLength(20_000)
const optimizer = new Adam(network.parameters(), { lr: 2e-3 })
// Smaller and smaller, so that in the end chance averages out.
const schedule = new CosineAnnealingLR(optimizer, { tMax: steps })

// 2. What was lived through: cell, action, reward, next cell, and 1 if the episode went on. Steps that follow one another
// are alike; drawn from a large memory they are not.
const memory = zeros(MEMORY, 5)

// 3. What an action was worth turns out one step later: its reward and what the best next action is worth. The latter is
// asked of a network that stands still for a while, or what is learnt would run after itself.
const learn = compile((experience: Matrix) => {
  const [cell, action, reward, next, goesOn] = [0, 1, 2, 3, 4].map((column) => experience.col(column))
  const future = target.forward(next.oneHot(CELLS)).value.max(1)
  const wanted = reward.add(future.mul(goesOn).mul(DISCOUNT))
  optimizer.zeroGrad()
  mseLoss(network.forward(cell.oneHot(CELLS)).pick(action), wanted).backward()
  optimizer.step()
})

// 4. Mostly random steps at first, later mostly what seems best.
const everywhere = eye(CELLS)
const values = compile(() => network.forward(everywhere).value)
const best = bestPolicy()
console.log(
  `mean return of the best policy ${meanReturn(best).toFixed(4)}\n\nsteps  mean return of the network's policy`,
)
let cell = start(random.next())
let age = 0
for (let step = 0; step < steps; step++) {
  const exploration = Math.max(0.1, 1 - (2 * step) / steps)
  const action = random.next() < exploration ? Math.floor(random.next() * ACTIONS) : values().row(cell).argmax().item()
  const { next, reward } = move(cell, action, random.next())
  for (const [column, value] of [cell, action, reward, next, Number(!isEnd(next))].entries())
    memory.set(step % MEMORY, column, value)
  const isOver = isEnd(next) || ++age === PATIENCE
  cell = isOver ? start(random.next()) : next
  if (isOver) age = 0

  learn(memory.gatherRows(random.integers(BATCH, 1, 0, Math.min(step + 1, MEMORY))))
  schedule.step()
  if (step % PERIOD === 0) target.loadStateDict(network.stateDict())
  if ((step + 1) % Math.ceil(steps / 10) === 0)
    console.log(`${String(step + 1).padStart(5)}  ${meanReturn(values().argmax(1)).toFixed(4)}`)
}

// 5. Where it goes. What it is worth is computed, not tried.
const learnt = values().argmax(1)
const [bestLines, learntLines] = [picture(best), picture(learnt)]
const width = Math.max(...bestLines.map((line) => line.length), 'the best policy'.length) + 2
console.log(`\n${'the best policy'.padEnd(width)}what was learnt`)
for (const [i, line] of bestLines.entries()) console.log(line.padEnd(width) + learntLines[i])
console.log(`\nmean return ${meanReturn(learnt).toFixed(4)}, at best ${meanReturn(best).toFixed(4)}`)
