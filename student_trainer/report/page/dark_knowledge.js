// Dark knowledge: samples with the distributions of both sides, at the temperature of the slider.

// Round, and each about a fifth more than the one before.
const TEMPERATURES = [0.5, 0.6, 0.7, 0.85, 1, 1.2, 1.4, 1.7, 2, 2.4, 2.8, 3.4, 4, 4.8, 5.7, 6.7, 8, 9.5, 11.5, 14,
  17, 20];
const SHOWN_CLASSES = 10;
const viewer = {search: "", filter: "all", selected: null};  // selected: an element of `studied`

const studied = data.samples.map((sample, index) => ({index, ...sample,
  teachers: sample.teachers.map(decodeLogits), students: sample.students.map(decodeLogits)}));
const anyTeacher = data.teacher_of.some(teacher => teacher !== null);
// The chosen run's, or one that stands in for it.
const hasTeacher = () => data.teacher_of[chosen.run] !== null;
const teacherOf = sample => hasTeacher() ? sample.teachers[data.teacher_of[chosen.run]] : null;

// What the models answer, and how far the run's student is from its teacher, or from the label.
function judge(sample) {
  const student = sample.students[chosen.run] ?? null, teacher = teacherOf(sample), {label} = sample;
  const answers = {label: label >= 0 ? label : null, teacher: teacher && argmax(teacher),
    student: student && argmax(student)};
  let distance = null;
  if (student && teacher) distance = jensenShannon(softmax(teacher, 1), softmax(student, 1));
  else if (student && !hasTeacher() && label >= 0) distance = -Math.log(Math.max(softmax(student, 1)[label], 1e-300));
  return {...answers, distance,
    wrong: answers.label !== null && answers.student !== null && answers.label !== answers.student,
    differ: answers.teacher !== null && answers.student !== null && answers.teacher !== answers.student};
}

