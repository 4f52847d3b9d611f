// Faults and scenarios to begin with; docs/faults.md has all that there are.

export const FAULTS = [
  ["Next three batches: UNAVAILABLE", { method: "SendEvents", returns: ["UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"] }],
  ["Every batch: RESOURCE_EXHAUSTED", { method: "SendEvents", always: "RESOURCE_EXHAUSTED" }],
  ["A tenth of the answers lost", { method: "SendEvents", rates: { lose_answer: 0.1 } }],
  ["Batches hang", { method: "SendEvents", always: "hang" }],
  ["Messages over 4 kB refused", { method: "SendEvents", message_limit: 4000 }],
  ["Register: UNAUTHENTICATED", { method: "Register", always: "UNAUTHENTICATED" }],
  ["200 ms more, each way", { latency: { seconds: 0.2, jitter: 0.05 } }],
  ["10 kB a second", { bandwidth: { bytes_per_second: 10000 } }],
  ["Nothing gets through", { partition: {} }],
  ["Connections reset, once", { reset: {} }],
  ["Restart, once", { restart: {} }],
];

export const SCENARIOS = [
  ["An outage of ten seconds", [{ at: 2, for: 10, outage: {} }]],
  [
    "A bad minute",
    [
      { at: 0, for: 20, latency: { seconds: 0.3 } },
      { at: 20, for: 10, outage: {} },
      { at: 30, for: 20, method: "SendEvents", rates: { UNAVAILABLE: 0.5 } },
      { at: 50, reset: {} },
    ],
  ],
];
