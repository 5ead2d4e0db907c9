// Each example as a user runs it, and the decoder of the MNIST files.

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FormatError, io } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { endOf } from '../../packages/core/test/node/output.ts'
import { decodeIdx } from '../mnist/idx.ts'
import { loadNames } from '../names/data.ts'

const start = (...names: string[]) => endOf(new URL('../start.ts', import.meta.url), { args: names })

/** The number that the pattern's group finds in the text. */
function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)
  expect(found, `${pattern} in\n${text}`).not.toBeNull()
  return Number(found?.[1])
}

/** Ten or more lines with the axis of a chart. */
const expectChart = (output: string): void => {
  expect(output).toMatch(/^loss, epoch 1 to \d+/m)
  expect(output.split('\n').filter((line) => /^ *\d+\.\d+ [┤┼]/.test(line)).length).toBeGreaterThanOrEqual(10)
}

test('mnist: a test accuracy of at least 98 %, pictures and weights', { timeout: 300_000 }, async () => {
  const began = Date.now()
  const { code, output, errors } = await start('mnist')
  expect([code, errors]).toEqual([0, ''])
  const lines = output.split('\n')

  const epochs = lines.filter((line) => /^epoch \d\/8 {2}loss \d\.\d{4,6} {2}accuracy .* valLoss .* s$/.test(line))
  expect(epochs.map((line) => line.slice(0, 9))).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => `epoch ${i}/8`))
  const losses = epochs.map((line) => numberIn(line, / loss (\d\.\d+)/))
  expect([...losses].sort((a, b) => b - a)).toEqual(losses)
  expectChart(output)
  expect(output).toContain('101770 parameters')
  expect(output).toContain('60000 images to learn from, 10000 to be judged by')

  const accuracy = numberIn(output, /test accuracy (\d+\.\d+) %/)
  expect(accuracy).toBeGreaterThanOrEqual(98)
  expect(numberIn(output, /(\d+) of 10000 test images are misread/)).toBe(Math.round(100 * (100 - accuracy)))
  expect(output.match(/a \d, read as \d/g)).toHaveLength(4)
  expect(lines.filter((line) => /[▀▄█]{2}/.test(line)).length).toBeGreaterThanOrEqual(8)

  const path = /weights in (.+)$/m.exec(output)?.[1] ?? ''
  expect((await stat(path)).mtimeMs).toBeGreaterThanOrEqual(began - 1000)
  const { tensors } = io.decodeSafetensors(await readFile(path))
  expect(Object.entries(tensors).map(([name, { shape, dtype }]) => [name, ...shape, dtype])).toEqual([
    ['0.weight', 128, 784, 'float32'],
    ['0.bias', 1, 128, 'float32'],
    ['2.weight', 10, 128, 'float32'],
    ['2.bias', 1, 10, 'float32'],
  ])
  for (const { data } of Object.values(tensors)) expect(data.every(Number.isFinite)).toBe(true)
})

