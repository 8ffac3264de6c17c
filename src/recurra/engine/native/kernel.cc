// Loss and gradient of a cohort, fused over time. This file is compiled once for every instruction set.
//
// A task is one network on one group of trials. The trials are the lanes of the vectors; a task goes through all
// time steps forward and then backward on one core, and its rates stay in that core's cache. With
//
//     u_t = [ r_t | x_(t+1) ]     rates after step t, inputs of the next step      t = 0 ... T
//     d_t = [ s_(t+1) | e_t ]     derivatives of the loss by the currents of the next step, and by the outputs
//
//         [ recurrent  input ]
//     M = [                  ]    the weights of a network as one matrix
//         [ output       0   ]
//
// a network needs three products:
//
//     forward    [ current_(t+1) | output_t ] = M u_t + [ recurrent_bias | output_bias ]
//     backward   derivative by r_t            = (M^T d_t), rows of the units
//     gradient   of M                         = sum over t of d_t u_t^T
//
// Between two products come the equations of the units: `advance` and `retreat`. A long trial is cut into segments;
// only the states at their beginnings are kept, and the rates within a segment are computed again in the backward pass.
#include "kernel.h"

#include <sched.h>

#include "noise.h"
#include "product.h"
#ifdef __AVX512BF16__
#include "bfloat16.h"
#endif

namespace recurra {
namespace {

constexpr size_t SEGMENT_BYTES = size_t(48) << 20;  // largest size of the rates that a task keeps
constexpr int RUN_ROWS = 16;                        // time steps of a segment if only the outputs are wanted

int odd(int64_t rows) { return int(rows | 1); }  // a stride that maps neighbouring steps to different cache sets

struct Scratch {  // hands out aligned pieces of a block of memory, or adds up their sizes
  char* block;
  size_t used = 0;
  template <class X>
  X* take(size_t count) {
    X* piece = (X*)(block + used);
    used += (count * sizeof(X) + 63) / 64 * 64;
    return piece;
  }
};

template <class T>
size_t packed_size(const Job<T>& job) {  // size of one group of trials
  return size_t(2 * PACK<T>) * job.steps * (job.inputs + 2 * job.outputs);
}

// Trials with the trial as the last axis: inputs, targets, and weights of the loss. Lanes beyond the last trial run that
// trial again with weight 0: if the trials are finite, so are the sums over lanes.
template <class T, int W>
void pack_group(const Job<T>& job, int64_t network, int64_t group, T* packed) {
  constexpr int lanes = W * PACK<T>, block = 64;
  const int64_t first = group * 2 * PACK<T>, count = job.trials - first < lanes ? job.trials - first : lanes;
  const int64_t ins = job.steps * job.inputs, outs = job.steps * job.outputs;
  const int64_t set = job.own_trials ? network * job.trials + first : first;
  const T* x = job.trial_inputs + set * ins;
  T *to_x = packed, *to_y = to_x + ins * lanes, *to_weight = to_y + outs * lanes;
  memset(packed, 0, sizeof(T) * lanes * (ins + 2 * outs));
  for (int64_t k0 = 0; k0 < ins; k0 += block)
    for (int64_t l = 0; l < lanes; l++) {
      const T* trial = x + (l < count ? l : count - 1) * ins;
      for (int64_t k = k0; k < ins && k < k0 + block; k++) to_x[k * lanes + l] = trial[k];
    }
  if (!job.trial_targets) return;
  const T* y = job.trial_targets + set * outs;
  for (int64_t k0 = 0; k0 < outs; k0 += block)
    for (int64_t l = 0; l < count; l++)
      for (int64_t k = k0; k < outs && k < k0 + block; k++) {
        const T weight = weight_of(job, (set + l) * outs + k);
        to_y[k * lanes + l] = weight > T(0) ? y[l * outs + k] : T(0);
        to_weight[k * lanes + l] = weight;
      }
}

// The equations of the units. SIMPLE: leak 1 and no noise; then the rate form and the current form are the same.
template <class T, int W, class Phi, bool SIMPLE, bool RATE>
struct Units {
  static constexpr int vectors = W * PIECES;

