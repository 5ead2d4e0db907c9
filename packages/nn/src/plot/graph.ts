import { DTypeError, MatgradError, type Matrix } from '@matgrad/core'
import { checkNoMore } from '@matgrad/core/internal'
import { BatchNorm1d } from '../layers/batch-norm.ts'
import { LayerNorm } from '../layers/layer-norm.ts'
import { Linear } from '../layers/linear.ts'
import { PReLU } from '../layers/prelu.ts'
import { Sequential } from '../layers/sequential.ts'
import { checkModule, type Module } from '../module.ts'
import { mix, PALETTE, STRANGE, WHITE } from './colors.ts'
import { Picture } from './picture.ts'
import { element, hex, roomFor, textElement } from './svg.ts'
import { type Cell, type Color, countOf, labelOf, tableOf } from './text.ts'
import { formatDigits, formatNumber } from './values.ts'

/** The most units of a layer that are drawn: the first and the last half of them. */
const MOST = 12
const HALF = MOST / 2

interface Units {
  readonly count: number
  /** What is done with them beside the weights: 'Tanh'. */
  readonly notes: string[]
  /** Those that are drawn. */
  readonly shown: readonly number[]
}

/** From some units to the next. */
interface Weights {
  readonly weight: Matrix
  readonly bias: Matrix | undefined
}

const unitsOf = (count: number): Units => {
  const shown = Array.from({ length: Math.min(count, MOST) }, (_, i) =>
    i < HALF || count <= MOST ? i : count - MOST + i,
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
      weights.push({ weight, bias })
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

/** The kinds of weights that colours tell apart. */
const KINDS: readonly { readonly name: string; readonly color: Color; has(weight: number): boolean }[] = [
  { name: 'positive', color: PALETTE[0], has: (weight) => weight > 0 && Number.isFinite(weight) },
  { name: 'negative', color: PALETTE[1], has: (weight) => weight < 0 && Number.isFinite(weight) },
  { name: 'zero', color: [160, 160, 160], has: (weight) => weight === 0 },
  { name: 'not finite', color: STRANGE, has: (weight) => !Number.isFinite(weight) },
]
const colorOf = (weight: number): Color => KINDS.find(({ has }) => has(weight))?.color ?? WHITE

const titlesOf = ({ count, shown, notes }: Units, k: number): string[] => [
  countOf(count, k === 0 ? 'input' : 'unit'),
  ...(shown.length < count ? [`the first and the last ${HALF} drawn`] : []),
  ...notes,
]

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
  const title = `a network of ${layers.map(({ count }) => count).join(' → ')}`
  /** The weights that are drawn, as a row of numbers for each unit, and its bias. */
  const drawn = weights.map(({ weight, bias }, k) =>
    layers[k + 1].shown.map((to) => ({
      numbers: layers[k].shown.map((from) => weight.get(to, from)),
      biases: bias ? [bias.get(0, to)] : [],
    })),
  )
  return new Picture({
    text(colors) {
      /** With a place for the units that are left out. */
      const withGap = <T>(list: readonly T[], { count }: Units, gap: T): T[] =>
        count > MOST ? [...list.slice(0, HALF), gap, ...list.slice(HALF)] : [...list]
      const cellOf = (value: number): Cell => ({
        text: formatDigits(value, 3),
        ...(value === 0 ? {} : { color: mix(colorOf(value), WHITE, 0.3) }),
      })
      const gap: Cell = { text: '…' }
      const tables = drawn.map((rows, k): string => {
        const [inputs, units] = [layers[k], layers[k + 1]]
        const names = inputs.shown.map((from): Cell => ({ text: `${k === 0 ? 'x' : 'h'}${from}` }))
        const head = [{ text: '' }, ...withGap(names, inputs, gap), ...(weights[k].bias ? [{ text: 'bias' }] : [])]
        const lines = rows.map(({ numbers, biases }, i) => [
          { text: `${k === weights.length - 1 ? 'y' : 'h'}${units.shown[i]}` },
          ...withGap(numbers.map(cellOf), inputs, gap),
          ...biases.map(cellOf),
        ])
        const left = [gap, ...head.slice(1).map((): Cell => ({ text: '' }))]
        const table = tableOf([head, ...withGap(lines, units, left)], colors)
        return [titlesOf(units, k + 1).join(', '), ...table].join('\n')
      })
      return { title: `${title}: ${titlesOf(layers[0], 0).join(', ')}`, lines: tables, legend: [] }
    },
    svg() {
      const captions = layers.map(titlesOf)
      const room = roomFor(captions.flat())
      const [apart, step, radius] = [Math.max(170, room + 16), 34, 9]
      const middle = 20 + (layers.reduce((most, { shown }) => Math.max(most, shown.length), 0) * step) / 2
      const x = (k: number): number => Math.max(54, room / 2) + k * apart
      /** Half a place further from the middle where units are left out. */
      const y = (k: number, i: number): number => {
        const { count, shown } = layers[k]
        const gap = shown.length < count ? (i < HALF ? -0.5 : 0.5) : 0
        return middle + (i - (shown.length - 1) / 2 + gap) * step
      }
      const largest = drawn.map((rows) =>
        rows.flatMap(({ numbers }) => numbers.filter(Number.isFinite)).reduce((a, b) => Math.max(a, Math.abs(b)), 0),
      )
      const lines = drawn.flatMap((rows, k) =>
        rows.flatMap(({ numbers }, i) =>
          numbers.map((weight, j) => {
            const strength = Number.isFinite(weight) ? Math.abs(weight) / (largest[k] || 1) : 1
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
        shown.map((_, i) => {
          const biases = drawn[k - 1]?.[i].biases ?? []
          const fill = hex(biases.reduce((_, bias) => mix(colorOf(bias), WHITE, 0.5), WHITE))
          const titles = biases.map((bias) => textElement('title', {}, `bias ${formatNumber(bias)}`))
          return element('circle', { cx: x(k), cy: y(k, i), r: radius, fill, stroke: '#222222' }, ...titles)
        }),
      )
      const bottom = 2 * middle + 8
      const centred = { 'text-anchor': 'middle' }
      const texts = layers.flatMap(({ count, shown }, k) => [
        ...(shown.length < count
          ? [textElement('text', { x: x(k), y: middle + 5, ...centred, 'font-size': 18 }, '⋮')]
          : []),
        ...captions[k].map((text, i) => textElement('text', { x: x(k), y: bottom + 16 * i, ...centred }, text)),
      ])
      const all = drawn.flat().flatMap(({ numbers, biases }) => [...numbers, ...biases])
      const legend = [
        ...KINDS.filter(({ has }) => all.some(has)).map(({ name, color }) => ({
          text: name,
          sample: element('path', { d: 'M0 0h22', stroke: hex(color), 'stroke-width': 3 }),
          width: 22,
        })),
        { text: `the thickest line of each layer: ±${largest.map(formatNumber).join(', ±')}` },
        ...(weights.some(({ bias }) => bias) ? [{ text: 'units have the colour of their bias' }] : []),
      ]
      return {
        title,
        width: x(layers.length - 1) + Math.max(54, room / 2),
        height: bottom + 16 * Math.max(...captions.map(({ length }) => length)),
        body: [...lines, ...circles, ...texts],
        legend,
        description: captions.map((each) => each.join(', ')).join('; '),
      }
    },
  })
}
