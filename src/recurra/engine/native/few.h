// Few trials of rate units, one by one: the lanes of the vectors are units, so that a step of a trial is the product of a
// matrix and one vector. Of a sparse matrix only the connections that are not 0 are kept. Sums have the order of packs,
// so that all processors with fused multiply-add get the same bits.
#pragma once
#include <cstring>

#include "kernel.h"
#include "noise.h"

namespace recurra {
namespace {

constexpr int64_t FEW_BYTES = 16;  // as many trials as numbers of this size: 4 floats, 2 doubles
constexpr int64_t SPARSE = 4;      // of a sparse matrix less than one in so many entries is kept

template <class T>
bool are_few(const Job<T>& job) {
  return !job.loss && job.trials <= int64_t(FEW_BYTES / sizeof(T)) && (job.cell == Cell::rate || job.cell == Cell::current);
}

template <class T>
int64_t in_packs(int64_t count) {
  return (count + PACK<T> - 1) / PACK<T>;
}

// A matrix of `rows` rows. Every row is a number of packs of weights; if it is sparse, `places` has their columns.
template <class T>
struct Connections {
  typedef Vec<T> V;
  int64_t rows, columns;  // columns: a multiple of PACK
  T* values;
  int32_t* places = nullptr;
  int64_t* ends;  // of every row if it is sparse, in packs

  static size_t bytes(int64_t rows, int64_t columns) { return 64 + size_t(rows) * (columns * sizeof(T) + 8); }

  template <class Weight>  // weight(row, column)
  Connections(int64_t rows, int64_t columns, char* memory, Weight weight)
      : rows(rows), columns(columns), values((T*)memory), ends((int64_t*)(memory + size_t(rows) * columns * sizeof(T))) {
    int64_t packs = 0;
    for (int64_t row = 0; row < rows; row++) {
      int64_t count = 0;
      for (int64_t k = 0; k < columns; k++) count += weight(row, k) != T(0);
      ends[row] = packs += in_packs<T>(count);
    }
    if (packs * SPARSE * PACK<T> >= rows * columns) {
      for (int64_t row = 0; row < rows; row++)
        for (int64_t k = 0; k < columns; k++) values[row * columns + k] = weight(row, k);
      return;
    }
    places = (int32_t*)(values + packs * PACK<T>);
    memset((void*)values, 0, size_t(packs) * PACK<T> * (sizeof(T) + sizeof(int32_t)));
    for (int64_t row = 0; row < rows; row++)
      for (int64_t k = 0, at = (row ? ends[row - 1] : 0) * PACK<T>; k < columns; k++)
        if (weight(row, k) != T(0)) values[at] = weight(row, k), places[at++] = int32_t(k);
  }

  // sums[row] = M x + start
  void multiply(const T* x, const T* start, T* sums) const {
    for (int64_t row = 0; row < rows; row += LANES<T>) {
      const int count = int(rows - row < LANES<T> ? rows - row : LANES<T>);
      V parts[LANES<T>] = {};
      for (int i = 0; i < count; i++) parts[i] = places ? of_sparse(row + i, x) : of_dense(row + i, x);
      const V whole = sums_over_lanes<T>(parts);
      for (int i = 0; i < count; i++) sums[row + i] = whole[i] + start[row + i];
    }
  }

  INLINE V of_dense(int64_t row, const T* x) const {
    const V *w = (const V*)(values + row * columns), *factors = (const V*)x;
    V sum[PIECES] = {};
    for (int64_t k = 0; k < columns / LANES<T>; k += PIECES)
      UNROLL for (int p = 0; p < PIECES; p++) sum[p] += w[k + p] * factors[k + p];
    return sum_of_pieces<T>(sum, 1);
  }

  INLINE V of_sparse(int64_t row, const T* x) const {
    V sum[PIECES] = {};
    for (int64_t pack = row ? ends[row - 1] : 0; pack < ends[row]; pack++)
      UNROLL for (int p = 0; p < PIECES; p++) {
        const int64_t at = pack * PACK<T> + p * LANES<T>;
        V factor;
        for (int l = 0; l < LANES<T>; l++) factor[l] = x[places[at + l]];
        sum[p] += *(const V*)(values + at) * factor;
      }
    return sum_of_pieces<T>(sum, 1);
  }
};

template <class T>
struct Units {  // of one trial; every array has `padded` numbers, and noise room for a whole pair of packs more
  int64_t padded;
  bool rate;
  T *rates, *state, *current, *leak, *spread, *noise;
};

template <class T, class Phi>
void advance_units(const Units<T>& units, bool noisy) {
  typedef Vec<T> V;
  for (int64_t u = 0; u < units.padded; u += LANES<T>) {
    const V current = *(V*)(units.current + u), leak = *(V*)(units.leak + u);
    V &state = *(V*)(units.state + u), &rates = *(V*)(units.rates + u);
    const V goal = units.rate ? Phi::template value<T>(current) : current;
    state = state * (T(1) - leak) + goal * leak;
    if (noisy) state += *(V*)(units.noise + u) * *(V*)(units.spread + u);
    rates = units.rate ? state : Phi::template value<T>(state);
  }
}

template <class T>
struct OneTrial {
  const Job<T>& job;
  const int64_t network, trial, padded, columns;
  char* const memory;
  T *x, *sums, *start;  // [ rates | inputs ], currents, bias
  Units<T> units;