  // From the currents to the rates; `value` holds the values of phi if they differ from the rates.
  static void advance(int units, const Vec<T>* current, const T* leak, const Vec<T>* noise, const Vec<T>* rates,
                      Vec<T>* state, Vec<T>* next_rates, Vec<T>* value) {
    for (int unit = 0; unit < units; unit++)
      UNROLL for (int v = 0; v < vectors; v++) {
        int i = unit * vectors + v;
        if constexpr (SIMPLE) {
          next_rates[i] = Phi::template value<T>(current[i]);
        } else if constexpr (RATE) {
          value[i] = Phi::template value<T>(current[i]);
          next_rates[i] = rates[i] * (T(1) - leak[unit]) + value[i] * leak[unit];
          if (noise) next_rates[i] += noise[i];
        } else {
          state[i] = state[i] * (T(1) - leak[unit]) + current[i] * leak[unit];
          if (noise) state[i] += noise[i];
          next_rates[i] = Phi::template value<T>(state[i]);
        }
      }
  }

  // From the derivatives by the rates to those by the currents; `carry` holds the derivatives by the next step's state.
  static void retreat(int units, const Vec<T>* by_rates, const T* leak, const Vec<T>* value, Vec<T>* carry,
                      Vec<T>* by_currents) {
    for (int unit = 0; unit < units; unit++)
      UNROLL for (int v = 0; v < vectors; v++) {
        int i = unit * vectors + v;
        Vec<T> slope = Phi::template slope<T>(value[i]);
        if constexpr (SIMPLE) {
          by_currents[i] = by_rates[i] * slope;
        } else if constexpr (RATE) {
          carry[i] = carry[i] * (T(1) - leak[unit]) + by_rates[i];
          by_currents[i] = carry[i] * slope * leak[unit];
        } else {
          carry[i] = carry[i] * (T(1) - leak[unit]) + by_rates[i] * slope;
          by_currents[i] = carry[i] * leak[unit];
        }
      }
  }
};

template <class T, int W>
struct Equations {
  decltype(&Units<T, W, Tanh, true, true>::advance) advance;
  decltype(&Units<T, W, Tanh, true, true>::retreat) retreat;
  T rate_at_rest;

  template <class Phi>
  static Equations of(bool simple, bool rate) {
    T rest = rate ? T(0) : Phi::template value<T>(Vec<T>{})[0];
    if (simple) return {Units<T, W, Phi, true, true>::advance, Units<T, W, Phi, true, true>::retreat, rest};
    if (rate) return {Units<T, W, Phi, false, true>::advance, Units<T, W, Phi, false, true>::retreat, rest};
    return {Units<T, W, Phi, false, false>::advance, Units<T, W, Phi, false, false>::retreat, rest};
  }

  static Equations choose(const Job<T>& job, bool simple) {
    bool rate = job.form == Form::rate;
    switch (job.activation) {
      case Activation::tanh: return of<Tanh>(simple, rate);
      case Activation::relu: return of<Relu>(simple, rate);
      case Activation::sigmoid: return of<Sigmoid>(simple, rate);
      default: return of<Softplus>(simple, rate);
    }
  }
};

template <class T>
bool is_simple(const Job<T>& job) {
  bool simple = job.noise == T(0);
  for (int64_t unit = 0; unit < job.units; unit++) simple = simple && job.leak[unit] == T(1);
  return simple;
}

template <class T, int W, bool ROUND>
struct Task {
  typedef typename std::conditional<ROUND, Rounded<T>, Plain<T, W>>::type Products;
  typedef typename Products::Matrix Matrix;
  typedef typename Products::Gradient Gradient;
  typedef typename Matrix::Weight Weight;
  static constexpr int vectors = W * PIECES, lanes = W * PACK<T>;
  typedef Vec<T> V;

