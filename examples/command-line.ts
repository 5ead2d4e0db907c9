/**
 * How many epochs, or steps, to train for: the number after the example's name on the command line (`start gan 500`), or
 * the usual one. Fewer are a quick look.
 *
 * @throws RangeError for what is no whole number from 1 on.
 */
export function trainingLength(usual: number): number {
  const given = process.argv[3]
  if (given === undefined) return usual
  const length = Number(given)
  if (!Number.isInteger(length) || length < 1)
    throw new RangeError(`${JSON.stringify(given)} is no length of a training, wanted a whole number from 1 on`)
  return length
}
