"""Worker of training_step.py: torch.nn.RNN, GRU or LSTM with a linear readout and torch's Adam, one network."""

# pyright: reportMissingImports=false
# torch is in an environment of its own.

import torch
from protocol import Shape, Times, serve, timed


def prepare(shape: Shape) -> Times:
    """A training step on one batch in torch's own layout, (time, trial, input)."""
    kind = {"rate": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[shape.cell]
    recurrent = kind(shape.inputs, shape.units, bias=shape.cell != "rate")
    output = torch.nn.Linear(shape.units, shape.outputs)
    torch.nn.init.orthogonal_(recurrent.weight_hh_l0)
    adam = torch.optim.Adam([*recurrent.parameters(), *output.parameters()], lr=1e-4)
    inputs = torch.randn(shape.steps, shape.batch, shape.inputs)
    targets = torch.randn(shape.steps, shape.batch, shape.outputs)

    def step() -> None:
        adam.zero_grad()
        torch.nn.functional.mse_loss(output(recurrent(inputs)[0]), targets).backward()
        adam.step()

    return timed(step, shape)


if __name__ == "__main__":
    serve(prepare)
