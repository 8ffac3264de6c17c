// The three products with factors rounded to bfloat16 (8 bits of mantissa) and sums in float32, by AVX512-BF16 or by
// the tiles of AMX. Everything else of a task stays float32: states, slopes, sums of gradients, weights.
//
// A row of 32 trials has two layouts. `whole`: all trials of one unit in one vector, for sums over trials. `pairs`: two
// vectors of 16 trials in which two neighbouring units alternate, for sums over units.
#pragma once
#include <immintrin.h>

#include "product.h"
#ifdef __AMX_BF16__
#include "amx.h"
#endif

namespace recurra {
namespace {

typedef Vec<float> Half;  // 32 bfloat16 numbers in the memory of 16 floats

#ifdef __AMX_BF16__
typedef TileProduct RoundedProduct;
typedef TileOuter RoundedOuter;
typedef TileRegisters RoundedRegisters;
#else
struct RoundedDot {
  typedef float Number;
  typedef uint32_t Weight;  // two bfloat16 numbers
  static constexpr int taken = 2, vectors = 2, slice = 2, most_rows = 12;

  template <class Get>
  static INLINE uint32_t weight(Get get) {
    return nearest_bfloat16(get(0)) | nearest_bfloat16(get(1)) << 16;
  }

  template <int R>
  static void rows(const uint32_t* weight, int length, const Half* in, const float* start, Vec<float>* out) {
    __m512 sum[R][2];
    UNROLL for (int r = 0; r < R; r++) sum[r][0] = sum[r][1] = _mm512_set1_ps(start ? start[r] : 0.0f);
    for (int k = 0; k < length; k++, weight += R, in += 2)
      UNROLL for (int r = 0; r < R; r++) {
        __m512bh both = (__m512bh)_mm512_set1_epi32(int(weight[r]));
        UNROLL for (int s = 0; s < 2; s++) sum[r][s] = _mm512_dpbf16_ps(sum[r][s], (__m512bh)in[s], both);
      }
    UNROLL for (int r = 0; r < R; r++) UNROLL for (int s = 0; s < 2; s++) out[2 * r + s] = (Vec<float>)sum[r][s];
  }
};

struct RoundedTile {
  typedef float Number;
  static constexpr int vectors = 1, most_left = 4, most_right = 4;

  template <int A, int B>
  static void sums(const Half* left, size_t left_stride, const Half* right, size_t right_stride, int times,
                   Vec<float>* gradient) {
    __m512 part[A][B];
    UNROLL for (int a = 0; a < A; a++) UNROLL for (int b = 0; b < B; b++) part[a][b] = _mm512_setzero_ps();
    for (int time = 0; time < times; time++, left += left_stride, right += right_stride)
      UNROLL for (int a = 0; a < A; a++)
        UNROLL for (int b = 0; b < B; b++)
          part[a][b] = _mm512_dpbf16_ps(part[a][b], (__m512bh)left[a], (__m512bh)right[b]);
    Vec<float> sum[16] = {};
    UNROLL for (int a = 0; a < A; a++) UNROLL for (int b = 0; b < B; b++) sum[a * B + b] = (Vec<float>)part[a][b];
    *gradient += sums_over_lanes<float>(sum);
  }
};

typedef Product<RoundedDot> RoundedProduct;
typedef Outer<RoundedTile> RoundedOuter;
typedef NoRegisters RoundedRegisters;
#endif

template <>
struct Rounded<float> {
  typedef RoundedProduct Matrix;
  typedef RoundedOuter Gradient;
  typedef RoundedRegisters Registers;

  // Round `rows` rows of two vectors each into both layouts. `whole` has room for an even number of rows; `pairs` gets
  // zeros up to the number that `Matrix` takes.
  static void round(const Vec<float>* from, int rows, Half* whole, Half* pairs) {
    short low[32], high[32];
    for (int l = 0; l < 16; l++) {
      low[2 * l] = short(l), low[2 * l + 1] = short(32 + l);
      high[2 * l] = short(16 + l), high[2 * l + 1] = short(48 + l);
    }
    const __m512i first = _mm512_loadu_si512(low), second = _mm512_loadu_si512(high);
    for (int row = 0; row < rows; row++)
      whole[row] = (Half)_mm512_cvtne2ps_pbh((__m512)from[2 * row + 1], (__m512)from[2 * row]);
    if (rows % 2) whole[rows] = Half{};
    for (int row = 0; row < rows; row += 2) {
      __m512i one = (__m512i)whole[row], other = (__m512i)whole[row + 1];
      pairs[row] = (Half)_mm512_permutex2var_epi16(one, first, other);
      pairs[row + 1] = (Half)_mm512_permutex2var_epi16(one, second, other);
    }
    for (int row = (rows + 1) / 2 * 2; row < Matrix::length(rows) * Matrix::taken; row++) pairs[row] = Half{};
  }
};

}  // namespace
}  // namespace recurra
