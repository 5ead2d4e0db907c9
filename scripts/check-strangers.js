// Uses the packages on what strangers have: compilers, versions of Node, bundlers, a browser, workers, CommonJS. A program
// that trains prints the same bits on all of them. The tarballs are those in a folder that is named on the command line, or
// made from the sources.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build as esbuild } from 'esbuild'
import { chromium } from 'playwright'
import { rolldown } from 'rolldown'
import { build as vite } from 'vite'
import { inFolder, install, pack, run, tarballsIn } from './outside.js'
import { minified, names, writeTypes } from './outside-programs.js'
import { programsOf } from './programs.ts'

const compilers = ['5.4', '5.5', '5.6', '5.7', '5.8', '5.9', '6.0', '7']
const nodes = ['20', '22', '24', '26']

/** What the program is of: names of each package, and the numbers that it makes of them. */
const imports = {
  '@matgrad/core': '{ io, linalg, manualSeed, matrix, randn }',
  '@matgrad/autograd': '{ compile, grad, variable }',
  '@matgrad/nn': '{ Adam, Linear, Sequential, Tanh, fit, fromJSON, mseLoss, predict }',
}
const numbers = `
  manualSeed(7)
  const x = matrix([[0, 0], [0, 1], [1, 0], [1, 1]])
  const y = matrix([[0], [1], [1], [0]])
  const model = new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1))
  const optimizer = new Adam(model.parameters(), { lr: 0.05 })
  const { loss } = await fit(model, { x, y }, { loss: mseLoss, optimizer, epochs: 100 })
  const same = predict(fromJSON(JSON.parse(JSON.stringify(model))), x)
  const large = randn(700, 700)
  const cube = compile((a) => grad((b) => b.mul(b).mul(b).sum())(a))(variable(randn(3, 3)))
  const { a } = await io.decodeNpz(await io.encodeNpz({ a: large.matmul(large) }))
  return JSON.stringify([loss.at(-1), same.toArray(), a.sum().item(), linalg.svdvals(randn(9, 5)).toArray(), cube.toArray()])
`
const lines = (line) => Object.entries(imports).map(line).join('\n')

const sources = {
  'results.js': `${lines(([from, named]) => `import ${named} from '${from}'`)}\nexport async function results() {${numbers}}\n`,
  'run.js': "import { results } from './results.js'\nconsole.log(await results())\n",
  'thread.js': `import { Worker, isMainThread, parentPort } from 'node:worker_threads'
import { results } from './results.js'
if (isMainThread) new Worker(new URL(import.meta.url)).on('message', (it) => console.log(it))
else parentPort.postMessage(await results())
`,
  'imported.cjs': `(async () => {${lines(([from, named]) => `const ${named} = await import('${from}')`)}${numbers}})().then(console.log)\n`,
  'required.cjs': `${lines(([from, named]) => `const ${named} = require('${from}')`)};(async () => {${numbers}})().then(console.log)\n`,
  'files.js': `import { ones } from '@matgrad/core'
import { Linear } from '@matgrad/nn'
import { loadModel, saveModel } from '@matgrad/nn/node'
const [model, other] = [new Linear(2, 3), new Linear(2, 3)]
await saveModel('model.safetensors', model)
await loadModel('model.safetensors', other)
if (!other.forward(ones(1, 2)).value.equals(model.forward(ones(1, 2)).value)) throw new Error('another model')
`,
  'names.js': names,
  'minified.js': minified,
  'page.js': `import './minified.js'
import { results } from './results.js'
const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
const there = new Promise((resolve, reject) => {
  worker.onmessage = ({ data }) => resolve(data)
  worker.onerror = ({ message }) => reject(new Error(message))
})
globalThis.done = Promise.all([results(), there])
`,
  'worker.js': "import { results } from './results.js'\nresults().then((it) => postMessage(it))\n",
}

