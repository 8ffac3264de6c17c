// The three matrix products of the kernel. A row holds one unit, input or output on all trials of a group: W packs.
#pragma once
#include <cstring>

#include "vectors.h"

namespace recurra {
namespace {

// Cuts 0..total into parts of nearly equal size, none larger than `most`.
struct Parts {
  int total, count;
  Parts(int total, int most) : total(total), count((total + most - 1) / most) {}
  int begin(int part) const { return int(int64_t(total) * part / count); }
  int size(int part) const { return begin(part + 1) - begin(part); }
};

// out[r] = start[r] + sum over k of weight[k][r] * in[k], for all rows r. `Dot` does it for a few rows in registers,
// and defines how many weights of a row it takes together.
template <class Dot>
struct Product {
  typedef typename Dot::Number T;
  typedef typename Dot::Weight Weight;
  static constexpr int taken = Dot::taken, most_rows = Dot::most_rows;
  static constexpr int start_numbers = 1;  // how often `start` holds each number
  typedef void (*Rows)(const Weight*, int, const Vec<T>*, const T*, Vec<T>*);

  template <int... r>
  static INLINE Rows choose(int count, std::integer_sequence<int, r...>) {
    static constexpr Rows table[] = {Dot::template rows<r + 1>...};
    return table[count - 1];
  }

  static int length(int depth) { return (depth + taken - 1) / taken; }
  static size_t weights(Parts rows, int depth) { return size_t(rows.total) * length(depth); }

  // Computes only the parts with rows from `first` on. `panels` holds length x rows weights for every part.
  static INLINE void multiply(const Weight* panels, Parts rows, int depth, int first, const Vec<T>* in, const T* start,
                              Vec<T>* out) {
    for (int part = 0; part < rows.count; part++) {
      int row = rows.begin(part), count = rows.size(part);
      if (row + count <= first) continue;
      Rows some = choose(count, std::make_integer_sequence<int, most_rows>());
      for (int s = 0; s < Dot::vectors; s += Dot::slice)
        some(panels + size_t(row) * length(depth), length(depth), in + s, start ? start + row : nullptr,
             out + row * Dot::vectors + s);
    }
  }

  // the panels of the matrix with the elements element(row, k)
  template <class Element>
  static void pack(Parts rows, int depth, Element element, Weight* panels) {
    for (int part = 0; part < rows.count; part++)
      for (int k = 0; k < depth; k += taken)
        for (int row = rows.begin(part); row < rows.begin(part + 1); row++)
          *panels++ = Dot::weight([&](int i) { return k + i < depth ? element(row, k + i) : T(0); });
  }
};

template <class T, int W>
struct PlainDot {
  typedef T Number;
  typedef T Weight;
  static constexpr int taken = 1;
  static constexpr int vectors = W * PIECES;             // vectors in a row
  static constexpr int slice = vectors < 2 ? vectors : 2;  // number of them that are computed at once
  static constexpr int most_rows = ACCUMULATORS / slice;

  template <class Get>
  static INLINE T weight(Get get) {
    return get(0);
  }

  template <int R>
  static void rows(const T* weight, int length, const Vec<T>* in, const T* start, Vec<T>* out) {
    Vec<T> sum[R][slice];
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int s = 0; s < slice; s++) sum[r][s] = start ? all(start[r]) : Vec<T>{};
    for (int k = 0; k < length; k++, weight += R, in += vectors)
      UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int s = 0; s < slice; s++) sum[r][s] += in[s] * weight[r];
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int s = 0; s < slice; s++) out[r * vectors + s] = sum[r][s];
  }
};

// gradient[a][b] += sum over time and trials of left[time][a] * right[time][b], tile by tile; `Tile` adds one tile.
template <class Tile>
struct Outer {
  typedef typename Tile::Number T;
  typedef void (*Sums)(const Vec<T>*, size_t, const Vec<T>*, size_t, int, Vec<T>*);
  static constexpr int most_left = Tile::most_left, most_right = Tile::most_right;
  static constexpr int block = 1;                 // rows of `left` lie in blocks of this size
  static constexpr int size = 16;                 // numbers in a tile
  static constexpr int panel_bytes = 256 * 1024;  // of a panel of `right`: it fits the second-level cache

