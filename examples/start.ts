// Runs an example by name: `start`, `start xor`, and so on. Those that take long take a number, of epochs or steps, as well:
// `start autoencoder 1`.

const examples = [
  'mnist',
  'xor',
  'moons',
  'iris',
  'cars',
  'regularisation',
  'initialisation',
  'autoencoder',
  'names',
  'gan',
  'gridworld',
  'graph',
  'compile',
  'matrix-analysis',
  'matrix-calculus',
  'image-compression',
]

const name = process.argv[2] ?? 'mnist'
if (examples.includes(name)) await import(`./${name}/index.ts`)
else {
  console.error(`There is no example ${JSON.stringify(name)}. There are: ${examples.join(', ')}.`)
  process.exitCode = 1
}
