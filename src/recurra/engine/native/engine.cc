// The handlers that XLA calls, and the choice of the instruction set.
#include <cstdlib>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#ifdef RECURRA_AMX
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "kernel.h"
#include "pool.h"
#include "xla/ffi/api/ffi.h"

namespace recurra {
namespace {

namespace ffi = xla::ffi;

struct Choice {
  const Kernels* kernels;
  bool usable;
};

#ifdef RECURRA_AMX
// Whether the processor has tiles and Linux lets this process use them.
bool has_tiles() {
  constexpr int tile_data = 18;  // the number of this part of a thread's state
  return __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
         syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, tile_data) == 0;
}
#endif

std::vector<Choice> choices() {  // the fastest instruction set first
  std::vector<Choice> found;
#ifdef RECURRA_X86
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#ifdef RECURRA_BFLOAT16
  const bool bfloat16 = avx512 && __builtin_cpu_supports("avx512bf16");
#ifdef RECURRA_AMX
  found.push_back({&kernels_amx, bfloat16 && has_tiles()});
#endif
  found.push_back({&kernels_avx512bf16, bfloat16});
#endif
  found.push_back({&kernels_avx512, avx512});
  found.push_back({&kernels_avx2, avx2});
#endif
  found.push_back({&kernels_baseline, true});
  return found;
}

// The fastest instruction set that the processor has, or the one that RECURRA_INSTRUCTIONS names; null if this processor
// or build lacks it.
const Kernels* chosen() {
  static const Kernels* const found = [] {
    const char* wanted = std::getenv("RECURRA_INSTRUCTIONS");
    for (const Choice& choice : choices())
      if (choice.usable && (!wanted || !*wanted || !std::strcmp(wanted, choice.kernels->name))) return choice.kernels;
    return static_cast<const Kernels*>(nullptr);
  }();
  return found;
}

template <class T>
const Kernel<T>& kernel();
template <>
const Kernel<float>& kernel<float>() { return chosen()->float32; }
template <>
const Kernel<double>& kernel<double>() { return chosen()->float64; }

template <class T>
struct Shared {
  const Kernel<T>* kernel;
  Job<T> job;
  int64_t groups;
  T* packed;
  std::vector<int64_t> networks;  // numbers of the active networks
};

// Pack the trials that all networks share, then do all tasks. A task is one network on one group of trials, or one part
// of a trial: then there are no more tasks than threads, so that all of them go on at the same time.
template <class T>
ffi::Error work(Job<T> job) {
  std::vector<int64_t> networks;
  for (int64_t network = 0; network < job.networks; network++)
    if (job.active[network]) networks.push_back(network);
  job.parts = networks.empty() ? 1 : kernel<T>().parts(job, pool_size() / int64_t(networks.size()));
  std::vector<Meeting> meetings(job.parts > 1 ? size_t(job.networks * job.trials) : 0);
  job.meetings = meetings.data();
  Shared<T> shared{&kernel<T>(), job, kernel<T>().groups(job), nullptr, networks};
  Call call;
  const size_t packed = job.own_trials ? 0 : shared.kernel->packed_bytes(job);
  const size_t exchanged = job.parts > 1 ? sizeof(T) * shared.kernel->exchanged_size(job) : 0;
  shared.packed = static_cast<T*>(call.shared(packed + exchanged + 64));
  shared.job.exchanged = shared.packed;
  if (!shared.packed) return ffi::Error(ffi::ErrorCode::kResourceExhausted, "recurra: no memory for the trials");
  bool done = true;
  if (packed) {
    done = do_tasks(shared.groups, [](void* context, int64_t group, void*) {
      auto* all = static_cast<Shared<T>*>(context);
      all->kernel->pack(all->job, group, all->packed);
    }, &shared, 0);
    shared.job.packed = shared.packed;
  }
  done = done && do_tasks(int64_t(shared.networks.size()) * shared.groups, [](void* context, int64_t task, void* scratch) {
    auto* all = static_cast<Shared<T>*>(context);
    const int64_t active = all->networks.size();  // group by group: no task waits for its turn to add
    all->kernel->work(all->job, all->networks[task % active], task / active, scratch);
  }, &shared, shared.kernel->scratch_bytes(shared.job));
  return done ? ffi::Error::Success() : ffi::Error(ffi::ErrorCode::kResourceExhausted, "recurra: no memory for the rates");
}

template <ffi::DataType dtype>
using In = ffi::Buffer<dtype>;
template <ffi::DataType dtype>
using Out = ffi::ResultBuffer<dtype>;
using Flags = ffi::Buffer<ffi::PRED>;
using Words = ffi::Buffer<ffi::U32>;

// Fills in the arguments that both handlers have, and returns an error if a shape does not fit. Python has checked the
// shapes before, with clearer messages.
template <class T, ffi::DataType dtype>
std::string fill(Job<T>& job, In<dtype> recurrent, In<dtype> input, In<dtype> output, In<dtype> bias,
                 In<dtype> output_bias, In<dtype> unit_values, Words noise_keys, Flags active, In<dtype> inputs,
                 int64_t cell, int64_t activation, double noise) {
  constexpr size_t GATES[] = {1, 1, 2, 3, 3, 4};  // in the order of `Cell`
  auto w = recurrent.dimensions(), in = input.dimensions(), out = output.dimensions(), x = inputs.dimensions();
  if (!chosen()) return "no kernel for RECURRA_INSTRUCTIONS";
  if (w.size() != 4 || in.size() != 4 || out.size() != 3 || x.size() < 3 || x.size() > 4) return "wrong number of axes";
  if (cell < 0 || cell > 5 || activation < 0 || activation > 6) return "unknown cell or activation";
  job.own_trials = x.size() == 4;
  job.networks = w[0], job.units = w[3], job.inputs = in[3], job.outputs = out[1];
  job.trials = x[x.size() - 3], job.steps = x[x.size() - 2];
  const size_t networks = size_t(job.networks), units = size_t(job.units);
  const size_t sets = job.own_trials ? networks : 1, rows = networks * GATES[cell] * units;
  if (recurrent.element_count() != rows * units || units < 1 || job.trials < 1 || job.steps < 1 ||
      input.element_count() != rows * job.inputs || output.element_count() != networks * units * job.outputs ||
      bias.element_count() != rows || output_bias.element_count() != networks * job.outputs ||
      unit_values.element_count() != networks * units || noise_keys.element_count() != 2 * networks ||
      active.element_count() != networks || inputs.element_count() != sets * job.trials * job.steps * job.inputs)
    return "shapes do not fit";
  job.cell = static_cast<Cell>(cell), job.activation = static_cast<Activation>(activation), job.noise = T(noise);
  job.recurrent = recurrent.typed_data(), job.input = input.typed_data(), job.output = output.typed_data();
  job.bias = bias.typed_data(), job.output_bias = output_bias.typed_data();
  job.unit_values = unit_values.typed_data(), job.noise_keys = noise_keys.typed_data();
  job.active = active.typed_data();
  job.trial_inputs = inputs.typed_data();
  return "";
}

ffi::Error unfit(const std::string& what) { return ffi::Error(ffi::ErrorCode::kInvalidArgument, "recurra: " + what); }

template <class T>
void clear(T* data, size_t count) {
  if (count) std::memset(static_cast<void*>(data), 0, count * sizeof(T));
}

// `Mask` is Flags, or weights of the same shape.
template <class T, ffi::DataType dtype, class Mask>
ffi::Error loss_and_gradient(In<dtype> recurrent, In<dtype> input, In<dtype> output, In<dtype> bias,
                             In<dtype> output_bias, In<dtype> unit_values, Words noise_keys, Flags active,
                             In<dtype> inputs, In<dtype> targets, Mask mask, Out<dtype> loss, Out<dtype> d_recurrent,
                             Out<dtype> d_input, Out<dtype> d_output, Out<dtype> d_bias, Out<dtype> d_output_bias,
                             Out<dtype> d_unit_values, int64_t cell, int64_t activation, double noise,
                             double rate_penalty, int64_t window, bool cross_entropy, bool bfloat16) {
  Job<T> job{};
  std::string fault = fill<T, dtype>(job, recurrent, input, output, bias, output_bias, unit_values, noise_keys, active,
                                     inputs, cell, activation, noise);
  if (!fault.empty()) return unfit(fault);
  const size_t sets = job.own_trials ? size_t(job.networks) : 1, entries = size_t(job.trials * job.steps * job.outputs);
  if (targets.element_count() != sets * entries || mask.element_count() != sets * entries ||
      loss->element_count() != size_t(job.networks) ||
      d_recurrent->element_count() != recurrent.element_count() || d_input->element_count() != input.element_count() ||
      d_output->element_count() != output.element_count() || d_bias->element_count() != bias.element_count() ||
      d_output_bias->element_count() != output_bias.element_count() ||
      (d_unit_values->element_count() != unit_values.element_count() &&
       (d_unit_values->element_count() || job.cell == Cell::gru_after)))
    return unfit("shapes do not fit");
  job.trial_targets = targets.typed_data();
  if constexpr (std::is_same_v<Mask, Flags>) job.trial_mask = mask.typed_data();
  if constexpr (!std::is_same_v<Mask, Flags>) job.trial_weights = mask.typed_data();
  if (window < 0) return unfit("window below 0");
  job.window = window, job.rate_penalty = T(rate_penalty), job.cross_entropy = cross_entropy, job.bfloat16 = bfloat16;
  if (bfloat16 && (!chosen()->bfloat16 || sizeof(T) != 4)) return unfit("bfloat16 needs float32 and AVX512-BF16");
  std::vector<T> inverse_count(sets);
  for (size_t set = 0; set < sets; set++) {
    double count = 0;
    for (size_t i = 0; i < entries; i++) count += double(weight_of(job, int64_t(set * entries + i)));
    inverse_count[set] = count > 0 ? T(1) / T(count) : T(0);
  }
  std::vector<int32_t> turn(size_t(job.networks), 0);
  job.inverse_count = inverse_count.data(), job.turn = turn.data();
  job.loss = loss->typed_data(), job.d_recurrent = d_recurrent->typed_data(), job.d_input = d_input->typed_data();
  job.d_output = d_output->typed_data(), job.d_bias = d_bias->typed_data();
  job.d_output_bias = d_output_bias->typed_data();
  job.d_unit_values = d_unit_values->element_count() ? d_unit_values->typed_data() : nullptr;
  clear(job.loss, loss->element_count());
  clear(job.d_recurrent, recurrent.element_count());
  clear(job.d_input, input.element_count());
  clear(job.d_output, output.element_count());
  clear(job.d_bias, bias.element_count());
  clear(job.d_output_bias, output_bias.element_count());
  clear(job.d_unit_values, d_unit_values->element_count());
  return work(job);
}

// The outputs of every network on every trial, and the rates if their array is not empty.
template <class T, ffi::DataType dtype>
ffi::Error run(In<dtype> recurrent, In<dtype> input, In<dtype> output, In<dtype> bias, In<dtype> output_bias,
               In<dtype> unit_values, Words noise_keys, Flags active, In<dtype> inputs, Out<dtype> rates,
               Out<dtype> outputs, int64_t cell, int64_t activation, double noise) {
  Job<T> job{};
  std::string fault = fill<T, dtype>(job, recurrent, input, output, bias, output_bias, unit_values, noise_keys, active,
                                     inputs, cell, activation, noise);
  if (!fault.empty()) return unfit(fault);
  const size_t entries = size_t(job.networks * job.trials * job.steps);
  if (outputs->element_count() != entries * job.outputs ||
      (rates->element_count() != 0 && rates->element_count() != entries * job.units))
    return unfit("shapes do not fit");
  job.rates = rates->element_count() ? rates->typed_data() : nullptr;
  job.answers = outputs->typed_data();
  return work(job);
}

using Floats = ffi::Buffer<ffi::F32>;
using Answers = ffi::ResultBuffer<ffi::F32>;

// Outputs and numbers of spikes of one network of spiking units; traces and spikes if their arrays are not empty.
ffi::Error spike(Floats columns, Floats input, Floats units, Floats output, Floats output_bias, Floats inverse,
                 Words key, Floats start, Floats inputs, Answers answers, ffi::ResultBuffer<ffi::S32> counts,
                 Answers traces, ffi::ResultBuffer<ffi::U8> spikes, int64_t substeps, int64_t refractory,
                 int64_t first_trial, ffi::Span<const float> numbers) {
  if (!chosen()) return unfit("no kernel for RECURRA_INSTRUCTIONS");
  auto w = columns.dimensions(), out = output.dimensions(), x = inputs.dimensions();
  if (w.size() != 2 || out.size() != 2 || x.size() != 3) return unfit("wrong number of axes");
  SpikeJob job{};
  job.factors = int64_t(inverse.element_count()), job.trials = x[0], job.steps = x[1], job.inputs = x[2];
  job.units = w[0], job.padded = w[1], job.outputs = out[0];
  job.substeps = substeps, job.refractory = refractory, job.first_trial = first_trial;
  const size_t rows = size_t(job.factors * job.trials), padded = size_t(job.padded), n = size_t(job.units);
  const size_t entries = rows * size_t(job.steps);
  if (job.padded % 32 || job.padded < job.units || substeps < 1 || numbers.size() != 5 ||
      input.element_count() != padded * job.inputs || units.element_count() != 4 * padded || size_t(out[1]) != n ||
      output_bias.element_count() != size_t(job.outputs) || key.element_count() != 2 ||
      start.element_count() != size_t(job.trials) * padded || answers->element_count() != entries * job.outputs ||
      counts->element_count() != rows * n || (traces->element_count() && traces->element_count() != entries * n) ||
      (spikes->element_count() && spikes->element_count() != entries * substeps * n))
    return unfit("shapes do not fit");
  job.leak = numbers[0], job.rise_decay = numbers[1], job.noise = numbers[2];
  job.threshold = numbers[3], job.reset = numbers[4];
  job.columns = columns.typed_data(), job.input = input.typed_data(), job.bias = units.typed_data();
  job.decay = job.bias + padded, job.gain = job.decay + padded, job.trace_gain = job.gain + padded;
  job.output = output.typed_data(), job.output_bias = output_bias.typed_data(), job.inverse = inverse.typed_data();
  job.key = key.typed_data(), job.start = start.typed_data(), job.trial_inputs = inputs.typed_data();
  job.answers = answers->typed_data(), job.counts = counts->typed_data();
  job.traces = traces->element_count() ? traces->typed_data() : nullptr;
  job.spikes = spikes->element_count() ? spikes->typed_data() : nullptr;
  clear(job.counts, counts->element_count());
  clear(job.spikes, spikes->element_count());
  Call call;
  const bool done = do_tasks(job.trials, [](void* context, int64_t trial, void* scratch) {
    chosen()->spike(*static_cast<SpikeJob*>(context), trial, scratch);
  }, &job, chosen()->spike_bytes(job));
  return done ? ffi::Error::Success() : ffi::Error(ffi::ErrorCode::kResourceExhausted, "recurra: no memory for the units");
}

template <ffi::DataType dtype>
auto weights_and_inputs() {
  using B = In<dtype>;
  return ffi::Ffi::Bind()
      .template Arg<B>().template Arg<B>().template Arg<B>().template Arg<B>().template Arg<B>().template Arg<B>()
      .template Arg<Words>().template Arg<Flags>().template Arg<B>();
}

template <ffi::DataType dtype, class Mask>
auto gradient_binding() {
  using B = In<dtype>;
  return weights_and_inputs<dtype>()
      .template Arg<B>().template Arg<Mask>()
      .template Ret<B>().template Ret<B>().template Ret<B>().template Ret<B>().template Ret<B>().template Ret<B>()
      .template Ret<B>()
      .template Attr<int64_t>("cell").template Attr<int64_t>("activation").template Attr<double>("noise")
      .template Attr<double>("rate_penalty").template Attr<int64_t>("window").template Attr<bool>("cross_entropy")
      .template Attr<bool>("bfloat16");
}

template <ffi::DataType dtype>
auto run_binding() {
  using B = In<dtype>;
  return weights_and_inputs<dtype>()
      .template Ret<B>().template Ret<B>()
      .template Attr<int64_t>("cell").template Attr<int64_t>("activation").template Attr<double>("noise");
}

auto spike_binding() {
  return ffi::Ffi::Bind()
      .Arg<Floats>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Arg<Words>().Arg<Floats>()
      .Arg<Floats>().Ret<Floats>().Ret<ffi::Buffer<ffi::S32>>().Ret<Floats>().Ret<ffi::Buffer<ffi::U8>>()
      .Attr<int64_t>("substeps").Attr<int64_t>("refractory").Attr<int64_t>("first_trial")
      .Attr<ffi::Span<const float>>("numbers");
}

}  // namespace
}  // namespace recurra

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_loss_and_gradient_float32,
                              (recurra::loss_and_gradient<float, xla::ffi::F32, recurra::Flags>),
                              (recurra::gradient_binding<xla::ffi::F32, recurra::Flags>()));
XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_loss_and_gradient_float64,
                              (recurra::loss_and_gradient<double, xla::ffi::F64, recurra::Flags>),
                              (recurra::gradient_binding<xla::ffi::F64, recurra::Flags>()));
XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_weighted_loss_and_gradient_float32,
                              (recurra::loss_and_gradient<float, xla::ffi::F32, recurra::In<xla::ffi::F32>>),
                              (recurra::gradient_binding<xla::ffi::F32, recurra::In<xla::ffi::F32>>()));
XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_weighted_loss_and_gradient_float64,
                              (recurra::loss_and_gradient<double, xla::ffi::F64, recurra::In<xla::ffi::F64>>),
                              (recurra::gradient_binding<xla::ffi::F64, recurra::In<xla::ffi::F64>>()));
XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_run_float32, (recurra::run<float, xla::ffi::F32>),
                              recurra::run_binding<xla::ffi::F32>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_run_float64, (recurra::run<double, xla::ffi::F64>),
                              recurra::run_binding<xla::ffi::F64>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(recurra_spike_float32, recurra::spike, recurra::spike_binding());

// The instruction set in use; null if RECURRA_INSTRUCTIONS names one that this processor or build lacks.
extern "C" const char* recurra_instructions() {
  const recurra::Kernels* kernels = recurra::chosen();
  return kernels ? kernels->name : nullptr;
}

extern "C" bool recurra_has_bfloat16() { return recurra::chosen() && recurra::chosen()->bfloat16; }

extern "C" int recurra_threads() { return recurra::pool_size(); }

#pragma GCC visibility pop