  const Job<T>& job;
  const int64_t network, group;
  const int steps, units, inputs, outputs;
  const bool simple, own_values;  // own_values: phi's values differ from the rates and are kept beside them
  const Equations<T, W> equations;
  const Parts forward_rows, backward_rows, left_rows, right_rows;
  const int block;         // time steps whose gradients are summed at once
  const int left_stride, right_stride, round_stride;
  int segment = 0;         // time steps whose rates are kept; a multiple of `block`

  Weight *forward_weights, *backward_weights;
  T *packed, *bias, *gradient;
  V *left, *right, *values, *errors, *product, *by_rates, *carry, *state, *noise, *bias_sum, *kept;
  V *round_left = nullptr, *round_right = nullptr, *round_pairs = nullptr;  // rows rounded to bfloat16 for the products
  V valid[vectors], loss[PIECES] = {}, squares[PIECES] = {};  // one vector per piece of a pack, see vectors.h

  Task(const Job<T>& job, int64_t network, int64_t group)
      : job(job), network(network), group(group), steps(int(job.steps)), units(int(job.units)),
        inputs(int(job.inputs)), outputs(int(job.outputs)), simple(is_simple(job)),
        own_values(!simple && job.form == Form::rate), equations(Equations<T, W>::choose(job, simple)),
        forward_rows(units + outputs, PlainDot<T, W>::most_rows), backward_rows(units, PlainDot<T, W>::most_rows),
        left_rows(units + inputs, PlainTile<T, W>::most_left), right_rows(units + outputs, PlainTile<T, W>::most_right),
        block(units <= 64 ? 32 : 16), left_stride(odd(units + inputs) * vectors),
        right_stride(odd(units + outputs) * vectors),
        round_stride(odd(units + (inputs > outputs ? inputs : outputs) + 1)) {
    for (int v = 0; v < vectors; v++)
      for (int l = 0; l < LANES<T>; l++)
        valid[v][l] = group * 2 * PACK<T> + v * LANES<T> + l < job.trials ? T(1) : T(0);
  }

  int segments() const { return steps / segment + 1; }
  V* left_row(int t) { return left + size_t(t % segment) * left_stride; }
  V* value_row(int t) { return own_values ? values + size_t(t % segment) * units * vectors : left_row(t); }
  V* right_row(int t) { return right + size_t(t % block) * right_stride; }

  // Rows are kept for `segment` steps, and one more row for the state at the beginning of the next segment.
  size_t lay_out(void* memory, bool with_gradient) {
    size_t row = sizeof(V) * (left_stride + (own_values ? units * vectors : 0));
    int64_t wanted = with_gradient ? int64_t(SEGMENT_BYTES / row) : RUN_ROWS;
    int whole = (steps + block) / block * block;
    segment = wanted < block ? block : wanted < whole ? int(wanted / block * block) : whole;
    if (!with_gradient) segment = RUN_ROWS;
    Scratch scratch{(char*)memory};
    packed = scratch.take<T>(job.packed ? 0 : packed_size(job));
    forward_weights = scratch.take<Weight>(size_t(units + outputs) * Matrix::length(units + inputs));
    bias = scratch.take<T>(units + outputs);
    left = scratch.take<V>(size_t(segment + 1) * left_stride);
    values = scratch.take<V>(own_values ? size_t(segment + 1) * units * vectors : 0);
    product = scratch.take<V>(size_t(units + outputs) * vectors);
    state = scratch.take<V>(size_t(units) * vectors);
    noise = scratch.take<V>(size_t(units + 1) * vectors);
    errors = scratch.take<V>(size_t(segment) * outputs * vectors);
    if (with_gradient) {
      backward_weights = scratch.take<Weight>(size_t(units) * Matrix::length(units + outputs));
      gradient = scratch.take<T>(size_t(left_rows.count) * right_rows.count * Gradient::size);
      right = scratch.take<V>(size_t(block) * right_stride);
      by_rates = scratch.take<V>(size_t(units) * vectors);
      carry = scratch.take<V>(size_t(units) * vectors);
      bias_sum = scratch.take<V>(size_t(units + outputs) * vectors);
      round_left = scratch.take<V>(ROUND ? size_t(segment) * round_stride : 0);
      round_right = scratch.take<V>(ROUND ? size_t(block) * round_stride : 0);
      round_pairs = scratch.take<V>(ROUND ? round_stride : 0);
      kept = scratch.take<V>(segments() > 1 ? size_t(segments()) * 3 * units * vectors : 0);
    }
    return scratch.used;
  }

