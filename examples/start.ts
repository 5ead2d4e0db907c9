// Runs an example by name: `start`, `start xor`, `start moons`, `start iris`, `start compile`,
// `start matrix-analysis`, `start image-compression`.

const examples = ['mnist', 'xor', 'moons', 'iris', 'compile', 'matrix-analysis', 'image-compression']

const name = process.argv[2] ?? 'mnist'
if (examples.includes(name)) await import(`./${name}/index.ts`)
else {
  console.error(`There is no example ${JSON.stringify(name)}. There are: ${examples.join(', ')}.`)
  process.exitCode = 1
}