function paint(canvas, {width, height, channels, data}) {
  const pixels = decodeBytes(data), picture = new ImageData(width, height);
  for (let i = 0; i < width * height; ++i) {
    for (let c = 0; c < 3; ++c) picture.data[4 * i + c] = pixels[channels * i + (channels === 3 ? c : 0)];
    picture.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
  return canvas;
}

function canvasOf({image}) {
  if (image === null) return null;
  return paint(el("canvas", {width: image.width, height: image.height, "aria-hidden": "true",
    class: image.width > 96 ? "fine" : null}), image);
}

// One line if teacher and student give the same answer, else one for each.
function answersOf({teacher, student}) {
  const line = (who, answer) => answer === null ? null :
    el("div", {class: "small one-line"}, `${who}: `, name(className(answer)));
  return teacher !== null && teacher === student ? [line("both", student)] :
    [line("teacher", teacher), line("student", student)];
}

function optionOf(sample, judged) {
  return el("div", {role: "option", tabindex: -1, "aria-selected": "false", "data-sample": sample.index},
    canvasOf(sample) ?? el("span", {}),
    el("div", {},
      el("div", {class: "one-line"}, ...judged.label !== null ? [name(className(judged.label))] : ["no label"]),
      ...answersOf(judged).filter(line => line !== null),
      sample.image === null && sample.text !== null ? el("div", {class: "small one-line"}, name(sample.text)) : null),
    el("div", {class: "much"},
      el("div", {class: "small"}, judged.distance === null ? "–" : judged.distance.toFixed(3)),
      judged.wrong ? el("span", {class: "tag"}, "wrong") : null));
}

function matches(judged) {
  const text = viewer.search.trim().toLowerCase();
  const found = [judged.label, judged.teacher, judged.student].some(label =>
    label !== null && className(label).toLowerCase().includes(text));
  return (text === "" || found) && (viewer.filter === "all" || judged[viewer.filter]);
}

// The run's samples, those first on which it is farthest off.
function rank() {
  const ranked = studied.map(sample => {
    const judged = judge(sample);
    return {sample, judged, option: optionOf(sample, judged)};
  });
  return ranked.sort((a, b) => (b.judged.distance ?? -1) - (a.judged.distance ?? -1));
}

function sampleFacts({sample, judged}) {
  const line = (what, ...value) => [el("dt", {}, what), el("dd", {class: "clamp"}, ...value)];
  const answer = label => label === null ? "not known" : name(className(label));
  return el("div", {class: "sample"}, canvasOf(sample),
    el("dl", {},
      ...line("Label", judged.label === null ? "none" : answer(judged.label)),
      ...hasTeacher() ? line("Teacher", answer(judged.teacher)) : [],
      ...line("Student", answer(judged.student)),
      ...judged.distance === null ? [] : hasTeacher() ?
        line("Divergence", `${judged.distance.toFixed(3)} bits (Jensen-Shannon, T\u00a0=\u00a01)`) :
        line("Cross-entropy", `${judged.distance.toFixed(3)} nats (with the label, T\u00a0=\u00a01)`)),
    sample.text === null ? null : el("pre", {dir: "auto"}, sample.text));
}

// The classes with most mass in either distribution, and the label. Which ones changes with T, their
// order does not, so that the eye can follow a bar.
function classesToShow(distributions, label) {
  const most = i => Math.max(...distributions.map(({now}) => now[i]));
  const atOne = i => Math.max(...distributions.map(({one}) => one[i]));
  const all = [...distributions[0].now.keys()].sort((a, b) => most(b) - most(a));
  const kept = all.slice(0, SHOWN_CLASSES);
  if (label !== null && label < all.length && !kept.includes(label)) kept.push(label);
  return kept.sort((a, b) => atOne(b) - atOne(a));
}

function pairOfBars(distributions, massOf) {
  return el("div", {class: "pair"}, ...distributions.map(({who, kind, now}) => el("div", {},
    bar(massOf(now), kind), el("span", {class: "share", "data-who": who, "data-mass": massOf(now)},
      share(massOf(now)), el("span", {class: "away"}, ` ${who}`)))));
}

function distributionRows(distributions, label) {
  const shown = classesToShow(distributions, label);
  const rows = shown.map(i => el("li", {"data-class": i},
    el("div", {class: "which"}, el("div", {class: "clamp"}, name(className(i))),
      i === label ? el("span", {class: "tag"}, "label") : null),
    pairOfBars(distributions, now => now[i])));
  const others = distributions[0].now.length - shown.length;
  if (others > 0) {
    rows.push(el("li", {class: "muted", "data-class": "others"}, el("div", {}, plural(others, "other")),
      pairOfBars(distributions, now => Math.max(0, 1 - shown.reduce((sum, i) => sum + now[i], 0)))));
  }
  return rows;
}

// The slider and the bars that it moves.
function distributionViewer({sample, judged}) {
  const models = [{who: "teacher", kind: "teacher", logits: teacherOf(sample)},
    {who: "student", kind: colour(chosen.run), logits: sample.students[chosen.run]}].filter(({logits}) => logits);
  if (models.length === 0) {
    return say("No finite logits of this sample are known, so there is no distribution to show.");
  }
  const bars = el("ol", {class: "distribution"}), output = el("output", {for: "temperature"});
  const slider = el("input", {type: "range", id: "temperature", min: 0, max: TEMPERATURES.length - 1, step: 1,
    value: TEMPERATURES.indexOf(chosen.temperature), input: show});
  function show() {
    const temperature = chosen.temperature = TEMPERATURES[slider.value];
    output.textContent = `T = ${temperature}`;
    slider.setAttribute("aria-valuetext", output.textContent);
    bars.replaceChildren(...distributionRows(models.map(model => (
      {...model, now: softmax(model.logits, temperature), one: softmax(model.logits, 1)})), judged.label));
  }
  show();
  const {temperature} = runs[chosen.run];
  return el("div", {},
    el("div", {class: "temperature"}, el("label", {for: "temperature"}, "Temperature"), output, slider),
    el("p", {class: "legend small"}, ...models.map(({who, kind}) => el("span", {}, swatch(kind), who)),
      hasTeacher() && temperature !== null ? `This run was distilled at T = ${temperature}.` : null), bars);
}

function sampleControls(refresh) {
  const search = el("input", {type: "search", id: "search", autocomplete: "off", input: () => {
    viewer.search = search.value;
    refresh();
  }});
  const filters = [["all", "All"], ["wrong", "Student wrong"],
    ...anyTeacher ? [["differ", "Teacher and student differ"]] : []];
  return el("div", {class: "controls"},
    el("div", {class: "search"}, el("label", {class: "small", for: "search"}, "Search by class name"), search),
    switcher("Samples shown", filters, viewer.filter, key => {
      viewer.filter = key;
      refresh();
    }));
}

let showSamples = () => {};  // for the chosen run
function sampleSection(box) {
  if (studied.length === 0) {
    box.append(say("No samples with logits were stored for this report, so there are no distributions to look at."));
    return;
  }
  const list = el("div", {class: "samples", role: "listbox", "aria-label": "Samples", keydown: move});
  const detail = el("div", {id: "sample"}), found = el("p", {class: "small", role: "status"});
  let ranked = [], listed = [];

  function select(entry, focus = false) {
    for (const {option} of listed) {
      const is = option === entry.option;
      option.setAttribute("aria-selected", String(is));
      option.tabIndex = is ? 0 : -1;
    }
    viewer.selected = entry.sample;
    if (focus) entry.option.focus();
    detail.replaceChildren(sampleFacts(entry), distributionViewer(entry));
  }
  function move(event) {
    const at = listed.findIndex(({option}) => option === event.target), last = listed.length - 1;
    const to = {ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 8, PageUp: at - 8, Home: 0, End: last,
      Enter: at, " ": at}[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(listed[Math.max(0, Math.min(last, to))], true);
  }
  function refresh() {
    listed = ranked.filter(({judged}) => matches(judged));
    list.replaceChildren(...listed.map(({option}) => option));
    const measure = hasTeacher() ? "most disagreement first (Jensen-Shannon divergence at T = 1, bits)" :
      "worst first (cross-entropy with the label, nats)";
    const kept = data.samples_kept > studied.length ?
      ` (${count(data.samples_kept)} were kept, the page has room for ${count(studied.length)})` : "";
    found.textContent = `${count(listed.length)} of ${plural(studied.length, "sample")}${kept}; ${measure}.`;
    if (listed.length > 0) select(listed.find(({sample}) => sample === viewer.selected) ?? listed[0]);
    else detail.replaceChildren(say("No sample matches."));
  }
  showSamples = () => {
    ranked = rank();
    ranked.forEach(entry => entry.option.addEventListener("click", () => select(entry, true)));
    refresh();
  };
  box.append(sampleControls(refresh), found, el("div", {class: "viewer"}, list, detail));
}
