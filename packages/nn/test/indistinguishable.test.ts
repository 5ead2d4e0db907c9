// Ways in which a model, a loss, an optimiser, a callback or an argument changes between steps: what `fit`, `evaluate` and
// `predict` do by default is what they do with `compile: false`, bit for bit, whatever it is that somebody sees of it.

import { compile, constant, defineOp, grad, noGrad, type Op, Variable, variable } from '@matgrad/autograd'
import { replays } from '@matgrad/autograd/internal'
import {
  configure,
  Generator,
  getDefaultGenerator,
  Matrix,
  manualSeed,
  matrix,
  ones,
  rand,
  setDefaultDtype,
  type TypedArray,
  zeros,
} from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { crossEntropy, type Input, type Loss, mseLoss, type Optimizer } from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { after, type Net, outcome, type Scenario, type Sizes, usual, type World } from './world.ts'

const SMALL: Sizes = { features: 5, width: 8, classes: 3, rows: 36, batchSize: 8 }
const LARGE: Sizes = { features: 64, width: 300, classes: 10, rows: 148, batchSize: 64 }

interface Detailed {
  /** How many programs must have run at least. */
  readonly replays: number
  readonly scenario: Scenario
}

type Scenarios = Readonly<Record<string, Scenario | Detailed>>

/** Of nothing in it a program need be made. */
const unreplayed = (scenario: Scenario): Detailed => ({ replays: 0, scenario })

const parameterLike = ({ rows, cols }: Variable, seed: string): Variable =>
  variable(new Generator(seed).normal(rows, cols, 0, 0.3))

/** Where something may write a number that a model reads. */
const places: Readonly<Record<string, () => { object: object; get(): number; set(value: number): void }>> = {
  'a property': () => {
    const object = { scale: 1 }
    return {
      object,
      get: () => object.scale,
      set: (value) => {
        object.scale = value
      },
    }
  },
  'an element of an array': () => {
    const object = { scales: [3, 1] }
    return {
      object,
      get: () => object.scales[1],
      set: (value) => {
        object.scales[1] = value
      },
    }
  },
  'a Map': () => {
    const scales = new Map([['scale', 1]])
    return { object: { scales }, get: () => scales.get('scale') as number, set: (value) => scales.set('scale', value) }
  },
  'an object in an object': () => {
    const object = { settings: { scale: { value: 1 } } }
    return {
      object,
      get: () => object.settings.scale.value,
      set: (value) => {
        object.settings.scale.value = value
      },
    }
  },
  'a private field': () => {
    class Private {
      #scale = 1
      get(): number {
        return this.#scale
      }
      set(value: number): void {
        this.#scale = value
      }
    }
    const own = new Private()
    return { object: { own }, get: () => own.get(), set: (value) => own.set(value) }
  },
  'a closure': () => {
    let scale = 1
    return {
      object: {},
      get: () => scale,
      set: (value) => {
        scale = value
      },
    }
  },
  'a property with a symbol': () => {
    const name = Symbol('scale')
    const object = { [name]: 1 }
    return {
      object,
      get: () => object[name],
      set: (value) => {
        object[name] = value
      },
    }
  },
  'a typed array': () => {
    const scales = new Float64Array([1])
    return {
      object: { scales },
      get: () => scales[0],
      set: (value) => {
        scales[0] = value
      },
    }
  },
}

const moments: Readonly<Record<string, (step: number) => boolean>> = {
  'after every step': () => true,
  'after every third step': (step) => step % 3 === 2,
  'once, after step 7': (step) => step === 7,
}

/** A number in each place, changed by a callback at one of the moments, that the model or the loss reads. */
const numbers: Scenarios = Object.fromEntries(
  Object.entries(places).flatMap(([place, makePlace], i): [string, Scenario][] => {
    const [[moment, isNow], [other, isOther]] = [0, 1].map((k) => Object.entries(moments)[(i + k) % 3])
    return [
      [
        `a temperature in ${place}, changed ${moment}`,
        async (w) => {
          const { object, get, set } = makePlace()
          const model = w.netWith(object, (net, x) => usual(net, x).div(get()))
          const callback = after((step) => isNow(step) && set(1 + step / 8))
          await w.fit(model, { callbacks: [callback], validation: w.data })
          w.predict(model)
          set(0.25)
          w.predict(model)
        },
      ],
      [
        `a weight of the loss in ${place}, changed ${other}`,
        async (w) => {
          const { get, set } = makePlace()
          const loss: Loss = (prediction, target) =>
            crossEntropy(prediction, target).add(prediction.square().mean().mul(get()))
          await w.fit(w.model(), { loss, callbacks: [after((step) => isOther(step) && set(step / 8))] })
        },
      ],
    ]
  }),
)

const parts: Scenarios = {
  'the head of a model is replaced between predictions': (w) => {
    const model = w.net()
    for (const seed of ['a', 'b', 'c']) {
      w.predict(model)
      model.head = new nn.Linear(w.sizes.width, w.sizes.classes, { generator: new Generator(seed) })
      w.evaluate(model)
    }
  },
  'the head of a model is replaced after step 7': async (w) => {
    const model = w.net()
    const callback = after((step) => {
      if (step === 7) model.head = new nn.Linear(w.sizes.width, w.sizes.classes)
    })
    await w.fit(model, { callbacks: [callback] })
    w.predict(model)
  },
  'a layer of Sequential is replaced by `layers[i] =`': async (w) => {
    const model = w.model()
    const layers = model.layers as nn.Module[]
    const callback = after((step) => {
      if (step % 4 === 3) layers[1] = [new nn.ReLU(), new nn.Tanh(), new nn.SiLU()][step % 3]
    })
    await w.fit(model, { callbacks: [callback] })
    w.predict(model)
  },
  'layers are pushed to and taken from Sequential': async (w) => {
    const model = w.model()
    const layers = model.layers as nn.Module[]
    w.predict(model)
    layers.push(new nn.Softplus())
    w.predict(model)
    await w.fit(model, { callbacks: [after((step) => (step % 2 ? layers.push(new nn.Tanh()) : layers.pop()))] })
    w.predict(model)
  },
  'the array of layers of Sequential is replaced': async (w) => {
    const model = w.model()
    const callback = after((step) => {
      if (step === 5) Object.assign(model, { layers: [...model.layers, new nn.LeakyReLU()] })
    })
    await w.fit(model, { callbacks: [callback], validation: w.data })
  },
  'the blocks of a user in an array are put in another order': async (w) => {
    const { width } = w.sizes
    const blocks = ['a', 'b', 'c'].map((seed) => new nn.Linear(width, width, { generator: new Generator(seed) }))
    const model = w.netWith({ blocks }, ({ hidden, head }, x) =>
      head.forward(blocks.reduce((h, block) => block.forward(h).tanh(), hidden.forward(x))),
    )
    await w.fit(model, { callbacks: [after((step) => step % 3 === 0 && blocks.reverse())] })
    blocks.pop()
    w.predict(model)
  },
  '`layer.weight =` another variable': async (w) => {
    const model = w.model()
    const layer = model.layers[0] as nn.Linear
    const callback = after((step) => {
      if (step % 5 === 4) layer.weight = parameterLike(layer.weight, `weight ${step}`)
    })
    await w.fit(model, { callbacks: [callback] })
    w.predict(model)
  },
  '`layer.bias = null`, and the bias again': async (w) => {
    const model = w.net()
    const { bias } = model.hidden
    const callback = after((step) => {
      model.hidden.bias = step % 4 < 2 ? null : bias
    })
    await w.fit(model, { callbacks: [callback], validation: w.data })
  },
  'two layers exchange their weights': async (w) => {
    const model = w.model(new nn.Linear(w.sizes.width, w.sizes.width), new nn.Linear(w.sizes.width, w.sizes.width))
    const [, first, second] = model.layers as nn.Linear[]
    const callback = after((step) => {
      if (step % 3 === 1) [first.weight, second.weight] = [second.weight, first.weight]
    })
    await w.fit(model, { callbacks: [callback] })
  },
  'the same layer twice, and then no more': async (w) => {
    const { width } = w.sizes
    const shared = new nn.Linear(width, width)
    const model = w.model(shared, new nn.ReLU(), shared)
    const callback = after((step) => {
      if (step === 7) (model.layers as nn.Module[])[3] = new nn.Linear(width, width)
    })
    await w.fit(model, { callbacks: [callback] })
  },
  'weights that two layers share, one of them transposed': async (w) => {
    const model = w.net(({ hidden }, x) => {
      const h = hidden.forward(x).tanh()
      return h.matmul(hidden.weight).slice(0, x.rows, 0, w.sizes.classes)
    })
    await w.fit(model)
  },
  'parameters that forward makes when they are first needed': async (w) => {
    const scales: Variable[] = []
    const model = w.net((net, x) => {
      const logits = usual(net, x)
      if (scales.length === 0) scales.push(variable(ones(1, logits.cols)))
      return logits.mul(scales[0])
    })
    await w.fit(model)
    w.keep(scales[0].grad, scales[0])
  },
  'parameters that forward makes anew in every step': async (w) => {
    const made: Variable[] = []
    const model = w.net((net, x) => {
      const offset = variable(zeros(1, w.sizes.classes))
      made.push(offset)
      return usual(net, x).add(offset)
    })
    await w.fit(model)
    w.keep(made.map(({ grad }) => grad))
  },
  'buffers that forward replaces': unreplayed(async (w) => {
    const model = w.netWith({ mean: zeros(1, w.sizes.width) as Matrix }, (model, x) => {
      const h = model.hidden.forward(x)
      model.mean = model.mean.mul(0.9).add(h.value.mean(0).mul(0.1))
      return model.head.forward(h.sub(model.mean).relu())
    })
    await w.fit(model, { callbacks: [after(() => w.see(model.mean))], validation: w.data })
    w.predict(model)
  }),
  'buffers that forward assigns to': async (w) => {
    const model = w.netWith({ mean: zeros(1, w.sizes.width) as Matrix }, (model, x) => {
      const h = model.hidden.forward(x)
      if (model.training) model.mean.assign(model.mean.mul(0.9).add(h.value.mean(0).mul(0.1)))
      return model.head.forward(h.sub(model.mean).relu())
    })
    await w.fit(model, { callbacks: [after((step) => step % 4 === 0 && w.see(model.mean))], validation: w.data })
    w.predict(model)
  },
  'a recurrent state that goes on from batch to batch': unreplayed(async (w) => {
    const { width } = w.sizes
    const model = w.netWith(
      { recurrent: new nn.Linear(width, width), state: zeros(1, width) as Matrix },
      (model, x) => {
        const h = model.hidden.forward(x).add(constant(model.state).matmul(model.recurrent.weight)).tanh()
        model.state = h.value.mean(0)
        return model.head.forward(h)
      },
    )
    await w.fit(model)
    w.predict(model)
    w.predict(model)
  }),
  'a recurrent state that is a detached variable': unreplayed(async (w) => {
    const { width } = w.sizes
    const model = w.netWith(
      { recurrent: new nn.Linear(width, width), state: constant(zeros(1, width)) as Variable },
      (model, x) => {
        const h = model.hidden.forward(x).add(model.state.matmul(model.recurrent.weight)).tanh()
        model.state = h.mean(0).detach()
        return model.head.forward(h)
      },
    )
    await w.fit(model)
    w.predict(model)
  }),
  'the mean of past weights, by matrix operations in forward': async (w) => {
    const model = w.net((net, x) => {
      mean.assign(mean.mul(0.99).add(net.head.weight.value.mul(0.01)))
      return usual(net, x)
    })
    const mean = zeros(w.sizes.classes, w.sizes.width)
    await w.fit(model)
    w.keep(mean)
  },
  'the mean of past weights, by a callback': async (w) => {
    const model = w.net()
    let mean: Matrix = zeros(w.sizes.classes, w.sizes.width)
    const callback = after(() => {
      mean = mean.mul(0.9).add(model.head.weight.value.mul(0.1))
      if (mean.get(0, 0) > 0) model.head.weight.value.assign(mean)
    })
    await w.fit(model, { callbacks: [callback] })
    w.keep(mean)
  },
  'a frozen layer from the start': async (w) => {
    const model = w.model()
    for (const parameter of model.layers[0].parameters()) parameter.requiresGrad = false
    await w.fit(model)
  },
  'requiresGrad frozen and unfrozen, built-in layers': async (w) => {
    const model = w.model()
    const callback = after((step) => {
      for (const parameter of model.layers[0].parameters()) parameter.requiresGrad = step % 5 > 2
    })
    await w.fit(model, { callbacks: [callback] })
  },
  "requiresGrad frozen and unfrozen, a user's model": async (w) => {
    const model = w.net()
    const callback = after((step) => {
      model.hidden.weight.requiresGrad = step % 5 > 2
      if (step === 9) model.head.bias = null
    })
    await w.fit(model, { callbacks: [callback] })
  },
  'a part in evaluation while the rest learns': async (w) => {
    const model = w.model(new nn.BatchNorm1d(w.sizes.width), new nn.Dropout(0.3))
    const callback = after((step) => model.layers[step % 2 ? 1 : 2].train(step % 3 === 0))
    await w.fit(model, { callbacks: [callback], validation: w.data })
  },
  'the whole model in evaluation from step 5 of an epoch on': async (w) => {
    const model = w.model(new nn.BatchNorm1d(w.sizes.width), new nn.Dropout(0.3))
    await w.fit(model, { callbacks: [after((step) => step % 5 === 2 && model.eval())] })
  },
  'eps and momentum of BatchNorm1d': async (w) => {
    const norm = new nn.BatchNorm1d(w.sizes.width)
    const model = w.model(norm)
    const callback = after((step) => {
      if (step % 3 === 0) Object.assign(norm, { eps: 10 ** -(step % 6) })
      if (step % 4 === 1) Object.assign(norm, { momentum: 1 / (step + 2) })
    })
    await w.fit(model, { callbacks: [callback], validation: w.data })
    for (const eps of [0.5, 0.5, 0.5, 0.25, 0.25]) {
      Object.assign(norm, { eps })
      w.predict(model)
    }
  },
  'running statistics of BatchNorm1d replaced and dropped': async (w) => {
    const norm = new nn.BatchNorm1d(w.sizes.width)
    const model = w.model(norm)
    const callback = after((step) => {
      if (step === 4) Object.assign(norm, { runningMean: zeros(1, w.sizes.width) })
      if (step === 8) Object.assign(norm, { weight: null })
      if (step === 10) Object.assign(norm, { runningMean: null, runningVar: null })
    })
    await w.fit(model, { callbacks: [callback], validation: w.data })
  },
  'p and the generator of Dropout': async (w) => {
    const dropout = new nn.Dropout(0.5)
    const model = w.model(dropout)
    const callback = after((step) => {
      Object.assign(dropout, { p: [0.5, 0, 1, 0.25][(step >> 1) % 4] })
      if (step === 6) Object.assign(dropout, { generator: new Generator('own') })
    })
    await w.fit(model, { callbacks: [callback] })
    w.keep(dropout.generator)
  },
  'the slope of LeakyReLU, the alpha of ELU and the axis of Softmax': async (w) => {
    const [leaky, elu, softmax] = [new nn.LeakyReLU(), new nn.ELU(), new nn.Softmax()]
    const model = w.model(leaky, elu, softmax)
    const callback = after((step) => {
      if (step % 4 === 3) Object.assign(leaky, { slope: step / 10 })
      if (step % 5 === 3) Object.assign(elu, { alpha: step / 10 })
      if (step === 9) Object.assign(softmax, { axis: 0 })
    })
    await w.fit(model, { callbacks: [callback] })
    w.predict(model)
  },
  'forward patched on an instance': async (w) => {
    const model = w.model()
    const layer = model.layers[0] as unknown as { forward(x: Input): Variable }
    const plain = layer.forward
    const callback = after((step) => {
      if (step === 6) layer.forward = (x) => plain.call(layer, x).mul(step / 4)
      if (step === 11) Reflect.deleteProperty(layer, 'forward')
    })
    await w.fit(model, { callbacks: [callback] })
    w.predict(model)
  },
  'forward patched on a prototype': async (w) => {
    const prototype = nn.Tanh.prototype as unknown as { forward(x: Input): Variable }
    const { forward } = prototype
    const model = w.model()
    const callback = after((step) => {
      prototype.forward = step % 6 > 3 ? (x) => forward.call(model, x).mul(2) : forward
    })
    try {
      w.predict(model)
      await w.fit(model, { callbacks: [callback] })
      prototype.forward = (x) => forward.call(model, x).add(1)
      w.predict(model)
    } finally {
      prototype.forward = forward
    }
  },
  'empty parts, and a Sequential without layers': async (w) => {
    const model = w.netWith(
      { parts: [] as { forward(x: Input): Variable }[], nothing: null, empty: new nn.Sequential() },
      (model, x) => model.parts.reduce((h: Input, part) => part.forward(h), usual(model, x)) as Variable,
    )
    await w.fit(model, { callbacks: [after((step) => step === 6 && model.parts.push(new nn.Identity()))] })
    w.predict(model)
  },
  'two heads, whose values are in an object in a property': async (w) => {
    const model = w.netWith(
      { second: new nn.Linear(w.sizes.width, 1), outputs: {} as Record<string, Variable> },
      (model, x) => {
        const h = model.hidden.forward(x).tanh()
        model.outputs = { classes: model.head.forward(h), size: model.second.forward(h) }
        return model.outputs.classes
      },
    )
    const loss: Loss = (prediction, target) =>
      crossEntropy(prediction, target).add(model.outputs.size.sub(1).square().mean())
    await w.fit(model, { loss, callbacks: [after(() => w.see(model.outputs))] })
  },
  'two inputs packed in the columns of one': async (w) => {
    const { features, width } = w.sizes
    const model: Net & { first: nn.Linear; second: nn.Linear } = w.netWith(
      { first: new nn.Linear(2, width), second: new nn.Linear(features - 2, width) },
      ({ head }, x) => {
        const [a, b] = [x.slice(0, x.rows, 0, 2), x.slice(0, x.rows, 2)]
        return head.forward(model.first.forward(a).mul(model.second.forward(b)).tanh())
      },
    )
    await w.fit(model)
    w.predict(model)
  },
  'forward alternates between two shapes of work': unreplayed(async (w) => {
    const { width } = w.sizes
    let calls = 0
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      return head.forward(calls++ % 2 ? h.tanh() : h.relu().mul(h).slice(0, x.rows, 0, width))
    })
    await w.fit(model, { epochs: 5 })
  }),
  'forward looks at its numbers to choose': unreplayed(async (w) => {
    const model = w.net((net, x) => {
      const logits = usual(net, x)
      return logits.value.max().item() > 0.5 ? logits.mul(0.5) : logits
    })
    await w.fit(model)
    w.predict(model)
  }),
}

