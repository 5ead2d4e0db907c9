// How far a car goes on a gallon: regression on real data, by a small network and by linear least squares.

import { concat, linalg, linspace, type Matrix, manualSeed, matrix, ones } from '@matgrad/core'
import {
  AdamW,
  fit,
  Linear,
  meanAbsoluteError,
  mseLoss,
  plot,
  predict,
  Sequential,
  standardize,
  Tanh,
  trainTestSplit,
} from '@matgrad/nn'
import { trainingLength } from '../command-line.ts'
import { loadCars } from './data.ts'

const ORIGINS = ['USA', 'Europe', 'Japan']

manualSeed(2)

// 1. A row of numbers for each car. Those of which something is not known are left out.
const rows = loadCars().map((car) => [
  car.Miles_per_Gallon,
  car.Cylinders,
  car.Displacement,
  car.Horsepower,
  car.Weight_in_lbs,
  car.Acceleration,
  Number(car.Year.slice(0, 4)),
  ORIGINS.indexOf(car.Origin),
])
const known = rows.filter((row): row is number[] => !row.includes(null))
const table = matrix(known)
console.log(`${rows.length} cars, ${known.length} of which everything is known`)

// 2. A part is held out: what a model says of cars that it has seen proves nothing.
const { train, test } = trainTestSplit({ x: table.slice(0, undefined, 1), y: table.col(0) }, { testSize: 0.25 })

// 3. Features of one size. Mean and deviation are those of the training set: of the cars held out nothing is known yet.
// An origin is a name and no quantity, so each has a column of its own.
const quantities = (x: Matrix): Matrix => x.slice(0, undefined, 0, -1)
const scale = standardize(quantities(train.x))
const features = (x: Matrix): Matrix => concat([scale.transform(quantities(x)), x.col(-1).oneHot(ORIGINS.length)], 1)
const mpg = standardize(train.y)

// 4. The network learns standardised miles per gallon, too: its first guesses are then of the right size.
const x = features(train.x)
const model = new Sequential(new Linear(x.cols, 32), new Tanh(), new Linear(32, 1))
const history = await fit(
  model,
  { x, y: mpg.x },
  {
    loss: mseLoss,
    optimizer: new AdamW(model.parameters(), { lr: 0.005, weightDecay: 0.1 }),
    epochs: trainingLength(150),
    validation: { x: features(test.x), y: mpg.transform(test.y) },
  },
)
const byNetwork = (x: Matrix): Matrix => mpg.inverse(predict(model, features(x)))

// 5. Two opponents: the mean of the training set for all cars, and the best linear function of the same features.
const withConstant = (x: Matrix): Matrix => concat([features(x), ones(x.rows, 1)], 1)
const { x: coefficients } = linalg.lstsq(withConstant(train.x), train.y)
const linear = (x: Matrix): Matrix => withConstant(x).matmul(coefficients)
const constant = (x: Matrix): Matrix => ones(x.rows, 1).mul(mpg.mean)

console.log()
console.log(plot.lossCurve(history))
const range = [8, 48] as const
const diagonal = linspace(...range, 60)
console.log()
console.log(
  plot.scatter(
    { 'said rightly': concat([diagonal.T, diagonal.T], 1), 'a car held out': concat([test.y, byNetwork(test.x)], 1) },
    { title: 'miles per gallon: x as they are, y as the network says', marks: '·o', xRange: range, yRange: range },
  ),
)

console.log(`\nmean absolute error, miles per gallon   ${train.x.rows} cars learnt   ${test.x.rows} cars held out`)
for (const [name, guess] of Object.entries({
  'always the mean': constant,
  'linear least squares': linear,
  network: byNetwork,
})) {
  const errors = [train, test].map(({ x, y }) => meanAbsoluteError(guess(x), y).toFixed(2))
  console.log(`${name.padEnd(38)}${errors.map((error) => error.padStart(16)).join(' ')}`)
}
