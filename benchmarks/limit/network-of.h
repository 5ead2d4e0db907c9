// One training step of a network of LAYERS layers with SIZES features before and after each, of which the compiler knows
// all sizes: at most WIDEST features, padded, and LARGEST weights in a layer. OF(x) is the name of x for it. With TANH it
// has that activation and the mean of squared errors, else ReLU and cross-entropy with the softmax.
//
// Samples lie in rows, weights are in x out. Rows of outputs are padded to vectors; the padding of gradients is 0, so that
// of weights stays 0. Each product ends in what is done with its sums: the activation, its derivative, the update.

static const long OF(size)[] = {SIZES};
#define WIDTH(l) ((OF(size)[l] + 3) / 4 * 4)
/** The columns of the input of layer l: only that of the first is not padded. */
#define WIDTH_BEFORE(l) ((l) ? WIDTH(l) : OF(size)[0])

/** The values of each layer, and the first and the second moment that the optimiser remembers of each. */
static float OF(weights)[LAYERS][3][LARGEST] __attribute__((aligned(64)));
static float OF(biases)[LAYERS][3][WIDEST] __attribute__((aligned(64)));
static float OF(activations)[LAYERS][BATCH * WIDEST] __attribute__((aligned(64)));
static float OF(gradients)[LAYERS][BATCH * WIDEST] __attribute__((aligned(64)));

typedef struct {
  int layer;
  const Rule *rule;
} OF(Place);

INLINE void OF(activate)(floats sums, long row, long col, const void *with) {
  const int l = ((const OF(Place) *)with)->layer;
  const floats z = sums + LOAD(OF(biases)[l][0] + col);
  STORE(OF(activations)[l] + row * WIDTH(l + 1) + col,
        l == LAYERS - 1 ? z : TANH ? hyperbolicTangent(z) : larger(z, (floats){0}));
}

INLINE void OF(derive)(floats sums, long row, long col, const void *with) {
  const int l = ((const OF(Place) *)with)->layer;
  const long at = row * WIDTH(l + 1) + col;
  const floats y = LOAD(OF(activations)[l] + at);
  STORE(OF(gradients)[l] + at, TANH ? (floats)(sums * (1 - y * y)) : choose(y > 0, sums, (floats){0}));
}

INLINE void OF(update)(floats sums, long row, long col, const void *with) {
  const OF(Place) *place = with;
  update(OF(weights)[place->layer][0] + row * WIDTH(place->layer + 1) + col, LARGEST, sums, place->rule);
}

INLINE void OF(forward)(int l, const float *x) {
  gemm_f32(BATCH, WIDTH(l + 1), OF(size)[l], x, WIDTH_BEFORE(l), 1, OF(weights)[l][0], WIDTH(l + 1), 1,
           OF(activations)[l], OF(activate), &(OF(Place)){l, NULL});
}

INLINE void OF(backward)(int l, const float *x, const Rule *rule) {
  const float *gradient = OF(gradients)[l];
  if (l > 0)
    gemm_f32(BATCH, WIDTH(l), OF(size)[l + 1], gradient, WIDTH(l + 1), 1, OF(weights)[l][0], 1, WIDTH(l + 1),
             OF(gradients)[l - 1], OF(derive), &(OF(Place)){l - 1, NULL});
  gemm_f32(OF(size)[l], WIDTH(l + 1), BATCH, x, 1, WIDTH_BEFORE(l), gradient, WIDTH(l + 1), 1, NULL, OF(update),
           &(OF(Place)){l, rule});
  for (long j = 0; j < WIDTH(l + 1); j += 4) {
    floats even = {0}, odd = {0};
    for (long i = 0; i < BATCH; i += 2) {
      even += LOAD(gradient + i * WIDTH(l + 1) + j);
      odd += LOAD(gradient + (i + 1) * WIDTH(l + 1) + j);
    }
    update(OF(biases)[l][0] + j, WIDEST, even + odd, rule);
  }
}

