// Loss and gradient of a cohort, fused over time. This file is compiled once for every instruction set.
//
// A task is one network on one group of trials. The trials are the lanes of the vectors; a task goes through all
// time steps forward and then backward on one core, and its rates stay in that core's cache. With
//
//     u_t = [ r_t | x_(t+1) ]     rates after step t, inputs of the next step      t = 0 ... T
//     d_t = [ s_(t+1) | e_t ]     derivatives of the loss by the currents of the next step, and by the outputs
//
//         [ recurrent  input ]
//     M = [                  ]    the weights of a network as one matrix; its upper rows are those of all gates
//         [ output       0   ]
//
// a network needs three products:
//
//     forward    [ current_(t+1) | output_t ] = M u_t + [ bias | output_bias ]
//     backward   derivative by r_t            = (M^T d_t), rows of the units
//     gradient   of M                         = sum over t of d_t u_t^T
//
// Between two products come the equations of the cell: `advance` and `retreat`, see cells.h. A long trial is cut into
// segments; only the states at their beginnings are kept, and the rates of all segments but the last are computed again
// in the backward pass.
//
// The candidate of a GRU is not a function of one current M u. It has a second, smaller product with u'_t, which begins
// with the inputs within u_t and goes on with the gated rates, if the reset gate comes before the weights:
//
//     u_t = [ r_t | x_(t+1) | g_t ]     u'_t = [ x_(t+1) ] or [ x_(t+1) | g_t ]     d_t = [ s_(t+1) | e_t | s'_(t+1) ]
#include "kernel.h"

#include <sched.h>

#include "cells.h"
#include "few.h"
#include "noise.h"
#include "product.h"
#include "spikes.h"
#ifdef __AVX512BF16__
#include "bfloat16.h"
#endif

namespace recurra {
namespace {

constexpr size_t SEGMENT_BYTES = size_t(96) << 20;  // largest size of the rates that a task keeps
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
  const Equations<T, W> equations;
  const Layout layout;
  // Rows of u and u', and of d: currents, those that see the inputs, currents and outputs; where s' begins.
  const int depth, last_depth, currents, seeing, rows, last;
  const int last_left;     // where u' begins if it is rounded
  const Parts forward_rows, backward_rows, left_rows, right_rows;
  const Parts unit_rows, last_left_rows, last_right_rows;  // of the second product, forward and backward; its gradient
  const int block;         // time steps whose gradients are summed at once
  const int left_stride, right_stride, round_left_stride, round_right_stride, kept_stride;
  int segment = 0;         // time steps whose rates are kept; a multiple of `block`
  int missing = 0;         // steps by which the first segment is shorter: it is computed twice, the last one once
  int base = 0;            // the first step of the segment in memory

  Weight *forward_weights, *backward_weights, *last_weights = nullptr, *last_backward_weights = nullptr;
  T *packed, *bias, *gradient, *last_gradient = nullptr;
  V *left, *right, *cut_row, *kept, *errors, *product, *blind, *by_rates, *by_gated, *carry, *state, *noise, *bias_sum, *by_leak;
  V* starts;  // of the segments
  V *round_left = nullptr, *round_right = nullptr, *round_cut = nullptr, *round_pairs = nullptr;  // rows rounded to bfloat16 for the products
  V valid[vectors], loss[PIECES] = {}, squares[PIECES] = {};  // one vector per piece of a pack, see vectors.h

