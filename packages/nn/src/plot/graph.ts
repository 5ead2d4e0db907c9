import { DTypeError, MatgradError } from '@matgrad/core'
import { checkNoMore } from '@matgrad/core/internal'
import { BatchNorm1d } from '../layers/batch-norm.ts'
import { LayerNorm } from '../layers/layer-norm.ts'
import { Linear } from '../layers/linear.ts'
import { PReLU } from '../layers/prelu.ts'
import { Sequential } from '../layers/sequential.ts'
import { checkModule, type Module } from '../module.ts'
import { legendAt, titleAt } from './axes.ts'
import { INKS, mix, PALETTE, STRANGE } from './colors.ts'
import { Picture } from './picture.ts'
import { documentOf, element, hex, round, textElement } from './svg.ts'
import { type Cell, type Color, countOf, formatNumber, labelOf, lineOf, padEnd, padStart, widestOf } from './text.ts'
import { joined } from './values.ts'

/** The most units of a layer that are drawn: the first and the last half of them. */
const MOST = 12

/** The colours of weights, by their sign. */
const [POSITIVE, NEGATIVE] = [0, 1]

interface Units {
  readonly count: number
  /** What is done with them beside the weights: 'Tanh'. */
  readonly notes: string[]
  /** Those that are drawn. */
  readonly shown: readonly number[]
}

/** The weights from some units to the next. */
interface Weights {
  at(to: number, from: number): number
  /** Undefined where there is no bias. */
  readonly bias: ((to: number) => number) | undefined
}

const unitsOf = (count: number): Units => {
  const shown = Array.from({ length: Math.min(count, MOST) }, (_, i) =>
    i < MOST / 2 || count <= MOST ? i : count - MOST + i,
  )
  return { count, notes: [], shown }
}

/** The layers of a model in their order. */
function* layersOf(model: Module): Iterable<Module> {
  if (model instanceof Sequential) for (const layer of model.layers) yield* layersOf(layer as Module)
  else yield model
}

function networkOf(model: Module): { layers: Units[]; weights: Weights[] } {
  const layers: Units[] = []
  const weights: Weights[] = []
  const before: string[] = []
  for (const layer of layersOf(model)) {
    if (layer instanceof Linear) {
      const [weight, bias] = [layer.weight.value.clone(), layer.bias?.value.clone()]
      const last = layers.at(-1)
      if (!last) layers.push(unitsOf(weight.cols))
      else if (last.count !== weight.cols)
        throw new MatgradError(
          `graph: ${layer.describe()} comes after ${last.count} features, wanted as many as it takes`,
        )
      layers.push(unitsOf(weight.rows))
      weights.push({
        at: (to, from) => weight.get(to, from),
        bias: bias && ((to) => bias.get(0, to)),
      })
      continue
    }
    const keepsFeatures = [BatchNorm1d, LayerNorm, PReLU].some((each) => layer instanceof each)
    if (!keepsFeatures && layer.parameters().length > 0)
      throw new DTypeError(
        `graph: ${layer.describe()} has weights that are not drawn, wanted a Linear, or a Sequential of them and of layers without weights`,
      )
    ;(layers.at(-1)?.notes ?? before).push(labelOf(layer.describe()))
  }
  if (layers.length === 0) throw new MatgradError('graph: the model has no Linear, wanted at least one')
  layers[0].notes.push(...before)
  return { layers, weights }
}

/** The largest size of a weight, which strengths are parts of. */
function largestOf(layers: readonly Units[], { at }: Weights, k: number): number {
  let largest = 0
  for (const to of layers[k + 1].shown)
    for (const from of layers[k].shown)
      if (Number.isFinite(at(to, from))) largest = Math.max(largest, Math.abs(at(to, from)))
  return largest
}

const colorOf = (weight: number, palette = PALETTE): Color =>
  Number.isFinite(weight) ? palette[weight < 0 ? NEGATIVE : POSITIVE] : STRANGE

const titleOf = ({ count, shown, notes }: Units, isFirst: boolean): string =>
  joined([
    isFirst ? countOf(count, 'input') : countOf(count, 'unit'),
    shown.length < count ? `the first and the last ${MOST / 2} drawn` : '',
    ...notes,
  ])

/**
 * A network with its weights: units in columns, a line for each weight, blue where it is positive and orange where it is negative, the thicker the larger it is
 * among those of its layer; units have the colour of their bias. As text, a table of weights for each layer, with the bias. Of layers of more than 12 units the first and the last 6 are drawn, which is said.
 *
 * @param model a Linear, or a Sequential of them and layers without weights, or with one for each feature
 * @throws DTypeError for other layers; MatgradError where there is no Linear, or one takes other than what comes before it.
 */
