// `pnpm run release` in a repository of empty packages, with programs in the place of pnpm and npm that keep what they are called with.

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const packages = ['core', 'autograd', 'nn']
let folder = ''
let place = ''

/** What a package's tarball has here, and its checksum. */
const contents = (name: string) => `${name} 1.0.0`
const sumOf = (text: string) => `sha512-${createHash('sha512').update(text).digest('base64')}`

const pnpm = `const { basename, join } = require('node:path')
const [command, ...rest] = process.argv.slice(2)
const name = basename(process.cwd())
if (command === 'pack') require('node:fs').writeFileSync(join(rest[1], \`matgrad-\${name}-1.0.0.tgz\`), \`\${name} 1.0.0\`)
else if (rest[0] === process.env.FAILS) process.exit(1)
else if (rest[0] === process.env.EDITS) require('node:fs').writeFileSync('edited', '')
`
const npm = `#!/bin/sh
case $1 in
whoami) [ -z "$NOBODY" ] ;;
view)
  name=\${2#@matgrad/}
  cat "$REGISTRY/\${name%@*}" 2>/dev/null ||
    printf '{ "error": { "code": "%s", "summary": "no" } }' "\${ANSWER:-E404}"
  ;;
publish)
  shift
  line="$*"
  case $FAILS$line in publish*autograd*) exit 1 ;; esac
  echo "\${line##*matgrad-}" >>"$REGISTRY/published"
  ;;
esac
`

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: place, encoding: 'utf8' })
const write = (name: string, text: string) => writeFileSync(join(place, name), text)
function change(name: string, text: string) {
  write(name, text)
  git('add', '.')
  git('commit', '-qm', name)
}
/** What the registry has of a package. */
const keep = (name: string, text = contents(name)) => writeFileSync(join(folder, name), JSON.stringify(sumOf(text)))

function release(args: string[] = [], env: Record<string, string> = {}) {
  const temporary = join(folder, 'tmp')
  mkdirSync(temporary, { recursive: true })
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/release.js', ...args], {
    cwd: place,
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: folder + delimiter + process.env.PATH,
      npm_execpath: join(folder, 'pnpm.cjs'),
      REGISTRY: folder,
      TMPDIR: temporary,
      ...env,
    },
  })
  const log = join(folder, 'published')
  const published = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
  rmSync(log, { force: true })
  expect(stderr).not.toMatch(/^ +at /m)
  expect(readdirSync(temporary).filter((each) => each.startsWith('matgrad-'))).toEqual([])
  return { status, stdout, stderr: stderr.trim(), published }
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'matgrad-'))
  place = join(folder, 'repository')
  mkdirSync(join(place, 'scripts'), { recursive: true })
  for (const name of packages) {
    mkdirSync(join(place, 'packages', name), { recursive: true })
    write(`packages/${name}/package.json`, '{ "version": "1.0.0" }')
  }
  for (const name of ['release.js', 'outside.js']) cpSync(join(root, 'scripts', name), join(place, 'scripts', name))
  for (const name of ['bundle-packages.js', 'check-strangers.js']) write(`scripts/${name}`, '')
  // What compiles, and what lets scripts import TypeScript, have nothing to do.
  for (const name of ['.bin', 'tsx']) mkdirSync(join(place, 'node_modules', name), { recursive: true })
  writeFileSync(join(place, 'node_modules/.bin/tsc'), '#!/bin/sh\n', { mode: 0o755 })
  write('node_modules/tsx/index.js', '')
  write('package.json', '{ "type": "module" }')
  write('CHANGELOG.md', '# Changelog\n\n## 1.0.0, 2026-01-01\n')
  write('.gitignore', 'node_modules\n')
  writeFileSync(join(folder, 'pnpm.cjs'), pnpm)
  writeFileSync(join(folder, 'npm'), npm, { mode: 0o755 })
  git('init', '-q', '-b', 'main')
  git('add', '.')
  git('commit', '-qm', 'all')
})
afterEach(() => rmSync(folder, { recursive: true }))

const tarballs = packages.map((name) => `${name}-1.0.0.tgz --access public`)

test('without --publish it says what it would do', () => {
  expect(release()).toMatchObject({ status: 0, published: tarballs.map((each) => `${each} --dry-run`) })
  expect(git('tag')).toBe('')
})

test('it publishes once', () => {
  expect(release(['--publish'])).toMatchObject({ status: 0, published: tarballs })
  expect(git('tag')).toBe('v1.0.0\n')
  expect(release(['--publish'])).toMatchObject({
    status: 1,
    published: [],
    stderr: expect.stringContaining('there is a tag v1.0.0'),
  })
})

test('what the registry has is left out where it is the same', () => {
  expect(release(['--publish'], { FAILS: 'publish' })).toMatchObject({ status: 1, published: tarballs.slice(0, 1) })
  expect(git('tag')).toBe('')
  keep('core')
  expect(release(['--publish'])).toMatchObject({ status: 0, published: tarballs.slice(1) })
  git('tag', '-d', 'v1.0.0')
  keep('core', 'another')
  expect(release(['--publish'])).toMatchObject({
    status: 1,
    published: [],
    stderr: expect.stringContaining('another @matgrad/core 1.0.0'),
  })
})

test.each<[why: string, message: string, before: () => void, env?: Record<string, string>]>([
  ['what is not committed', 'these files are not committed:\n?? new', () => write('new', '')],
  ['no section of the changelog', 'CHANGELOG.md has no section `## 1.0.0`', () => change('CHANGELOG.md', '')],
  ['a section without a date', 'write the date', () => change('CHANGELOG.md', '## 1.0.0, not released yet\n')],
  [
    'versions that differ',
    'the packages have the versions 1.0.0, 2.0.0',
    () => change('packages/nn/package.json', '{ "version": "2.0.0" }'),
  ],
  ['another branch', 'this is side; what is published is on main', () => git('checkout', '-qb', 'side')],
  ['no branch', 'this is no branch', () => git('checkout', '-q', '--detach')],
  ['nobody that the registry knows', 'call `npm login`', () => {}, { NOBODY: '1' }],
  ['a registry that does not answer', 'the registry does not answer: no', () => {}, { ANSWER: 'ECONNREFUSED' }],
  ['a version that the registry has', 'the registry has 1.0.0 already', () => packages.map((name) => keep(name))],
  ['a check that fails', '`pnpm run test:debug` failed', () => {}, { FAILS: 'test:debug' }],
  ['what is edited while it checks', 'these files are not committed:\n?? edited', () => {}, { EDITS: 'test' }],
])('it refuses %s', (_, message, before, env) => {
  before()
  const tree = git('status', '--porcelain')
  const { status, stderr, published } = release(['--publish'], env)
  expect(stderr).toMatch(/^release: /)
  expect(stderr).toContain(message)
  expect([status, published, git('tag')]).toEqual([1, [], ''])
  expect(git('status', '--porcelain')).toBe(env?.EDITS ? '?? edited\n' : tree)
})

test('options and callers that it does not know are told in a line', () => {
  expect(release(['--publsh']).stderr).toMatch(/^release: Unknown option '--publsh'/)
  expect(release([], { npm_execpath: '/bin/npm-cli.js' }).stderr).toBe('release: run this with `pnpm run`')
})
