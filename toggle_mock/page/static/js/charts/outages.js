// Where an outage was: a gap in which nothing arrived, and then events that had waited for long.

// So much more than usual has waited what comes after an outage, and so many seconds at least.
const FACTOR = 3;
const LEAST = 1.5;

const sum = (counts) => Object.values(counts).reduce((all, count) => all + count, 0);

/** `[from, to]` of each gap, in seconds: nothing arrived, and what came first behind it was late. */
export function outages({ buckets, end, start }) {
  const width = (end - start) / buckets.length;
  const latencies = buckets.flatMap((one) => one.latencies).sort((one, other) => one - other);
  const usual = latencies[Math.floor(latencies.length / 2)] ?? 0;
  const found = [];
  let last = -1;
  buckets.forEach((bucket, index) => {
    if (!sum(bucket.levels)) return;
    const gap = index - last - 1;
    const late = Math.max(0, ...bucket.latencies);
    if (last >= 0 && gap > 0 && late > Math.max(LEAST, FACTOR * usual) && late >= gap * width * 0.5) {
      found.push([buckets[last].at + width, bucket.at]);
    }
    last = index;
  });
  return found;
}
