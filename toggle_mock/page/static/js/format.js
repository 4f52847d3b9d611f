// Numbers and times, as people read them.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** Bytes; a BigInt or text of one too, as 64 bits are more than a number holds. */
export function bytes(value) {
  let size = Number(value);
  let unit = 0;
  while (Math.abs(size) >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit ? size.toFixed(size < 10 ? 2 : 1) : size} ${UNITS[unit]}`;
}

/** A span of time in seconds. */
export function seconds(value) {
  const size = Math.abs(value);
  if (size < 0.001) return `${Math.round(value * 1e6)} µs`;
  if (size < 1) return `${(value * 1000).toFixed(size < 0.1 ? 1 : 0)} ms`;
  if (size < 60) return `${value.toFixed(size < 10 ? 2 : 1)} s`;
  if (size < 3600) return `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
  if (size < 86400) return `${Math.floor(value / 3600)} h ${Math.floor((value % 3600) / 60)} min`;
  return `${Math.floor(value / 86400)} d ${Math.floor((value % 86400) / 3600)} h`;
}

/** How long ago, in one short word. */
export function age(value) {
  if (value < 1) return "now";
  if (value < 60) return `${Math.floor(value)}s`;
  if (value < 3600) return `${Math.floor(value / 60)}m`;
  if (value < 86400) return `${Math.floor(value / 3600)}h`;
  return `${Math.floor(value / 86400)}d`;
}

const two = (number) => String(number).padStart(2, "0");

/** The time of day of milliseconds since 1970. */
export function clock(milliseconds) {
  const at = new Date(milliseconds);
  if (Number.isNaN(at.getTime())) return String(milliseconds);
  const day = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${day}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** Day and time, exactly. */
export function moment(milliseconds) {
  const at = new Date(milliseconds);
  return Number.isNaN(at.getTime()) ? String(milliseconds) : at.toISOString().replace("T", " ");
}

/** A count with its noun: "1 event", "12,345 events". */
export function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

// What a field's name says of its unit: the first that fits.
const MEANINGS = [
  [/(^|_)bytes$/, bytes],
  [/^boot_time_seconds$|(^|_)time$/, (value) => since(value, 1000)],
  [/^(batch_)?timestamp$/, (value) => since(value, 1)],
  [/(^|_)seconds$/, (value) => seconds(Number(value))],
  [/(^|_)(ms|millis|milliseconds)$/, (value) => seconds(Number(value) / 1000)],
  [/(^|_)percent$/, (value) => `${value} %`],
];

const since = (value, factor) => (Number(value) > 0 ? moment(Number(value) * factor) : "");

/** What a field's value means, by the unit that its name tells; empty if it tells none. */
export function meaning(name, value) {
  if (!/^-?\d+(\.\d+)?$/.test(value)) return "";
  const found = MEANINGS.find(([pattern]) => pattern.test(name));
  return found ? found[1](value) : "";
}
