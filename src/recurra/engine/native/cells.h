// The cells: what happens to the rows of a time step between the products of kernel.cc, forward and backward.
//
// A row holds one number of every unit on all trials of a group; the rows of the gates follow each other. To add a cell,
// write its layout and its equations here, and add it to `Cell` in kernel.h and to `choose` below.
#pragma once
#include "kernel.h"
#include "vectors.h"

namespace recurra {
namespace {

// How many numbers a cell has for each unit, and which of them see what. The currents of the first product come from
// [ rates | inputs ], that of the second from [ inputs ] or [ inputs | gated rates ].
struct Layout {
  int gates;    // in the arrays of the weights
  int first;    // currents of the first product
  int seeing;   // of them those that see the inputs; they come first
  bool second;  // whether the last gate has its current from the second product
  bool gated;   // whether that sees the gated rates
  int kept;     // numbers of a time step that `retreat` needs, besides the rates before and after it
  int state;    // entries of the state
};

// The rows of the time step from t to t + 1.
template <class T>
struct Step {
  int units, size;            // of a row of all units: `size` vectors
  const T* leak;              // unit; only of rate units
  const Vec<T>* noise;        // one row for each entry of the state, or null
  const Vec<T>* rates;        // at t
  const Vec<T>* current;      // of the first product
  const Vec<T>* last;         // current of the second product
  Vec<T>* state;              // what the cell remembers besides its rates: at t, then at t + 1
  Vec<T>* next_rates;         // at t + 1
  Vec<T>* kept;
  Vec<T>* gated;              // the gated rates at t
};

// The derivatives of the loss on the way back from t + 1 to t.
template <class T>
struct Slopes {
  int units, size;
  const T* leak;
  const Vec<T>*rates, *next_rates, *kept;  // as they were on the way forward
  const Vec<T>* by_rates;                  // by the rates at t + 1, through the products
  const Vec<T>* by_gated;                  // by the gated rates at t
  Vec<T>* carry;                           // by the state at t + 1, then by that at t, past the products
  Vec<T>*by_current, *by_last;             // by the currents
  Vec<T>* by_leak;                         // the sum over all time steps
};

template <class T>
INLINE Vec<T> one_minus(Vec<T> x) {
  return all(T(1)) - x;
}

// ---- rate units: h' = (1 - leak) h + leak phi(current), or v' = (1 - leak) v + leak current with the rates phi(v)

// SIMPLE: leak 1 and no noise; then the rate form and the current form are the same. TRAINED: with the derivative by the
// leaks, for which the derivative of the state by the leak is kept; noise, which has the factor sqrt(leak), has a part.
template <class T, int W, class Phi, bool SIMPLE, bool RATE, bool TRAINED>
struct RateUnits {
  static constexpr int vectors = W * PIECES, own_value = !SIMPLE && RATE;
  static constexpr Layout layout = {1, 1, 1, false, false, own_value + TRAINED, 1};

  static void advance(const Step<T>& step) {
    const Vec<T>*current = step.current, *noise = step.noise, *rates = step.rates;
    Vec<T>*state = step.state, *next_rates = step.next_rates, *value = step.kept;
    Vec<T>* by_leak = step.kept + own_value * step.size;
    const T* leak = step.leak;
    for (int unit = 0; unit < step.units; unit++)
      UNROLL for (int v = 0; v < vectors; v++) {
        int i = unit * vectors + v;
        if constexpr (SIMPLE) {
          next_rates[i] = Phi::template value<T>(current[i]);
        } else if constexpr (RATE) {
          value[i] = Phi::template value<T>(current[i]);
          if constexpr (TRAINED) by_leak[i] = value[i] - rates[i];
          next_rates[i] = rates[i] * (T(1) - leak[unit]) + value[i] * leak[unit];
          if (noise) next_rates[i] += noise[i];
        } else {
          if constexpr (TRAINED) by_leak[i] = current[i] - state[i];
          state[i] = state[i] * (T(1) - leak[unit]) + current[i] * leak[unit];
          if (noise) state[i] += noise[i];
          next_rates[i] = Phi::template value<T>(state[i]);
        }
        if constexpr (TRAINED)
          if (noise) by_leak[i] += noise[i] / (T(2) * leak[unit]);
      }
  }