describe('the small examples', () => {
  test('xor: a loss below 1e-6', { timeout: 120_000 }, async () => {
    const { code, output, errors } = await start('xor')
    expect([code, errors]).toEqual([0, ''])
    expectChart(output)
    const answers = output.match(/^\d xor \d = .*$/gm)
    expect(answers?.map((line) => line.replace('-0.0000', '0.0000'))).toEqual([
      '0 xor 0 = 0.0000, wanted 0',
      '0 xor 1 = 1.0000, wanted 1',
      '1 xor 0 = 1.0000, wanted 1',
      '1 xor 1 = 0.0000, wanted 0',
    ])
    expect(numberIn(output, /^loss (\S+) after 300 steps$/m)).toBeLessThan(1e-6)
  })

  test('moons: a test accuracy of at least 99 %, and a picture', { timeout: 120_000 }, async () => {
    const { code, output, errors } = await start('moons')
    expect([code, errors]).toEqual([0, ''])
    expectChart(output)
    expect(numberIn(output, /^test accuracy (\d+\.\d) %/m)).toBeGreaterThanOrEqual(99)
    const picture = output.split('\n').filter((line) => /^[·░ox]{72}$/.test(line))
    expect(picture).toHaveLength(26)
    for (const mark of '·░ox') expect(picture.join('')).toContain(mark)
  })

  test('iris: an accuracy of at least 95 %, and every flower in the table', { timeout: 120_000 }, async () => {
    const { code, output, errors } = await start('iris')
    expect([code, errors]).toEqual([0, ''])
    expectChart(output)
    const accuracy = numberIn(output, /^accuracy (\d+\.\d) % of 150 flowers, each read 4 times by/m)
    expect(accuracy).toBeGreaterThanOrEqual(95)
    const rows = [...output.matchAll(/^(?:setosa|versicolor|virginica) +(\d+) +(\d+) +(\d+)$/gm)]
    const counts = rows.map(([, ...row]) => row.map(Number))
    expect(counts.map((row) => row.reduce((sum, count) => sum + count, 0))).toEqual([200, 200, 200])
    expect(accuracy).toBeCloseTo((100 * (counts[0][0] + counts[1][1] + counts[2][2])) / 600, 1)
  })

  test('cars: held out, the network errs less than least squares, and that less than the mean', {
    timeout: 120_000,
  }, async () => {
    const { code, output, errors } = await start('cars')
    expect([code, errors]).toEqual([0, ''])
    expectChart(output)
    expect(output).toContain('406 cars, 392 of which everything is known')
    const [mean, linear, network] = ['always the mean', 'linear least squares', 'network'].map((name) => {
      const [, learnt, heldOut] = new RegExp(`^${name} +(\\d+\\.\\d\\d) +(\\d+\\.\\d\\d)$`, 'm').exec(output) ?? []
      return { learnt: Number(learnt), heldOut: Number(heldOut) }
    })
    expect(mean.heldOut).toBeGreaterThan(5)
    expect(linear.heldOut).toBeLessThan(3)
    expect(network.learnt).toBeLessThan(linear.learnt)
    expect(network.heldOut).toBeLessThan(0.85 * linear.heldOut)
    expect(output.match(/^[ ·o]*o[ ·o]*$/gm)?.length).toBeGreaterThan(10)
  })

  test('regularisation: alone the network learns wrong labels by heart and gets worse at the rest', {
    timeout: 120_000,
  }, async () => {
    const { code, output, errors } = await start('regularisation', '30')
    expect([code, errors]).toEqual([0, ''])
    expect(output.split('\n').filter((line) => /^ *\d+\.\d+ [┤┼]/.test(line))).toHaveLength(11)
    expect(output).toContain('118282 parameters')
    const [neither, dropout, decay, early] = ['neither', 'dropout', 'weight decay', 'stopping early'].map((name) => {
      const row = new RegExp(`^${name} +\\d.*$`, 'm').exec(output)?.[0] ?? ''
      const [learnt, last, , best, epochs] = (row.match(/\d+(\.\d+)?/g) ?? []).map(Number)
      return { learnt, last, best, epochs }
    })
    expect(neither.learnt).toBeLessThan(0.02)
    expect(neither.best).toBeLessThan(15)
    expect([early.best, early.epochs]).toEqual([neither.best, neither.best + 5])
    for (const other of [dropout, decay, early]) {
      expect(other.learnt).toBeGreaterThan(0.1)
      expect(other.last).toBeLessThan(neither.last - 0.1)
    }
  })

  test('initialisation: through 20 layers signals and gradients keep their size by Kaiming and orthogonal weights alone', {
    timeout: 120_000,
  }, async () => {
    const { code, output, errors } = await start('initialisation')
    expect([code, errors]).toEqual([0, ''])
    /** By how much each row of a table changes from the first layer to the last. */
    const changes = (title: string): Record<string, number> => {
      const table = output.split('\n\n').find((block) => block.startsWith(title)) ?? ''
      const rows = table.trimEnd().split('\n').slice(2)
      expect(rows).toHaveLength(6)
      return Object.fromEntries(
        rows.map((row) => {
          const cells = row.slice(18).trim().split(/ +/).map(Number)
          expect(cells).toHaveLength(5)
          return [row.slice(0, 18).trim(), cells[4] / cells[0]]
        }),
      )
    }
    for (const table of ['relu: root mean square of the activations', 'relu: root mean square of the gradients']) {
      const change = changes(table)
      for (const name of ['Kaiming', 'orthogonal']) {
        expect(change[name]).toBeGreaterThan(1 / 3)
        expect(change[name]).toBeLessThan(3)
      }
    }
    const relu = changes('relu: root mean square of the activations')
    // Each layer halves the mean square: 19 of them take 2^(19/2) ≈ 724.
    expect(relu.Xavier).toBeGreaterThan(1 / (724 * 3))
    expect(relu.Xavier).toBeLessThan(1 / (724 / 3))
    expect(relu['normal, std 0.01']).toBeLessThan(1e-15)
    expect(relu['normal, std 1']).toBeGreaterThan(1e15)
    const tanh = changes('tanh: root mean square of the gradients')
    expect(tanh['normal, std 1']).toBeLessThan(1e-5)
    expect(tanh['normal, std 0.01']).toBeGreaterThan(1e15)
    for (const name of ['Xavier', 'orthogonal']) expect(tanh[name]).toBeLessThan(10)
  })

  test('autoencoder: after one epoch less than 0.85 of the error of as many principal components', {
    timeout: 240_000,
  }, async () => {
    const { code, output, errors } = await start('autoencoder', '1')
    expect([code, errors]).toEqual([0, ''])
    const [mean, components, autoencoder] = ['the mean image', '16 components', 'autoencoder'].map((name) =>
      numberIn(output, new RegExp(`^${name} +(\\d\\.\\d+)$`, 'm')),
    )
    expect(mean).toBeCloseTo(0.0675, 3)
    // As scikit-learn's PCA of all 60,000 images has it.
    expect(components).toBeCloseTo(0.0269, 3)
    expect(autoencoder).toBeLessThan(0.85 * components)
    expect(output.split('\n').filter((line) => /[▀▄█]{2}/.test(line)).length).toBeGreaterThanOrEqual(16)
    const bytes = await readFile(/: (.+digits\.png)$/m.exec(output)?.[1] ?? '')
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([280, 84])
  })

  test('names: letters held out are guessed better than by pairs after two epochs, and the names are new', {
    timeout: 120_000,
  }, async () => {
    const { code, output, errors } = await start('names', '2')
    expect([code, errors]).toEqual([0, ''])
    const [any, letters, pairs, network] = [
      'any letter',
      'frequencies of letters',
      'frequencies of pairs',
      'network',
    ].map((name) => numberIn(output, new RegExp(`^${name} +(\\d\\.\\d{3}) `, 'm')))
    expect(any).toBeCloseTo(Math.log(27), 3)
    expect(letters).toBeLessThan(any - 0.3)
    expect(pairs).toBeLessThan(letters - 0.3)
    expect(network).toBeLessThan(pairs - 0.08)
    const invented = output.split('nobody has, yet\n')[1].trim().split(/\s+/)
    expect(new Set(invented).size).toBe(24)
    for (const name of invented) expect(name).toMatch(/^[A-Z][a-z]{2,13}$/)
    const known = new Set(loadNames())
    expect(invented.filter((name) => known.has(name.toLowerCase()))).toEqual([])
  })

  test('gan: after 2500 steps all of the 8 clusters have points, and three quarters of the points have a cluster', {
    timeout: 120_000,
  }, async () => {
    const { code, output, errors } = await start('gan', '2500')
    expect([code, errors]).toEqual([0, ''])
    expect(output).toMatch(/^ +2500 .* 8 of 8 /m)
    const shares = [...output.matchAll(/ of 8 +(\d+\.\d) %$/gm)].map(([, share]) => Number(share))
    expect(shares).toHaveLength(3)
    expect(shares[2]).toBeGreaterThan(75)
    expect(shares[2]).toBeGreaterThan(shares[0])
    expect(output).toMatch(/^[ ·o]*·[ ·o]*o[ ·o]*$/m)
  })

  test('gridworld: after 10000 steps the mean return is within 0.03 of the best', { timeout: 120_000 }, async () => {
    const { code, output, errors } = await start('gridworld', '10000')
    expect([code, errors]).toEqual([0, ''])
    const [learnt, best] = [/^mean return (-?\d\.\d+), at best/m, /at best (\d\.\d+)$/m].map((each) =>
      numberIn(output, each),
    )
    expect(best).toBe(numberIn(output, /^mean return of the best policy (\d\.\d+)$/m))
    expect(learnt).toBeLessThanOrEqual(best)
    expect(learnt).toBeGreaterThan(best - 0.03)
    // After a tenth of the steps it was far from it.
    expect(numberIn(output, /^ 1000 {2}(-?\d\.\d+)$/m)).toBeLessThan(best - 0.1)
    expect(output.match(/[↑→↓←]/g)).toHaveLength(2 * 38)
  })

  test.each(['0', '1.5', 'many'])('a training of length %j is refused', async (length) => {
    const { code, output, errors } = await start('gan', length)
    expect([code, output]).toEqual([1, ''])
    expect(errors).toContain(`"${length}" is no length of a training, wanted a whole number from 1 on`)
  })

  test('graph: all but member 9 are put on the side that they took, told of two', async () => {
    const { code, output, errors } = await start('graph')
    expect([code, errors]).toEqual([0, ''])
    expect(numberIn(output, /^(\d+) of 34 members right/m)).toBeGreaterThanOrEqual(32)
    expect(output).toContain('34 members, 78 pairs of friends')
    expect(output.split('\n').filter((line) => /[▀▄█]/.test(line) && !line.includes('above'))).toHaveLength(17)
    const sides = /^[iIoO]{34}$/m.exec(output)?.[0] ?? ''
    expect([...sides].sort().join('')).toBe(`IO${'i'.repeat(16)}${'o'.repeat(16)}`)
  })

  test('compile: the program of a training step, and the same bits as without', async () => {
    const { code, output, errors } = await start('compile')
    expect([code, errors]).toEqual([0, ''])
    expect(output).toMatch(/^program of 32x1: \d+ operations, \d+ flops$/m)
    expect(output).toMatch(/^ {2}affine 32x1, 16x1, 1x16 → 32x16$/m)
    expect(output).toContain('the parameters and running statistics are the same, bit for bit')
    const loss = /loss (\S+) after/.exec(output)?.[1]
    expect(Number(loss)).toBeLessThan(0.2)
    expect(output).toMatch(new RegExp(`^compiled: {2}loss ${loss},`, 'm'))
  })

  test('matrix-analysis: each step has its NumPy line, what NumPy answers, and a purpose', {
    timeout: 120_000,
  }, async () => {
    const { code, output, errors } = await start('matrix-analysis')
    expect([code, errors]).toEqual([0, ''])
    const steps = output.split('\n\n').filter((block) => block.includes('  → '))
    expect(steps.length).toBeGreaterThanOrEqual(30)
    const answers: Record<string, string> = {
      'A @ B': '19 22 43 50',
      'A * B': '5 12 21 32',
      'np.linalg.inv(A)': '-2 1 1.5000 -0.5000',
      'np.linalg.det(A)': '-2',
      'np.linalg.matrix_rank(R)': '2',
      'np.linalg.eigh(S)[0]': '1 3',
      'np.linalg.eigvals(rotation)': '0 + 1i, 0 − 1i',
      'np.linalg.cholesky(S)': '1.4142 0 0.7071 1.2247',
      'np.allclose(U * s @ Vh, R)': 'true',
      'np.linalg.qr(A)': 'true',
      'scipy.linalg.lu(A)': 'true',
      '(S + S.T) @ x': '8 10',
      'graph.nnz / 16': '0.25',
    }
    for (const [line, answer] of Object.entries(answers)) {
      const step = steps.find((block) => block.trimStart().split('\n').includes(line))
      expect(step?.trim().split('\n').slice(1, -1).join(' ').trim().replace(/ +/g, ' '), line).toBe(answer)
    }
  })

  test('matrix-calculus: what was hidden is found, what made the data is learnt, Newton steps square the distance', {
    timeout: 120_000,
  }, async () => {
    const { code, output, errors } = await start('matrix-calculus')
    expect([code, errors]).toEqual([0, ''])
    const [completion, process, newton] = output.split(/^\d\. .*\n=+$/m).slice(1)

    expect(completion.split('\n').filter((line) => /^ *\d+\.\d+ [┤┼]/.test(line))).toHaveLength(11)
    expect(completion).toMatch(/^singular values above 2: \d\d before, 3 after, 3 of the truth$/m)
    expect(completion).toContain('100.0 % before')
    expect(numberIn(completion, /before, (\d+\.\d) % after$/m)).toBeLessThan(15)

    const slopes = [...process.matchAll(/^ {2}(?:length|amplitude|noise) +(\S+) +(\S+)$/gm)]
    expect(slopes).toHaveLength(3)
    for (const [, tape, differences] of slopes) expect(Number(tape)).toBeCloseTo(Number(differences), 10)
    const learnt = (name: string): number => numberIn(process, new RegExp(`^${name} .* → (\\d\\.\\d+), made with`, 'm'))
    expect(Math.abs(learnt('length') / 1.2 - 1)).toBeLessThan(0.25)
    expect(Math.abs(learnt('noise') / 0.2 - 1)).toBeLessThan(0.25)
    for (const mark of 'o─·') expect(process.split(mark).length).toBeGreaterThan(30)

    const steps = [...newton.matchAll(/^ +\d+ +(\d+) +(\S+) +(\S+) +(\S+) +(\S+)$/gm)].map((row) =>
      row.slice(1).map(Number),
    )
    expect(steps.length).toBeGreaterThanOrEqual(5)
    expect(steps.length).toBeLessThan(10)
    for (const [products, , , ofSquare, difference] of steps) {
      expect(products).toBeLessThanOrEqual(40)
      expect(ofSquare).toBeLessThan(1)
      expect(difference).toBeLessThan(1e-9)
    }
    expect(steps.at(-1)?.[2]).toBeLessThan(1e-7)
    expect(numberIn(newton, /gradient descent takes (\d+) steps/)).toBeGreaterThan(100)
  })

  test('image-compression: errors are those that Eckart and Young foretell, to 7 digits', {
    timeout: 120_000,
  }, async () => {
    const { code, output, errors } = await start('image-compression')
    expect([code, errors]).toEqual([0, ''])
    const rows = output.match(/^ +\d+ +\d+\.\d %( +\d\.\d{6}e-\d+){4}$/gm) ?? []
    expect(rows).toHaveLength(7)
    const frobenius = rows.map((row) => {
      const numbers = (row.match(/\d\.\d{6}e-\d+/g) ?? []).map(Number)
      expect(numbers[0] / numbers[1]).toBeCloseTo(1, 6)
      expect(numbers[2] / numbers[3]).toBeCloseTo(1, 6)
      return numbers[0]
    })
    expect([...frobenius].sort((a, b) => b - a)).toEqual(frobenius)
    const folder = /^pictures in (.+)$/m.exec(output)?.[1] ?? ''
    for (const name of ['original', 'rank-001', 'rank-100']) {
      const bytes = await readFile(join(folder, `${name}.png`))
      expect([...bytes.subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47])
      expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([256, 256])
    }
  })

  test.each(['nope', 'toString', '../start', ''])('an unknown name, %j, fails and lists the examples', async (name) => {
    const { code, output, errors } = await start(name)
    expect([code, output]).toEqual([1, ''])
    expect(errors).toBe(
      `There is no example ${JSON.stringify(name)}. There are: mnist, xor, moons, iris, cars, regularisation, initialisation, autoencoder, names, gan, gridworld, graph, compile, matrix-analysis, matrix-calculus, image-compression.\n`,
    )
  })
})

