// Writes what Node loads of each package after `tsc -b`: one file instead of one for each source, which takes Node a third of
// the time, and for each entry one that has its names. Bundlers take the single files, of which they leave out what nobody
// uses.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))

for (const name of ['core', 'autograd', 'nn']) {
  const folder = `${root}packages/${name}/`
  const { exports, publishConfig, dependencies } = JSON.parse(readFileSync(`${folder}package.json`, 'utf8'))
  const dir = `${folder}dist/bundle`
  rmSync(dir, { recursive: true, force: true })
  const entries = Object.entries(publishConfig.exports).map(([path, { node }]) => [
    node.replace('./dist/bundle/', '').replace(/\.js$/, ''),
    folder + exports[path]['@matgrad/source'],
  ])
  // A CommonJS package takes Node longer to load than all of core's kernels.
  const external = Object.keys(dependencies).filter((dependency) => dependency !== 'seedrandom')
  const bundle = await rolldown({
    input: Object.fromEntries(entries),
    platform: 'node',
    external: (id) => external.some((each) => id === each || id.startsWith(`${each}/`)),
  })
  await bundle.write({
    dir,
    sourcemap: true,
    comments: { jsdoc: false },
    // Messages show what a function is called.
    keepNames: true,
    chunkFileNames: '[name].js',
    // Files and progress bars load other packages, which must wait for who wants them.
    codeSplitting: { groups: [{ name: 'all', test: (id) => !id.includes('/src/node/') }] },
  })
  await bundle.close()
  // The sources are in the package.
  for (const file of readdirSync(dir).filter((each) => each.endsWith('.map'))) {
    const { sourcesContent: _, ...map } = JSON.parse(readFileSync(`${dir}/${file}`, 'utf8'))
    writeFileSync(`${dir}/${file}`, JSON.stringify(map))
  }
}
