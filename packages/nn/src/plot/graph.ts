import { DTypeError, MatgradError } from '@matgrad/core'
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

interface Layer {
  readonly count: number
  /** The units that are drawn. */
  readonly shown: readonly number[]
  /** What is done with units beside the weights: 'Tanh'. */
  readonly notes: string[]
  /** For each unit that is drawn the weights of those before it, and its bias if there is one. */
  readonly units: readonly { readonly weights: readonly number[]; readonly biases: readonly number[] }[]
}

const shownOf = (count: number): number[] =>
  Array.from({ length: Math.min(count, MOST) }, (_, i) => (i < HALF || count <= MOST ? i : count - MOST + i))

/** The layers of a model in their order. */
function* layersOf(model: Module): Iterable<Module> {
  if (model instanceof Sequential) for (const layer of model.layers) yield* layersOf(layer as Module)
  else yield model
}

function networkOf(model: Module): Layer[] {
  const layers: Layer[] = []
  const before: string[] = []
  for (const layer of layersOf(model)) {
    if (layer instanceof Linear) {
      const [weight, bias] = [layer.weight.value, layer.bias?.value]
      if (layers.length === 0)
        layers.push({ count: weight.cols, shown: shownOf(weight.cols), notes: before, units: [] })
      const last = layers[layers.length - 1]
      if (last.count !== weight.cols)
        throw new MatgradError(
          `graph: ${layer.describe()} comes after ${last.count} features, wanted as many as it takes`,
        )
      const shown = shownOf(weight.rows)
      const units = shown.map((to) => ({
        weights: last.shown.map((from) => weight.get(to, from)),
        biases: bias ? [bias.get(0, to)] : [],
      }))
      layers.push({ count: weight.rows, shown, notes: [], units })
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
  return layers
}

/** The kinds of weights that colours tell apart. */
const KINDS: readonly { readonly name: string; readonly color: Color; has(weight: number): boolean }[] = [
  { name: 'positive', color: PALETTE[0], has: (weight) => weight > 0 && Number.isFinite(weight) },
  { name: 'negative', color: PALETTE[1], has: (weight) => weight < 0 && Number.isFinite(weight) },
  { name: 'zero', color: [160, 160, 160], has: (weight) => weight === 0 },
  { name: 'not finite', color: STRANGE, has: (weight) => !Number.isFinite(weight) },
]
const colorOf = (weight: number): Color => KINDS.find(({ has }) => has(weight))?.color ?? WHITE

const captionOf = ({ count, notes }: Layer, k: number): string[] => [
  countOf(count, k === 0 ? 'input' : 'unit'),
  ...(count > MOST ? [`the first and the last ${HALF} drawn`] : []),
  ...notes,
]

/**
 * A network with its weights: units in columns, a line for each weight, blue where it is positive and orange where it is
 * negative, the thicker the larger it is among those of its layer; units have the colour of their bias. As text, a table of
 * weights for each layer, with the bias. Of layers of more than 12 units the first and the last 6 are drawn, which is said.
 *
 * @param model a Linear, or a Sequential of them and layers without weights, or with one for each feature
 * @throws DTypeError for other layers; MatgradError where there is no Linear, or one takes other than what comes before it.
 */
export function graph(model: Module, ...more: []): Picture {
  checkNoMore('graph', 'model', more)
  checkModule('graph', model)
  const layers = networkOf(model)
  const captions = layers.map(captionOf)
  const title = `a network of ${layers.map(({ count }) => count).join(' → ')}`
  return new Picture({
    text(colors) {
      /** With a place for the units that are left out. */
      const withGap = <T>(list: readonly T[], { count }: Layer, gap: T): T[] =>
        count > MOST ? [...list.slice(0, HALF), gap, ...list.slice(HALF)] : [...list]
      const cellOf = (value: number): Cell => ({
        text: formatDigits(value, 3),
        ...(value === 0 ? {} : { color: mix(colorOf(value), WHITE, 0.3) }),
      })
      const gap: Cell = { text: '…' }
      const tables = layers.slice(1).map((layer, k): string => {
        const inputs = layers[k]
        const names = inputs.shown.map((from): Cell => ({ text: `${k === 0 ? 'x' : 'h'}${from}` }))
        const biases = layer.units[0].biases.map((): Cell => ({ text: 'bias' }))
        const head = [{ text: '' }, ...withGap(names, inputs, gap), ...biases]
        const rows = layer.units.map((unit, i) => [
          { text: `${k === layers.length - 2 ? 'y' : 'h'}${layer.shown[i]}` },
          ...withGap(unit.weights.map(cellOf), inputs, gap),
          ...unit.biases.map(cellOf),
        ])
        const leftOut = head.map((_, j): Cell => (j === 0 ? gap : { text: '' }))
        return [captions[k + 1].join(', '), ...tableOf([head, ...withGap(rows, layer, leftOut)], colors)].join('\n')
      })
      return { title: `${title}: ${captions[0].join(', ')}`, lines: tables, legend: [] }
    },
    svg() {
      const room = Math.max(108, roomFor(captions.flat()))
      const [apart, step, radius] = [Math.max(170, room + 16), 34, 9]
      const middle = 20 + (Math.max(...layers.map(({ shown }) => shown.length)) * step) / 2
      const x = (k: number): number => room / 2 + k * apart
      /** Half a place further from the middle where units are left out. */
      const y = (k: number, i: number): number => {
        const { count, shown } = layers[k]
        const gap = count > MOST ? (i < HALF ? -0.5 : 0.5) : 0
        return middle + (i - (shown.length - 1) / 2 + gap) * step
      }
      const sizes = layers
        .slice(1)
        .map(({ units }) =>
          units.flatMap(({ weights }) => weights.filter(Number.isFinite)).reduce((a, b) => Math.max(a, Math.abs(b)), 0),
        )
      const lines = layers.flatMap(({ units }, k) =>
        units.flatMap(({ weights }, i) =>
          weights.map((weight, j) => {
            const strength = Number.isFinite(weight) ? Math.abs(weight) / (sizes[k - 1] || 1) : 1
            return element('line', {
              ...{ x1: x(k - 1), y1: y(k - 1, j), x2: x(k), y2: y(k, i) },
              stroke: hex(colorOf(weight)),
              'stroke-width': 0.25 + 3.75 * strength,
              'stroke-opacity': 0.25 + 0.65 * strength,
            })
          }),
        ),
      )
      const circles = layers.flatMap(({ shown, units }, k) =>
        shown.map((_, i) => {
          const biases = units[i]?.biases ?? []
          const [color = WHITE] = biases.map((bias) => mix(colorOf(bias), WHITE, 0.5))
          const titles = biases.map((bias) => textElement('title', {}, `bias ${formatNumber(bias)}`))
          const circle = { cx: x(k), cy: y(k, i), r: radius, fill: hex(color), stroke: '#222222' }
          return element('circle', circle, ...titles)
        }),
      )
      const bottom = 2 * middle + 8
      const texts = layers.flatMap(({ count }, k) => {
        const place = { x: x(k), 'text-anchor': 'middle' }
        return [
          ...(count > MOST ? [textElement('text', { ...place, y: middle + 5, 'font-size': 18 }, '⋮')] : []),
          ...captions[k].map((text, i) => textElement('text', { ...place, y: bottom + 16 * i }, text)),
        ]
      })
      const biases = layers.flatMap(({ units }) => units.flatMap((unit) => unit.biases))
      const all = [...biases, ...layers.flatMap(({ units }) => units.flatMap((unit) => unit.weights))]
      const kinds = KINDS.filter(({ has }) => all.some(has)).map(({ name, color }) => ({
        text: name,
        sample: element('path', { d: 'M0 0h22', stroke: hex(color), 'stroke-width': 3 }),
        width: 22,
      }))
      const thickest = `the thickest line of each layer: ±${sizes.map(formatNumber).join(', ±')}`
      return {
        title,
        width: x(layers.length - 1) + room / 2,
        height: bottom + 16 * Math.max(...captions.map(({ length }) => length)),
        body: [...lines, ...circles, ...texts],
        legend: [
          ...kinds,
          { text: thickest },
          ...(biases.length > 0 ? [{ text: 'units have the colour of their bias' }] : []),
        ],
        description: captions.map((each) => each.join(', ')).join('; '),
      }
    },
  })
}
