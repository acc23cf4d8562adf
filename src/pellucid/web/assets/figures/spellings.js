// The layers of a real network as they are written in five frameworks; one layer is marked in all.

import { clamp, label, show, tag } from "../plot.js";

const count = (l) => (l.inputs + 1) * l.outputs;
const at = (s) => clamp(s.layer, 1, s.found.layers.length) - 1;
const id = (l) => l.name.replace(/[^a-z0-9]+/gi, "_").toLowerCase();

/** Each framework: its lines, each with the number of the layer that it belongs to (-1: none). */
export const WRITERS = {
  "PyTorch": (layers) => [["import torch", -1], ["", -1], ["network = torch.nn.Sequential(", -1],
    ...layers.flatMap((l, i) => [[`    torch.nn.Linear(${l.inputs}, ${l.outputs}),`, i], ...(l.activation ? [["    torch.nn.ReLU(),", i]] : [])]),
    [")", -1], [`print(network(torch.zeros(1, ${layers[0].inputs})).shape)`, -1]],
  "Keras / TensorFlow": (layers) => [["import keras", -1], ["", -1], ["network = keras.Sequential([", -1], [`    keras.Input((${layers[0].inputs},)),`, -1],
    ...layers.map((l, i) => [`    keras.layers.Dense(${l.outputs}${l.activation ? ', activation="relu"' : ""}, name="${id(l)}"),`, i]), ["])", -1], ["network.summary()", -1]],
  "ONNX": (layers) => [["import onnx", -1], ["from onnx import TensorProto, helper", -1], ["", -1], ["float32 = TensorProto.FLOAT", -1], ["nodes, shapes = [], {}", -1],
    ...layers.flatMap((l, i) => {
      const into = i ? `after_${id(layers[i - 1])}` : "x", sum = l.activation ? `sum_${id(l)}` : "y";
      return [[`shapes |= {"w_${id(l)}": (${l.outputs}, ${l.inputs}), "b_${id(l)}": (${l.outputs},)}`, i], [`nodes.append(helper.make_node("Gemm", ["${into}", "w_${id(l)}", "b_${id(l)}"], ["${sum}"], transB=1))`, i], ...(l.activation ? [[`nodes.append(helper.make_node("Relu", ["${sum}"], ["after_${id(l)}"]))`, i]] : [])];
    }),
    ["weights = [helper.make_tensor(n, float32, s, [0.0] * (s[0] * (s[1] if len(s) > 1 else 1)))", -1], ["           for n, s in shapes.items()]", -1],
    [`x = helper.make_tensor_value_info("x", float32, ["rows", ${layers[0].inputs}])`, -1], [`y = helper.make_tensor_value_info("y", float32, ["rows", ${layers.at(-1).outputs}])`, -1],
    ['onnx.checker.check_model(helper.make_model(helper.make_graph(nodes, "network", [x], [y], weights)))', -1]],
  "Caffe": (layers) => [['name: "network"', -1], ['layer { name: "x" type: "Input" top: "x"', -1], [`  input_param { shape { dim: 1 dim: ${layers[0].inputs} } } }`, -1],
    ...layers.flatMap((l, i) => [[`layer { name: "${id(l)}" type: "InnerProduct" bottom: "${i ? id(layers[i - 1]) : "x"}" top: "${id(l)}"`, i], [`  inner_product_param { num_output: ${l.outputs} } }`, i], ...(l.activation ? [[`layer { name: "relu_${i + 1}" type: "ReLU" bottom: "${id(l)}" top: "${id(l)}" }`, i]] : [])])],
  "Deeplearning4j": (layers) => [["MultiLayerConfiguration network = new NeuralNetConfiguration.Builder()", -1], ["    .list()", -1],
    ...layers.flatMap((l, i) => [[`    .layer(new ${i === layers.length - 1 ? "OutputLayer" : "DenseLayer"}.Builder()`, i], [`        .nIn(${l.inputs}).nOut(${l.outputs})`, i], [`        .activation(Activation.${l.activation ? "RELU" : "IDENTITY"}).build())`, i]]), ["    .build();", -1]],
};
const HABITS = {
  "PyTorch": "A weight lies as (outputs, inputs): a row is a neuron.",
  "Keras / TensorFlow": "A weight lies as (inputs, outputs): a column is a neuron, so PyTorch's is turned over.",
  "ONNX": "A file for exchange, with names for every tensor; transB = 1 says that a row is a neuron. The weights stand here as zeros.",
  "Caffe": "A text of layers beside a file of weights; a row is a neuron. No longer developed.",
  "Deeplearning4j": "A builder in Java; a weight lies as (inputs, outputs), a column is a neuron.",
};
const text = (s) => WRITERS[s.framework](s.found.layers).map(([line]) => line).join("\n");

