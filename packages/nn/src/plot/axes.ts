import { type Attributes, element, type Figure, moved, roomFor, round, textElement } from './svg.ts'
import { cut } from './text.ts'
import { between, exponentOf, formatDigits, formatNumber, formatOf, partOf, type Range } from './values.ts'

/** A scale along one side of a picture. */
export interface Axis {
  /** Where a value is on it, from 0 to 1. */
  part(value: number): number
  /** What is at a part of it, in digits that tell hundredths of it from each other. */
  labelAt(part: number): string
  readonly ticks: readonly (readonly [value: number, label: string])[]
}

/** Divided by 1, 2 or 5 times a power of 10 into at most `count` parts. */
export function linearAxis(range: Range, count: number, leastStep = 0): Axis {
  const [low, high] = range
  const size = high - low
  // 0 where a part of the range is, too.
  const power = size / count > 0 ? Number(`1e${exponentOf(size / count)}`) : 0
  const step = Math.max(leastStep, power * ([1, 2, 5].find((each) => each * power * count >= size) ?? 10))
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)]
  const values =
    step > 0 && Number.isFinite(step)
      ? Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step)
      : range
  const write = formatOf(range, step)
  const writeFinely = formatOf(range, high / 100 - low / 100)
  return {
    part: (value) => partOf(value, range),
    labelAt: (part) => writeFinely(between(range, part)),
    ticks: values.map((value) => [value, write(value)]),
  }
}

/** Of positive numbers: divided by powers of 10, or by 1, 2 and 5 times them where there are few. */
export function logAxis(range: Range, count: number): Axis {
  const [low, high] = range
  const logs: Range = [Math.log10(low), Math.log10(high)]
  const [first, last] = [exponentOf(low), exponentOf(high)]
  const every = [1, 2, 5, 10, 20, 50].find((each) => each * count >= last - first) ?? 100
  const multiples = last - first > 2 ? [1] : [1, 2, 5]
  const values = Array.from({ length: last - first + 1 }, (_, i) => first + i)
    .filter((power) => power % every === 0)
    .flatMap((power) => multiples.map((each) => Number(`${each}e${power}`)))
    .filter((value) => value >= low && value <= high)
  const isNarrow = values.length < 2
  const write = isNarrow ? formatOf(range, high / 100 - low / 100) : (value: number) => formatDigits(value, 3)
  return {
    part: (value) => partOf(Math.log10(value), logs),
    labelAt: (part) => write(Math.min(high, Math.max(low, 10 ** between(logs, part)))),
    ticks: isNarrow ? linearAxis(range, count).ticks : values.map((value) => [value, formatNumber(value)]),
  }
}

/** As many ticks across as there is room for. */
export function acrossAxis(range: Range, width: number, leastStep = 0): Axis {
  const axis = linearAxis(range, 8, leastStep)
  const room = roomFor(axis.ticks.map(([, label]) => label)) + 16
  return room * 8 < width ? axis : linearAxis(range, Math.max(1, Math.floor(width / room)), leastStep)
}

/** Elements in a rectangle that has axes, and others under its lines. */
export function framed(
  { width, height }: { readonly width: number; readonly height: number },
  [across, upwards]: readonly [Axis, Axis],
  [xLabel, yLabel]: readonly [string, string],
  body: readonly string[],
  under: readonly string[] = [],
): Omit<Figure, 'title' | 'legend'> {
  const right = Math.max(20, roomFor(across.ticks.map(([, label]) => label)) / 2)
  const left = Math.max(44, right, roomFor(upwards.ticks.map(([, label]) => label)) + 10) + (yLabel ? 16 : 0)
  const xs = across.ticks.map(([value, label]) => [round(across.part(value) * width), label] as const)
  const ys = upwards.ticks.map(([value, label]) => [round((1 - upwards.part(value)) * height), label] as const)
  const grid = [...xs.map(([x]) => `M${x} 0V${height}`), ...ys.map(([y]) => `M0 ${y}H${width}`)].join('')
  const names: readonly [string, Attributes][] = [
    [xLabel, { x: width / 2, y: height + 34 }],
    [
      cut(yLabel, Math.floor(height / roomFor(['x']))),
      { transform: `translate(${round(12 - left)} ${height / 2}) rotate(-90)` },
    ],
  ]
  const markup = [
    ...under,
    element('path', { d: grid, stroke: '#dddddd', fill: 'none' }),
    element('rect', { width, height, stroke: '#888888', fill: 'none' }),
    ...xs.map(([x, label]) => textElement('text', { x, y: height + 16, 'text-anchor': 'middle' }, label)),
    ...ys.map(([y, label]) => textElement('text', { x: -6, y: y + 4, 'text-anchor': 'end' }, label)),
    ...names.flatMap(([name, place]) =>
      name ? [textElement('text', { ...place, 'text-anchor': 'middle' }, name)] : [],
    ),
    ...body,
  ]
  return { width: left + width + right, height: height + (xLabel ? 40 : 22), body: [moved(left, 0, markup)] }
}
