// Axes: scales, ticks, and an SVG with both axes.

const NARROW = 600;  // px; below it labels are names alone

const linear = ([a, b], [from, to]) => value => from + (value - a) / (b - a) * (to - from);
const logarithmic = ([a, b], range) => {
  const scale = linear([Math.log(a), Math.log(b)], range);
  return value => scale(Math.log(value));
};

// About `wanted` round values in [low, high].
function ticks(low, high, wanted) {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find(factor => factor * power >= rough);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i) found.push(i * step);
  return found;
}

// 1, 2 and 5 times the powers of ten in [low, high]; powers alone where that would be many.
function logTicks(low, high) {
  const factors = high / low > 1000 ? [1] : [1, 2, 5];
  const found = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; ++power) {
    found.push(...factors.map(factor => factor * 10 ** power));
  }
  return found.filter(value => value >= low && value <= high);
}

// An SVG with both axes; x and y: {at: scale, ticks, format, title}.
function frame(width, height, margin, x, y, description) {
  const right = width - margin.right, bottom = height - margin.bottom;
  const picture = svg("svg", {width, height, role: "img", "aria-label": description},
    svg("text", {x: 0, y: 12}, y.title),
    svg("text", {x: right, y: height - 4, "text-anchor": "end"}, x.title));
  for (const tick of y.ticks) {
    picture.append(svg("line", {class: "grid", x1: margin.left, x2: right, y1: y.at(tick), y2: y.at(tick)}),
      svg("text", {x: margin.left - 8, y: y.at(tick) + 4, "text-anchor": "end"}, y.format(tick)));
  }
  for (const tick of x.ticks) {
    picture.append(svg("line", {class: "axis", x1: x.at(tick), x2: x.at(tick), y1: bottom, y2: bottom + 4}),
      svg("text", {x: x.at(tick), y: bottom + 18, "text-anchor": "middle"}, x.format(tick)));
  }
  picture.append(svg("line", {class: "axis", x1: margin.left, x2: right, y1: bottom, y2: bottom}));
  return picture;
}

const percentTick = all => {
  const step = all.length > 1 ? all[1] - all[0] : 1;
  return value => percent(value, step < 0.00099 ? 2 : step < 0.0099 ? 1 : 0);
};
