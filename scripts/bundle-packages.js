// Writes what Node loads of each package after `tsc -b`: few files instead of one for each source, which takes Node a third of
// the time. Bundlers take the single files, of which they leave out what nobody uses.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

const OPTIONS = {
  bundle: true,
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
  sourcesContent: false,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
}

/** Writes what all entries of a package have in one file, and for each entry one that gives the names that it has. */
async function merge(options, entries, outdir) {
  const contents = entries.map(({ source }) => `export * from '${source}'\n`).join('')
  const resolveDir = fileURLToPath(new URL('.', `file://${entries[0].source}`))
  await build({ ...options, stdin: { contents, resolveDir, loader: 'ts' }, outfile: `${outdir}/all.js` })
  for (const { source, target } of entries) {
    const { metafile, outputFiles } = await build({
      ...options,
      entryPoints: [source],
      outdir,
      sourcemap: false,
      metafile: true,
      write: false,
    })
    const names = Object.values(metafile.outputs).flatMap((output) => output.exports)
    // Names of another package are in no list.
    const others = outputFiles[0].text.match(/export\*from"[^"]+";/g) ?? []
    writeFileSync(`${outdir}/${target}.js`, `${others.join('')}export{${names.join(',')}}from"./all.js";\n`)
  }
}

for (const name of ['core', 'autograd', 'nn']) {
  const folder = `${root}packages/${name}/`
  const { exports, publishConfig, dependencies } = JSON.parse(readFileSync(`${folder}package.json`, 'utf8'))
  const outdir = `${folder}dist/bundle`
  rmSync(outdir, { recursive: true, force: true })
  const entries = Object.entries(publishConfig.exports).map(([path, { node }]) => ({
    source: folder + exports[path]['@matgrad/source'].slice(2),
    target: node.replace('./dist/bundle/', '').replace(/\.js$/, ''),
  }))
  // A CommonJS package takes Node longer to load than all of core's kernels.
  const options = { ...OPTIONS, external: Object.keys(dependencies).filter((each) => each !== 'seedrandom') }
  // Files and progress bars load other packages, which must wait for who wants them.
  if (name === 'nn')
    await build({
      ...options,
      entryPoints: entries.map(({ source, target }) => ({ in: source, out: target })),
      splitting: true,
      outdir,
    })
  else await merge(options, entries, outdir)
}