  Task(const Job<T>& job, int64_t network, int64_t group)
      : job(job), network(network), group(group), steps(int(job.steps)), units(int(job.units)),
        inputs(int(job.inputs)), outputs(int(job.outputs)), equations(Equations<T, W>::choose(job, network)),
        layout(equations.layout), depth(units + inputs), last_depth(inputs + (layout.gated ? units : 0)),
        currents(layout.first * units), seeing(layout.seeing * units), rows(currents + outputs),
        last((rows + 1) / 2 * 2), last_left(Gradient::block == 1 ? units : in_blocks(depth)),
        forward_rows(rows, Matrix::most_rows), backward_rows(units, Matrix::most_rows),
        left_rows(depth, Gradient::most_left), right_rows(rows, Gradient::most_right),
        unit_rows(units, Matrix::most_rows), last_left_rows(last_depth, Gradient::most_left),
        last_right_rows(units, Gradient::most_right),
        block(units <= 64 ? 32 : 16), left_stride(odd(layout.second ? units + last_depth : depth) * vectors),
        right_stride(odd(layout.second ? last + units : rows) * vectors),
        round_left_stride(odd((layout.second ? last_left + in_blocks(last_depth) : in_blocks(depth)) + 1)),
        round_right_stride(odd(right_stride / vectors + 1)),
        kept_stride(layout.kept * units * vectors) {
    for (int v = 0; v < vectors; v++)
      for (int l = 0; l < LANES<T>; l++)
        valid[v][l] = group * 2 * PACK<T> + v * LANES<T> + l < job.trials ? T(1) : T(0);
  }

  static int in_blocks(int rows) { return (rows + Gradient::block - 1) / Gradient::block * Gradient::block; }
  int segments() const { return steps / segment + 1; }
  V* left_row(int t) { return left + size_t(t - base) * left_stride; }
  V* kept_row(int t) { return kept + size_t(t - base) * kept_stride; }
  V* right_row(int t) { return right + size_t(t % block) * right_stride; }
  const T* leak() const { return job.unit_values + network * units; }

  // Rows are kept for `segment` steps, and one more row for the state at the beginning of the next segment.
  size_t lay_out(void* memory, bool with_gradient) {
    size_t row = sizeof(V) * (left_stride + kept_stride);
    const int least = with_gradient ? block : RUN_ROWS, whole = (steps + least) / least * least;
    const int64_t wanted = with_gradient ? int64_t(SEGMENT_BYTES / row) : RUN_ROWS;
    segment = wanted < least ? least : wanted < whole ? int(wanted / least * least) : whole;
    missing = segments() * segment - whole;
    const int second = layout.second ? 1 : 0;
    Scratch scratch{(char*)memory};
    packed = scratch.take<T>(job.packed ? 0 : packed_size(job));
    forward_weights = scratch.take<Weight>(Matrix::weights(forward_rows, depth));
    last_weights = scratch.take<Weight>(second * Matrix::weights(unit_rows, last_depth));
    bias = scratch.take<T>((last + units + Matrix::most_rows) * Matrix::start_numbers);
    left = scratch.take<V>(size_t(segment + 1) * left_stride);
    kept = scratch.take<V>(size_t(segment) * kept_stride);
    product = scratch.take<V>(size_t(last + units) * vectors);
    blind = scratch.take<V>(size_t(rows - seeing) * vectors);
    state = scratch.take<V>(size_t(units) * vectors);
    noise = scratch.take<V>(size_t(layout.state * units + 1) * vectors);
    errors = scratch.take<V>(size_t(segment) * outputs * vectors);
    if (with_gradient) {
      backward_weights = scratch.take<Weight>(Matrix::weights(backward_rows, rows));
      last_backward_weights = scratch.take<Weight>(layout.gated ? Matrix::weights(unit_rows, units) : 0);
      gradient = scratch.take<T>(size_t(left_rows.count) * right_rows.count * Gradient::size);
      last_gradient = scratch.take<T>(second * size_t(last_left_rows.count) * last_right_rows.count * Gradient::size);
      right = scratch.take<V>(size_t(block) * right_stride);
      cut_row = scratch.take<V>(job.window ? size_t(rows) * vectors : 0);
      by_rates = scratch.take<V>(size_t(units) * vectors);
      by_gated = scratch.take<V>(layout.gated ? size_t(units) * vectors : 0);
      carry = scratch.take<V>(size_t(units) * vectors);
      by_leak = scratch.take<V>(size_t(units) * vectors);
      bias_sum = scratch.take<V>(size_t(last + units) * vectors);
      round_left = scratch.take<V>(ROUND ? size_t(segment) * round_left_stride : 0);
      round_right = scratch.take<V>(ROUND ? size_t(block) * round_right_stride + Gradient::most_right : 0);
      round_cut = scratch.take<V>(ROUND && job.window ? round_right_stride + Gradient::most_right : 0);
      round_pairs = scratch.take<V>(ROUND ? (depth > rows ? depth : rows) + last_depth + Matrix::taken : 0);
      starts = scratch.take<V>(segments() > 1 ? size_t(segments()) * 2 * units * vectors : 0);
    }
    return scratch.used;
  }