  static void retreat(const Slopes<T>& slopes) {
    const Vec<T>*by_rates = slopes.by_rates, *value = own_value ? slopes.kept : slopes.next_rates;
    const Vec<T>* state_by_leak = slopes.kept + own_value * slopes.size;
    Vec<T>*carry = slopes.carry, *by_current = slopes.by_current, *by_leak = slopes.by_leak;
    const T* leak = slopes.leak;
    for (int unit = 0; unit < slopes.units; unit++)
      UNROLL for (int v = 0; v < vectors; v++) {
        int i = unit * vectors + v;
        Vec<T> slope = Phi::template slope<T>(value[i]);
        if constexpr (SIMPLE) {
          by_current[i] = by_rates[i] * slope;
        } else if constexpr (RATE) {
          carry[i] = carry[i] * (T(1) - leak[unit]) + by_rates[i];
          by_current[i] = carry[i] * slope * leak[unit];
        } else {
          carry[i] = carry[i] * (T(1) - leak[unit]) + by_rates[i] * slope;
          by_current[i] = carry[i] * leak[unit];
        }
        if constexpr (TRAINED) by_leak[i] += carry[i] * state_by_leak[i];
      }
  }
};

// ---- update gate units: h' = g h + (1 - g) c

template <class T, class Gate>
struct UGRNN {
  static constexpr Layout layout = {2, 2, 2, false, false, 2, 1};

  static void advance(const Step<T>& step) {
    const int size = step.size;
    const Vec<T>*current = step.current, *rates = step.rates, *noise = step.noise;
    Vec<T>*next_rates = step.next_rates, *kept = step.kept;
    for (int i = 0; i < size; i++) {
      Vec<T> update = Gate::template value<T>(current[i]), candidate = Tanh::value<T>(current[size + i]);
      kept[i] = update, kept[size + i] = candidate;
      Vec<T> next = update * rates[i] + one_minus<T>(update) * candidate;
      next_rates[i] = noise ? next + noise[i] : next;
    }
  }

  static void retreat(const Slopes<T>& slopes) {
    const int size = slopes.size;
    const Vec<T>*by_rates = slopes.by_rates, *rates = slopes.rates, *kept = slopes.kept;
    Vec<T>*carry = slopes.carry, *by_current = slopes.by_current;
    for (int i = 0; i < size; i++) {
      Vec<T> update = kept[i], candidate = kept[size + i], by_next = carry[i] + by_rates[i];
      by_current[i] = by_next * (rates[i] - candidate) * Gate::template slope<T>(update);
      by_current[size + i] = by_next * one_minus<T>(update) * Tanh::slope<T>(candidate);
      carry[i] = by_next * update;
    }
  }
};

// ---- GRU: h' = z h + (1 - z) n, with the gates update z, reset r and the candidate n

// n = tanh(W x + b + r (U h + c)): the first product has U h + c, the second W x + b.
template <class T, class Gate>
struct GRUAfter {
  static constexpr Layout layout = {3, 3, 2, true, false, 4, 1};

  static void advance(const Step<T>& step) {
    const int size = step.size;
    const Vec<T>*current = step.current, *last = step.last, *rates = step.rates, *noise = step.noise;
    Vec<T>*next_rates = step.next_rates, *kept = step.kept;
    for (int i = 0; i < size; i++) {
      Vec<T> update = Gate::template value<T>(current[i]), reset = Gate::template value<T>(current[size + i]);
      Vec<T> recalled = current[2 * size + i], candidate = Tanh::value<T>(last[i] + reset * recalled);
      kept[i] = update, kept[size + i] = reset, kept[2 * size + i] = candidate, kept[3 * size + i] = recalled;
      Vec<T> next = update * rates[i] + one_minus<T>(update) * candidate;
      next_rates[i] = noise ? next + noise[i] : next;
    }
  }