const state: Scenarios = {
  'a counter in forward that nothing uses': async (w) => {
    let calls = 0
    const model = w.net((net, x) => {
      calls++
      return usual(net, x)
    })
    await w.fit(model, { callbacks: [after(() => w.see(calls))], validation: w.data })
    w.predict(model)
    w.see(calls)
  },
  'a counter in forward that scales': unreplayed(async (w) => {
    let calls = 0
    const model = w.net((net, x) => usual(net, x).mul(1 / ++calls))
    await w.fit(model)
    w.see(calls)
  }),
  'a counter that every fifth call adds a layer to': async (w) => {
    let calls = 0
    const model = w.net((net, x) => (++calls % 5 ? usual(net, x) : usual(net, x).tanh()))
    await w.fit(model)
  },
  'a counter in the loss, which ends a warm-up': async (w) => {
    let calls = 0
    const loss: Loss = (prediction, target) =>
      crossEntropy(prediction, target).add(
        prediction
          .square()
          .mean()
          .mul(++calls < 6 ? 0 : 0.1),
      )
    await w.fit(w.model(), { loss })
    w.see(calls)
  },
  'Math.random that nothing uses': async (w) => {
    const drawn: number[] = []
    const model = w.net((net, x) => {
      drawn.push(Math.random())
      return usual(net, x)
    })
    await w.fit(model)
    w.see(drawn)
  },
  'Math.random that scales': unreplayed(async (w) => {
    await w.fit(w.net((net, x) => usual(net, x).mul(0.5 + Math.random())))
  }),
  'Math.random that leaves a layer out': unreplayed(async (w) => {
    await w.fit(w.net((net, x) => (Math.random() < 0.3 ? usual(net, x).tanh() : usual(net, x))))
  }),
  'a mask made by Math.random': async (w) => {
    const { width } = w.sizes
    const model = w.net(({ hidden, head }, x) => {
      const mask = new Matrix(
        Float32Array.from({ length: x.rows * width }, () => (Math.random() < 0.5 ? 0 : 2)),
        x.rows,
        width,
      )
      return head.forward(hidden.forward(x).mul(mask).relu())
    })
    await w.fit(model)
  },
  'the time in a matrix': async (w) => {
    const model = w.net((net, x) => usual(net, x).add(matrix([[(Date.now() % 100) / 100]])))
    await w.fit(model)
    w.predict(model)
  },
  'the time in a number': unreplayed(async (w) => {
    await w.fit(w.net((net, x) => usual(net, x).add((Date.now() % 100) / 100)))
  }),
  'dropout of a user, by a generator': async (w) => {
    const { width } = w.sizes
    const generator = new Generator('mask')
    const model = w.net(({ hidden, head }, x) =>
      head.forward(
        hidden
          .forward(x)
          .mul(generator.bernoulli(x.rows, width, 0.5))
          .relu(),
      ),
    )
    await w.fit(model, { callbacks: [after((step) => step === 9 && generator.uniform(1, 3))] })
    w.keep(generator)
  },
  'dropout of a user, by the default generator, and a new seed in a callback': async (w) => {
    const { width } = w.sizes
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      return head.forward(net.training ? h.mul(rand(x.rows, width).less(0.7)) : h)
    })
    const net = model
    await w.fit(model, { callbacks: [after((step) => step % 4 === 2 && manualSeed(step))], validation: w.data })
  },
  'a generator that forward makes, with the same seed': unreplayed(async (w) => {
    const model = w.net((net, x) => usual(net, x).add(new Generator(4).normal(1, w.sizes.classes)))
    await w.fit(model)
  }),
  'a generator that forward makes, with another seed': unreplayed(async (w) => {
    let calls = 0
    const model = w.net((net, x) => usual(net, x).add(new Generator(calls++).normal(1, w.sizes.classes)))
    await w.fit(model)
  }),
  'a generator whose state forward reads': unreplayed(async (w) => {
    const generator = new Generator(5)
    const states: unknown[] = []
    const model = w.net((net, x) => {
      const noise = generator.normal(1, w.sizes.classes)
      states.push(generator.state)
      return usual(net, x).add(noise)
    })
    await w.fit(model)
    w.see(states)
  }),
  'a generator whose state a callback sets': async (w) => {
    const generator = new Generator(5)
    const { state } = generator
    const model = w.model(new nn.Dropout(0.4, { generator }))
    const callback = after((step) => {
      if (step % 3 === 2) generator.state = state
    })
    await w.fit(model, { callbacks: [callback] })
    w.keep(generator)
  },
  'activations stashed in a property': async (w) => {
    const model = w.netWith({ h: null as Variable | null }, (model, x) => {
      model.h = model.hidden.forward(x).relu()
      return model.head.forward(model.h)
    })
    await w.fit(model, { callbacks: [after(() => w.see(model.h?.value.mean().item(), model.h?.shape))] })
    w.predict(model)
    w.see(model.h)
  },
  'activations stashed in an array property, those of all steps': async (w) => {
    const stash: Matrix[] = []
    const model = w.netWith({ stash }, ({ hidden, head }, x) => {
      const h = hidden.forward(x).relu()
      stash.push(h.value.mean(0))
      return head.forward(h)
    })
    await w.fit(model)
    w.keep(stash)
  },
  'activations of the last step kept in another property': async (w) => {
    const model = w.netWith({ before: null as Variable | null, now: null as Variable | null }, (model, x) => {
      model.before = model.now
      model.now = model.hidden.forward(x).relu().mean(0)
      return model.head.forward(model.hidden.forward(x).relu())
    })
    const kept: (Matrix | undefined)[] = []
    await w.fit(model, { callbacks: [after(() => kept.push(model.before?.value))] })
    w.keep(kept)
  },
  'gradients that a callback keeps': async (w) => {
    const model = w.model()
    const kept: unknown[] = []
    await w.fit(model, { callbacks: [after(() => kept.push(...model.parameters().map((each) => each.grad)))] })
    w.keep(kept)
  },
  "gradients that a callback keeps of a user's model, sometimes": async (w) => {
    const model = w.net()
    const kept: unknown[] = []
    await w.fit(model, { callbacks: [after((step) => step % 3 === 1 && kept.push(model.head.weight.grad))] })
    w.keep(kept)
  },
  'gradients that the loss looks at': async (w) => {
    const model = w.net()
    const loss: Loss = (prediction, target) => {
      kept.push(model.head.weight.grad)
      return crossEntropy(prediction, target)
    }
    const kept: unknown[] = []
    await w.fit(model, { loss })
    w.keep(kept)
  },
  'losses and predictions that the loss keeps for a callback of the same step': async (w) => {
    let last: Matrix | null = null
    const model = w.model()
    const loss: Loss = (prediction, target) => {
      last = target
      return crossEntropy(prediction, target)
    }
    await w.fit(model, { loss, callbacks: [after(() => w.see(last))] })
  },
}

/** What a user's optimisers below have in common: parameter −= what `by` says. */
class Own extends nn.Optimizer {
  calls = 0
  private readonly by: (gradient: Matrix, parameter: Variable, optimizer: Own) => Matrix | null

  constructor(
    params: readonly Variable[],
    by: (gradient: Matrix, parameter: Variable, optimizer: Own) => Matrix | null,
  ) {
    super(params, { lr: 0.1 })
    this.by = by
  }

  protected override check(): void {}

  protected override start({ rows, cols }: Variable): Record<string, Matrix> {
    return { velocity: zeros(rows, cols) }
  }

  velocity(parameter: Variable): Matrix {
    return this.recall(parameter).velocity
  }

  protected override updateOf(): (parameter: Variable, gradient: Matrix) => void {
    return (parameter, gradient) => {
      const change = this.by(gradient, parameter, this)
      if (change) parameter.value.assign(parameter.value.sub(change))
    }
  }

  override step(): void {
    this.calls++
    super.step()
  }
}

const own =
  (by: ConstructorParameters<typeof Own>[1], model: (w: World) => nn.Module = (w) => w.net()): Scenario =>
  async (w) => {
    const trained = model(w)
    const optimizer = new Own(trained.parameters(), by)
    const callback = after((step) => {
      if (step === 8) optimizer.lr = 0.02
    })
    await w.fit(trained, { optimizer, callbacks: [callback] })
    w.see(optimizer.calls)
  }

/** Another built-in optimiser whose settings a callback changes. */
const settings =
  (make: (model: nn.Module) => Optimizer, change: (step: number, optimizer: Optimizer) => unknown): Scenario =>
  async (w) => {
    for (const model of [w.model(), w.net()]) {
      const optimizer = make(model)
      await w.fit(model, { optimizer, callbacks: [after((step) => change(step, optimizer))] })
    }
  }

const set = (optimizer: Optimizer, values: object): unknown => Object.assign(optimizer.groups[0].settings, values)

