// Names that nobody has: a network reads three letters and says which one follows (Bengio et al. 2003).

import { concat, full, Generator, type Matrix, manualSeed, matrix } from '@matgrad/core'
import { AdamW, crossEntropy, Embedding, evaluate, fit, Linear, predict, Sequential, Tanh } from '@matgrad/nn'
import { progress } from '@matgrad/nn/node'
import { trainingLength } from '../command-line.ts'
import { ALPHABET, END, loadNames } from './data.ts'

/** How many letters the network sees. */
const CONTEXT = 3

const generator = manualSeed(4)

// 1. Names in random order, so that those held out are like the others, and each as what follows what.
const names = loadNames()
const shuffled = [...generator.permutation(names.length).data].map((i) => names[i])
const heldOut = Math.floor(names.length / 10)

/** For each letter of the names, and their ends, the letters before it: nx3 and nx1 places in the alphabet. */
function contextsOf(names: readonly string[]): { x: Matrix; y: Matrix } {
  const contexts: number[][] = []
  const followers: number[][] = []
  for (const name of names) {
    // What comes before a name is its end, as well.
    let context: number[] = Array(CONTEXT).fill(END)
    for (const place of [...name].map((letter) => ALPHABET.indexOf(letter)).concat(END)) {
      contexts.push(context)
      followers.push([place])
      context = [...context.slice(1), place]
    }
  }
  return { x: matrix(contexts), y: matrix(followers) }
}
const [test, train] = [contextsOf(shuffled.slice(0, heldOut)), contextsOf(shuffled.slice(heldOut))]
console.log(`${names.length} names, ${train.x.rows} letters to learn from, ${test.x.rows} to be judged by`)

// 2. The model: each letter is a place in a space that is learnt, where letters that do alike are near each other.
const [features, hidden] = [8, 128]
const model = new Sequential(
  new Embedding(ALPHABET.length, features),
  new Linear(CONTEXT * features, hidden),
  new Tanh(),
  new Linear(hidden, ALPHABET.length),
)
console.log(`${model.summary()}\n`)
await fit(model, train, {
  loss: crossEntropy,
  optimizer: new AdamW(model.parameters(), { lr: 0.003 }),
  epochs: trainingLength(12),
  batchSize: 128,
  validation: test,
  callbacks: [progress()],
})

// 3. What it says of letters that nobody showed it, beside what counting says: letters alone, and pairs of them.
const counts = (x: Matrix, y: Matrix): Matrix =>
  x.oneHot(ALPHABET.length).matmul(y.oneHot(ALPHABET.length), { transposeA: true }).add(1)
const pairs = counts(train.x.col(-1), train.y)
const single = pairs.sum(0)
/** −ln of the probability that counts give each letter held out, on average: cross-entropy, as the network's loss is. */
const loss = (counts: Matrix, rows: Matrix): number => crossEntropy(counts.log().gatherRows(rows), test.y).item()
const byNetwork = evaluate(model, test, { loss: crossEntropy }).loss
console.log('\ncross-entropy of the letters held out, in nats; e to its power is among how many letters one guesses')
for (const [name, nats] of [
  ['any letter', loss(single.mul(0).add(1), test.y.mul(0))],
  ['frequencies of letters', loss(single, test.y.mul(0))],
  ['frequencies of pairs', loss(pairs, test.x.col(-1))],
  ['network', byNetwork],
] as const)
  console.log(`${name.padEnd(24)}${nats.toFixed(3)}  ${full(1, 1, nats).exp().item().toFixed(1).padStart(5)}`)

// 4. Names: what it says is probable is drawn, a letter for each of many names at a time, until they end.
const dice = new Generator('names')
let letters: Matrix = full(64, CONTEXT, END)
for (let i = 0; i < 16; i++) {
  const probabilities = predict(model, letters.slice(0, undefined, -CONTEXT)).softmax(1)
  letters = concat([letters, dice.multinomial(probabilities)], 1)
}
const known = new Set(names)
const invented = new Set(
  letters
    .slice(0, undefined, CONTEXT)
    .toArray()
    .map((places) => places.map((place) => ALPHABET[place]).join(''))
    .map((text) => text.split(ALPHABET[END], 1)[0])
    .filter((name) => name.length > 2 && name.length < 15 && !known.has(name)),
)
console.log('\nnames that nobody has, yet')
for (let i = 0; i < 24; i += 6)
  console.log(
    [...invented]
      .slice(i, i + 6)
      .map((name) => (name[0].toUpperCase() + name.slice(1)).padEnd(16))
      .join('')
      .trimEnd(),
  )
