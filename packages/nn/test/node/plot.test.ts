// Pictures in Node's console, and in bundles: those of who draws none have nothing of them.

import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { plot } from '@matgrad/nn'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

test('the console shows the text, in colours where it has them', () => {
  const picture = plot.lossCurve({ loss: [2, 1] })
  expect(inspect(picture)).toBe(String(picture))
  expect(inspect(picture, { colors: true })).toBe(picture.toString({ colors: true }))
  expect(inspect({ picture }, { colors: true })).toContain('\x1b[38;5;74m')
  expect(Object.keys(picture)).toEqual([])
})

/** The files of a bundle, by whether it needs them at once. */
async function bundled(contents: string, splitting = true): Promise<{ atOnce: string[]; later: string[] }> {
  const { metafile } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('../..', import.meta.url)) },
    bundle: true,
    splitting,
    platform: 'browser',
    format: 'esm',
    conditions: ['@matgrad/source'],
    metafile: true,
    write: false,
    outdir: 'out',
  })
  const inputs = (isEntry: boolean) =>
    Object.values(metafile.outputs)
      .filter(({ entryPoint }) => (entryPoint === '<stdin>') === isEntry)
      .flatMap((output) =>
        Object.entries(output.inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
      )
  return { atOnce: inputs(true), later: inputs(false) }
}

test('bundles without pictures have nothing of them, and those with them load the encoder when it is called', async () => {
  const isOfPictures = (file: string) => /src\/plot\/|fast-png/.test(file)
  const without = await bundled("import { fit, Linear } from '@matgrad/nn'\nconsole.log(fit, new Linear(2, 1))", false)
  expect([...without.atOnce, ...without.later].filter(isOfPictures)).toEqual([])
  expect(without.atOnce.some((file) => file.endsWith('src/train/fit.ts'))).toBe(true)
  const drawn = await bundled(
    "import { ones } from '@matgrad/core'\nimport { plot } from '@matgrad/nn'\nplot.heatmap(ones(1, 1)).toPNG()",
  )
  expect(drawn.atOnce.filter((file) => file.includes('fast-png'))).toEqual([])
  expect(drawn.later.some((file) => file.includes('fast-png'))).toBe(true)
})