const optimizers: Scenarios = {
  "a user's, plain": own((gradient, _, { lr }) => gradient.mul(lr)),
  "a user's, for built-in layers": own(
    (gradient, _, { lr }) => gradient.mul(lr),
    (w) => w.model(),
  ),
  "a user's, with matrices that it remembers": own((gradient, parameter, optimizer) => {
    const velocity = optimizer.velocity(parameter)
    velocity.assign(velocity.mul(0.9).add(gradient))
    return velocity.mul(optimizer.lr)
  }),
  "a user's, with numbers of its own": unreplayed(own((gradient, _, { calls }) => gradient.mul(0.1 / calls))),
  "a user's, that looks at the gradient": unreplayed(
    own((gradient, _, { lr }) => {
      const largest = gradient.abs().max().item()
      return gradient.mul(largest > 0.1 ? (lr * 0.1) / largest : lr)
    }),
  ),
  "a user's, that skips a parameter": own((gradient, { rows }, { lr }) => (rows === 1 ? null : gradient.mul(lr))),
  "a user's, that does something every second step": unreplayed(
    own((gradient, _, { lr, calls }) => (calls % 2 ? gradient.mul(lr) : null)),
  ),
  "a user's, with noise": own((gradient, { rows, cols }, { lr }) => gradient.add(rand(rows, cols)).mul(lr)),
  "a user's, that writes elements": unreplayed(
    own((gradient, { value }, { lr }) => {
      for (let i = 0; i < value.data.length; i++) value.data[i] -= lr * gradient.data[i]
      return null
    }),
  ),
  'a subclass of SGD that skips every third step': async (w) => {
    let calls = 0
    class Lazy extends nn.SGD {
      override step(): void {
        if (++calls % 3) super.step()
      }
    }
    const model = w.model()
    await w.fit(model, { optimizer: new Lazy(model.parameters(), { lr: 0.1, momentum: 0.9 }) })
  },
  'a subclass of Adam that averages weights': async (w) => {
    const means = new Map<Variable, Matrix>()
    class Averaging extends nn.Adam {
      override step(): void {
        super.step()
        for (const parameter of this.groups.flatMap(({ params }) => params)) {
          const mean = means.get(parameter)
          if (mean) mean.assign(mean.mul(0.9).add(parameter.value.mul(0.1)))
          else means.set(parameter, parameter.value.clone())
        }
      }
    }
    const model = w.model()
    await w.fit(model, { optimizer: new Averaging(model.parameters(), { lr: 0.01 }) })
    w.see(means)
  },
  '`optimizer.step` patched on the instance': async (w) => {
    const model = w.model()
    const optimizer = new nn.Adam(model.parameters(), { lr: 0.01 })
    const plain = optimizer.step
    let calls = 0
    const callback = after((step) => {
      if (step === 5)
        optimizer.step = () => {
          if (++calls % 2) plain.call(optimizer)
        }
      if (step === 11) Reflect.deleteProperty(optimizer, 'step')
    })
    await w.fit(model, { optimizer, callbacks: [callback] })
    w.see(calls)
  },
  '`optimizer.step` patched on the prototype': async (w) => {
    const { step: plain } = nn.SGD.prototype
    const model = w.model()
    const optimizer = new nn.SGD(model.parameters(), { lr: 0.1 })
    const callback = after((step) => {
      if (step === 4)
        nn.SGD.prototype.step = function () {
          for (const { grad: gradient } of model.parameters()) gradient?.assign(gradient.mul(0.5))
          plain.call(this)
        }
    })
    try {
      await w.fit(model, { optimizer, callbacks: [callback] })
    } finally {
      Reflect.deleteProperty(nn.SGD.prototype, 'step')
    }
  },
  '`optimizer.zeroGrad` patched, which adds gradients up': unreplayed(async (w) => {
    const model = w.model()
    const optimizer = new nn.SGD(model.parameters(), { lr: 0.02 })
    const plain = optimizer.zeroGrad
    let calls = 0
    optimizer.zeroGrad = () => {
      if (calls++ % 3 === 0) plain.call(optimizer)
    }
    await w.fit(model, { optimizer })
  }),
  'another optimizer, made in a callback, steps too': async (w) => {
    const model = w.model()
    const other = new nn.SGD(model.layers[0].parameters(), { lr: 0.3, momentum: 0.5 })
    await w.fit(model, { callbacks: [after((step) => step % 2 && other.step())] })
    w.keep(other)
  },
  'lr by a callback, with and without a schedule': async (w) => {
    for (const isScheduled of [false, true]) {
      const model = w.model()
      const optimizer = new nn.SGD(model.parameters(), { lr: 0.1 })
      const scheduler = isScheduled ? new nn.StepLR(optimizer, { stepSize: 1, gamma: 0.5 }) : undefined
      const callback = after((step) => {
        optimizer.lr *= step % 2 ? 0.9 : 1.05
      })
      await w.fit(model, { optimizer, callbacks: [callback], ...(scheduler && { scheduler }) })
    }
  },
  CosineAnnealingLR: async (w) => {
    const model = w.net()
    const optimizer = new nn.AdamW(model.parameters(), { lr: 0.1 })
    await w.fit(model, { optimizer, scheduler: new nn.CosineAnnealingLR(optimizer, { tMax: 2 }), epochs: 4 })
  },
  'momentum from 0 to 0.9 and back': settings(
    (model) => new nn.SGD(model.parameters(), { lr: 0.1 }),
    (step, optimizer) => set(optimizer, { momentum: step % 6 < 3 ? 0.9 : 0 }),
  ),
  "Nesterov's momentum on and off": settings(
    (model) => new nn.SGD(model.parameters(), { lr: 0.05, momentum: 0.9 }),
    (step, optimizer) => set(optimizer, { nesterov: step % 4 < 2 }),
  ),
  'weight decay': settings(
    (model) => new nn.SGD(model.parameters(), { lr: 0.1 }),
    (step, optimizer) => set(optimizer, { weightDecay: step % 3 ? 0.1 * step : 0 }),
  ),
  'the betas and eps of Adam': settings(
    (model) => new nn.Adam(model.parameters(), { lr: 0.01 }),
    (step, optimizer) => set(optimizer, { betas: [0.9 - step / 40, 0.99], eps: 10 ** -(step % 9) }),
  ),
  'amsgrad and weight decay of AdamW on and off': settings(
    (model) => new nn.AdamW(model.parameters(), { lr: 0.01 }),
    (step, optimizer) => set(optimizer, { amsgrad: step % 6 < 3, weightDecay: step % 4 < 2 ? 0.1 : 0 }),
  ),
  'everything of RMSprop': settings(
    (model) => new nn.RMSprop(model.parameters(), { lr: 0.003 }),
    (step, optimizer) =>
      set(optimizer, { centered: step % 5 > 2, momentum: step % 4 < 2 ? 0.5 : 0, alpha: 0.9 - step / 40 }),
  ),
  'everything of Adagrad': settings(
    (model) => new nn.Adagrad(model.parameters()),
    (step, optimizer) => set(optimizer, { lrDecay: step % 4 < 2 ? 0.1 : 0, eps: 10 ** -(step % 9) }),
  ),
  'betas of Adamax': settings(
    (model) => new nn.Adamax(model.parameters()),
    (step, optimizer) => set(optimizer, { betas: [0.9 - step / 40, 0.99] }),
  ),
  'rho of Adadelta': settings(
    (model) => new nn.Adadelta(model.parameters()),
    (step, optimizer) => set(optimizer, { rho: 1 - step / 20 }),
  ),
  'weight decay of Lion': settings(
    (model) => new nn.Lion(model.parameters(), { lr: 0.003 }),
    (step, optimizer) => set(optimizer, { weightDecay: step % 4 < 2 ? 0.1 : 0 }),
  ),
  'a layer that is frozen, and has the gradient of before': async (w) => {
    for (const model of [w.model(), w.net()]) {
      const optimizer = new nn.Adamax(model.parameters())
      const [weight] = model.parameters()
      const callback = after((step) => {
        weight.requiresGrad = step % 5 > 2
        weight.grad = weight.value.mul(1e6)
      })
      await w.fit(model, { optimizer, clipNorm: 0.1, callbacks: [callback] })
    }
  },
  'schedules that are made before, and in, a training': async (w) => {
    class Warmup extends nn.Scheduler {
      steps = 3
      protected override rate(base: number, t: number): number {
        return base * Math.min(1, (t + 1) / this.steps)
      }
    }
    for (const model of [w.model(), w.net()]) {
      const optimizer = new nn.RMSprop(model.parameters(), { lr: 0.01 })
      const scheduler = new nn.SequentialLR([new Warmup(optimizer), new nn.ExponentialLR(optimizer, { gamma: 0.5 })], {
        milestones: [2],
      })
      const callback = after((step) => {
        if (step === 4) new nn.LinearWarmup(optimizer, { steps: 2 })
      })
      await w.fit(model, { optimizer, scheduler, callbacks: [callback] })
      await w.fit(model, { optimizer, scheduler })
      new Warmup(optimizer)
      await w.fit(model, { optimizer })
    }
  },
  'the state of the optimizer is loaded': async (w) => {
    const model = w.model()
    const optimizer = new nn.Adam(model.parameters(), { lr: 0.01 })
    let state = optimizer.stateDict()
    const callback = after((step) => {
      if (step === 3) state = optimizer.stateDict()
      if (step % 4 === 2) optimizer.loadStateDict(state)
    })
    await w.fit(model, { optimizer, callbacks: [callback] })
  },
  'groups with settings of their own': async (w) => {
    const model = w.model()
    const [first, ...others] = model.parameters()
    const optimizer = new nn.SGD(
      [
        { params: [first], lr: 0.01 },
        { params: others, momentum: 0.5 },
      ],
      { lr: 0.1 },
    )
    const callback = after((step) => {
      optimizer.groups[step % 2].settings.momentum = step % 3 ? 0.7 : 0
    })
    await w.fit(model, { optimizer, callbacks: [callback] })
  },
  'clipNorm, above and below the norm': async (w) => {
    for (const clipNorm of [1e-3, 0.3, 100])
      for (const model of [w.model(), w.net()]) await w.fit(model, { clipNorm, epochs: 1 })
  },
  'a gradient that is not finite, clipped': async (w) => {
    const loss: Loss = (prediction, target) => crossEntropy(prediction, target).div(prediction.value.sum().mul(0))
    await w.fit(w.net(), { clipNorm: 1, loss, stopOnNaN: false })
  },
}

const losses: Scenarios = {
  'every loss of this package, known and in a closure': async (w) => {
    const { x, y } = w.data
    const scores = x.matmul(rand(w.sizes.features, w.sizes.classes))
    const [signs, shares] = [scores.greater(1).mul(2).sub(1), scores.softmax(1)]
    const some = x.slice(0, x.rows, 0, 1).greater(1).where(-100, y)
    const all: [Loss, Matrix, end?: nn.Module][] = [
      ...[nn.mseLoss, nn.l1Loss, nn.huberLoss, nn.smoothL1Loss].map((loss): [Loss, Matrix] => [loss, scores]),
      [nn.hingeLoss, signs],
      [nn.binaryCrossEntropyWithLogits, signs.greater(0)],
      [nn.binaryCrossEntropy, signs.greater(0), new nn.Sigmoid()],
      [nn.klDiv, shares, new nn.LogSoftmax()],
      [crossEntropy, shares],
      [crossEntropy, some],
      [nn.nllLoss, some, new nn.LogSoftmax()],
    ]
    for (const [loss, target, end] of all)
      for (const each of [loss, (...of: Parameters<Loss>) => loss(...of)]) {
        const model = end ? new nn.Sequential(w.model(), end) : w.model()
        await w.fit(model as nn.Module, { loss: each }, { x, y: target })
      }
  },
  'label smoothing in a closure': async (w) => {
    let labelSmoothing = 0
    const loss: Loss = (prediction, target) => crossEntropy(prediction, target, { labelSmoothing })
    const callback = after((step) => {
      labelSmoothing = step % 4 < 2 ? 0 : 0.1
    })
    await w.fit(w.model(), { loss, callbacks: [callback] })
  },
  'weights of classes in a closure, by another matrix and in place': async (w) => {
    let weight: Matrix = ones(1, w.sizes.classes)
    const loss: Loss = (prediction, target) => crossEntropy(prediction.mul(weight), target).add(weight.sum().mul(1e-3))
    const callback = after((step) => {
      if (step % 4 === 1) weight = weight.mul(0.9)
      if (step % 4 === 3) weight.set(0, 1, step)
    })
    await w.fit(w.model(), { loss, callbacks: [callback] })
  },
  'the reduction is changed': async (w) => {
    let reduction: 'mean' | 'sum' = 'mean'
    const loss: Loss = (prediction, target) => crossEntropy(prediction, target, { reduction })
    const callback = after((step) => {
      reduction = step === 6 ? 'sum' : 'mean'
    })
    await w.fit(w.net(), { loss, callbacks: [callback] })
  },
  'item() in every step, logged': unreplayed(async (w) => {
    const logged: number[] = []
    const loss: Loss = (prediction, target) => {
      const value = crossEntropy(prediction, target)
      logged.push(value.item())
      return value
    }
    await w.fit(w.model(), { loss })
    w.see(logged)
  }),
  'item() in every fifth step': async (w) => {
    const logged: number[] = []
    let calls = 0
    const loss: Loss = (prediction, target) => {
      const value = crossEntropy(prediction, target)
      if (++calls % 5 === 0) logged.push(value.item(), prediction.toArray()[0][1])
      return value.mul(2)
    }
    await w.fit(w.model(), { loss })
    w.see(logged)
  },
  'data, toArray and get of predictions, which weigh': async (w) => {
    let calls = 0
    const loss: Loss = (prediction, target) => {
      const value = crossEntropy(prediction, target)
      if (++calls < 3) return value
      const weight = [prediction.value.data[1], prediction.toArray()[1][0], prediction.value.get(0, 1)][calls % 3]
      return weight > 0 ? value.mul(weight) : value
    }
    await w.fit(w.model(), { loss })
  },
  'elements of the targets, in every step': unreplayed(async (w) => {
    const logged: number[] = []
    const loss: Loss = (prediction, target) => {
      logged.push(target.data[0])
      return crossEntropy(prediction, target).mul(target.data[0] + 1)
    }
    await w.fit(w.net(), { loss })
    w.see(logged)
  }),
  'a branch on the value of the loss': unreplayed(async (w) => {
    const loss: Loss = (prediction, target) => {
      const value = crossEntropy(prediction, target)
      return value.item() > 1 ? value.mul(3) : value.square()
    }
    await w.fit(w.model(), { loss, epochs: 5 })
  }),
  'an operation that fails for some batches, caught': async (w) => {
    const failed: unknown[] = []
    const loss: Loss = (prediction, target) => {
      try {
        return crossEntropy(prediction.slice(0, w.sizes.batchSize), target)
      } catch (error) {
        failed.push(error)
        return crossEntropy(prediction, target).mul(2)
      }
    }
    await w.fit(w.model(), { loss })
    w.see(failed)
  },
  'classes out of range, caught': async (w) => {
    const failed: unknown[] = []
    let calls = 0
    const loss: Loss = (prediction, target) => {
      try {
        return crossEntropy(prediction, ++calls % 3 ? target : target.add(1))
      } catch (error) {
        failed.push(error)
        return crossEntropy(prediction, target.mul(0))
      }
    }
    await w.fit(w.model(), { loss })
    w.see(failed)
  },
  'a target that is changed in place': unreplayed(async (w) => {
    const loss: Loss = (prediction, target) => {
      target.assign(target.mul(0.5).floor())
      return crossEntropy(prediction, target)
    }
    const targets: Matrix[] = []
    await w.fit(w.model(), { loss, metrics: { kept: (_, target) => targets.push(target) } })
    w.keep(targets, w.data.y)
  }),
  'a prediction that is changed in place': async (w) => {
    const loss: Loss = (prediction, target) => {
      const value = mseLoss(prediction.mean(1), target)
      prediction.value.assign(prediction.value.mul(0))
      return value
    }
    await w.fit(w.net(), { loss, metrics: { sum: (prediction) => prediction.sum().item() } })
  },
  'a loss that changes parameters before backward': async (w) => {
    const model = w.model()
    const [{ value }] = model.parameters()
    let calls = 0
    const loss: Loss = (prediction, target) => {
      if (++calls === 7) value.assign(value.mul(0.5))
      return crossEntropy(prediction, target)
    }
    await w.fit(model, { loss })
  },
  'a loss of parameters': async (w) => {
    const model = w.model()
    const loss: Loss = (prediction, target) =>
      model.parameters().reduce((sum, each) => sum.add(each.abs().sum().mul(1e-3)), crossEntropy(prediction, target))
    await w.fit(model, { loss })
  },
  'a penalty of the gradient of the inputs': async (w) => {
    const model = w.net()
    const slopes = grad((x: Input) => model.forward(x).square().sum())
    let last: Matrix | null = null
    const loss: Loss = (prediction, target) => {
      const x = variable((last as Matrix).clone())
      return crossEntropy(prediction, target).add(slopes(x).square().mean().mul(0.1))
    }
    const outer = w.net((_, x) => {
      last = (x instanceof Variable ? x.value : x) as Matrix
      return model.forward(x)
    })
    Object.assign(outer, { hidden: model.hidden, head: model.head })
    await w.fit(outer, { loss })
  },
  'the model again in the loss, without a gradient': async (w) => {
    const model = w.model(new nn.Dropout(0.2))
    const loss: Loss = (prediction, target) => {
      const other = noGrad(() => model.forward(w.data.x.slice(0, prediction.rows)))
      return crossEntropy(prediction, target).add(prediction.sub(other.detach()).square().mean())
    }
    await w.fit(model, { loss })
  },
  'the model out of learning in the loss': async (w) => {
    const model = w.model(new nn.Dropout(0.2), new nn.BatchNorm1d(w.sizes.width))
    const loss: Loss = (prediction, target) => {
      const teacher = noGrad(() => model.eval().forward(w.data.x.slice(0, prediction.rows)))
      model.train()
      return crossEntropy(prediction, target).add(mseLoss(prediction, teacher.value))
    }
    await w.fit(model, { loss })
  },
  'predict in the loss': async (w) => {
    const model = w.model()
    let calls = 0
    const loss: Loss = (prediction, target) => {
      if (++calls % 4 === 2) w.predict(model)
      return crossEntropy(prediction, target)
    }
    await w.fit(model, { loss })
  },
  'a backward pass of its own': async (w) => {
    const model = w.model()
    const loss: Loss = (prediction, target) => {
      model.parameters()[0].square().sum().mul(1e-3).backward()
      return crossEntropy(prediction, target)
    }
    await w.fit(model, { loss })
    w.see(model.parameters()[0].grad)
  },
  'a matrix that the loss makes of numbers': async (w) => {
    let calls = 0
    const loss: Loss = (prediction, target) =>
      crossEntropy(prediction.mul(matrix([[++calls % 3]])), target).add(matrix([[calls]]))
    await w.fit(w.model(), { loss })
  },
  'a matrix that the loss makes of numbers, and changes by what it computes': async (w) => {
    const loss: Loss = (prediction, target) => {
      const offset = zeros(1, w.sizes.classes)
      offset.assign(offset.add(prediction.value.mean(0)))
      return crossEntropy(prediction.sub(offset), target)
    }
    await w.fit(w.model(), { loss })
  },
  'a matrix that the loss makes once, and changes in each step': async (w) => {
    let mean: Matrix | null = null
    const loss: Loss = (prediction, target) => {
      mean ??= zeros(1, w.sizes.classes)
      mean.assign(mean.mul(0.5).add(prediction.value.mean(0)))
      return crossEntropy(prediction.sub(mean), target)
    }
    await w.fit(w.model(), { loss })
    w.keep(mean)
  },
  'the loss of the step before': unreplayed(async (w) => {
    let before: Matrix | null = null
    const loss: Loss = (prediction, target) => {
      const value = crossEntropy(prediction, target)
      const result = before ? value.mul(before) : value
      before = value.value
      return result
    }
    await w.fit(w.model(), { loss, callbacks: [after(() => w.see(before))] })
  }),
  'the loss of the step before, as a number': unreplayed(async (w) => {
    let before = 1
    const loss: Loss = (prediction, target) => {
      const value = crossEntropy(prediction, target)
      const result = value.mul(before)
      before = value.item()
      return result
    }
    await w.fit(w.model(), { loss })
    w.see(before)
  }),
  'another of two losses that are both computed': async (w) => {
    let calls = 0
    const loss: Loss = (prediction, target) => {
      const both = [crossEntropy(prediction, target), prediction.square().mean()]
      return both[calls++ % 5 === 3 ? 1 : 0]
    }
    await w.fit(w.model(), { loss })
  },
  'another of two predictions that are both computed': async (w) => {
    let which = 0
    const model = w.net((net, x) => {
      const logits = usual(net, x)
      return [logits, logits.tanh()][which]
    })
    const loss: Loss = (prediction, target) => crossEntropy(prediction.mul(1), target)
    const callback = after((step) => {
      which = Number(step === 7)
    })
    await w.fit(model, { loss, callbacks: [callback], metrics: { first: (prediction) => prediction.get(0, 0) } })
    w.predict(model)
    which = 1
    w.predict(model)
    which = 0
    w.evaluate(model)
  },
  'the loss detached in part, sometimes': async (w) => {
    let calls = 0
    const loss: Loss = (prediction, target) => {
      const scale = prediction.square().mean()
      return crossEntropy(prediction, target).mul(++calls % 5 === 3 ? scale.detach() : scale)
    }
    await w.fit(w.model(), { loss })
  },
  'predictions and losses that the loss keeps': async (w) => {
    const kept: unknown[] = []
    const loss: Loss = (prediction, target) => {
      const value = crossEntropy(prediction, target)
      kept.push(prediction, value)
      return value
    }
    await w.fit(w.model(), { loss })
    w.keep(kept.map((each) => (each as Variable).value))
  },
  'clones that a forward and the loss keep, out of sight': async (w) => {
    const kept = new Map<number, Matrix>()
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x).relu()
      kept.set(kept.size, h.value.clone())
      return head.forward(h)
    })
    const loss: Loss = (prediction, target) => {
      const value = crossEntropy(prediction, target)
      kept.set(kept.size, prediction.value.clone())
      kept.set(kept.size, value.value.mul(2).clone())
      return value
    }
    await w.fit(model, { loss, validation: w.data })
    w.predict(model)
    w.keep(kept)
  },
  'a gradient that the loss sets in step 7': async (w) => {
    const model = w.net()
    let calls = 0
    const loss: Loss = (prediction, target) => {
      if (++calls === 7) (model.head.bias as Variable).grad = ones(1, w.sizes.classes)
      return crossEntropy(prediction, target)
    }
    await w.fit(model, { loss })
  },
  'a parameter that the loss freezes in step 7': async (w) => {
    const model = w.net()
    let calls = 0
    const loss: Loss = (prediction, target) => {
      model.hidden.weight.requiresGrad = ++calls % 5 !== 2
      return crossEntropy(prediction, target)
    }
    await w.fit(model, { loss })
  },
  'a loss whose gradient does not depend on the model': async (w) => {
    await w.fit(w.model(), { loss: (prediction) => prediction.sum().mul(0) })
  },
  'a loss that throws, no Variable, and nothing to differentiate': async (w) => {
    for (const wrong of [
      () => {
        throw new RangeError('enough')
      },
      (prediction: Variable) => prediction.value as unknown as Variable,
      () => constant(ones(1, 1)),
      (prediction: Variable) => prediction,
    ]) {
      let calls = 0
      const model = w.model()
      const loss: Loss = (prediction, target) => {
        const value = crossEntropy(prediction, target)
        return ++calls === 7 ? wrong(prediction) : value
      }
      await w.fit(model, { loss })
      w.predict(model)
    }
  },
  'another loss in each call of fit': async (w) => {
    const model = w.net()
    for (const loss of [crossEntropy, (prediction: Variable, target: Matrix) => mseLoss(prediction.mean(1), target)])
      await w.fit(model, { loss, epochs: 2 })
  },
}