  const T* trials() const {
    return job.packed ? job.packed + group * packed_size(job) : packed;
  }

  void begin(bool with_gradient) {
    const T* recurrent = job.recurrent + network * units * units;
    const T* input = job.input + network * units * inputs;
    const T* output = job.output + network * outputs * units;
    if (!job.packed) pack_group<T, W>(job, network, group, packed);
    Matrix::pack(
        forward_rows, units + inputs,
        [&](int row, int k) {
          if (row >= units) return k < units ? output[(row - units) * units + k] : T(0);
          return k < units ? recurrent[int64_t(row) * units + k] : input[row * inputs + k - units];
        },
        forward_weights);
    memcpy(bias, job.recurrent_bias + network * units, sizeof(T) * units);
    memcpy(bias + units, job.output_bias + network * outputs, sizeof(T) * outputs);
    for (int i = 0; i < units * vectors; i++) left[i] = all(equations.rate_at_rest);
    memset(state, 0, sizeof(V) * units * vectors);
    if (!with_gradient) return;
    Matrix::pack(
        backward_rows, units + outputs,
        [&](int row, int k) {
          return k < units ? recurrent[int64_t(k) * units + row] : output[(k - units) * units + row];
        },
        backward_weights);
    memset(gradient, 0, sizeof(T) * left_rows.count * right_rows.count * Gradient::size);
    memset(bias_sum, 0, sizeof(V) * (units + outputs) * vectors);
    memset(carry, 0, sizeof(V) * units * vectors);
    memset(right_row(steps), 0, sizeof(V) * units * vectors);
  }

  void draw_noise(int t) {
    const uint32_t half = (units + 1) / 2, trial = uint32_t(group * 2 * PACK<T>);
    for (int pair = 0; pair < int(half); pair++)
      for (int v = 0; v < vectors; v++) {
        V* at = noise + 2 * pair * vectors + v;
        two_normals<T>(job.noise_keys + 2 * network, trial + v * LANES<T>, t * half + pair, at[0], at[vectors]);
      }
    for (int unit = 0; unit < units; unit++) {
      T twice = T(2) * job.leak[unit];
      T scale = job.noise * (sizeof(T) == 4 ? T(__builtin_sqrtf(float(twice))) : T(__builtin_sqrt(double(twice))));
      for (int v = 0; v < vectors; v++) noise[unit * vectors + v] *= scale;
    }
  }

  // The row in the layout that `Matrix` takes: unchanged, or rounded in pairs; the whole rounded row is kept at `place`.
  const V* rounded(const V* row, int rows, V* whole, int place) {
    if constexpr (!ROUND) return row;
    if constexpr (ROUND) Rounded<T>::round(row, rows, whole + size_t(place) * round_stride, round_pairs);
    return round_pairs;
  }

  void multiply_forward(const V* row, int place, int first) {
    const V* factors = rounded(row, units + inputs, round_left, place);
    Matrix::multiply(forward_weights, forward_rows, units + inputs, first, factors, bias, product);
  }

  // Takes the inputs of step t + 1, and returns whether they are finite.
  bool take_inputs(int t, V* x) {
    V nothing{};
    for (int i = 0; i < inputs * vectors; i++) {
      x[i] = t < steps ? ((const V*)trials())[size_t(t) * inputs * vectors + i] : V{};
      nothing += x[i] - x[i];
    }
    bool finite = true;
    for (int l = 0; l < LANES<T>; l++) finite = finite && nothing[l] == T(0);
    return finite;
  }

