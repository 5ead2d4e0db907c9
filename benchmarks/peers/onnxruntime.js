// Each operation is a model of one node.

import onnxProto from 'onnx-proto'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { versionOf } from '../harness/version.js'

const { AttributeProto, ModelProto, TensorProto } = onnxProto.onnx

const attribute = (name, value) =>
  Array.isArray(value)
    ? { name, type: AttributeProto.AttributeType.INTS, ints: value }
    : { name, type: AttributeProto.AttributeType.INT, i: value }

const value = (name, dtype) => ({
  name,
  type: { tensorType: { elemType: dtype === 'float64' ? TensorProto.DataType.DOUBLE : TensorProto.DataType.FLOAT } },
})

/** The model whose only node has that type, those attributes and so many inputs. */
function encode(opType, attributes, inputs, dtype) {
  const names = inputs.map((_, i) => `x${i}`)
  return ModelProto.encode({
    irVersion: 9,
    opsetImport: [{ version: 20 }],
    graph: {
      name: opType,
      node: [
        {
          opType,
          input: names,
          output: ['y'],
          attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
        },
      ],
      input: names.map((name) => value(name, dtype)),
      output: [value('y', dtype)],
    },
  }).finish()
}

const node =
  (opType, attributes = {}) =>
  async (...operands) => {
    const inputs = operands.filter((x) => x instanceof Tensor)
    const model = encode(opType, attributes, inputs, inputs[0]?.type ?? 'float32')
    const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 })
    const feeds = Object.fromEntries(inputs.map((x, i) => [`x${i}`, x]))
    return () => session.run(feeds)
  }

export function start() {
  return {
    about: `ONNX Runtime ${versionOf('onnxruntime-node')}`,
    input: (data, rows, cols) => new Tensor(data, [rows, cols]),
    ops: {
      matmul: (a, b, { transposeA = false, transposeB = false }) =>
        transposeA || transposeB
          ? node('Gemm', { transA: Number(transposeA), transB: Number(transposeB) })(a, b)
          : node('MatMul')(a, b),
      exp: node('Exp'),
      tanh: node('Tanh'),
      sigmoid: node('Sigmoid'),
      softmax: node('Softmax', { axis: 1 }),
      gelu: node('Gelu'),
      sum: node('ReduceSum'),
      add: node('Add'),
      mul: node('Mul'),
      randn: ({ rows, cols }) => node('RandomNormal', { shape: [rows, cols] })(),
    },
    output: ({ y }) => y.data,
  }
}