  const T* trials() const {
    return job.packed ? job.packed + group * packed_size(job) : packed;
  }

  void begin(bool with_gradient) {
    if (!job.packed) pack_group<T, W>(job, network, group, packed);
    pack_weights(with_gradient);
    for (int i = 0; i < units * vectors; i++) left[i] = all(equations.rate_at_rest);
    memset(state, 0, sizeof(V) * units * vectors);
    if (!with_gradient) return;
    memset(gradient, 0, sizeof(T) * left_rows.count * right_rows.count * Gradient::size);
    if (layout.second)
      memset(last_gradient, 0, sizeof(T) * last_left_rows.count * last_right_rows.count * Gradient::size);
    memset(bias_sum, 0, sizeof(V) * (last + units) * vectors);
    memset(carry, 0, sizeof(V) * units * vectors);
    memset(by_leak, 0, sizeof(V) * units * vectors);
  }

  void pack_weights(bool with_gradient) {
    const T* recurrent = job.recurrent + network * layout.gates * units * units;
    const T* input = job.input + network * layout.gates * units * inputs;
    const T* output = job.output + network * outputs * units;
    const T *unit_bias = job.bias + network * layout.gates * units, *reset_bias = job.unit_values + network * units;
    const T *last_recurrent = recurrent + int64_t(seeing) * units, *last_input = input + int64_t(seeing) * inputs;
    Matrix::pack(
        forward_rows, depth,
        [&](int row, int k) {
          if (row >= currents) return k < units ? output[(row - currents) * units + k] : T(0);
          if (k < units) return recurrent[int64_t(row) * units + k];
          return row < seeing ? input[int64_t(row) * inputs + k - units] : T(0);
        },
        forward_weights);
    for (int row = 0; row < currents; row++) set_bias(row, row < seeing ? unit_bias[row] : reset_bias[row - seeing]);
    for (int output = 0; output < outputs; output++)
      set_bias(currents + output, job.output_bias[network * outputs + output]);
    if (layout.second) {
      Matrix::pack(
          unit_rows, last_depth,
          [&](int row, int k) {
            return k < inputs ? last_input[row * inputs + k] : last_recurrent[int64_t(row) * units + k - inputs];
          },
          last_weights);
      for (int unit = 0; unit < units; unit++) set_bias(last + unit, unit_bias[seeing + unit]);
    }
    if (!with_gradient) return;
    Matrix::pack(
        backward_rows, rows,
        [&](int row, int k) {
          return k < currents ? recurrent[int64_t(k) * units + row] : output[(k - currents) * units + row];
        },
        backward_weights);
    if (layout.gated)
      Matrix::pack(
          unit_rows, units, [&](int row, int k) { return last_recurrent[int64_t(k) * units + row]; },
          last_backward_weights);
  }

  T* bias_of(int row) { return bias + row * Matrix::start_numbers; }
  void set_bias(int row, T value) {
    for (int i = 0; i < Matrix::start_numbers; i++) bias_of(row)[i] = value;
  }