describe('decodeIdx', () => {
  const good = (): Uint8Array => Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 255)

  test('gives sizes and elements', () => {
    const { sizes, elements } = decodeIdx(good())
    expect(sizes).toEqual([2, 3])
    expect([...elements]).toEqual([10, 20, 30, 40, 50, 255])
  })

  test('reads big-endian sizes of one dimension', () => {
    const bytes = new Uint8Array(8 + 259)
    bytes.set([0, 0, 8, 1, 0, 0, 1, 3])
    bytes[8 + 258] = 7
    const { sizes, elements } = decodeIdx(bytes)
    expect([sizes, elements.length, elements[258]]).toEqual([[259], 259, 7])
  })

  test('reads a part of a larger buffer', () => {
    const padded = Uint8Array.of(9, 9, 9, ...good(), 9)
    const { sizes, elements } = decodeIdx(padded.subarray(3, -1))
    expect([sizes, [...elements]]).toEqual([
      [2, 3],
      [10, 20, 30, 40, 50, 255],
    ])
  })

  test('reads no elements', () => {
    expect(decodeIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 0))).toEqual({ sizes: [0], elements: new Uint8Array() })
  })

  test.each([
    ['nothing', new Uint8Array(), 'do not begin as an IDX file does'],
    ['three bytes', good().subarray(0, 3), 'do not begin as an IDX file does'],
    ['a wrong magic number', good().fill(1, 0, 1), 'do not begin as an IDX file does'],
    ['a gzip file', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0), 'do not begin as an IDX file does'],
    ['signed bytes', good().fill(9, 2, 3), 'the element type is 9, wanted 8 (unsigned bytes)'],
    ['floats', good().fill(0x0d, 2, 3), 'the element type is 13, wanted 8 (unsigned bytes)'],
    ['half a header', good().subarray(0, 11), 'the header is cut short'],
    ['a missing element', good().subarray(0, -1), '2x3 is 6 elements, got 5'],
    ['an element too many', Uint8Array.of(...good(), 0), '2x3 is 6 elements, got 7'],
    [
      'a size that no file has',
      good().fill(255, 4, 12),
      '4294967295x4294967295 is 18446744065119617000 elements, got 6',
    ],
  ])('of %s is a FormatError', (_title, bytes, message) => {
    let error: unknown
    try {
      decodeIdx(bytes)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(FormatError)
    expect((error as Error).message).toContain(`decodeIdx: `)
    expect((error as Error).message).toContain(message)
  })
})
