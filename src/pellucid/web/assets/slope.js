// The straight line through two measured points, as the lesson that derives it.

const round = (v) => Number(v.toPrecision(5));

/** Through `from` and `to`, each [x, y]; asked for at `to`. */
export function secant([x0, y0], [x1, y1]) {
  return { lesson: "derivative", arguments: [`${round(y1)} + ${round((y1 - y0) / (x1 - x0))}*(x - ${x1})`], options: { at: String(x1) } };
}