const errors: Scenarios = {
  'forward throws in step 5': async (w) => {
    let calls = 0
    const model = w.net((net, x) => {
      const logits = usual(net, x)
      if (++calls === 6) throw new RangeError('enough')
      return logits
    })
    await w.fit(model)
    w.predict(model)
    await w.fit(model)
  },
  'forward throws after it has changed a buffer and drawn numbers': async (w) => {
    let calls = 0
    const model = w.netWith({ mean: zeros(1, 2) }, (model, x) => {
      model.mean.assign(model.mean.add(rand(1, 2)))
      if (++calls === 8) throw new RangeError('enough')
      return usual(model, x)
    })
    await w.fit(model)
    await w.fit(model)
  },
  'classes out of range in batch 3, built-in and not': async (w) => {
    const y = w.data.y.clone()
    y.set(2 * w.sizes.batchSize + 1, 0, w.sizes.classes)
    for (const model of [w.model(new nn.Dropout(0.3)), w.net()]) {
      await w.fit(model, {}, { x: w.data.x, y })
      await w.fit(model)
    }
  },
  'classes out of range in epoch 2': async (w) => {
    for (const model of [w.model(new nn.BatchNorm1d(w.sizes.width)), w.net()]) {
      const y = w.data.y.clone()
      const callback: nn.Callback = {
        onEpochBegin(epoch) {
          if (epoch === 1) y.set(2 * w.sizes.batchSize + 1, 0, -1)
        },
      }
      await w.fit(model, { callbacks: [callback], shuffle: false }, { x: w.data.x, y })
    }
  },
  'targets of another shape after step 6': async (w) => {
    const model = w.model()
    const data = { ...w.data }
    const loader = new nn.DataLoader(data, { batchSize: w.sizes.batchSize })
    const callback = after((step) => {
      if (step === 6) (model.layers as nn.Module[])[2] = new nn.Linear(w.sizes.width + 1, 2)
    })
    await w.fit(model, { callbacks: [callback] }, loader)
  },
  'NaN and infinities in the data': async (w) => {
    const x = w.data.x.clone()
    x.set(3, 1, Number.NaN)
    x.set(w.sizes.batchSize + 3, 1, Number.NEGATIVE_INFINITY)
    for (const model of [w.model(), w.net()]) await w.fit(model, { validation: w.data }, { x, y: w.data.y })
  },
  'an update that fails, of a gradient of another shape': async (w) => {
    const model = w.net()
    let calls = 0
    const loss: Loss = (prediction, target) => {
      if (++calls === 6) model.head.weight.grad = zeros(1, 1)
      return crossEntropy(prediction, target)
    }
    await w.fit(model, { loss })
    model.zeroGrad()
    await w.fit(model)
  },
  'a callback that throws, and one whose end does': async (w) => {
    const model = w.model()
    await w.fit(model, {
      callbacks: [
        after((step) => {
          if (step === 6) throw new RangeError('enough')
        }),
        {
          onTrainEnd() {
            throw new TypeError('at the end')
          },
        },
      ],
    })
    w.predict(model)
  },
  'a signal that aborts, and stop': async (w) => {
    const controller = new AbortController()
    const model = w.model()
    const abort = after((step) => step === 6 && controller.abort(new RangeError('enough')))
    await w.fit(model, { callbacks: [abort], signal: controller.signal })
    await w.fit(model, { callbacks: [after((step, { stop }) => step === 7 && stop())], validation: w.data })
  },
  'a metric that throws, or gives no number': async (w) => {
    const model = w.model()
    for (const wrong of [() => '1' as unknown as number, () => (undefined as unknown as Matrix).item()])
      await w.fit(model, { metrics: { wrong } })
  },
}

