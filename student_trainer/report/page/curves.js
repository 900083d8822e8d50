// Learning curves by the samples that were trained on, read by pointer and arrow keys.

const METRICS = [
  {key: "accuracy", title: "Validation accuracy", of: epoch => epoch.validation?.accuracy ?? null, text: percent},
  {key: "validation", title: "Validation loss", of: epoch => epoch.validation?.loss ?? null, text: nats},
  {key: "training", title: "Training loss", of: epoch => epoch.loss, text: nats},
];

// [{run, points: [{x, y, epoch}]}] of the runs that have any; x in samples.
function linesOf(metric) {
  return runs.map((run, index) => ({run: index, points: run.epochs
    .map(epoch => ({x: epoch.samples_seen, y: metric.of(epoch), epoch: epoch.epoch}))
    .filter(point => point.y !== null)})).filter(line => line.points.length > 0);
}

const bestPoint = ({run, points}) => points.find(point => point.epoch === bestEpoch(runs[run]));
// 250, 12k, 1.5M
const inShort = count => count < 1e3 ? String(count) : count < 1e6 ? `${+(count / 1e3).toFixed(1)}k` :
  `${+(count / 1e6).toFixed(2)}M`;

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
  const last = Math.max(...lines.flatMap(line => line.points.map(point => point.x)));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const pad = (most - least) * 0.08 || Math.max(Math.abs(most) * 0.05, 0.01);
  const domain = [Math.max(0, least - pad), metric.text === percent ? Math.min(1, most + pad) : most + pad];
  const marks = ticks(...domain, 7);
  const digits = Math.max(0, -Math.floor(Math.log10(marks[1] - marks[0]) + 1e-9));
  const format = metric.text === percent ? percentTick(marks) : value => value.toFixed(digits);
  return {
    x: {at: linear([0, last], [margin.left, width - margin.right]), title: "training samples seen",
      ticks: ticks(0, last, 6), format: inShort},
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
  const picture = frame(width, height, margin, x, y, `${metric.title} by training samples`);
  for (const {run, points} of lines) {
    picture.append(svg("path", {class: colour(run), fill: "none", stroke: "currentColor", "stroke-width": 2,
      "stroke-linejoin": "round", d: "M" + points.map(point => `${x.at(point.x)} ${y.at(point.y)}`).join("L")}));
    const best = bestPoint({run, points});
    for (const point of points.length === 1 ? points : best ? [best] : []) {
      picture.append(svg("circle", {class: `best ${colour(run)}`, cx: x.at(point.x), cy: y.at(point.y), r: 4.5,
        fill: "var(--paper)", stroke: "currentColor", "stroke-width": 2}));
    }
  }
  picture.append(...endLabels(lines, metric, y, width, margin));
  return el("div", {}, watchEpochs(picture, lines, metric, x, y, readout));
}

// Pointer and arrow keys choose the end of an epoch of any run: what each run had reached by then is
// marked, and read out below.
function watchEpochs(picture, lines, metric, x, y, readout) {
  const marks = svg("g", {});
  const stops = [...new Set(lines.flatMap(({points}) => points.map(point => point.x)))].sort((a, b) => a - b);
  let chosen = null;  // index of a stop
  picture.append(marks);
  function show(wanted) {
    chosen = wanted;
    const at = chosen === null ? null : stops[chosen];
    const found = lines.map(({run, points}) => ({run, point: at === null ? undefined :
      points.findLast(point => point.x <= at)}));
    const line = at === null ? [] :
      [svg("line", {class: "axis", x1: x.at(at), x2: x.at(at), y1: y.bottom, y2: y.top})];
    marks.replaceChildren(...line, ...found.filter(({point}) => point).map(({run, point}) =>
      svg("circle", {class: colour(run), cx: x.at(point.x), cy: y.at(point.y), r: 4, fill: "currentColor"})));
    readout.replaceChildren(...at === null ? summary() : [el("span", {}, `${inShort(at)} samples`),
      ...found.map(({run, point}) => point ? reading(run, metric.text(point.y), `, epoch ${point.epoch}` +
        (point.epoch === bestEpoch(runs[run]) ? ", best epoch" : "")) : reading(run, "–", ""))]);
  }
  const reading = (run, value, note) => el("span", {}, swatch(colour(run)), name(runs[run].name), ` ${value}${note}`);
  const summary = () => lines.map(line => {
    const best = bestPoint(line), last = line.points.at(-1);
    return best ? reading(line.run, metric.text(best.y), `, best epoch ${best.epoch} (ring)`) :
      reading(line.run, metric.text(last.y), `, epoch ${last.epoch}`);
  });
  const nearest = event => {
    const pointer = event.clientX - picture.getBoundingClientRect().left;
    const distances = stops.map(stop => Math.abs(x.at(stop) - pointer));
    return distances.indexOf(Math.min(...distances));
  };
  const end = stops.length - 1;
  const steps = {ArrowLeft: () => Math.max(0, (chosen ?? end + 1) - 1), Home: () => 0, End: () => end,
    ArrowRight: () => Math.min(end, (chosen ?? -1) + 1), Escape: () => null};
  show(null);
  return build(el("div", {tabindex: 0, role: "group",
    "aria-label": `${metric.title} by training samples; the arrow keys go from epoch to epoch`}), {
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
