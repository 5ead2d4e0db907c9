import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The standard output of a script, run in a process of its own on the sources. */
export function outputOf(
  script: URL,
  { args = [], nodeOptions = [] }: { args?: readonly string[]; nodeOptions?: readonly string[] } = {},
): Promise<string> {
  const options = ['--conditions=@matgrad/source', '--import', 'tsx', ...nodeOptions, fileURLToPath(script), ...args]
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'pipe'] })
    let [output, errors] = ['', '']
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`the script ended with ${code}: ${errors}`))
    })
  })
}