export function graph(model: Module, ...more: []): Picture {
  checkNoMore('graph', 'model', more)
  checkModule('graph', model)
  const { layers, weights } = networkOf(model)
  const largest = weights.map((each, k) => largestOf(layers, each, k))
  const title = `a network of ${layers.map(({ count }) => count).join(' → ')}`
  return new Picture({
    text(colors) {
      const tables = weights.map((each, k) => {
        const [inputs, units] = [layers[k], layers[k + 1]]
        const gap = inputs.shown.length < inputs.count ? MOST / 2 : -1
        const head = [...inputs.shown.map((from) => `${k === 0 ? 'x' : 'h'}${from}`), ...(each.bias ? ['bias'] : [])]
        const rows = units.shown.map((to) =>
          [...inputs.shown.map((from) => each.at(to, from)), ...(each.bias ? [each.bias(to)] : [])].map(
            (value): Cell => ({
              text: formatNumber(Number(value.toPrecision(3))),
              color: colorOf(value, INKS),
            }),
          ),
        )
        const width = widestOf([...head, ...rows.flat().map(({ text }) => text)]) + 2
        const names = units.shown.map((to) => `${k === weights.length - 1 ? 'y' : 'h'}${to}`)
        const left = widestOf(names)
        const spaced = (cells: readonly Cell[]): Cell[] =>
          cells.map((cell, j) => ({ ...cell, text: (j === gap ? ' …' : '') + padStart(cell.text, width) }))
        const lines = rows.map((row, i) => lineOf([{ text: padEnd(names[i], left) }, ...spaced(row)], colors))
        if (units.shown.length < units.count) lines.splice(MOST / 2, 0, '…')
        const header = lineOf([{ text: ' '.repeat(left) }, ...spaced(head.map((text) => ({ text })))], false)
        return [titleOf(units, false), header, ...lines].join('\n')
      })
      return [joined([title, titleOf(layers[0], true)], ': '), ...tables].join('\n')
    },
    svg() {
      const [apart, step, radius] = [170, 34, 9]
      const tallest = layers.reduce((most, { shown }) => Math.max(most, shown.length), 0)
      const middle = 60 + (tallest * step) / 2
      const x = (k: number): number => 70 + k * apart
      /** Half a place further from the middle where units are left out. */
      const y = (k: number, i: number): number => {
        const { count, shown } = layers[k]
        const gap = shown.length < count ? (i < MOST / 2 ? -0.5 : 0.5) : 0
        return round(middle + (i - (shown.length - 1) / 2 + gap) * step)
      }
      const dots = layers.flatMap(({ count, shown }, k) =>
        shown.length < count
          ? [textElement('text', { x: x(k), y: middle + 5, 'text-anchor': 'middle', 'font-size': 18 }, '⋮')]
          : [],
      )
      const lines = weights.flatMap((each, k) =>
        layers[k + 1].shown.flatMap((to, i) =>
          layers[k].shown.map((from, j) => {
            const weight = each.at(to, from)
            const strength = Number.isFinite(weight) ? (largest[k] > 0 ? Math.abs(weight) / largest[k] : 0) : 1
            const place = { x1: x(k), y1: y(k, j), x2: x(k + 1), y2: y(k + 1, i) }
            const line = {
              stroke: hex(colorOf(weight)),
              'stroke-width': 0.25 + 3.75 * strength,
              'stroke-opacity': 0.25 + 0.65 * strength,
            }
            return element('line', { ...place, ...line })
          }),
        ),
      )
      const circles = layers.flatMap(({ shown }, k) =>
        shown.map((unit, i) => {
          const bias = k > 0 ? weights[k - 1].bias?.(unit) : undefined
          const fill = bias === undefined ? '#ffffff' : hex(mix(colorOf(bias), [255, 255, 255], 0.5))
          return element(
            'circle',
            { cx: x(k), cy: y(k, i), r: radius, fill, stroke: '#222222' },
            ...(bias === undefined ? [] : [textElement('title', {}, `bias ${formatNumber(bias)}`)]),
          )
        }),
      )
      const bottom = 60 + (tallest + 1) * step
      const captions = layers.flatMap((units, k) =>
        [
          countOf(units.count, k === 0 ? 'input' : 'unit'),
          ...(units.shown.length < units.count ? [`the first and last ${MOST / 2} drawn`] : []),
          ...units.notes,
        ].map((text, i) => textElement('text', { x: x(k), y: bottom + 16 * i, 'text-anchor': 'middle' }, text)),
      )
      const most = layers.reduce((count, { notes }) => Math.max(count, notes.length), 0) + 2
      const stroke = (color: Color) => (left: number, top: number) =>
        element('path', { d: `M${left} ${top}h22`, stroke: hex(color), 'stroke-width': 3 })
      const legend = [
        { text: 'a positive weight', sample: stroke(PALETTE[POSITIVE]) },
        { text: 'a negative weight', sample: stroke(PALETTE[NEGATIVE]) },
        ...(weights.some((each, k) =>
          layers[k + 1].shown.some((to) => layers[k].shown.some((from) => !Number.isFinite(each.at(to, from)))),
        )
          ? [{ text: 'one that is not finite', sample: stroke(STRANGE) }]
          : []),
        {
          text: `the thickest line of each layer: ±${largest.map(formatNumber).join(', ±')}; units have the colour of their bias`,
        },
      ]
      const below = bottom + 16 * most + 12
      return documentOf(
        Math.max(400, 140 + apart * weights.length),
        below + 18 * legend.length,
        title,
        layers.map((units, k) => titleOf(units, k === 0)).join('; '),
        titleAt(16, title),
        ...lines,
        ...circles,
        ...dots,
        ...captions,
        legendAt(16, below, legend),
      )
    },
  })
}
