// The products of bfloat16.h in the tiles of AMX, which processors of Intel have since Sapphire Rapids: one instruction
// multiplies two tiles of 16 rows of 32 bfloat16 numbers, and adds to a tile of 16 x 16 floats.
//
// A is a tile of rows of the left factor. B is a tile of pairs: its row p holds the rows 2p and 2p + 1 of the right
// factor, which alternate. The layout `pairs` of bfloat16.h is one for sums over units. For sums over trials `turn` makes
// one of the layout `whole`.
#pragma once
#include <immintrin.h>

#include "product.h"

namespace recurra {
namespace {

constexpr int TILE = 16;               // rows of a tile
constexpr int TILE_NUMBERS = 16 * 16;  // floats, or pairs of bfloat16 numbers

int tiles_for(int rows) { return (rows + TILE - 1) / TILE; }

// The compiler does not know what tiles load and store: here it has to have memory as the program has it.
INLINE void memory_is_used(const void* at = nullptr) { __asm__ volatile("" ::"r"(at) : "memory"); }

// While it lives, this thread has eight tiles of full size.
struct TileRegisters {
  TileRegisters() {
    struct {
      uint8_t palette = 1, start = 0, zeros[14] = {};
      uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {TILE, TILE, TILE, TILE, TILE, TILE, TILE, TILE};
    } configuration;
    memory_is_used(&configuration);
    _tile_loadconfig(&configuration);
  }
  TileRegisters(const TileRegisters&) = delete;
  ~TileRegisters() { _tile_release(); }
};

// As `Product`, with the weights in tiles: those of 16 rows follow each other along k.
struct TileProduct {
  typedef uint16_t Weight;
  static constexpr int taken = 32, most_rows = TILE, start_numbers = TILE;

  static int length(int depth) { return (depth + taken - 1) / taken; }
  static size_t weights(Parts rows, int depth) { return size_t(tiles_for(rows.total)) * length(depth) * TILE * taken; }

  template <class Element>
  static void pack(Parts rows, int depth, Element element, uint16_t* tiles) {
    for (int tile = 0; tile < tiles_for(rows.total); tile++)
      for (int k = 0; k < length(depth) * taken; k += taken)
        for (int row = tile * TILE; row < (tile + 1) * TILE; row++)
          for (int i = k; i < k + taken; i++)
            *tiles++ = row < rows.total && i < depth ? uint16_t(nearest_bfloat16(element(row, i))) : uint16_t(0);
  }

  // `in` is padded with finite numbers to whole tiles; `start`, if there is one, holds each number 16 times.
  static void multiply(const uint16_t* tiles, Parts rows, int depth, int first, const Vec<float>* in,
                       const float* start, Vec<float>* out) {
    const int count = tiles_for(rows.total), step = length(depth) * TILE * taken;
    memory_is_used();
    for (int tile = first / TILE; tile < count; tile += 2) {
      const int left = rows.total - tile * TILE;
      const float* from = start ? start + tile * TILE_NUMBERS : nullptr;
      (tile + 1 < count ? two<true> : two<false>)(tiles + size_t(tile) * step, step, length(depth), in, from,
                                                  out + tile * TILE * 2, left);
    }
    memory_is_used();
  }

