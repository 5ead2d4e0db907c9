// Releases the packages. It refuses what is not ready, runs all checks, packs, and uses the tarballs as strangers would; then it
// shows what it would publish, or with `--publish` publishes these very tarballs and tags the commit.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { inFolder, manifestOf, pack, packages, pnpm, root } from './outside.js'

const { publish } = parseArgs({ options: { publish: { type: 'boolean', default: false } } }).values

const output = (...line) => execFileSync(line[0], line.slice(1), { cwd: root, encoding: 'utf8' }).trim()
/** Runs a program on the terminal, where it may ask for a one-time password. */
const show = (...line) => execFileSync(line[0], line.slice(1), { cwd: root, stdio: 'inherit' })

function refuse(why) {
  console.error(`release: ${why}`)
  process.exit(1)
}

const runner = pnpm()
const versions = [...new Set(packages.map((name) => manifestOf(name).version))]
if (versions.length !== 1) refuse(`the packages have the versions ${versions.join(', ')}, not one`)
const [version] = versions
const tag = `v${version}`
const changed = output('git', 'status', '--porcelain')
if (changed) refuse(`these files are not committed:\n${changed}`)
if (output('git', 'tag', '--list', tag)) refuse(`there is a tag ${tag}; raise the version in packages/*/package.json`)
const headings = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').match(/^## .*$/gm) ?? []
const heading = headings.find((each) => /^## ([^\s,]+)/.exec(each)?.[1] === version)
if (!heading) refuse(`CHANGELOG.md has no section \`## ${version}\``)
if (publish && heading.includes('not released')) refuse(`CHANGELOG.md says \`${heading}\`; write the date`)

for (const script of ['check', 'test', 'test:debug', 'test:browser']) show(process.execPath, runner, 'run', script)

await inFolder(async (folder) => {
  const tarballs = await pack(folder)
  show(process.execPath, '--import', 'tsx', 'scripts/check-strangers.js', folder)
  for (const tarball of tarballs)
    show('npm', 'publish', tarball, '--access', 'public', ...(publish ? [] : ['--dry-run']))
})
if (publish) {
  show('git', 'tag', tag)
  console.log(`Published ${version}; now \`git push origin ${tag}\`.`)
} else console.log(`Nothing is published; \`pnpm run release --publish\` does it.`)