  void draw_noise(int t) {
    const int entries = layout.state * units;
    const uint32_t half = uint32_t(entries + 1) / 2, trial = uint32_t(group * 2 * PACK<T>);
    for (int pair = 0; pair < int(half); pair++)
      for (int v = 0; v < vectors; v++) {
        V* at = noise + 2 * pair * vectors + v;
        two_normals<T>(job.noise_keys + 2 * network, trial + v * LANES<T>, t * half + pair, at[0], at[vectors]);
      }
    const bool rate_units = job.cell == Cell::rate || job.cell == Cell::current;
    for (int entry = 0; entry < entries; entry++) {
      T scale = job.noise;
      if (rate_units) {
        T twice = T(2) * leak()[entry];
        scale = job.noise * (sizeof(T) == 4 ? T(__builtin_sqrtf(float(twice))) : T(__builtin_sqrt(double(twice))));
      }
      for (int v = 0; v < vectors; v++) noise[entry * vectors + v] *= scale;
    }
  }

  // The row in the layout that `Matrix` takes: unchanged, or rounded in pairs; the whole rounded row is kept at `whole`.
  const V* rounded(const V* row, int count, V* whole) {
    if constexpr (!ROUND) return row;
    if constexpr (ROUND) Rounded<T>::round(row, count, whole, round_pairs);
    return round_pairs;
  }

  void multiply_forward(const V* row, int place, int first) {
    V* kept = round_left + size_t(place) * round_left_stride;
    const V* factors = rounded(row, depth, kept);
    if constexpr (ROUND) Gradient::turn(kept, depth);
    Matrix::multiply(forward_weights, forward_rows, depth, first, factors, bias, product);
  }

