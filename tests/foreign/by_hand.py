"""Recurrent layers of Keras and torch, step by step and gate by gate, from weights as these programs have them."""

import numpy as np

HARD = {"hard_sigmoid_5": 5, "hard_sigmoid_6": 6}


def gate(current, function="sigmoid"):
    return np.clip(current / HARD[function] + 0.5, 0, 1) if function in HARD else 1 / (1 + np.exp(-current))


def keras_gru(found, inputs, reset="after", function="sigmoid"):
    """With `bias` (2, 3H) or (3H,): Keras's documentation of GRU, whose gates are z, r, h."""
    units = len(found["recurrent_kernel"])
    bias = found.get("bias", np.zeros(3 * units))
    first, second = bias if bias.ndim == 2 else (bias, np.zeros(3 * units))
    state, states = np.zeros((len(inputs), units)), []
    for step in range(inputs.shape[1]):
        x_z, x_r, x_h = np.split(inputs[:, step] @ found["kernel"] + first, 3, axis=-1)
        kernels = np.split(found["recurrent_kernel"], 3, axis=-1)
        b_z, b_r, b_h = np.split(second, 3)
        z = gate(x_z + state @ kernels[0] + b_z, function)
        r = gate(x_r + state @ kernels[1] + b_r, function)
        inner = r * (state @ kernels[2] + b_h) if reset == "after" else (r * state) @ kernels[2]
        state = z * state + (1 - z) * np.tanh(x_h + inner)
        states.append(state)
    return read_out(found, states)


def keras_lstm(found, inputs, function="sigmoid"):
    """Keras's documentation of LSTM, whose gates are i, f, c, o."""
    units = len(found["recurrent_kernel"])
    state = cell = np.zeros((len(inputs), units))
    states = []
    for step in range(inputs.shape[1]):
        current = inputs[:, step] @ found["kernel"] + state @ found["recurrent_kernel"] + found.get("bias", 0)
        i, f, c, o = np.split(current, 4, axis=-1)
        cell = gate(f, function) * cell + gate(i, function) * np.tanh(c)
        state = gate(o, function) * np.tanh(cell)
        states.append(state)
    return read_out(found, states)


def read_out(found, states):
    return np.stack(states, axis=1) @ found["dense/kernel"] + found.get("dense/bias", 0)


def torch_module(kind, state, inputs, prefix="rnn."):
    """torch's documentation of nn.RNN, nn.GRU (r, z, n) and nn.LSTM (i, f, g, o), each with two biases."""
    w_in, w, b_in, b = (state[prefix + name] for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"))
    h = c = np.zeros((len(inputs), w.shape[1]))
    states = []
    for step in range(inputs.shape[1]):
        inward, recurrent = inputs[:, step] @ w_in.T + b_in, h @ w.T + b
        if kind == "RNN":
            h = np.tanh(inward + recurrent)
        elif kind == "GRU":
            (x_r, x_z, x_n), (h_r, h_z, h_n) = np.split(inward, 3, axis=-1), np.split(recurrent, 3, axis=-1)
            z = gate(x_z + h_z)
            h = (1 - z) * np.tanh(x_n + gate(x_r + h_r) * h_n) + z * h
        else:
            i, f, g, o = np.split(inward + recurrent, 4, axis=-1)
            c = gate(f) * c + gate(i) * np.tanh(g)
            h = gate(o) * np.tanh(c)
        states.append(h)
    return np.stack(states, axis=1) @ state["readout.weight"].T + state["readout.bias"]