/** The loss, with the gradient of the outputs; y has a number a sample. */
INLINE float OF(loss)(const float *y) {
  const long outputs = OF(size)[LAYERS], width = WIDTH(LAYERS);
  const float *z = OF(activations)[LAYERS - 1];
  float *gradient = OF(gradients)[LAYERS - 1];
  floats sum = {0};
  double product = 1;
  for (long i = 0; i < BATCH; i += 4) {
    float column[WIDEST * 4] __attribute__((aligned(16)));
    for (long j = 0; j < width; j += 4) transpose_f32(column + 4 * j, 4, z + i * width + j, width);
    const floats wanted = LOAD(y + i);
    if (TANH) {
      const floats error = LOAD(column) - wanted;
      sum += error * error;
      STORE(column, error * (2.f / BATCH));
    } else {
      floats most = LOAD(column), powers = {0}, chosen = {0};
      for (long j = 1; j < outputs; j++) most = larger(most, LOAD(column + 4 * j));
      for (long j = 0; j < outputs; j++) {
        const floats shifted = LOAD(column + 4 * j) - most, power = exponential(shifted);
        chosen += choose(wanted == (float)j, shifted, (floats){0});
        powers += power;
        STORE(column + 4 * j, power);
      }
      const floats scale = 1.f / BATCH / powers;
      for (long j = 0; j < outputs; j++)
        STORE(column + 4 * j,
              LOAD(column + 4 * j) * scale - choose(wanted == (float)j, 1.f / BATCH - (floats){0}, (floats){0}));
      sum -= chosen;
      // One logarithm is enough: 128 sums of up to 10 stay far below the largest double.
      product *= (double)(powers[0] * powers[1]) * (powers[2] * powers[3]);
    }
    for (long j = outputs; j < width; j++) STORE(column + 4 * j, (floats){0});
    for (long j = 0; j < width; j += 4) transpose_f32(gradient + i * width + j, width, column + 4 * j, 4);
  }
  const double total = (double)(sum[0] + sum[1]) + (sum[2] + sum[3]);
  return (TANH ? total : total + log(product)) / BATCH;
}

INLINE float OF(step)(const float *x, const float *y, Rule rule) {
  OF(forward)(0, x);
  OF(forward)(1, OF(activations)[0]);
  if (LAYERS == 3) OF(forward)(2, OF(activations)[1]);
  const float loss = OF(loss)(y);
  if (LAYERS == 3) OF(backward)(2, OF(activations)[1], &rule);
  OF(backward)(1, OF(activations)[0], &rule);
  OF(backward)(0, x, &rule);
  return loss;
}

static float OF(sgd)(const float *x, const float *y, float lr) {
  return OF(step)(x, y, (Rule){.adam = 0, .rate = lr});
}

static float OF(adam)(const float *x, const float *y, float lr) { return OF(step)(x, y, adamRule(lr)); }

/** Forgets what was trained, and reads weights, out x in, and biases of each layer. */
static void OF(start)(char files[][PATH]) {
  memset(OF(weights), 0, sizeof OF(weights));
  memset(OF(biases), 0, sizeof OF(biases));
  for (int l = 0; l < LAYERS; l++) {
    const long in = OF(size)[l], out = OF(size)[l + 1];
    float *weights = readFile(files[2 * l], in * out * 4), *biases = readFile(files[2 * l + 1], out * 4);
    for (long i = 0; i < in; i++)
      for (long j = 0; j < out; j++) OF(weights)[l][0][i * WIDTH(l + 1) + j] = weights[j * in + i];
    memcpy(OF(biases)[l][0], biases, out * 4);
    free(weights), free(biases);
  }
}

static const Network OF(network) = {LAYERS, BATCH, OF(size), OF(start), OF(sgd), OF(adam)};

#undef WIDTH
#undef WIDTH_BEFORE
#undef OF
#undef BATCH
#undef SIZES
#undef LAYERS
#undef WIDEST
#undef LARGEST
#undef TANH
