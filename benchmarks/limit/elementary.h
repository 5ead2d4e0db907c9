// Elementary functions of vectors of floats, within a few ulp.

typedef vector_f32 floats;
typedef int ints __attribute__((vector_size(16)));

INLINE floats choose(ints which, floats yes, floats no) { return (floats)((which & (ints)yes) | (~which & (ints)no)); }
INLINE floats larger(floats x, floats y) { return __builtin_ia32_maxps(x, y); }
INLINE floats smaller(floats x, floats y) { return __builtin_ia32_minps(x, y); }
INLINE floats squareRoot(floats x) { return __builtin_ia32_sqrtps(x); }

/**
 * exp(x) of x up to 0 as 2^n·exp(r), with n the integer nearest to x / ln 2, a sum with 1.5·2^23 rounding to it, and
 * Taylor's polynomial for r, whose next term is below 0.2 ulp for |r| up to ln 2 / 2. Below the smallest normal float it is 0.
 */
INLINE floats exponential(floats x) {
  const floats rounding = 12582912 - (floats){0};
  const floats shifted = x * 1.44269504f + rounding, n = shifted - rounding;
  const floats r = x - n * 0.693145752f - n * 1.42860677e-6f;
  const floats tail = 1 / 2.f + r * (1 / 6.f + r * (1 / 24.f + r * (1 / 120.f + r * (1 / 720.f))));
  const floats power = (floats)(((ints)shifted << 23) + 0x3f800000);
  return choose(x < -87.3f, (floats){0}, power * (1 + (r + r * r * tail)));
}

/** tanh(x) as x·p(x²)/q(x²), a minimax fit up to 9.011, from where on it is 1: 0.4 ulp off before rounding. */
INLINE floats hyperbolicTangent(floats x) {
  x = smaller(larger(x, -9.011f - (floats){0}), 9.011f - (floats){0});
  const floats s = x * x, s2 = s * s, s4 = s2 * s2;
  const floats p =
      0.9999999799f + s * 0.1338046883f + s2 * (0.003494920981f + s * 2.059785489e-5f) + s4 * 1.333858512e-8f;
  const floats q = 1 + s * 0.4671378452f + s2 * (0.0258744593f + s * 0.00032845333f) + s4 * 7.77009137e-7f;
  return x * p / q;
}
