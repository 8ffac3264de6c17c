// What the kernel is asked for, and what it offers. Compiled once for every instruction set; see kernel.cc.
#pragma once
#include <cstddef>
#include <cstdint>

namespace recurra {

enum class Form : int64_t { rate, current };
enum class Activation : int64_t { tanh, relu, sigmoid, softplus };

// A cohort, its trials, and where the answers go. All arrays are row-major with the axes in the comment;
// T is float or double.
template <class T>
struct Job {
  int64_t networks, trials, steps, units, inputs, outputs;

  Form form;
  Activation activation;
  const T* leak;               // unit
  T noise;                     // standard deviation of an isolated unit
  const uint32_t* noise_keys;  // network, 2
  T rate_penalty;

  const T* recurrent;       // network, post, pre
  const T* input;           // network, unit, input
  const T* output;          // network, output, unit
  const T* recurrent_bias;  // network, unit
  const T* output_bias;     // network, output
  const bool* active;       // network: the others are passed over
  bool bfloat16;            // whether the factors of the products are rounded to it; only where `Kernels` has it

  bool own_trials;           // whether the next three have a leading network axis
  const T* trial_inputs;     // trial, time, input
  const T* trial_targets;    // trial, time, output
  const bool* trial_mask;    // trial, time, output: where the loss counts; or null, and then
  const T* trial_weights;    // trial, time, output: how much it counts there; nothing where it is not above 0
  const T* inverse_count;    // one over the sum of the weights, 0 where it is 0; one value, or one a network
  const T* packed;           // the trials as `pack` lays them out, or null

  // Loss and gradient, all zero when the work starts; `turn` (network) says which group adds next. Null: only run.
  T* loss;
  T *d_recurrent, *d_input, *d_output, *d_recurrent_bias, *d_output_bias;
  int32_t* turn;

  // Where there is no loss: network, trial, time, unit (may be null) and network, trial, time, output.
  T *rates, *answers;
};

// How much the entry of the trials counts, 0 or above.
template <class T>
inline T weight_of(const Job<T>& job, int64_t entry) {
  if (job.trial_mask) return job.trial_mask[entry] ? T(1) : T(0);
  return job.trial_weights[entry] > T(0) ? job.trial_weights[entry] : T(0);  // no number counts as nothing
}

// One implementation for one instruction set. A group is as many trials as fit into the vectors of a task;
// a task is one network on one group. Scratch is aligned to 64 bytes and of one task at a time.
template <class T>
struct Kernel {
  int64_t (*groups)(const Job<T>&);
  size_t (*packed_bytes)(const Job<T>&);                             // of all groups of one set of trials
  void (*pack)(const Job<T>&, int64_t group, T* packed);              // one group of shared trials
  size_t (*scratch_bytes)(const Job<T>&);
  void (*work)(const Job<T>&, int64_t network, int64_t group, void* scratch);  // one task
};

struct Kernels {
  const char* name;
  bool bfloat16;
  Kernel<float> float32;
  Kernel<double> float64;
};

// The last three only for x86-64.
extern const Kernels kernels_baseline, kernels_avx2, kernels_avx512, kernels_avx512bf16;

}  // namespace recurra
