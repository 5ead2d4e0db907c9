// What both programs of the limit share: products of matrices, files and the time.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INLINE static inline __attribute__((always_inline))
#define BLOCK_ROWS 128
#define DEPTH 256
#define MAX_COLS 2048
/** Multiplications up to which packing takes longer than it saves. */
#define IN_PLACE (48. * 48 * 48)

#define REAL float
#define LANES 4
#define NAME(x) x##_f32
#include "gemm-of.h"

static void *readFile(const char *path, size_t bytes) {
  void *data = aligned_alloc(64, (bytes + 63) / 64 * 64);
  FILE *file = fopen(path, "rb");
  if (!file || fread(data, 1, bytes, file) != bytes) exit(1);
  fclose(file);
  return data;
}

static void writeFile(const char *path, const void *data, size_t bytes) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(data, 1, bytes, file) != bytes || fclose(file)) exit(1);
}

static double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}
