// Writes what is generated in packages/core: what follows from the rows (rows.ts), what workers run, as text, and the bytes of
// packages/core/assembly compiled, as base64. With --check it writes nothing and fails if a committed file is not
// what the sources give.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import asc from 'assemblyscript/asc'
import { buildSync } from 'esbuild'
import { sources } from './rows.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const core = `${root}packages/core/`
const checks = process.argv.includes('--check')

/** Writes a generated file, or makes sure that it is what it would be. */
function generate(path, source) {
  if (!checks) writeFileSync(core + path, source)
  else if (readFileSync(core + path, 'utf8') !== source) {
    console.error(`packages/core/${path} differs from its sources: run \`pnpm run build:kernels\`.`)
    process.exit(1)
  }
}

// The kernels are compiled from what the rows give.
for (const [path, source] of Object.entries(sources)) generate(path, source)

const { outputFiles } = buildSync({
  entryPoints: [`${core}src/engine/worker.ts`],
  bundle: true,
  minify: true,
  target: 'es2022',
  write: false,
})
generate(
  'src/engine/worker.generated.ts',
  `// Generated from worker.ts by scripts/build-kernels.js.

/** What a worker runs. */
export const WORKER: string = ${JSON.stringify(outputFiles[0].text)}
`,
)

async function compile(entry, memoryBase, features) {
  let binary
  const { error, stderr } = await asc.main(
    [
      `packages/core/assembly/${entry}`,
      ...['--baseDir', root, '--outFile', 'kernels.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
      ...[
        '--importMemory',
        '--memoryBase',
        String(memoryBase),
        '--sharedMemory',
        '--initialMemory',
        '1',
        '--maximumMemory',
        '65536',
      ],
      ...['simd', 'threads', ...features].flatMap((feature) => ['--enable', feature]),
    ],
    {
      writeFile(name, contents) {
        if (name === 'kernels.wasm') binary = contents
      },
    },
  )
  if (error) throw new Error(`asc failed:\n${stderr}`)
  return Buffer.from(binary)
}

/** Where a module says that the memory it imports, env.memory with a maximum, is shared. */
function sharedFlagOf(wasm) {
  const entry = Buffer.from('\x03env\x06memory\x02\x03', 'latin1')
  const at = wasm.indexOf(entry)
  if (at < 0) throw new Error('the module does not import a shared memory')
  return at + entry.length - 1
}

/** Where the data of a module end. */
function heapOf(wasm) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
  return new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: { memory } }).exports.HEAP.value
}

// All modules live on one memory: the few data of the others lie below those of the first.
const DATA = { fma: 64, linalg: 256, kernels: 1024 }
const kernels = await compile('index.ts', DATA.kernels, [])
const linalg = await compile('linalg/index.ts', DATA.linalg, [])
const fma = await compile('gemm.ts', DATA.fma, ['relaxed-simd'])
setFlagsFromString('--experimental-wasm-relaxed-simd')
setFlagsFromString('--experimental-wasm-type-reflection')
if (heapOf(fma) > DATA.linalg || heapOf(linalg) > DATA.kernels)
  throw new Error('the data of a module do not fit below those of the next')

/** The type of each exported function: a letter for each parameter, i for i32, f for f32, F for f64, and for a result. */
function signaturesOf(wasm) {
  const functions = WebAssembly.Module.exports(new WebAssembly.Module(wasm)).filter(({ kind }) => kind === 'function')
  const letters = { i32: 'i', f32: 'f', f64: 'F' }
  const lettersOf = (types) => types.map((each) => letters[each]).join('')
  return functions.map(
    ({ name, type: { parameters, results } }) =>
      `  ${name}: { parameters: '${lettersOf(parameters)}', results: '${lettersOf(results)}' },\n`,
  )
}

const HEAD = '// Generated from packages/core/assembly by scripts/build-kernels.js.'

const sourceOf = (wasm) => `{
  sharedFlag: ${sharedFlagOf(wasm)},
  base64: '${wasm.toString('base64')}',
}`

const source = `${HEAD}

/** A WebAssembly module as base64, and which of its bytes says that the memory it imports is shared: 3, or 1 if it is not. */
export interface ModuleSource {
  readonly base64: string
  readonly sharedFlag: number
}

/** The kernels but for those of linear algebra, ${kernels.length} bytes. */
export const kernels: ModuleSource = ${sourceOf(kernels)}

/** What a function takes and gives: a letter for each number, i for i32, f for f32, F for f64. */
export interface Signature {
  readonly parameters: string
  readonly results: string
}

export const signatures: Readonly<Record<string, Signature>> = {
${signaturesOf(kernels).join('')}}

/** The product with fused multiply-add, which is part of relaxed SIMD, ${fma.length} bytes. */
export const fmaKernels: ModuleSource = ${sourceOf(fma)}
`

generate('src/engine/kernels.generated.ts', source)
generate(
  'src/linalg/kernels.generated.ts',
  `${HEAD}

import type { ModuleSource } from '../engine/kernels.generated.ts'

/** The kernels of linear algebra, ${linalg.length} bytes. */
export const linalgKernels: ModuleSource = ${sourceOf(linalg)}
`,
)
const sizes = [kernels, linalg, fma].map(({ length }) => length)
console.log(checks ? 'What is generated is up to date.' : `${sizes.join(', ')} bytes of WebAssembly.`)