  static int64_t padded_units(const Job<T>& job) { return in_packs<T>(job.units) * PACK<T>; }
  static int64_t padded_columns(const Job<T>& job) { return padded_units(job) + in_packs<T>(job.inputs) * PACK<T>; }
  static size_t bytes_of_units(const Job<T>& job) {
    return sizeof(T) * size_t(padded_columns(job) + 7 * padded_units(job) + 2 * PACK<T>);
  }
  static size_t bytes(const Job<T>& job) {
    return bytes_of_units(job) + Connections<T>::bytes(job.units, padded_columns(job)) +
           Connections<T>::bytes(job.outputs, padded_units(job));
  }

  OneTrial(const Job<T>& job, int64_t network, int64_t trial, void* scratch)
      : job(job), network(network), trial(trial), padded(padded_units(job)), columns(padded_columns(job)),
        memory((char*)scratch + bytes_of_units(job)), x((T*)scratch), sums(x + columns), start(sums + padded) {
    memset(scratch, 0, bytes_of_units(job));
    T* at = start + padded;
    units = {padded, job.cell == Cell::rate, x, at, sums, at + padded, at + 2 * padded, at + 3 * padded};
    memcpy(start, job.bias + network * job.units, sizeof(T) * job.units);
    for (int64_t unit = 0; unit < job.units; unit++) {
      const T leak = job.unit_values[network * job.units + unit], twice = T(2) * leak;
      units.leak[unit] = leak;
      units.spread[unit] = job.noise * (sizeof(T) == 4 ? T(__builtin_sqrtf(float(twice))) : T(__builtin_sqrt(double(twice))));
    }
  }

  void draw_noise(int64_t step) {
    const uint32_t half = uint32_t(job.units + 1) / 2;
    uint32_t trials[LANES<T>], lows[LANES<T>];
    for (uint32_t pair = 0; pair < half; pair += LANES<T>) {
      for (int l = 0; l < LANES<T>; l++) trials[l] = uint32_t(trial), lows[l] = uint32_t(step) * half + pair + l;
      Vec<T> one, other;
      two_normals<T>(job.noise_keys + 2 * network, trials, lows, one, other);
      for (int l = 0; l < LANES<T>; l++) units.noise[2 * (pair + l)] = one[l], units.noise[2 * (pair + l) + 1] = other[l];
    }
  }

  template <class Phi>
  void run() {
    const T* recurrent = job.recurrent + network * job.units * job.units;
    const T *input = job.input + network * job.units * job.inputs, *output = job.output + network * job.outputs * job.units;
    const Connections<T> inward(job.units, columns, memory, [&](int64_t row, int64_t k) {
      if (k < job.units) return recurrent[row * job.units + k];
      return k >= padded && k - padded < job.inputs ? input[row * job.inputs + k - padded] : T(0);
    });
    const Connections<T> outward(job.outputs, padded, memory + Connections<T>::bytes(job.units, columns) / 64 * 64,
                                 [&](int64_t row, int64_t k) { return k < job.units ? output[row * job.units + k] : T(0); });
    const T* inputs = job.trial_inputs + ((job.own_trials ? network * job.trials : 0) + trial) * job.steps * job.inputs;
    const int64_t first = (network * job.trials + trial) * job.steps;
    if (!units.rate)
      for (int64_t unit = 0; unit < padded; unit++) x[unit] = Phi::template value<T>(Vec<T>{})[0];
    for (int64_t t = 0; t < job.steps; t++) {
      memcpy(x + padded, inputs + t * job.inputs, sizeof(T) * job.inputs);
      inward.multiply(x, start, sums);
      if (job.noise != T(0)) draw_noise(t);
      advance_units<T, Phi>(units, job.noise != T(0));
      outward.multiply(x, job.output_bias + network * job.outputs, job.answers + (first + t) * job.outputs);
      if (job.rates) memcpy(job.rates + (first + t) * job.units, x, sizeof(T) * job.units);
    }
  }
};

template <class T>
void run_one_trial(const Job<T>& job, int64_t network, int64_t trial, void* scratch) {
  OneTrial<T> one(job, network, trial, scratch);
  switch (job.activation) {
    case Activation::tanh: return one.template run<Tanh>();
    case Activation::relu: return one.template run<Relu>();
    case Activation::sigmoid: return one.template run<Sigmoid>();
    case Activation::linear: return one.template run<Linear>();
    default: return one.template run<Softplus>();
  }
}

}  // namespace
}  // namespace recurra
