import { compile, constant, defineOp, tape, type Variable, variable } from '@matgrad/autograd'
import { DTypeError, Generator, Matrix, ones, ShapeError, zeros } from '@matgrad/core'
import { describe, expect, test } from 'vitest'

const inspect = Symbol.for('nodejs.util.inspect.custom')

/** A product and what follows it, with a constant and two variables, one without a name. */
function example(): Variable {
  const weight = variable(ones(3, 4), { name: 'weight' })
  const bias = variable(zeros(1, 4))
  return constant(ones(2, 3)).matmul(weight).add(bias).relu().sum(0)
}

/** Names that mean something to whoever reads a picture's source. */
const NAMES = [
  'a "b"',
  'x[0]',
  '(){}<>',
  'end',
  '%% no',
  '`code`',
  'a|b',
  '\\',
  '\\N "',
  '&amp;',
  '#quot;',
  'a\nb',
  'ü→∂',
  ';',
  '"]; n9[',
]

/** What a line of a flowchart may be here, and so what a name must not break. */
const MERMAID_LINE =
  /^ {2}(?:n\d+(?:\["(?<operation>[^"]*)"\]|\(\["(?<variable>[^"]*)"\]\)|\("(?<constant>[^"]*)"\))|n\d+ --> n\d+)$/
