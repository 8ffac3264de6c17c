// Leaky integrate-and-fire units. A task is one trial with all scaling factors, which share its noise. The units are the
// lanes of the vectors. Few units spike in a step: only the columns of these are added to the synaptic currents.
#pragma once
#include <cstring>

#include "noise.h"

namespace recurra {
namespace {

struct SpikingState {  // of one trial with one scaling factor; every array has `padded` entries
  float *voltage, *current, *rise, *trace, *trace_rise;
  int32_t* last;  // step of the last spike; 0 before the first
};

constexpr int STATE_ARRAYS = 6;

inline SpikingState state_of(const SpikeJob& job, float* block, int64_t factor) {
  float* at = block + size_t(factor) * STATE_ARRAYS * job.padded;
  const int64_t n = job.padded;
  return {at, at + n, at + 2 * n, at + 3 * n, at + 4 * n, reinterpret_cast<int32_t*>(at + 5 * n)};
}

typedef int32_t Steps __attribute__((vector_size(VECTOR_BYTES)));
typedef float LooseFloats __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef int32_t LooseSteps __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

INLINE Vec<float> from(const float* at) { return (Vec<float>)*reinterpret_cast<const LooseFloats*>(at); }
INLINE void put(float* at, Vec<float> value) { *reinterpret_cast<LooseFloats*>(at) = (LooseFloats)value; }

// The noise of `job.substeps` steps from `step` on: `padded` numbers for each. The pair p of a step gives the numbers of
// the units p and padded / 2 + p.
inline void fill_noise(const SpikeJob& job, int64_t trial, int64_t step, float* noise) {
  const uint32_t half = uint32_t(job.padded / 2);
  uint32_t highs[LANES<float>], lows[LANES<float>];
  for (int l = 0; l < LANES<float>; l++) highs[l] = uint32_t(job.first_trial + trial);
  for (int64_t s = 0; s < job.substeps; s++, noise += job.padded) {
    for (uint32_t pair = 0; pair < half; pair += LANES<float>) {
      for (int l = 0; l < LANES<float>; l++) lows[l] = uint32_t(step + s) * half + pair + l;
      Vec<float> one, other;
      two_normals<float>(job.key, highs, lows, one, other);
      put(noise + pair, one * job.noise);
      put(noise + half + pair, other * job.noise);
    }
  }
}

// One step: voltages with the currents of the step before, then currents and traces, then the spikes. Returns whether a
// unit spikes.
INLINE bool advance(const SpikeJob& job, const SpikingState& state, int32_t step, const float* drive,
                    const float* noise, float inverse) {
  const Steps free_after = Steps{} + (step - int32_t(job.refractory));
  const Vec<float> leak = all(job.leak), fall = all(job.rise_decay), threshold = all(job.threshold), factor = all(inverse);
  Steps spikes = Steps{};
  for (int64_t u = 0; u < job.padded; u += LANES<float>) {
    const Vec<float> voltage = from(state.voltage + u), current = from(state.current + u), decay = from(job.decay + u);
    const Vec<float> rise = from(state.rise + u), trace_rise = from(state.trace_rise + u);
    const Steps last = (Steps)*reinterpret_cast<const LooseSteps*>(state.last + u);
    const Vec<float> change = leak * (current + from(drive + u) - voltage);
    const Vec<float> next = voltage + (last < free_after ? change : Vec<float>{}) + from(noise + u);
    put(state.voltage + u, next);
    put(state.current + u, current * decay + rise * (from(job.gain + u) * factor));
    put(state.rise + u, rise * fall);
    put(state.trace + u, from(state.trace + u) * decay + trace_rise * from(job.trace_gain + u));
    put(state.trace_rise + u, trace_rise * fall);
    spikes |= next >= threshold;
  }
  int32_t any = 0;
  for (int l = 0; l < LANES<float>; l++) any |= spikes[l];
  return any;
}

INLINE void spread(const SpikeJob& job, const SpikingState& state, int64_t trial, int64_t factor, int64_t step) {
  const size_t row = size_t(factor * job.trials + trial);
  for (int64_t unit = 0; unit < job.units; unit++) {
    if (state.voltage[unit] < job.threshold) continue;
    state.voltage[unit] = job.reset;
    state.last[unit] = int32_t(step);
    state.trace_rise[unit] += 1.0f;
    if (step > job.refractory) job.counts[row * job.units + unit]++;
    if (job.spikes) job.spikes[(row * job.steps * job.substeps + step - 1) * job.units + unit] = 1;
    const float* __restrict column = job.columns + unit * job.padded;
    float* __restrict rise = state.rise;
    for (int64_t u = 0; u < job.padded; u++) rise[u] += column[u];
  }
}

// Outputs and traces at the end of a step of the task.
inline void write_step(const SpikeJob& job, const SpikingState& state, int64_t trial, int64_t factor, int64_t time) {
  const size_t row = size_t((factor * job.trials + trial) * job.steps + time);
  for (int64_t k = 0; k < job.outputs; k++) {
    double sum = 0;
    for (int64_t unit = 0; unit < job.units; unit++)
      sum += double(job.output[k * job.units + unit]) * double(state.trace[unit]);
    job.answers[row * job.outputs + k] = float(sum * double(job.inverse[factor]) + double(job.output_bias[k]));
  }
  if (job.traces) std::memcpy(job.traces + row * job.units, state.trace, size_t(job.units) * sizeof(float));
}

size_t spike_bytes(const SpikeJob& job) {
  return sizeof(float) * size_t(job.padded) * size_t(job.substeps + 1 + job.factors * STATE_ARRAYS);
}

void spike(const SpikeJob& job, int64_t trial, void* scratch) {
  float *noise = static_cast<float*>(scratch), *drive = noise + job.substeps * job.padded, *block = drive + job.padded;
  std::memset(block, 0, sizeof(float) * size_t(job.factors * STATE_ARRAYS * job.padded));
  for (int64_t f = 0; f < job.factors; f++)
    std::memcpy(state_of(job, block, f).voltage, job.start + trial * job.padded, size_t(job.padded) * sizeof(float));
  for (int64_t time = 0; time < job.steps; time++) {
    const float* inputs = job.trial_inputs + (trial * job.steps + time) * job.inputs;
    for (int64_t u = 0; u < job.padded; u++) drive[u] = job.bias[u] + job.threshold;
    for (int64_t k = 0; k < job.inputs; k++)
      for (int64_t u = 0; u < job.padded; u++) drive[u] += job.input[k * job.padded + u] * inputs[k];
    const int64_t first = time * job.substeps;
    fill_noise(job, trial, first, noise);
    for (int64_t f = 0; f < job.factors; f++) {
      const SpikingState state = state_of(job, block, f);
      for (int64_t s = 0; s < job.substeps; s++)
        if (advance(job, state, int32_t(first + s + 1), drive, noise + s * job.padded, job.inverse[f]))
          spread(job, state, trial, f, first + s + 1);
      write_step(job, state, trial, f, time);
    }
  }
}

}  // namespace
}  // namespace recurra
