// Numbers and tables in Markdown.

import { ratio } from './timing.js'

/** Three significant digits in the unit that suits. */
export function duration(seconds) {
  const [factor, unit] =
    seconds < 1e-6 ? [1e9, 'ns'] : seconds < 1e-3 ? [1e6, 'µs'] : seconds < 1 ? [1e3, 'ms'] : [1, 's']
  return `${digits(seconds * factor, 3)} ${unit}`
}

/** Significant digits without an exponent. */
export function digits(value, count) {
  const shown = Number(value.toPrecision(count))
  return shown >= 10 ** (count - 1) ? String(shown) : value.toPrecision(count)
}

/** How many times as fast as the other: above 1 where ours takes less time. */
export const speedup = (ours, theirs) => `${digits(ratio(theirs, ours), 2)}x`

/** How many times as long as `b` a call of `a` takes, the same of their best slices, and what it is meant to be. */
export function factor(a, b, wanted) {
  if (!a || !b) return '–'
  const measured = `${digits(ratio(a, b), 2)}x (${digits(a.best / b.best, 2)}x)`
  return wanted ? `${measured}, wanted ${wanted}x` : measured
}

export const table = (heads, rows) =>
  [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

/** A table of works: the time here, then for each peer its time and how many times as fast as it matgrad is, or a verdict. */
export function comparison(results, peers, { label, here = 'matgrad' }) {
  const rows = results.map(({ work, times, verdicts }) => [
    work.name,
    duration(times[here].median),
    ...peers.map((peer) =>
      times[peer] ? `${duration(times[peer].median)}, ${speedup(times[here], times[peer])}` : (verdicts[peer] ?? '–'),
    ),
  ])
  return table([label, here, ...peers], rows)
}