/** What stands between its quotes. */
const MERMAID_TEXT = /^(?:[\p{L}\p{N} _.,:()…-]|#\d+;)*(?:<br>\d+x\d+)?$/u

/** The nodes and edges of a flowchart. @throws where it has another line. */
function readMermaid(source: string): { labels: string[]; edges: string[] } {
  const [head, ...lines] = source.split('\n')
  expect(head).toBe('flowchart TD')
  const labels: string[] = []
  const edges: string[] = []
  for (const line of lines) {
    const found = MERMAID_LINE.exec(line)
    if (!found) throw new Error(`no flowchart has ${line}`)
    const { operation, variable, constant } = found.groups as Record<string, string | undefined>
    const label = operation ?? variable ?? constant
    if (label === undefined) edges.push(line.trim())
    else {
      expect(label).toMatch(MERMAID_TEXT)
      labels.push(label.replace(/#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))))
    }
  }
  return { labels, edges }
}

/** The same of DOT: a string ends at the first quote without a backslash. */
function readDot(source: string): { labels: string[]; edges: string[] } {
  const lines = source.split('\n')
  expect([lines[0], lines.at(-1)]).toEqual(['digraph tape {', '}'])
  const labels: string[] = []
  const edges: string[] = []
  for (const line of lines.slice(1, -1)) {
    const found =
      /^ {2}(?:n\d+ \[label="((?:[^"\\]|\\.)*)", shape=(?:box|ellipse|plain)(?:, style=dashed)?\]|(n\d+ -> n\d+))$/.exec(
        line,
      )
    if (!found) throw new Error(`no graph has ${line}`)
    if (found[2]) edges.push(found[2])
    else labels.push(found[1].replace(/\\(.)/g, (_, c) => (c === 'n' ? '<br>' : c)).replaceAll('&amp;', '&'))
  }
  return { labels, edges }
}

describe('as text', () => {
  test('a line for each, as the backward pass goes', () => {
    const text = String(tape(example()))
    expect(text.split('\n')).toEqual([
      'tape of 1x4: 4 operations, 2 variables, 1 constant',
      '  %7 = sum(%6 2x4; axis 0) → 1x4',
      '  %6 = relu(%5 2x4) → 2x4',
      '  %5 = add(%4 2x4, %2 1x4) → 2x4',
      '  %4 = matmul(%3 2x3, %1 3x4; algorithm auto) → 2x4',
      '  %3 = constant 2x3',
      '  %2 = variable 1x4, requires a gradient',
      '  %1 = weight 3x4, requires a gradient',
    ])
  })

  test('console.log prints it', () => {
    const value = tape(example()) as unknown as Record<symbol, () => string>
    expect(value[inspect]()).toBe(String(value))
  })

  test('a value that nothing was computed for', () => {
    expect(String(tape(constant(ones(2, 3))))).toBe(
      'tape of 2x3: 0 operations, 0 variables, 1 constant\n  %1 = constant 2x3',
    )
    expect(String(tape(variable(ones(2, 3), { name: 'w', requiresGrad: false })))).toContain('%1 = w 2x3, constant')
    expect(String(tape(example().detach()))).toContain('0 operations')
  })

  test('one variable in two places is one', () => {
    const x = variable(ones(2, 2))
    const y = x.mul(x)
    expect(String(tape(y.add(y)))).toContain('  %3 = add(%2 2x2, %2 2x2) → 2x2\n  %2 = mul(%1 2x2, %1 2x2) → 2x2\n')
  })

  test('a conversion, a user’s operation, and one of many operands', () => {
    const x = variable(ones(1, 2))
    expect(String(tape(x.add(ones(1, 2, { dtype: 'float64' }))))).toContain('astype(%1 1x2; dtype float64) → 1x2')
    const own = defineOp({ name: 'my\nop', shape: ([a]) => a.shape, forward() {}, vjp: [(g) => g] })
    expect(String(tape(own([x])))).toContain('%2 = my\\nop(%1 1x2) → 1x2')
    const many = Array.from({ length: 50 }, () => x)
    const op = defineOp({ name: 'many', shape: ([a]) => a.shape, forward() {}, vjp: many.map(() => (g) => g) })
    expect(String(tape(op(many)))).toMatch(/many\((?:%1 1x2, ){10}… 40 more\) → 1x2/)
  })

  test('what a compiled function gives has no history here', () => {
    const w = variable(ones(1, 2))
    const value = compile(() => w.mul(2).sum())() as Variable
    expect(String(tape(value)).split('\n')[1]).toBe('  %1 = compile() → 1x1')
  })
})

describe('the middle of a large tape is left out', () => {
  const deep = (count: number): Variable => {
    let x: Variable = variable(ones(2, 2), { name: 'x' })
    for (let i = 0; i < count; i++) x = x.neg()
    return x
  }

  test.each([
    [199, undefined, 0],
    [200, undefined, 1],
    [9, { limit: 10 }, 0],
    [10, { limit: 10 }, 1],
    [20, { limit: 1 }, 20],
    [20, { limit: 2 }, 19],
    [20, { limit: 5 }, 16],
  ])('%i operations, %o: %i', (count, options, left) => {
    const drawn = tape(deep(count), options)
    const lines = String(drawn).split('\n').slice(1)
    expect(lines.filter((line) => line.includes('more'))).toEqual(left ? [`  … ${left} more`] : [])
    expect(lines.length).toBe(count + 1 - left + Math.sign(left))
    for (const { labels, edges } of [readMermaid(drawn.toMermaid()), readDot(drawn.toDot())]) {
      expect(labels.length).toBe(lines.length)
      expect(edges.length).toBe(lines.length - 1)
    }
  })

  test('what is behind it hangs on to it, once', () => {
    const [a, b] = [variable(ones(1, 1), { name: 'a' }), variable(ones(1, 1), { name: 'b' })]
    let x: Variable = a.add(b)
    for (let i = 0; i < 10; i++) x = x.mul(a).add(b)
    const drawn = tape(x, { limit: 4 })
    expect(readDot(drawn.toDot()).edges.sort()).toEqual([
      'n0 -> n22',
      'n1 -> n0',
      'n1 -> n22',
      'n2 -> n0',
      'n2 -> n23',
      'n22 -> n23',
    ])
    expect(readMermaid(drawn.toMermaid()).edges.length).toBe(6)
  })

  test('100,000 operations, all of them written', () => {
    const drawn = tape(deep(100_000), { limit: 1_000_000 })
    expect(String(drawn).split('\n').length).toBe(100_002)
    expect(drawn.toDot().split('\n').length).toBe(200_003)
    expect(drawn.toMermaid().split('\n').length).toBe(200_002)
  })
})

describe('as a picture', () => {
  test('Mermaid', () => {
    expect(tape(example()).toMermaid()).toBe(
      [
        'flowchart TD',
        '  n7["sum<br>1x4"]',
        '  n6["relu<br>2x4"]',
        '  n5["add<br>2x4"]',
        '  n4["matmul<br>2x4"]',
        '  n3("constant<br>2x3")',
        '  n2(["variable<br>1x4"])',
        '  n1(["weight<br>3x4"])',
        ...['  n6 --> n7', '  n5 --> n6', '  n4 --> n5', '  n2 --> n5', '  n3 --> n4', '  n1 --> n4'],
      ].join('\n'),
    )
  })

  test('Graphviz', () => {
    expect(tape(example()).toDot()).toBe(
      [
        'digraph tape {',
        '  n7 [label="sum\\n1x4", shape=box]',
        '  n6 [label="relu\\n2x4", shape=box]',
        '  n5 [label="add\\n2x4", shape=box]',
        '  n4 [label="matmul\\n2x4", shape=box]',
        '  n3 [label="constant\\n2x3", shape=ellipse, style=dashed]',
        '  n2 [label="variable\\n1x4", shape=ellipse]',
        '  n1 [label="weight\\n3x4", shape=ellipse]',
        ...['  n6 -> n7', '  n5 -> n6', '  n4 -> n5', '  n2 -> n5', '  n3 -> n4', '  n1 -> n4'],
        '}',
      ].join('\n'),
    )
  })

  test.each(NAMES)('the name %o breaks neither', (name) => {
    const drawn = tape(variable(ones(1, 2), { name }).exp())
    const shown = name.replaceAll('\n', '\\n')
    expect(readMermaid(drawn.toMermaid()).labels).toEqual(['exp<br>1x2', `${shown}<br>1x2`])
    expect(readDot(drawn.toDot()).labels).toEqual(['exp<br>1x2', `${shown}<br>1x2`])
  })

  test('random names of any characters break neither', () => {
    const generator = new Generator('names')
    for (let n = 0; n < 300; n++) {
      const codes = generator.integers(1, 12, 0, n % 2 ? 128 : 0x10ffff).toArray()[0]
      const drawn = tape(variable(ones(1, 1), { name: String.fromCodePoint(...codes) }).exp())
      expect(readMermaid(drawn.toMermaid()).labels.length).toBe(2)
      expect(readDot(drawn.toDot()).labels.length).toBe(2)
    }
  })
})

describe('errors', () => {
  test.each([undefined, 1, new Matrix(new Float32Array(1), 1, 1), {}])('%s is no value', (value) => {
    expect(() => tape(value as never)).toThrow(DTypeError)
    expect(() => tape(value as never)).toThrow('tape: value is ')
  })
  test('options', () => {
    expect(() => tape(example(), { limits: 1 } as never)).toThrow('did you mean limit?')
    expect(() => tape(example(), { limit: 0 })).toThrow(ShapeError)
    expect(() => tape(example(), { limit: 0.5 })).toThrow(DTypeError)
  })
})