function boxes(s, width) {
  const { layers } = s.found, tallest = Math.max(...layers.flatMap((l) => [l.inputs, l.outputs])), all = [layers[0].inputs, ...layers.map((l) => l.outputs)];
  const step = (width - 60) / Math.max(1, all.length - 1), tall = (n) => 18 + 92 * Math.sqrt(n / tallest), middle = 84;
  return [
    layers.map((l, i) => { const a = tall(all[i]) / 2, b = tall(all[i + 1]) / 2, x = 30 + i * step; return tag("polygon", { points: `${x + 9},${middle - a} ${x + step - 9},${middle - b} ${x + step - 9},${middle + b} ${x + 9},${middle + a}`, class: `area ${i === at(s) ? "first" : "quiet"} plainly` }) + (width > 480 ? label(x + step / 2, middle + 5, `${count(l).toLocaleString("en")} weights`, i === at(s) ? "first name" : "tick", "middle") : ""); }),
    all.map((n, i) => tag("rect", { x: 30 + i * step - 9, y: middle - tall(n) / 2, width: 18, height: tall(n), rx: 4, class: `bar ${i && i - 1 === at(s) ? "first" : "quiet"}` }) + label(30 + i * step, middle + 78, n.toLocaleString("en"), "number", "middle")),
  ];
}

export default {
  state: { framework: "PyTorch", layer: 1, found: null },
  prepare: [{ needs: () => "once", get: async (s, ask) => ({ found: await ask("layers", {}) }) }],
  controls: [
    { key: "framework", label: "Framework", choices: Object.keys(WRITERS) },
    { key: "layer", label: "Layer", range: (s) => [1, Math.max(2, s.found?.layers.length ?? 2), 1], show: (v, s) => s.found?.layers[clamp(v, 1, s.found.layers.length) - 1].name ?? "" },
  ],
  draw(element, s) {
    if (!s.found) return null;
    element.innerHTML = `<div class="boxes"></div><pre class="codes spelled" tabindex="0"></pre>`;
    const width = element.clientWidth;
    show(element.firstChild, width, 178, boxes(s, width), this.says(s));
    for (const [line, layer] of WRITERS[s.framework](s.found.layers)) {
      const made = document.createElement(layer === at(s) ? "mark" : "span");
      made.textContent = `${line}\n`;
      element.lastChild.append(made);
    }
    return null;
  },
  says(s) {
    if (!s.found) return "The network is being opened …";
    const l = s.found.layers[at(s)];
    return `From the input layers' vectors to the output, ${s.found.about}: one of its ${s.found.members} members. ${l.name}: ${l.inputs} × ${l.outputs} weights and ${l.outputs} biases. ${HABITS[s.framework]}`;
  },
  numbers: (s) => ({ caption: "Layer by layer", headings: ["layer", "inputs", "outputs", "weights and biases", "bend"], rows: s.found.layers.map((l) => [l.name, l.inputs, l.outputs, count(l), l.activation || "none"]) }),
  veiled: true,
  note: "The marked layer's weights and biases counted: every output has a weight for each input, and one bias.",
  working(s) {
    if (!s.found) return null;
    const l = s.found.layers[at(s)];
    return { lesson: "product", arguments: [JSON.stringify([l.inputs, 1]), JSON.stringify([l.outputs, l.outputs])] };
  },
  question(s) {
    if (!s.found) return { text: "One moment …", answer: NaN };
    const l = s.found.layers[at(s)];
    return { text: `A layer of ${l.outputs} neurons is given ${l.inputs} numbers. How many weights and biases does it have?`, answer: count(l), slips: [{ value: l.inputs * l.outputs, says: "The biases are missing: one a neuron." }, { value: l.inputs + l.outputs, says: "Every neuron has a weight for every number." }] };
  },
  python: (s) => (s.found ? `${text(s)}\n` : ""),
};