const callbacks: Scenarios = {
  'the state of the model is loaded': async (w) => {
    for (const model of [w.model(new nn.BatchNorm1d(w.sizes.width)), w.net()]) {
      const state = model.stateDict()
      await w.fit(model, { callbacks: [after((step) => step % 4 === 3 && model.loadStateDict(state))] })
    }
  },
  'elements of parameters are written by set, fill and data': async (w) => {
    for (const model of [w.model(), w.net()]) {
      const [first, second] = model.parameters()
      const callback = after((step) => {
        if (step % 4 === 1) first.value.set(1, 2, step)
        if (step % 4 === 2) second.value.data.fill(step / 10)
        if (step % 4 === 3) first.value.data[3] -= 0.25
      })
      await w.fit(model, { callbacks: [callback] })
    }
  },
  'data of a parameter that was taken before training': async (w) => {
    for (const model of [w.model(), w.net()]) {
      const { data } = model.parameters()[0].value
      await w.fit(model, { callbacks: [after((step) => w.see(data[step]))], epochs: 1 })
    }
  },
  'data of parameters, gradients and predictions that were taken, and written to, over two fits': async (w) => {
    for (const model of [w.model(), w.net()]) {
      const [first, second] = model.parameters()
      const taken: TypedArray[] = []
      const callback = after((step) => {
        if (step % 3 === 0) taken.push((first.grad as Matrix).data)
        if (step === 2) taken.push(second.value.data)
        if (step > 2 && step % 4 === 1) taken[taken.length - 1][0] += 0.5
        w.see(taken.map((data) => data[0]))
      })
      await w.fit(model, { callbacks: [callback] })
      taken.push(first.value.data, w.predict(model).data)
      await w.fit(model, { callbacks: [callback] })
      w.see(taken.map((data) => [...data]))
    }
  },
  'gradients are written': async (w) => {
    for (const model of [w.model(), w.net()]) {
      const [first, second] = model.parameters()
      const callback = after((step) => {
        if (step % 3 === 0) first.grad = zeros(first.rows, first.cols)
        if (step % 3 === 1) second.grad?.data.fill(3)
        if (step % 3 === 2) second.grad = null
      })
      await w.fit(model, { callbacks: [callback] })
    }
  },
  'gradients of a parameter that the optimizer does not have add up': async (w) => {
    for (const model of [w.model(), w.net()]) {
      const [, ...others] = model.parameters()
      const optimizer = new nn.SGD(others, { lr: 0.1 })
      const callback = after((step) => step % 6 === 5 && model.zeroGrad())
      await w.fit(model, { optimizer, callbacks: [callback] })
    }
  },
  'gradients outside of the optimizer, clipped together': async (w) => {
    for (const model of [w.model(), w.net()]) {
      const [first, ...others] = model.parameters()
      const optimizer = new nn.SGD(others, { lr: 0.1 })
      const callback = after((step) => {
        if (step === 6) first.grad = zeros(first.rows, first.cols)
      })
      await w.fit(model, { optimizer, clipNorm: 0.1, callbacks: [callback] })
    }
  },
  'a part that forward does not use, with a gradient that is clipped': async (w) => {
    const extra = new nn.Linear(2, 2)
    extra.weight.grad = ones(2, 2)
    const model = w.net()
    const optimizer = new nn.SGD(model.parameters(), { lr: 0.1 })
    const callback = after((step) => {
      if (step === 6) Object.assign(model, { extra })
    })
    await w.fit(model, { optimizer, clipNorm: 0.1, callbacks: [callback] })
  },
  'a part that the loss adds to the model, with a gradient that is clipped': async (w) => {
    const extra = new nn.Linear(2, 2)
    extra.weight.grad = ones(2, 2)
    const model = w.net()
    const optimizer = new nn.SGD(model.parameters(), { lr: 0.1 })
    let calls = 0
    const loss: Loss = (prediction, target) => {
      if (++calls === 7) Object.assign(model, { extra })
      return crossEntropy(prediction, target)
    }
    await w.fit(model, { optimizer, clipNorm: 0.1, loss })
  },
  'the default dtype': async (w) => {
    const model = w.net((net, x) => usual(net, x).add(ones(1, 1)))
    const callback = after((step) => {
      if (step % 4 === 3) setDefaultDtype(step % 8 === 3 ? 'float64' : 'float32')
    })
    await w.fit(model, { callbacks: [callback] })
    await w.fit(w.model(new nn.Dropout(0.2)), { callbacks: [callback] })
  },
  'a new seed': async (w) => {
    for (const model of [w.model(new nn.Dropout(0.3)), w.net((net, x) => usual(net, x).add(rand(1, 1)))])
      await w.fit(model, { callbacks: [after((step) => step % 5 === 2 && manualSeed(step))] })
  },
  'draws from the default generator': async (w) => {
    const model = w.model(new nn.Dropout(0.3))
    await w.fit(model, { callbacks: [after((step) => step % 3 === 2 && w.see(rand(2, 2), getDefaultGenerator()))] })
  },
  'another number of threads': async (w) => {
    for (const model of [w.model(new nn.Dropout(0.3)), w.net()])
      await w.fit(model, { callbacks: [after((step) => step % 4 === 1 && configure({ threads: 1 + (step % 3) }))] })
  },
  'predict and evaluate': async (w) => {
    for (const model of [w.model(new nn.BatchNorm1d(w.sizes.width)), w.net()]) {
      const callback = after((step) => {
        if (step % 3 === 1) w.predict(model)
        if (step % 3 === 2) w.evaluate(model)
      })
      await w.fit(model, { callbacks: [callback] })
    }
  },
  'an eager step of its own': async (w) => {
    const model = w.model()
    const optimizer = new nn.Adam(model.parameters(), { lr: 0.01 })
    const callback = after((step) => {
      if (step % 3) return
      optimizer.zeroGrad()
      crossEntropy(model.forward(w.data.x), w.data.y).backward()
      optimizer.step()
    })
    await w.fit(model, { optimizer, callbacks: [callback] })
  },
  'fit of the same model in a callback': async (w) => {
    for (const model of [w.model(), w.net()]) {
      const optimizer = new nn.SGD(model.parameters(), { lr: 0.05, momentum: 0.9 })
      const callback: nn.Callback = {
        onEpochEnd: (epoch) => (epoch === 1 ? w.fit(model, { optimizer, epochs: 2 }) : undefined),
      }
      await w.fit(model, { optimizer, callbacks: [callback] })
    }
  },
  'fit of another model in a callback': async (w) => {
    const [model, other] = [w.model(), w.net()]
    const callback: nn.Callback = { onEpochEnd: () => w.fit(other, { epochs: 1 }) }
    await w.fit(model, { callbacks: [callback] })
  },
  'fit of two models at once': async (w) => {
    const slowly: nn.Callback = { onBatchEnd: () => Promise.resolve() }
    await Promise.all([w.model(new nn.Dropout(0.2)), w.net()].map((model) => w.fit(model, { callbacks: [slowly] })))
  },
  'fit of one model twice at once': async (w) => {
    const slowly: nn.Callback = { onBatchEnd: () => Promise.resolve() }
    for (const model of [w.model(new nn.Dropout(0.2)), w.net()])
      await Promise.all([1, 2].map(() => w.fit(model, { callbacks: [slowly] })))
  },
  'what others do while an asynchronous callback waits': async (w) => {
    const model = w.net()
    const callback: nn.Callback = {
      async onBatchEnd(batch) {
        await Promise.resolve()
        if (batch === 2) model.head.weight.value.assign(model.head.weight.value.mul(0.5))
      },
    }
    await w.fit(model, { callbacks: [callback] })
  },
  'what timers do while training rests': async (w) => {
    for (const model of [w.model(), w.net()]) {
      let time = 0
      performance.now = () => (time += 60)
      const [{ value }] = model.parameters()
      setTimeout(() => value.assign(value.mul(0.5)))
      await w.fit(model)
    }
  },
  'metrics of a user that look at, and change, the model': async (w) => {
    const model = w.net()
    const { weight } = model.head
    const metrics = {
      largest: () => weight.value.abs().max().item(),
      kept: (prediction: Matrix) => {
        w.keep(prediction)
        weight.value.assign(weight.value.mul(0.9))
        return prediction.get(0, 0)
      },
    }
    await w.fit(model, { metrics, validation: w.data })
    w.evaluate(model, { metrics })
  },
  'metrics of a user that see every batch, and change the model': async (w) => {
    const model = w.net()
    const { weight } = model.head
    const first = (prediction: Matrix): number => prediction.get(0, 0)
    const accumulator = () => {
      const seen: Matrix[] = []
      return {
        add(prediction: Matrix, target: Matrix) {
          seen.push(prediction, target)
          w.keep(prediction, target, model.parameters()[0].grad)
          weight.value.assign(weight.value.mul(0.95))
        },
        result: () => seen.reduce((sum, each) => sum + each.sum().item(), 0),
      }
    }
    const metrics = { sum: Object.assign(first, { accumulator }), accuracy: nn.accuracy }
    await w.fit(model, { metrics, validation: w.data })
    w.evaluate(model, { metrics })
  },
  'a metric of a user that gives a layer code of its own between two batches, of the data and of the validation':
    async (w) => {
      for (const when of [7, 23]) {
        const model = w.model()
        const [layer] = model.layers
        const { forward } = layer
        let batches = 0
        const accumulator = () => ({
          add(prediction: Matrix) {
            w.keep(prediction)
            if (++batches === when) layer.forward = (x: never) => forward.call(layer, x).mul(batches) as never
          },
          result: () => batches,
        })
        const metrics = { batches: Object.assign(() => 0, { accumulator }) }
        const validation = new nn.DataLoader(w.data, { batchSize: 2 })
        await w.fit(model, { epochs: 3, metrics, validation })
      }
    },
  'a schedule of a user that changes the model': async (w) => {
    const model = w.model()
    class Cooling extends nn.StepLR {
      override step(): void {
        super.step()
        model.parameters()[0].value.assign(model.parameters()[0].value.mul(0.5))
      }
    }
    const optimizer = new nn.SGD(model.parameters(), { lr: 0.1 })
    await w.fit(model, { optimizer, scheduler: new Cooling(optimizer, { stepSize: 2 }) })
  },
  'data that a callback changes': async (w) => {
    const [x, y] = [w.data.x.clone(), w.data.y.clone()]
    const callback = after((step) => {
      if (step % 3 === 1) x.assign(x.mul(0.9))
      if (step % 3 === 2) y.set(step, 0, 0)
    })
    for (const model of [w.model(), w.net()]) await w.fit(model, { callbacks: [callback] }, { x, y })
  },
}

/** An operation of a user's on one matrix: `by` of each element. */
const userOp = (name: string, by: (x: number) => number, vjp: Op['vjp']): ((x: Input) => Variable) => {
  const op = defineOp({
    name,
    shape: ([a]) => a.shape,
    forward(out, [a]) {
      for (let i = 0; i < a.data.length; i++) out.data[i] = by(a.data[i])
    },
    vjp,
  })
  return (x) => op([x])
}

const operations: Scenarios = {
  "a user's operation": unreplayed(async (w) => {
    const cube = userOp('cube', (x) => x ** 3, [(g, _, [x]) => g.mul(x.square().mul(3))])
    const model = w.net(({ hidden, head }, x) => head.forward(cube(hidden.forward(x))))
    await w.fit(model)
    w.predict(model)
  }),
  "a user's operation with a state, that a callback changes": unreplayed(async (w) => {
    let factor = 1
    const scale = userOp('scale', (x) => x * factor, [(g) => g.mul(factor)])
    const model = w.net((net, x) => scale(usual(net, x)))
    const callback = after((step) => {
      if (step % 4 === 3) factor += 0.1
    })
    await w.fit(model, { callbacks: [callback] })
    factor = 7
    w.predict(model)
  }),
  "a user's operation that counts its calls, and those of its rule": unreplayed(async (w) => {
    const calls = { forward: 0, rule: 0 }
    const count = defineOp({
      name: 'count',
      shape: ([a]) => a.shape,
      forward(out, [a]) {
        calls.forward++
        out.data.set(a.data)
      },
      vjp: [
        (g) => {
          calls.rule++
          return g.mul(2)
        },
      ],
    })
    const model = w.net((net, x) => count([usual(net, x)]))
    await w.fit(model, { callbacks: [after(() => w.see(calls))], validation: w.data })
    w.predict(model)
    w.see(calls)
  }),
  "a user's operation whose rule reads numbers": unreplayed(async (w) => {
    const clip = userOp('gate', (x) => Math.max(x, 0), [(g, y) => (y.value.data[0] > 0 ? g.mul(1) : g.mul(0.5))])
    await w.fit(w.net(({ hidden, head }, x) => head.forward(clip(hidden.forward(x)))))
  }),
  "a user's operation that draws numbers": unreplayed(async (w) => {
    const jitter = userOp('jitter', (x) => x + Math.random(), [(g) => g])
    const model = w.net((net, x) => jitter(usual(net, x)))
    await w.fit(model, { validation: w.data })
    w.predict(model)
  }),
  "a user's operation that throws in step 6, and in its rule": unreplayed(async (w) => {
    for (const part of ['forward', 'rule']) {
      let calls = 0
      const fragile = userOp(
        'fragile',
        (x) => {
          if (part === 'forward' && x !== x + 1 && calls++ === 6 * w.sizes.batchSize * w.sizes.classes)
            throw new RangeError('enough')
          return x
        },
        [
          (g) => {
            if (part === 'rule' && calls++ === 6) throw new RangeError('enough')
            return g
          },
        ],
      )
      const model = w.net((net, x) => fragile(usual(net, x)))
      await w.fit(model)
      w.predict(model)
    }
  }),
  "a user's operation without inputs from the model": unreplayed(async (w) => {
    const noise = userOp('noise', () => Math.random() / 10, [null])
    await w.fit(w.net((net, x) => usual(net, x).add(noise(zeros(1, w.sizes.classes)))))
  }),
  'detach and noGrad in forward, sometimes': unreplayed(async (w) => {
    let calls = 0
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x).relu()
      calls++
      if (calls % 4 === 2) return head.forward(h.detach())
      return head.forward(calls % 4 === 3 ? noGrad(() => h.mul(2)) : h)
    })
    await w.fit(model, { epochs: 4 })
  }),
  'a matrix instead of a variable into the next layer': async (w) => {
    await w.fit(w.net(({ hidden, head }, x) => head.forward(hidden.forward(x).value.relu())))
  },
  'results of operations that are the same matrix': async (w) => {
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      return head.forward(h.add(h).mul(h).sub(h.T.T))
    })
    await w.fit(model)
  },
  'indices that are computed': unreplayed(async (w) => {
    const table = parameterLike(variable(zeros(w.sizes.classes, w.sizes.classes)), 'table')
    const model = w.netWith({ table }, (net, x) => {
      const logits = usual(net, x)
      return logits.add(table.gatherRows(logits.value.argmax(1)))
    })
    await w.fit(model)
    w.predict(model)
  }),
  'as many rows as there are positive numbers': unreplayed(async (w) => {
    const loss: Loss = (prediction, target) => {
      const chosen = target.toArray().flatMap(([label], i) => (label > 0 ? [[i]] : []))
      if (chosen.length === 0) return crossEntropy(prediction, target)
      const index = matrix(chosen)
      return crossEntropy(prediction.gatherRows(index), target.gatherRows(index))
    }
    await w.fit(w.model(), { loss })
  }),
}

/** A model for indices from 0 to 9, and data of them. */
function indexed(w: World, embedding: nn.Embedding, ...rest: readonly nn.Module[]): [nn.Module, nn.Dataset] {
  const { features, classes } = w.sizes
  const model = new nn.Sequential(embedding, ...(rest as [nn.Module]), new nn.Linear(4 * features, classes))
  return [model as nn.Module, { x: w.data.x.mul(3).add(5).floor().clip(0, 9), y: w.data.y }]
}

/** A layer of a user that takes a variable. */
class Centre extends nn.Module {
  readonly scale: Variable
  constructor(width: number) {
    super()
    this.scale = variable(ones(1, width))
  }
  forward(x: Variable): Variable {
    return x.sub(x.mean(1)).mul(this.scale)
  }
}

const otherLayers: Scenarios = {
  'LayerNorm, Residual, PReLU and SELU, with Dropout and BatchNorm1d': async (w) => {
    const { width } = w.sizes
    const inner = new nn.Sequential(
      new nn.LayerNorm(width),
      new nn.Linear(width, width),
      new nn.PReLU(width),
    ) as nn.Module
    const model = w.model(
      new nn.BatchNorm1d(width, { momentum: null }),
      ...[
        new nn.Residual(inner),
        new nn.Dropout(0.3),
        new nn.SELU(),
        new nn.PReLU(),
        new nn.LayerNorm(width, { bias: false }),
      ],
    )
    await w.fit(model, { validation: w.data })
    w.predict(model)
    w.evaluate(model)
  },
  'Embedding, with padding, Dropout and BatchNorm1d': async (w) => {
    const { features } = w.sizes
    const norm = new nn.BatchNorm1d(4 * features)
    const [model, data] = indexed(w, new nn.Embedding(10, 4, { paddingIndex: 3 }), new nn.Dropout(0.2), norm)
    await w.fit(model, { validation: data }, data)
    w.predict(model, data.x)
    await w.attempt(() => w.predict(model, w.data.x))
    w.predict(model, data.x)
  },
  'weights of LayerNorm, Embedding and PReLU are replaced': async (w) => {
    const { features } = w.sizes
    const [embedding, norm, prelu] = [new nn.Embedding(10, 4), new nn.LayerNorm(4 * features), new nn.PReLU()]
    const [model, data] = indexed(w, embedding, norm, prelu)
    const callback = after((step) => {
      if (step === 3) embedding.weight = parameterLike(embedding.weight, 'embedding') as Variable<10, 4>
      if (step === 5) norm.weight = null
      if (step === 7) prelu.weight = variable(ones(1, 1)) as Variable<1, 1>
      if (step === 9) Object.assign(norm, { eps: 0.5 })
    })
    await w.fit(model, { callbacks: [callback] }, data)
    w.predict(model, data.x)
  },
  'the inner of a Residual is replaced': async (w) => {
    const residual = new nn.Residual(new nn.Tanh() as nn.Module)
    const model = w.model(residual)
    await w.fit(model, {
      callbacks: [after((step) => step === 5 && Object.assign(residual, { inner: new nn.SiLU() }))],
    })
    w.predict(model)
  },
  'Lambda, which draws and has another factor after every third step': async (w) => {
    let factor = 1
    const model = w.model(new nn.Lambda((x) => x.mul(factor).add(rand(1, 1))), new nn.Dropout(0.3))
    await w.fit(model, { callbacks: [after((step) => step % 3 === 2 && factor++)] })
    w.predict(model)
  },
  'a layer of a user that takes a variable': async (w) => {
    const { width } = w.sizes
    for (const model of [
      w.model(new Centre(width), new nn.BatchNorm1d(width)),
      w.model(new nn.Residual(new Centre(width))),
    ]) {
      await w.fit(model, { validation: w.data })
      w.predict(model)
    }
    const centre = new Centre(w.sizes.features)
    await w.fit(centre, { loss: mseLoss }, { x: w.data.x, y: w.data.x })
    w.predict(centre)
  },
  'modules in a ModuleList and a ModuleDict, to which others are added': async (w) => {
    const { width } = w.sizes
    const blocks = new nn.ModuleList<nn.Module>([new nn.Linear(width, width), new nn.LayerNorm(width)])
    const heads = new nn.ModuleDict({ own: new nn.Tanh() as nn.Module })
    const model = w.netWith({ blocks, heads }, ({ hidden, head }, x) => {
      let y: Variable = hidden.forward(x)
      for (const block of blocks) y = block.forward(y)
      return head.forward(heads.get('own').forward(y))
    })
    const callback = after((step) => {
      if (step === 4) blocks.append(new nn.ReLU())
      if (step === 8) heads.set('own', new nn.SELU())
    })
    await w.fit(model, { callbacks: [callback] })
    w.predict(model)
  },
}