  static void retreat(const Slopes<T>& slopes) {
    const int size = slopes.size;
    const Vec<T>*by_rates = slopes.by_rates, *rates = slopes.rates, *kept = slopes.kept;
    Vec<T>*carry = slopes.carry, *by_current = slopes.by_current, *by_last = slopes.by_last;
    for (int i = 0; i < size; i++) {
      Vec<T> update = kept[i], reset = kept[size + i], candidate = kept[2 * size + i], recalled = kept[3 * size + i];
      Vec<T> by_next = carry[i] + by_rates[i];
      Vec<T> by_candidate = by_next * one_minus<T>(update) * Tanh::slope<T>(candidate);
      by_current[i] = by_next * (rates[i] - candidate) * Gate::template slope<T>(update);
      by_current[size + i] = by_candidate * recalled * Gate::template slope<T>(reset);
      by_current[2 * size + i] = by_candidate * reset;
      by_last[i] = by_candidate;
      carry[i] = by_next * update;
    }
  }
};

// n = tanh(W x + b + U (r h)): the second product has the whole current of n. `gate` makes r h between the products, and
// `gate_back` takes the derivative by it to r and h.
template <class T, class Gate>
struct GRUBefore {
  static constexpr Layout layout = {3, 2, 2, true, true, 3, 1};

  static void gate(const Step<T>& step) {
    const int size = step.size;
    for (int i = 0; i < size; i++) {
      Vec<T> reset = Gate::template value<T>(step.current[size + i]);
      step.kept[size + i] = reset;
      step.gated[i] = reset * step.rates[i];
    }
  }

  static void advance(const Step<T>& step) {
    const int size = step.size;
    const Vec<T>*current = step.current, *last = step.last, *rates = step.rates, *noise = step.noise;
    Vec<T>*next_rates = step.next_rates, *kept = step.kept;
    for (int i = 0; i < size; i++) {
      Vec<T> update = Gate::template value<T>(current[i]), candidate = Tanh::value<T>(last[i]);
      kept[i] = update, kept[2 * size + i] = candidate;
      Vec<T> next = update * rates[i] + one_minus<T>(update) * candidate;
      next_rates[i] = noise ? next + noise[i] : next;
    }
  }

  static void retreat(const Slopes<T>& slopes) {
    const int size = slopes.size;
    const Vec<T>*by_rates = slopes.by_rates, *rates = slopes.rates, *kept = slopes.kept;
    Vec<T>*carry = slopes.carry, *by_current = slopes.by_current, *by_last = slopes.by_last;
    for (int i = 0; i < size; i++) {
      Vec<T> update = kept[i], candidate = kept[2 * size + i], by_next = carry[i] + by_rates[i];
      by_current[i] = by_next * (rates[i] - candidate) * Gate::template slope<T>(update);
      by_last[i] = by_next * one_minus<T>(update) * Tanh::slope<T>(candidate);
      carry[i] = by_next * update;
    }
  }

  static void gate_back(const Slopes<T>& slopes) {
    const int size = slopes.size;
    for (int i = 0; i < size; i++) {
      Vec<T> reset = slopes.kept[size + i], by_gated = slopes.by_gated[i];
      slopes.by_current[size + i] = by_gated * slopes.rates[i] * Gate::template slope<T>(reset);
      slopes.carry[i] += by_gated * reset;
    }
  }
};

// ---- LSTM: c' = f c + i g, h' = o tanh(c'), with the gates input i, forget f, candidate g, output o

template <class T, class Gate>
struct LSTM {
  static constexpr Layout layout = {4, 4, 4, false, false, 6, 2};

  static void advance(const Step<T>& step) {
    const int size = step.size;
    const Vec<T>*current = step.current, *noise = step.noise;
    Vec<T>*cell = step.state, *next_rates = step.next_rates, *kept = step.kept;
    for (int i = 0; i < size; i++) {
      Vec<T> write = Gate::template value<T>(current[i]), keep = Gate::template value<T>(current[size + i]);
      Vec<T> candidate = Tanh::value<T>(current[2 * size + i]), show = Gate::template value<T>(current[3 * size + i]);
      Vec<T> next = keep * cell[i] + write * candidate, shown = Tanh::value<T>(next);
      kept[i] = write, kept[size + i] = keep, kept[2 * size + i] = candidate, kept[3 * size + i] = show;
      kept[4 * size + i] = cell[i], kept[5 * size + i] = shown;
      next_rates[i] = noise ? show * shown + noise[i] : show * shown;
      cell[i] = noise ? next + noise[size + i] : next;
    }
  }

