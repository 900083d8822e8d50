// Numbers: as text, and what is reckoned of logits.

const known = format => (value, ...more) => value === null ? "–" : format(value, ...more);
const count = known(value => Math.round(value).toLocaleString("en-US"));
const percent = known((value, digits = 2) => `${(100 * value).toFixed(digits)}%`);
const nats = known(value => value.toFixed(value < 1 ? 3 : 2));
const milliseconds = known(value =>
  `${value < 100 ? value.toPrecision(value < 1 ? 2 : 3) : count(value)}\u00a0ms`);
const plural = (value, word) => `${count(value)} ${word}${value === 1 ? "" : "s"}`;

// Of a distribution: small shares matter here, so they keep two digits.
function share(value) {
  if (value < 0.00005) return value > 0 ? "<0.01%" : "0%";
  return percent(value, value < 0.00995 ? 2 : 1);
}

const scaled = (base, units) => known(value => {
  let unit = 0;
  while (value >= base && unit + 1 < units.length) [value, unit] = [value / base, unit + 1];
  return `${unit === 0 || value >= 100 ? count(value) : value.toPrecision(2)}\u00a0${units[unit]}`.trim();
});
const bytes = scaled(1024, ["bytes", "KiB", "MiB", "GiB"]);
const thousands = scaled(1000, ["", "k", "M", "G"]);

// "2.4× faster", or "1.3× slower" where the ratio is below 1.
function times(ratio, more, less, same) {
  if (!Number.isFinite(ratio) || ratio <= 0) return null;
  const factor = Math.max(ratio, 1 / ratio);
  if (factor < 1.005) return same;
  return `${factor.toFixed(factor < 2 ? 2 : factor < 10 ? 1 : 0)}× ${ratio > 1 ? more : less}`;
}

// ---- Mathematics

const decodeBytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));

// Logits of a sample; null where there are none, or a diverged model gave NaN.
function decodeLogits(text) {
  if (text === null || text === undefined) return null;
  const logits = new Float32Array(decodeBytes(text).buffer);
  return logits.length > 0 && logits.every(Number.isFinite) ? logits : null;
}

function softmax(logits, temperature) {
  const most = logits.reduce((a, b) => Math.max(a, b));
  const powers = Float64Array.from(logits, logit => Math.exp((logit - most) / temperature));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map(power => power / sum);
}

// In bits: 0 for equal distributions, 1 for those that share nothing.
function jensenShannon(p, q) {
  const term = (a, mean) => a > 0 ? a * Math.log2(a / mean) : 0;
  return p.reduce((sum, a, i) => sum + (term(a, (a + q[i]) / 2) + term(q[i], (a + q[i]) / 2)) / 2, 0);
}

const argmax = values => values.reduce((best, value, i) => value > values[best] ? i : best, 0);
