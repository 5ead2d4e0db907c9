// C = op(A)·op(B) for one type of elements: REAL, of which a 128-bit vector has LANES. NAME(x) is the name of x for it.
// A[i, p] is at a[i * aRow + p * aCol], B[p, j] at b[p * bRow + j * bCol]. Sizes are multiples of a tile's, but that a
// small product may be one vector wide.

typedef REAL NAME(vector) __attribute__((vector_size(16), aligned(sizeof(REAL)), may_alias));
#define VECTOR NAME(vector)
#define LOAD(from) (*(const VECTOR *)(from))
#define STORE(to, value) (*(VECTOR *)(to) = (value))

#define SHUFFLE __builtin_shufflevector
#define ROWS(f) f(0) f(1) f(2) f(3)
#define CLEAR(i) VECTOR c##i##0 = {0}, c##i##1 = {0};
#define ADD(i)                                  \
  {                                             \
    const VECTOR x = a[i * aRow] - (VECTOR){0}; \
    c##i##0 += x * b0;                          \
    if (vectors == 2) c##i##1 += x * b1;        \
  }
#define FINISH(i)                                 \
  if (accumulate) c##i##0 += LOAD(out);           \
  STORE(out, c##i##0);                            \
  if (vectors == 2) {                             \
    if (accumulate) c##i##1 += LOAD(out + LANES); \
    STORE(out + LANES, c##i##1);                  \
  }                                               \
  out += ld;

/** A tile of 4 rows and one or two vectors. */
INLINE void NAME(tile)(int vectors, REAL *out, long ld, const REAL *a, long aRow, long aCol, const REAL *b, long bRow,
                       long depth, int accumulate) {
  ROWS(CLEAR)
#pragma GCC unroll 4
  for (long p = 0; p < depth; p++, a += aCol, b += bRow) {
    const VECTOR b0 = LOAD(b), b1 = vectors == 2 ? LOAD(b + LANES) : b0;
    ROWS(ADD)
  }
  ROWS(FINISH)
}

static NOINLINE void NAME(packedTile)(REAL *out, long ld, const REAL *a, const REAL *b, long depth, int accumulate) {
  NAME(tile)(2, out, ld, a, 1, 4, b, 2 * LANES, depth, accumulate);
}

static NOINLINE void NAME(tileInPlace)(REAL *out, long ld, const REAL *a, long aRow, long aCol, const REAL *b,
                                       long bRow, long depth) {
  NAME(tile)(2, out, ld, a, aRow, aCol, b, bRow, depth, 0);
}

/** Packs panels of `width` elements that lie side by side, `step` from term to term. */
static void NAME(packAcross)(REAL *out, const REAL *from, long step, long count, long width, long depth) {
  for (long panel = 0; panel < count; panel += width, from += width)
    for (long p = 0; p < depth; p++, out += width)
      for (long j = 0; j < width; j += LANES) STORE(out + j, LOAD(from + p * step + j));
}

/** Writes LANES rows, `step` apart, as LANES columns, `width` apart. */
INLINE void NAME(transpose)(REAL *to, long width, const REAL *from, long step) {
#if LANES == 4
  const VECTOR x0 = LOAD(from), x1 = LOAD(from + step), x2 = LOAD(from + 2 * step), x3 = LOAD(from + 3 * step);
  const VECTOR low01 = SHUFFLE(x0, x1, 0, 4, 1, 5), high01 = SHUFFLE(x0, x1, 2, 6, 3, 7);
  const VECTOR low23 = SHUFFLE(x2, x3, 0, 4, 1, 5), high23 = SHUFFLE(x2, x3, 2, 6, 3, 7);
  STORE(to, SHUFFLE(low01, low23, 0, 1, 4, 5));
  STORE(to + width, SHUFFLE(low01, low23, 2, 3, 6, 7));
  STORE(to + 2 * width, SHUFFLE(high01, high23, 0, 1, 4, 5));
  STORE(to + 3 * width, SHUFFLE(high01, high23, 2, 3, 6, 7));
#else
  const VECTOR x0 = LOAD(from), x1 = LOAD(from + step);
  STORE(to, SHUFFLE(x0, x1, 0, 2));
  STORE(to + width, SHUFFLE(x0, x1, 1, 3));
#endif
}

/** Packs panels of `width` rows, `step` apart, whose terms lie side by side. */
static void NAME(packAlong)(REAL *out, const REAL *from, long step, long count, long width, long depth) {
  for (long i = 0; i < count; i += LANES) {
    REAL *to = out + i / width * width * depth + i % width;
    for (long p = 0; p < depth; p += LANES) NAME(transpose)(to + p * width, width, from + i * step + p, step);
  }
}

static REAL NAME(packedA)[BLOCK_ROWS * DEPTH] __attribute__((aligned(64)));
static REAL NAME(packedB)[MAX_COLS * DEPTH] __attribute__((aligned(64)));

static void NAME(gemm)(REAL *out, const REAL *a, const REAL *b, long m, long n, long k, long aRow, long aCol, long bRow,
                       long bCol) {
  if (bCol == 1 && (double)m * n * k <= IN_PLACE) {
    long j = 0;
    for (; j + 2 * LANES <= n; j += 2 * LANES)
      for (long i = 0; i < m; i += 4) NAME(tileInPlace)(out + i * n + j, n, a + i * aRow, aRow, aCol, b + j, bRow, k);
    if (j < n)
      for (long i = 0; i < m; i += 4) NAME(tile)(1, out + i * n + j, n, a + i * aRow, aRow, aCol, b + j, bRow, k, 0);
    return;
  }
  for (long p = 0; p < k; p += DEPTH) {
    const long depth = k - p < DEPTH ? k - p : DEPTH;
    if (bCol == 1) NAME(packAcross)(NAME(packedB), b + p * bRow, bRow, n, 2 * LANES, depth);
    else NAME(packAlong)(NAME(packedB), b + p, bCol, n, 2 * LANES, depth);
    for (long i = 0; i < m; i += BLOCK_ROWS) {
      const long rows = m - i < BLOCK_ROWS ? m - i : BLOCK_ROWS;
      const REAL *from = a + i * aRow + p * aCol;
      if (aRow == 1) NAME(packAcross)(NAME(packedA), from, aCol, rows, 4, depth);
      else NAME(packAlong)(NAME(packedA), from, aRow, rows, 4, depth);
      for (long j = 0; j < n; j += 2 * LANES)
        for (long r = 0; r < rows; r += 4)
          NAME(packedTile)(out + (i + r) * n + j, n, NAME(packedA) + r * depth, NAME(packedB) + j * depth, depth,
                           p > 0);
    }
  }
}
