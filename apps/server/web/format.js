// Numbers as people read them.

const whole = new Intl.NumberFormat("en");
const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

export const count = (value) => whole.format(value);

export function bytes(value) {
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    ++unit;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

// 1 of 4 as "25 %"; "none yet" of nothing.
export const share = (part, all) => (all > 0 ? `${Math.round((100 * part) / all)} %` : "none yet");

export const rate = (perSecond) => `${perSecond >= 100 ? Math.round(perSecond) : perSecond.toFixed(1)} tokens/s`;
