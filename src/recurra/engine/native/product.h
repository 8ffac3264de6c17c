// The three matrix products of the kernel. A row is one unit, input or output, of all trials of a group: W packs.
#pragma once
#include <cstring>

#include "vectors.h"

namespace recurra {
namespace {

// The parts of 0..total, as equal as can be, none above `most`.
struct Parts {
  int total, count;
  Parts(int total, int most) : total(total), count((total + most - 1) / most) {}
  int begin(int part) const { return int(int64_t(total) * part / count); }
  int size(int part) const { return begin(part + 1) - begin(part); }
};

template <class T, int W>
struct Product {
  static constexpr int vectors = W * PIECES;             // of a row
  static constexpr int slice = vectors < 2 ? vectors : 2;  // of these, how many are worked on at once
  static constexpr int most_rows = ACCUMULATORS / slice;

  // out[r] = start[r] + sum over k of weight[k][r] * in[k], for R rows in registers.
  template <int R>
  static void rows(const T* weight, int depth, const Vec<T>* in, const T* start, Vec<T>* out) {
    Vec<T> sum[R][slice];
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int s = 0; s < slice; s++) sum[r][s] = start ? all(start[r]) : Vec<T>{};
    for (int k = 0; k < depth; k++, weight += R, in += vectors)
      UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int s = 0; s < slice; s++) sum[r][s] += in[s] * weight[r];
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int s = 0; s < slice; s++) out[r * vectors + s] = sum[r][s];
  }

  typedef void (*Rows)(const T*, int, const Vec<T>*, const T*, Vec<T>*);
  template <int... r>
  static INLINE Rows choose(int count, std::integer_sequence<int, r...>) {
    static constexpr Rows table[] = {rows<r + 1>...};
    return table[count - 1];
  }

  // All rows from `first` on; `panels` holds, for every part of the rows, depth x rows weights.
  static INLINE void multiply(const T* panels, Parts rows, int depth, int first, const Vec<T>* in, const T* start,
                              Vec<T>* out) {
    for (int part = 0; part < rows.count; part++) {
      int row = rows.begin(part), count = rows.size(part);
      if (row + count <= first) continue;
      Rows some = choose(count, std::make_integer_sequence<int, most_rows>());
      for (int s = 0; s < vectors; s += slice)
        some(panels + size_t(row) * depth, depth, in + s, start ? start + row : nullptr, out + row * vectors + s);
    }
  }

  // panels of the matrix whose element (row, k) is element(row, k)
  template <class Element>
  static void pack(Parts rows, int depth, Element element, T* panels) {
    for (int part = 0; part < rows.count; part++)
      for (int k = 0; k < depth; k++)
        for (int row = rows.begin(part); row < rows.begin(part + 1); row++) *panels++ = element(row, k);
  }
};

// gradient[a][b] += sum over time and trials of left[time][a] * right[time][b], tile by tile in registers.
template <class T, int W>
struct Outer {
  static constexpr int vectors = W * PIECES;
  static constexpr int most_left = ACCUMULATORS == 24 ? 4 : 3, most_right = 4, tile = 16;
  static constexpr int panel_bytes = 256 * 1024;  // of `right`, so that it stays in the second-level cache

  template <int A, int B>
  static void sums(const Vec<T>* left, size_t left_stride, const Vec<T>* right, size_t right_stride, int times,
                   Vec<T>* gradient) {
    Vec<T> sum[PIECES][tile];
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
      UNROLL for (int rest = A * B; rest < tile; rest++) sum[piece][rest] = Vec<T>{};
    }
    UNROLL for (int i = 0; i < tile; i++) sum[0][i] = sum_of_pieces<T>(&sum[0][i], tile);
    UNROLL for (int i = 0; i < tile / LANES<T>; i++) gradient[i] += sums_over_lanes<T>(&sum[0][i * LANES<T>]);
  }

  typedef void (*Sums)(const Vec<T>*, size_t, const Vec<T>*, size_t, int, Vec<T>*);
  template <int... i>
  static INLINE Sums choose(int a, int b, std::integer_sequence<int, i...>) {
    static constexpr Sums table[] = {sums<i / most_right + 1, i % most_right + 1>...};
    return table[(a - 1) * most_right + b - 1];
  }

  // `gradient` holds a tile of 16 numbers for every part of left and every part of right.
  static void add(Parts left_rows, const Vec<T>* left, size_t left_stride, Parts right_rows, const Vec<T>* right,
                  size_t right_stride, int times, T* gradient) {
    int width = panel_bytes / (most_right * times * vectors * VECTOR_BYTES);
    Parts panels(right_rows.count, width < 1 ? 1 : width);
    for (int panel = 0; panel < panels.count; panel++)
      for (int i = 0; i < left_rows.count; i++)
        for (int j = panels.begin(panel); j < panels.begin(panel + 1); j++) {
          Sums some = choose(left_rows.size(i), right_rows.size(j),
                             std::make_integer_sequence<int, most_left * most_right>());
          some(left + left_rows.begin(i) * vectors, left_stride, right + right_rows.begin(j) * vectors, right_stride,
               times, (Vec<T>*)(gradient + (size_t(i) * right_rows.count + j) * tile));
        }
  }
};

}  // namespace
}  // namespace recurra