/** Each bundles `entries` of a folder into files of the same names. */
const bundlers = (webpack) => ({
  esbuild: (from, entries, to) =>
    esbuild({
      entryPoints: entries.map((entry) => join(from, entry)),
      outdir: to,
      bundle: true,
      minify: true,
      format: 'esm',
      logLevel: 'warning',
    }),
  rolldown: async (from, entries, to) => {
    const bundle = await rolldown({ cwd: from, input: entries.map((entry) => `./${entry}`), platform: 'browser' })
    await bundle.write({ dir: to, minify: true })
    await bundle.close()
  },
  vite: (from, entries, to) =>
    vite({
      root: from,
      configFile: false,
      base: './',
      logLevel: 'warn',
      worker: { format: 'es' },
      build: {
        outDir: to,
        rolldownOptions: { input: entries.map((entry) => join(from, entry)), output: { entryFileNames: '[name].js' } },
      },
    }),
  webpack: (from, entries, to) =>
    new Promise((resolve, reject) => {
      const entry = Object.fromEntries(entries.map((each) => [each.replace('.js', ''), `./${each}`]))
      const output = { path: to, filename: '[name].js', module: true, chunkFormat: 'module' }
      const target = ['web', 'es2022']
      webpack(
        {
          mode: 'production',
          context: from,
          entry,
          output,
          target,
          experiments: { outputModule: true },
          performance: false,
        },
        (error, stats) =>
          error || stats.hasErrors() || stats.hasWarnings() ? reject(error ?? new Error(stats.toString())) : resolve(),
      )
    }),
})

function expect(title, got, wanted) {
  if (got.trim() !== wanted.trim()) throw new Error(`${title}: got ${got}, not ${wanted}`)
  console.log(`${title}: the same bits`)
}

/** Serves a folder, below `/isolated/` to pages that may share memory between threads. */
function serve(folder) {
  const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
  const server = createServer(({ url }, response) => {
    const [, kind, ...path] = url.split('/')
    const isPage = path.at(-1) === ''
    response.setHeader('Content-Type', isPage ? 'text/html' : 'text/javascript')
    if (kind === 'isolated') response.setHeaders(new Map(Object.entries(isolated)))
    try {
      response.end(isPage ? '<script type="module" src="page.js"></script>' : readFileSync(join(folder, ...path)))
    } catch {
      response.writeHead(404).end()
    }
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

await inFolder(async (folder) => {
  const given = process.argv[2]
  const { outside, write } = await install(given ? tarballsIn(given) : await pack(folder), folder)

  // By names of our own, since several versions of each stand beside one another.
  const tools = [
    ...compilers.map((version) => `typescript-${version}@npm:typescript@${version}`),
    ...nodes.map((version) => `node-${version}@npm:node-${process.platform}-${process.arch}@${version}`),
    'webpack',
  ]
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefix', join(folder, 'tools'), ...tools], folder)
  const tool = (path) => join(folder, 'tools/node_modules', path)

  for (const project of writeTypes(outside))
    for (const compiler of compilers)
      await Promise.all(
        ['false', 'true'].map((skips) => {
          const args = [tool(`typescript-${compiler}/bin/tsc`), '-p', project, '--skipLibCheck', skips]
          return run(process.execPath, args, outside)
        }),
      )

  for (const [name, text] of Object.entries(sources)) write(name, text)
  const readme = programsOf('README.md').filter(({ language }) => language === 'js')
  for (const [i, { text }] of readme.entries()) write(`readme-${i}.js`, text)
  const wanted = await run(process.execPath, ['run.js'], outside)
  for (const version of nodes) {
    const node = tool(`node-${version}/bin/node`)
    const programs = ['run.js', 'thread.js', 'imported.cjs', ...(version === '20' ? [] : ['required.cjs'])]
    for (const program of programs) expect(`Node ${version}, ${program}`, await run(node, [program], outside), wanted)
    for (const program of ['files.js', 'names.js', ...readme.map((_, i) => `readme-${i}.js`)])
      await run(node, [program], outside)
  }

  const { default: webpack } = await import(pathToFileURL(tool('webpack/lib/index.js')))
  const server = await serve(outside)
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  for (const [name, bundle] of Object.entries(bundlers(webpack))) {
    await bundle(outside, ['page.js', 'worker.js'], join(outside, name))
    for (const kind of ['isolated', 'plain']) {
      const page = await browser.newPage()
      page.on('pageerror', (error) => {
        throw error
      })
      await page.goto(`http://127.0.0.1:${server.address().port}/${kind}/${name}/`)
      const [here, there] = await page.evaluate(() => globalThis.done)
      expect(`${name}, in Chromium (${kind})`, here, wanted)
      expect(`${name}, in a worker of Chromium (${kind})`, there, wanted)
      await page.close()
    }
  }
  await browser.close()
  server.close()
})