  template <int... i>
  static INLINE Sums choose(int a, int b, std::integer_sequence<int, i...>) {
    static constexpr Sums table[] = {Tile::template sums<i / Tile::most_right + 1, i % Tile::most_right + 1>...};
    return table[(a - 1) * Tile::most_right + b - 1];
  }

  // `gradient` holds one tile for every pair of a part of left and a part of right.
  static void add(Parts left_rows, const Vec<T>* left, size_t left_stride, Parts right_rows, const Vec<T>* right,
                  size_t right_stride, int times, T* gradient) {
    constexpr auto sizes = std::make_integer_sequence<int, Tile::most_left * Tile::most_right>();
    Parts panels(right_rows.count, panel_bytes / (Tile::most_right * times * Tile::vectors * VECTOR_BYTES));
    for (int panel = 0; panel < panels.count; panel++)
      for (int i = 0; i < left_rows.count; i++)
        for (int j = panels.begin(panel); j < panels.begin(panel + 1); j++)
          choose(left_rows.size(i), right_rows.size(j), sizes)(
              left + left_rows.begin(i) * Tile::vectors, left_stride, right + right_rows.begin(j) * Tile::vectors,
              right_stride, times, (Vec<T>*)(gradient + (size_t(i) * right_rows.count + j) * size));
  }

  // Calls add(a, b, sum) for every element of the gradient.
  template <class Add>
  static void for_each_element(const T* tile, Parts lefts, Parts rights, Add add) {
    for (int i = 0; i < lefts.count; i++)
      for (int j = 0; j < rights.count; j++, tile += size)
        for (int a = lefts.begin(i), at = 0; a < lefts.begin(i + 1); a++)
          for (int b = rights.begin(j); b < rights.begin(j + 1); b++, at++) add(a, b, tile[at]);
  }

  static void turn(Vec<T>*, int) {}  // rows of `left` are taken as they are
};

template <class T, int W>
struct PlainTile {
  typedef T Number;
  static constexpr int vectors = W * PIECES;
  static constexpr int most_left = ACCUMULATORS == 24 ? 4 : 3, most_right = 4;

  template <int A, int B>
  static void sums(const Vec<T>* left, size_t left_stride, const Vec<T>* right, size_t right_stride, int times,
                   Vec<T>* gradient) {
    Vec<T> sum[PIECES][16];
    UNROLL for (int piece = 0; piece < PIECES; piece++) {
      Vec<T> part[A][B];
      UNROLL for (int a = 0; a < A; a++) UNROLL for (int b = 0; b < B; b++) part[a][b] = Vec<T>{};
      const Vec<T>*l = left + piece, *r = right + piece;
      for (int time = 0; time < times; time++, l += left_stride, r += right_stride)
        UNROLL for (int w = 0; w < W; w++)
          UNROLL for (int a = 0; a < A; a++)
            UNROLL for (int b = 0; b < B; b++)
              part[a][b] += l[a * vectors + w * PIECES] * r[b * vectors + w * PIECES];
      UNROLL for (int a = 0; a < A; a++) UNROLL for (int b = 0; b < B; b++) sum[piece][a * B + b] = part[a][b];
      UNROLL for (int rest = A * B; rest < 16; rest++) sum[piece][rest] = Vec<T>{};
    }
    UNROLL for (int i = 0; i < 16; i++) sum[0][i] = sum_of_pieces<T>(&sum[0][i], 16);
    UNROLL for (int i = 0; i < 16 / LANES<T>; i++) gradient[i] += sums_over_lanes<T>(&sum[0][i * LANES<T>]);
  }
};

INLINE uint32_t nearest_bfloat16(float x) {  // ties to even; NaN stays NaN
  uint32_t word;
  memcpy(&word, &x, 4);
  return x != x ? word >> 16 | 64 : (word + 0x7FFF + (word >> 16 & 1)) >> 16;
}

struct NoRegisters {  // that have to be set up
  NoRegisters() {}
};

// The products of a task with numbers as they are. bfloat16.h has those with rounded numbers, for float only.
template <class T, int W>
struct Plain {
  typedef Product<PlainDot<T, W>> Matrix;
  typedef Outer<PlainTile<T, W>> Gradient;
  typedef NoRegisters Registers;
};
template <class T>
struct Rounded;

}  // namespace
}  // namespace recurra
