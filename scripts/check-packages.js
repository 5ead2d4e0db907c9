// Builds and packs the packages, inspects the tarballs, and uses them as somebody outside the workspace would: installs them in
// an empty folder, runs the README's programs there, compiles those of all pages and the tests of types as users may, and
// bundles the packages for a browser.

import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { bin, inFolder, install, pack, packages, root, run } from './outside.js'
import { minified, names, writeTypes } from './outside-programs.js'
import { programsOf } from './programs.ts'

/** The oldest compiler that users may have, and our own. */
const compilers = ['typescript-5.4', 'typescript']

await inFolder(async (folder) => {
  const tarballs = await pack(folder)
  for (const tarball of tarballs)
    await Promise.all([
      run(bin('publint'), ['run', tarball, '--strict'], root),
      run(bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji'], root),
    ])

  const { outside, write } = await install(tarballs, folder)
  const fromReadme = programsOf('README.md')
  for (const [i, { text }] of fromReadme.filter(({ language }) => language === 'js').entries()) {
    write(`program-${i}.js`, text)
    await run(process.execPath, [`program-${i}.js`], outside)
  }

  const projects = writeTypes(outside)
  await Promise.all(
    compilers.map(async (compiler) => {
      for (const project of projects)
        await run(process.execPath, [join(root, 'node_modules', compiler, 'bin/tsc'), '-p', project], outside)
    }),
  )

  write('names.js', names)
  await run(process.execPath, ['names.js'], outside)

  const bundle = async (contents) => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: outside },
      bundle: true,
      minify: true,
      platform: 'browser',
      format: 'esm',
      write: false,
      logLevel: 'error',
    })
    return outputFiles[0].contents
  }
  write('minified.js', await bundle(minified))
  await run(process.execPath, ['minified.js'], outside)

  const everything = packages.map((name) => `export * as ${name} from '@matgrad/${name}'`).join('\n')
  const product = "import { ones } from '@matgrad/core'\nconsole.log(ones(2, 2).matmul(ones(2, 2)))"
  for (const [title, contents] of Object.entries({
    'All three packages': everything,
    "The README's first program": fromReadme[0].text,
    'A product of core': product,
  })) {
    const bundled = await bundle(contents)
    const [all, zipped] = [bundled, gzipSync(bundled)].map(({ length }) => Math.round(length / 1000))
    console.log(`${title} in a browser bundle, minified: ${all} kB, ${zipped} kB with gzip.`)
  }
})