  // For the steps begin ... end - 1: the outputs of step t, and the rates after step t + 1.
  void forward(int begin, int end) {
    for (int t = begin; t < end; t++) {
      V *now = left + size_t(t - begin) * left_stride, *next = now + left_stride;
      V* next_value = own_values ? values + size_t(t - begin + 1) * units * vectors : nullptr;
      V *to = errors + size_t(t - begin) * outputs * vectors, *x = now + units * vectors;
      if (!take_inputs(t, x)) {  // 0 times infinity is NaN: the next step's inputs must not reach the outputs
        memset(x, 0, sizeof(V) * inputs * vectors);
        multiply_forward(now, t - begin, units);
        memcpy(to, product + units * vectors, sizeof(V) * outputs * vectors);
        take_inputs(t, x);
        multiply_forward(now, t - begin, 0);
      } else {
        multiply_forward(now, t - begin, t < steps ? 0 : units);
        memcpy(to, product + units * vectors, sizeof(V) * outputs * vectors);
      }
      if (t == steps) return;
      if (job.noise != T(0)) draw_noise(t);
      equations.advance(units, product, job.leak, job.noise != T(0) ? noise : nullptr, now, state, next, next_value);
    }
  }

  // Replaces the outputs of `forward` by the derivatives of the loss by them, and adds up the loss.
  void compare(int begin, int end, T inverse_count) {
    const V* target = (const V*)trials() + size_t(steps) * inputs * vectors;
    const V* weight = target + size_t(steps) * outputs * vectors;
    for (int t = begin; t < end; t++) {
      V sum[PIECES] = {};
      for (int i = 0; i < outputs * vectors; i++) {
        V& error = errors[size_t(t - begin) * outputs * vectors + i];
        size_t at = size_t(t - 1) * outputs * vectors + i;
        if (t == 0) {
          error = V{};
          continue;
        }
        V difference = weight[at] > V{} ? error - target[at] : V{}, weighted = difference * weight[at];
        sum[i % PIECES] += difference * weighted;
        error = weighted * (2 * inverse_count);
      }
      for (int p = 0; p < PIECES; p++) loss[p] += sum[p] * inverse_count;
    }
  }

  void penalize(const V* rates, T weight) {
    V sum[PIECES] = {};
    for (int unit = 0; unit < units; unit++)
      for (int v = 0; v < vectors; v++) {
        V rate = rates[unit * vectors + v] * valid[v];
        sum[v % PIECES] += rate * rate;
        by_rates[unit * vectors + v] += rate * (2 * weight);
      }
    for (int p = 0; p < PIECES; p++) squares[p] += sum[p];
  }

  // For the steps end - 1 ... begin: the derivatives by the currents, and the sum of the gradients.
  void backward(int begin, int end) {
    const T penalty = job.rate_penalty / (T(job.trials) * T(steps) * T(units));
    for (int t = end - 1; t >= begin; t--) {
      V* slopes = right_row(t);
      memcpy(slopes + units * vectors, errors + size_t(t - begin) * outputs * vectors, sizeof(V) * outputs * vectors);
      const V* factors = rounded(slopes, units + outputs, round_right, t % block);
      if (t % block == 0) add_gradient(begin, t, end < t + block ? end : t + block);
      if (t == 0) break;
      Matrix::multiply(backward_weights, backward_rows, units + outputs, 0, factors, nullptr, by_rates);
      if (job.rate_penalty != T(0)) penalize(left_row(t), penalty);
      equations.retreat(units, by_rates, job.leak, value_row(t), carry, right_row(t - 1));
    }
  }

  void add_gradient(int begin, int from, int to) {
    for (int i = 0; i < (units + outputs) * vectors; i++)
      for (int t = from; t < to; t++) bias_sum[i] += right_row(t)[i];
    if constexpr (ROUND)
      Gradient::add(left_rows, round_left + size_t(from - begin) * round_stride, round_stride, right_rows, round_right,
                    round_stride, to - from, gradient);
    else
      Gradient::add(left_rows, left + size_t(from - begin) * left_stride, left_stride, right_rows, right, right_stride,
                    to - from, gradient);
  }

