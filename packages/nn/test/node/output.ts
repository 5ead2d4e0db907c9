import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

interface Call {
  readonly args?: readonly string[]
  readonly nodeOptions?: readonly string[]
  /** The most that it may write into a file, as where a disk is full. */
  readonly kilobytes?: number
}

interface End {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
  readonly errors: string
}

/** How a script ends that is run in a process of its own on the sources, and what it writes. */
export function endOf(script: URL, { args = [], nodeOptions = [], kilobytes }: Call = {}): Promise<End> {
  const options = ['--conditions=@matgrad/source', '--import', 'tsx', ...nodeOptions, fileURLToPath(script), ...args]
  return new Promise((resolve, reject) => {
    const limited = ['-c', `ulimit -f ${kilobytes}; exec "$0" "$@"`, process.execPath, ...options]
    const [command, given] = kilobytes === undefined ? [process.execPath, options] : ['bash', limited]
    const child = spawn(command, given, { stdio: ['ignore', 'pipe', 'pipe'] })
    let [output, errors] = ['', '']
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
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
