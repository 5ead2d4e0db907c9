// A club breaks apart, and a graph convolution tells who goes with whom (Kipf & Welling 2017): it is told of two members where
// they went, and of all who were friends.

import { compile, type Variable } from '@matgrad/autograd'
import { concat, eye, fromFunction, manualSeed, matrix, sparse } from '@matgrad/core'
import { Adam, crossEntropy, Linear, Module, plot, Sequential, Tanh } from '@matgrad/nn'
import { MEMBERS, pairs, withInstructor } from './karate.ts'

const HIDDEN = 16
const STEPS = 200

manualSeed(1)

// 1. Who are friends, and each with himself: D^−½·(A + I)·D^−½, in which a friend counts less the more friends he has.
const entries = Array.from({ length: MEMBERS }, (_, i) => [i, i])
for (const [a, b] of pairs) entries.push([a - 1, b - 1], [b - 1, a - 1])
const degrees = Array<number>(MEMBERS).fill(0)
for (const [member] of entries) degrees[member]++
const friends = sparse.SparseMatrix.fromTriplets(
  MEMBERS,
  MEMBERS,
  entries.map(([i, j]) => [i, j, 1 / Math.sqrt(degrees[i] * degrees[j])] as const),
)

// 2. A layer is a linear one whose results are mixed with those of one's friends.
class GraphConvolution extends Module {
  readonly linear: Linear
  constructor(inputs: number, outputs: number) {
    super()
    this.linear = new Linear(inputs, outputs, { bias: false })
  }
  forward(x: Variable) {
    return sparse.spmm(friends, this.linear.forward(x))
  }
}

// 3. Nothing is known of a member but who he is, a 1 among zeros; of the instructor and the officer, to whom they belong.
const members = eye(MEMBERS)
const [instructor, officer] = [0, MEMBERS - 1]
const model = new Sequential(new GraphConvolution(MEMBERS, HIDDEN), new Tanh(), new GraphConvolution(HIDDEN, 2))
const optimizer = new Adam(model.parameters(), { lr: 0.01, weightDecay: 5e-4 })
const step = compile(() => {
  optimizer.zeroGrad()
  const known = model.forward(members).gatherRows([instructor, officer])
  const loss = crossEntropy(known, matrix([[0], [1]]))
  loss.backward()
  optimizer.step()
  return loss
})
const losses = Array.from({ length: STEPS }, () => step().item())
const scores = model.forward(members).value

// 4. Who is friends with whom, in the order of the members' numbers and in that of the network: a square for each side.
const table = friends.toDense().greater(0)
const order = Array.from(scores.col(1).sub(scores.col(0)).argsort(0).data)
const tables = [table, table.gatherRows(order).gatherCols(order)].map((each) => each.reshape(1, -1))
const titles = ['as they are numbered', 'from I to O, by the network']
console.log(plot.images(concat(tables, 0), { title: 'friends', titles }))
const truth = fromFunction(MEMBERS, 1, (i) => Number(!withInstructor.includes(i + 1)))
const right = scores.argmax(1).equal(truth)
const sides = order.map((i) => (i === instructor ? 'I' : i === officer ? 'O' : 'io'[truth.get(i, 0)]))
console.log(`\n${sides.join('')}\ni went with the instructor, o with the officer: the network was told of I and O\n`)
const wrong = Array.from(right.data.keys()).filter((i) => right.get(i, 0) === 0)
console.log(
  `${MEMBERS} members, ${pairs.length} pairs of friends; the loss went from ${losses[0].toFixed(4)} to ${losses[STEPS - 1].toFixed(4)}`,
)
console.log(
  `${right.sum().item()} of ${MEMBERS} members right${wrong.length > 0 ? `; wrong: ${wrong.map((i) => i + 1).join(', ')}` : ''}`,
)
