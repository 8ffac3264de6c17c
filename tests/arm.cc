// The kernel without Python and XLA: a job is read from standard input, its loss and gradient are written to standard
// output, and the name of the instruction set to standard error. tests/test_arm.py runs it under emulation.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "kernel.h"
#include "pool.h"

extern "C" const char* recurra_instructions();

namespace {

using namespace recurra;

struct Header {  // what stands first on standard input, before the arrays in the order of `read`
  int64_t bytes_a_number, networks, trials, steps, units, inputs, outputs, gates, cell, activation, own_trials;
  double noise, rate_penalty;
};

template <class X>
std::vector<X> array(size_t count) {
  std::vector<X> read(count);
  if (std::fread(read.data(), sizeof(X), count, stdin) != count) std::exit(2);
  return read;
}

template <class T>
const Kernel<T>& kernel() {
  if constexpr (sizeof(T) == 4) return kernels_baseline.float32;
  else return kernels_baseline.float64;
}

template <class T>
struct Shared {
  Job<T> job;
  int64_t networks;
};

template <class T>
void answer(const Header& of) {
  const size_t networks = of.networks, units = of.units, gates = networks * of.gates * units;
  const size_t sets = of.own_trials ? networks : 1, steps = sets * of.trials * of.steps;
  const auto recurrent = array<T>(gates * units), input = array<T>(gates * of.inputs);
  const auto output = array<T>(networks * of.outputs * units), bias = array<T>(gates);
  const auto output_bias = array<T>(networks * of.outputs), unit_values = array<T>(networks * units);
  const auto noise_keys = array<uint32_t>(networks * 2);
  const auto inputs = array<T>(steps * of.inputs), targets = array<T>(steps * of.outputs);
  const auto weights = array<T>(steps * of.outputs), inverse_count = array<T>(sets);
  const std::vector<uint8_t> active(networks, 1);
  std::vector<int32_t> turn(networks, 0);
  std::vector<T> loss(networks), d_recurrent(recurrent.size()), d_input(input.size()), d_output(output.size());
  std::vector<T> d_bias(bias.size()), d_output_bias(output_bias.size());

  Job<T> job{};
  job.networks = of.networks, job.trials = of.trials, job.steps = of.steps, job.units = of.units;
  job.inputs = of.inputs, job.outputs = of.outputs, job.own_trials = of.own_trials;
  job.cell = Cell(of.cell), job.activation = Activation(of.activation);
  job.noise = T(of.noise), job.rate_penalty = T(of.rate_penalty);
  job.recurrent = recurrent.data(), job.input = input.data(), job.output = output.data(), job.bias = bias.data();
  job.output_bias = output_bias.data(), job.unit_values = unit_values.data(), job.noise_keys = noise_keys.data();
  job.active = reinterpret_cast<const bool*>(active.data());
  job.trial_inputs = inputs.data(), job.trial_targets = targets.data(), job.trial_weights = weights.data();
  job.inverse_count = inverse_count.data(), job.turn = turn.data(), job.loss = loss.data();
  job.d_recurrent = d_recurrent.data(), job.d_input = d_input.data(), job.d_output = d_output.data();
  job.d_bias = d_bias.data(), job.d_output_bias = d_output_bias.data();
  std::vector<T> unwanted(unit_values.size());
  if (job.cell == Cell::gru_after) job.d_unit_values = unwanted.data();

  const int64_t groups = kernel<T>().groups(job);
  Call call;
  job.packed = nullptr;
  if (!of.own_trials) {
    T* packed = static_cast<T*>(call.shared(kernel<T>().packed_bytes(job) + 64));
    for (int64_t group = 0; group < groups; group++) kernel<T>().pack(job, group, packed);
    job.packed = packed;
  }
  Shared<T> shared{job, of.networks};
  const bool done = do_tasks(of.networks * groups, [](void* context, int64_t task, void* scratch) {
    const auto* all = static_cast<const Shared<T>*>(context);
    kernel<T>().work(all->job, task % all->networks, task / all->networks, scratch);
  }, &shared, kernel<T>().scratch_bytes(job));
  if (!done) std::exit(3);
  for (const auto* result : {&loss, &d_recurrent, &d_input, &d_output, &d_bias, &d_output_bias})
    std::fwrite(result->data(), sizeof(T), result->size(), stdout);
}

}  // namespace

int main() {
  const Header header = array<Header>(1)[0];
  std::fputs(recurra_instructions(), stderr);
  header.bytes_a_number == 4 ? answer<float>(header) : answer<double>(header);
}
