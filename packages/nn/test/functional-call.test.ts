import { compile, constant, grad, gradcheck, hvp, jacobian, jvp, type Variable, variable, vjp } from '@matgrad/autograd'
import { type Matrix, manualSeed, ones, randint, randn, zeros } from '@matgrad/core'
import {
  BatchNorm1d,
  crossEntropy,
  Embedding,
  functionalCall,
  LayerNorm,
  Linear,
  Module,
  mseLoss,
  PReLU,
  Sequential,
  Tanh,
} from '@matgrad/nn'
import { describe, expect, it } from 'vitest'

type Named = Record<string, Variable>

const named = (model: Module): Named => Object.fromEntries(model.namedParameters())

const models: [name: string, model: () => Module, x: () => Matrix, classes: number][] = [
  [
    'an MLP',
    () => new Sequential(new Linear(3, 5, { dtype: 'float64' }), new Tanh(), new Linear(5, 2, { dtype: 'float64' })),
    () => randn(7, 3, { dtype: 'float64' }),
    2,
  ],
  [
    'with norms',
    () =>
      new Sequential(
        new Linear(3, 4, { dtype: 'float64' }),
        new BatchNorm1d(4, { dtype: 'float64' }),
        new PReLU(4, { dtype: 'float64' }),
        new LayerNorm(4, { dtype: 'float64' }),
      ),
    () => randn(9, 3, { dtype: 'float64' }),
    4,
  ],
  [
    'of indices',
    () => new Sequential(new Embedding(6, 3, { dtype: 'float64' }), new Tanh()),
    () => randint(11, 1, 0, 6),
    3,
  ],
  [
    'of real size',
    () => new Sequential(new Linear(300, 128), new Tanh(), new Linear(128, 10)),
    () => randn(64, 300),
    10,
  ],
]

/** A layer whose parameter nobody can see but by its name. */
class Hidden extends Module {
  readonly #scale = this.register('scale', variable(ones(1, 3)))