  void multiply_last(const V* row, int place) {
    V* kept = round_left + size_t(place) * round_left_stride + last_left;
    const V* factors = rounded(row + units * vectors, last_depth, kept);
    if constexpr (ROUND) Gradient::turn(kept, last_depth);
    Matrix::multiply(last_weights, unit_rows, last_depth, 0, factors, bias_of(last), product + last * vectors);
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

  // The currents of step t + 1 and the outputs of step t. 0 times infinity is NaN: where inputs are not finite they must
  // not reach the rows that do not see them.
  void multiply_apart(V* row, int t, int place) {
    V* x = row + units * vectors;
    const size_t size = sizeof(V) * (rows - seeing) * vectors;
    memset(x, 0, sizeof(V) * inputs * vectors);
    multiply_forward(row, place, seeing);
    memcpy(blind, product + seeing * vectors, size);
    take_inputs(t, x);
    multiply_forward(row, place, 0);
    memcpy(product + seeing * vectors, blind, size);
  }

  // For the steps begin ... end - 1: the outputs of step t, and the rates after step t + 1.
  void forward(int begin, int end) {
    base = begin;
    for (int t = begin; t < end; t++) {
      V *now = left + size_t(t - begin) * left_stride, *next = now + left_stride;
      if (take_inputs(t, now + units * vectors))
        multiply_forward(now, t - begin, t < steps ? 0 : currents);
      else
        multiply_apart(now, t, t - begin);
      memcpy(errors + size_t(t - begin) * outputs * vectors, product + currents * vectors, sizeof(V) * outputs * vectors);
      if (t == steps) {  // the gradient multiplies u' with 0 here, and so it has to be finite
        if (layout.gated) memset(now + depth * vectors, 0, sizeof(V) * units * vectors);
        if (layout.second) multiply_last(now, t - begin);
        return;
      }
      if (job.noise != T(0)) draw_noise(t);
      const Step<T> step = {units, units * vectors, leak(), job.noise != T(0) ? noise : nullptr, now, product,
                            product + last * vectors, state, next, kept_row(t), now + depth * vectors};
      if (layout.gated) equations.gate(step);
      if (layout.second) multiply_last(now, t - begin);
      equations.advance(step);
    }
  }

  // Replaces the outputs of `forward` by the derivatives of the loss by them, and adds up the loss.
  void compare(int begin, int end, T inverse_count) {
    if (job.cross_entropy) return compare_choices(begin, end, inverse_count * T(outputs));
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

  // The same for the cross-entropy of the softmax of the outputs z with the targets. With a = weight * target, the loss
  // of a step is sum(a) log(sum(exp(z))) - a . z, and its derivative sum(a) softmax(z) - a.
  void compare_choices(int begin, int end, T inverse_count) {
    const V* target = (const V*)trials() + size_t(steps) * inputs * vectors;
    const V* weight = target + size_t(steps) * outputs * vectors;
    for (int t = begin; t < end; t++)
      for (int v = 0; v < vectors; v++) {
        V* error = errors + size_t(t - begin) * outputs * vectors + v;
        if (t == 0) {
          for (int k = 0; k < outputs; k++) error[k * vectors] = V{};
          continue;
        }
        const size_t at = size_t(t - 1) * outputs * vectors + v;
        V highest = error[0], total = V{}, asked = V{}, matched = V{};
        for (int k = 1; k < outputs; k++) highest = error[k * vectors] > highest ? error[k * vectors] : highest;
        for (int k = 0; k < outputs; k++) {
          const V share = weight[at + k * vectors] * target[at + k * vectors];
          const V below = error[k * vectors] - highest;
          asked += share;
          matched += share > V{} ? share * below : V{};
          error[k * vectors] = exponential<T>(below);
          total += error[k * vectors];
        }
        const V counts = asked > V{} ? all(T(1)) : V{};
        const V entropy = asked > V{} ? asked * logarithm<T>(total) - matched : V{};
        for (int k = 0; k < outputs; k++) {
          const V share = weight[at + k * vectors] * target[at + k * vectors];
          const V slope = asked * error[k * vectors] / total - share;
          error[k * vectors] = (counts > V{} ? slope : V{}) * inverse_count;
        }
        loss[v % PIECES] += entropy * inverse_count;
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

  // For the steps end - 1 ... begin: the derivatives by the currents, and the sum of the gradients. After step t has been
  // done, `by_rates` and `carry` are the derivatives by the state at t.
  void backward(int begin, int end) {
    const T penalty = job.rate_penalty / (T(job.trials) * T(steps) * T(units));
    for (int t = end - 1; t >= begin; t--) {
      V *slopes = right_row(t), *whole = round_right + size_t(t % block) * round_right_stride;
      retreat_to(t, slopes, whole);
      memcpy(slopes + currents * vectors, errors + size_t(t - begin) * outputs * vectors, sizeof(V) * outputs * vectors);
      const V* factors = rounded(slopes, rows, whole);
      if (job.window && t % job.window == 0 && t < steps) factors = cut(slopes);
      if (t % block == 0) add_gradient(begin, t, end < t + block ? end : t + block);
      if (t == 0) break;
      Matrix::multiply(backward_weights, backward_rows, rows, 0, factors, nullptr, by_rates);
      if (job.rate_penalty != T(0)) penalize(left_row(t), penalty);
    }
  }

  // A window of truncated backpropagation begins here: of the derivatives only those by the outputs go on back.
  const V* cut(const V* slopes) {
    memset(cut_row, 0, sizeof(V) * currents * vectors);
    memcpy(cut_row + currents * vectors, slopes + currents * vectors, sizeof(V) * outputs * vectors);
    memset(carry, 0, sizeof(V) * units * vectors);
    return rounded(cut_row, rows, round_cut);
  }

  // The derivatives by the currents of the step from t to t + 1.
  void retreat_to(int t, V* slopes, V* whole) {
    V* last_slopes = slopes + last * vectors;
    if (t == steps) {
      memset(slopes, 0, sizeof(V) * currents * vectors);
      if (layout.second) memset(last_slopes, 0, sizeof(V) * units * vectors);
    } else {
      const V* now = left_row(t);
      const Slopes<T> back = {units, units * vectors, leak(), now, now + left_stride, kept_row(t), by_rates, by_gated,
                              carry, slopes, last_slopes, by_leak};
      equations.retreat(back);
      if (layout.gated) {
        const V* factors = rounded(last_slopes, units, whole + last);
        Matrix::multiply(last_backward_weights, unit_rows, units, 0, factors, nullptr, by_gated);
        equations.gate_back(back);
      }
    }
    if (layout.second) rounded(last_slopes, units, whole + last);
  }

  void add_gradient(int begin, int from, int to) {
    const int count = to - from;
    add_bias(0, rows, from, to);
    if (layout.second) add_bias(last, last + units, from, to);
    const V *lefts = left, *rights = right;
    size_t left_step = left_stride, right_step = right_stride, last_at = size_t(units) * vectors, wide = vectors;
    if constexpr (ROUND) {
      lefts = round_left, left_step = round_left_stride, last_at = last_left;
      rights = round_right, right_step = round_right_stride, wide = 1;
    }
    lefts += size_t(from - begin) * left_step;
    Gradient::add(left_rows, lefts, left_step, right_rows, rights, right_step, count, gradient);
    if (layout.second)
      Gradient::add(last_left_rows, lefts + last_at, left_step, last_right_rows, rights + last * wide, right_step, count,
                    last_gradient);
  }

  void add_bias(int first, int end, int from, int to) {
    for (int i = first * vectors; i < end * vectors; i++) {
      const V* row = right_row(from) + i;
      V sum = bias_sum[i];
      for (int t = from; t < to; t++, row += right_stride) sum += *row;
      bias_sum[i] = sum;
    }
  }

  // The state at the beginning of a segment: rates, and what the cell remembers besides them.
  void keep(int part) { exchange(part, true); }
  void restore(int part) { exchange(part, false); }
  void exchange(int part, bool out) {
    const size_t size = size_t(units) * vectors;
    V* places[2] = {left, state};
    for (int i = 0; i < 2; i++) {
      V* own = starts + (size_t(part) * 2 + i) * size;
      memcpy(out ? own : places[i], out ? places[i] : own, sizeof(V) * size);
    }
  }

  // The rates after the end of a segment become the first ones of the next segment.
  void carry_over(int part) { memcpy(left, left_row(end_of(part)), sizeof(V) * units * vectors); }

  int begin_of(int part) const { return part == 0 ? 0 : part * segment - missing; }
  int end_of(int part) const { return part == segments() - 1 ? steps + 1 : begin_of(part + 1); }

  void gradient_of_group() {
    begin(true);
    const T inverse_count = job.inverse_count[job.own_trials ? network : 0];
    const int last = segments() - 1;
    for (int part = 0; part < last; part++) {
      keep(part);
      forward(begin_of(part), end_of(part));
      carry_over(part);
    }
    for (int part = last; part >= 0; part--) {
      if (part < last) restore(part);
      forward(begin_of(part), end_of(part));
      compare(begin_of(part), end_of(part), inverse_count);
      backward(begin_of(part), end_of(part));
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
    T* recurrent = job.d_recurrent + network * layout.gates * units * units;
    T* input = job.d_input + network * layout.gates * units * inputs;
    T* output = job.d_output + network * outputs * units;
    Gradient::for_each_element(gradient, left_rows, right_rows, [&](int a, int b, T sum) {
      if (a < units && b < currents) recurrent[int64_t(b) * units + a] += sum;
      if (a >= units && b < seeing) input[int64_t(b) * inputs + a - units] += sum;
      if (a < units && b >= currents) output[(b - currents) * units + a] += sum;
    });
    if (layout.second)
      Gradient::for_each_element(last_gradient, last_left_rows, last_right_rows, [&](int a, int b, T sum) {
        if (a < inputs) input[int64_t(seeing + b) * inputs + a] += sum;
        if (a >= inputs) recurrent[int64_t(seeing + b) * units + a - inputs] += sum;
      });
    add_sums_of_rows();
    __atomic_store_n(job.turn + network, int32_t(group + 1), __ATOMIC_RELEASE);
  }

  // The gradients of the biases, and of the leaks if they are wanted.
  void add_sums_of_rows() {
    T* bias = job.d_bias + network * layout.gates * units;
    T* unit_values = job.d_unit_values ? job.d_unit_values + network * units : nullptr;
    for (int row = 0; row < rows; row++) {
      T sum = sum_of_row(bias_sum + row * vectors);
      if (row < seeing) bias[row] += sum;
      if (row >= seeing && row < currents) unit_values[row - seeing] += sum;
      if (row >= currents) job.d_output_bias[network * outputs + row - currents] += sum;
    }
    if (layout.second)
      for (int unit = 0; unit < units; unit++) bias[seeing + unit] += sum_of_row(bias_sum + (last + unit) * vectors);
    if (unit_values && layout.first == 1)
      for (int unit = 0; unit < units; unit++) unit_values[unit] += sum_of_row(by_leak + unit * vectors);
  }

  void run_group() {
    begin(false);
    for (int part = 0; part < segments(); part++) {
      forward(begin_of(part), end_of(part));
      write_out(begin_of(part), end_of(part));
      if (part + 1 < segments()) carry_over(part);
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
  if (are_few(job)) return job.trials * job.parts;
  return (job.trials + 2 * PACK<T> - 1) / (2 * PACK<T>);
}

template <class T>
size_t packed_bytes(const Job<T>& job) {
  if (are_few(job)) return 0;
  return sizeof(T) * packed_size(job) * groups(job);
}

template <class T>
void pack(const Job<T>& job, int64_t group, T* packed) {
  packed += group * packed_size(job);
  is_narrow(job, group) ? pack_group<T, 1>(job, 0, group, packed) : pack_group<T, 2>(job, 0, group, packed);
}

template <class T, int W, bool ROUND>
struct Use {  // the work of a task, and the memory that it needs
  static size_t bytes(const Job<T>& job) {
    size_t most = 0;
    for (int64_t network = 0; network < job.networks; network++) {
      size_t own = Task<T, W, ROUND>(job, network, 0).lay_out(nullptr, job.loss != nullptr);
      if (own > most) most = own;
    }
    return most;
  }
  static void work(const Job<T>& job, int64_t network, int64_t group, void* scratch) {
    typename Task<T, W, ROUND>::Products::Registers registers;
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
  if (are_few(job)) return OneTrial<T>::bytes(job);
  if constexpr (HAS_BFLOAT16 && sizeof(T) == 4)
    if (job.bfloat16) return Use<T, 2, true>::bytes(job);
  const size_t narrow = Use<T, 1, false>::bytes(job), wide = Use<T, 2, false>::bytes(job);
  return narrow > wide ? narrow : wide;  // the segments of a narrow group hold more steps
}

template <class T>
void work(const Job<T>& job, int64_t network, int64_t group, void* scratch) {
  if (are_few(job)) return run_one_trial(job, network, group / job.parts, group % job.parts, scratch);
  if constexpr (HAS_BFLOAT16 && sizeof(T) == 4)
    if (job.bfloat16) return Use<T, 2, true>::work(job, network, group, scratch);
  is_narrow(job, group) ? Use<T, 1, false>::work(job, network, group, scratch)
                        : Use<T, 2, false>::work(job, network, group, scratch);
}

template <class T>
constexpr Kernel<T> kernel = {parts<T>, exchanged_size<T>, groups<T>, packed_bytes<T>, pack<T>, scratch_bytes<T>, work<T>};

}  // namespace

#define NAME_OF(kernel) #kernel
#define KERNELS_(name) \
  const Kernels kernels_##name = {NAME_OF(name), HAS_BFLOAT16, kernel<float>, kernel<double>, spike_bytes, spike};
#define KERNELS(name) KERNELS_(name)
KERNELS(RECURRA_KERNEL)

}  // namespace recurra