  // The state at the beginning of a segment: rates, phi's values, and the state of the current form.
  void keep(int part) { exchange(part, true); }
  void restore(int part) { exchange(part, false); }
  void exchange(int part, bool out) {
    const size_t size = size_t(units) * vectors;
    V* places[3] = {left, own_values ? values : left, state};
    for (int i = 0; i < 3; i++) {
      V* own = kept + (size_t(part) * 3 + i) * size;
      memcpy(out ? own : places[i], out ? places[i] : own, sizeof(V) * size);
    }
  }

  // The rows after the end of a segment become the first rows of the next segment.
  void carry_over() {
    const size_t size = sizeof(V) * units * vectors;
    memcpy(left, left + size_t(segment) * left_stride, size);
    if (own_values) memcpy(values, values + size_t(segment) * units * vectors, size);
  }

  int end_of(int part) const { return steps + 1 < (part + 1) * segment ? steps + 1 : (part + 1) * segment; }

  void gradient_of_group() {
    begin(true);
    const T inverse_count = job.inverse_count[job.own_trials ? network : 0];
    const int last = segments() - 1;
    for (int part = 0; part < last; part++) {
      keep(part);
      forward(part * segment, end_of(part));
      carry_over();
    }
    for (int part = last; part >= 0; part--) {
      if (part < last) restore(part);
      forward(part * segment, end_of(part));
      compare(part * segment, end_of(part), inverse_count);
      backward(part * segment, end_of(part));
    }
    add_to_answers();
  }

  T sum_of_lanes(const V* pieces) {
    V sum = sum_of_pieces<T>(pieces, 1);
    T lane[PACK<T>] = {};
    for (int l = 0; l < LANES<T>; l++) lane[l] = sum[l];
    for (int n = LANES<T> / 2; n > 0; n /= 2)
      for (int l = 0; l < n; l++) lane[l] += lane[l + n];
    return lane[0];
  }

  T sum_of_row(const V* row) {
    V pieces[PIECES];
    for (int p = 0; p < PIECES; p++) pieces[p] = W == 2 ? row[p] + row[PIECES + p] : row[p];
    return sum_of_lanes(pieces);
  }

  void wait_for_turn() {
    for (int spins = 0; __atomic_load_n(job.turn + network, __ATOMIC_ACQUIRE) != group; spins++)
      if (spins > 1000) sched_yield();
  }

  // Groups add their sums in the order of their numbers, whichever is ready first, so that the bits are always the same.
  void add_to_answers() {
    wait_for_turn();
    const T penalty = job.rate_penalty / (T(job.trials) * T(steps) * T(units));
    job.loss[network] += sum_of_lanes(loss) + sum_of_lanes(squares) * penalty;
    T* recurrent = job.d_recurrent + network * units * units;
    T* input = job.d_input + network * units * inputs;
    T* output = job.d_output + network * outputs * units;
    for (int i = 0; i < left_rows.count; i++)
      for (int j = 0; j < right_rows.count; j++) {
        const T* tile = gradient + (size_t(i) * right_rows.count + j) * Gradient::size;
        for (int a = left_rows.begin(i); a < left_rows.begin(i + 1); a++)
          for (int b = right_rows.begin(j); b < right_rows.begin(j + 1); b++, tile++) {
            if (a < units && b < units) recurrent[int64_t(b) * units + a] += *tile;
            if (a >= units && b < units) input[b * inputs + a - units] += *tile;
            if (a < units && b >= units) output[(b - units) * units + a] += *tile;
          }
      }
    for (int row = 0; row < units + outputs; row++) {
      T sum = sum_of_row(bias_sum + row * vectors);
      if (row < units) job.d_recurrent_bias[network * units + row] += sum;
      if (row >= units) job.d_output_bias[network * outputs + row - units] += sum;
    }
    __atomic_store_n(job.turn + network, int32_t(group + 1), __ATOMIC_RELEASE);
  }

