// The packages as somebody outside the workspace has them: built, packed, and installed in an empty folder.

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** In the order in which they need one another. */
export const packages = ['core', 'autograd', 'nn']

export const bin = (name) => join(root, 'node_modules/.bin', name)

export const manifestOf = (name) => JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))

/** Runs a program, shows what it prints, and gives that. */
export async function run(command, args, cwd) {
  const line = `$ ${[command, ...args].join(' ').replaceAll(root, '').replaceAll(tmpdir(), '')}`
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, maxBuffer: 2 ** 26 })
    console.log(`${line}\n${stdout}`)
    return stdout
  } catch (error) {
    console.error(`${line}\n${error.stdout ?? ''}${error.stderr ?? ''}`)
    throw new Error(`${command} ended by ${error.code ?? error.signal}`)
  }
}

/** Calls `use` with a new folder, which is removed afterwards. */
export async function inFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), 'matgrad-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  // What Ctrl-C or an error in a callback ends, does not come to `finally`.
  process.once('SIGINT', () => process.exit(130)).once('exit', remove)
  try {
    await use(folder)
  } finally {
    remove()
  }
}

/** The program that runs the present script. @throws Error unless it is pnpm: npm would pack `workspace:^` as it stands. */
export function pnpm() {
  const path = process.env.npm_execpath
  if (!path || !basename(path).startsWith('pnpm')) throw new Error('run this with `pnpm run`')
  return path
}

/** Builds from nothing and packs into a folder; the paths of the tarballs, in the order of `packages`. */
export async function pack(folder) {
  const args = [pnpm(), 'pack', '--pack-destination', folder]
  for (const name of packages) rmSync(join(root, 'packages', name, 'dist'), { recursive: true, force: true })
  rmSync(join(root, '.cache'), { recursive: true, force: true })
  await run(bin('tsc'), ['-b'], root)
  await run(process.execPath, ['scripts/bundle-packages.js'], root)
  await Promise.all(packages.map((name) => run(process.execPath, args, join(root, 'packages', name))))
  return tarballsIn(folder)
}

/** The tarballs in a folder, in the order of `packages`. */
export const tarballsIn = (folder) =>
  packages.map((name) =>
    join(
      folder,
      readdirSync(folder).find((file) => file.startsWith(`matgrad-${name}-`)),
    ),
  )

/** @throws Error where a map, by which editors and debuggers find the sources, leads to one that was not packed. */
function checkMaps(folder) {
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith('.map')))
    for (const source of JSON.parse(readFileSync(join(folder, file), 'utf8')).sources)
      if (!source.includes('node_modules/') && !existsSync(join(folder, file, '..', source)))
        throw new Error(`${file} leads to ${source}, which is not packed`)
}

/** Installs tarballs in an empty folder of `folder`; its path, and what writes a file there. */
export async function install(tarballs, folder) {
  const outside = join(folder, 'outside')
  mkdirSync(outside)
  const write = (name, text) => writeFileSync(join(outside, name), text)
  write('package.json', '{ "private": true, "type": "module" }\n')
  await run('npm', ['install', '--engine-strict', '--no-audit', '--no-fund', ...tarballs], outside)
  checkMaps(join(outside, 'node_modules/@matgrad'))
  return { outside, write }
}
