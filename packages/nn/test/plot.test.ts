// Pictures: what is drawn is what was given, as text, SVG and PNG; and what is odd is said.

import { fromFunction, Generator, matrix, ones, zeros } from '@matgrad/core'
import { Dropout, Embedding, LayerNorm, Linear, Module, plot, ReLU, Sequential, Sigmoid, Tanh } from '@matgrad/nn'
import fc from 'fast-check'
import { decode } from 'fast-png'
import { describe, expect, it, test } from 'vitest'

interface Tag {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  text: string
  /** Where a point of it is in the picture, by the transforms around it. */
  readonly at: (x: number, y: number) => readonly [x: number, y: number]
}

const KNOWN = new Set(['svg', 'title', 'desc', 'rect', 'g', 'path', 'text', 'polyline', 'circle', 'line'])
const unescaped = (text: string): string => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))

/** The elements of a file that is well-formed, and of the few kinds that pictures are made of. */
function parse(svg: string): Tag[] {
  const tags: Tag[] = []
  const open: Tag[] = []
  const faults: string[] = []
  let end = 0
  for (const { 0: whole, 1: closing, 2: name, 3: list, 4: alone, index } of svg.matchAll(
    /<(\/?)([a-z]+)((?: [\w-]+="[^"<>]*")*)(\/?)>/g,
  )) {
    const between = svg.slice(end, index)
    if (!/^(?:[^<>&]|&#\d+;)*$/.test(between)) faults.push(between)
    const last = open.at(-1)
    if (last) last.text += unescaped(between)
    end = index + whole.length
    if (closing) {
      if (open.pop()?.name !== name) faults.push(whole)
      continue
    }
    if (!KNOWN.has(name)) faults.push(name)
    const pairs = [...list.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(([, key, value]) => [key, unescaped(value)] as const)
    const attributes = Object.fromEntries(pairs)
    if (Object.keys(attributes).length !== pairs.length) faults.push(whole)
    const around = last?.at ?? ((x, y) => [x, y] as const)
    const { transform } = attributes
    const [, dx, dy, scale = '1', turned] =
      /^translate\((\S+) (\S+)\)(?: scale\((\S+)\))?( rotate\(-90\))?$/.exec(transform ?? '') ?? []
    if (transform !== undefined && dx === undefined) faults.push(whole)
    const at: Tag['at'] = (x, y) => {
      const [across, down] = turned ? [y, -x] : [x, y]
      return around(Number(dx) + Number(scale) * across, Number(dy) + Number(scale) * down)
    }
    const tag = { name, attributes, text: '', at: transform === undefined ? around : at }
    tags.push(tag)
    if (!alone) open.push(tag)
  }
  expect([faults, open, svg.slice(end)]).toEqual([[], [], '\n'])
  return tags
}

const named = (tags: readonly Tag[], name: string): Tag[] => tags.filter((tag) => tag.name === name)
const textsOf = (tags: readonly Tag[]): string[] => named(tags, 'text').map(({ text }) => text)

/** The elements of a picture, all of which are inside it and at numbers. */
function elementsOf(picture: plot.Picture): Tag[] {
  const svg = picture.toSVG()
  expect(svg).toBe(picture.toSVG())
  const tags = parse(svg)
  const [root, title, description] = tags
  expect([root.name, root.attributes.role, title.name, description.name]).toEqual(['svg', 'img', 'title', 'desc'])
  expect(title.text).not.toBe('')
  const [, , width, height] = root.attributes.viewBox.split(' ').map(Number)
  const faults: string[] = []
  for (const { name, attributes, at, text } of tags.slice(3)) {
    const { x = attributes.cx ?? attributes.x1 ?? 0, y = attributes.cy ?? attributes.y1 ?? 0 } = attributes
    const { d = '', points = `${x},${y}` } = attributes
    // A text takes 5.5 for each character, which is less than the average.
    const room = (name === 'text' ? 5.5 : 0) * [...text].length
    const before = { end: room, middle: room / 2 }[attributes['text-anchor']] ?? 0
    const ends = name === 'text' ? [`${Number(x) - before},${y}`, `${Number(x) - before + room},${y}`] : []
    const places = [...points.split(' '), ...ends, ...(attributes.x2 ? [`${attributes.x2},${attributes.y2}`] : [])]
    const areIn = places.filter(Boolean).every((place) => {
      const [left, top] = at(...(place.split(',').map(Number) as [number, number]))
      return left >= 0 && left <= width && top >= 0 && top <= height
    })
    const sizes = [attributes.width, attributes.height, attributes.r].filter((size) => size !== undefined).map(Number)
    if (!areIn || /[^MHVhvlaz\d. -]/.test(d) || !sizes.every((size) => size >= 0 && Number.isFinite(size)))
      faults.push(`${name} ${JSON.stringify(attributes)} ${text}`)
  }
  expect(faults).toEqual([])
  return tags
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are controlled by them
const CODES = /\x1b\[[\d;]*m/g
/** Text with colours and without them; in both the same is said, and colours end where lines do. */
function textOf(picture: plot.Picture): string {
  const [text, colored] = [String(picture), picture.toString({ colors: true })]
  expect(text).toBe(`${picture}`)
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u)
  expect(text.split('\n').every((line) => line === line.trimEnd())).toBe(true)
  for (const line of colored.split('\n')) {
    const codes = line.match(CODES) ?? []
    if (codes.length > 0) expect(codes.at(-1)).toBe('\x1b[0m')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: see above
    expect(line.replace(CODES, '')).not.toMatch(/\x1b/)
  }
  return text
}

const decoded = async (picture: plot.PixelPicture, scale = 1) => {
  const { width, height, channels, data } = decode(await picture.toPNG({ scale }))
  expect(channels).toBe(3)
  return {
    width,
    height,
    at: (i: number, j: number) => [...data.subarray(3 * (i * width + j), 3 * (i * width + j) + 3)],
  }
}

const byColumn = new Sequential(
  new Linear(2, 2, {
    init: () =>
      matrix([
        [-1, 0],
        [1, 0],
      ]),
  }),
)

describe('lossCurve and lines', () => {
  it('draws a line of characters from the first epoch to the last', () => {
    const picture = plot.lossCurve({ loss: [8, 4, 2, 1], valLoss: [9, 6, 5, 5] })
    expect(textOf(picture)).toMatchInlineSnapshot(`
      "loss, epoch 1 to 4
      9.00 ┤══╗
      8.20 ┤╮ ╚════╗
      7.40 ┤╰───╮  ╚════╗
      6.60 ┤    ╰───╮   ╚════╗
      5.80 ┤        ╰───╮    ╚════════════╗
      5.00 ┤            ╰───╮             ╚═══════════════════════════
      4.20 ┤                ╰───╮
      3.40 ┤                    ╰───────╮
      2.60 ┤                            ╰───────╮
      1.80 ┤                                    ╰────────────╮
      1.00 ┤                                                 ╰────────
      ── training: 8 to 1
      ══ validation: 9 to 5"
    `)
    expect(picture.toString({ colors: true })).toContain('\x1b[38;5;74m──\x1b[0m training: 8 to 1')
  })

  it('is an SVG of one polyline a curve, with axes and a legend', () => {
    expect(plot.lossCurve({ loss: [1, 0.5, 0.25] }).toSVG()).toMatchInlineSnapshot(`
      "<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 646 352" width="646" height="352" role="img" font-family="system-ui, sans-serif" font-size="12" fill="#222222">
      <title>loss, epoch 1 to 3</title>
      <desc>loss: 1 to 0.25</desc>
      <rect width="646" height="352" fill="#ffffff"/>
      <text x="16" y="20" font-size="14" font-weight="bold">loss, epoch 1 to 3</text>
      <g transform="translate(16 34)">
      <g transform="translate(44 0)"><path d="M0 0V240M275 0V240M550 0V240M0 192H550M0 128H550M0 64H550M0 0H550" stroke="#dddddd" fill="none"/><rect width="550" height="240" stroke="#888888" fill="none"/><text x="0" y="256" text-anchor="middle">1</text><text x="275" y="256" text-anchor="middle">2</text><text x="550" y="256" text-anchor="middle">3</text><text x="-6" y="196" text-anchor="end">0.4</text><text x="-6" y="132" text-anchor="end">0.6</text><text x="-6" y="68" text-anchor="end">0.8</text><text x="-6" y="4" text-anchor="end">1.0</text><text x="275" y="274" text-anchor="middle">epoch</text><polyline points="0,0 275,160 550,240" stroke="#0072b2" stroke-width="2" stroke-dasharray="none" fill="none"/></g></g>
      <g transform="translate(16 332)"><path d="M0 0h22" stroke="#0072b2" stroke-width="2" stroke-dasharray="none" fill="none"/><text x="28" y="4">loss: 1 to 0.25</text></g>
      </svg>
      "
    `)
  })

  it('has a point for each number, at its height', () => {
    const values = new Generator(1).normal(1, 50).toArray()[0]
    const tags = elementsOf(plot.lines({ values }))
    const [line, ...others] = named(tags, 'polyline')
    expect(others).toEqual([])
    const points = line.attributes.points.split(' ').map((point) => point.split(',').map(Number))
    expect(points).toHaveLength(50)
    const [low, high] = [Math.min(...values), Math.max(...values)]
    for (const [i, [x, y]] of points.entries()) {
      expect(x).toBeCloseTo((550 * i) / 49, 1)
      expect(y).toBeCloseTo(240 - (240 * (values[i] - low)) / (high - low), 1)
    }
  })

  it('leaves a gap where a number is not finite, and says so', () => {
    const picture = plot.lines({ loss: [3, 2, Number.NaN, 1, Number.POSITIVE_INFINITY, 2, 3] })
    const tags = elementsOf(picture)
    expect(named(tags, 'polyline')).toHaveLength(2)
    expect(named(tags, 'circle')).toHaveLength(1)
    const said = 'loss: 3 to 3, 1 NaN, 1 ∞ not drawn'
    expect(textsOf(tags)).toContain(said)
    expect(textOf(picture)).toContain(said)
  })

  it('draws the mean of neighbours where there are more numbers than places, and says so', () => {
    const loss = Array.from({ length: 6000 }, (_, i) => (i < 3000 ? i % 2 : 5))
    const text = textOf(plot.lossCurve({ loss }))
    expect(text).toContain('loss, epoch 1 to 6000, each place the mean of up to 100')
    expect(text.split('\n').at(-2)).toMatch(/^0\.50 ┤─+╯$/)
    const [line] = named(elementsOf(plot.lossCurve({ loss })), 'polyline')
    expect(line.attributes.points.split(' ')).toHaveLength(1000)
    // A NaN among thousands is seen.
    loss[17] = Number.NaN
    expect(named(elementsOf(plot.lossCurve({ loss })), 'polyline')).toHaveLength(2)
  })

  it('labels rows with what they stand for', () => {
    for (const [low, high] of [
      [0, 1e-7],
      [-3, 5],
      [1e9, 3e9],
      [1, 1.001],
      [-1e308, 1e308],
      [0, 5e-324],
    ]) {
      const labels =
        textOf(plot.lines({ a: [low, high] }))
          .match(/^ *\S+(?= ┤)/gm)
          ?.map(Number) ?? []
      expect(labels).toHaveLength(11)
      for (const [i, label] of labels.entries()) {
        const value = (high / 10) * (10 - i) + (low / 10) * i
        expect(Math.abs(label / 2 - value / 2)).toBeLessThanOrEqual((high / 2 - low / 2) / 100 + 5e-324)
      }
      elementsOf(plot.lines({ a: [low, high] }))
    }
  })

  it('of no epoch, one, and none that is finite', () => {
    expect(textOf(plot.lossCurve({ loss: [] }))).toBe('loss, no values\n── loss: no values')
    expect(textOf(plot.lossCurve({ loss: [0.25] }))).toBe('loss, epoch 1\n0.25 ┤•\n── loss: 0.25')
    const nothing = plot.lossCurve({ loss: [Number.NaN, Number.NaN] })
    expect(textOf(nothing)).toBe('loss, epoch 1 to 2\n── loss: NaN to NaN, 2 NaN not drawn')
    expect(textOf(plot.lines({ a: [2, 2, 2] }))).toMatch(/^2 ┤─{59}$/m)
    for (const loss of [[], [0.25], [Number.NaN, Number.NaN], [2, 2, 2]]) elementsOf(plot.lossCurve({ loss }))
  })

  it('draws every number where it is, also between the ends', () => {
    const rows = textOf(plot.lines({ a: [0, 100, 0, 0] })).split('\n')
    expect(rows[1]).toBe(`100 ┤${' '.repeat(18)}╭╮`)
    // What is the same is a straight line, however many there are, and nothing overflows.
    for (const [value, said] of [
      [0.1, '0.1'],
      [Number.MAX_VALUE, '1.798e308'],
    ] as const)
      for (const count of [2, 6001])
        expect(textOf(plot.lines({ a: Array(count).fill(value) })).split('\n')).toEqual([
          expect.stringContaining('index 0 to'),
          expect.stringMatching(/^\S+ ┤─+$/),
          `── a: ${said} to ${said}`,
        ])
  })

  it('has means of numbers whose differences overflow', () => {
    const a = Array.from({ length: 2002 }, (_, i) => (i % 2 === 0 ? 1 : -1) * Number.MAX_VALUE)
    expect(named(elementsOf(plot.lines({ a })), 'polyline')).toHaveLength(1)
  })

  it('has room for what stands at its ticks', () => {
    const a = Array.from({ length: 40 }, (_, i) => i)
    const tags = elementsOf(plot.lines({ a }, { start: 1e15 }))
    const ticks = named(tags, 'text').filter(({ attributes }) => attributes.y === '256')
    expect(ticks.length).toBeGreaterThan(1)
    for (const [i, { text, attributes }] of ticks.slice(1).entries())
      expect(Number(attributes.x) - Number(ticks[i].attributes.x)).toBeGreaterThan(6 * text.length)
    const ofPowers = elementsOf(plot.lines({ a: [1e-300, 1e300] }, { yScale: 'log' }))
    const powers = named(ofPowers, 'text').filter(({ attributes }) => attributes.x === '-6')
    expect(powers.map(({ text }) => text)).toEqual(['1e-300', '1e-200', '1e-100', '1', '1e100', '1e200', '1e300'])
  })

  it('has ticks at what they say, each another one', () => {
    const ends = fc.double({ noNaN: true, min: -1e308, max: 1e308 })
    fc.assert(
      fc.property(ends, ends, fc.constantFrom('linear', 'log'), (a, b, yScale) => {
        const range = [a, b].map((each) => (yScale === 'log' ? Math.abs(each) || 1 : each)).sort((a, b) => a - b)
        const [low, high] = range
        const isResolved = high - low > 1e-9 * Math.max(-low, high) && high - low > 1e-300
        if (!isResolved) return
        const tags = elementsOf(plot.lines({ a: range }, { yScale }))
        const ticks = named(tags, 'text').filter(({ attributes }) => attributes.x === '-6')
        expect(new Set(ticks.map(({ text }) => text)).size).toBe(ticks.length)
        const scaled = yScale === 'log' ? Math.log10 : (value: number) => value / 4
        for (const { text, attributes } of ticks) {
          const part = (scaled(Number(text)) - scaled(low)) / (scaled(high) - scaled(low))
          expect(Math.abs(240 * (1 - part) + 4 - Number(attributes.y)), text).toBeLessThan(0.5)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('has a logarithmic scale, on which what is not positive is said not to be drawn', () => {
    const picture = plot.lossCurve({ loss: [1, 0.1, 0.01, 0.001], valLoss: [1, 0, -1, 0.01] }, { yScale: 'log' })
    const tags = elementsOf(picture)
    const [line] = named(tags, 'polyline')
    expect(line.attributes.points).toBe('0,0 183.33,80 366.67,160 550,240')
    expect(named(tags, 'circle')).toHaveLength(2)
    const ticks = named(tags, 'text').filter(({ attributes }) => attributes.x === '-6')
    expect(ticks.map(({ text }) => text)).toEqual(['0.001', '0.01', '0.1', '1'])
    const rows = textOf(picture).split('\n')
    expect(rows[0]).toBe('loss, epoch 1 to 4, logarithmic')
    expect(rows.slice(1, 12).map((row) => Number(row.split(' ┤')[0]))).toEqual(
      Array.from({ length: 11 }, (_, i) => Number((10 ** (-0.3 * i)).toPrecision(3))),
    )
    expect(rows.slice(12)).toEqual(['── training: 1 to 0.001', '══ validation: 1 to 0.01, 2 not positive not drawn'])
    for (const a of [[0], [0.3], [5e-324, 5e-324], [5e-324, Number.MAX_VALUE], [Number.MAX_VALUE], []]) {
      expect(textOf(plot.lines({ a }, { yScale: 'log' }))).not.toContain('Infinity')
      const ticks = named(elementsOf(plot.lines({ a }, { yScale: 'log' })), 'text')
      for (const { text, attributes } of ticks) if (attributes.x === '-6') expect(Number(text)).toBeGreaterThan(0)
    }
  })

  it('counts epochs from those before, and names the axes', () => {
    const picture = plot.lossCurve({ loss: [3, 2, 1] }, { initialEpoch: 10, title: 'moons', yLabel: 'cross-entropy' })
    expect(textOf(picture)).toContain('moons, epoch 11 to 13')
    const texts = textsOf(elementsOf(picture))
    for (const each of ['11', '12', '13', 'epoch', 'cross-entropy']) expect(texts).toContain(each)
  })

  it('tells lines apart without colours', () => {
    const text = textOf(plot.lines(Object.fromEntries([...'abcdefghij'].map((name, i) => [name, [i, i]]))))
    const samples = text
      .split('\n')
      .slice(-10)
      .map((line) => line.slice(0, 2))
    expect(new Set(samples).size).toBe(10)
    // Each is drawn as the legend has it, the last at the top.
    const rows = text
      .split('\n')
      .slice(1, -10)
      .filter((line) => /┤./.test(line))
    expect(rows.map((row) => row.slice(-2)).reverse()).toEqual(samples)
  })
})

test('labels from outside neither steer a terminal nor break SVG', () => {
  const evil = '\x1b[31m<script>"&\'\u202e\ud800\u0000\n\u009b5m'
  const pictures = [
    plot.lines({ [evil]: [1, 2] }, { title: evil, xLabel: evil }),
    plot.scatter({ [evil]: zeros(1, 2) }, { title: evil }),
    plot.decisionBoundary(
      byColumn,
      {
        x: matrix([
          [1, 2],
          [-1, 0],
        ]),
        y: matrix([[1], [0]]),
      },
      { title: evil, classes: [evil, 'b'] },
    ),
    plot.heatmap(zeros(1, 1), { title: evil }),
    plot.images(zeros(1, 4), { title: evil, titles: [evil] }),
    plot.histogram([1, 2], { title: evil }),
    plot.confusionMatrix(matrix([[1]]), [evil]),
  ]
  for (const picture of pictures) {
    expect(textOf(picture)).toContain('�[31m<script>"&\'���')
    elementsOf(picture)
    expect(picture.toSVG()).toContain('&#60;script&#62;')
  }
  const name = 'x'.repeat(1e6)
  elementsOf(plot.lines({ [name]: [1] }, { title: name, xLabel: name, yLabel: name }))
  elementsOf(plot.scatter({ [name]: zeros(1, 2) }, { title: name, xLabel: name, yLabel: name }))
  const long = textOf(plot.lines({ [name]: [1] }))
  expect(long.length).toBeLessThan(200)
})

test('emoji, marks and East Asian letters take their places on a terminal', () => {
  const names = ['ab', '日', '👍🏽', '👩‍👩‍👧', '🇩🇪', '❤️', 'e\u0301a']
  const rows = textOf(
    plot.confusionMatrix(
      fromFunction(7, 7, () => 1),
      names,
    ),
  ).split('\n')
  for (const [i, row] of rows.slice(1).entries()) expect(row).toBe(`${names[i]}${' '.repeat(10)}${'   1'.repeat(7)}`)
})

test('lines are no longer than a terminal', () => {
  const values = new Generator(1).normal(30, 2)
  const pictures = [
    plot.lossCurve({ loss: [1, 2, 3] }),
    plot.lines({ a: values }),
    plot.scatter({ a: values }),
    plot.decisionBoundary(byColumn, { x: values, y: zeros(30, 1) }),
    plot.heatmap(values.T),
    plot.images(zeros(5, 400)),
    plot.histogram(values),
  ]
  expect(pictures[6].toString({ width: 30 })).toMatch(/^\[.{28}█$/m)
  for (const width of [20, 30, 72])
    for (const picture of pictures) {
      const drawn = picture
        .toString({ width })
        .split('\n')
        .filter((line) => !/[a-z]{3}| to |: |^\[/.test(line))
      expect(drawn.length > 0 || picture === pictures[6]).toBe(true)
      for (const line of drawn) expect([...line].length, line).toBeLessThanOrEqual(width)
    }
  for (const picture of pictures) picture.toString({ width: 1 })
  expect(() => pictures[0].toString({ width: 0 })).toThrow('toString: width is 0, wanted at least 1')
})

describe('scatter', () => {
  const points = matrix([
    [0, 0],
    [1, 1],
    [0.5, Number.NaN],
    [7, 0],
  ])
  const picture = plot.scatter(
    { some: points, others: matrix([[1, 1]]) },
    { xRange: [0, 1], yRange: [0, 1], title: 'points' },
  )

  it('puts marks where points are, later groups on top, and counts what is not drawn', () => {
    const lines = textOf(picture).split('\n')
    expect(lines[0]).toBe('points')
    expect(lines[1]).toBe(`${' '.repeat(71)}x`)
    expect(lines[26]).toBe('o')
    expect(lines.slice(2, 26).join('')).toBe('')
    expect(lines.slice(27)).toEqual([
      'x from 0 to 1, y from 0 to 1, 1 point outside, 1 point not finite',
      'o some, 2 points',
      'x others, 1 point',
    ])
  })

  it('has as many shapes as points and lines of the legend', () => {
    const shapes = named(elementsOf(picture), 'path').filter(({ attributes }) => attributes.stroke === '#ffffff')
    expect(shapes).toHaveLength(3 + 2)
  })

  it('draws 2000 of more points, and says so', () => {
    const tags = elementsOf(plot.scatter({ many: new Generator(1).normal(5000, 2) }))
    expect(textsOf(tags)).toContain('many, 5000 points, 2000 of them drawn')
    expect(named(tags, 'path').filter(({ attributes }) => attributes.stroke === '#ffffff')).toHaveLength(2001)
  })

  it('of no points, of one, and of far ones', () => {
    const most = matrix([Number.MAX_VALUE, -Number.MAX_VALUE], 1, 2, { dtype: 'float64' })
    expect(textOf(plot.scatter({ most }, { xLabel: 'width' }))).toMatch(/width from 1.798e308 to .*\no most, 1 point$/)
    for (const each of [
      most,
      zeros(0, 2),
      zeros(1, 2),
      matrix(
        [
          [-1e308, 1e308],
          [1e308, -1e308],
        ].flat(),
        2,
        2,
        { dtype: 'float64' },
      ),
    ]) {
      textOf(plot.scatter({ each }))
      elementsOf(plot.scatter({ each }))
    }
  })
})

describe('decisionBoundary', () => {
  const data = {
    x: matrix([
      [-2, -1],
      [2, 1],
      [-1, 1],
      [1, -1],
    ]),
    y: matrix([[0], [1], [0], [1]]),
  }

  it('shades each place with the class that the model gives it', async () => {
    const picture = plot.decisionBoundary(byColumn, data, { classes: ['left', 'right'] })
    const lines = textOf(picture).split('\n')
    for (const line of lines.slice(1, 27)) expect(line).toMatch(/^[·o]{36}[░x]{36}$/)
    expect(lines.slice(1, 27).join('').match(/[ox]/g)).toHaveLength(4)
    expect(lines.slice(27)).toEqual([
      'x from -2.2 to 2.2, y from -1.1 to 1.1',
      'o left in the data, 2 points',
      'x right in the data, 2 points',
      '· the model says left',
      '░ the model says right',
    ])
    const { width, height, at } = await decoded(picture)
    expect([width, height]).toEqual([480, 360])
    // Pale blue and orange: 0.65 of the way to white.
    for (const [column, color] of [
      [0, [166, 206, 228]],
      [239, [166, 206, 228]],
      [240, [240, 199, 166]],
      [479, [240, 199, 166]],
    ] as const)
      expect(at(5, column)).toEqual(color)
    // (-2, -1) is at x 1/22 and y 21/22: its disc is of the group's own colour.
    expect(at(Math.floor((360 * 21) / 22), Math.floor(480 / 22))).toEqual([0, 114, 178])
    const fields = named(elementsOf(picture), 'path').filter(({ attributes }) =>
      attributes.d.startsWith('M0 0h80v1h-80z'),
    )
    expect(fields.map(({ attributes }) => attributes.fill)).toEqual(['#a6cee4'])
  })

  it('has the plane upright', () => {
    const upwards = new Linear(2, 1, { init: () => matrix([[0, 1]]) })
    const picture = plot.decisionBoundary(upwards, data, { fromLogits: true })
    const rows = textOf(picture).split('\n').slice(1, 27)
    for (const [i, row] of rows.entries()) expect(row).toMatch(i < 13 ? /^[░ox]{72}$/ : /^[·ox]{72}$/)
    const fields = named(elementsOf(picture), 'path').filter(({ attributes }) => /^M0 \d+h160v1/.test(attributes.d))
    expect(fields.map(({ attributes }) => [attributes.fill, attributes.d.slice(0, 5)])).toEqual([
      ['#f0c7a6', 'M0 0h'],
      ['#a6cee4', 'M0 60'],
    ])
  })

  it('takes probabilities, logits and a column for each class', () => {
    const one = new Linear(2, 1, { init: () => matrix([[1, 0]]) })
    const halves = /^[·o]{36}[░x]{36}$/
    const rowsOf = (picture: plot.Picture) => textOf(picture).split('\n').slice(1, 27)
    for (const row of rowsOf(plot.decisionBoundary(one, data, { fromLogits: true }))) expect(row).toMatch(halves)
    for (const row of rowsOf(plot.decisionBoundary(new Sequential(one, new Sigmoid()), data)))
      expect(row).toMatch(halves)
    for (const row of rowsOf(plot.decisionBoundary(byColumn, { x: data.x, y: data.y.oneHot(2) })))
      expect(row).toMatch(halves)
    const all = plot.decisionBoundary(one, data, { threshold: -100 })
    for (const row of rowsOf(all)) expect(row).toMatch(/^[░ox]{72}$/)
    expect(textOf(all)).not.toContain('the model says class 0')
  })

  it('says where the model says NaN', () => {
    const broken = new Linear(2, 2, {
      init: () =>
        matrix([
          [Number.NaN, 0],
          [0, 0],
        ]),
    })
    const picture = plot.decisionBoundary(broken, data)
    expect(textOf(picture)).toContain('? the model says NaN')
    expect(textsOf(elementsOf(picture))).toContain('the model says NaN')
  })

  it('leaves the model in training, and is not changed by what comes later', () => {
    const model = new Sequential(new Linear(2, 2), new Dropout(0.5))
    const picture = plot.decisionBoundary(model, data)
    expect(model.training).toBe(true)
    const [text, svg] = [String(picture), picture.toSVG()]
    model.parameters()[0].value.assign(zeros(2, 2))
    expect([String(picture), picture.toSVG()]).toEqual([text, svg])
  })
})

describe('heatmap', () => {
  const strange = matrix([
    [0, 1],
    [Number.NaN, Number.NEGATIVE_INFINITY],
    [0.5, 0.26],
  ])

  it('has a pixel for each element, by its part of the range', async () => {
    const { width, height, at } = await decoded(plot.heatmap(strange))
    expect([width, height]).toEqual([2, 3])
    // Matplotlib's viridis, from 0 to 1; and what is not finite.
    expect([at(0, 0), at(0, 1), at(2, 0)]).toEqual([
      [68, 1, 84],
      [253, 231, 37],
      [33, 145, 140],
    ])
    expect([at(1, 0), at(1, 1)]).toEqual([
      [216, 27, 96],
      [216, 27, 96],
    ])
    const large = await decoded(plot.heatmap(strange), 3)
    expect([large.width, large.height, large.at(8, 5)]).toEqual([6, 9, at(2, 1)])
    const gray = await decoded(plot.heatmap(strange, { colorMap: 'gray', range: [0.25, 0.75] }))
    expect([gray.at(0, 0), gray.at(0, 1), gray.at(2, 0), gray.at(2, 1)]).toEqual(
      [0, 255, 128, Math.round(255 * 0.02)].map((part) => [part, part, part]),
    )
  })

  it('is characters of five shades, with a legend', () => {
    expect(textOf(plot.heatmap(strange, { title: 'weights' }))).toBe(
      'weights, 3x2\n  ██\n????\n▒▒░░\n ░▒▓█ 0 to 1\n?? 1 NaN, 1 -∞',
    )
    const cut = textOf(plot.heatmap(strange, { range: [0, 0.5] }))
    expect(cut).toContain('0 to 0.5\nthe numbers go from 0 to 1\n?? 1 NaN')
    const tags = elementsOf(plot.heatmap(strange))
    expect(textsOf(tags)).toEqual(['heatmap, 3x2', '0 to 1', '1 NaN, 1 -∞'])
    expect(named(tags, 'path')).toHaveLength(5)
  })

  it('of large matrices shows means of blocks, and says so', () => {
    const large = fromFunction(784, 128, (i, j) => (i % 20) + (j >= 60 ? 100 : 0))
    const lines = textOf(plot.heatmap(large)).split('\n')
    expect(lines[0]).toBe('heatmap, 784x128, each the mean of up to 20x20 elements')
    expect(lines).toHaveLength(40 + 2)
    // A column of blocks is one number; the mean of the last rows, of which there are 4, is smaller.
    for (const line of lines.slice(1, 40)) expect(line).toBe(`${'  '.repeat(3)}${'████'.repeat(2)}`)
    elementsOf(plot.heatmap(large))
  })

  it('says of how many elements places are the means, and has a pixel for each', async () => {
    const long = plot.heatmap(fromFunction(1, 5000, (_, j) => j))
    expect(textOf(long).split('\n')[0]).toBe('heatmap, 1x5000, each the mean of up to 1x125 elements')
    expect(named(elementsOf(long), 'title')[0].text).toBe('heatmap, 1x5000, each the mean of up to 1x40 elements')
    const { width, at } = await decoded(long)
    expect([width, at(0, 0), at(0, 4999)]).toEqual([5000, [68, 1, 84], [253, 231, 37]])
  })

  it('has a legend of the colours that there are', () => {
    const one = plot.heatmap(ones(1, 2))
    expect(textOf(one)).toBe('heatmap, 1x2\n▒▒▒▒\n▒ 1')
    const fills = named(elementsOf(one), 'rect').flatMap(({ attributes }) =>
      attributes.height === '12' ? attributes.fill : [],
    )
    expect(new Set(fills)).toEqual(new Set([named(elementsOf(one), 'path')[0].attributes.fill]))
    const far = matrix([-Number.MAX_VALUE, Number.MAX_VALUE], 1, 2, { dtype: 'float64' })
    expect(textOf(plot.heatmap(far))).toContain('-1.798e308 to 1.798e308')
  })

  it.each([
    ['nothing', zeros(3, 0)],
    ['no rows', zeros(0, 3)],
    ['equal numbers', zeros(2, 2)],
  ])('of %s', (_, a) => {
    expect(textOf(plot.heatmap(a))).toContain(`heatmap, ${a.rows}x${a.cols}`)
    elementsOf(plot.heatmap(a))
  })

  it('is not changed by what comes later', async () => {
    const a = matrix([[1, 2]])
    const picture = plot.heatmap(a)
    a.set(0, 0, 9)
    expect((await decoded(picture)).at(0, 0)).toEqual([68, 1, 84])
    expect(String(picture)).toContain('1 to 2')
  })
})

describe('images', () => {
  const digits = fromFunction(5, 12, (k, pixel) => (pixel === k ? 1 : 0))

  it('are side by side, one for each row', async () => {
    const picture = plot.images(digits, { rows: 3, cols: 4, perRow: 2, titles: [...'abcde'] })
    expect(textOf(picture)).toBe(
      [
        'images, 5 of 3x4',
        'a     b',
        '▀      ▀',
        '',
        'c     d',
        '  ▀      ▀',
        '',
        'e',
        '▄',
        '',
        '█ above 0.5 of 0 to 1',
      ].join('\n'),
    )
    const { width, height, at } = await decoded(picture)
    expect([width, height]).toEqual([8, 9])
    for (let i = 0; i < 9; i++)
      for (let j = 0; j < 8; j++) {
        const k = 2 * Math.floor(i / 3) + Math.floor(j / 4)
        const gray = k > 4 ? 255 : 255 * digits.get(k, (i % 3) * 4 + (j % 4))
        expect(at(i, j), `${i}, ${j}`).toEqual([gray, gray, gray])
      }
    const tags = elementsOf(picture)
    expect(textsOf(tags)).toEqual(['images, 5 of 3x4', ...'abcde', '0 to 1'])
  })

  it('are squares unless told, the first 100, and smaller ones of large images', () => {
    expect(textOf(plot.images(zeros(150, 16)))).toContain('images, the first 100 of 150 of 4x4')
    const large = plot.images(fromFunction(1, 256 * 256, (_, pixel) => pixel % 256))
    expect(textOf(large).split('\n')[0]).toBe('images, 1 of 256x256, each the mean of up to 4x4 elements')
    expect(textOf(large).split('\n')[1]).toBe(`${' '.repeat(32)}${'█'.repeat(32)}`)
    elementsOf(large)
    elementsOf(plot.images(zeros(0, 16)))
    expect(textOf(plot.images(zeros(0, 16)))).toContain('images, 0 of 4x4')
  })

  it('have titles that are cut between characters', () => {
    const picture = plot.images(zeros(1, 4), { titles: ['👍'.repeat(30)] })
    elementsOf(picture)
    expect(picture.toSVG()).not.toMatch(/\p{Cs}/u)
  })

  it('show what is no number', () => {
    expect(textOf(plot.images(matrix([[Number.NaN, 1, 0, 0]])))).toBe(
      'images, 1 of 2x2\n?▀\n█ above 0.5 of 0 to 1\n? 1 NaN',
    )
  })
})

describe('histogram', () => {
  it('counts as a plain loop does, edges too', () => {
    const value = fc.oneof(
      fc.integer({ min: -20, max: 20 }).map((i) => i / 10),
      fc.double({ min: -2, max: 2, noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 12 }), (values, bins) => {
        const text = textOf(plot.histogram(values, { bins, range: [-1.5, 1.5] }))
        const counts = [...text.matchAll(/^\[.*[)\]] +(\d+)/gm)].map(([, count]) => Number(count))
        const edges = Array.from({ length: bins + 1 }, (_, i) => (i < bins ? -1.5 + i * (3 / bins) : 1.5))
        const wanted = Array.from({ length: bins }, (_, i) =>
          values.filter((v) => v >= edges[i] && (v < edges[i + 1] || (i === bins - 1 && v === 1.5))),
        ).map(({ length }) => length)
        expect(counts).toEqual(wanted)
        const outside = values.length - wanted.reduce((a, b) => a + b, 0)
        if (outside > 0) expect(text).toContain(`${outside} outside`)
      }),
      { numRuns: 50 },
    )
  })

  it('puts a number at an edge into the bin that begins there', () => {
    for (let bins = 1; bins <= 60; bins++) {
      const edges = Array.from({ length: bins + 1 }, (_, i) => (i < bins ? 0.1 + i * ((0.7 - 0.1) / bins) : 0.7))
      const text = textOf(plot.histogram(edges, { bins, range: [0.1, 0.7] }))
      const counts = [...text.matchAll(/^\[.*[)\]] +(\d+)/gm)].map(([, count]) => Number(count))
      expect(counts).toEqual([...Array(bins - 1).fill(1), 2])
    }
  })

  it('has bars as high as counts, and says what is not in them', () => {
    const picture = plot.histogram([0, 0, 0, 0, 1, 4, Number.NaN, Number.POSITIVE_INFINITY], { bins: 2, title: 'some' })
    expect(textOf(picture)).toBe(
      `some, 8 numbers\n[0.0, 2.0) 5 ${'█'.repeat(50)}\n[2.0, 4.0] 1 ${'█'.repeat(10)}\n0 to 4, mean 0.8333, 1 NaN, 1 ∞`,
    )
    const bars = named(elementsOf(picture), 'rect').filter(({ attributes }) => attributes.stroke === '#ffffff')
    expect(bars.map(({ attributes }) => Number(attributes.height))).toEqual([240, 48])
  })

  // numpy.histogram(values, bins, range) of NumPy 2.4, whose edges are low + i·step.
  it.each<[values: number[], bins: number, range: [number, number] | undefined, counts: number[]]>([
    [[1, 2, 3, 4], 3, undefined, [1, 1, 2]],
    [[5, 5, 5], 3, undefined, [0, 3, 0]],
    [[1e6], 2, undefined, [0, 1]],
    [
      [-0.5, 0, -0.7, -1, 0.8, -0.8, 0.6, 0.3, -1.2],
      20,
      undefined,
      [1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1],
    ],
    [[-0.3], 10, [-1.5, 1.5], [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]],
  ])('counts %j in %i bins as NumPy', (values, bins, range, counts) => {
    const text = textOf(plot.histogram(values, { bins, ...(range ? { range } : {}) }))
    expect([...text.matchAll(/^\[.*[)\]] +(\d+)/gm)].map(([, count]) => Number(count))).toEqual(counts)
  })

  it("has as many bins as Sturges' rule says", () => {
    const binsOf = (n: number) => textOf(plot.histogram(new Generator(1).normal(n, 1))).match(/^\[/gm)?.length
    expect([1, 2, 3, 1000, 1024, 1025].map(binsOf)).toEqual([1, 2, 3, 11, 11, 12])
  })

  it('of nothing, of one number, of equal and of extreme ones', () => {
    expect(textOf(plot.histogram([]))).toBe('histogram, 0 numbers\nno finite number')
    expect(textOf(plot.histogram([3]))).toContain('[2.5, 3.5] 1 █')
    for (const values of [[], [3], [2, 2, 2], [-1e308, 1.7e308], [Number.MAX_VALUE], [0, 5e-324], [Number.NaN]]) {
      expect(textOf(plot.histogram(values))).not.toMatch(/Infinity|NaN.*,/)
      elementsOf(plot.histogram(values))
    }
  })
})

describe('graph', () => {
  const first = new Linear(2, 3, {
    init: () =>
      matrix([
        [1, -2],
        [0.5, 4],
        [0, Number.NaN],
      ]),
    biasInit: () => matrix([[1, -1, 0]]),
  })
  const model = new Sequential(first, new Tanh(), new Linear(3, 1, { bias: false, init: () => matrix([[3, -3, 1.5]]) }))

  it('has the weights in tables', () => {
    expect(textOf(plot.graph(model))).toMatchInlineSnapshot(`
      "a network of 2 → 3 → 1: 2 inputs
      3 units, Tanh
           x0   x1  bias
      h0    1   -2     1
      h1  0.5    4    -1
      h2    0  NaN     0
      1 unit
          h0  h1   h2
      y0   3  -3  1.5"
    `)
  })

  it('has a line for each weight, by its sign and size', () => {
    const lines = named(elementsOf(plot.graph(model)), 'line').map(({ attributes }) => attributes)
    expect(lines.map(({ stroke }) => stroke)).toEqual([
      '#0072b2',
      '#d55e00',
      '#0072b2',
      '#0072b2',
      '#a0a0a0',
      '#d81b60',
      '#0072b2',
      '#d55e00',
      '#0072b2',
    ])
    // 1/4 and 15/4 of the part of the largest, which is 4 and 3.
    const parts = [1 / 4, 2 / 4, 1 / 8, 1, 0, 1, 1, 1, 1 / 2]
    for (const [i, line] of lines.entries()) expect(Number(line['stroke-width'])).toBeCloseTo(0.25 + 3.75 * parts[i], 1)
    expect(named(elementsOf(plot.graph(model)), 'circle')).toHaveLength(2 + 3 + 1)
  })

  it('tells zero from positive, and says what there is', () => {
    const tags = elementsOf(plot.graph(new Linear(2, 1, { init: () => matrix([[0, -2]]) })))
    expect(named(tags, 'line').map(({ attributes }) => attributes.stroke)).toEqual(['#a0a0a0', '#d55e00'])
    expect(named(tags, 'circle').at(-1)?.attributes.fill).toBe('#d0d0d0')
    expect(textsOf(tags).slice(-4)).toEqual([
      'negative',
      'zero',
      'the thickest line of each layer: ±2',
      'units have the colour of their bias',
    ])
  })

  it('has room for captions', () => {
    const [a, b] = [new Linear(13, 13), new Linear(13, 13)]
    elementsOf(plot.graph(new Sequential(a, new LayerNorm(13), b)))
    const far = new Linear(1, 1, {
      dtype: 'float64',
      init: () => matrix([Number.MAX_VALUE], 1, 1, { dtype: 'float64' }),
    })
    expect(textOf(plot.graph(far))).toContain('1.8e308')
  })

  it('draws the first and the last units of large layers, and says so', () => {
    const large = new Sequential(new Linear(784, 128), new LayerNorm(128), new ReLU(), new Linear(128, 10))
    const tags = elementsOf(plot.graph(large))
    expect(named(tags, 'circle')).toHaveLength(12 + 12 + 10)
    expect(named(tags, 'line')).toHaveLength(12 * 12 + 12 * 10)
    expect(textsOf(tags).filter((text) => text === 'the first and the last 6 drawn')).toHaveLength(2)
    const text = textOf(plot.graph(large))
    expect(text).toContain('128 units, the first and the last 6 drawn, LayerNorm(128), ReLU')
    expect(text).toMatch(/ x0 .* x5 {2}… +x778 .* x783 +bias$/m)
  })
})

describe('confusionMatrix', () => {
  it('is a table with the names of the classes', () => {
    const picture = plot.confusionMatrix(
      matrix([
        [5, 1],
        [0, 12],
      ]),
      ['cat', '日本'],
    )
    expect(textOf(picture)).toBe('is \\ read as  cat  日本\ncat             5     1\n日本            0    12')
    const tags = elementsOf(picture)
    expect(textsOf(tags)).toEqual([
      'confusion matrix',
      'read as',
      'is',
      '5',
      '1',
      '0',
      '12',
      'cat',
      'cat',
      '日本',
      '日本',
    ])
    const [, five, one, none, twelve] = named(tags, 'rect').map(({ attributes }) => attributes.fill)
    expect([none, twelve]).toEqual(['#ffffff', '#0072b2'])
    expect(five > one).toBe(false)
    expect(
      textOf(
        plot.confusionMatrix(
          matrix([
            [0.5, Number.NaN],
            [0, 0],
          ]),
        ),
      ),
    ).toContain('class 0           0.5      NaN')
  })

  it('of what has no sum, and of long names', () => {
    const infinite = plot.confusionMatrix(
      matrix([
        [Number.POSITIVE_INFINITY, 1],
        [0, 2],
      ]),
    )
    const fills = named(elementsOf(infinite), 'rect').map(({ attributes }) => attributes.fill)
    expect(fills.slice(1)).toEqual(['#ffffff', '#ffffff', '#ffffff', '#0072b2'])
    const long = plot.confusionMatrix(zeros(2, 2), ['x'.repeat(60), 'y'])
    elementsOf(long)
    expect(textOf(long).split('\n')[2]).toHaveLength(60 + 2 + 60 + 2 + 1)
  })
})

class Own extends Module {
  readonly inner = new Linear(2, 2)
  override forward(x: Parameters<Linear['forward']>[0]) {
    return this.inner.forward(x)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: these calls are the ones that types forbid
const untyped = plot as any
const xy = { x: zeros(2, 2), y: zeros(2, 1) }
test.each<[call: () => unknown, message: string]>([
  [() => untyped.lossCurve(), 'lossCurve: history is undefined, wanted what fit gives'],
  [() => untyped.lossCurve({ loss: ['1'] }), 'lossCurve: element 0 of loss is "1", wanted a number'],
  [() => untyped.lossCurve([1, 2]), 'lossCurve: history is an array, wanted what fit gives'],
  [() => untyped.lines([[1, 2]]), 'lines: lines are an array, wanted an object with a name for each'],
  [() => untyped.lines({}), 'lines: got 0 lines, wanted 1 to 10'],
  [() => untyped.lines({ a: 3 }), 'lines: a is 3, wanted numbers or a Matrix'],
  [() => plot.lines({ a: [1] }, { start: -1 }), 'lines: start is -1, wanted at least 0'],
  [() => plot.lossCurve({ loss: [1] }, { initialEpoch: -1 }), 'lossCurve: initialEpoch is -1, wanted at least 0'],
  [() => untyped.lines({ a: [1] }, { yScale: 'ln' }), `lines: yScale is "ln", wanted 'linear' or 'log'`],
  [() => untyped.scatter({ a: [1] }), 'scatter: a is an array, wanted a Matrix'],
  [() => plot.scatter({ a: zeros(2, 3) }), 'scatter: a is 2x3, wanted 2 columns, x and y'],
  [
    () => plot.scatter({ a: zeros(2, 2) }, { marks: '' }),
    'scatter: marks are "", wanted a character for each of 1 groups',
  ],
  [() => plot.scatter({ a: zeros(2, 2) }, { marks: '\x1b' }), 'scatter: marks are "\\u001b", wanted a character'],
  [() => plot.scatter({ a: zeros(2, 2) }, { xRange: [1, 1] }), 'scatter: xRange is [1, 1], wanted two finite numbers'],
  [() => untyped.scatter({ a: zeros(2, 2) }, { yRange: ['0', 1] }), 'scatter: yRange has "0", wanted numbers'],
  [() => untyped.decisionBoundary(byColumn), 'decisionBoundary: data is undefined, wanted { x, y }'],
  [() => untyped.decisionBoundary(byColumn, { x: zeros(1, 2) }), 'decisionBoundary: y is undefined, wanted a Matrix'],
  [() => plot.decisionBoundary(byColumn, { x: zeros(2, 3), y: xy.y }), 'decisionBoundary: x is 2x3, wanted 2 columns'],
  [
    () => plot.decisionBoundary(byColumn, { x: zeros(2, 2), y: matrix([[0], [2]]) }),
    'decisionBoundary: row 1 of target has class 2',
  ],
  [() => plot.decisionBoundary(byColumn, xy, { classes: ['a'] }), 'decisionBoundary: classes has 1 elements, wanted 2'],
  [() => plot.decisionBoundary(new Linear(2, 11), xy), 'decisionBoundary: got 11 classes, wanted at most 10'],
  [
    () => untyped.heatmap(zeros(1, 1), { vmin: 0 }),
    'heatmap: got vmin, wanted title, colorMap or range: did you mean range?',
  ],
  [() => untyped.heatmap(zeros(1, 1), { cmap: 'gray' }), 'did you mean colorMap?'],
  [() => untyped.scatter({ a: zeros(1, 2) }, { xlim: [0, 1], ylim: [0, 1] }), 'did you mean xRange?'],
  [() => untyped.lossCurve({ loss: [1] }, { logy: true }), 'did you mean yScale?'],
  [() => untyped.heatmap([[1]]), 'heatmap: matrix is an array, wanted a Matrix'],
  [() => plot.images(zeros(1, 12)), 'images: an image has 12 pixels and is ?x?, wanted rows and cols of that product'],
  [() => plot.images(zeros(1, 12), { rows: 5 }), 'images: an image has 12 pixels and is 5x?'],
  [() => plot.images(zeros(1, 12), { rows: -3 }), 'images: rows is -3, wanted at least 1'],
  [() => plot.images(zeros(1, 4), { perRow: 0 }), 'images: perRow is 0, wanted at least 1'],
  [() => plot.images(zeros(1, 4), { titles: [] }), 'images: titles has 0 elements, wanted 1'],
  [() => untyped.histogram('12'), 'histogram: values is "12", wanted numbers or a Matrix'],
  [() => plot.histogram([1], { bins: 0 }), 'histogram: bins is 0, wanted 1 to 200'],
  [() => plot.histogram([1], { range: [0, Number.NaN] }), 'histogram: range is [0, NaN], wanted two finite numbers'],
  [() => plot.graph(new Tanh()), 'graph: the model has no Linear, wanted at least one'],
  [() => plot.graph(new Own()), 'graph: Own has weights that are not drawn, wanted a Linear'],
  [() => plot.graph(new Embedding(3, 2)), 'graph: Embedding(3 → 2) has weights that are not drawn'],
  [
    () => plot.graph(new Sequential(...([new Linear(2, 3), new Linear(2, 1)] as never[]))),
    'graph: Linear(2 → 1) comes after 3 features',
  ],
  [() => plot.confusionMatrix(zeros(2, 3)), 'confusionMatrix: matrix is 2x3, wanted a row and a column for each class'],
  [() => plot.confusionMatrix(zeros(41, 41)), 'confusionMatrix: got 41 classes, wanted at most 40: heatmap shows more'],
  [() => plot.confusionMatrix(zeros(2, 2), ['a']), 'confusionMatrix: labels has 1 elements, wanted 2'],
  [() => untyped.confusionMatrix(zeros(1, 1), [1]), 'confusionMatrix: labels are an array, wanted an array of strings'],
  [() => untyped.heatmap(zeros(1, 1), undefined, 1), 'heatmap: got 1 in excess, wanted heatmap(matrix, options)'],
])('%s is refused', (call, message) => {
  expect(call).toThrow(message)
})

test('a file without a pixel, and one too large, are refused', async () => {
  await expect(plot.heatmap(zeros(0, 3)).toPNG()).rejects.toThrow('toPNG: 0x3 is 0 pixels, wanted 1 to 67108864')
  await expect(plot.heatmap(zeros(3, 3)).toPNG({ scale: 1e4 })).rejects.toThrow('toPNG: 30000x30000 is')
  await expect(plot.heatmap(zeros(3, 3)).toPNG({ scale: 0 })).rejects.toThrow('toPNG: scale is 0, wanted 1 to')
})