const ordinary: Scenarios = {
  float64: async (w) => {
    const { features, width, classes } = w.sizes
    const x = w.data.x.astype('float64')
    const dtype = 'float64'
    const model = new nn.Sequential(
      new nn.Linear(features, width, { dtype }),
      new nn.BatchNorm1d(width, { dtype }),
      new nn.ReLU(),
      new nn.Linear(width, classes, { dtype }),
    ) as nn.Module
    await w.fit(model, { validation: w.data }, { x, y: w.data.y })
    // The dtype of the samples is another than that of the model.
    w.predict(model)
    await w.fit(model, { epochs: 2 })
  },
  'batches of one row, and a last batch of one': async (w) => {
    const { x, y } = w.data
    for (const model of [w.model(), w.net()]) {
      await w.fit(model, { batchSize: 1, epochs: 2 }, { x: x.slice(0, 5), y: y.slice(0, 5) })
      await w.fit(model, { batchSize: 2 }, { x: x.slice(0, 5), y: y.slice(0, 5) })
    }
  },
  'BatchNorm1d meets a last batch of one row': async (w) => {
    const { x, y } = w.data
    const model = w.model(new nn.BatchNorm1d(w.sizes.width))
    // Of whose batches nothing is known beforehand.
    class Loader extends nn.DataLoader {}
    await w.fit(model, { epochs: 2 }, new Loader({ x: x.slice(0, 9), y: y.slice(0, 9) }, { batchSize: 4 }))
  },
  'batches of sizes that alternate': async (w) => {
    for (const model of [w.model(), w.net()])
      for (const batchSize of [4, 9, 4, 36, 9, 4]) await w.fit(model, { batchSize, epochs: 1 })
  },
  'in order, with dropLast, and by a generator': async (w) => {
    const { batchSize } = w.sizes
    const generator = new Generator('order')
    for (const model of [w.model(), w.net()]) {
      await w.fit(model, { shuffle: false })
      await w.fit(model, {}, new nn.DataLoader(w.data, { batchSize, dropLast: true, shuffle: true, generator }))
      await w.fit(model, { generator })
    }
    w.keep(generator)
  },
  'with and without validation in turn': async (w) => {
    for (const model of [w.model(new nn.Dropout(0.2)), w.net()])
      for (const validation of [undefined, w.data, undefined, w.data])
        await w.fit(model, { epochs: 1, ...(validation && { validation }), metrics: { accuracy: nn.accuracy } })
  },
  'a model that was trained by steps of its own before': async (w) => {
    for (const model of [w.model(), w.net()]) {
      const optimizer = new nn.Adam(model.parameters(), { lr: 0.01 })
      for (let i = 0; i < 3; i++) {
        optimizer.zeroGrad()
        crossEntropy(model.forward(w.data.x), w.data.y).backward()
        optimizer.step()
      }
      await w.fit(model, { optimizer })
      w.predict(model)
    }
  },
  'another optimizer for the same model': async (w) => {
    for (const model of [w.model(), w.net()])
      for (const make of [nn.Adam, nn.SGD, nn.AdamW, nn.SGD])
        await w.fit(model, { optimizer: new make(model.parameters(), { lr: 0.02 }), epochs: 1 })
  },
  "a user's layer among built-in ones": async (w) => {
    class Gate extends nn.Module {
      readonly gate = variable(ones(1, w.sizes.width))
      override forward(x: Input): Variable {
        return this.gate.mul(x).sigmoid().mul(x)
      }
    }
    const model = w.model(new nn.Dropout(0.2), new Gate(), new nn.BatchNorm1d(w.sizes.width))
    await w.fit(model, { validation: w.data })
    w.predict(model)
  },
  'a subclass of a built-in layer': async (w) => {
    class Scaled extends nn.Linear {
      scale = 0.5
      override forward(x: never): never {
        return super.forward(x).mul(this.scale) as never
      }
    }
    const scaled = new Scaled(w.sizes.width, w.sizes.width)
    const model = w.model(scaled)
    const callback = after((step) => {
      if (step === 7) scaled.scale = 2
    })
    await w.fit(model, { callbacks: [callback] })
    w.predict(model)
  },
}

/** Code of a user's that is reached through what is of this package. */
const hidden: Scenarios = {
  'a loader that replaces a part, patches a forward, or looks at gradients between batches': async (w) => {
    for (const mischief of [
      (model: nn.Sequential, n: number) => {
        if (n === 3)
          Object.assign(model.layers[1], { forward: (x: Input) => nn.predict(new nn.Identity(), x as Matrix) })
      },
      (model: nn.Sequential, n: number) => {
        if (n === 3) (model.layers as unknown[])[0] = new nn.Linear(w.sizes.features, w.sizes.width)
      },
      (model: nn.Sequential) => w.keep(model.parameters()[0].grad),
    ]) {
      const model = w.model()
      let n = 0
      class Loader extends nn.DataLoader {
        override *[Symbol.iterator](): Iterator<nn.Dataset> {
          for (const samples of { [Symbol.iterator]: () => super[Symbol.iterator]() }) {
            mischief(model, n++)
            yield samples
          }
        }
      }
      const loader = new Loader(w.data, { batchSize: w.sizes.batchSize })
      await w.fit(model, {}, loader)
      await w.attempt(() => nn.evaluate(model, loader, { loss: crossEntropy, compile: w.compile }))
    }
  },
  'a dataset whose x is computed, and patches the optimizer': async (w) => {
    const model = w.model()
    const optimizer = new nn.SGD(model.parameters(), { lr: 0.1 })
    let n = 0
    const data = {
      get x() {
        if (++n === 12) optimizer.step = () => {}
        return w.data.x
      },
      y: w.data.y,
    }
    await w.fit(model, { optimizer }, data)
    class Samples {
      get x() {
        if (++n === 24) Object.assign(model.layers[1], { forward: (h: Variable) => h.mul(2) })
        return w.data.x
      }
      get y() {
        return w.data.y
      }
    }
    await w.fit(model, {}, new Samples())
    await w.fit(model, {}, Object.assign(Object.create(null), w.data))
    w.see(n)
  },
  'a signal that patches a layer': unreplayed(async (w) => {
    const model = w.model()
    let n = 0
    const signal = {
      throwIfAborted() {
        if (++n === 5) Object.assign(model.layers[1], { forward: (x: Variable) => x.mul(2) })
      },
    } as unknown as AbortSignal
    await w.fit(model, { signal })
  }),
  'a generator with a mask of its own': async (w) => {
    class Alternating extends Generator {
      calls = 0
      override bernoulli(rows: number, cols: number): never {
        this.calls++
        return matrix(Array.from({ length: rows }, (_, i) => Array(cols).fill((i + this.calls) % 2))) as never
      }
    }
    const generator = new Alternating(1)
    const patched = new Generator('patched')
    let calls = 0
    Object.assign(patched, {
      bernoulli(...args: [number, number, number]) {
        calls++
        return Generator.prototype.bernoulli.apply(patched, args)
      },
    })
    await w.fit(w.model(new nn.Dropout(0.5, { generator }), new nn.Dropout(0.2, { generator: patched })))
    w.see(generator.calls, calls)
  },
  'a weight, a flag and a slope that are computed when they are read': async (w) => {
    const { features, width, classes } = w.sizes
    const linear = new nn.Linear(features, width)
    const weights = [linear.weight, variable(linear.weight.value.mul(0.5))]
    let which = 0
    Object.defineProperty(linear, 'weight', { get: () => weights[which] })
    const dropout = new nn.Dropout(0.5)
    Object.defineProperty(dropout, 'training', { get: () => which === 0, set() {} })
    const leaky = new nn.LeakyReLU()
    Object.defineProperty(leaky, 'slope', { get: () => 0.1 + which })
    const model = new nn.Sequential(linear, dropout, leaky, new nn.Linear(width, classes)) as unknown as nn.Sequential
    const callback = after((step) => {
      which = Number(step % 5 > 2)
    })
    await w.fit(model, { callbacks: [callback] })
    w.predict(model)
    which = 0
    w.predict(model)
  },
  'a property that counts how often it is read': async (w) => {
    let n = 0
    const model = w.net()
    Object.defineProperty(model, 'scale', { enumerable: true, get: () => ++n / 10 })
    Object.assign(model, { compute: (net: Net & { scale: number }, x: Input) => usual(net, x).mul(net.scale) })
    await w.fit(model)
    w.see(n)
  },
  'the forward of another class, and methods of an optimizer and of an array': async (w) => {
    const { forward } = nn.Tanh.prototype
    const model = w.model()
    const optimizer = new nn.SGD(model.parameters(), { lr: 0.1 })
    try {
      const callback = after((step) => {
        if (step === 4) nn.Tanh.prototype.forward = nn.ReLU.prototype.forward
        if (step === 8) Object.assign(optimizer, { updateOf: () => () => {} })
        if (step === 10) Object.assign(model.layers, { reduce: () => constant(ones(1, w.sizes.classes)) })
      })
      await w.fit(model, { optimizer, callbacks: [callback] })
    } finally {
      nn.Tanh.prototype.forward = forward
    }
  },
  'methods of the classes of optimisers, and what they remember': async (w) => {
    const own = nn.SGD.prototype as unknown as Record<string, (...args: unknown[]) => unknown>
    const above = nn.Optimizer.prototype as unknown as Record<string, (...args: unknown[]) => unknown>
    for (const [object, name] of [
      [own, 'updateOf'],
      [above, 'recall'],
    ] as const) {
      const before = object[name]
      let n = 0
      object[name] = function (...args: unknown[]) {
        n++
        return before.apply(this, args)
      }
      try {
        for (const model of [w.model(), w.net()])
          await w.fit(model, { optimizer: new nn.SGD(model.parameters(), { lr: 0.1, momentum: 0.5 }) })
      } finally {
        object[name] = before
      }
      w.see(n)
    }
  },
  'a backward and a gradient of its own': async (w) => {
    const model = w.model()
    let n = 0
    const loss: Loss = (prediction, target) => {
      const value = crossEntropy(prediction, target)
      value.backward = function (this: Variable) {
        Variable.prototype.backward.call(this, matrix([[1 + (++n % 3)]]))
      } as never
      return value
    }
    await w.fit(model, { loss })
    const [weight] = model.parameters()
    const { get, set } = Object.getOwnPropertyDescriptor(Variable.prototype, 'grad') as Required<PropertyDescriptor>
    Object.defineProperty(weight, 'grad', {
      get,
      set(value: Matrix | null) {
        n++
        set.call(this, value?.mul(0.5) ?? null)
      },
    })
    await w.fit(model)
    await w.fit(model, { loss: (prediction, target) => crossEntropy(prediction, target) })
    w.see(n)
  },
  'parameters and buffers that share an array': unreplayed(async (w) => {
    const { features, width, classes } = w.sizes
    const shared = new Generator('shared').normal(width, width, 0, 0.1).data
    const layers = [0, 1].map(() => new nn.Linear(width, width))
    for (const layer of layers) layer.weight = variable(new Matrix(shared, width, width))
    const norm = new nn.BatchNorm1d(width)
    Object.assign(norm, { runningVar: new Matrix((norm.runningMean as Matrix).data, 1, width) })
    for (const between of [layers, [norm]]) {
      const model = new nn.Sequential(
        new nn.Linear(features, width),
        ...(between as [nn.Linear]),
        new nn.Linear(width, classes),
      ) as unknown as nn.Sequential
      await w.fit(model, { optimizer: new nn.SGD(model.parameters(), { lr: 0.05, momentum: 0.5 }) })
    }
  }),
  'a batch that is a parameter': unreplayed(async (w) => {
    const { batchSize, features } = w.sizes
    const linear = new nn.Linear(features, batchSize)
    const model = new nn.Sequential(linear, new nn.Linear(batchSize, features)) as unknown as nn.Sequential
    for (const x of [linear.weight.value, new Matrix(linear.weight.value.data, batchSize, features)]) {
      class Loader extends nn.DataLoader {
        override *[Symbol.iterator](): Iterator<nn.Dataset> {
          for (let i = 0; i < 4; i++) yield { x, y: w.data.x.slice(0, batchSize) }
        }
      }
      await w.fit(model, { loss: mseLoss }, new Loader(w.data, { batchSize }))
    }
  }),
  'gradients and weights whose buffers are taken away': async (w) => {
    const take = ({ data }: Matrix): void => {
      structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] })
    }
    for (const model of [w.model(), w.net()]) {
      const callback = after((step) => {
        const [weight] = model.parameters()
        if (step % 4 === 3) take(weight.grad as Matrix)
        if (step === 14) take(weight.value)
      })
      const optimizer = new nn.Adam(model.parameters())
      const { sizes, compile } = w
      const options = {
        loss: crossEntropy,
        optimizer,
        epochs: 4,
        batchSize: sizes.batchSize,
        callbacks: [callback],
        compile,
      }
      await w.attempt(() => nn.fit(model, w.data, options))
    }
  },
  'properties that contain themselves, or lie deep in one another': async (w) => {
    const settings: Record<string, unknown> = { k: 1 }
    settings.self = settings
    let deep: object = {}
    for (let i = 0; i < 20_000; i++) deep = { deep }
    const model = w.netWith({ settings, deep, list: [settings] }, usual)
    await w.fit(model)
    w.predict(model)
  },
  'a history that was made before, of a parameter': unreplayed(async (w) => {
    const { features, width, classes } = w.sizes
    const model = w.model()
    const root = variable(new Generator('root').normal(width, features, 0, 0.1))
    const linear = model.layers[0] as unknown as nn.Linear
    linear.weight = root.square()
    const bias = linear.bias as Variable
    await w.fit(model, { optimizer: new nn.SGD([root, bias], { lr: 0.1 }) })
    linear.weight = root.add(1)
    await w.fit(model, { optimizer: new nn.SGD([root, bias], { lr: 0.1 }) })
    w.see(root, classes)
  }),
  'a mask that is drawn, and elements that are looked at after it': async (w) => {
    const generator = new Generator('mask')
    let n = 0
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      const kept = h.mul(generator.bernoulli(h.rows, h.cols, 0.8))
      if (n++ % 3 === 2) w.see(kept.mean().item())
      return head.forward(kept)
    })
    const buffer = ones(1, w.sizes.width)
    const averaged = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      buffer.assign(buffer.mul(0.9).add(h.value.mean(0).mul(0.1)))
      return head.forward(h.mul(buffer))
    })
    const loss: Loss = (prediction, target) => {
      const value = crossEntropy(prediction, target)
      if (n++ % 3 === 2) w.see(value.item())
      return value
    }
    await w.fit(model)
    await w.fit(averaged, { loss })
    await w.fit(w.model(new nn.Dropout(1)), { loss })
  },
}

