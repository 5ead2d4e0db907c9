// Two networks against each other: one makes points, the other tells them from real ones (Goodfellow et al. 2014). The
// points are of eight clusters on a ring, of which the maker may forget some.

import { compile } from '@matgrad/autograd'
import { type Matrix, manualSeed, matrix, ones, zeros } from '@matgrad/core'
import { Adam, binaryCrossEntropyWithLogits, LeakyReLU, Linear, plot, predict, ReLU, Sequential } from '@matgrad/nn'
import { trainingLength } from '../command-line.ts'

const BATCH = 128
/** How many random numbers a point is made of. */
const NOISE = 16
/** The deviation within a cluster. */
const STD = 0.1

const random = manualSeed(1)

// 1. Real points: on a ring of radius 2, a cluster at each eighth of the way round.
const diagonal = Math.SQRT2
const centres = matrix([
  [2, 0],
  [diagonal, diagonal],
  [0, 2],
  [-diagonal, diagonal],
  [-2, 0],
  [-diagonal, -diagonal],
  [0, -2],
  [diagonal, -diagonal],
])
const realPoints = (count: number): Matrix =>
  centres.gatherRows(random.integers(count, 1, 0, centres.rows)).add(random.normal(count, 2, 0, STD))

// 2. The generator makes points of noise, the discriminator says how real a point looks: a logit.
const noise = (count: number): Matrix => random.normal(count, NOISE)
const generator = new Sequential(new Linear(NOISE, 64), new ReLU(), new Linear(64, 64), new ReLU(), new Linear(64, 2))
const discriminator = new Sequential(
  new Linear(2, 64),
  new LeakyReLU(0.2),
  new Linear(64, 64),
  new LeakyReLU(0.2),
  new Linear(64, 1),
)

// 3. Each has an optimiser of its own. Both have less momentum than usual, as what is best for one changes with each step
// of the other.
const settings = { lr: 1e-3, betas: [0.5, 0.999] } as const
const generatorOptimizer = new Adam(generator.parameters(), settings)
const discriminatorOptimizer = new Adam(discriminator.parameters(), settings)

const [real, made] = [ones(BATCH, 1), zeros(BATCH, 1)]
const step = compile(() => {
  const points = generator.forward(noise(BATCH))

  // The discriminator learns to tell the points apart. The generator's are detached: it has no part in this loss.
  discriminatorOptimizer.zeroGrad()
  const loss = binaryCrossEntropyWithLogits(discriminator.forward(realPoints(BATCH)), real).add(
    binaryCrossEntropyWithLogits(discriminator.forward(points.detach()), made),
  )
  loss.backward()
  discriminatorOptimizer.step()

  // The generator learns to have its points taken for real ones, through the discriminator, which forgets its gradients.
  generatorOptimizer.zeroGrad()
  binaryCrossEntropyWithLogits(discriminator.forward(points), real).backward()
  generatorOptimizer.step()
  return loss
})

// 4. How good points are: how many clusters have a fair part of them, and which part is within 3 deviations of a centre.
function judge(points: Matrix): { covered: number; near: number } {
  // |p − c|² = |p|² − 2p·c + |c|², for all points and centres at once.
  const products = points.matmul(centres, { transposeB: true })
  const squares = points.square().sum(1).sub(products.mul(2)).add(centres.square().sum(1).T)
  const isNear = squares.min(1).less((3 * STD) ** 2)
  const members = squares.argmin(1).filterRows(isNear).oneHot(centres.rows).sum(0)
  const fair = points.rows / centres.rows / 4
  return { covered: members.greater(fair).sum().item(), near: isNear.mean().item() }
}

const steps = trainingLength(6000)
console.log("  step   discriminator's loss   clusters covered   points near a centre")
for (let i = 1; i <= steps; i++) {
  const loss = step().item()
  if (i % 1000 !== 0 && i !== steps) continue
  const { covered, near } = judge(predict(generator, noise(2000)))
  const cells = [loss.toFixed(3).padStart(23), `${covered} of ${centres.rows}`.padStart(19)]
  console.log(`${String(i).padStart(6)}${cells.join('')}${`${(100 * near).toFixed(1)} %`.padStart(23)}`)
}
// Where the discriminator cannot do better than guess, its two losses are ln 2 each.
console.log(`guessing ${(2 * Math.LN2).toFixed(3).padStart(20)}\n`)

const range = [-2.6, 2.6] as const
console.log(
  plot.scatter(
    { real: realPoints(1000), made: predict(generator, noise(400)) },
    { title: 'real points and made ones', marks: '·o', xRange: range, yRange: range },
  ),
)
