// Compiles packages/core/assembly into packages/core/src/kernels.generated.ts: the module's bytes as base64.
// With --check it writes nothing and fails if the committed file is not what the sources give.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const root = fileURLToPath(new URL('..', import.meta.url))
const target = `${root}packages/core/src/kernels.generated.ts`

async function compile() {
  let binary
  const { error, stderr } = await asc.main(
    ['packages/core/assembly/index.ts', '--baseDir', root, '--outFile', 'kernels.wasm'].concat([
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '--importMemory',
      '--use',
      'abort=',
    ]),
    {
      writeFile(name, contents) {
        if (name === 'kernels.wasm') binary = contents
      },
    },
  )
  if (error) throw new Error(`asc failed:\n${stderr}`)
  return Buffer.from(binary)
}

const wasm = await compile()
const source = `// Generated from packages/core/assembly by scripts/build-kernels.js.

/** The WebAssembly module, ${wasm.length} bytes, as base64. */
export const kernelsBase64: string =
  '${wasm.toString('base64')}'
`

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== source) {
    console.error('packages/core/src/kernels.generated.ts differs from its sources: run `pnpm run build:kernels`.')
    process.exit(1)
  }
  console.log('kernels.generated.ts is up to date.')
} else {
  writeFileSync(target, source)
  console.log(`kernels.generated.ts: ${wasm.length} bytes of WebAssembly.`)
}
