// Builds and packs the packages, inspects the tarballs, and uses them as somebody outside the workspace would: installs
// them in an empty folder, type-checks and runs the README's program there, and bundles them for a browser.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const packages = ['core', 'autograd', 'nn']
const bin = (name) => join(root, 'node_modules/.bin', name)

/** Runs a program and returns what it prints; a failure shows it and ends this script. */
function run(command, args, cwd) {
  console.log(`$ ${[command, ...args].join(' ').replaceAll(root, '').replaceAll(tmpdir(), '')}`)
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    console.error(`${error.stdout ?? ''}${error.stderr ?? ''}`)
    process.exit(1)
  }
}

/** The first block of TypeScript or JavaScript in the README: the program that a reader copies. */
function readmeProgram() {
  const [, program] = /```(?:js|ts)\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
  if (!program) throw new Error('README.md has no program')
  return program
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

const folder = mkdtempSync(join(tmpdir(), 'matgrad-packages-'))
try {
  for (const name of packages) rmSync(join(root, 'packages', name, 'dist'), { recursive: true, force: true })
  rmSync(join(root, '.cache'), { recursive: true, force: true })
  run(bin('tsc'), ['-b'], root)

  const pnpm = process.env.npm_execpath
  if (!pnpm) throw new Error('run this with `pnpm run check:packages`')
  for (const name of packages)
    run(process.execPath, [pnpm, 'pack', '--pack-destination', folder], join(root, 'packages', name))
  const tarballs = readdirSync(folder).map((file) => join(folder, file))
  for (const tarball of tarballs) {
    console.log(run(bin('publint'), ['run', tarball, '--strict'], root))
    console.log(run(bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji'], root))
  }

  const outside = join(folder, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'package.json'), '{ "private": true, "type": "module" }\n')
  run('npm', ['install', '--no-audit', '--no-fund', ...tarballs], outside)
  writeFileSync(join(outside, 'program.js'), readmeProgram())
  writeFileSync(join(outside, 'program.ts'), readmeProgram())
  console.log(run(process.execPath, ['program.js'], outside))
  const compilerOptions = {
    noEmit: true,
    strict: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'dom'],
    types: [],
  }
  writeFileSync(join(outside, 'hidden.ts'), hiddenFrom)
  writeFileSync(join(outside, 'named.ts'), named)
  writeFileSync(join(outside, 'node.ts'), onNode)
  for (const [options, files] of [
    [{ declaration: true }, ['program.ts', 'hidden.ts', 'named.ts']],
    // Without the types of a browser or of Node.
    [{ lib: ['es2023'] }, ['node.ts']],
  ]) {
    const config = { compilerOptions: { ...compilerOptions, ...options }, files }
    writeFileSync(join(outside, 'tsconfig.json'), JSON.stringify(config))
    run(bin('tsc'), [], outside)
  }

  const everything = packages.map((name) => `export * as ${name} from '@matgrad/${name}'`).join('\n')
  const { outputFiles } = await build({
    stdin: { contents: everything, resolveDir: outside },
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    logLevel: 'error',
  })
  console.log(
    `All three packages in a browser bundle, minified: ${Math.round(outputFiles[0].contents.length / 1024)} kB.`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
