import { Variable } from '@matgrad/autograd'
import { withSubstitutes } from '@matgrad/autograd/internal'
import { DTypeError, MatgradError, Matrix, ShapeError } from '@matgrad/core'
import { describe, didYouMean, formatShape, isPlain, shorten, suggestion } from '@matgrad/core/internal'
import { checkModule, type Input, type Module, namedOf } from './module.ts'

/** Parameters of a model by name, as `model.namedParameters()` has them. */
export type ParametersByName = Readonly<Record<string, Variable | Matrix>>

/**
 * What a model gives for inputs with other parameters than its own: model(inputs; parameters). Those that are not named are the
 * model's. So a model is a function of its parameters, as `grad`, `hvp`, `jacobian` and the like want it (PyTorch's
 * `torch.func.functional_call`):
 *
 *     const loss = (parameters) => mseLoss(functionalCall(model, parameters, x), y)
 *     hvp(loss, [Object.fromEntries(model.namedParameters())], [vector])
 *
 * It holds for what operations compute with. What a `forward` reads of a parameter otherwise (`weight.value`) is the model's own.
 *
 * @throws MatgradError for a name that the model does not have, and for two of one parameter that layers share; DTypeError for
 * values that are no matrices; ShapeError where one has another shape; what the model throws.
 */
export function functionalCall(model: Module, parameters: ParametersByName, ...inputs: readonly Input[]): Variable {
  checkModule('functionalCall', model)
  if (!isPlain(parameters))
    throw new DTypeError(`functionalCall: parameters are ${describe(parameters)}, wanted matrices or variables by name`)
  const own = namedOf('functionalCall', model)
  const others = new Map<Variable, Variable>()
  for (const [name, given] of Object.entries(parameters)) {
    const parameter = own.get(name)
    if (parameter === undefined)
      throw new MatgradError(
        `functionalCall: ${model.describe()} has no parameter ${shorten(name)}${didYouMean(suggestion(name, [...own.keys()]))}`,
      )
    if (parameter instanceof Matrix)
      throw new MatgradError(
        `functionalCall: ${shorten(name)} is a buffer, wanted parameters, with the model's own buffers`,
      )
    if (others.has(parameter)) {
      const names = [...own].filter(([, each]) => each === parameter).map(([each]) => shorten(each))
      throw new MatgradError(`functionalCall: ${names.join(' and ')} are names of one parameter, wanted one of them`)
    }
    others.set(parameter, substituteOf(name, given, parameter))
  }
  return withSubstitutes(others, () => model.forward(...(inputs as [Input])))
}

function substituteOf(name: string, given: unknown, { rows, cols, shape }: Variable): Variable {
  const isMatrix = given instanceof Matrix
  if (!isMatrix && !(given instanceof Variable))
    throw new DTypeError(`functionalCall: ${shorten(name)} is ${describe(given)}, wanted a Variable or a Matrix`)
  if (given.rows !== rows || given.cols !== cols)
    throw new ShapeError(
      `functionalCall: ${shorten(name)} is ${formatShape(given.shape)}, wanted ${formatShape(shape)}`,
    )
  return isMatrix ? new Variable(given, false) : given
}
