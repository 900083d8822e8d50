// Learning curves, read by pointer and arrow keys.

const METRICS = [
  {key: "accuracy", title: "Validation accuracy", of: epoch => epoch.validation?.accuracy ?? null, text: percent},
  {key: "validation", title: "Validation loss", of: epoch => epoch.validation?.loss ?? null, text: nats},
  {key: "training", title: "Training loss", of: epoch => epoch.loss, text: nats},
];

// [{run, points: [{x, y}]}] of the runs that have any.
function linesOf(metric) {
  return runs.map((run, index) => ({run: index, points: run.epochs
    .map(epoch => ({x: epoch.epoch, y: metric.of(epoch)})).filter(point => point.y !== null)}))
    .filter(line => line.points.length > 0);
}

// Moves labels {y} apart that would touch, and keeps them in [top, bottom].
function spread(labels, gap, top, bottom) {
  labels.sort((a, b) => a.y - b.y);
  labels.forEach((label, i) => { label.y = Math.max(label.y, i ? labels[i - 1].y + gap : top); });
  for (let i = labels.length - 1, limit = bottom; i >= 0; --i, limit = labels[i + 1].y - gap) {
    labels[i].y = Math.min(labels[i].y, limit);
  }
}

function curveAxes(metric, lines, width, height, margin) {
  const values = lines.flatMap(line => line.points.map(point => point.y));
  const epochs = lines.flatMap(line => line.points.map(point => point.x));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const pad = (most - least) * 0.08 || Math.max(Math.abs(most) * 0.05, 0.01);
  const domain = [Math.max(0, least - pad), metric.text === percent ? Math.min(1, most + pad) : most + pad];
  const last = Math.max(...epochs);
  const marks = ticks(...domain, 7);
  const digits = Math.max(0, -Math.floor(Math.log10(marks[1] - marks[0]) + 1e-9));
  const format = metric.text === percent ? percentTick(marks) : value => value.toFixed(digits);
  return {
    x: {at: linear(last > 1 ? [1, last] : [0, 2], [margin.left, width - margin.right]), title: "epoch",
      ticks: [...new Set([1, ...ticks(1, Math.max(last, 2), 6).map(Math.round)])].filter(tick => tick <= last),
      format: String, last},
    y: {at: linear(domain, [height - margin.bottom, margin.top]), ticks: marks, title: metric.title, format,
      top: margin.top, bottom: height - margin.bottom},
  };
}

function endLabels(lines, metric, y, width, margin) {
  const labels = lines.map(({run, points}) => ({run, y: y.at(points.at(-1).y), value: metric.text(points.at(-1).y)}));
  spread(labels, 15, y.top, y.bottom);
  const label = (text, value) => lines.length === 1 ? value : width < NARROW ? fit(text, margin.right - 12) :
    `${fit(text, margin.right - textWidth(value) - 18)} ${value}`;
  return labels.map(({run, y, value}) => svg("text", {class: colour(run), x: width - margin.right + 10, y: y + 4},
    label(runs[run].name, value)));
}

function drawCurves(metric, readout, width) {
  const lines = linesOf(metric), height = 320;
  const longest = Math.max(...lines.map(({run}) => textWidth(runs[run].name)));
  const margin = {top: 28, bottom: 36, left: 48,
    right: lines.length > 1 ? Math.min(longest + (width < NARROW ? 14 : 76), width * 0.36) : 64};
  const {x, y} = curveAxes(metric, lines, width, height, margin);
  const picture = frame(width, height, margin, x, y, `${metric.title} by epoch`);
  for (const {run, points} of lines) {
    picture.append(svg("path", {class: colour(run), fill: "none", stroke: "currentColor", "stroke-width": 2,
      "stroke-linejoin": "round", d: "M" + points.map(point => `${x.at(point.x)} ${y.at(point.y)}`).join("L")}));
    const best = points.find(point => point.x === bestEpoch(runs[run]));
    for (const point of points.length === 1 ? points : best ? [best] : []) {
      picture.append(svg("circle", {class: `best ${colour(run)}`, cx: x.at(point.x), cy: y.at(point.y), r: 4.5,
        fill: "var(--paper)", stroke: "currentColor", "stroke-width": 2}));
    }
  }
  picture.append(...endLabels(lines, metric, y, width, margin));
  return el("div", {}, watchEpochs(picture, lines, metric, x, y, readout));
}