  override forward(x: Variable): Variable {
    return x.mul(this.#scale)
  }
}

describe('functionalCall', () => {
  for (const [name, make, samples, classes] of models)
    it(`${name}: grad of it is what backward gives, and compiled in every bit`, () => {
      manualSeed(name)
      const [model, x] = [make(), samples()]
      const y = randint(x.rows, 1, 0, classes)
      const loss = (parameters: Named) => crossEntropy(functionalCall(model, parameters, x), y)
      crossEntropy(model.forward(x), y).backward()
      const gradient = grad(loss)(named(model)) as Named
      const compiled = compile((parameters: Named) => grad(loss)(parameters) as Named)
      for (const [key, parameter] of model.namedParameters())
        expect(gradient[key].value.equals(parameter.grad as Matrix), key).toBe(true)
      const values = Object.fromEntries(
        model.namedParameters().map(([key, { value }]) => [key, constant(value.clone())]),
      )
      for (let i = 0; i < 3; i++) {
        const again = compiled(values)
        for (const [key, each] of Object.entries(gradient)) expect(again[key].value.equals(each.value), key).toBe(true)
      }
    })

  it('takes other values, of all parameters or some, and leaves the model as it is', () => {
    const model = new Sequential(new Linear(2, 3), new Linear(3, 1))
    const x = randn(4, 2)
    const before = model.forward(x).value.clone()
    const other = new Sequential(new Linear(2, 3), new Linear(3, 1))
    expect(functionalCall(model, named(other), x).value.equals(other.forward(x).value)).toBe(true)
    expect(functionalCall(model, other.stateDict(), x).value.equals(other.forward(x).value)).toBe(true)
    expect(functionalCall(model, { '1.weight': zeros(1, 3) }, x).value.equals(zeros(4, 1))).toBe(true)
    expect(() => functionalCall(model, { '1.weight': zeros(1, 3) }, randn(4, 5))).toThrow('x is 4x5, wanted 2 columns')
    expect(model.forward(x).value.equals(before)).toBe(true)
    expect(functionalCall(new Hidden(), { scale: zeros(1, 3) }, randn(2, 3)).value.equals(zeros(2, 3))).toBe(true)
  })

  it('has derivatives of second order, as differences have them', () => {
    manualSeed(5)
    const model = new Sequential(
      new Linear(3, 4, { dtype: 'float64' }),
      new Tanh(),
      new Linear(4, 2, { dtype: 'float64' }),
    )
    const [x, y] = [randn(6, 3, { dtype: 'float64' }), randn(6, 2, { dtype: 'float64' })]
    const keys = model.namedParameters().map(([key]) => key)
    const loss = (parameters: Named) => mseLoss(functionalCall(model, parameters, x), y)
    const ofList = (...list: Variable[]) => loss(Object.fromEntries(keys.map((key, i) => [key, list[i]])))
    gradcheck(
      ofList,
      model.parameters().map(({ value }) => value.clone()),
      { order: 2, mode: 'random' },
    )
    const vector = Object.fromEntries(
      model.namedParameters().map(([key, { shape }]) => [key, randn(...shape, { dtype: 'float64' })]),
    )
    const [product] = hvp(loss, [named(model)], [vector]) as [Named]
    const [, along] = jvp((parameters: Named) => grad(loss)(parameters) as Named, [named(model)], [vector])
    for (const key of keys)
      expect(product[key].value.allClose((along as Named)[key].value, { rtol: 1e-12, atol: 1e-14 })).toBe(true)
  })

  it('is asked for where a function uses a model itself', () => {
    const model = new Linear(2, 1)
    const x = randn(3, 2)
    const loss = () => model.forward(x).sum()
    const message = 'functionalCall(model, parameters, x)'
    expect(() => grad(loss as never)(model.weight)).toThrow(message)
    expect(() => grad(loss as never)(model.parameters() as never)).toThrow(message)
    expect(() => hvp(loss as never, [named(model)] as never, [named(model)] as never)).toThrow(message)
    expect(() => jvp(loss as never, [model.weight] as never, [model.weight] as never)).toThrow(message)
    expect(() => vjp(loss as never, model.weight as never)).toThrow(message)
    expect(() => jacobian(loss as never, model.weight as never)).toThrow(message)
    const twin = new Linear(2, 1, { dtype: 'float64' })
    expect(() => gradcheck(() => twin.forward(x).sum(), [twin.weight])).toThrow(message)
    // A function of the parameter may use the variable as a constant, and need not use the parameter at all.
    const w = variable(ones(1, 1))
    expect(grad((v: Variable) => v.mul(w))(w).item()).toBe(1)
    expect(
      grad((v: Variable, u: Variable) => u.sum().add(v.sum().mul(0)), [0, 1])(w, w).map((each) => each.item()),
    ).toEqual([0, 1])
    expect(grad((v: Variable) => v.detach().square().sum())(w).item()).toBe(0)
    expect(grad((_v: Variable, u: Variable) => u.square().sum())(w, w).item()).toBe(0)
    expect(grad((_v: Variable) => constant(ones(1, 1)))(w).item()).toBe(0)
  })

  it('refuses what is none of the parameters, and says what there is', () => {
    const model = new Sequential(new Linear(2, 3))
    const x = randn(1, 2)
    const call = (parameters: unknown) => () => functionalCall(model, parameters as never, x)
    expect(call({ '0.wieght': zeros(3, 2) })).toThrow(
      'functionalCall: Sequential has no parameter 0.wieght: did you mean 0.weight?',
    )
    expect(call({ '0.weight': zeros(2, 3) })).toThrow('functionalCall: 0.weight is 2x3, wanted 3x2')
    expect(call({ '0.weight': 3 })).toThrow('functionalCall: 0.weight is 3, wanted a Variable or a Matrix')
    expect(call([zeros(3, 2)])).toThrow('functionalCall: parameters are')
    const shared = new Linear(2, 2)
    const tied = new Sequential(shared, new Tanh(), shared)
    const twice = { '0.weight': zeros(2, 2), '2.weight': zeros(2, 2) }
    expect(() => functionalCall(tied, twice, x)).toThrow('0.weight and 2.weight are names of one parameter')
    tied.forward(x).sum().backward()
    const gradient = grad((parameters: Named) => functionalCall(tied, parameters, x).sum())(named(tied)) as Named
    expect(gradient['0.weight'].value.equals(shared.weight.grad as Matrix)).toBe(true)
    const normed = new BatchNorm1d(2)
    expect(() => functionalCall(normed, normed.stateDict(), x)).toThrow('runningMean is a buffer')
  })
})
