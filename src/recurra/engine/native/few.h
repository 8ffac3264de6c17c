// Few trials of rate units, one by one: the lanes of the vectors are units, so that a step of a trial is the product of a
// matrix and one vector. Of a sparse matrix only the connections that are not 0 are kept. Sums have the order of packs,
// so that all processors with fused multiply-add get the same bits.
#pragma once
#include <cstring>

#include "kernel.h"
#include "noise.h"
#include "pool.h"

namespace recurra {
namespace {

constexpr int64_t FEW_BYTES = 16;  // as many trials as numbers of this size: 4 floats, 2 doubles
constexpr int64_t SPARSE = 4;      // of a sparse matrix less than one in so many entries is kept
constexpr int64_t UNITS_OF_PART = 200;  // at least, of a trial that several threads share: with fewer, meeting takes longer

template <class T>
bool are_few(const Job<T>& job) {
  return !job.loss && job.trials <= int64_t(FEW_BYTES / sizeof(T)) && (job.cell == Cell::rate || job.cell == Cell::current);
}

template <class T>
int64_t in_packs(int64_t count) {
  return (count + PACK<T> - 1) / PACK<T>;
}

// Rows of a matrix, `first` to `last`. Each is a number of packs of weights; if the matrix is sparse, `places` has their
// columns. Whether it is depends on all its rows, so that a row has the same sum whoever computes it.
template <class T>
struct Connections {
  typedef Vec<T> V;
  int64_t rows, columns;  // columns: a multiple of PACK
  T* values;
  int32_t* places = nullptr;
  int64_t* ends;  // of every row if it is sparse, in packs

  static size_t bytes(int64_t rows, int64_t columns) {
    return 64 + size_t(rows) * (columns * (sizeof(T) + sizeof(int32_t)) + 8);
  }

