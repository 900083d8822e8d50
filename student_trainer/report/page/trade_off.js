// Accuracy against latency, with the size as area.

function tradeoffPoints() {
  return runs.map((run, index) => ({run: index, figures: run.figures, accuracy: accuracyOf(run)?.accuracy}))
    .filter(({figures, accuracy}) => figures?.latency_ms > 0 && figures.bytes > 0 && Number.isFinite(accuracy));
}

function tradeoffAxes(points, width, height, margin) {
  const latencies = points.map(point => point.figures.latency_ms);
  const [fastest, slowest] = [Math.min(...latencies), Math.max(...latencies)];
  const isLog = slowest > 10 * fastest;
  const around = isLog ? [fastest / 1.6, slowest * 1.6] :
    [Math.max(0, fastest - (slowest - fastest || fastest) * 0.4), slowest + (slowest - fastest || fastest) * 0.4];
  const accuracies = points.map(point => point.accuracy);
  const [least, most] = [Math.min(...accuracies), Math.max(...accuracies)];
  const pad = (most - least) * 0.3 || 0.02;
  const marks = ticks(Math.max(0, least - pad), Math.min(1, most + pad), 7);
  return {
    x: {at: (isLog ? logarithmic : linear)(around, [margin.left, width - margin.right]),
      ticks: isLog ? logTicks(...around) : ticks(...around, Math.min(6, width / 90)),
      format: value => String(Number(value.toPrecision(3))),
      title: `latency of one sample, ms${isLog ? " (log scale)" : ""}`},
    y: {at: linear([least - pad, most + pad], [height - margin.bottom, margin.top]), ticks: marks,
      format: percentTick(marks), title: "accuracy"},
  };
}

// The place nearest to a circle where a label of that size touches nothing yet.
function freePlace({x, y, r}, labelWidth, labelHeight, taken, bounds) {
  const lefts = [x + r + 8, x - r - 8 - labelWidth, x - labelWidth / 2];
  const places = [0, -1, 1, -2, 2, -3, 3, -4, 4].flatMap(row => lefts.map(left => {
    const top = y - labelHeight / 2 + row * labelHeight * 0.6;
    return {left, right: left + labelWidth, top, bottom: top + labelHeight};
  })).filter(({left, right, top, bottom}) =>
    left > bounds.left && right < bounds.right && top > bounds.top && bottom < bounds.bottom);
  return places.find(place => !taken.some(other => place.left < other.right && other.left < place.right &&
    place.top < other.bottom && other.top < place.bottom)) ?? places[0];
}

function drawTradeoff(points, width) {
  const height = 340, margin = {top: 28, bottom: 36, left: 56, right: 16};
  const {x, y} = tradeoffAxes(points, width, height, margin);
  const picture = frame(width, height, margin, x, y, "Accuracy against latency, a circle a run");
  const largest = Math.max(...points.map(point => point.figures.bytes));
  const circles = points.map(point => ({...point, x: x.at(point.figures.latency_ms), y: y.at(point.accuracy),
    r: Math.max(2, 26 * Math.sqrt(point.figures.bytes / largest))})).sort((a, b) => b.r - a.r);
  const taken = circles.map(({x, y, r}) => ({left: x - r, right: x + r, top: y - r, bottom: y + r}));
  for (const {run, x, y, r} of circles) {
    picture.append(svg("circle", {class: colour(run), cx: x, cy: y, r, fill: "currentColor", "fill-opacity": .3,
      stroke: "currentColor", "stroke-width": 1.5}));
  }
  for (const circle of circles) {
    const {run, accuracy, figures} = circle;
    const facts = `${percent(accuracy, 1)}, ${milliseconds(figures.latency_ms)}, ${bytes(figures.bytes)}`;
    const title = fit(runs[run].name, Math.min(180, width / 3)), short = width < NARROW;
    const room = short ? [textWidth(title), 15] : [Math.max(textWidth(title), textWidth(facts)), 30];
    const spot = freePlace(circle, ...room, taken,
      {left: margin.left, right: width, top: 16, bottom: height - margin.bottom});
    if (spot === undefined) continue;
    taken.push(spot);
    picture.append(svg("text", {class: colour(run), x: spot.left, y: spot.top + 11}, title),
      short ? "" : svg("text", {x: spot.left, y: spot.top + 26}, facts));
  }
  return picture;
}

function showTradeoff(box) {
  const points = tradeoffPoints();
  if (points.length === 0) {
    box.append(say("No run has both an accuracy and a measured latency yet, so there is nothing to compare."));
  } else if (points.length === 1) {
    box.append(say("Only ", runName(points[0].run), ` has an accuracy and a measured latency, so there is nothing to
      compare it with; a report of several runs draws them here.`));
  } else {
    const plot = el("div", {class: "plot"});
    box.append(plot, el("p", {class: "small"},
      "The area of a circle is the model's size. Better is up and to the left."));
    chart(plot, width => drawTradeoff(points, width));
  }
}
