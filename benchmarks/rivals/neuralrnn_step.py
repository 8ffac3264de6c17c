"""Worker of training_step.py: NeuralRNN's continuous-time network and its own Trainer, one network.

With alpha = 1 its ctrnn is the vanilla network, h(t) = tanh(W h(t-1) + V x(t) + b), readout at every time step. The
Trainer draws a batch from a set of trials, takes the mean squared error, and steps torch's Adam; logs, plots, progress
and gradient clipping, which the others do not have, are off.
"""

# pyright: reportMissingImports=false
# NeuralRNN is in an environment of its own.

import time

import torch
from neuralrnn import AutoConfig, AutoModel, CustomDataset, SupervisedObjective, Trainer, TrainingArguments
from protocol import Shape, Times, serve

BATCHES = 8  # the size of the set of trials, in batches


def prepare(shape: Shape) -> Times:
    """Every time is a call of Trainer.train over a few training steps."""
    config = AutoConfig.for_model(
        "ctrnn",
        input_dim=shape.inputs,
        latent_dim=shape.units,
        output_dim=shape.outputs,
        alpha=1.0,
        activation="tanh",
    )
    trials = shape.batch * BATCHES
    dataset = CustomDataset.from_arrays(
        torch.randn(trials, shape.steps, shape.inputs),
        targets=torch.randn(trials, shape.steps, shape.outputs),
        mode="supervised",
        batch_size=shape.batch,
    )
    arguments = TrainingArguments(
        learning_rate=1e-4, max_steps=shape.calls, grad_clip_norm=None, log_every=0, disable_progress_bar=True
    )
    trainer = Trainer(AutoModel.from_config(config), dataset, SupervisedObjective("regression"), arguments)

    def once() -> float:
        began = time.perf_counter()
        trainer.train()
        return 1e3 * (time.perf_counter() - began) / shape.calls

    once()
    return lambda repeat: [once() for _ in range(repeat)]


if __name__ == "__main__":
    serve(prepare)