  // One tile of rows or two, on all 32 trials; `left` rows are wanted.
  template <bool SECOND>
  static void two(const uint16_t* tiles, int step, int length, const Vec<float>* in, const float* start,
                  Vec<float>* out, int left) {
    if (start) {
      _tile_loadd(0, start, 64);
      _tile_loadd(1, start, 64);
      if constexpr (SECOND) {
        _tile_loadd(2, start + TILE_NUMBERS, 64);
        _tile_loadd(3, start + TILE_NUMBERS, 64);
      }
    } else {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
    }
    for (int k = 0; k < length; k++, tiles += TILE * taken, in += taken) {
      _tile_loadd(6, in, 128);
      _tile_loadd(7, in + 1, 128);
      _tile_loadd(4, tiles, 64);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      if constexpr (SECOND) {
        _tile_loadd(5, tiles + step, 64);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
    if (left >= (SECOND ? 2 : 1) * TILE) return store<SECOND>(out);
    Vec<float> whole[4 * TILE];
    store<SECOND>(whole);
    memory_is_used();
    memcpy(out, whole, sizeof(Vec<float>) * 2 * left);
  }

  template <bool SECOND>
  static INLINE void store(Vec<float>* out) {
    _tile_stored(0, out, 128);
    _tile_stored(1, out + 1, 128);
    if constexpr (SECOND) {
      _tile_stored(2, out + 2 * TILE, 128);
      _tile_stored(3, out + 2 * TILE + 1, 128);
    }
  }
};

// As `Outer`. Rows of `left` have been turned; element (a, b) of a tile is its row b, column a.
struct TileOuter {
  static constexpr int size = TILE_NUMBERS, most_left = TILE, most_right = TILE;
  static constexpr int block = TILE;  // rows of `left` lie in blocks of this size

  // Make of each block of 16 rows of 16 pairs of trials one of 16 pairs of trials in all 16 rows, in place.
  static void turn(Vec<float>* whole, int rows) {
    for (int tile = 0; tile < tiles_for(rows); tile++) turn_tile(whole + tile * TILE);
  }

  template <int G = TILE>
  static INLINE void turn_tile(Vec<float>* row) {
    if constexpr (G > 1) {
      constexpr auto lanes = std::make_integer_sequence<int, TILE>();
      UNROLL for (int first = 0; first < TILE; first += G)
        UNROLL for (int i = first; i < first + G / 2; i++) {
          Vec<float> one = row[i], other = row[i + G / 2];
          row[i] = halves<float, G, 0>(one, other, lanes), row[i + G / 2] = halves<float, G, 1>(one, other, lanes);
        }
      turn_tile<G / 2>(row);
    }
  }

  static void add(Parts left_rows, const Vec<float>* left, size_t left_stride, Parts right_rows,
                  const Vec<float>* right, size_t right_stride, int times, float* gradient) {
    const int lefts = left_rows.count, rights = right_rows.count;
    memory_is_used();
    for (int i = 0; i < lefts; i += 2)
      for (int j = 0; j < rights; j += 2) {
        auto some = i + 1 < lefts ? (j + 1 < rights ? four<true, true> : four<true, false>)
                                  : (j + 1 < rights ? four<false, true> : four<false, false>);
        some(left + i * TILE, left_stride * 64, right + j * TILE, right_stride * 64, times,
             gradient + (size_t(i) * rights + j) * size, size_t(rights) * size);
      }
    memory_is_used();
  }

  // One tile, two or four: of the blocks i and perhaps i + 1 of left, j and perhaps j + 1 of right.
  template <bool I, bool J>
  static void four(const Vec<float>* left, size_t left_step, const Vec<float>* right, size_t right_step, int times,
                   float* gradient, size_t next) {
    _tile_loadd(0, gradient, 64);
    if constexpr (J) _tile_loadd(1, gradient + size, 64);
    if constexpr (I) _tile_loadd(2, gradient + next, 64);
    if constexpr (I && J) _tile_loadd(3, gradient + next + size, 64);
    const char *l = (const char*)left, *r = (const char*)right;
    for (int time = 0; time < times; time++, l += left_step, r += right_step) {
      _tile_loadd(4, r, 64);
      _tile_loadd(6, l, 64);
      _tile_dpbf16ps(0, 4, 6);
      if constexpr (J) _tile_loadd(5, r + 64 * TILE, 64);
      if constexpr (J) _tile_dpbf16ps(1, 5, 6);
      if constexpr (I) _tile_loadd(7, l + 64 * TILE, 64);
      if constexpr (I) _tile_dpbf16ps(2, 4, 7);
      if constexpr (I && J) _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, gradient, 64);
    if constexpr (J) _tile_stored(1, gradient + size, 64);
    if constexpr (I) _tile_stored(2, gradient + next, 64);
    if constexpr (I && J) _tile_stored(3, gradient + next + size, 64);
  }

  template <class Add>
  static void for_each_element(const float* tile, Parts lefts, Parts rights, Add add) {
    for (int i = 0; i < lefts.count; i++)
      for (int j = 0; j < rights.count; j++, tile += size)
        for (int b = j * TILE; b < rights.total && b < (j + 1) * TILE; b++)
          for (int a = i * TILE; a < lefts.total && a < (i + 1) * TILE; a++)
            add(a, b, tile[(b - j * TILE) * TILE + a - i * TILE]);
  }
};

}  // namespace
}  // namespace recurra
