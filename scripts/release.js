// Releases the packages. It refuses what is not ready, runs all checks, packs, and uses the tarballs as strangers would; then
// it shows what it would publish, or with `--publish` publishes these very tarballs and tags the commit. What the registry has
// already, because publishing ended between the packages, is left out then, if it is the same.

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { inFolder, manifestOf, pack, packages, pnpm, root } from './outside.js'

// Whatever ends it is told in a line, and no stack of calls.
process.on('uncaughtException', ({ message }) => {
  console.error(`release: ${message}`)
  process.exit(1)
})

const { publish } = parseArgs({ options: { publish: { type: 'boolean', default: false } } }).values

const output = (...line) => execFileSync(line[0], line.slice(1), { cwd: root, encoding: 'utf8' }).trim()

/** Runs a program on the terminal, where it may ask for a one-time password. */
function show(title, ...line) {
  const { status, error } = spawnSync(line[0], line.slice(1), { cwd: root, stdio: 'inherit' })
  if (status !== 0) refuse(`\`${title}\` failed${error ? `: ${error.message}` : ''}. Once it does not, begin anew`)
}

function refuse(why) {
  throw new Error(why)
}

/** @throws Error where what is packed would not be what is committed. */
function checkTree() {
  const changed = output('git', 'status', '--porcelain')
  if (changed) refuse(`these files are not committed:\n${changed}`)
}

/** The checksum of what the registry has of this version of a package, if it has any. */
function published(name) {
  const args = ['view', `@matgrad/${name}@${version}`, 'dist.integrity', '--json']
  const { stdout } = spawnSync('npm', args, { cwd: root, encoding: 'utf8' })
  const found = stdout ? JSON.parse(stdout) : undefined
  if (found?.error && found.error.code !== 'E404') refuse(`the registry does not answer: ${found.error.summary}`)
  return found?.error ? undefined : found
}

const runner = pnpm()
const versions = [...new Set(packages.map((name) => manifestOf(name).version))]
if (versions.length !== 1) refuse(`the packages have the versions ${versions.join(', ')}, not one`)
const [version] = versions
const tag = `v${version}`
checkTree()
const commit = output('git', 'rev-parse', 'HEAD')
if (output('git', 'tag', '--list', tag)) refuse(`there is a tag ${tag}; raise the version in packages/*/package.json`)
const headings = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').match(/^## .*$/gm) ?? []
const heading = headings.find((each) => /^## ([^\s,]+)/.exec(each)?.[1] === version)
if (!heading) refuse(`CHANGELOG.md has no section \`## ${version}\``)
const before = packages.map(published)
if (before.every((each) => each !== undefined))
  refuse(`the registry has ${version} already; raise the version in packages/*/package.json`)
if (publish) {
  if (heading.includes('not released')) refuse(`CHANGELOG.md says \`${heading}\`; write the date`)
  const branch = output('git', 'branch', '--show-current')
  if (branch !== 'main') refuse(`this is ${branch || 'no branch'}; what is published is on main`)
  if (spawnSync('npm', ['whoami'], { cwd: root }).status !== 0)
    refuse('the registry does not know you; call `npm login`')
}

for (const script of ['check', 'test', 'test:debug', 'test:browser'])
  show(`pnpm run ${script}`, process.execPath, runner, 'run', script)

await inFolder(async (folder) => {
  const tarballs = await pack(folder)
  checkTree()
  if (output('git', 'rev-parse', 'HEAD') !== commit) refuse('there is another commit than the one that was checked')
  show('pnpm run check:strangers', process.execPath, '--import', 'tsx', 'scripts/check-strangers.js', folder)
  const missing = tarballs.filter((tarball, i) => {
    const sum = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
    if (before[i] !== undefined && before[i] !== sum)
      refuse(
        `the registry has another @matgrad/${packages[i]} ${version}; raise the version in packages/*/package.json`,
      )
    return before[i] === undefined
  })
  for (const tarball of missing)
    show('npm publish', 'npm', 'publish', tarball, '--access', 'public', ...(publish ? [] : ['--dry-run']))
})
if (publish) {
  show('git tag', 'git', 'tag', tag)
  console.log(`Published ${version}; now \`git push origin main ${tag}\`.`)
} else console.log(`Nothing is published; \`pnpm run release --publish\` does it.`)
