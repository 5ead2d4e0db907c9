// op(A)·op(B) for one type of elements: REAL, of which a 128-bit vector has LANES. NAME(x) is the name of x for it.
// A[i, p] is at a[i * aRow + p * aCol], B[p, j] at b[p * bRow + j * bCol]. Rows and columns are multiples of 4, but that A
// may have 2 rows. `finish`, inlined, takes vectors of sums with the row and the column of the first.

typedef REAL NAME(vector) __attribute__((vector_size(16), aligned(sizeof(REAL)), may_alias));
typedef void NAME(finish)(NAME(vector) sums, long row, long col, const void *with);
#define VECTOR NAME(vector)
#define LOAD(from) (*(const VECTOR *)(from))
#define STORE(to, value) (*(VECTOR *)(to) = (value))
#define SHUFFLE __builtin_shufflevector

typedef struct {
  REAL *out;
  long ld;
} NAME(Matrix);

/** The `finish` that stores sums in a matrix. */
INLINE void NAME(store)(VECTOR sums, long row, long col, const void *with) {
  const NAME(Matrix) *to = with;
  STORE(to->out + row * to->ld + col, sums);
}

// A tile is written out, because GCC keeps all sums in registers only when each is a variable of its own.
#define EACH_ROW(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7)
#define CLEAR(i) VECTOR c##i##0 = {0}, c##i##1 = {0};
#define RESUME(i)                                               \
  if (i < rows) {                                               \
    c##i##0 = LOAD(partial + i * ld);                           \
    if (vectors == 2) c##i##1 = LOAD(partial + i * ld + LANES); \
  }
#define ADD(i)                                  \
  if (i < rows) {                               \
    const VECTOR x = a[i * aRow] - (VECTOR){0}; \
    c##i##0 += x * b0;                          \
    if (vectors == 2) c##i##1 += x * b1;        \
  }
#define FINISH(i)                                                  \
  if (i < rows) {                                                  \
    finish(c##i##0, row + i, col, with);                           \
    if (vectors == 2) finish(c##i##1, row + i, col + LANES, with); \
  }

/** A tile of up to 8 rows and one or two vectors, which adds to partial sums where there are any. */
INLINE void NAME(tile)(int rows, int vectors, const REAL *a, long aRow, long aCol, const REAL *b, long bRow, long depth,
                       const REAL *partial, long ld, NAME(finish) finish, const void *with, long row, long col) {
  EACH_ROW(CLEAR)
  if (partial) { EACH_ROW(RESUME) }
#pragma GCC unroll 8
  for (long p = 0; p < depth; p++, a += aCol, b += bRow) {
    const VECTOR b0 = LOAD(b), b1 = vectors == 2 ? LOAD(b + LANES) : b0;
    EACH_ROW(ADD)
  }
  EACH_ROW(FINISH)
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
INLINE void NAME(packAlong)(REAL *out, const REAL *from, long step, long count, long width, long depth) {
  for (long i = 0; i < count; i += LANES) {
    REAL *to = out + i / width * width * depth + i % width;
    for (long p = 0; p < depth; p += LANES) NAME(transpose)(to + p * width, width, from + i * step + p, step);
  }
}

static REAL NAME(packedA)[BLOCK_ROWS * DEPTH] __attribute__((aligned(64)));
static REAL NAME(packedB)[MAX_COLS * DEPTH] __attribute__((aligned(64)));

/** Columns of tiles that read both operands in place. */
INLINE void NAME(inPlace)(int rows, int vectors, long m, long from, long to, long k, const REAL *a, long aRow, long aCol,
                          const REAL *b, long bRow, NAME(finish) finish, const void *with) {
  for (long j = from; j < to; j += vectors * LANES)
    for (long i = 0; i < m; i += rows)
      NAME(tile)(rows, vectors, a + i * aRow, aRow, aCol, b + j, bRow, k, NULL, 0, finish, with, i, j);
}

/** The product of m x k by k x n. Sums of more than DEPTH terms are kept in `partial`, which has n columns. */
INLINE void NAME(gemm)(long m, long n, long k, const REAL *a, long aRow, long aCol, const REAL *b, long bRow, long bCol,
                       REAL *partial, NAME(finish) finish, const void *with) {
  if (n % (2 * LANES) || (double)m * n * k <= IN_PLACE) {
    const long pairs = n / (2 * LANES) * 2 * LANES;
    if (bCol != 1) {
      NAME(packAlong)(NAME(packedB), b, bCol, n, n, (k + LANES - 1) / LANES * LANES);
      b = NAME(packedB), bRow = n;
    }
    if (m % 4) NAME(inPlace)(2, 2, m, 0, pairs, k, a, aRow, aCol, b, bRow, finish, with);
    else NAME(inPlace)(4, 2, m, 0, pairs, k, a, aRow, aCol, b, bRow, finish, with);
    if (m % 8) NAME(inPlace)(4, 1, m, pairs, n, k, a, aRow, aCol, b, bRow, finish, with);
    else NAME(inPlace)(8, 1, m, pairs, n, k, a, aRow, aCol, b, bRow, finish, with);
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
        for (long r = 0; r < rows; r += 4) {
          const REAL *left = NAME(packedA) + r * depth, *right = NAME(packedB) + j * depth;
          REAL *here = partial + (i + r) * n + j;
          if (p + depth == k)
            NAME(tile)(4, 2, left, 1, 4, right, 2 * LANES, depth, p ? here : NULL, n, finish, with, i + r, j);
          else
            NAME(tile)(4, 2, left, 1, 4, right, 2 * LANES, depth, p ? here : NULL, n, NAME(store),
                       &(NAME(Matrix)){partial, n}, i + r, j);
        }
    }
  }
}
