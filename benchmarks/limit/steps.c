// What a training step can reach with 128-bit vectors, multiplication and addition: written for each network, with all
// sizes known, nothing allocated, and products that end in what is done with their sums.
//
// Speaks as harness/sides.js says; a work is NETWORK OPTIMIZER LR CALLS BATCHES FILE… FILE_OUT. The files have the batches
// of inputs, the batches of targets, and the weights and biases of each layer.

#include <math.h>
#include "program.h"
#include "elementary.h"

/** The longest path, and the most files of a work. */
#define PATH 256
#define FILES 32

typedef struct {
  int adam;
  /** The learning rate; for Adam over 1 − β₁ᵗ. */
  float rate;
  /** 1 / √(1 − β₂ᵗ). */
  float scale;
} Rule;

static const float MOMENTUM = 0.9f;
static const double BETA1 = 0.9, BETA2 = 0.999;
/** β₁ᵗ and β₂ᵗ. */
static double decay1, decay2;

static Rule adamRule(float lr) {
  decay1 *= BETA1, decay2 *= BETA2;
  return (Rule){1, lr / (1 - decay1), 1 / sqrt(1 - decay2)};
}

/**
 * One update of values whose moments lie `stride` and twice as far behind them: SGD with momentum, or Adam (Kingma & Ba
 * 2015), by PyTorch's rules.
 */
INLINE void update(float *value, long stride, floats gradient, const Rule *rule) {
  float *first = value + stride, *second = value + 2 * stride;
  if (rule->adam) {
    const floats m = LOAD(first) * (float)BETA1 + gradient * (float)(1 - BETA1);
    const floats v = LOAD(second) * (float)BETA2 + gradient * gradient * (float)(1 - BETA2);
    STORE(first, m);
    STORE(second, v);
    STORE(value, LOAD(value) - rule->rate * m / (squareRoot(v) * rule->scale + 1e-8f));
  } else {
    const floats velocity = LOAD(first) * MOMENTUM + gradient;
    STORE(first, velocity);
    STORE(value, LOAD(value) - velocity * rule->rate);
  }
}

typedef float Step(const float *x, const float *y, float lr);

typedef struct {
  int layers;
  long batch;
  const long *sizes;
  void (*start)(char files[][PATH]);
  Step *sgd, *adam;
} Network;

#define OF(x) xor_##x
#define BATCH 4
#define SIZES 2, 8, 1
#define LAYERS 2
#define WIDEST 8
#define LARGEST (8 * 4)
#define TANH 1
#include "network-of.h"

#define OF(x) moons_##x
#define BATCH 32
#define SIZES 2, 16, 16, 2
#define LAYERS 3
#define WIDEST 16
#define LARGEST (16 * 16)
#define TANH 0
#include "network-of.h"

#define OF(x) iris_##x
#define BATCH 32
#define SIZES 4, 32, 3
#define LAYERS 2
#define WIDEST 32
#define LARGEST (32 * 4)
#define TANH 0
#include "network-of.h"

#define OF(x) digits_##x
#define BATCH 64
#define SIZES 64, 64, 64, 10
#define LAYERS 3
#define WIDEST 64
#define LARGEST (64 * 64)
#define TANH 0
#include "network-of.h"

#define OF(x) mnist_##x
#define BATCH 64
#define SIZES 784, 128, 10
#define LAYERS 2
#define WIDEST 128
#define LARGEST (784 * 128)
#define TANH 0
#include "network-of.h"

#define OF(x) large_##x
#define BATCH 128
#define SIZES 784, 512, 512, 10
#define LAYERS 3
#define WIDEST 512
#define LARGEST (784 * 512)
#define TANH 0
#include "network-of.h"

static const struct {
  const char *name;
  const Network *network;
} networks[] = {{"xor", &xor_network},       {"moons", &moons_network}, {"iris", &iris_network},
                {"digits", &digits_network}, {"mnist", &mnist_network}, {"mnist-large", &large_network}};

static float *readBatches(char files[][PATH], long batches, size_t elements) {
  float *all = malloc(batches * elements * sizeof *all);
  for (long i = 0; i < batches; i++) {
    float *batch = readFile(files[i], elements * sizeof *all);
    memcpy(all + i * elements, batch, elements * sizeof *all);
    free(batch);
  }
  return all;
}

int main(void) {
  char command[16], name[16], optimizer[16], files[FILES][PATH];
  const Network *network = NULL;
  Step *step = NULL;
  float *x = NULL, *y = NULL, *losses = NULL, lr = 0;
  long calls = 0, batches = 1, next = 0;
  puts("C with 128-bit vectors");
  fflush(stdout);
  while (scanf("%15s", command) == 1) {
    const int preparing = !strcmp(command, "prepare");
    long count = 0;
    if (preparing) {
      if (scanf("%15s %15s %f %ld %ld", name, optimizer, &lr, &calls, &batches) != 5) return 1;
      for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        if (!strcmp(name, networks[i].name)) network = networks[i].network;
      if (!network) return 1;
      count = 2 * batches + 2 * network->layers + 1;
      if (count > FILES) return 1;
      for (long i = 0; i < count; i++)
        if (scanf("%255s", files[i]) != 1) return 1;
      free(x), free(y), free(losses);
      x = readBatches(files, batches, network->batch * network->sizes[0]);
      y = readBatches(files + batches, batches, network->batch);
      losses = malloc(calls * sizeof *losses);
      network->start(files + 2 * batches);
      step = strcmp(optimizer, "adam") ? network->sgd : network->adam;
      decay1 = decay2 = 1, next = 0;
    } else if (scanf("%ld", &calls) != 1) return 1;
    float loss = 0;
    const double began = seconds();
    for (long i = 0; i < calls; i++) {
      loss = step(x + next * network->batch * network->sizes[0], y + next * network->batch, lr);
      next = next + 1 == batches ? 0 : next + 1;
      if (preparing) losses[i] = loss;
    }
    const double took = seconds() - began;
    if (preparing) {
      writeFile(files[count - 1], losses, calls * sizeof *losses);
      puts("ready");
    } else printf("%.9g\n", took);
    fflush(stdout);
  }
}