  static void retreat(const Slopes<T>& slopes) {
    const int size = slopes.size;
    const Vec<T>*by_rates = slopes.by_rates, *kept = slopes.kept;
    Vec<T>*carry = slopes.carry, *by_current = slopes.by_current;
    for (int i = 0; i < size; i++) {
      Vec<T> write = kept[i], keep = kept[size + i], candidate = kept[2 * size + i], show = kept[3 * size + i];
      Vec<T> cell = kept[4 * size + i], shown = kept[5 * size + i];
      Vec<T> by_cell = carry[i] + by_rates[i] * show * Tanh::slope<T>(shown);
      by_current[i] = by_cell * candidate * Gate::template slope<T>(write);
      by_current[size + i] = by_cell * cell * Gate::template slope<T>(keep);
      by_current[2 * size + i] = by_cell * write * Tanh::slope<T>(candidate);
      by_current[3 * size + i] = by_rates[i] * shown * Gate::template slope<T>(show);
      carry[i] = by_cell * keep;
    }
  }
};

// ---- the choice

template <class T, int W>
struct Equations {
  Layout layout;
  void (*advance)(const Step<T>&);
  void (*retreat)(const Slopes<T>&);
  void (*gate)(const Step<T>&);         // null if the cell has no gated rates
  void (*gate_back)(const Slopes<T>&);
  T rate_at_rest;

  template <class Own>
  static Equations of(T rate_at_rest = T(0)) {
    if constexpr (Own::layout.gated)
      return {Own::layout, Own::advance, Own::retreat, Own::gate, Own::gate_back, rate_at_rest};
    else
      return {Own::layout, Own::advance, Own::retreat, nullptr, nullptr, rate_at_rest};
  }

  template <class Phi>
  static Equations of_rate_units(bool simple, bool rate, bool trained) {
    T rest = rate ? T(0) : Phi::template value<T>(Vec<T>{})[0];
    if (rate && trained) return of<RateUnits<T, W, Phi, false, true, true>>(rest);
    if (trained) return of<RateUnits<T, W, Phi, false, false, true>>(rest);
    if (simple) return of<RateUnits<T, W, Phi, true, true, false>>(rest);
    if (rate) return of<RateUnits<T, W, Phi, false, true, false>>(rest);
    return of<RateUnits<T, W, Phi, false, false, false>>(rest);
  }

  template <class Gate>
  static Equations of_gated(Cell cell) {
    switch (cell) {
      case Cell::ugrnn: return of<UGRNN<T, Gate>>();
      case Cell::gru_after: return of<GRUAfter<T, Gate>>();
      case Cell::gru_before: return of<GRUBefore<T, Gate>>();
      default: return of<LSTM<T, Gate>>();
    }
  }

  static bool is_simple(const Job<T>& job, int64_t network) {
    bool simple = job.noise == T(0);
    for (int64_t unit = 0; unit < job.units; unit++) simple = simple && job.unit_values[network * job.units + unit] == T(1);
    return simple;
  }

  static Equations choose(const Job<T>& job, int64_t network) {
    if (job.cell != Cell::rate && job.cell != Cell::current) switch (job.activation) {
        case Activation::hard_sigmoid_5: return of_gated<HardSigmoid<5>>(job.cell);
        case Activation::hard_sigmoid_6: return of_gated<HardSigmoid<6>>(job.cell);
        default: return of_gated<Sigmoid>(job.cell);
      }
    const bool simple = is_simple(job, network), rate = job.cell == Cell::rate, trained = job.d_unit_values != nullptr;
    switch (job.activation) {
      case Activation::tanh: return of_rate_units<Tanh>(simple, rate, trained);
      case Activation::relu: return of_rate_units<Relu>(simple, rate, trained);
      case Activation::sigmoid: return of_rate_units<Sigmoid>(simple, rate, trained);
      case Activation::linear: return of_rate_units<Linear>(simple, rate, trained);
      default: return of_rate_units<Softplus>(simple, rate, trained);
    }
  }
};

}  // namespace
}  // namespace recurra
