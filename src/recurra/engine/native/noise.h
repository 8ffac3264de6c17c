// Standard normal numbers that depend on a key, a trial, a step and a unit, and on nothing else:
// Threefry-2x32 with 20 rounds (Salmon et al. 2011), then Box and Muller (1958). engine/noise.py has the same in JAX.
#pragma once
#include "vectors.h"

namespace recurra {
namespace {

template <int n>
INLINE void threefry(const uint32_t* key, const uint32_t* high, const uint32_t* low, uint32_t* a, uint32_t* b) {
  constexpr int turns[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  const uint32_t keys[3] = {key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDAu};
  for (int l = 0; l < n; l++) {
    uint32_t x = high[l] + keys[0], y = low[l] + keys[1];
    UNROLL for (int round = 0; round < 20; round++) {
      x += y;
      y = (y << turns[round % 8]) | (y >> (32 - turns[round % 8]));
      y ^= x;
      if (round % 4 == 3) {
        x += keys[(round / 4 + 1) % 3];
        y += keys[(round / 4 + 2) % 3] + round / 4 + 1;
      }
    }
    a[l] = x;
    b[l] = y;
  }
}

// A number in (0, 1) from the leading bits of a word: 24 bits for float, 32 for double.
template <class T>
INLINE T unit_interval(uint32_t word) {
  return sizeof(T) == 4 ? (T(word >> 8) + T(0.5)) * T(0x1p-24) : (T(word) + T(0.5)) * T(0x1p-32);
}

template <class T>
INLINE void cosine_and_sine_of_turns(Vec<T> turns, Vec<T>& cosine, Vec<T>& sine) {
  constexpr T turn = T(6.283185307179586476925286766559L);
  Vec<T> quarter = (turns * T(4) + all(Vector<T>::rounder)) - all(Vector<T>::rounder);
  Vec<T> x = (turns - quarter * T(0.25)) * turn, square = x * x, c = all(T(1)), s = all(T(1));
  UNROLL for (int k = Vector<T>::series_terms / 2 + 2; k > 0; k--) {
    c = all(T(1)) - c * square * (T(1) / T((2 * k) * (2 * k - 1)));
    s = all(T(1)) - s * square * (T(1) / T((2 * k) * (2 * k + 1)));
  }
  s = s * x;
  auto first = quarter == all(T(1)), second = quarter == all(T(2)), third = quarter == all(T(3));
  Vec<T> plain_cosine = (first | third) ? s : c, plain_sine = (first | third) ? c : s;
  cosine = (first | second) ? -plain_cosine : plain_cosine;
  sine = (second | third) ? -plain_sine : plain_sine;
}

// Two independent vectors of standard normal numbers, one pair for each counter (high, low).
template <class T>
INLINE void two_normals(const uint32_t* key, const uint32_t* high, const uint32_t* low, Vec<T>& one, Vec<T>& other) {
  constexpr int n = LANES<T>;
  uint32_t a[n], b[n];
  threefry<n>(key, high, low, a, b);
  Vec<T> uniform, turns, radius, cosine, sine;
  for (int l = 0; l < n; l++) {
    uniform[l] = unit_interval<T>(a[l]);
    turns[l] = unit_interval<T>(b[l]);
  }
  Vec<T> square = logarithm<T>(uniform) * T(-2);
  for (int l = 0; l < n; l++) radius[l] = sizeof(T) == 4 ? __builtin_sqrtf(square[l]) : __builtin_sqrt(square[l]);
  cosine_and_sine_of_turns<T>(turns, cosine, sine);
  one = radius * cosine;
  other = radius * sine;
}

// The same for the trials trial, trial + 1, ... and one value of `low`.
template <class T>
INLINE void two_normals(const uint32_t* key, uint32_t trial, uint32_t low, Vec<T>& one, Vec<T>& other) {
  uint32_t trials[LANES<T>], lows[LANES<T>];
  for (int l = 0; l < LANES<T>; l++) trials[l] = trial + l, lows[l] = low;
  two_normals<T>(key, trials, lows, one, other);
}

}  // namespace
}  // namespace recurra
