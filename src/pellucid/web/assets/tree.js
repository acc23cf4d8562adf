// A formula that the lessons read, as a JavaScript function of named numbers; nothing is evaluated as code.

const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const relu = (x) => Math.max(x, 0);

// Abramowitz and Stegun 7.1.26 has seven digits: enough for a picture, and only for pictures.
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const y = 1 - ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp(-x * x);
  return x < 0 ? -y : y;
}

export const FUNCTIONS = {
  exp: Math.exp, log: Math.log, sqrt: Math.sqrt, sin: Math.sin, cos: Math.cos, tan: Math.tan,
  asin: Math.asin, acos: Math.acos, atan: Math.atan, sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh,
  sigmoid, softplus: (x) => relu(x) + Math.log1p(Math.exp(-Math.abs(x))), erf, relu, abs: Math.abs, sign: Math.sign,
  gelu: (x) => (x * (1 + erf(x / Math.SQRT2))) / 2, silu: (x) => x * sigmoid(x), max: Math.max, min: Math.min,
};

const COMPARE = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b, "=": (a, b) => a === b };

const NODES = {
  Number: ([value]) => { const v = number(value); return () => v; },
  Symbol: ([name]) => (name === "pi" ? () => Math.PI : name === "e" ? () => Math.E : (at) => at[name]),
  Negative: ([of]) => { const f = compile(of); return (at) => -f(at); },
  Sum: ([terms]) => { const fs = terms.map(compile); return (at) => fs.reduce((s, f) => s + f(at), 0); },
  Product: ([factors]) => { const fs = factors.map(compile); return (at) => fs.reduce((s, f) => s * f(at), 1); },
  Quotient: ([above, below]) => { const a = compile(above), b = compile(below); return (at) => a(at) / b(at); },
  Power: ([base, exponent]) => { const a = compile(base), b = compile(exponent); return (at) => a(at) ** b(at); },
  Call: ([name, args]) => { const fs = args.map(compile), g = FUNCTIONS[name]; return (at) => g(...fs.map((f) => f(at))); },
  Comparison: ([left, sign, right]) => { const a = compile(left), b = compile(right); return (at) => COMPARE[sign](a(at), b(at)); },
  Choice: ([condition, then, otherwise]) => { const c = compile(condition), a = compile(then), b = compile(otherwise); return (at) => (c(at) ? a(at) : b(at)); },
};

function number(value) {
  if (value !== null && typeof value === "object") {
    if ("fraction" in value) { const [a, b = 1] = value.fraction.split("/").map(Number); return a / b; }
    return Number(value.float ?? NaN);
  }
  return value;
}

/** The function of `{x: 1, y: 2}` that a tree describes. */
export function compile(tree) {
  const node = Array.isArray(tree) ? tree : tree.formula;
  if (!node) { const v = number(tree); return () => v; }
  const [kind, ...parts] = node;
  if (!(kind in NODES)) return () => NaN;
  return NODES[kind](parts);
}