  void run_group() {
    begin(false);
    for (int part = 0; part < segments(); part++) {
      forward(part * segment, end_of(part));
      write_out(part * segment, end_of(part));
      carry_over();
    }
  }

  // Writes the rates and outputs of the steps, with the trial as the first axis.
  void write_out(int begin, int end) {
    const int64_t first = group * 2 * PACK<T>;
    for (int l = 0; l < lanes && first + l < job.trials; l++) {
      int64_t trial = network * job.trials + first + l;
      for (int t = begin < 1 ? 1 : begin; t < end; t++) {
        const T *rates = (const T*)(left + size_t(t - begin) * left_stride) + l,
                *outs = (const T*)(errors + size_t(t - begin) * outputs * vectors) + l;
        T* to = job.answers + (trial * steps + t - 1) * outputs;
        for (int k = 0; k < outputs; k++) to[k] = outs[k * lanes];
        if (!job.rates) continue;
        to = job.rates + (trial * steps + t - 1) * units;
        for (int unit = 0; unit < units; unit++) to[unit] = rates[unit * lanes];
      }
    }
  }
};

// Whether one pack holds all trials of the group.
template <class T>
bool is_narrow(const Job<T>& job, int64_t group) {
  return !job.bfloat16 && job.trials - group * 2 * PACK<T> <= PACK<T>;
}

template <class T>
int64_t groups(const Job<T>& job) {
  return (job.trials + 2 * PACK<T> - 1) / (2 * PACK<T>);
}

template <class T>
size_t packed_bytes(const Job<T>& job) {
  return sizeof(T) * packed_size(job) * groups(job);
}

template <class T>
void pack(const Job<T>& job, int64_t group, T* packed) {
  packed += group * packed_size(job);
  is_narrow(job, group) ? pack_group<T, 1>(job, 0, group, packed) : pack_group<T, 2>(job, 0, group, packed);
}

template <class T, int W, bool ROUND>
struct Use {  // the work of a task, and the memory that it needs
  static size_t bytes(const Job<T>& job) { return Task<T, W, ROUND>(job, 0, 0).lay_out(nullptr, job.loss != nullptr); }
  static void work(const Job<T>& job, int64_t network, int64_t group, void* scratch) {
    Task<T, W, ROUND> task(job, network, group);
    task.lay_out(scratch, job.loss != nullptr);
    job.loss ? task.gradient_of_group() : task.run_group();
  }
};

#ifdef __AVX512BF16__
constexpr bool HAS_BFLOAT16 = true;
#else
constexpr bool HAS_BFLOAT16 = false;
#endif

template <class T>
size_t scratch_bytes(const Job<T>& job) {
  if constexpr (HAS_BFLOAT16 && sizeof(T) == 4)
    if (job.bfloat16) return Use<T, 2, true>::bytes(job);
  const size_t narrow = Use<T, 1, false>::bytes(job), wide = Use<T, 2, false>::bytes(job);
  return narrow > wide ? narrow : wide;  // the segments of a narrow group hold more steps
}

template <class T>
void work(const Job<T>& job, int64_t network, int64_t group, void* scratch) {
  if constexpr (HAS_BFLOAT16 && sizeof(T) == 4)
    if (job.bfloat16) return Use<T, 2, true>::work(job, network, group, scratch);
  is_narrow(job, group) ? Use<T, 1, false>::work(job, network, group, scratch)
                        : Use<T, 2, false>::work(job, network, group, scratch);
}

template <class T>
constexpr Kernel<T> kernel = {groups<T>, packed_bytes<T>, pack<T>, scratch_bytes<T>, work<T>};

}  // namespace

#define NAME_OF(kernel) #kernel
#define KERNELS_(name) const Kernels kernels_##name = {NAME_OF(name), HAS_BFLOAT16, kernel<float>, kernel<double>};
#define KERNELS(name) KERNELS_(name)
KERNELS(RECURRA_KERNEL)

}  // namespace recurra