// Pointer and arrow keys choose an epoch: its values are marked, and read out below.
function watchEpochs(picture, lines, metric, x, y, readout) {
  const marks = svg("g", {});
  let epoch = null;
  picture.append(marks);
  function show(wanted) {
    epoch = wanted;
    const found = lines.map(({run, points}) => ({run, point: points.find(point => point.x === epoch)}));
    const line = epoch === null ? [] :
      [svg("line", {class: "axis", x1: x.at(epoch), x2: x.at(epoch), y1: y.bottom, y2: y.top})];
    marks.replaceChildren(...line, ...found.filter(({point}) => point).map(({run, point}) =>
      svg("circle", {class: colour(run), cx: x.at(point.x), cy: y.at(point.y), r: 4, fill: "currentColor"})));
    readout.replaceChildren(...epoch === null ? summary() : [el("span", {}, `epoch ${epoch}`),
      ...found.map(({run, point}) => reading(run, point ? metric.text(point.y) : "–",
        epoch === bestEpoch(runs[run]) ? ", best epoch" : ""))]);
  }
  const reading = (run, value, note) => el("span", {}, swatch(colour(run)), name(runs[run].name), ` ${value}${note}`);
  const summary = () => lines.map(({run, points}) => {
    const best = points.find(point => point.x === bestEpoch(runs[run]));
    return best ? reading(run, metric.text(best.y), `, best epoch ${best.x} (ring)`) :
      reading(run, metric.text(points.at(-1).y), `, epoch ${points.at(-1).x}`);
  });
  const nearest = event => {
    const left = picture.getBoundingClientRect().left, one = x.at(2) - x.at(1);
    return Math.min(x.last, Math.max(1, 1 + Math.round((event.clientX - left - x.at(1)) / one)));
  };
  const steps = {ArrowLeft: () => Math.max(1, (epoch ?? x.last + 1) - 1), Home: () => 1, End: () => x.last,
    ArrowRight: () => Math.min(x.last, (epoch ?? 0) + 1), Escape: () => null};
  show(null);
  return build(el("div", {tabindex: 0, role: "group",
    "aria-label": `${metric.title} by epoch; the arrow keys go from epoch to epoch`}), {
    pointermove: event => show(nearest(event)), pointerleave: () => show(null), blur: () => show(null),
    keydown: event => {
      if (!(event.key in steps)) return;
      event.preventDefault();
      show(steps[event.key]());
    }}, [picture]);
}

function showCurves(box) {
  const drawable = METRICS.filter(metric => linesOf(metric).length > 0);
  if (!drawable.some(metric => metric.key !== "training")) {
    box.append(say(runs.every(run => run.epochs.length === 0) ?
      "No epoch has ended yet, so there are no learning curves." :
      "No validation data was held out, so there is no validation accuracy or loss, and no best epoch."));
  }
  const other = runs.filter((run, index) => data.other_samples[index]);
  if (other.length > 0) {
    box.append(el("p", {class: "small"}, "Validated on other samples than the rest, so that the curves cannot be " +
      "compared: ", ...other.flatMap((run, i) => [i ? ", " : "", name(run.name)]), "."));
  }
  if (drawable.length === 0) return;
  let metric = drawable[0];
  const plot = el("div", {class: "plot"});
  const readout = el("div", {class: "readout small", role: "status"});
  if (drawable.length > 1) {
    box.append(switcher("Curve", drawable.map(({key, title}) => [key, title]), metric.key, key => {
      metric = drawable.find(each => each.key === key);
      redraw();
    }));
  }
  box.append(plot, readout);
  const redraw = chart(plot, width => drawCurves(metric, readout, width));
}
