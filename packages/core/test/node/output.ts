// Scripts that tests run on the sources in processes of their own. Each is bundled with what it imports of these packages, once for the
// tests of a worker: to start Node with a loader for TypeScript takes ten times as long.

import { spawn } from 'node:child_process'
import { join, parse } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'

interface Call {
  readonly args?: readonly string[]
  readonly nodeOptions?: readonly string[]
  /** The most that it may write into a file, as where a disk is full. */
  readonly kilobytes?: number
  /** The folder where it is run. */
  readonly cwd?: string
}

interface End {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
  readonly errors: string
}

/** Leaves the packages of others outside, by their addresses: the bundle lies where it could not find them by name. */
const others: Plugin = {
  name: 'others',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[@\w]/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (kind === 'entry-point' || path.startsWith('@matgrad/') || pluginData === 'others') return
      const found = await resolve(path, { importer, kind, resolveDir, pluginData: 'others' })
      const isFile = found.path !== path && found.errors.length === 0
      return isFile ? { path: pathToFileURL(found.path).href, external: true } : found
    })
  },
}

const bundles = new Map<string, Promise<string>>()

/** A script's bundle. It lies below the script's folder, so that what is found from one's address is found from the other's. */
async function bundle(script: string): Promise<string> {
  const { dir, name } = parse(script)
  const outdir = join(dir, 'node_modules/.cache', name)
  const conditions = ['@matgrad/source']
  // In parts, of which only those are loaded that are asked for, as of the sources.
  const format = { bundle: true, splitting: true, platform: 'node', format: 'esm', logLevel: 'silent' } as const
  const outExtension = { '.js': '.mjs' }
  await build({ entryPoints: [script], outdir, outExtension, conditions, plugins: [others], ...format })
  return join(outdir, `${name}.mjs`)
}

/** How a script ends that is run in a process of its own on the sources, and what it writes. */
export async function endOf(script: URL, { args = [], nodeOptions = [], kilobytes, cwd }: Call = {}): Promise<End> {
  const path = fileURLToPath(script)
  const file = bundles.get(path) ?? bundle(path)
  bundles.set(path, file)
  const options = [...nodeOptions, await file, ...args]
  const limited = ['-c', `ulimit -f ${kilobytes}; exec "$0" "$@"`, process.execPath, ...options]
  const [command, given] = kilobytes === undefined ? [process.execPath, options] : ['bash', limited]
  return new Promise((resolve, reject) => {
    const child = spawn(command, given, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let [output, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk
    })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, output, errors }))
  })
}

/** The standard output of such a script. */
export async function outputOf(script: URL, call?: Call): Promise<string> {
  const { code, output, errors } = await endOf(script, call)
  if (code !== 0) throw new Error(`the script ended with ${code}: ${errors}`)
  return output
}