  template <class Weight>  // weight(row, column)
  Connections(int64_t every, int64_t first, int64_t last, int64_t columns, char* memory, Weight weight)
      : rows(last - first), columns(columns), values((T*)memory),
        ends((int64_t*)(memory + size_t(rows) * columns * (sizeof(T) + sizeof(int32_t)))) {
    int64_t packs = 0, own = 0;
    for (int64_t row = 0; row < every; row++) {
      int64_t count = 0;
      for (int64_t k = 0; k < columns; k++) count += weight(row, k) != T(0);
      packs += in_packs<T>(count);
      if (row >= first && row < last) ends[row - first] = own += in_packs<T>(count);
    }
    if (packs * SPARSE * PACK<T> >= every * columns) {
      for (int64_t row = 0; row < rows; row++)
        for (int64_t k = 0; k < columns; k++) values[row * columns + k] = weight(first + row, k);
      return;
    }
    places = (int32_t*)(values + own * PACK<T>);
    memset((void*)values, 0, size_t(own) * PACK<T> * (sizeof(T) + sizeof(int32_t)));
    for (int64_t row = 0; row < rows; row++)
      for (int64_t k = 0, at = (row ? ends[row - 1] : 0) * PACK<T>; k < columns; k++)
        if (weight(first + row, k) != T(0)) values[at] = weight(first + row, k), places[at++] = int32_t(k);
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
void advance_units(const Units<T>& units, int64_t first, int64_t last, bool noisy) {
  typedef Vec<T> V;
  for (int64_t u = first; u < last; u += LANES<T>) {
    const V current = *(V*)(units.current + u), leak = *(V*)(units.leak + u);
    V &state = *(V*)(units.state + u), &rates = *(V*)(units.rates + u);
    const V goal = units.rate ? Phi::template value<T>(current) : current;
    state = state * (T(1) - leak) + goal * leak;
    if (noisy) state += *(V*)(units.noise + u) * *(V*)(units.spread + u);
    rates = units.rate ? state : Phi::template value<T>(state);
  }
}

template <class T>
int64_t padded_units(const Job<T>& job) {
  return in_packs<T>(job.units) * PACK<T>;
}

// How many tasks share a trial: every one has the currents and the state of its own units.
template <class T>
int64_t parts(const Job<T>& job, int64_t threads) {
  const int64_t most = are_few(job) ? job.units / UNITS_OF_PART : 1, free = threads / job.trials;
  return most < 1 || free < 1 ? 1 : most < free ? most : free;
}

template <class T>
size_t exchanged_size(const Job<T>& job) {
  return size_t(job.networks * job.trials * 2 * padded_units(job));
}

template <class T>
struct OneTrial {  // a part of one, from the unit `first` to `last`; both are multiples of two packs, or the end
  const Job<T>& job;
  const int64_t network, trial, part, padded, columns, first, last;
  char* const memory;
  T *x, *sums, *start;  // [ rates | inputs ], currents, bias
  Units<T> units;

  static int64_t padded_columns(const Job<T>& job) { return padded_units(job) + in_packs<T>(job.inputs) * PACK<T>; }
  static size_t bytes_of_units(const Job<T>& job) {
    return sizeof(T) * size_t(padded_columns(job) + 7 * padded_units(job) + 2 * PACK<T>);
  }
  static size_t bytes(const Job<T>& job) {
    return bytes_of_units(job) + Connections<T>::bytes(job.units, padded_columns(job)) +
           Connections<T>::bytes(job.outputs, padded_units(job));
  }

  OneTrial(const Job<T>& job, int64_t network, int64_t trial, int64_t part, void* scratch)
      : job(job), network(network), trial(trial), part(part), padded(padded_units(job)), columns(padded_columns(job)),
        first(begin_of(part)), last(begin_of(part + 1)),
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

  int64_t begin_of(int64_t part) const {
    const int64_t pairs = (padded / PACK<T> + 1) / 2, end = pairs * part / job.parts * 2 * PACK<T>;
    return end < padded ? end : padded;
  }

  void draw_noise(int64_t step) {
    const uint32_t half = uint32_t(job.units + 1) / 2, end = uint32_t(last / 2) < half ? uint32_t(last / 2) : half;
    uint32_t trials[LANES<T>], lows[LANES<T>];
    for (uint32_t pair = uint32_t(first / 2); pair < end; pair += LANES<T>) {
      for (int l = 0; l < LANES<T>; l++) trials[l] = uint32_t(trial), lows[l] = uint32_t(step) * half + pair + l;
      Vec<T> one, other;
      two_normals<T>(job.noise_keys + 2 * network, trials, lows, one, other);
      for (int l = 0; l < LANES<T>; l++) units.noise[2 * (pair + l)] = one[l], units.noise[2 * (pair + l) + 1] = other[l];
    }
  }

  // The rates of all units after a step, from all parts. Of two places each serves every second step: when all have
  // arrived at a meeting, nobody reads what was written before the last one.
  void exchange(int64_t step) {
    const int64_t own = network * job.trials + trial;
    T* rates = job.exchanged + (2 * own + step % 2) * padded;
    memcpy(rates + first, x + first, sizeof(T) * (last - first));
    job.meetings[own].arrive(uint32_t(job.parts * (step + 1)));
    memcpy(x, rates, sizeof(T) * first);
    memcpy(x + last, rates + last, sizeof(T) * (padded - last));
  }

  template <class Phi>
  void run() {
    const int64_t rows = (last < job.units ? last : job.units) - first, reads = part + 1 == job.parts ? job.outputs : 0;
    const T* recurrent = job.recurrent + network * job.units * job.units;
    const T *input = job.input + network * job.units * job.inputs, *output = job.output + network * job.outputs * job.units;
    const Connections<T> inward(job.units, first, first + rows, columns, memory, [&](int64_t row, int64_t k) {
      if (k < job.units) return recurrent[row * job.units + k];
      return k >= padded && k - padded < job.inputs ? input[row * job.inputs + k - padded] : T(0);
    });
    const Connections<T> outward(job.outputs, 0, reads, padded, memory + Connections<T>::bytes(job.units, columns) / 64 * 64,
                                 [&](int64_t row, int64_t k) { return k < job.units ? output[row * job.units + k] : T(0); });
    const T* inputs = job.trial_inputs + ((job.own_trials ? network * job.trials : 0) + trial) * job.steps * job.inputs;
    const int64_t done = (network * job.trials + trial) * job.steps;
    if (!units.rate)
      for (int64_t unit = 0; unit < padded; unit++) x[unit] = Phi::template value<T>(Vec<T>{})[0];
    for (int64_t t = 0; t < job.steps; t++) {
      memcpy(x + padded, inputs + t * job.inputs, sizeof(T) * job.inputs);
      inward.multiply(x, start + first, sums + first);
      if (job.noise != T(0)) draw_noise(t);
      advance_units<T, Phi>(units, first, last, job.noise != T(0));
      if (job.parts > 1) exchange(t);
      outward.multiply(x, job.output_bias + network * job.outputs, job.answers + (done + t) * job.outputs);
      if (job.rates) memcpy(job.rates + (done + t) * job.units + first, x + first, sizeof(T) * rows);
    }
  }
};

template <class T>
void run_one_trial(const Job<T>& job, int64_t network, int64_t trial, int64_t part, void* scratch) {
  OneTrial<T> one(job, network, trial, part, scratch);
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
