// Calibration of the chosen run: a reliability diagram.

function drawReliability(quality, kind, width) {
  const size = Math.min(width, 440), margin = {top: 28, bottom: 36, left: 48, right: 20};
  const at = linear([0, 1], [margin.left, size - margin.right]);
  const up = linear([0, 1], [size - margin.bottom, margin.top]);
  const marks = [0, .2, .4, .6, .8, 1], format = value => percent(value, 0);
  const picture = frame(size, size, margin, {at, ticks: marks, format, title: "mean confidence"},
    {at: up, ticks: marks, format, title: "accuracy"}, "Reliability diagram: accuracy by confidence");
  const bins = quality.calibration, most = Math.max(...bins.map(bin => bin.samples));
  bins.forEach(({samples, correct, confidence}, i) => {
    if (samples === 0) return;
    const left = at(i / bins.length) + 1, accuracy = correct / samples;
    const text = `${plural(samples, "sample")}: confidence ${percent(confidence / samples, 1)}, ` +
      `accuracy ${percent(accuracy, 1)}`;
    picture.append(svg("g", {class: kind}, svg("title", {}, text),
      svg("rect", {x: left, width: at((i + 1) / bins.length) - 1 - left, y: up(accuracy),
        height: up(0) - up(accuracy), fill: "currentColor", "fill-opacity": .12 + .55 * Math.sqrt(samples / most)}),
      svg("circle", {cx: at(confidence / samples), cy: up(accuracy), r: 3.5, fill: "currentColor",
        stroke: "var(--paper)"})));
  });
  picture.append(svg("line", {class: "axis", "stroke-dasharray": "4 4", x1: at(0), y1: up(0), x2: at(1), y2: up(1)}));
  return picture;
}

function calibrationFacts({calibration, calibration_error: error}) {
  const total = key => calibration.reduce((sum, bin) => sum + bin[key], 0);
  const [confidence, accuracy] = [total("confidence") / total("samples"), total("correct") / total("samples")];
  const gap = confidence - accuracy;
  const verdict = Math.abs(gap) < 0.005 ? "On the whole the student is as sure as it is right" :
    `On the whole the student is ${gap > 0 ? "surer than it is right" : "right more often than it is sure"}`;
  return el("div", {},
    el("p", {class: "headline"}, error === null ? "–" : percent(error)),
    el("p", {}, "Expected calibration error (ECE): the mean gap between confidence and accuracy, over ",
      `${calibration.length} bins weighted by their samples.`),
    el("p", {}, `${verdict}: mean confidence ${percent(confidence, 1)}, accuracy ${percent(accuracy, 1)}.`),
    el("p", {class: "small"}, "A dot on the dashed line is a bin as sure as it is right; below it the student is ",
      "too sure. The stronger a bar, the more samples are in its bin."));
}

function showCalibration(box) {
  const run = runs[chosen.run], {quality} = run;
  if (!quality || quality.samples === 0) return box.replaceChildren(missingQuality(run));
  const plot = el("div", {});
  box.replaceChildren(el("div", {class: "columns"}, plot, calibrationFacts(quality)));
  chart(plot, width => drawReliability(quality, colour(chosen.run), width));
}
