// Writes what Node loads of each package after `tsc -b`: few files instead of one for each source, which takes Node a third of
// the time. Bundlers take the single files, of which they leave out what nobody uses. What the entries of a package share is
// in files of their own, so that all of them see the same objects.

import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

for (const name of ['core', 'autograd', 'nn']) {
  const folder = `${root}packages/${name}/`
  const { exports, publishConfig, dependencies } = JSON.parse(readFileSync(`${folder}package.json`, 'utf8'))
  const entries = Object.entries(publishConfig.exports).map(([path, { node }]) => ({
    in: folder + exports[path]['@matgrad/source'],
    out: node.replace('./dist/bundle/', '').replace(/\.js$/, ''),
  }))
  const outdir = `${folder}dist/bundle`
  rmSync(outdir, { recursive: true, force: true })
  await build({
    entryPoints: entries,
    outdir,
    bundle: true,
    splitting: true,
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: true,
    sourcesContent: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // A CommonJS package takes Node longer to load than all of core's kernels.
    external: Object.keys(dependencies).filter((dependency) => dependency !== 'seedrandom'),
    logLevel: 'warning',
  })
}
