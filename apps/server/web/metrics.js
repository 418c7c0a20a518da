// Prometheus's text format, as far as values without labels go: {"tenon_ready": 1, ...}
export function parseMetrics(text) {
  const values = {};
  for (const line of text.split("\n")) {
    const match = /^(\w+) (\S+)$/.exec(line);
    if (match) values[match[1]] = Number(match[2]);
  }
  return values;
}
