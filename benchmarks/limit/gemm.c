// What a matrix product can reach with 128-bit vectors, multiplication and addition: blocks packed into panels for the
// caches (Goto & van de Geijn 2008) and tiles of 4 rows by two vectors in registers; small products are read in place.
//
// Speaks as harness/sides.js says; a work is TYPE M N K TRANSPOSE_A TRANSPOSE_B FILE_A FILE_B FILE_OUT.

#include "program.h"
#undef REAL
#undef LANES
#undef NAME

#define REAL double
#define LANES 2
#define NAME(x) x##_f64
#include "gemm-of.h"

#define RUN(type) \
  gemm_##type(m, n, k, a, aRow, aCol, b, bRow, bCol, out, store_##type, &(Matrix_##type){out, n})

int main(void) {
  char command[16], type[16], fileA[4096], fileB[4096], fileOut[4096];
  void *a = NULL, *b = NULL, *out = NULL;
  long m = 0, n = 0, k = 0, isDouble = 0, aRow = 0, aCol = 0, bRow = 0, bCol = 0;
  puts("C with 128-bit vectors");
  fflush(stdout);
  while (scanf("%15s", command) == 1) {
    long times = 1;
    const int preparing = !strcmp(command, "prepare");
    if (preparing) {
      int transposeA, transposeB;
      const char *format = "%15s %ld %ld %ld %d %d %4095s %4095s %4095s";
      if (scanf(format, type, &m, &n, &k, &transposeA, &transposeB, fileA, fileB, fileOut) != 9) return 1;
      const int narrow = n == 4 && !transposeB && n * m * k <= IN_PLACE;
      if (m % 4 || k % 4 || (n % 8 && !narrow) || n > MAX_COLS) return 1;
      isDouble = !strcmp(type, "float64");
      aRow = transposeA ? 1 : k, aCol = transposeA ? m : 1;
      bRow = transposeB ? 1 : n, bCol = transposeB ? k : 1;
      free(a), free(b), free(out);
      const size_t bytes = isDouble ? 8 : 4;
      a = readFile(fileA, m * k * bytes), b = readFile(fileB, k * n * bytes);
      out = aligned_alloc(64, (m * n * bytes + 63) / 64 * 64);
    } else if (scanf("%ld", &times) != 1) return 1;
    const double began = seconds();
    for (long i = 0; i < times; i++)
      if (isDouble) RUN(f64);
      else RUN(f32);
    const double took = seconds() - began;
    if (preparing) {
      writeFile(fileOut, out, m * n * (isDouble ? 8 : 4));
      puts("ready");
    } else printf("%.9g\n", took);
    fflush(stdout);
  }
}
