import {
  add,
  affine,
  compile,
  concat,
  constant,
  crossEntropy,
  defineOp,
  exp,
  grad,
  gradcheck,
  hessian,
  hvp,
  jacobian,
  jvp,
  matmul,
  mul,
  noGrad,
  reshape,
  sum,
  transpose,
  type Variable,
  valueAndGrad,
  variable,
  vjp,
} from '@matgrad/autograd'
import { type Matrix, sparse, zeros } from '@matgrad/core'
import { describe, expectTypeOf, test } from 'vitest'

declare const a: Variable<2, 3>
declare const b: Variable<4, 5>
declare const m: Matrix<3, 4>
declare const loose: Variable
declare const n: number

describe('shapes flow through', () => {
  test('variable and constant', () => {
    expectTypeOf(variable(zeros(2, 3))).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(constant(zeros(2, n))).toEqualTypeOf<Variable<2, number>>()
    expectTypeOf(a.value).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(a.grad).toEqualTypeOf<Matrix<2, 3> | null>()
    expectTypeOf(a.shape).toEqualTypeOf<readonly [2, 3]>()
    expectTypeOf(a.detach()).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(noGrad(() => a.exp())).toEqualTypeOf<Variable<2, 3>>()
  })

  test('element-wise methods and functions', () => {
    expectTypeOf(a.exp().relu().leakyRelu(0.1).clip(0, 1)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(exp(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(exp(m)).toEqualTypeOf<Matrix<3, 4>>()
    expectTypeOf(exp(2)).toEqualTypeOf<Matrix<1, 1>>()
    expectTypeOf(a.softmax(1)).toEqualTypeOf<Variable<2, 3>>()
  })

  test('broadcasting', () => {
    const [row, column] = [variable(zeros(1, 3)), variable(zeros(2, 1))]
    expectTypeOf(a.add(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(a.add(row)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(row.mul(column)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(a.sub(1)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(mul(row, column)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(add(a, 1)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(add(1, a)).toEqualTypeOf<Variable<2, 3>>()
  })

  test('a matrix as the other operand', () => {
    expectTypeOf(a.add(zeros(2, 3))).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(a.matmul(m)).toEqualTypeOf<Variable<2, 4>>()
    expectTypeOf(matmul(zeros(5, 2), a)).toEqualTypeOf<Variable<5, 3>>()
    expectTypeOf(add(m, m)).toEqualTypeOf<Matrix<3, 4>>()
    expectTypeOf(add(m, zeros(3, 4))).toEqualTypeOf<Matrix<3, 4>>()
    expectTypeOf(mul(zeros(1, 3), a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(concat([m, m], 0)).toEqualTypeOf<Matrix>()
  })

  test('a variable as an operand of a matrix', () => {
    const [two, row] = [zeros(2, 3), variable(zeros(1, 3))]
    expectTypeOf(two.add(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(two.sub(row)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(zeros(2, 1).mul(row)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(two.div(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(two.mod(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(two.pow(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(two.maximum(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(two.minimum(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(two.less(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(two.lessEqual(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(two.greater(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(two.greaterEqual(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(two.equal(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(two.notEqual(a)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(two.where(a, 1)).toEqualTypeOf<Variable>()
    expectTypeOf(two.where(two, a)).toEqualTypeOf<Variable>()
    expectTypeOf(zeros(5, 2).matmul(a)).toEqualTypeOf<Variable<5, 3>>()
    expectTypeOf(zeros(5, 3).matmul(a, { transposeB: true })).toEqualTypeOf<Variable<5, 2>>()
    expectTypeOf(zeros(5, 2).affine(a, zeros(1, 3))).toEqualTypeOf<Variable<5, 3>>()
    expectTypeOf(zeros(5, 2).affine(two, row)).toEqualTypeOf<Variable<5, 3>>()
    expectTypeOf(two.outer(row)).toEqualTypeOf<Variable>()
    expectTypeOf(two.kron(row)).toEqualTypeOf<Variable>()
    expectTypeOf(two.matmul(loose)).toEqualTypeOf<Variable<2, number>>()
  })

  test('a matrix beside matrices and numbers alone gives a matrix', () => {
    const two = zeros(2, 3)
    expectTypeOf(two.add(two)).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(two.add(1)).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(two.where(two, 1)).toEqualTypeOf<Matrix>()
    expectTypeOf(two.matmul(m)).toEqualTypeOf<Matrix<2, 4>>()
    expectTypeOf(two.affine(m, zeros(1, 4))).toEqualTypeOf<Matrix<2, 4>>()
    expectTypeOf(two.outer(two)).toEqualTypeOf<Matrix>()
    expectTypeOf(two.kron(two)).toEqualTypeOf<Matrix>()
  })

  test('products, transposed or not', () => {
    expectTypeOf(a.T).toEqualTypeOf<Variable<3, 2>>()
    expectTypeOf(transpose(a)).toEqualTypeOf<Variable<3, 2>>()
    expectTypeOf(a.matmul(a, { transposeA: true })).toEqualTypeOf<Variable<3, 3>>()
    expectTypeOf(a.matmul(a, { transposeB: true })).toEqualTypeOf<Variable<2, 2>>()
    expectTypeOf(a.matmul(zeros(4, 2), { transposeA: true, transposeB: true })).toEqualTypeOf<Variable<3, 4>>()
    expectTypeOf(a.affine(m, zeros(1, 4))).toEqualTypeOf<Variable<2, 4>>()
    expectTypeOf(affine(zeros(5, 3), a, variable(zeros(1, 2)), { transposeB: true })).toEqualTypeOf<Variable<5, 2>>()
  })

  test('reductions keep both dimensions', () => {
    expectTypeOf(a.sum()).toEqualTypeOf<Variable<1, 1>>()
    expectTypeOf(a.mean(0)).toEqualTypeOf<Variable<1, 3>>()
    expectTypeOf(a.max(1)).toEqualTypeOf<Variable<2, 1>>()
    expectTypeOf(sum(a, 0)).toEqualTypeOf<Variable<1, 3>>()
    expectTypeOf(sum(m)).toEqualTypeOf<Matrix<1, 1>>()
    expectTypeOf(a.trace()).toEqualTypeOf<Variable<1, 1>>()
  })

  test('rearrangements', () => {
    expectTypeOf(a.reshape(6, 1)).toEqualTypeOf<Variable<6, 1>>()
    expectTypeOf(reshape(a, 6, 1)).toEqualTypeOf<Variable<6, 1>>()
    expectTypeOf(a.row(0)).toEqualTypeOf<Variable<1, 3>>()
    expectTypeOf(a.col(0)).toEqualTypeOf<Variable<2, 1>>()
    expectTypeOf(a.gatherRows([0, 1, 1])).toEqualTypeOf<Variable<number, 3>>()
    expectTypeOf(a.broadcastTo(2, 3)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(concat([a, b, m], 0)).toEqualTypeOf<Variable>()
  })

  test('what is number stays number', () => {
    expectTypeOf(loose.exp()).toEqualTypeOf<Variable>()
    expectTypeOf(loose.matmul(a)).toEqualTypeOf<Variable<number, 3>>()
    expectTypeOf(a.matmul(loose)).toEqualTypeOf<Variable<2, number>>()
    expectTypeOf(a.add(loose)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(loose.sum(0)).toEqualTypeOf<Variable<1, number>>()
  })

  test('of any class and size through functions', () => {
    const f = <R extends number>(x: Matrix<R, 3>): Matrix<R, 4> => exp(matmul(x, zeros(3, 4)))
    expectTypeOf(f(zeros(2, 3))).toEqualTypeOf<Matrix<2, 4>>()
    const g = <R extends number, C extends number>(x: Variable<R, C>): Variable<R, 1> => sum(exp(x), 1)
    expectTypeOf(g(a)).toEqualTypeOf<Variable<2, 1>>()
    const own = <R extends number, C extends number>(x: Variable<R, C>) => x.exp().div(x.exp().sum(1)).add(x)
    expectTypeOf(own(a)).toEqualTypeOf<Variable<2, 3>>()
    const into = <R extends number>(x: Matrix<R, 3>): Variable<R, 2> => x.matmul(a.T)
    expectTypeOf(into(zeros(5, 3))).toEqualTypeOf<Variable<5, 2>>()
    const h = (x: Variable | Matrix): Variable => add(sum(x), a)
    expectTypeOf(h(m)).toEqualTypeOf<Variable>()
  })

  test('a known shape is a Variable, a Variable is not a known shape', () => {
    expectTypeOf(a).toExtend<Variable>()
    expectTypeOf(loose).not.toExtend<Variable<2, 3>>()
  })
})

describe('what does not fit does not compile', () => {
  test('a product of 3 columns and 4 rows', () => {
    // @ts-expect-error matmul: left has 3 columns, right has 4 rows
    a.matmul(b)
    // @ts-expect-error matmul: left has 3 columns, right has 4 rows
    matmul(a, b)
    // @ts-expect-error matmul: left has 3 columns, right has 2 rows
    a.matmul(zeros(2, 3))
    // @ts-expect-error matmul: left has 2 columns, right has 3 rows
    a.matmul(m, { transposeA: true })
    // @ts-expect-error matmul: left has 4 columns, right has 2 rows
    matmul(m, a)
    // @ts-expect-error matmul: left has 5 columns, right has 2 rows
    zeros(1, 5).matmul(a)
    // @ts-expect-error affine: the bias is 1x2, wanted 1x3
    zeros(5, 2).affine(a, variable(zeros(1, 2)))
    // @ts-expect-error affine: the bias is 1x3, wanted 1x4
    a.affine(m, zeros(1, 3))
    // @ts-expect-error affine: the bias is 1x3, wanted 1x4
    affine(a, m, zeros(1, 3))
    // @ts-expect-error the bias is a row
    a.affine(m, zeros(2, 4))
    // @ts-expect-error matmul: left has 3 columns, right has 5 rows
    a.matmul(b, { transposeB: true })
  })

  test('shapes that do not broadcast', () => {
    // @ts-expect-error add: left is 2x3, right is 4x5
    a.add(b)
    // @ts-expect-error mul: left is 2x3, right is 2x4
    a.mul(zeros(2, 4))
    // @ts-expect-error add: left is 2x3, right is 4x5
    add(a, b)
    // @ts-expect-error add: left is 2x3, right is 4x5
    zeros(2, 3).add(b)
  })

  test('rows are picked by matrices and numbers', () => {
    // @ts-expect-error nothing comes back through an index
    zeros(2, 3).pick(variable(zeros(2, 1)))
  })

  test('operands of other types', () => {
    // @ts-expect-error a string
    a.add('1')
    // @ts-expect-error an array
    a.mul([[1]])
    // @ts-expect-error a number is no matrix
    a.matmul(2)
    // @ts-expect-error null
    a.sub(null)
    // @ts-expect-error axis 2
    a.sum(2)
    // @ts-expect-error an array is no Matrix
    variable([[1, 2]])
    // @ts-expect-error a reduction that there is not
    crossEntropy(a, m, { reduction: 'max' })
  })

  test('what is read-only', () => {
    // @ts-expect-error the value stays the one that the history was computed with
    a.value = zeros(2, 3)
    // @ts-expect-error a gradient has the shape of the variable
    a.grad = zeros(3, 2)
    // @ts-expect-error a gradient of the shape of the value
    a.backward(zeros(3, 2))
  })
})

describe('transforms', () => {
  const f = (x: Variable, y: Variable<2, 3>, scale: number): Variable => x.mul(y.sum()).mul(scale).sum()

  test('grad gives one gradient, or a list for a list', () => {
    expectTypeOf(grad(f)(a, a, 2)).toEqualTypeOf<Variable>()
    expectTypeOf(grad(f, 1)(a, a, 2)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(grad(f, [0, 1])(a, a, 2)).toEqualTypeOf<[Variable, Variable<2, 3>]>()
    const [value, gradient] = valueAndGrad(f)(a, a, 2)
    expectTypeOf(value).toEqualTypeOf<Variable>()
    expectTypeOf(gradient).toEqualTypeOf<Variable>()
    const [, gradients] = valueAndGrad(f, [0, 1])(a, a, 2)
    expectTypeOf(gradients).toEqualTypeOf<[Variable, Variable<2, 3>]>()
    const list: readonly Variable[] = grad(f, [0] as number[])(a, a, 2)
    expectTypeOf(list).toExtend<readonly Variable[]>()
  })

  test('grad takes a matrix in the place of a variable, and composes', () => {
    expectTypeOf(grad(f)(m, zeros(2, 3), 2)).toEqualTypeOf<Variable>()
    expectTypeOf(grad(grad((x: Variable) => x.pow(3)))(zeros(1, 1))).toEqualTypeOf<Variable>()
  })

  test('arrays and objects of variables have results of the same structure', () => {
    interface Parameters {
      w: Variable<2, 3>
      layers: [Variable, { b: Variable<1, 3> }]
    }
    type Zeros = { w: Matrix<2, 3>; layers: [Matrix, { b: Matrix<1, 3> }] }
    const model = (p: Parameters): Variable => p.w.add(p.layers[1].b).sum()
    const p: Zeros = { w: zeros(2, 3), layers: [zeros(1, 1), { b: zeros(1, 3) }] }
    expectTypeOf(grad(model)(p)).toEqualTypeOf<Parameters>()
    expectTypeOf(hvp(model, [p], [p])).toEqualTypeOf<[Parameters]>()
    expectTypeOf(jacobian(model, p).layers[1].b).toEqualTypeOf<Variable>()
    expectTypeOf(hessian(model, p).w.layers[1].b).toEqualTypeOf<Variable>()
    const both = (q: Parameters, x: Variable<4, 2>) => ({ y: x.matmul(q.w) })
    const [value, pullback] = vjp(both, p, zeros(4, 2))
    expectTypeOf(value).toEqualTypeOf<{ y: Variable<4, 3> }>()
    expectTypeOf(pullback({ y: zeros(4, 3) })).toEqualTypeOf<[q: Parameters, x: Variable<4, 2>]>()
    expectTypeOf(jvp(both, [p, zeros(4, 2)], [p, zeros(4, 2)])[1]).toEqualTypeOf<{ y: Variable<4, 3> }>()
    // @ts-expect-error another structure
    grad(model)({ w: zeros(2, 3) })
    // @ts-expect-error a number in the place of a variable
    grad(model)({ ...p, w: 1 })
  })

  test('vjp, jvp, hvp, jacobian and hessian of parameters without types', () => {
    expectTypeOf(vjp((x) => x.exp(), m)[0]).toEqualTypeOf<Variable>()
    expectTypeOf(jvp((x) => x.exp(), [m], [m])).toEqualTypeOf<[value: Variable, tangent: Variable]>()
    expectTypeOf(hvp((x, y) => x.mul(y).sum(), [m, m], [m, m])).toEqualTypeOf<[Variable, Variable]>()
    expectTypeOf(jacobian((x) => x.exp(), m)).toEqualTypeOf<Variable>()
    expectTypeOf(hessian((x) => x.exp().sum(), m)).toEqualTypeOf<Variable>()
    expectTypeOf(jacobian((x) => ({ a: x.exp() }), m)).toEqualTypeOf<{ a: Variable }>()
  })

  test('parameters without types are variables, those with types stay what they are', () => {
    type Gradient = (x: Variable | Matrix) => Variable
    expectTypeOf(grad((x) => x.square().sum())).toEqualTypeOf<Gradient>()
    expectTypeOf(grad(grad((x) => x.pow(3)))).toEqualTypeOf<Gradient>()
    expectTypeOf(grad((x) => grad((y) => y.mul(x).sum())(x).sum())).toEqualTypeOf<Gradient>()
    expectTypeOf(grad((x, y) => x.mul(y).sum(), [0, 1])).returns.toEqualTypeOf<[Variable, Variable]>()
    expectTypeOf(grad((x, scale: number) => x.mul(scale).sum())).parameters.toEqualTypeOf<
      [x: Variable | Matrix, scale: number]
    >()
    expectTypeOf(valueAndGrad((x) => x.square().sum())).parameters.toEqualTypeOf<[x: Variable | Matrix]>()
    gradcheck((x, y) => x.mul(y), [m, m])
    // @ts-expect-error one argument too many
    grad((x) => x.sum())(a, a)
  })

  test('compile takes the types of its function, and matrices where there are none', () => {
    const w = constant(zeros(4, 2))
    const step = compile((x, y) => x.matmul(w).sub(y).square().mean(), { check: true })
    expectTypeOf(step).parameters.toEqualTypeOf<[x: Matrix, y: Matrix]>()
    expectTypeOf(step).returns.toEqualTypeOf<Variable<1, 1>>()
    expectTypeOf(compile((x: Variable<2, 3>, scale: number) => x.mul(scale))(a, 2)).toEqualTypeOf<Variable<2, 3>>()
    expectTypeOf(compile(grad((x) => x.sum()))(m)).toEqualTypeOf<Variable>()
    expectTypeOf(compile(() => 1)()).toEqualTypeOf<number>()
    // @ts-expect-error an argument is missing
    step(m)
  })

  test('grad refuses what f does not take', () => {
    // @ts-expect-error too few arguments
    grad(f)(a, a)
    // @ts-expect-error a string in the place of a variable
    grad(f)('a', a, 2)
    // @ts-expect-error a matrix in the place of a number
    grad(f)(a, a, m)
    // @ts-expect-error a function that gives a number
    grad((x: Variable) => x.item())
  })

  test('spmm and matmul of a sparse matrix', () => {
    const s = sparse.SparseMatrix.fromDense(zeros(4, 2))
    expectTypeOf(s.matmul(a)).toEqualTypeOf<Variable<4, 3>>()
    expectTypeOf(sparse.spmm(s, a)).toEqualTypeOf<Variable<4, 3>>()
    expectTypeOf(sparse.spmm(s, zeros(2, 3), { values: loose })).toEqualTypeOf<Variable<4, 3>>()
    // @ts-expect-error a has two rows
    s.T.matmul(a)
  })

  test('crossEntropy and defineOp', () => {
    expectTypeOf(
      crossEntropy(a, m, { reduction: 'none', labelSmoothing: 0.1, weight: zeros(1, 3) }),
    ).toEqualTypeOf<Variable>()
    // @ts-expect-error an op without rules
    defineOp({ name: 'x', shape: () => [1, 1], forward: () => {} })
  })
})