/** Places where nobody but who put it there finds a value. */
const cellars: Readonly<Record<string, () => { put(value: unknown): void; all(): readonly unknown[] }>> = {
  'a closure': () => {
    const kept: unknown[] = []
    return { put: (value) => kept.push(value), all: () => kept }
  },
  'a private field': () => {
    class Cellar {
      #kept: unknown[] = []
      put(value: unknown): void {
        this.#kept = [...this.#kept.slice(-5), value]
      }
      all(): readonly unknown[] {
        return this.#kept
      }
    }
    return new Cellar()
  },
  'a Map and a Set': () => {
    const [map, set] = [new Map<number, unknown>(), new Set<unknown>()]
    return {
      put(value) {
        map.set(map.size % 4, value)
        set.add(value)
      },
      all: () => [map, set],
    }
  },
  'a WeakMap': () => {
    const [kept, key] = [new WeakMap<object, unknown>(), {}]
    return { put: (value) => kept.set(key, value), all: () => [kept.get(key)] }
  },
}

/** What is computed in a step and kept out of sight, looked at in the same step, in later ones, and once all is over. */
const outOfSight: Scenarios = {
  ...Object.fromEntries(
    Object.entries(cellars).map(([name, make]): [string, Scenario] => [
      `what forward computes, in ${name}`,
      async (w) => {
        const cellar = make()
        const put = (value: unknown): void => cellar.put(value)
        const all = (): readonly unknown[] => cellar.all()
        const model = w.net(({ hidden, head }, x) => {
          const [h, raw] = [hidden.forward(x), x instanceof Variable ? x.value : x]
          put(h)
          put(h.relu().value)
          put(raw.mean(0))
          const made = ones(1, h.cols)
          made.assign(made.mul(h.value.sum(0)))
          put(made)
          return head.forward(h.relu())
        })
        const callback = after((step) => {
          if (step % 4 === 1) w.see(all())
        })
        await w.fit(model, { callbacks: [callback], validation: w.data })
        w.see(all())
        w.predict(model)
        w.evaluate(model)
        w.see(all())
      },
    ]),
  ),
  'what a layer computes among built-in ones, and what it was given': async (w) => {
    const kept: unknown[] = []
    class Keeping extends nn.Module {
      override forward(x: Input): Variable {
        const h = (x as Variable).mul(0.5)
        kept.push(x, h, h.value.max(1))
        return h.tanh()
      }
    }
    const model = w.model(new Keeping(), new nn.Dropout(0.2), new Keeping())
    await w.fit(model, { callbacks: [after((step) => step === 9 && w.see(kept))] })
    w.predict(model)
    w.keep(kept)
  },
  'the terms of a loss, looked at in the next step': async (w) => {
    const terms: Variable[] = []
    const loss: Loss = (prediction, target) => {
      if (terms.length % 6 === 4) w.see(terms.at(-1), terms.at(-2))
      const [a, b] = [crossEntropy(prediction, target), prediction.square().mean().mul(0.1)]
      terms.push(a, b)
      return a.add(b)
    }
    await w.fit(w.model(), { loss })
    await w.fit(w.net(), { loss, validation: w.data })
    w.keep(terms)
  },
  'norms and gradients that an optimiser keeps': async (w) => {
    const norms: Matrix[] = []
    const gradients = new Map<Variable, Matrix>()
    for (const model of [w.model(), w.net()]) {
      const optimizer = new Own(model.parameters(), (gradient, parameter) => {
        norms.push(gradient.square().sum().sqrt())
        gradients.set(parameter, gradient)
        return gradient.mul(0.1)
      })
      await w.fit(model, {
        optimizer,
        callbacks: [after((step) => step % 5 === 3 && w.see(norms.slice(-3), gradients))],
      })
    }
    w.keep(norms, gradients)
  },
  'a state that goes on from batch to batch': unreplayed(async (w) => {
    let last: Matrix | null = null
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      const mean = h.value.mean(0)
      const carried: Variable = last === null ? h : h.add(last.mul(0.1))
      last = mean
      return head.forward(carried.relu())
    })
    await w.fit(model)
    w.see(last)
    w.predict(model)
    w.see(last)
  }),
  'the value of an earlier step where that of this one was used before': async (w) => {
    let last: Matrix | null = null
    let n = 0
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      const scale = h.value.abs().mean(0)
      const by = n++ % 4 === 3 && last !== null ? last : scale
      last = scale
      return head.forward(h.mul(by))
    })
    await w.fit(model)
    w.predict(model)
  },
  'gradients of a value of the step before': async (w) => {
    let last: Variable | null = null
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x).relu()
      last = h.square().sum()
      return head.forward(h)
    })
    const callback = after(async (step) => {
      if (step % 3 !== 1) return
      await w.attempt(() => (last as Variable).backward())
      w.see(model)
      for (const each of model.parameters()) each.grad = null
    })
    await w.fit(model, { callbacks: [callback] })
  },
  'elements of kept values that are written': async (w) => {
    const kept: Matrix[] = []
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      if (kept.length % 3 === 2) kept.at(-1)?.set(0, 0, 100)
      kept.push(h.value.sum(0))
      return head.forward(h.relu())
    })
    await w.fit(model, { callbacks: [after((step) => step % 4 === 2 && kept.at(-1)?.assign(kept[0]))] })
    w.keep(kept)
  },
  'gradients that an optimiser keeps and uses later, which a callback looks at': async (w) => {
    for (const model of [w.model(), w.net()]) {
      const kept = new Map<Variable, Matrix[]>()
      const optimizer = new Own(model.parameters(), (gradient, parameter) => {
        const before = kept.get(parameter) ?? []
        kept.set(parameter, [...before.slice(-2), gradient])
        return before.length === 3 ? before[0].mul(0.1) : gradient.mul(0.1)
      })
      const callback = after((step) => step % 3 === 1 && w.see(model.parameters()[0].grad))
      await w.fit(model, { optimizer, callbacks: [callback] })
      w.see(kept)
    }
  },
  'the gradient that an optimiser is given is that of the parameter, and changes with it': async (w) => {
    const model = w.net()
    const last = new Map<Variable, Matrix>()
    const optimizer = new Own(model.parameters(), (gradient, parameter) => {
      w.see(parameter.grad === gradient, last.has(parameter) && last.get(parameter) === parameter.grad)
      last.set(parameter, gradient)
      return gradient.mul(0.1)
    })
    const callback = after((step) => {
      for (const parameter of model.parameters()) {
        w.see(last.get(parameter) === parameter.grad)
        if (step === 5) parameter.grad?.assign(parameter.grad.mul(2))
      }
      w.see([...last.values()])
    })
    await w.fit(model, { optimizer, callbacks: [callback] })
  },
  'gradients that an optimiser keeps in place of forgetting them': async (w) => {
    const kept: (Matrix | null)[] = []
    class Keeping extends nn.SGD {
      override zeroGrad(): void {
        for (const { params } of this.groups) for (const each of params) kept.push(each.grad)
        super.zeroGrad()
      }
    }
    for (const model of [w.model(), w.net()]) {
      const callback = after((step) => {
        if (step % 3 === 2) for (const each of model.parameters()) each.grad = null
      })
      await w.fit(model, { optimizer: new Keeping(model.parameters(), { lr: 0.1 }), callbacks: [callback] })
    }
    w.see(kept)
  },
  'a variable that forward makes, with a gradient from the start': async (w) => {
    const buffer = ones(1, w.sizes.width)
    const starts = [
      (n: number) => (n > 3 ? ones(1, w.sizes.width) : null),
      (n: number) => (n > 3 ? buffer : null),
      (n: number) => (n < 1 ? ones(1, w.sizes.width) : null),
    ]
    for (const start of starts) {
      const made: Variable[] = []
      const model = w.net(({ hidden, head }, x) => {
        const scale = variable(ones(1, w.sizes.width))
        scale.grad = start(made.length)
        made.push(scale)
        return head.forward(hidden.forward(x).mul(scale))
      })
      await w.fit(model)
      w.see(made.map(({ grad }) => grad))
    }
    w.see(buffer)
  },
  'a prediction that is a variable of its own, and one that is an argument': async (w) => {
    const kept: Variable[] = []
    const model = w.net((_, x) => {
      kept.push(variable(x instanceof Variable ? x.value : x))
      return kept.at(-1) as Variable
    })
    w.predict(model)
    w.predict(model)
    const parameters = w.net().parameters()
    const optimizer = new nn.SGD(parameters, { lr: 0.1 })
    await w.fit(model, { optimizer, loss: (prediction) => prediction.square().mean() })
    w.see(kept)
  },
  'what is made and changed in place, before the function does something else': async (w) => {
    let n = 0
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      const sums = zeros(1, h.cols)
      sums.assign(sums.add(h.value.mean(0)))
      sums.assign(sums.mul(2))
      n++
      if (n % 4 === 3) w.see(sums.get(0, 0))
      if (n % 5 === 4) return head.forward(h.mul(sums).relu())
      return head.forward(h.mul(sums))
    })
    await w.fit(model)
    w.predict(model)
    const thrown = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      const sums = zeros(1, h.cols)
      sums.assign(sums.add(h.value.mean(0)))
      if (n++ === 60) throw new Error('mine')
      return head.forward(h.mul(sums))
    })
    n = 50
    await w.fit(thrown)
  },
  'affine, and then its two operations': async (w) => {
    const kept: unknown[] = []
    let n = 0
    const model = w.net(({ hidden, head }, x) => {
      const [weight, bias] = [head.weight.value.T as Matrix, (head.bias as Variable).value as Matrix<1, number>]
      const h = hidden.forward(x).relu()
      const isWhole = n++ % 4 !== 3
      const product = isWhole ? null : h.value.matmul(weight)
      const logits = product?.add(bias) ?? h.value.affine(weight, bias)
      kept.push(product, logits)
      return head.forward(h).sub(logits.mean(0))
    })
    await w.fit(model)
    w.see(kept)
  },
  'a history over what forward changed in place before, walked back through later': async (w) => {
    const buffer = ones(1, w.sizes.width)
    let last: Variable | null = null
    const model = w.net(({ hidden, head }, x) => {
      buffer.assign(buffer.mul(0.9))
      const h = hidden.forward(x)
      last = (hidden.bias as Variable).mul(buffer).sum()
      return head.forward(h.mul(buffer))
    })
    const frozen = after(async (step) => {
      if (step % 2 === 0) await w.attempt(() => grad((x: Variable) => x.mul(last as Variable))(ones(1, 1)))
      await w.attempt(() => (last as Variable).backward())
      w.see(model.hidden.bias?.grad)
      for (const each of model.parameters()) each.grad = null
    })
    await w.fit(model, {
      callbacks: [frozen],
      optimizer: new nn.SGD([model.head.weight as unknown as Variable], { lr: 0.1 }),
    })
  },
  'a momentum that the loss switches on': async (w) => {
    for (const change of [0.9, 0.5]) {
      const model = w.model()
      const optimizer = new nn.SGD(model.parameters(), { lr: 0.05 })
      let n = 0
      const loss: Loss = (prediction, target) => {
        if (n++ === 5) optimizer.groups[0].settings.momentum = change
        if (n === 9) optimizer.groups[0].settings.momentum = 0
        return crossEntropy(prediction, target)
      }
      await w.fit(model, { optimizer, loss })
    }
  },
  'frozen matrices': async (w) => {
    const buffer: Matrix = ones(1, w.sizes.width).mul(0.5)
    Object.freeze(buffer)
    const model = w.netWith({ buffer }, ({ hidden, head }, x) => {
      const h = hidden.forward(x)
      Object.freeze(h.value)
      return head.forward(h.mul(buffer).tanh())
    })
    await w.fit(model)
    w.see(buffer)
    const plain = w.model()
    for (const each of plain.parameters()) Object.freeze(each.value)
    w.predict(plain)
    w.predict(plain)
  },
  'rounding once from the middle of a forward on': async (w) => {
    let n = 0
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      configure({ fma: n++ % 3 === 2 })
      return head.forward(h.relu())
    })
    await w.fit(model)
    configure({ fma: false })
  },
  'gradients that forward sets, of one matrix or several, which are held and changed later': async (w) => {
    for (const several of [true, false]) {
      const held: Matrix[] = []
      const extra = variable(ones(1, w.sizes.width))
      const model = w.net(({ hidden, head }, x) => {
        const h = hidden.forward(x)
        const first = several ? h.value.mean(0) : zeros(1, h.cols)
        const { bias } = hidden as { bias: Variable | null }
        for (const each of [bias, extra]) if (each) each.grad = first
        held.push(first)
        return head.forward(h.mul(extra))
      })
      const callback = after((step) => {
        const { bias } = model.hidden as { bias: Variable | null }
        w.see(bias?.grad === held.at(-1), extra.grad === held.at(-1))
        if (step % 3 === 1) w.see(bias?.grad, extra.grad)
        if (step % 4 === 2) held.at(-1)?.assign(ones(1, w.sizes.width))
        if (step % 5 === 4) extra.mul(2).sum().backward()
      })
      const optimizer = new nn.SGD([...model.parameters(), extra], { lr: 0.01 })
      await w.fit(model, { optimizer, callbacks: [callback] })
      w.predict(model)
      w.see(held, extra)
    }
  },
  'gradients that forward sets while it predicts, and is validated': async (w) => {
    const held: (Matrix | null)[] = []
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      ;(hidden.bias as Variable).grad = h.value.mean(0)
      return head.forward(h)
    })
    const keep = (): unknown => held.push(model.hidden.bias?.grad as Matrix | null)
    for (let n = 0; n < 3; n++) {
      w.predict(model, w.data.x.slice(8 * n, 8 * n + 8))
      keep()
    }
    await w.fit(model, { validation: w.data, callbacks: [{ onEpochEnd: () => void keep() }] })
    w.see(held)
  },
  'a function that its user compiled, in forward and in the loss': async (w) => {
    let n = 0
    const kept: unknown[] = []
    const scale = compile((x: Matrix) => {
      n++
      return x.mul(2)
    })
    const teacher = compile((x: Matrix) => x.sum())
    const model = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      const [a, b] = [scale(h.value), scale(h.value.mul(3))]
      kept.push(a)
      return head.forward(h).add(a.add(b).mean().mul(1e-3))
    })
    const loss: Loss = (prediction, target) => {
      kept.push(teacher(prediction.value))
      return crossEntropy(prediction, target)
    }
    await w.fit(model, { loss })
    w.predict(model)
    w.see(n, kept)
    const nowAndThen = w.net(({ hidden, head }, x) => {
      const h = hidden.forward(x)
      return head.forward(n++ % 4 === 3 ? h.mul(scale(h.value).mean()) : h)
    })
    await w.fit(nowAndThen)
    w.see(n)
    const withoutHistory = w.net(({ hidden, head }, x) =>
      head.forward(compile((y: Variable) => y.mul(2))(hidden.forward(x))),
    )
    await w.fit(withoutHistory)
  },
  "a user's operation that is not defined": unreplayed(async (w) => {
    let n = 0
    const operation = {
      name: 'nth',
      shape: ([a]: readonly Matrix[]) => a.shape,
      forward(out: Matrix, [a]: readonly Matrix[]) {
        n++
        for (let i = 0; i < a.size; i++) out.data[i] = a.data[i] * n
      },
      vjp: [(g: Variable) => g.mul(2)],
    }
    const model = w.net((net, x) => {
      const y = usual(net, x)
      return y.apply(operation as never, [y], undefined)
    })
    await w.fit(model)
    w.predict(model)
  }),
  'matrices that forward makes, changes and seals': async (w) => {
    for (const seal of [Object.seal, Object.freeze]) {
      const kept: Matrix[] = []
      const model = w.net(({ hidden, head }, x) => {
        const h = hidden.forward(x)
        const sums: Matrix = zeros(1, h.cols)
        if (seal === Object.seal) seal(sums)
        sums.assign(h.value.mean(0))
        seal(sums)
        kept.push(sums)
        return head.forward(h.sub(sums))
      })
      await w.fit(model)
      w.see(kept)
    }
  },
  'settings that forward changes and puts back': async (w) => {
    const dropout = new nn.Dropout(0.5)
    const model = w.net(({ hidden, head }, x) => {
      const { weight } = head
      dropout.training = true
      const h = dropout.forward(hidden.forward(x))
      dropout.training = false
      Object.assign(head, { weight: variable(weight.value) })
      const y = head.forward(dropout.forward(h))
      Object.assign(head, { weight })
      return y
    })
    await w.fit(model)
    w.predict(model)
  },
  'a large matrix that somebody has the array of, read in parts': unreplayed(async (w) => {
    const { width } = w.sizes
    const array = new Float32Array(128 * width).map((_, i) => Math.sin(i))
    const table = new Matrix(array, 128, width)
    let n = 0
    const model = w.net(({ hidden, head }, x) => {
      const row = table.slice(n % 128, (n % 128) + 1)
      array[(n++ * 7) % array.length] = n
      return head.forward(hidden.forward(x).mul(row))
    })
    await w.fit(model)
  }),
  'a loss with an item of its own': async (w) => {
    const loss: Loss = (prediction, target) => {
      const value = crossEntropy(prediction, target)
      value.item = () => 42
      return value
    }
    await w.fit(w.model(), { loss })
    await w.fit(w.net(), { loss })
  },
  'clipNorm of parameters that the model does not have, and without those that the optimizer has not': async (w) => {
    const extra = variable(zeros(1, 1))
    const model = w.net()
    const loss: Loss = (prediction, target) => crossEntropy(prediction, target).add(extra.sub(100).square().sum())
    const optimizer = new nn.SGD([...model.head.parameters(), extra], { lr: 0.1 })
    await w.fit(model, { loss, optimizer, clipNorm: 1 })
    w.see(extra)
  },
}

