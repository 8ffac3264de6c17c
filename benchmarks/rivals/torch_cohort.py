"""Worker of accelerator.py: a cohort in torch, its networks multiplied by bmm, with torch's Adam.

On a GPU a whole training step is one CUDA graph, or runs eagerly where it cannot be captured. Products are float32, not
TF32. Cells are the rate cell and the GRU with the reset after the recurrent weights.
"""

# pyright: reportMissingImports=false
# torch is in an environment of its own.

import sys
from collections.abc import Callable

import torch
from protocol import GATES, Shape, Times, serve, timed

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
WARM = 3  # steps before a graph is captured


class Cohort:
    """The weights of all networks, as bmm takes them."""

    def __init__(self, shape: Shape):
        gates, lead = GATES[shape.cell], (shape.networks,)
        recurrent = torch.randn(*lead, shape.units, gates * shape.units) / shape.units**0.5
        self.recurrent = self._parameter(recurrent)
        self.input = self._parameter(0.1 * torch.randn(*lead, shape.inputs, gates * shape.units))
        self.bias = self._parameter(torch.zeros(*lead, 1, gates * shape.units))
        self.reset_bias = self._parameter(torch.zeros(*lead, 1, shape.units))
        self.output = self._parameter(0.1 * torch.randn(*lead, shape.units, shape.outputs))
        self.output_bias = self._parameter(torch.zeros(*lead, 1, shape.outputs))
        self.advance = {"rate": self._rate, "gru": self._gru}[shape.cell]

    @staticmethod
    def _parameter(values: torch.Tensor) -> torch.Tensor:
        return values.to(DEVICE).requires_grad_()

    def parameters(self) -> list[torch.Tensor]:
        used = [self.recurrent, self.input, self.bias, self.output, self.output_bias]
        return [*used, self.reset_bias] if self.advance == self._gru else used

    def _rate(self, state: torch.Tensor, drive: torch.Tensor) -> torch.Tensor:
        return torch.tanh(torch.baddbmm(drive, state, self.recurrent))

    def _gru(self, state: torch.Tensor, drive: torch.Tensor) -> torch.Tensor:
        update, reset, candidate = drive.chunk(3, dim=-1)
        by_update, by_reset, recalled = torch.bmm(state, self.recurrent).chunk(3, dim=-1)
        keep = torch.sigmoid(update + by_update)
        new = torch.tanh(candidate + torch.sigmoid(reset + by_reset) * (recalled + self.reset_bias))
        return torch.lerp(new, state, keep)

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The sum of the networks' losses; `inputs` and `targets` are (time, trial, ...)."""
        steps, batch, _ = inputs.shape
        networks, units = self.recurrent.shape[:2]
        drives = torch.matmul(inputs.reshape(1, steps * batch, -1), self.input) + self.bias
        state, rates = torch.zeros(networks, batch, units, device=DEVICE), []
        for drive in drives.reshape(networks, steps, batch, -1).unbind(1):
            state = self.advance(state, drive)
            rates.append(state)
        flat = torch.stack(rates, dim=1).reshape(networks, steps * batch, units)
        outputs = torch.baddbmm(self.output_bias, flat, self.output)
        return ((outputs - targets.reshape(1, steps * batch, -1)) ** 2).mean(dim=(1, 2)).sum()


def captured(step: Callable[[], None]) -> Callable[[], None]:
    """The step as a CUDA graph, if torch can make one."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            step()
    except RuntimeError as error:
        print(f"no graph, eager: {error}", file=sys.stderr)
        return step
    return graph.replay


def prepare(shape: Shape) -> Times:
    """A training step on one batch, the same for all networks."""
    torch.set_float32_matmul_precision("highest")
    torch.cuda.empty_cache()
    cohort, on_gpu = Cohort(shape), DEVICE.type == "cuda"
    adam = torch.optim.Adam(cohort.parameters(), lr=1e-4, capturable=on_gpu, foreach=True)
    inputs = torch.randn(shape.steps, shape.batch, shape.inputs, device=DEVICE)
    targets = torch.randn(shape.steps, shape.batch, shape.outputs, device=DEVICE)

    def once() -> None:
        adam.zero_grad()
        cohort.loss(inputs, targets).backward()
        adam.step()

    whole = captured(once) if on_gpu else once

    def step() -> None:
        whole()
        if on_gpu:
            torch.cuda.synchronize()

    return timed(step, shape)


if __name__ == "__main__":
    serve(prepare)
