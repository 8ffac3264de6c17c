// Vectors of the processor for which this file is compiled, and functions of them.
//
// A pack has 64 bytes on every processor: 16 floats or 8 doubles. It consists of one or more vectors of the processor.
// Lanes are added in the same order everywhere, so that all processors with fused multiply-add get the same bits,
// whatever the length of their vectors.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace recurra {
namespace {

#if defined(__AVX512F__)
constexpr int VECTOR_BYTES = 64;
#elif defined(__AVX2__)
constexpr int VECTOR_BYTES = 32;
#else
constexpr int VECTOR_BYTES = 16;
#endif
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int ACCUMULATORS = 24;  // of 32 registers
#else
constexpr int ACCUMULATORS = 12;  // of 16 registers
#endif

#define INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32")

template <class T>
struct Vector;
template <>
struct Vector<float> {
  typedef float type __attribute__((vector_size(VECTOR_BYTES)));
  typedef uint32_t bits __attribute__((vector_size(VECTOR_BYTES)));
  static constexpr int exponent_bias = 127, mantissa_bits = 23, series_terms = 7, atanh_terms = 7;
  static constexpr float exp_limit = 88.0f, rounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds
};
template <>
struct Vector<double> {
  typedef double type __attribute__((vector_size(VECTOR_BYTES)));
  typedef uint64_t bits __attribute__((vector_size(VECTOR_BYTES)));
  static constexpr int exponent_bias = 1023, mantissa_bits = 52, series_terms = 14, atanh_terms = 16;
  static constexpr double exp_limit = 709.0, rounder = 6755399441055744.0;  // 1.5 * 2^52
};
template <class T>
using Vec = typename Vector<T>::type;
template <class T>
using Bits = typename Vector<T>::bits;

template <class T>
constexpr int LANES = VECTOR_BYTES / sizeof(T);
template <class T>
constexpr int PACK = 64 / sizeof(T);
constexpr int PIECES = 64 / VECTOR_BYTES;  // vectors in a pack

template <class T>
INLINE Vec<T> all(T value) {
  return Vec<T>{} + value;
}

// ---- elementary functions; NaN stays NaN

template <class T>
INLINE Vec<T> magnitude(Vec<T> x) {
  constexpr typename std::conditional<sizeof(T) == 4, uint32_t, uint64_t>::type sign = 1;
  return (Vec<T>)((Bits<T>)x & ~(Bits<T>{} + (sign << (8 * sizeof(T) - 1))));
}

template <class T>
INLINE Vec<T> with_sign_of(Vec<T> size, Vec<T> x) {
  constexpr typename std::conditional<sizeof(T) == 4, uint32_t, uint64_t>::type sign = 1;
  return (Vec<T>)((Bits<T>)size | ((Bits<T>)x & (Bits<T>{} + (sign << (8 * sizeof(T) - 1)))));
}

template <class T>
INLINE Vec<T> at_most(Vec<T> x, T bound) {
  return x > all(bound) ? all(bound) : x;
}

template <class T>
INLINE Vec<T> at_least(Vec<T> x, T bound) {
  return x < all(bound) ? all(bound) : x;
}

constexpr double factorial(int n) { return n < 2 ? 1.0 : n * factorial(n - 1); }

// The polynomial with these coefficients, the constant one first.
template <class T, int n>
INLINE Vec<T> polynomial(const T (&coefficients)[n], Vec<T> x) {
  Vec<T> sum = all(coefficients[n - 1]);
  UNROLL for (int k = n - 2; k >= 0; k--) sum = sum * x + all(coefficients[k]);
  return sum;
}

// exp(x) = scale * (1 + rest) with scale a power of two and rest = exp(r) - 1, |r| <= ln(2)/2, by Taylor's series.
template <class T>
INLINE void split_exp(Vec<T> x, Vec<T>& scale, Vec<T>& rest) {
  using V = Vector<T>;
  constexpr long double ln2 = 0.693147180559945309417232121458176568L;
  constexpr T high = sizeof(T) == 4 ? T(0.693145751953125L) : T(0.693147180369123816490L);
  constexpr T low = T(ln2 - (long double)high);
  Vec<T> shifted = x * T(1 / ln2) + all(V::rounder);
  Vec<T> n = shifted - all(V::rounder);
  Vec<T> r = (x - n * high) - n * low;
  Vec<T> sum = Vec<T>{};
  UNROLL for (int k = V::series_terms; k > 0; k--) sum = sum * r + all(T(1 / factorial(k)));
  rest = sum * r;
  scale = (Vec<T>)(((Bits<T>)shifted << V::mantissa_bits) +
                   ((Bits<T>{} + V::exponent_bias) << V::mantissa_bits));
}

template <class T>
INLINE Vec<T> exponential(Vec<T> x) {
  Vec<T> scale, rest;
  split_exp<T>(at_least<T>(at_most<T>(x, Vector<T>::exp_limit), -Vector<T>::exp_limit), scale, rest);
  return scale * rest + scale;
}

// 2 atanh(s) by its series, |s| <= 1/3.
template <class T>
INLINE Vec<T> twice_atanh(Vec<T> s) {
  Vec<T> square = s * s, sum = Vec<T>{};
  UNROLL for (int k = Vector<T>::atanh_terms; k >= 0; k--) sum = sum * square + all(T(2) / T(2 * k + 1));
  return sum * s;
}

// log(x) of a positive normal number: x = m 2^e with m in [3/4, 3/2).
template <class T>
INLINE Vec<T> logarithm(Vec<T> x) {
  using V = Vector<T>;
  constexpr T quarter_up = T(1.5);
  Bits<T> bits = (Bits<T>)x, one = (Bits<T>)all(T(1)), mantissa = ((Bits<T>{} + 1) << V::mantissa_bits) - 1;
  Vec<T> m = (Vec<T>)((bits & mantissa) | one);
  Bits<T> exponent = bits >> V::mantissa_bits;
  // the exponent as a number: it is written into the mantissa of `rounder`
  Vec<T> e = (Vec<T>)((Bits<T>)all(V::rounder) + exponent) - all(V::rounder + T(V::exponent_bias));
  Vec<T> large = m >= all(quarter_up) ? all(T(1)) : Vec<T>{};
  m = m * (all(T(1)) - large * T(0.5));
  e = e + large;
  return e * T(0.693147180559945309417232121458176568L) + twice_atanh<T>((m - all(T(1))) / (m + all(T(1))));
}

struct Tanh {
  template <class T>
  static INLINE Vec<T> value(Vec<T> x) {
    if constexpr (sizeof(T) == 4) {  // a rational function from benchmarks/tanh_approximation.py, error below 5e-7
      constexpr T above[] = {0.999999881f, 0.129344225f, 0.00296047749f, 1.1531879e-05f};
      constexpr T below[] = {1.0f, 0.462676495f, 0.0238541011f, 0.000240012625f, 2.49255919e-07f};
      x = at_least<T>(at_most<T>(x, 7.9f), -7.9f);
      Vec<T> square = x * x;
      return x * polynomial<T>(above, square) / polynomial<T>(below, square);
    } else {  // (e^2|x| - 1) / (e^2|x| + 1)
      Vec<T> scale, rest;
      split_exp<T>(at_most<T>(magnitude<T>(x), T(20)) * T(2), scale, rest);
      Vec<T> minus_one = scale * rest + (scale - all(T(1)));
      return with_sign_of<T>(minus_one / (minus_one + all(T(2))), x);
    }
  }
  template <class T>
  static INLINE Vec<T> slope(Vec<T> value) {
    return all(T(1)) - value * value;
  }
};

struct Relu {
  template <class T>
  static INLINE Vec<T> value(Vec<T> x) {
    return at_least<T>(x, T(0));
  }
  template <class T>
  static INLINE Vec<T> slope(Vec<T> value) {
    return value > Vec<T>{} ? all(T(1)) : Vec<T>{};
  }
};

struct Sigmoid {
  template <class T>
  static INLINE Vec<T> value(Vec<T> x) {
    return all(T(1)) / (all(T(1)) + exponential<T>(-x));
  }
  template <class T>
  static INLINE Vec<T> slope(Vec<T> value) {
    return value * (all(T(1)) - value);
  }
};

template <int WIDTH>
struct HardSigmoid {  // rises from 0 to 1 within WIDTH
  template <class T>
  static INLINE Vec<T> value(Vec<T> x) {
    return at_least<T>(at_most<T>(x / T(WIDTH) + T(0.5), T(1)), T(0));
  }
  template <class T>
  static INLINE Vec<T> slope(Vec<T> value) {
    return (value > Vec<T>{}) & (value < all(T(1))) ? all(T(1) / T(WIDTH)) : Vec<T>{};
  }
};

struct Softplus {
  template <class T>
  static INLINE Vec<T> value(Vec<T> x) {  // log(1 + e^x)
    Vec<T> small = exponential<T>(-magnitude<T>(x));
    return at_least<T>(x, T(0)) + twice_atanh<T>(small / (small + all(T(2))));
  }
  template <class T>
  static INLINE Vec<T> slope(Vec<T> value) {
    return all(T(1)) - exponential<T>(-value);
  }
};

struct Linear {
  template <class T>
  static INLINE Vec<T> value(Vec<T> x) {
    return x;
  }
  template <class T>
  static INLINE Vec<T> slope(Vec<T>) {
    return all(T(1));
  }
};

// ---- sums over lanes

// One half (0: first, 1: second) of every group of G lanes of the vectors a and b, those of a and b in turn.
template <class T, int G, int HALF, int... lane>
INLINE Vec<T> halves(Vec<T> a, Vec<T> b, std::integer_sequence<int, lane...>) {
  constexpr auto from = [](int l) {
    int group = l / (G / 2);
    return group % 2 * LANES<T> + group / 2 * G + l % (G / 2) + HALF * (G / 2);
  };
#if defined(__clang__) || __GNUC__ >= 12
  return __builtin_shufflevector(a, b, from(lane)...);
#else
  return __builtin_shuffle(a, b, Bits<T>{(decltype(Bits<T>{}[0]))from(lane)...});
#endif
}

// The sums over the lanes of each of LANES vectors, as one vector. Lane l is first added to lane l + LANES/2.
template <class T, int G = LANES<T>>
INLINE Vec<T> sums_over_lanes(Vec<T>* a) {
  if constexpr (G == 1) {
    return a[0];
  } else {
    constexpr auto lanes = std::make_integer_sequence<int, LANES<T>>();
    UNROLL for (int i = 0; i < G / 2; i++) {
      Vec<T> first = a[i], second = a[i + G / 2];
      a[i] = halves<T, G, 0>(first, second, lanes) + halves<T, G, 1>(first, second, lanes);
    }
    return sums_over_lanes<T, G / 2>(a);
  }
}

// The sum over all lanes of one pack.
template <class T>
INLINE Vec<T> sum_of_pieces(const Vec<T>* piece, size_t stride) {
  if constexpr (PIECES == 1) return piece[0];
  if constexpr (PIECES == 2) return piece[0] + piece[stride];
  if constexpr (PIECES == 4) return (piece[0] + piece[2 * stride]) + (piece[stride] + piece[3 * stride]);
}

}  // namespace
}  // namespace recurra
