// The job of a kernel, and its functions. Compiled once for every instruction set; see kernel.cc.
#pragma once
#include <cstddef>
#include <cstdint>

namespace recurra {

enum class Cell : int64_t { rate, current, ugrnn, gru_after, gru_before, lstm };  // cells.h has their equations
enum class Activation : int64_t { tanh, relu, sigmoid, softplus, hard_sigmoid_5, hard_sigmoid_6, linear };

class Meeting;

// A cohort, its trials, and the arrays for the results. All arrays are row-major with the axes in the comments;
// T is float or double. Rate units have one gate.
template <class T>
struct Job {
  int64_t networks, trials, steps, units, inputs, outputs;

  Cell cell;
  Activation activation;       // phi of rate units, no hard sigmoid; else the gate function, one of the sigmoids
  T noise;                     // of rate units the standard deviation of an isolated unit, else that of a step's noise
  const uint32_t* noise_keys;  // network, 2
  T rate_penalty;
  int64_t window;  // the gradient goes no further back than to a multiple of it; 0 for the whole trial
  bool cross_entropy;          // instead of the squared error

  const T* recurrent;       // network, gate, post, pre
  const T* input;           // network, gate, unit, input
  const T* output;          // network, output, unit
  const T* bias;            // network, gate, unit
  const T* output_bias;     // network, output
  const T* unit_values;     // network, unit: leaks of rate units, reset bias of a GRU with reset after
  const bool* active;       // network: the other networks are left out
  bool bfloat16;            // whether the factors of the products are rounded to bfloat16; only if `Kernels` has it

  bool own_trials;           // whether the next four arrays have a leading network axis
  const T* trial_inputs;     // trial, time, input
  const T* trial_targets;    // trial, time, output
  const bool* trial_mask;    // trial, time, output: the entries that the loss counts; or null, and then
  const T* trial_weights;    // trial, time, output: the weight of each entry in the loss; 0 if it is not above 0
  const T* inverse_count;    // 1 / sum of the weights, or 0 if the sum is 0; one value, or one value per network
  const T* packed;           // the trials as `pack` lays them out, or null

  // Loss and gradient, all 0 at first; `turn` (network) is the group that adds next. Null if only outputs are wanted.
  T* loss;
  T *d_recurrent, *d_input, *d_output, *d_bias, *d_output_bias;
  T* d_unit_values;  // null if not wanted
  int32_t* turn;

  // If there is no loss: network, trial, time, unit (may be null) and network, trial, time, output.
  T *rates, *answers;

  // A trial may be divided among `parts` tasks that go on at the same time and meet after every step: few.h.
  int64_t parts;
  T* exchanged;       // network, trial, two times, unit: memory of `exchanged_size` numbers; null for one part
  Meeting* meetings;  // network, trial
};

// The weight of an entry of the trials in the loss, 0 or above.
template <class T>
inline T weight_of(const Job<T>& job, int64_t entry) {
  if (job.trial_mask) return job.trial_mask[entry] ? T(1) : T(0);
  return job.trial_weights[entry] > T(0) ? job.trial_weights[entry] : T(0);  // NaN counts as 0
}

// Leaky integrate-and-fire units on trials, for several scaling factors with the same noise; engine/spikes.py has the
// equations. Arrays of units are padded to `padded` = 2 * 16 * ceil(units / 32) entries, with zeros.
struct SpikeJob {
  int64_t factors, trials, steps, units, padded, inputs, outputs;
  int64_t substeps;      // steps of integration in a step of the task
  int64_t refractory;    // in steps of integration
  int64_t first_trial;   // number of the first trial, for the noise
  float leak, rise_decay, noise, threshold, reset;

  const float* columns;      // pre, padded post
  const float* input;        // input, padded
  const float* bias;         // padded
  const float* decay;        // padded
  const float* gain;         // padded: of the synaptic current at a scaling factor of 1
  const float* trace_gain;   // padded
  const float* output;       // output, unit
  const float* output_bias;  // output
  const float* inverse;      // factor: 1 / scaling factor
  const uint32_t* key;       // 2
  const float* start;        // trial, padded: voltages
  const float* trial_inputs; // trial, time, input

  float* answers;   // factor, trial, time, output
  int32_t* counts;  // factor, trial, unit: spikes after the first `refractory` steps
  float* traces;    // factor, trial, time, unit; or null
  uint8_t* spikes;  // factor, trial, time * substeps, unit; or null
};

// The functions for one instruction set. A group is as many trials as fit into the vectors of a task; a task is one
// network on one group. Scratch memory is aligned to 64 bytes and used by one task at a time.
template <class T>
struct Kernel {
  int64_t (*parts)(const Job<T>&, int64_t threads);  // of a trial, for as many threads
  size_t (*exchanged_size)(const Job<T>&);
  int64_t (*groups)(const Job<T>&);
  size_t (*packed_bytes)(const Job<T>&);                             // size of all groups of one set of trials
  void (*pack)(const Job<T>&, int64_t group, T* packed);              // one group of shared trials
  size_t (*scratch_bytes)(const Job<T>&);
  void (*work)(const Job<T>&, int64_t network, int64_t group, void* scratch);  // one task
};

struct Kernels {
  const char* name;
  bool bfloat16;
  Kernel<float> float32;
  Kernel<double> float64;
  size_t (*spike_bytes)(const SpikeJob&);                              // scratch memory of one trial
  void (*spike)(const SpikeJob&, int64_t trial, void* scratch);         // one trial, with all scaling factors
};

// Only the first exists everywhere, and the last only on Linux.
extern const Kernels kernels_baseline, kernels_avx2, kernels_avx512, kernels_avx512bf16, kernels_amx;

}  // namespace recurra
