// The operands of a training step in the order of steps.js.

/** The batches of inputs and of targets, and the weights and biases that training starts from. */
export const unpack = (operands, { batches }) => ({
  xs: operands.slice(0, batches),
  ys: operands.slice(batches, 2 * batches),
  parameters: operands.slice(2 * batches),
})

/** A function that gives pairs [x, y], round and round. */
export function inTurns(xs, ys) {
  const pairs = xs.map((x, i) => [x, ys[i]])
  let turn = -1
  return () => {
    turn = turn + 1 === pairs.length ? 0 : turn + 1
    return pairs[turn]
  }
}
