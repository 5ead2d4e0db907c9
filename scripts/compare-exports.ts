// Trains the example's network on MNIST and compares what becomes of it elsewhere, on all 10,000 test images: in ONNX Runtime
// (which `pnpm run bench` installs), in PyTorch (`python3` with torch) and as a module in Chromium (CHROMIUM, or
// /usr/bin/chromium).
//
// node --conditions=@matgrad/source --import tsx scripts/compare-exports.ts

import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { loadMnist } from '../examples/mnist/data.ts'
import { Matrix, manualSeed } from '../packages/core/src/index.ts'
import * as nn from '../packages/nn/src/index.ts'
import { saveModel } from '../packages/nn/src/node/index.ts'

const folder = await mkdtemp(join(tmpdir(), 'matgrad-'))
const { train, test } = await loadMnist()
manualSeed(0)
const model = new nn.Sequential(new nn.Linear(784, 128), new nn.ReLU(), new nn.Linear(128, 10))
const optimizer = new nn.SGD(model.parameters(), { lr: 0.03, momentum: 0.9 })
await nn.fit(model, train, { loss: nn.crossEntropy, optimizer, epochs: 2, batchSize: 64 })
const wanted = nn.predict(model, test.x)
const images = Float32Array.from(test.x.data)

/** Says how far results are from ours, and how many classes are others. */
function compare(where: string, data: ArrayLike<number>): void {
  const got = new Matrix(Float32Array.from(data), wanted.rows, wanted.cols)
  const differing = got.argmax(1).notEqual(wanted.argmax(1)).sum().item()
  console.log(
    `${where}: ${differing} of ${wanted.rows} classes are others, results at most ${got.sub(wanted).abs().max().item()} away`,
  )
  if (differing > 0) process.exitCode = 1
}

async function inOnnxRuntime(): Promise<void> {
  const { InferenceSession, Tensor } = createRequire(new URL('../benchmarks/package.json', import.meta.url))(
    'onnxruntime-node',
  )
  const session = await InferenceSession.create(nn.toOnnx(model))
  const { output } = await session.run({ input: new Tensor('float32', images, [test.x.rows, 784]) })
  compare('ONNX Runtime', output.data)
}

const PYTORCH = `
import sys, numpy as np, torch
source = open(sys.argv[1]).read().split("if len(sys.argv) > 1:")[0]
names = {"__file__": sys.argv[1]}
exec(source, names)
model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
model.load_state_dict(names["load_file"](sys.argv[2] + "/model.safetensors"))
x = torch.from_numpy(np.fromfile(sys.argv[2] + "/images", "<f4").reshape(-1, 784))
model(x).detach().numpy().tofile(sys.argv[2] + "/results")
`

async function inPyTorch(): Promise<void> {
  await saveModel(join(folder, 'model.safetensors'), model, { format: 'pytorch' })
  await writeFile(join(folder, 'images'), images)
  const reader = fileURLToPath(new URL('../fixtures/nn/pytorch.py', import.meta.url))
  execFileSync(process.env.PYTHON ?? 'python3', ['-c', PYTORCH, reader, folder], { stdio: 'inherit' })
  const { buffer, byteOffset } = await readFile(join(folder, 'results'))
  compare('PyTorch', new Float32Array(buffer.slice(byteOffset, byteOffset + 4 * wanted.size)))
}

async function inChromium(): Promise<void> {
  const files: Record<string, [type: string, body: string | Uint8Array]> = {
    '/': ['text/html', '<title>matgrad</title>'],
    '/model.js': ['text/javascript', nn.toModule(model)],
    '/images': ['application/octet-stream', new Uint8Array(images.buffer)],
  }
  const server = createServer(({ url = '/' }, response) => {
    const [type, body] = files[url] ?? ['text/plain', '']
    response.setHeader('Content-Type', type).end(body)
  }).listen(0)
  const { port } = server.address() as { port: number }
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  })
  const page = await browser.newPage()
  await page.goto(`http://localhost:${port}/`)
  const results = await page.evaluate(async () => {
    const path = '/model.js'
    const { predict } = await import(path)
    const images = new Float32Array(await (await fetch('/images')).arrayBuffer())
    const rows = Array.from({ length: images.length / 784 }, (_, i) => images.subarray(784 * i, 784 * (i + 1)))
    const start = performance.now()
    const all: number[][] = predict(rows)
    return { all: all.flat(), time: performance.now() - start }
  })
  await browser.close()
  server.close()
  console.log(`Chromium takes ${((1000 * results.time) / wanted.rows).toFixed(1)} µs an image`)
  compare('toModule in Chromium', results.all)
}

try {
  await inOnnxRuntime()
  await inPyTorch()
  await inChromium()
} finally {
  await rm(folder, { recursive: true })
}