/** Data that somebody changes, exchanges or shares, whether they are copied for a program or not. */
const data: Scenarios = {
  'samples that are assigned and set between epochs': async (w) => {
    const { x, y } = w.data
    const onEpochEnd = (epoch: number): void => {
      if (epoch === 0) x.assign(x.mul(2))
      if (epoch === 1) y.set(1, 0, 0)
      if (epoch === 2) x.set(0, 0, 9)
    }
    await w.fit(w.model(), { epochs: 5, callbacks: [{ onEpochEnd }] })
  },
  'the array of samples that is written to, between epochs and between steps': async (w) => {
    const { x } = w.data
    const { data } = x
    const grow = (i: number): void => {
      data[i] += 1
    }
    await w.fit(w.model(), { epochs: 4, callbacks: [{ onEpochEnd: () => grow(3) }] })
    await w.fit(w.model(), { epochs: 4, callbacks: [after(grow)] })
  },
  'samples that are changed by a compiled function of a user': async (w) => {
    const { x } = w.data
    const grow = compile((): void => void x.assign(x.mul(1.5)))
    await w.fit(w.model(), { epochs: 6, callbacks: [{ onEpochEnd: () => grow() }] })
  },
  'samples exchanged for others of their form, of another width, and for another number': async (w) => {
    const { sizes } = w
    const held = { ...w.data }
    const generator = new Generator('others')
    const onEpochEnd = (epoch: number): void => {
      const rows = epoch === 2 ? sizes.rows + 20 : epoch === 3 ? 5 : held.x.rows
      const x = generator.normal(rows, sizes.features)
      Object.assign(held, { x, y: x.argmax(1).mul(0) })
    }
    await w.fit(w.model(), { epochs: 6, callbacks: [{ onEpochEnd }] }, held)
    const float64 = { x: held.x.astype('float64'), y: held.y }
    await w.fit(w.model(), { epochs: 2, callbacks: [{ onEpochEnd: () => void Object.assign(held, float64) }] }, held)
  },
  'samples on the array of a weight': async (w) => {
    const { features, width, rows } = w.sizes
    const elements = Float32Array.from(new Generator('shared').normal(1, Math.max(rows, width) * features).data)
    const model = w.model()
    const weight = variable(new Matrix(elements.subarray(0, width * features), width, features))
    ;(model.layers[0] as nn.Linear).weight = weight
    const x = new Matrix(elements.subarray(0, rows * features), rows, features)
    await w.fit(model, {}, { x, y: w.data.y })
  },
  'samples on the array of running statistics': async (w) => {
    const { features, rows, width } = w.sizes
    const elements = Float32Array.from(new Generator('shared').normal(1, Math.max(rows * features, width)).data)
    const norm = new nn.BatchNorm1d(width)
    Object.assign(norm, { runningMean: new Matrix(elements.subarray(0, width), 1, width) })
    await w.fit(
      w.model(norm),
      {},
      { x: new Matrix(elements.subarray(0, rows * features), rows, features), y: w.data.y },
    )
  },
  'gradients that are kept after each epoch': async (w) => {
    const model = w.model()
    const onEpochEnd = (): void => w.keep(...model.parameters().map(({ grad }) => grad))
    await w.fit(model, { callbacks: [{ onEpochEnd }] })
  },
  'trainings of one epoch, again and again, on the same data and on others': async (w) => {
    const model = w.model(new nn.Dropout(0.2))
    const optimizer = new nn.SGD(model.parameters(), { lr: 0.05, momentum: 0.9 })
    const other = { x: w.data.x.mul(-1), y: w.data.y }
    for (const data of [w.data, w.data, other, w.data, other]) {
      await w.fit(model, { optimizer, epochs: 1 }, data)
      w.data.x.set(0, 0, optimizer.lr)
      optimizer.lr *= 0.9
    }
    await Promise.all([w.fit(model, { optimizer, epochs: 2 }, other), w.fit(model, { optimizer, epochs: 2 })])
  },
  'an optimizer that goes on with another bound, another loss and another model': async (w) => {
    const model = w.model()
    const optimizer = new nn.SGD(model.parameters(), { lr: 0.05, momentum: 0.9 })
    const scores = { x: w.data.x, y: w.data.y.oneHot(w.sizes.classes) }
    await w.fit(model, { optimizer })
    await w.fit(model, { optimizer, clipNorm: 1e-3 })
    await w.fit(model, { optimizer }, scores)
    await w.fit(model, { optimizer, loss: mseLoss }, scores)
    await w.fit(
      new nn.Sequential(...(model.layers as [nn.Module]), new nn.Tanh()),
      { optimizer, loss: mseLoss },
      scores,
    )
  },
  'validation data exchanged for more than one batch, and for none': async (w) => {
    const { features } = w.sizes
    const generator = new Generator('validation')
    const validation = (rows: number): nn.Dataset => ({ x: generator.normal(rows, features), y: zeros(rows, 1) })
    const held = { ...validation(200) }
    const onEpochEnd = (epoch: number): void => void Object.assign(held, validation([300, 256, 257, 10][epoch % 4]))
    const metrics = { accuracy: nn.accuracy }
    await w.fit(w.model(), { epochs: 6, validation: held, metrics, callbacks: [{ onEpochEnd }] })
    const loader = new nn.DataLoader(held, { batchSize: 10, dropLast: true })
    const empty = { onEpochEnd: (): void => void Object.assign(held, validation(5)) }
    await w.fit(w.model(), { epochs: 5, validation: loader, callbacks: [empty] })
  },
  'a layer that somebody gives code of their own while validation data are evaluated': async (w) => {
    const model = w.model()
    const onEpochEnd = (epoch: number): void => {
      const [layer] = model.layers
      const { forward } = layer
      let calls = 0
      if (epoch === 2) layer.forward = (x: never) => forward.call(layer, x).mul(++calls) as never
    }
    await w.fit(model, { epochs: 80, validation: w.data, callbacks: [{ onEpochEnd }] })
  },
}

/** Predictions of one batch, whose program is used again. */
const predictions: Scenarios = {
  'a model that learns, with Dropout': (w) => {
    const model = w.model(new nn.Dropout(0.5))
    const x = w.data.x.slice(0, 4)
    for (let i = 0; i < 5; i++) w.keep(w.predict(model, x))
    w.see(model)
  },
  'weights, a mode, settings and layers that change': (w) => {
    const norm = new nn.BatchNorm1d(w.sizes.width)
    const model = w.model(norm)
    const changes = [
      () => {},
      () => model.layers[0].parameters()[0].value.assign(model.layers[0].parameters()[0].value.mul(2)),
      () => model.eval(),
      () => Object.assign(norm, { eps: 0.1 }),
      () => model.loadStateDict(w.model(new nn.BatchNorm1d(w.sizes.width)).stateDict()),
      () => Object.assign(norm, { runningMean: null }),
      () => Object.assign(model, { layers: model.layers.slice(0, 1) }),
    ]
    const x = w.data.x.slice(0, 4)
    for (const change of changes) {
      change()
      for (let i = 0; i < 3; i++) w.predict(model, x)
    }
  },
  'Dropout that goes on in predictions, by a method of a user': (w) => {
    const dropout = new nn.Dropout(0.5)
    const model = w.model(dropout)
    const x = w.data.x.slice(0, 4)
    for (let i = 0; i < 4; i++) w.predict(model, x)
    model.eval = function () {
      this.train(false)
      dropout.train()
      return this
    }
    for (let i = 0; i < 4; i++) w.predict(model, x)
  },
  'an accessor in the place of a weight': (w) => {
    const model = w.model()
    const layer = model.layers[0] as nn.Linear
    const x = w.data.x.slice(0, 4)
    for (let i = 0; i < 4; i++) w.predict(model, x)
    const { weight } = layer
    Object.defineProperty(layer, 'weight', { get: () => weight.mul(10) })
    for (let i = 0; i < 4; i++) w.predict(model, x)
  },
  'samples with a slice of their own': (w) => {
    const model = w.model()
    const x = w.data.x.slice(0, 4)
    for (let i = 0; i < 4; i++) w.predict(model, x)
    x.slice = () => zeros(4, w.sizes.features) as never
    for (let i = 0; i < 4; i++) w.predict(model, x)
  },
  'ever new numbers of samples': (w) => {
    const model = w.model()
    for (let i = 0; i < 200; i++) w.keep(w.predict(model, w.data.x.slice(i % 20, (i % 20) + 1 + (i % 7))))
  },
  'a loss that looks at the model': (w) => {
    const model = w.model(new nn.Dropout(0.5))
    const loss: Loss = (prediction, target) => {
      w.see(model)
      return crossEntropy(prediction, target)
    }
    const held = { x: w.data.x.slice(0, 4), y: w.data.y.slice(0, 4) }
    for (let i = 0; i < 4; i++) w.see(nn.evaluate(model, held, { loss, compile: w.compile }))
    for (let i = 0; i < 4; i++)
      w.see(nn.evaluate(model, held, { loss: crossEntropy, metrics: { accuracy: nn.accuracy }, compile: w.compile }))
  },
}

const tables: Readonly<Record<string, Scenarios>> = {
  'other layers': otherLayers,
  'data that change': data,
  'predictions of one batch': predictions,
  'numbers that change': numbers,
  'parts of models': parts,
  'state and memories': state,
  optimizers,
  losses,
  errors,
  'callbacks that change': callbacks,
  operations,
  ordinary,
  'code behind what is built in': hidden,
  'kept out of sight': outOfSight,
}

async function compare(scenario: Scenario, sizes: Sizes, least: number): Promise<void> {
  const wanted = await outcome(scenario, sizes, false)
  const before = replays()
  const got = await outcome(scenario, sizes, true)
  expect(got).toEqual(wanted)
  expect(replays() - before).toBeGreaterThanOrEqual(least)
}

for (const [title, scenarios] of Object.entries(tables))
  describe(`the default is \`compile: false\`, bit for bit: ${title}`, () => {
    for (const [i, [name, each]] of Object.entries(scenarios).entries()) {
      const { scenario, replays: least } = typeof each === 'function' ? { scenario: each, replays: 1 } : each
      test(name, () => compare(scenario, SMALL, least))
      if (i % 16 === 0) test(`${name}; layers of 300 units`, () => compare(scenario, LARGE, least))
    }
  })

const shapes: readonly Sizes[] = [
  { features: 2, width: 1, classes: 2, rows: 9, batchSize: 4 },
  { features: 2, width: 16, classes: 2, rows: 70, batchSize: 32 },
  { features: 33, width: 65, classes: 7, rows: 131, batchSize: 50 },
  { features: 64, width: 512, classes: 10, rows: 150, batchSize: 64 },
  { features: 784, width: 128, classes: 10, rows: 150, batchSize: 64 },
  { features: 64, width: 2048, classes: 10, rows: 70, batchSize: 64 },
  { features: 300, width: 10, classes: 3, rows: 300, batchSize: 256 },
  { features: 8, width: 1024, classes: 2, rows: 300, batchSize: 256 },
]

describe('evaluate, fit, predict, fit and evaluate are those with `compile: false`, bit for bit', () => {
  for (const [i, sizes] of shapes.entries()) {
    const threads = 1 + (i % 3)
    test(`${sizes.features} → ${sizes.width} → ${sizes.classes}, batches of ${sizes.batchSize}, ${threads} threads`, () =>
      compare(
        async (w) => {
          configure({ threads })
          const model = [w.model(), w.net(), w.model(new nn.BatchNorm1d(sizes.width), new nn.Dropout(0.3))][
            Math.floor(i / 3)
          ]
          w.evaluate(model)
          const optimizer = new nn.Adam(model.parameters(), { lr: 0.01 })
          await w.fit(model, { optimizer, epochs: 2, validation: w.data })
          w.predict(model)
          await w.fit(model, { optimizer, epochs: 1 })
          w.evaluate(model)
        },
        sizes,
        1,
      ))
  }
})
