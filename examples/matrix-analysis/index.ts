// A tour of matrices in deep learning. Each step shows what NumPy calls it, what comes out here, and what it is for.

import { grad, type Variable } from '@matgrad/autograd'
import {
  diag,
  engineInfo,
  eye,
  linalg,
  Matrix,
  manualSeed,
  matrix,
  normal,
  randn,
  sparse,
  uniform,
} from '@matgrad/core'

manualSeed(1)

const chapter = (title: string): void => console.log(`\n${title}\n${'='.repeat(title.length)}`)

/** One step: the NumPy line, our value, the purpose. */
function step(numpy: string, value: Matrix | number | string, purpose: string): void {
  const lines = value instanceof Matrix ? value.toString().split('\n').slice(1) : [`  ${value}`]
  console.log(`\n${numpy}\n${lines.join('\n')}\n  → ${purpose}`)
}

const A = matrix([
  [1, 2],
  [3, 4],
])
const B = matrix([
  [5, 6],
  [7, 8],
])

chapter('Linear algebra')
step('A + B', A.add(B), 'Gradients that reach a weight by several paths are added.')
step('A - B', A.sub(B), 'A step of gradient descent: weights minus learning rate times gradient.')
step('A @ B', A.matmul(B), 'The matrix product: a layer applied to a batch is X @ W.T + b.')
step(
  'A * B',
  A.mul(B),
  'In NumPy * multiplies element by element (Hadamard), not as matrices; masks and gates do that. The product is @.',
)
step('A.T', A.T, 'The backward pass of a product multiplies by the transposed operands.')
step(
  'np.linalg.inv(A)',
  linalg.inv(A),
  'Undoes a linear map. Whoever wants inv(A) @ b asks for solve(A, b), which is more accurate.',
)
step(
  'np.linalg.solve(A, [[1], [2]])',
  linalg.solve(A, matrix([[1], [2]])),
  'Linear regression in closed form, a Newton step.',
)
step('np.linalg.det(A)', linalg.det(A), 'How a map scales volume: what normalising flows put in their likelihood.')

chapter('Rank, eigenvalues, eigenvectors')
const redundant = matrix([
  [1, 2, 3],
  [2, 4, 6],
  [1, 0, 1],
])
step(
  'np.linalg.matrix_rank(R)',
  linalg.matrixRank(redundant),
  'How many of the features say something of their own: 2 of 3 here.',
)
const symmetric = matrix([
  [2, 1],
  [1, 2],
])
const { values, vectors } = linalg.eigh(symmetric)
step('np.linalg.eigh(S)[0]', values, 'Curvatures of a loss: their ratio tells how slowly gradient descent converges.')
step(
  'np.linalg.eigh(S)[1]',
  vectors,
  'The directions that belong to them; of a covariance matrix, the principal components.',
)
const turn = matrix([
  [0, -1],
  [1, 0],
])
const spectrum = linalg.eigvals(turn)
step(
  'np.linalg.eigvals(rotation)',
  Array.from(
    { length: 2 },
    (_, i) => `${spectrum.re.get(i, 0)} ${spectrum.im.get(i, 0) < 0 ? '−' : '+'} ${Math.abs(spectrum.im.get(i, 0))}i`,
  ).join(',  '),
  'Complex: a rotation has no real direction of its own. Moduli above 1 make recurrent networks explode.',
)

chapter('Special matrices')
const Q = linalg.orthogonal(3, 3)
step(
  'Q, _ = np.linalg.qr(np.random.randn(3, 3))',
  Q,
  'Orthogonal: keeps lengths, so that signals neither explode nor vanish through many layers.',
)
step(
  'np.allclose(Q.T @ Q, np.eye(3))',
  String(Q.T.matmul(Q).allClose(eye(3), { atol: 1e-6 })),
  'Its transpose is its inverse.',
)
step('np.eye(3)', eye(3), 'Changes nothing: what a residual connection adds to a layer.')
step('np.diag([1, 2, 3])', diag(matrix([[1, 2, 3]])), 'Scales each feature by itself, as normalisation layers do.')

chapter('Random matrices')
step('np.random.uniform(-1, 1, (2, 3))', uniform(2, 3, -1, 1), 'Xavier initialisation draws weights from such a range.')
step(
  'np.random.normal(0, 0.1, (2, 3))',
  normal(2, 3, 0, 0.1),
  'He initialisation is normal with a standard deviation of √(2 / inputs).',
)
const large = randn(1000, 1000)
step(
  'np.random.randn(1000, 1000).std()',
  large.std().item().toFixed(4),
  'A Gaussian matrix; the same seed gives the same numbers on every machine.',
)

chapter('Factorisations')
const { U, S, Vh } = linalg.svd(redundant)
step(
  'np.linalg.svd(R)[1]',
  S,
  'Singular values: how much a map stretches in its principal directions. One is 0, the rank is 2.',
)
step(
  'np.allclose(U * s @ Vh, R)',
  String(U.mul(S.T).matmul(Vh).allClose(redundant, { atol: 1e-5 })),
  'Leaving out small ones compresses weights (low-rank adapters).',
)
const { Q: q, R: r } = linalg.qr(A)
step(
  'np.linalg.qr(A)',
  String(q.matmul(r).allClose(A)),
  'QR: orthonormal columns times a triangle; least squares without squaring the condition.',
)
const { P, L, U: upper } = linalg.lu(A)
step('scipy.linalg.lu(A)', String(P.matmul(L).matmul(upper).allClose(A)), 'LU: how linear systems are solved.')
step(
  'np.linalg.cholesky(S)',
  linalg.cholesky(symmetric),
  'The square root of a covariance: turns independent noise into correlated noise.',
)
step('np.linalg.pinv(R)', linalg.pinv(redundant), 'The least-squares inverse of what has none.')

chapter('Derivatives')
const x = matrix([[1], [2]])
const quadratic = (v: Variable): Variable => v.T.matmul(symmetric).matmul(v)
step('d(xᵀSx)/dx = (S + Sᵀ) x', grad(quadratic)(x).value, 'Found by reverse mode; by hand it is the same:')
step(
  '(S + S.T) @ x',
  symmetric.add(symmetric.T).matmul(x),
  'Training is nothing but this, for a function of millions of numbers.',
)

chapter('Faster products')
const [left, right] = [randn(1100, 1100), randn(1100, 1100)]
const difference = left.matmul(right, { algorithm: 'strassen' }).sub(left.matmul(right)).abs().max().item()
step(
  "matmul(a, b, { algorithm: 'strassen' })",
  `largest difference from the plain product ${difference.toExponential(0)}`,
  `Strassen: seven products of halves instead of eight. The plain product ran on ${engineInfo().threads} thread(s).`,
)

chapter('Sparse matrices')
const graph = sparse.SparseMatrix.fromTriplets(4, 4, [
  [0, 1, 1],
  [1, 2, 1],
  [2, 3, 1],
  [3, 0, 1],
])
step(
  'scipy.sparse.csr_matrix(…) @ np.eye(4)',
  graph.matmul(eye(4)),
  'Only what is not 0 is stored and multiplied: graphs, embeddings, pruned layers.',
)
step('graph.nnz / 16', graph.density, 'The share of elements that are stored.')
