// The one timing loop: what is compared takes turns, in slices so short that a slow spell of the machine meets all.

/** Seconds of a slice, unless told; a call that takes longer is a slice by itself. */
const SLICE = 0.005
/** Slices of each contender, fewer where they would take longer than `BUDGET` seconds together. */
const MOST_TURNS = 101
const BUDGET = 3
/** Seconds of calls before the first slice that counts, for engines that compile what runs often. */
const WARM_UP = 0.5

export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1]

/** Warms up, and finds out how many calls make a slice and how many slices to take. */
async function plan({ run }, slice) {
  let calls = 1
  let seconds = await run(calls)
  for (let spent = seconds; spent < WARM_UP; spent += seconds) {
    calls = Math.max(1, Math.min(10 * calls, Math.round((slice * calls) / seconds)))
    seconds = await run(calls)
  }
  if (seconds > BUDGET) return { turns: 0, slices: [seconds / calls] }
  return { run, calls, turns: Math.min(MOST_TURNS, Math.ceil(BUDGET / seconds)), slices: [] }
}

/**
 * Times contenders, each with a method `run(calls)` that answers with the seconds they took. One that takes fewer turns
 * than others takes them spread over the whole race.
 * @returns the seconds of a call of each: its slices, by the number of the round, their median and the best
 */
export async function race(contenders, slice = SLICE) {
  const entries = []
  for (const contender of contenders) entries.push(await plan(contender, slice))
  const rounds = Math.max(...entries.map(({ turns }) => turns))
  for (let round = 0; round < rounds; round++)
    for (const { run, calls, turns, slices } of entries)
      if (Math.floor(((round + 1) * turns) / rounds) > Math.floor((round * turns) / rounds))
        slices[round] = (await run(calls)) / calls
  return entries.map(({ slices }) => {
    const times = Object.values(slices)
    return { slices, median: median(times), best: Math.min(...times) }
  })
}

/**
 * How many times as long as one of `b` a call of `a` takes: the median of what the rounds say, because the machine's speed
 * may change between rounds, but hardly within one.
 */
export function ratio(a, b) {
  const ratios = a.slices.flatMap((time, round) => (round in b.slices ? [time / b.slices[round]] : []))
  return ratios.length > 0 ? median(ratios) : a.median / b.median
}
