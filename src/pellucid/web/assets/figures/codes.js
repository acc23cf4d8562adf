// One small network written for several frameworks: the same numbers, the same answer.

import { plain } from "../plot.js";

const rows = (w) => w.map((r) => `[${r.join(", ")}]`).join(", ");
const forward = (s) => { const a = s.w.map((r, i) => Math.tanh(r[0] * s.x[0] + r[1] * s.x[1] + s.b[i])); return a[0] * s.v[0] + a[1] * s.v[1] + s.c; };
const WRITERS = {
  "NumPy": (s) => `import numpy as np

x = np.array([${s.x.join(", ")}])
hidden = np.tanh(np.array([${rows(s.w)}]) @ x + np.array([${s.b.join(", ")}]))
print(float(np.array([${s.v.join(", ")}]) @ hidden + ${s.c}))`,
  "PyTorch": (s) => `import torch

net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1)).double()
with torch.no_grad():
    net[0].weight[:] = torch.tensor([${rows(s.w)}])
    net[0].bias[:] = torch.tensor([${s.b.join(", ")}])
    net[2].weight[:] = torch.tensor([[${s.v.join(", ")}]])
    net[2].bias[:] = torch.tensor([${s.c}])
    print(float(net(torch.tensor([${s.x.join(", ")}], dtype=torch.float64))))`,
  "Keras": (s) => `import keras, numpy as np

net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, "tanh"), keras.layers.Dense(1)])
net.set_weights([np.array([${rows(s.w)}]).T, np.array([${s.b.join(", ")}]),
                 np.array([[${s.v.join(", ")}]]).T, np.array([${s.c}])])  # a column is a neuron
print(float(net(np.array([[${s.x.join(", ")}]]))[0, 0]))`,
  "JAX": (s) => `import jax.numpy as jnp

x = jnp.array([${s.x.join(", ")}])
hidden = jnp.tanh(jnp.array([${rows(s.w)}]) @ x + jnp.array([${s.b.join(", ")}]))
print(float(jnp.array([${s.v.join(", ")}]) @ hidden + ${s.c}))`,
};

export default {
  state: { framework: "PyTorch", x: [1, -2], w: [[0.5, -0.25], [0.75, 0.5]], b: [0.1, -0.2], v: [1, -0.5], c: 0.3 },
  controls: [
    { key: "framework", label: "Framework", choices: Object.keys(WRITERS) },
    { key: "x.0", label: "Input x₁", range: [-3, 3, 0.1] }, { key: "x.1", label: "Input x₂", range: [-3, 3, 0.1] },
    { key: "w.0.0", label: "Weight w₁₁", range: [-2, 2, 0.05] }, { key: "v.0", label: "Weight v₁", range: [-2, 2, 0.05] },
  ],
  draw(element, s) {
    element.innerHTML = `<pre class="codes" tabindex="0"></pre>`;
    element.firstChild.textContent = WRITERS[s.framework](s);
    return null;
  },
  says: (s) => `Every one of these prints ${plain(forward(s), 6)}, to the precision of its numbers (Keras and JAX calculate in float32 unless told otherwise).`,
  numbers: (s) => ({ caption: "Layer by layer", headings: ["", "1", "2"], rows: [["input", ...s.x], ["hidden sum", ...s.w.map((r, i) => r[0] * s.x[0] + r[1] * s.x[1] + s.b[i])], ["hidden", ...s.w.map((r, i) => Math.tanh(r[0] * s.x[0] + r[1] * s.x[1] + s.b[i]))], ["output", forward(s), ""]] }),
  working: (s) => ({ lesson: "backpropagation", arguments: [JSON.stringify(s.x)], options: { network: JSON.stringify([s.w.map((r, i) => [...r, s.b[i]]), [[...s.v, s.c]]]), target: "[1]" } }),
  veiled: true,
  challenge: () => ({ x: [0, 0], w: [[0.5, -0.25], [0.75, 0.5]], b: [0, 0], v: [1, -0.5], c: [0.3, -1, 2][Math.floor(Math.random() * 3)] }),
  question: (s) => ({ text: `Both inputs are ${plain(s.x[0])} and both hidden biases ${plain(s.b[0])}; the output's bias is ${plain(s.c)}. What do all four programs print?`, answer: forward(s), slips: [
    { value: 0, says: "The hidden neurons answer tanh(0) = 0; the output's bias is still added." }, { value: 1, says: "tanh(0) is 0, not 1." },
  ] }),
  python: (s) => `${WRITERS[s.framework](s)}\n`,
};
