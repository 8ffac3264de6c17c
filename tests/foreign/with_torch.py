"""Networks of torch itself: a program for an environment of its own, which needs no recurra.

`python with_torch.py write FOLDER` saves modules with random biases in both rows, and what they answer to inputs.
`python with_torch.py run FOLDER` opens the state_dicts that lie there, and saves what they answer.
"""

# pyright: reportMissingImports=false
# PyTorch is in an environment of its own.

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

SIZES, INPUTS, OUTPUTS, STEPS = (1, 3, 50), 2, 3, 200
KINDS = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}
GATES = {1: "RNN", 3: "GRU", 4: "LSTM"}


class Net(nn.Module):
    """A recurrent module and a linear readout, under the names that recurra's exports have."""

    def __init__(self, kind, inputs, units, outputs, **options):
        super().__init__()
        self.rnn = KINDS[kind](inputs, units, batch_first=True, **options)
        self.readout = nn.Linear(units, outputs)

    def forward(self, inputs):
        return self.readout(self.rnn(inputs)[0])


def answers(net, inputs):
    with torch.no_grad():
        return net(torch.from_numpy(inputs)).numpy()


def write(folder):
    random = np.random.default_rng(0)
    torch.manual_seed(0)
    for units in SIZES:
        for kind in KINDS:
            net = Net(kind, INPUTS, units, OUTPUTS)
            for name, parameter in net.named_parameters():
                if "bias" in name:
                    nn.init.normal_(parameter, 0, 0.5)
            stem = folder / f"{kind}-{units}"
            inputs = random.uniform(-3, 3, (4, STEPS, INPUTS)).astype(np.float32)
            optimizer = torch.optim.Adam(net.parameters())
            net(torch.from_numpy(inputs)).pow(2).mean().backward()
            optimizer.step()
            checkpoint = {"epoch": 3, "model": net.state_dict(), "optimizer": optimizer.state_dict(), "loss": 0.5}
            np.savez(f"{stem}.npz", inputs=inputs, outputs=answers(net, inputs))
            torch.save(net.state_dict(), f"{stem}.pt")
            torch.save(checkpoint, f"{stem}-checkpoint.pth")
            save_file(net.state_dict(), f"{stem}.safetensors")


def run(folder):
    with np.load(folder / "inputs.npz") as found:
        inputs = found["inputs"]
    for path in sorted([*folder.glob("*.pt"), *folder.glob("*.safetensors")]):
        state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
        rows, units = state["rnn.weight_hh_l0"].shape
        kind = GATES[rows // units]
        options = {"nonlinearity": "relu"} if "relu" in path.name else {}
        net = Net(kind, inputs.shape[-1], units, len(state["readout.weight"]), **options)
        net.load_state_dict(state)
        np.save(f"{path}.npy", answers(net, inputs))


if __name__ == "__main__":
    {"write": write, "run": run}[sys.argv[1]](Path(sys.argv[2]))
